"""Innocent explanations: what is checked of every finding, and payments with an innocent order.

A landlord's fan-in on the first of the month and a household's salary-then-rent are ordered
behaviour that a permutation destroys, so they look like plans. They are plans, and innocent ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph

__all__ = [
    "EXPLANATIONS",
    "RHYTHMS_DAYS",
    "Facts",
    "Innocent",
    "explained",
    "facts_of",
    "returned_payments",
    "standing_payments",
]

RHYTHMS_DAYS = ((6, 8), (13, 15), (27, 34))
"""Gaps in whole days that make a rhythm: weekly, fortnightly, monthly."""

EXPLANATIONS = {
    "refund": "One of its transactions returns another, or was returned.",
    "same_holder": "At least half of its transactions stay with one holder: a treasury sweep.",
    "payroll": "At least half of its transactions are standing payments of an account that has "
    "standing payments to at least five.",
    "standing_payments": "At least half of its transactions are standing payments, such as a rent "
    "or a salary.",
    "marketplace": "The account that it is about is paid by at least 50 accounts and pays at least "
    "50, and does both in at least half of the ledger's weeks, four or more.",
}
"""What is checked of every finding, by name; none of them clears it, each is a question to ask."""

_LIKE = 10  # consecutive amounts differ by at most a tenth of the larger
_RUN = 3  # payments in a row
_STAFF = 5  # payees of a payroll
_MARKET = 50  # payers, and payees, of a marketplace
_WEEKS = 4
_PAIR = ("originator_code", "beneficiary_code")


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
    pair = _PAIR
    rows = pl.DataFrame(
        [graph.column(c) for c in (*pair, "executed_at", "sent_minor", "sent_currency")]
    ).with_row_index("row")
    rows = rows.sort(*pair, "row").with_columns(day=pl.col("executed_at").dt.date())
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in (*pair, "sent_currency"))
    gap = (pl.col("day") - pl.col("day").shift(1)).dt.total_days()
    in_rhythm = pl.any_horizontal(gap.is_between(low, high) for low, high in RHYTHMS_DAYS)
    amount, before = pl.col("sent_minor"), pl.col("sent_minor").shift(1)
    # the difference is multiplied out of sums below 2**59, so it cannot overflow
    like = (amount - before).abs() <= pl.max_horizontal(amount, before) // _LIKE
    linked = (same & in_rhythm & like).fill_null(False)
    runs = rows.with_columns(run=(~linked).cum_sum())
    found = runs.filter(pl.len().over("run") >= _RUN)["row"]
    standing = np.zeros(graph.n_transactions, bool)
    standing[found.to_numpy()] = True
    return standing


class Facts(NamedTuple):
    """What is innocent about the payments of a graph, each of shape (E,), and about accounts."""

    returned: NDArray[np.bool_]
    same_holder: NDArray[np.bool_]
    payroll: NDArray[np.bool_]
    standing: NDArray[np.bool_]
    markets: pl.Series  # keys


def facts_of(graph: TransactionGraph, accounts: pl.Series) -> Facts:
    """Return what is innocent in a graph; of these accounts it is told which are marketplaces."""
    e = graph.edges
    standing = standing_payments(graph)
    paid = pl.DataFrame({"by": e.originator[standing], "to": e.beneficiary[standing]})
    staff = paid.group_by("by").agg(pl.col("to").n_unique()).filter(pl.col("to") >= _STAFF)["by"]
    return Facts(
        returned_payments(graph),
        e.holder[e.originator] == e.holder[e.beneficiary],
        standing & np.isin(e.originator, staff.to_numpy()),
        standing,
        _marketplaces(graph, accounts.unique()),
    )


def explained(
    graph: TransactionGraph, findings: pl.DataFrame, evidence: pl.DataFrame, facts: Facts
) -> pl.DataFrame:
    """Return the findings with the column `innocent`: explanations that fit, of `EXPLANATIONS`.

    Parameters
    ----------
    findings, evidence
        Tables as `xborder_aml.schema` declares them, of this graph, in the same order.
    facts
        What `facts_of` returned for this graph and the findings' accounts.
    """
    if findings.is_empty():
        return findings
    rows = graph.rows_of(evidence["transaction_id"])
    sizes = findings["n_transactions"].to_numpy()
    starts = np.cumsum(sizes) - sizes

    def count(fact: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.add.reduceat(fact[rows], starts, dtype=np.int64)

    payroll = 2 * count(facts.payroll) >= sizes
    fits = {
        "refund": count(facts.returned) > 0,
        "same_holder": 2 * count(facts.same_holder) >= sizes,
        "payroll": payroll,
        # a payroll is made of standing payments: the narrower word is enough
        "standing_payments": (2 * count(facts.standing) >= sizes) & ~payroll,
        "marketplace": findings["account"].is_in(facts.markets.implode()),
    }
    names = (pl.when(pl.col(name)).then(pl.lit(name)) for name in EXPLANATIONS)
    told = pl.DataFrame(fits).select(pl.concat_list(names).list.drop_nulls())
    return findings.with_columns(innocent=told.to_series())


def _marketplaces(graph: TransactionGraph, accounts: pl.Series) -> pl.Series:
    """Return those of some accounts that behave like a marketplace all the time."""
    if accounts.is_empty():
        return accounts
    codes = (
        pl.DataFrame({"account": graph.account_names})
        .with_row_index("code")
        .filter(pl.col("account").is_in(accounts.implode()))
    )
    wanted = codes["code"].to_numpy()
    e = graph.edges
    week = e.at // (7 * 86_400_000_000)
    last = int(week[-1] - week[0]) + 1
    moves = e.originator != e.beneficiary
    sides = []
    for centre, partner in ((e.beneficiary, e.originator), (e.originator, e.beneficiary)):
        of = moves & np.isin(centre, wanted)
        sides.append(
            pl.DataFrame({"code": centre[of], "partner": partner[of], "week": week[of]})
            .group_by("code")
            .agg(pl.col("partner").n_unique(), pl.col("week").unique())
            .filter(pl.col("partner") >= _MARKET)
        )
    both = (
        sides[0]
        .join(sides[1], on="code")
        .with_columns(weeks=pl.col("week").list.set_intersection("week_right").list.len())
    )
    busy = both.filter((pl.col("weeks") >= _WEEKS) & (2 * pl.col("weeks") >= last))["code"]
    return codes.filter(pl.col("code").is_in(busy.cast(pl.UInt32).implode()))["account"]
