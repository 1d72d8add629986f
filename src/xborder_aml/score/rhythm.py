"""Payments with an innocent order: standing ones, known by their rhythm, and returned ones.

A landlord's fan-in on the first of the month and a household's salary-then-rent are ordered
behaviour that a permutation destroys, so they look like plans. They are plans, and innocent ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph

__all__ = ["RHYTHMS_DAYS", "Innocent", "returned_payments", "standing_payments"]

RHYTHMS_DAYS = ((6, 8), (13, 15), (27, 34))
"""Gaps in whole days that make a rhythm: weekly, fortnightly, monthly."""

_LIKE = 10  # consecutive amounts differ by at most a tenth of the larger
_RUN = 3  # payments in a row


class Innocent(NamedTuple):
    """Edges whose order is innocent, each of shape (E,)."""

    standing: NDArray[np.bool_]
    returned: NDArray[np.bool_]


def returned_payments(graph: TransactionGraph) -> NDArray[np.bool_]:
    """Tell which transactions were returned, or return another, shape (E,), in edge order.

    A payment that a bank sent back is no round trip of anybody's: nothing went anywhere. Only the
    column ``reverses`` tells, which is the source's word.
    """
    reverses = graph.transactions["reverses"]
    returned = pl.Series(graph.transaction_ids).is_in(reverses.drop_nulls().implode())
    return (reverses.is_not_null() | returned).to_numpy().copy()


def standing_payments(graph: TransactionGraph) -> NDArray[np.bool_]:
    """Tell which transactions are standing payments, shape (E,), in edge order.

    A standing payment is one of at least three in a row from one account to another, each a week, a
    fortnight or a month after the one before (`RHYTHMS_DAYS`, by calendar day), in one currency,
    with consecutive amounts that differ by at most a tenth of the larger.
    """
    pair = ("originator_code", "beneficiary_code")
    rows = (
        pl.DataFrame(
            [graph.column(c) for c in (*pair, "executed_at", "sent_minor", "sent_currency")]
        )
        .with_row_index("row")
        .sort(*pair, "row")
        .with_columns(day=pl.col("executed_at").dt.date())
    )
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in (*pair, "sent_currency"))
    gap = (pl.col("day") - pl.col("day").shift(1)).dt.total_days()
    in_rhythm = pl.any_horizontal(gap.is_between(low, high) for low, high in RHYTHMS_DAYS)
    amount, before = pl.col("sent_minor"), pl.col("sent_minor").shift(1)
    # the difference is multiplied out of sums below 2**59, so it cannot overflow
    like = (amount - before).abs() <= pl.max_horizontal(amount, before) // _LIKE
    linked = (same & in_rhythm & like).fill_null(False)
    runs = rows.with_columns(run=(~linked).cum_sum())
    standing = runs.select("row", standing=pl.len().over("run") >= _RUN).sort("row")
    return standing["standing"].to_numpy().copy()
