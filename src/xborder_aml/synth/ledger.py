"""`generate` and `write_ledger`: from a preset or a specification to tables, or to files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml._jit import n_threads
from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.schema import CURRENCY, RESOLUTION, TRANSACTIONS
from xborder_aml.synth.blocks import Block, Settlement, draw_blocks
from xborder_aml.synth.plan import Plan, plan_ledger
from xborder_aml.synth.presets import preset as named
from xborder_aml.synth.spec import LedgerSpec
from xborder_aml.synth.tables import (
    Names,
    accounts_table,
    block_labels,
    book_table,
    cases_table,
    rates_table,
    summary_of,
    truth_table,
)

__all__ = ["Made", "SynthLedger", "checked_seed", "generate", "iter_ledger", "spec_of"]

_ROWS = 200_000  # of a table that is made at a time: words take much more room than numbers


class SynthLedger(NamedTuple):
    """A labelled ledger whose every unit of illicit money can be followed.

    Parameters
    ----------
    transactions
        As `xborder_aml.schema.TRANSACTIONS` declares it, in order of time. `is_illicit` is the
        label that an analyst would see, with the label noise that was asked for.
    accounts
        As `xborder_aml.schema.ACCOUNTS` declares it; ``balance_minor`` is the opening balance, in
        the account's currency.
    labels
        One row a transaction that is laundering, that is labelled so, or that is part of a
        look-alike: `LABELS`.
    patterns
        One row a case, criminal or innocent: `CASES`.
    truth
        The illicit part of each transaction: `TRUTH`.
    book
        One row an account: opening, closing and lowest balance, and the floor: `BOOK`.
    rates
        As `xborder_aml.schema.RATES` declares it.
    summary
        What was counted.
    """

    transactions: pl.DataFrame
    accounts: pl.DataFrame
    labels: pl.DataFrame
    patterns: pl.DataFrame
    truth: pl.DataFrame
    book: pl.DataFrame
    rates: pl.DataFrame
    summary: dict[str, Any]


def generate(
    preset: str | LedgerSpec = "tiny",
    seed: int = 0,
    *,
    workers: int | None = None,
    **changes: Any,
) -> SynthLedger:
    """Return a synthetic ledger in memory, the same for the same arguments on any machine.

    Parameters
    ----------
    preset
        Name in `PRESETS`, or a `LedgerSpec`.
    seed
        Start of all random numbers.
    workers
        Threads; the ledger is the same for any number. By default all usable cores.
    **changes
        Fields of the specification to change.

    Raises
    ------
    ParameterError
        If the preset or a field is unknown, or a number cannot be.
    DataError
        If the cases do not fit into the ledger.

    Examples
    --------
    >>> made = generate("tiny", seed=1, n_accounts=200, n_transactions=10_000, plants=0)
    >>> made.transactions.columns[:3]
    ['transaction_id', 'source_reference', 'executed_at']
    """
    plan = plan_ledger(spec_of(preset, changes), checked_seed(seed))
    settlement = Settlement(plan)
    made = list(iter_ledger(plan, settlement, workers=workers))
    labels = pl.concat([m.labels for m in made])
    return SynthLedger(
        TRANSACTIONS.conform(pl.concat([m.transactions for m in made])),
        accounts_table(plan),
        labels,
        cases_table(plan, settlement),
        truth_table(plan, settlement),
        book_table(plan, settlement),
        rates_table(plan.spec),
        summary_of(plan, settlement, labels),
    )


def spec_of(preset: str | LedgerSpec, changes: Mapping[str, Any]) -> LedgerSpec:
    """Return the specification that a call of `generate` asks for."""
    spec = named(preset) if isinstance(preset, str) else preset
    known = [f.name for f in fields(LedgerSpec)]
    for name in changes:
        if name not in known:
            raise ParameterError(
                f"a ledger's specification has no field {name!r}{did_you_mean(name, known)}; it "
                f"has {', '.join(known)}"
            )
    return replace(spec, **changes)


def checked_seed(seed: int) -> int:
    """Return the seed.

    Raises
    ------
    ParameterError
        If it is no whole number from 0 to 2**63 - 1.
    """
    if not 0 <= seed < 2**63:
        raise ParameterError(f"seed={seed!r} must be a whole number from 0 to 2**63 - 1")
    return seed


class Made(NamedTuple):
    """Some days of a ledger."""

    transactions: pl.DataFrame
    labels: pl.DataFrame
    forms: pl.Series  # how each transaction was paid, in AMLworld's detail


def iter_ledger(
    plan: Plan, settlement: Settlement, *, workers: int | None = None
) -> Iterator[Made]:
    """Yield the ledger some days at a time, in order."""
    names = Names.of(plan)
    for block in draw_blocks(plan, n_threads() if workers is None else workers):
        paid, ids, made = settlement.settle(block)
        for first in range(0, max(1, paid.size), _ROWS):
            rows = paid[first : first + _ROWS]
            part = block.take(rows)
            own = ids[first : first + _ROWS]
            yield _frames(plan, settlement, names, part, own, made.sent[rows], made.received[rows])


def _frames(
    plan: Plan,
    settlement: Settlement,
    names: Names,
    b: Block,
    ids: NDArray[np.int64],
    sent: NDArray[np.int64],
    received: NDArray[np.int64],
) -> Made:
    """Return the tables of a settled block."""
    money, currency = plan.money, settlement.book.currency
    start = int(datetime.combine(plan.spec.start, time(), UTC).timestamp()) * 1_000_000
    here, there = currency[b.originator], currency[b.beneficiary]
    executed = pl.Series("executed_at", start + b.at).cast(pl.Datetime("us", "UTC"))
    labels = block_labels(plan, b, ids, executed)
    mate = np.append(plan.entries.mate, -1)[b.entry]
    reverses = np.where(mate >= 0, np.append(settlement.entry_id, -1)[mate], -1)
    n = ids.size
    frame = pl.DataFrame(
        {
            "transaction_id": ids,
            "executed_at": executed,
            "originator": _picked(names.key, b.originator),
            "beneficiary": _picked(names.key, b.beneficiary),
            "sent_minor": sent,
            "sent_currency": _picked(names.currency, here),
            "received_minor": received,
            "received_currency": _picked(names.currency, there),
            "base_minor": money.to_base(sent, here),
            "originator_jurisdiction": _picked(names.jurisdiction, b.originator),
            "beneficiary_jurisdiction": _picked(names.jurisdiction, b.beneficiary),
            "instrument": _picked(names.instrument, b.form),
            "purpose": _purposes(plan, b),
            "reverses": pl.Series(reverses).set(pl.Series(reverses) < 0, None),
            "base_currency": pl.repeat(plan.spec.base_currency, n, dtype=CURRENCY, eager=True),
            "resolution": pl.repeat(plan.spec.resolution, n, dtype=RESOLUTION, eager=True),
        }
    )
    seen = labels.filter("is_labelled").select(
        "transaction_id", is_illicit="is_labelled", label_pattern="pattern", label_case="case_id"
    )
    frame = frame.join(seen, on="transaction_id", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("is_illicit").fill_null(False))
    return Made(TRANSACTIONS.conform(frame), labels, _picked(names.form, b.form))


def _picked(words: pl.Series, index: NDArray[Any]) -> pl.Series:
    return words.gather(pl.Series(index, dtype=pl.UInt32))


def _purposes(plan: Plan, b: Block) -> pl.Series:
    """Return the text of each payment: its flow's, or its entry's."""
    flows = [f.purpose for f in plan.flows]
    words = pl.Series([*flows, *plan.entries.purpose], dtype=pl.String)
    return _picked(words, np.where(b.entry >= 0, len(flows) + b.entry, b.flow))
