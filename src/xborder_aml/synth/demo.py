"""The demonstration ledger: an economy, planted cases, and innocent look-alikes, all labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detectors import registry
from xborder_aml.errors import ParameterError
from xborder_aml.synth.economy import Economy, economy, flows
from xborder_aml.synth.planting import Case, plant_cases
from xborder_aml.synth.population import accounts_table, keys
from xborder_aml.synth.rows import NONE, Rows, join, settle
from xborder_aml.synth.world import stream

__all__ = [
    "LOOK_ALIKES",
    "PLANTED",
    "DemoLedger",
    "LookAlike",
    "background",
    "demo_ledger",
    "plantable",
]

PLANTED: dict[str, Any] = {
    "label_case": pl.String,
    "pattern": pl.String,
    "kind": pl.String,
    "transaction_ids": pl.List(pl.Int64),
    "accounts": pl.List(pl.String),
    "principals": pl.List(pl.String),
    "why": pl.String,
}
"""Columns of the table of cases."""

_ROWS_PER_PERSON_AND_MONTH = 4.5  # a little below what the economy makes


class LookAlike(NamedTuple):
    """Payments of the background that have a pattern's shape and an innocent reason."""

    flow: str  # kind of payment, in economy.FLOWS
    pattern: str  # detector that is likely to see it
    least: int  # payments in a case
    why: str


LOOK_ALIKES = (
    LookAlike("payroll", "fan_out", 5, "an employer pays its staff on one day"),
    LookAlike("rent", "fan_in", 5, "tenants pay one landlord in the first days of a month"),
    LookAlike("sweeps", "layering_chain", 4, "one group pools the cash of its own accounts"),
    LookAlike("refunds", "round_trip", 2, "a shop returns what was paid, and says so"),
    LookAlike("marketplaces", "gather_scatter", 8, "a marketplace pays its sellers for a week"),
    LookAlike("households", "pass_through", 4, "standing orders spend two salaries the next day"),
)
"""Kinds of innocent cases."""

_BY_THE_PAST = frozenset({"corridor_shift", "funnel_account", "laundromat_core", "structuring"})
"""Detectors that judge an account or a corridor by all that it did, which the economy decides."""


class DemoLedger(NamedTuple):
    """A labelled ledger.

    Parameters
    ----------
    transactions
        As `xborder_aml.schema.TRANSACTIONS` declares it, with `is_illicit`, `label_pattern` and
        `label_case`. A look-alike's `label_pattern` is the kind of payment that it is.
    accounts
        As `xborder_aml.schema.ACCOUNTS` declares it; `is_illicit` marks parts of planted cases.
    planted
        One row a case: ``label_case``, ``pattern`` (the detector meant), ``kind`` (``planted`` or
        ``look_alike``), ``transaction_ids``, ``accounts``, ``principals`` (those of the accounts
        with two or more of the transactions: the others may be victims or tools) and ``why``.
    """

    transactions: pl.DataFrame
    accounts: pl.DataFrame
    planted: pl.DataFrame


def demo_ledger(
    seed: int = 7,
    n_persons: int = 1_200,
    months: int = 6,
    *,
    n_cases: int = 5,
    detectors: Iterable[str] | None = None,
) -> DemoLedger:
    """Return a synthetic ledger of an invented economy, the same for the same arguments.

    Persons earn, rent, spend and send money home; companies pay suppliers, staff and one another;
    groups pool cash; marketplaces pay out. Most of it stays at home, the rest follows gravity.
    Into this are put instances of each detector's pattern, drawn by the detector itself.

    What a detector achieves here says little about a bank: the planted cases are its own idea of
    the pattern.

    Parameters
    ----------
    seed
        Start of all random numbers.
    n_persons
        Persons; there are about 1.8 accounts for each.
    months
        Calendar months; each has about 5 transactions a person.
    n_cases
        Planted cases of each detector, and at most as many look-alikes of each kind.
    detectors
        Names of the detectors to plant; by default `plantable`.

    Raises
    ------
    ParameterError
        If a number is out of range or a detector is unknown.
    DataError
        If no instance of a detector fits into so small a ledger.

    Examples
    --------
    >>> demo = demo_ledger(n_persons=100, months=2, n_cases=1, detectors=["round_trip"])
    >>> demo.planted.filter(kind="planted")["label_case"].to_list()
    ['round_trip-1']
    """
    _check(seed, n_persons, months, n_cases)
    names = plantable() if detectors is None else list(dict.fromkeys(detectors))
    e = economy(n_persons, months, seed)
    by_flow = flows(e)
    innocent = _look_alikes(e, by_flow, n_cases)
    quiet = join(list(by_flow.values()))
    cases = plant_cases(e, quiet.take(np.argsort(quiet.minute, kind="stable")), names, n_cases)
    everything = join([quiet, *(c.payments for c in cases)])
    order = np.argsort(everything.minute, kind="stable")
    number = np.empty(order.size, np.int64)
    number[order] = np.arange(1, order.size + 1)
    e = e._replace(people=e.people._replace(holder=_owners(e, cases)))
    planted = _planted(everything, number, innocent, cases, keys(e.people.place.size))
    transactions = settle(everything.take(order), e.people, e.n_days)
    involved = np.concatenate([np.empty(0, np.int64), *(c.accounts for c in cases)])
    kinds = {f"{x.flow}-{i}": x.flow for x in LOOK_ALIKES for i in range(1, n_cases + 1)}
    return DemoLedger(
        _labelled(transactions, planted, kinds), accounts_table(e.people, seed, involved), planted
    )


def plantable() -> list[str]:
    """Return the registered detectors whose patterns a few payments make, whatever was before."""
    return [name for name in registry() if name not in _BY_THE_PAST]


def background(n_transactions: int, seed: int = 7, *, months: int = 6) -> pl.DataFrame:
    """Return exactly so many transactions of the same economy, with nothing planted.

    Made for measuring: memory grows with the number of rows, and nothing is searched.

    Examples
    --------
    >>> background(1_000, seed=1).height
    1000
    """
    _check(seed, 1, months, 0)
    if n_transactions < 0:
        raise ParameterError(f"n_transactions={n_transactions} must not be negative")
    n_persons = 1 + int(n_transactions / (_ROWS_PER_PERSON_AND_MONTH * months))
    while True:
        e = economy(n_persons, months, seed)
        made = join(list(flows(e).values()))
        if made.minute.size >= n_transactions:
            break
        n_persons += 1 + n_persons // 10
    spare = stream(seed, "background").permutation(made.minute.size)[:n_transactions]
    kept = np.sort(spare)
    kept = kept[np.argsort(made.minute[kept], kind="stable")]
    return settle(made.take(kept), e.people, e.n_days)


def _check(seed: int, n_persons: int, months: int, n_cases: int) -> None:
    for name, value, low, high in (
        ("seed", seed, 0, 2**63 - 1),
        ("n_persons", n_persons, 1, 10_000_000),
        ("months", months, 1, 120),
        ("n_cases", n_cases, 0, 1_000),
    ):
        if not low <= value <= high:
            raise ParameterError(f"{name}={value} must lie between {low} and {high:,}")


def _look_alikes(
    e: Economy, by_flow: dict[str, Rows], n: int
) -> list[tuple[LookAlike, NDArray[np.int64]]]:
    """Choose groups of each kind: the rows of each, counted through all flows in order."""
    sizes = [r.minute.size for r in by_flow.values()]
    start = dict(zip(by_flow, np.cumsum([0, *sizes]).tolist(), strict=False))
    out = []
    for kind in LOOK_ALIKES:
        group = by_flow[kind.flow].group
        names, size = np.unique(group, return_counts=True)
        rng = stream(e.seed, f"look-alike {kind.flow}")
        large = rng.permutation(names[(size >= kind.least) & (names != NONE)])[:n]
        out += [(kind, start[kind.flow] + np.flatnonzero(group == g)) for g in large]
    return out


def _owners(e: Economy, cases: list[Case]) -> NDArray[np.int64]:
    """Return the holders of all accounts, those of the cases as their instances want them."""
    holder = e.people.holder.copy()
    for c in cases:
        holder[c.accounts] = c.holders
    return holder


def _planted(
    everything: Rows,
    number: NDArray[np.int64],
    innocent: list[tuple[LookAlike, NDArray[np.int64]]],
    cases: list[Case],
    names: pl.Series,
) -> pl.DataFrame:
    """Return the table of cases; transactions in order of time, accounts by first appearance."""
    found = []
    place = everything.minute.size - sum(c.payments.minute.size for c in cases)
    for c in cases:
        at = np.arange(place, place + c.payments.minute.size)
        found.append((c.label, c.pattern, "planted", at, c.why))
        place += c.payments.minute.size
    count: dict[str, int] = {}
    for kind, at in innocent:
        count[kind.flow] = count.get(kind.flow, 0) + 1
        found.append((f"{kind.flow}-{count[kind.flow]}", kind.pattern, "look_alike", at, kind.why))
    records = []
    for label, pattern, kind_of_case, at, why in found:
        at = at[np.argsort(number[at])]
        ends = np.stack([everything.src[at], everything.dst[at]], axis=1).ravel()
        part = Counter(ends.tolist())  # keeps the order of first appearance
        accounts = names.gather(list(part)).to_list()
        principals = names.gather([a for a, n in part.items() if n > 1]).to_list()
        ids = number[at].tolist()
        records.append((label, pattern, kind_of_case, ids, accounts, principals, why))
    return pl.DataFrame(records, schema=PLANTED, orient="row")


def _labelled(
    transactions: pl.DataFrame, planted: pl.DataFrame, kinds: dict[str, str]
) -> pl.DataFrame:
    """Return the transactions with the labels of the cases that they belong to."""
    labels = planted.select(
        "label_case",
        label_pattern=pl.col("label_case").replace_strict(
            kinds, default=pl.col("pattern"), return_dtype=pl.String
        ),
        is_illicit=pl.col("kind") == "planted",
        transaction_id="transaction_ids",
    ).explode("transaction_id")
    return transactions.update(labels, on="transaction_id", how="left").select(transactions.columns)
