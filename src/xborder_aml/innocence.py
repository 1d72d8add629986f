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
from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.distinct import first_of_each

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
_DAY = 86_400_000_000


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
    # in the order of originator, beneficiary and time: slots by beneficiary, sorted by originator
    payer = e.originator[e.in_row]
    payer.flags.writeable = False  # like those of a graph: the kernel compiles once
    rows = e.in_row[csr(payer, e.holder.size)[1]]
    linked = np.zeros(rows.size, bool)  # to the one before
    before, after = rows[:-1], rows[1:]
    same = e.originator[before] == e.originator[after]
    same &= e.beneficiary[before] == e.beneficiary[after]
    place = np.flatnonzero(same)
    before, after = before[place], after[place]
    gap = e.at[after] // _DAY - e.at[before] // _DAY
    fits = np.logical_or.reduce([(gap >= low) & (gap <= high) for low, high in RHYTHMS_DAYS])
    fits &= e.sent_currency[before] == e.sent_currency[after]
    # the difference is of amounts that sum to less than 2**59, so it cannot overflow
    one, other = e.sent[before], e.sent[after]
    fits &= np.abs(one - other) <= np.maximum(one, other) // _LIKE
    linked[place[fits] + 1] = True
    run = np.cumsum(~linked) - 1
    standing = np.zeros(rows.size, bool)
    standing[rows[(np.bincount(run) >= _RUN)[run]]] = True
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
    e = graph.edges
    if not e.at.size:
        return accounts.clear()
    week = e.at // (7 * _DAY)
    week -= week[0]
    n_weeks = int(week[-1]) + 1
    # who has no payment a fortnight, or too few at all, is out at once
    least = max(_MARKET, (n_weeks + 1) // 2)
    wanted = graph.account_names.is_in(accounts.implode()).to_numpy()
    wanted &= (np.diff(e.in_ptr) >= least) & (np.diff(e.out_ptr) >= least)
    codes = np.flatnonzero(wanted)
    place = np.zeros(wanted.size, np.int32)
    place[codes] = np.arange(codes.size, dtype=np.int32)
    busy = np.ones((codes.size, n_weeks), bool)
    many = np.ones(codes.size, bool)
    for slot_row, centre, partner in (
        (e.in_row, e.beneficiary, e.originator),
        (e.out_row, e.originator, e.beneficiary),
    ):
        row = slot_row[wanted[centre[slot_row]]]
        row = row[centre[row] != partner[row]]
        own = place[centre[row]]
        active = np.zeros_like(busy)
        active[own, week[row]] = True
        busy &= active
        first = first_of_each(own, partner[row], wanted.size)
        many &= np.bincount(own[first], minlength=codes.size) >= _MARKET
    weeks = busy.sum(axis=1)
    found = many & (weeks >= _WEEKS) & (2 * weeks >= n_weeks)
    return graph.account_names.gather(codes[found])
