"""Hypothesis strategies: small ledgers that are hard on a detector, and choices for `plant`."""

from __future__ import annotations

from typing import Any

import polars as pl

from xborder_aml.errors import MissingExtraError
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise MissingExtraError("hypothesis", "test", "xborder_aml.testing") from error

__all__ = ["Drawn", "choices", "ledgers"]

_PLACES = (None, "EE", "GB", "CY")
_CURRENCIES = {"EUR": 1, "USD": 2}  # worth in base units, so that cross-currency hops can match


class Drawn:
    """Choices that hypothesis draws, so that it can shrink a planted instance."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        """Return an integer in ``[low, high]``."""
        return int(self._draw(st.integers(low, high)))


@st.composite
def choices(draw: Any) -> Drawn:
    """Draw a `Choose` for a detector's `plant`."""
    return Drawn(draw)


@st.composite
def ledgers(
    draw: Any, scale: int, max_accounts: int = 5, max_transactions: int = 14
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw a small ledger with ties, self-loops, parallel edges, holders and missing base amounts.

    Parameters
    ----------
    scale
        Time scale of the detector in microseconds. Times are quarters of it, give or take one
        microsecond, so that windows are met exactly, just met, and just missed.
    """
    n_accounts = draw(st.integers(1, max_accounts))
    account = st.integers(0, n_accounts - 1)
    row = st.tuples(
        st.integers(0, 8),  # quarter of the scale
        st.sampled_from((0, 0, 0, 1)),  # and a microsecond
        account,
        account,
        st.sampled_from((100, 100, 95, 90, 85, 84, 80, 50, 200, 0)),
        st.sampled_from(tuple(_CURRENCIES)),
        st.sampled_from(("same", "same", "same", "other", "no base")),
    )
    rows = draw(st.lists(row, max_size=max_transactions))
    ids = draw(st.permutations(range(len(rows))))
    places = draw(st.lists(st.sampled_from(_PLACES), min_size=n_accounts, max_size=n_accounts))
    holders = draw(st.lists(account, min_size=n_accounts, max_size=n_accounts))
    return _tables(rows, ids, places, holders, scale)


def _tables(
    rows: list[Any], ids: list[int], places: list[Any], holders: list[int], scale: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    records = []
    for (quarter, jitter, src, dst, amount, currency, kind), tid in zip(rows, ids, strict=True):
        base = amount * 1000 * _CURRENCIES[currency]
        other = next(c for c in _CURRENCIES if c != currency) if kind == "other" else currency
        records.append(
            {
                "transaction_id": tid,
                "executed_at": quarter * max(1, scale // 4) + jitter,
                "originator": f"a{src}",
                "beneficiary": f"a{dst}",
                "sent_minor": amount * 1000,
                "sent_currency": currency,
                "received_minor": base // _CURRENCIES[other],
                "received_currency": other,
                "base_minor": None if kind == "no base" else base,
                "base_currency": "EUR",
                "originator_jurisdiction": places[src],
                "beneficiary_jurisdiction": places[dst],
            }
        )
    if not records:
        return TRANSACTIONS.empty(), ACCOUNTS.empty()
    frame = pl.DataFrame(
        records,
        schema_overrides={
            "executed_at": pl.Int64,
            "base_minor": pl.Int64,
            "originator_jurisdiction": pl.String,
            "beneficiary_jurisdiction": pl.String,
        },
        infer_schema_length=None,
    ).with_columns(pl.col("executed_at").cast(pl.Datetime("us", "UTC")))
    accounts = pl.DataFrame(
        {
            "account": [f"a{i}" for i in range(len(places))],
            "holder": [f"h{h}" for h in holders],
        }
    )
    return TRANSACTIONS.conform(frame), ACCOUNTS.conform(accounts)
