"""Payments as columns of numbers, and their settlement into the canonical table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.schema import (
    CURRENCY,
    INSTRUMENT,
    INSTRUMENTS,
    JURISDICTION,
    RESOLUTION,
    TRANSACTIONS,
)
from xborder_aml.synth.population import Population, keys
from xborder_aml.synth.world import MINUTES, PLACES, START, from_euro, rate_table, to_euro

__all__ = ["NONE", "PURPOSES", "Legs", "Rows", "join", "legs", "moments", "rows", "settle"]

NONE = -1
"""No group, no mate, no label."""

PURPOSES = (
    "Salary", "Rent", "Card purchase", "Invoice", "Pension", "Cash pooling", "Family support",
    "Order", "Payout", "Savings", "Refund", "Loan instalment", "Consulting", "Loan", "Goods",
    "Investment", "Services",
)  # fmt: skip
_SPREAD = 997  # a thousand buys so much on the other side of an exchange
_MINUTE_US = 60_000_000


class Rows(NamedTuple):
    """Payments, N of them, in no order."""

    minute: NDArray[np.int64]  # from the start of the ledger
    src: NDArray[np.int64]  # account
    dst: NDArray[np.int64]  # account
    cents: NDArray[np.int64]  # worth in euro cents
    instrument: NDArray[np.int8]  # index in schema.INSTRUMENTS
    purpose: NDArray[np.int8]  # index in PURPOSES
    in_euro: NDArray[np.bool_]  # both legs in euros, whatever the accounts' currencies
    group: NDArray[np.int64]  # payments that belong together, NONE without
    mate: NDArray[np.int64]  # row that this one returns, NONE without

    def take(self, kept: NDArray[np.int64]) -> Rows:
        """Return these rows, in this order; a mate that is left out becomes NONE."""
        where = np.full(self.minute.size + 1, NONE)  # the last slot answers for NONE
        where[kept] = np.arange(kept.size)
        columns: list[NDArray[Any]] = [column[kept] for column in self]
        return Rows(*columns)._replace(mate=where[self.mate[kept]])


def rows(
    minute: NDArray[np.int64],
    src: NDArray[np.int64],
    dst: NDArray[np.int64],
    euros: NDArray[np.float64],
    purpose: str,
    *,
    instrument: str = "wire",
    in_euro: NDArray[np.bool_] | None = None,
    group: NDArray[np.int64] | None = None,
    mate: NDArray[np.int64] | None = None,
) -> Rows:
    """Return payments of one kind; amounts are rounded to cents and never below one."""
    n = minute.size
    none = np.full(n, NONE)
    return Rows(
        minute,
        src,
        dst,
        np.maximum(1, np.rint(euros * 100)).astype(np.int64),
        np.full(n, INSTRUMENTS.index(instrument), np.int8),
        np.full(n, PURPOSES.index(purpose), np.int8),
        np.zeros(n, bool) if in_euro is None else in_euro,
        none if group is None else group,
        none if mate is None else mate,
    )


def join(parts: Sequence[Rows]) -> Rows:
    """Return one part after another; mates keep pointing at their own part."""
    starts = np.cumsum([0, *(p.minute.size for p in parts)])
    moved = [
        p._replace(mate=np.where(p.mate == NONE, NONE, p.mate + start))
        for p, start in zip(parts, starts[:-1], strict=True)
    ]
    return Rows(*(np.concatenate(column) for column in zip(*moved, strict=True)))


class Legs(NamedTuple):
    """What left, what arrived and what that is worth, in minor units; all of shape (N,)."""

    sent: NDArray[np.int64]
    received: NDArray[np.int64]
    base: NDArray[np.int64]
    sent_place: NDArray[np.int64]  # place whose currency the sent leg is in
    received_place: NDArray[np.int64]


def legs(r: Rows, places: NDArray[np.int64], table: NDArray[np.int64]) -> Legs:
    """Return both legs of each payment: the account's own currencies, or euros.

    An exchange costs a spread; what is worth what follows from the sent leg alone.
    """
    euro = next(i for i, p in enumerate(PLACES) if p.currency == "EUR")
    week = r.minute // (7 * MINUTES)
    here = np.where(r.in_euro, euro, places[r.src])
    there = np.where(r.in_euro, euro, places[r.dst])
    sent = np.maximum(1, from_euro(r.cents, table[week, here]))
    base = to_euro(sent, table[week, here])
    currency = np.unique([p.currency for p in PLACES], return_inverse=True)[1]
    bought = from_euro(np.maximum(1, base * _SPREAD // 1000), table[week, there])
    received = np.where(currency[here] == currency[there], sent, np.maximum(1, bought))
    return Legs(sent, received, base, here, there)


def moments(r: Rows) -> NDArray[np.int64]:
    """Return when payments are made, in microseconds since 1970."""
    start = datetime(START.year, START.month, START.day, tzinfo=UTC).timestamp()
    return int(start) * 1_000_000 + r.minute.astype(np.int64) * _MINUTE_US


def settle(r: Rows, people: Population, n_days: int) -> pl.DataFrame:
    """Return payments in time order as `schema.TRANSACTIONS` declares them, numbered from 1.

    Rows of one minute keep their order. Labels are left null.
    """
    made = legs(r, people.place, rate_table(n_days))
    n = r.minute.size
    names = keys(people.place.size)

    def word(words: Sequence[str], index: NDArray[np.integer], dtype: pl.DataType) -> pl.Series:
        return pl.Series(words, dtype=dtype).gather(pl.Series(index, dtype=pl.UInt32))

    codes = [p.code for p in PLACES]
    money = [p.currency for p in PLACES]
    mates = pl.Series(r.mate)
    frame = pl.DataFrame(
        {
            "transaction_id": np.arange(1, n + 1),
            "executed_at": pl.Series(moments(r)).cast(pl.Datetime("us", "UTC")),
            "originator": names.gather(pl.Series(r.src, dtype=pl.UInt32)),
            "beneficiary": names.gather(pl.Series(r.dst, dtype=pl.UInt32)),
            "sent_minor": made.sent,
            "sent_currency": word(money, made.sent_place, CURRENCY),
            "received_minor": made.received,
            "received_currency": word(money, made.received_place, CURRENCY),
            "base_minor": made.base,
            "originator_jurisdiction": word(codes, people.place[r.src], JURISDICTION),
            "beneficiary_jurisdiction": word(codes, people.place[r.dst], JURISDICTION),
            "instrument": word(INSTRUMENTS, r.instrument, INSTRUMENT),
            "purpose": word(PURPOSES, r.purpose, pl.String()),
            "reverses": (mates + 1).set(mates == NONE, None),
        }
    )
    return TRANSACTIONS.conform(
        frame.with_columns(
            base_currency=pl.lit("EUR", CURRENCY),
            resolution=pl.lit("1m", RESOLUTION),
            is_illicit=pl.lit(False),
        )
    )
