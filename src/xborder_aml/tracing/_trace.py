"""`trace`: follow the money of some transactions, by one declared rule, to the minor unit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.graph import TransactionGraph
from xborder_aml.jurisdictions.codes import INSTRUMENTS
from xborder_aml.tracing._claims import Claims, read_seeds
from xborder_aml.tracing._ledger import ORDERS, Ledger, Openings, lay_book
from xborder_aml.tracing._run import LOT_RULES, MIX_RULES, run_rule
from xborder_aml.tracing._times import end_of, rows_until
from xborder_aml.tracing.result import Traced

__all__ = ["RULES", "RULE_WORDS", "trace"]

RULES = (*LOT_RULES, *MIX_RULES, "poison")
"""Names of the rules: five attribute value by what leaves first, tiho by batches, poison none."""

RULE_WORDS = {
    "fifo": "first in, first out", "lifo": "last in, first out", "pro_rata": "pro rata",
    "clean_first": "clean money first", "taint_first": "claimed money first",
    "tiho": "claimed money into the largest outputs",
}  # fmt: skip
"""The rules that attribute value, in words."""

_SINKS = ("cash", "crypto", "securities")


def trace(
    graph: TransactionGraph,
    seeds: Claims,
    *,
    rule: str = "fifo",
    opening_balances: Openings = None,
    as_of: date | datetime | str | None = None,
    same_day: str = "ledger",
    sinks: Iterable[str] = _SINKS,
) -> Traced:
    """Follow the money that some transactions brought, by one rule, and tell where it is.

    Every account is one pot a currency. A payment takes part of the pot, and the rule says whose
    money that part is; it travels with the payment. Amounts are minor units throughout, shares are
    rounded by largest remainder, and each claim is summed up in every run.

    Parameters
    ----------
    seeds
        Transactions whose money is followed: their ids, each a claim of its own; a mapping of the
        name of a claim to ids; or a table (`xborder_aml.tracing.tables.SEEDS`) that may claim a
        part of a transaction only. A seed begins anew: what the payer's pot brings of earlier
        claims ends there, told as superseded, so that nothing is counted twice.
    rule
        Which money leaves an account first: the oldest ("fifo"), the newest ("lifo"), a share of
        all ("pro_rata"), clean money ("clean_first"), claimed money ("taint_first"), or claimed
        money and, among payments of one account at the same time, with the largest ("tiho").
        "poison" only tells what can have been reached.
    opening_balances
        Balances before the first transaction, in minor units: a mapping of accounts, or of pairs of
        account and currency, or a table (`xborder_aml.tracing.tables.OPENINGS`). "least" takes the
        smallest balances that no payment overdraws. By default accounts begin empty, and a payment
        of more than there is brings clean money into being, which is told.
    as_of
        Last time to look at: a day ends at midnight, UTC. By default the end of the ledger.
    same_day
        Order of transactions of the same time: that of the ledger, an account's credits before its
        debits ("credits_first") or after them ("debits_first"). "range" runs all three: the trace
        is that of the ledger's order, and holdings tell the least and the most of the three.
    sinks
        Instruments by which money leaves the ledger's reach.

    Returns
    -------
    Traced
        Where the money is, how it came there, and what became of the rest.

    Raises
    ------
    ParameterError
        If a rule, an order, an account or a seed is not what it should be.
    DataError
        If the graph has no such transaction.
    CapacityError
        If there are too many claims or lots for memory.

    Notes
    -----
    The rules are those of the law of tracing where that has one, see the explanation "Tracing
    rules"; which of them a court accepts is a question for a lawyer. A payment that returns another
    (`reverses`) takes with it first what that one brought. Between currencies a claim's share of
    what is sent becomes its share of what is received.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> traced = xb.trace(graph, {"victim": [4]}, rule="fifo")
    >>> traced.holdings.select("account", "amount_minor").rows()
    [('harbour', 5520000), ('quayside', 250000), ('linden', 230000)]
    """
    for name, value, known in (("rule", rule, RULES), ("same_day", same_day, (*ORDERS, "range"))):
        if value not in known:
            raise ParameterError(
                f"{name}={value!r} is unknown{did_you_mean(str(value), known)}; it is one of "
                f"{', '.join(known)}"
            )
    ended = end_of(as_of)
    chosen = _instruments(sinks)
    table = read_seeds(graph, seeds)
    end = rows_until(graph, ended)
    late = table.filter(pl.col("row") >= end)
    if late.height:
        raise ParameterError(
            f"the seed transaction {late['transaction_id'][0]} lies after as_of={as_of}; leave it "
            "out, or look at a later time"
        )

    def lay(order: str) -> Ledger:
        return lay_book(
            graph, table, end=end, order=order, largest_first=rule == "tiho", sinks=chosen,
            opening=opening_balances,
        )  # fmt: skip

    orders = ORDERS if same_day == "range" else (same_day,)
    ledgers = [lay(order) for order in orders]
    runs = [run_rule(ledger, rule) for ledger in ledgers] if rule != "poison" else []
    return Traced(
        graph=graph,
        seeds=table,
        rule=rule,
        same_day=same_day,
        as_of=ended,
        sinks_by=chosen,
        ledger=ledgers[0],
        runs=dict(zip(orders, runs, strict=False)),
    )


def _instruments(sinks: Iterable[str]) -> tuple[str, ...]:
    chosen = (sinks,) if isinstance(sinks, str) else tuple(sinks)
    for name in chosen:
        if name not in INSTRUMENTS:
            raise ParameterError(
                f"sinks names {name!r}, which is no instrument{did_you_mean(name, INSTRUMENTS)}; "
                f"instruments are {', '.join(INSTRUMENTS)}"
            )
    return tuple(name for name in INSTRUMENTS if name in chosen)
