"""What speaks against a case: other rules, clean money, overdrafts, and innocent explanations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from xborder_aml.graph import TransactionGraph
from xborder_aml.innocence import returned_payments, standing_payments
from xborder_aml.referral._accounts import Row
from xborder_aml.tracing import Traced

__all__ = ["counter_rows"]

_MOST_IDS = 50
_DILUTED = 0.5


def counter_rows(traced: Traced, cases: pl.DataFrame, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return schema COUNTER as rows, by case; what does not speak against it is left out."""
    flows = traced.flows.join(cases, on="claim")
    held = traced.holdings.filter(pl.col("amount_minor") > 0).join(cases, on="claim")
    accounts = list(rows)
    out: list[dict[str, Any]] = []
    for case in cases["case"].unique().sort():
        own = flows.filter(pl.col("case") == case)
        here = held.filter(pl.col("case") == case)
        mine = [row for row in accounts if row.case == case]
        for code, text, names, ids in (
            *_of_flows(traced, own),
            *_of_holdings(traced, here),
            *_of_rules(mine),
        ):
            out.append(
                {"case": case, "code": code, "text": text, "accounts": names,
                 "transaction_ids": ids[:_MOST_IDS]}
            )  # fmt: skip
    return out


def _seen(traced: Traced) -> TransactionGraph:
    """Return the graph up to the end of the trace: what came later was not known then."""
    if traced.as_of is None:
        return traced.graph
    first = traced.graph.column("executed_at").min()
    return traced.graph.window(str(first), traced.ended_at)


_Told = tuple[str, str, list[str], list[int]]


def _of_flows(traced: Traced, flows: pl.DataFrame) -> Iterable[_Told]:
    ids = flows["transaction_id"].unique().sort()
    seen = _seen(traced)
    edges = seen.rows_of(ids)
    checks = {
        "STANDING_PAYMENTS": (
            standing_payments(seen),
            "have a rhythm and an amount like a rent, a salary or an instalment",
        ),
        "RETURNED_PAYMENTS": (
            returned_payments(seen),
            "return another payment, or were returned",
        ),
    }
    for code, (flags, words) in checks.items():
        some = ids.filter(pl.Series(flags[edges]))
        if some.len():
            text = f"{some.len():,} of {ids.len():,} transactions on the way {words}."
            yield code, text, [], some.to_list()
    holders = traced.graph.accounts.drop_nulls("holder").select("account", "holder")
    inside = (
        flows.select("transaction_id", "originator", "beneficiary")
        .join(holders.rename({"account": "originator", "holder": "from"}), on="originator")
        .join(holders.rename({"account": "beneficiary", "holder": "to"}), on="beneficiary")
        .filter(pl.col("from") == pl.col("to"))["transaction_id"]
        .unique()
        .sort()
    )
    if inside.len():
        yield (
            "SAME_HOLDER",
            f"{inside.len():,} of {ids.len():,} transactions on the way stay with one holder, as "
            "when a company moves its own money.",
            [],
            inside.to_list(),
        )


def _of_holdings(traced: Traced, held: pl.DataFrame) -> Iterable[_Told]:
    minted = traced.minted.filter(pl.col("account").is_in(held["account"].implode()))
    if minted.height:
        names = minted["account"].unique().sort().to_list()
        yield (
            "OVERDRAWN",
            f"{len(names):,} accounts that hold claimed money paid out more than this ledger shows "
            "them to hold: it lacks transactions or opening balances, and these would change what "
            "is traced.",
            names,
            minted["transaction_id"].unique().sort().to_list(),
        )
    edge = held.filter("is_edge")
    if edge.height:
        names = edge["account"].unique().sort().to_list()
        yield (
            "EDGE_OF_LEDGER",
            f"{len(names):,} accounts show no payment out: their banks' records are not in this "
            "ledger, and the money may have left.",
            names,
            [],
        )
    diluted = held.filter(pl.col("amount_minor") < _DILUTED * pl.col("balance_minor"))
    if diluted.height:
        names = diluted["account"].unique().sort().to_list()
        yield (
            "MOSTLY_CLEAN",
            f"In {len(names):,} accounts less than half of the balance is claimed money: most of "
            "it has another origin.",
            names,
            [],
        )
    if traced.graph.resolution == "1d" and traced.same_day != "range":
        yield (
            "ORDER_OF_DAY",
            "The ledger has days and no hours: the order of transactions of one day is that of its "
            "rows, and another order could place the money elsewhere. A trace in all orders (the "
            "option same-day, range) tells how far.",
            [],
            [],
        )
    ranged = held.filter(pl.col("low_minor") != pl.col("high_minor"))
    if ranged.height:
        names = ranged["account"].unique().sort().to_list()
        yield (
            "ORDER_OF_DAY",
            f"In {len(names):,} accounts the amount depends on the order of transactions of one "
            "day.",
            names,
            [],
        )


def _of_rules(rows: list[Row]) -> Iterable[_Told]:
    loose = [row.account for row in rows if row.low == 0]
    if loose:
        yield (
            "RULE_DEPENDENT",
            f"In {len(loose):,} of the accounts that hold most, another tracing rule could put "
            "nothing: that the money is there rests on the rule.",
            sorted(loose),
            [],
        )
