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
from xborder_aml.kernels.innocence import activity, standing
from xborder_aml.schema import FINDINGS

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
_WEEK = 7 * 86_400_000_000
_RHYTHMS = np.array(RHYTHMS_DAYS, np.int64)


class Innocent(NamedTuple):
    """Edges whose order is innocent, each of shape (E,)."""

    standing: NDArray[np.bool_]
    returned: NDArray[np.bool_]


def returned_payments(graph: TransactionGraph) -> NDArray[np.bool_]:
    """Tell which transactions were returned, or return another, shape (E,), in edge order.

    A payment that a bank sent back is no round trip of anybody's: nothing went anywhere. Only the
    column ``reverses`` tells, which is the source's word.
    """
    if "reverses" not in graph.columns:
        return np.zeros(graph.n_transactions, bool)
    reverses = graph.column("reverses")
    returned = pl.Series(graph.transaction_ids).is_in(reverses.drop_nulls().implode())
    return (reverses.is_not_null() | returned).to_numpy().copy()


def standing_payments(graph: TransactionGraph) -> NDArray[np.bool_]:
    """Tell which transactions are standing payments, shape (E,), in edge order.

    A standing payment is one of at least three in a row from one account to another, each a week, a
    fortnight or a month after the one before (`RHYTHMS_DAYS`, by calendar day), in one currency,
    with consecutive amounts that differ by at most a tenth of the larger.
    """
    e = graph.edges
    slots = standing(
        e.out_ptr, e.out_to, e.out_at, e.out_sent, e.out_currency, _RHYTHMS, _LIKE, _RUN
    )
    rows = np.empty_like(slots)
    rows[e.out_row] = slots
    return rows


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
    rhythmic = standing_payments(graph)
    paid = pl.DataFrame({"by": e.originator[rhythmic], "to": e.beneficiary[rhythmic]})
    staff = paid.group_by("by").agg(pl.col("to").n_unique()).filter(pl.col("to") >= _STAFF)["by"]
    return Facts(
        returned_payments(graph),
        e.holder[e.originator] == e.holder[e.beneficiary],
        rhythmic & np.isin(e.originator, staff.to_numpy()),
        rhythmic,
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
    # few ways to be explained, many findings: each way is written once
    way = np.zeros(sizes.size, np.int64)
    for place, name in enumerate(EXPLANATIONS):
        way |= np.asarray(fits[name]).astype(np.int64) << place
    ways, which = np.unique(way, return_inverse=True)
    texts = [[n for place, n in enumerate(EXPLANATIONS) if w >> place & 1] for w in ways.tolist()]
    innocent = pl.Series(texts, dtype=FINDINGS.dtypes["innocent"]).gather(which)
    return findings.with_columns(innocent=innocent)


def _marketplaces(graph: TransactionGraph, accounts: pl.Series) -> pl.Series:
    """Return those of some accounts that behave like a marketplace all the time."""
    e = graph.edges
    if not e.at.size:
        return accounts.clear()
    first_week = int(e.at[0] // _WEEK)
    n_weeks = int(e.at[-1] // _WEEK) - first_week + 1
    # who has no payment a fortnight, or too few at all, is out at once
    least = max(_MARKET, (n_weeks + 1) // 2)
    wanted = graph.account_names.is_in(accounts.implode()).to_numpy()
    codes = np.flatnonzero(wanted & (np.diff(e.in_ptr) >= least) & (np.diff(e.out_ptr) >= least))
    busy = np.ones((codes.size, n_weeks), bool)
    many = np.ones(codes.size, bool)
    for ptr, at, partner in (
        (e.in_ptr, e.in_at, e.in_from),
        (e.out_ptr, e.out_at, e.out_to),
    ):
        weeks = np.zeros_like(busy)
        partners = np.zeros(codes.size, np.int64)
        activity(codes, ptr, at, partner, first_week, weeks, partners)
        busy &= weeks
        many &= partners >= _MARKET
    n_busy = busy.sum(axis=1)
    found = many & (n_busy >= _WEEKS) & (2 * n_busy >= n_weeks)
    return graph.account_names.gather(codes[found])
