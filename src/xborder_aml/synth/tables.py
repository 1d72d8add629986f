"""What goes with a synthetic ledger: accounts, labels, cases, the truth, and the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.kernels.calendar import uniforms
from xborder_aml.schema import (
    ACCOUNTS,
    CURRENCY,
    INSTRUMENT,
    INSTRUMENTS,
    JURISDICTION,
    RATES,
)
from xborder_aml.synth.blocks import PERSONAL, Block, Settlement
from xborder_aml.synth.docket import DAY_US, LAUNDERING
from xborder_aml.synth.plan import FORMS, Plan
from xborder_aml.synth.society import bank_of, rng_of
from xborder_aml.synth.spec import ROLES, LedgerSpec

__all__ = [
    "BOOK",
    "CASES",
    "LABELS",
    "TRUTH",
    "Names",
    "accounts_table",
    "block_labels",
    "book_table",
    "cases_table",
    "illicit_value",
    "rates_table",
    "summary_of",
    "truth_table",
]

_TIME = pl.Datetime("us", "UTC")
_INSTRUMENT_OF = {"ach": "wire", "reinvestment": "securities"}
_TRADES = "Trading Foods Textiles Machines Timber Paper Freight Software Holding Services".split()
_FIRST = (
    "Amber Birch Cedar Dune Ember Fern Grove Harbour Isle Juniper Linden Meadow Orchard".split()
)

LABELS: dict[str, Any] = {
    "transaction_id": pl.Int64,
    "is_laundering": pl.Boolean,
    "is_labelled": pl.Boolean,
    "labelled_at": _TIME,
    "pattern": pl.String,
    "scheme": pl.String,
    "case_id": pl.String,
    "kind": pl.String,
}
"""Columns of the labels: the truth, and what an analyst sees and from when on."""

CASES: dict[str, Any] = {
    "case_id": pl.String,
    "kind": pl.String,
    "pattern": pl.String,
    "scheme": pl.String,
    "started_at": _TIME,
    "ended_at": _TIME,
    "transaction_ids": pl.List(pl.Int64),
    "accounts": pl.List(pl.String),
    "why": pl.String,
}
"""Columns of the cases; `kind` is ``laundering`` or ``look_alike``."""

TRUTH: dict[str, Any] = {
    "transaction_id": pl.Int64,
    "executed_at": _TIME,
    "originator": pl.String,
    "beneficiary": pl.String,
    "claim": pl.String,
    "sent_minor": pl.Int64,
    "received_minor": pl.Int64,
}
"""The illicit part of each transaction by claim, which is the `case_id` of the crime's case.

`sent_minor` is in the currency that was sent, and 0 where the money becomes proceeds by this very
payment; `received_minor` in the currency that was received.
"""

BOOK: dict[str, Any] = {
    "account": pl.String,
    "currency": CURRENCY,
    "opening_minor": pl.Int64,
    "closing_minor": pl.Int64,
    "lowest_minor": pl.Int64,
    "floor_minor": pl.Int64,
    "illicit_minor": pl.Int64,
}
"""One row an account, then one a currency for the banks' own positions, without a floor."""


@dataclass(frozen=True, slots=True)
class Names:
    """Words for the numbers of a plan."""

    key: pl.Series  # (A,)
    jurisdiction: pl.Series  # (A,)
    currency: pl.Series  # (C,)
    instrument: pl.Series  # of each form
    form: pl.Series

    @classmethod
    def of(cls, plan: Plan) -> Names:
        """Return the words of a plan."""
        codes = [p.code for p in plan.spec.places]
        here = pl.Series(codes, dtype=JURISDICTION).gather(
            pl.Series(plan.society.place, dtype=pl.UInt32)
        )
        new = pl.Series([a.jurisdiction for a in plan.docket.opened], dtype=JURISDICTION)
        names = [_INSTRUMENT_OF.get(f, f) for f in FORMS]
        return cls(
            account_keys(plan),
            pl.concat([here, new]),
            pl.Series(plan.money.codes, dtype=CURRENCY),
            pl.Series([n if n in INSTRUMENTS else "other" for n in names], dtype=INSTRUMENT),
            pl.Series(FORMS, dtype=pl.String),
        )


def account_keys(plan: Plan) -> pl.Series:
    """Return bank|account for every account, as AMLworld writes them."""
    bank = _banks(plan)
    number = np.arange(plan.n_accounts) * 16 + 0x800000000
    return pl.select(
        pl.format("{}|{}", pl.Series(bank + 1), pl.Series([f"{x:09X}" for x in number.tolist()]))
    ).to_series()


def _banks(plan: Plan) -> NDArray[np.int64]:
    """Return each account's bank; accounts of cases are with the banks where all others are."""
    known = {p.code: i for i, p in enumerate(plan.spec.places)}
    for new in plan.docket.opened:
        known.setdefault(new.jurisdiction, len(known))
    place = np.array([known[new.jurisdiction] for new in plan.docket.opened], np.int64)
    drawn = bank_of(rng_of(plan.seed, "banks of cases"), place, plan.society.role.size)
    return np.concatenate([plan.society.bank, drawn])


def accounts_table(plan: Plan) -> pl.DataFrame:
    """Return the accounts as `schema.ACCOUNTS` declares them."""
    s, new = plan.society, plan.docket.opened
    names = Names.of(plan)
    role = np.concatenate([s.role, [a.role for a in new]]).astype(np.int64)
    holder = np.concatenate([s.holder, [a.holder for a in new]]).astype(np.int64)
    opened = np.concatenate([s.opened, [a.opened for a in new]]).astype(np.int64)
    closed = np.concatenate([s.closed, np.full(len(new), plan.spec.days)]).astype(np.int64)
    kind = np.where(np.isin(role, PERSONAL), "person", "company")
    kind = np.where(np.isin(role, [ROLES.index("bank"), ROLES.index("hub")]), "bank", kind)
    criminal = np.array([c.kind == LAUNDERING for c in plan.docket.cases] + [False], bool)
    e = plan.entries
    illicit = np.zeros(plan.n_accounts, bool)
    part = criminal[e.case]
    illicit[e.originator[part]] = True
    illicit[e.beneficiary[part]] = True
    first = (plan.spec.start - datetime(1970, 1, 1, tzinfo=UTC).date()).days
    ends = pl.Series(first + closed).cast(pl.Int32).cast(pl.Date)
    return ACCOUNTS.conform(
        pl.DataFrame(
            {
                "account": names.key,
                "holder": pl.Series(_holder_names(role))
                .gather(pl.Series(holder, dtype=pl.UInt32)),
                "holder_jurisdiction": names.jurisdiction
                .gather(pl.Series(holder, dtype=pl.UInt32)),
                "institution": pl.select(pl.format("Bank {}", pl.Series(_banks(plan) + 1)))
                .to_series(),
                "jurisdiction": names.jurisdiction,
                "opened_on": pl.Series(first + opened).cast(pl.Int32).cast(pl.Date),
                "closed_on": ends.set(pl.Series(closed >= plan.spec.days), None),
                "balance_minor": plan.opening,
                "balance_at": pl.repeat(_start(plan.spec), plan.n_accounts, dtype=_TIME,
                                        eager=True),
                "kind": kind,
                "is_illicit": illicit,
            }
        )
    )  # fmt: skip


def _holder_names(role: NDArray[np.int64]) -> list[str]:
    """Return an invented name for each account's owner; the number makes it unique."""
    persons = np.isin(role, PERSONAL).tolist()
    return [
        f"Person {i:06d}"
        if person
        else f"{_FIRST[i % len(_FIRST)]} {_TRADES[i // 13 % len(_TRADES)]} {i}"
        for i, person in enumerate(persons)
    ]


def _start(spec: LedgerSpec) -> datetime:
    return datetime.combine(spec.start, time(), UTC)


def block_labels(plan: Plan, b: Block, ids: NDArray[np.int64], executed: pl.Series) -> pl.DataFrame:
    """Return the labels of a block: of its cases, and of those that are labelled by mistake.

    Whether a label is missing, wrong or late hangs on the seed and the transaction_id alone.
    """
    cases, noise = plan.docket.cases, plan.spec.noise
    case = np.where(b.entry >= 0, np.append(plan.entries.case, -1)[b.entry], -1)
    criminal = np.array([c.kind == LAUNDERING for c in cases] + [False], bool)[case]
    luck = np.empty((3, ids.size))
    with np.errstate(over="ignore"):
        for i, row in enumerate(luck):
            uniforms(np.uint64((plan.seed * 3 + i + 1) & (2**64 - 1)), ids.astype(np.uint64), row)
    rate = noise.wrong * plan.docket.n_laundering / max(1, plan.spec.n_transactions)
    labelled = np.where(criminal, luck[0] >= noise.missed, luck[1] < rate)
    rows = np.flatnonzero((case >= 0) | labelled)
    late = -np.log1p(-luck[2][rows]) * noise.late_days * DAY_US
    told = executed.gather(rows).dt.timestamp("us") + pl.Series(late.astype(np.int64))
    seen = pl.Series(labelled[rows])
    chosen = [cases[c] if c >= 0 else None for c in case[rows].tolist()]
    patterns = [
        (plan.entries.pattern[e] or c.pattern) if c else None
        for e, c in zip(b.entry[rows].tolist(), chosen, strict=True)
    ]
    return pl.DataFrame(
        {
            "transaction_id": ids[rows],
            "is_laundering": criminal[rows],
            "is_labelled": seen,
            "labelled_at": told.cast(_TIME).set(~seen, None),
            "pattern": patterns,
            "scheme": [c.scheme if c else None for c in chosen],
            "case_id": [c.case_id if c else None for c in chosen],
            "kind": [c.kind if c else None for c in chosen],
        },
        schema=LABELS,
    )


def cases_table(plan: Plan, settlement: Settlement) -> pl.DataFrame:
    """Return the cases with the transactions that were made of them, in order of time."""
    e = plan.entries
    made = np.flatnonzero((settlement.entry_id >= 0) & (e.case >= 0))
    keys = account_keys(plan)
    rows = pl.DataFrame(
        {
            "case": e.case[made],
            "transaction_id": settlement.entry_id[made],
            "at": e.at[made],
            "src": keys.gather(pl.Series(e.originator[made], dtype=pl.UInt32)),
            "dst": keys.gather(pl.Series(e.beneficiary[made], dtype=pl.UInt32)),
        }
    )
    start = int(_start(plan.spec).timestamp()) * 1_000_000
    grouped = rows.group_by("case", maintain_order=True).agg(
        started_at=(pl.col("at").min() + start).cast(_TIME),
        ended_at=(pl.col("at").max() + start).cast(_TIME),
        transaction_ids="transaction_id",
        accounts=pl.concat_list("src", "dst").explode().unique(maintain_order=True),
    )
    cases = plan.docket.cases
    return (
        pl.DataFrame(
            {
                "case": np.arange(len(cases), dtype=np.int32),
                "case_id": [c.case_id for c in cases],
                "kind": [c.kind for c in cases],
                "pattern": pl.Series([c.pattern for c in cases], dtype=pl.String),
                "scheme": pl.Series([c.scheme for c in cases], dtype=pl.String),
                "why": [c.why for c in cases],
            }
        )
        .join(grouped, on="case", how="inner", maintain_order="left")
        .select(pl.col(name).cast(dtype) for name, dtype in CASES.items())
    )


def truth_table(plan: Plan, settlement: Settlement) -> pl.DataFrame:
    """Return the illicit part of each transaction."""
    columns = [np.concatenate(c) for c in zip(*settlement.moves, strict=True)]
    ids, at, src, dst, claim, sent, received = columns
    keys = account_keys(plan)
    start = int(_start(plan.spec).timestamp()) * 1_000_000
    return pl.DataFrame(
        {
            "transaction_id": ids,
            "executed_at": pl.Series(at + start).cast(_TIME),
            "originator": keys.gather(pl.Series(src, dtype=pl.UInt32)),
            "beneficiary": keys.gather(pl.Series(dst, dtype=pl.UInt32)),
            "claim": pl.Series([c.case_id for c in plan.docket.cases], dtype=pl.String)
            .gather(pl.Series(claim, dtype=pl.UInt32)),
            "sent_minor": sent,
            "received_minor": received,
        },
        schema=TRUTH,
    )  # fmt: skip


def illicit_value(truth: pl.DataFrame) -> pl.DataFrame:
    """Return where the proceeds of each crime are: a row for each change of what an account holds.

    Parameters
    ----------
    truth
        As `generate` returns it.

    Returns
    -------
    DataFrame
        ``account``, ``claim``, ``executed_at``, ``transaction_id`` and ``amount_minor``: what the
        account holds of the claim from then on, in its own currency.
    """
    leaves = truth.filter(pl.col("sent_minor") > 0).select(
        "transaction_id", "executed_at", "claim", account="originator", change=-pl.col("sent_minor")
    )
    comes = truth.filter(pl.col("received_minor") > 0).select(
        "transaction_id", "executed_at", "claim", account="beneficiary", change="received_minor"
    )
    return (
        pl.concat([leaves, comes])
        .group_by("account", "claim", "executed_at", "transaction_id")
        .agg(pl.col("change").sum())
        .sort("transaction_id", "claim", "account")
        .with_columns(amount_minor=pl.col("change").cum_sum().over("account", "claim"))
        .select("account", "claim", "executed_at", "transaction_id", "amount_minor")
    )


def book_table(plan: Plan, settlement: Settlement) -> pl.DataFrame:
    """Return what every account had, and the banks' own positions by currency."""
    book = settlement.book
    codes = pl.Series(plan.money.codes, dtype=CURRENCY)
    accounts = pl.DataFrame(
        {
            "account": account_keys(plan),
            "currency": codes.gather(pl.Series(book.currency, dtype=pl.UInt32)),
            "opening_minor": plan.opening,
            "closing_minor": book.balance,
            "lowest_minor": book.lowest,
            "floor_minor": plan.floor,
            "illicit_minor": book.tagged,
        },
        schema=BOOK,
    )
    n = len(plan.money.codes)
    desks = pl.DataFrame(
        {
            "account": [f"banks' own {code}" for code in plan.money.codes],
            "currency": codes,
            "opening_minor": np.zeros(n, np.int64),
            "closing_minor": book.desk,
            "lowest_minor": pl.Series([None] * n, dtype=pl.Int64),
            "floor_minor": pl.Series([None] * n, dtype=pl.Int64),
            "illicit_minor": np.zeros(n, np.int64),
        },
        schema=BOOK,
    )
    return pl.concat([accounts, desks])


def rates_table(spec: LedgerSpec) -> pl.DataFrame:
    """Return the rates, which hold for the whole period, as `schema.RATES` declares them."""
    return RATES.conform(
        pl.DataFrame(
            {
                "currency": [code for code, _ in spec.rates],
                "date": [spec.start] * len(spec.rates),
                "rate": [float(Fraction(rate)) for _, rate in spec.rates],
            },
            schema=RATES.dtypes,
        )
    )


def summary_of(plan: Plan, settlement: Settlement, labels: pl.DataFrame) -> dict[str, Any]:
    """Return what was counted, and whether money was conserved and no floor broken."""
    book = settlement.book
    change = np.bincount(book.currency, minlength=len(plan.money.codes)).astype(np.int64) * 0
    np.add.at(change, book.currency, book.balance - plan.opening)
    n = settlement.counts["paid"]
    n_laundering = int(labels["is_laundering"].sum())
    return {
        "preset": plan.spec.name,
        "seed": plan.seed,
        "transactions": n,
        "accounts": plan.n_accounts,
        "laundering": n_laundering,
        "labelled": int(labels["is_labelled"].sum()),
        "one_laundering_per": n / n_laundering if n_laundering else None,
        **{name: count for name, count in settlement.counts.items() if name != "paid"},
        "floors_broken": int((book.lowest < plan.floor).sum()),
        "money_lost": {
            code: int(x) for code, x in zip(plan.money.codes, change + book.desk, strict=True) if x
        },
        "patterns_left_out": list(plan.left_out),
        "formats": {form: int(x) / n for form, x in zip(FORMS, settlement.forms, strict=True) if x},
        "salaried": _share_with(plan, "salary"),
        "pensioned": _share_with(plan, "pension"),
    }


def _share_with(plan: Plan, name: str) -> float:
    """Return the share of persons who have a relation of a flow."""
    flow = [f.name for f in plan.flows].index(name) if name in {f.name for f in plan.flows} else -1
    persons = plan.society.of("person").size
    return int((plan.relations.flow == flow).sum()) / max(1, persons)
