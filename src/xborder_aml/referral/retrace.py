"""The same trace again: by another rule, or from the rows that it touched alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph
from xborder_aml.referral.tables import RULES
from xborder_aml.tracing import Traced, trace
from xborder_aml.tracing._frames import rated_rows

__all__ = ["arguments_of", "evidence_rows", "other_rules", "retrace"]

_VALUE_RULES = ("fifo", "lifo", "pro_rata", "clean_first", "taint_first", "tiho")
_SHOWN = 12


def arguments_of(traced: Traced) -> dict[str, Any]:
    """Return plain values from which `retrace` makes the same trace."""
    ledger = traced.ledger
    names = traced.graph.account_names.gather(ledger.account)
    currencies = [ledger.currencies[k] for k in ledger.currency]
    openings = [
        [account, currency, int(balance)]
        for account, currency, balance in zip(names, currencies, ledger.opening, strict=True)
        if balance
    ]
    return {
        "seeds": [list(row) for row in traced.seeds.select(
            "claim", "transaction_id", "amount_minor").iter_rows()],
        "rule": traced.rule,
        "as_of": None if traced.as_of is None else traced.as_of.isoformat(),
        "same_day": "ledger" if traced.same_day == "range" else traced.same_day,
        "sinks": list(traced.sinks_by),
        "opening_balances": sorted(openings),
    }  # fmt: skip


def retrace(graph: TransactionGraph, arguments: Mapping[str, Any]) -> Traced:
    """Trace as `arguments_of` tells.

    Raises
    ------
    XBorderAMLError
        As `trace`.
    """
    seeds = pl.DataFrame(
        arguments["seeds"],
        schema={"claim": pl.String, "transaction_id": pl.Int64, "amount_minor": pl.Int64},
        orient="row",
    )
    present = set(graph.account_names.to_list())
    opening = {(a, c): b for a, c, b in arguments["opening_balances"] if a in present}
    as_of = arguments["as_of"]
    return trace(
        graph,
        seeds,
        rule=arguments["rule"],
        as_of=None if as_of is None else datetime.fromisoformat(as_of),
        same_day=arguments["same_day"],
        sinks=arguments["sinks"],
        opening_balances=opening or None,
    )


def evidence_rows(traced: Traced) -> pl.DataFrame:
    """Return the transactions from which the trace can be done again, in the ledger's order.

    They are all that moved money in or out of an account that claimed money can have reached in any
    of the orders that were run, the first payment out of each such account (in whatever currency:
    without one, money may have left unseen), those that tell the last rate of each currency, and
    those of the same time that decide on the place of one of these.
    """
    parts = [rated_rows(traced.graph, traced.ledger.end)["row"].to_numpy()]
    for ledger in (traced.ledger, *(run.ledger for run in traced.runs.values())):
        pays_at = ledger.pays_at[ledger.account]
        parts += [ledger.book.row, pays_at[pays_at >= 0]]
    rows = np.unique(np.concatenate(parts)).astype(np.int64)
    return traced.graph.transactions[_with_ties(traced, rows)]


def _with_ties(traced: Traced, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows with all of the same time on which their order depends, and so on.

    Credits first, a payment waits for what its payer receives; debits first, for what its payee
    pays. By TIHO the payments of one account trade places. Whoever is left out then bears on none
    of those that are kept: they are taken in the same order as before.
    """
    e, end = traced.graph.edges, traced.ledger.end
    time = np.concatenate([[0], np.cumsum(np.diff(e.at[:end]) != 0)])[:end] * e.holder.size
    payer, payee = time + e.originator[:end], time + e.beneficiary[:end]
    waits = {"credits_first": (payer, payee), "debits_first": (payee, payer)}
    pairs = [waits[order] for order in traced.runs if order in waits]
    if traced.rule == "tiho":
        pairs.append((payer, payer))
    while pairs:
        kept = rows[rows < end]
        found = [np.flatnonzero(np.isin(frees, waiting[kept])) for waiting, frees in pairs]
        more = np.union1d(rows, np.concatenate(found))
        if more.size == rows.size:
            break
        rows = more
    return rows


def other_rules(traced: Traced, recovery: pl.DataFrame, claims: list[str]) -> pl.DataFrame:
    """Return what each rule puts into the accounts that hold most: rule, account, base_minor."""
    accounts = recovery.sort("traced_minor", "account", descending=[True, False])["account"]
    shown = pl.DataFrame({"account": accounts.head(_SHOWN)})
    out = []
    for rule in _VALUE_RULES:
        again = retrace(traced.graph, arguments_of(traced) | {"rule": rule})
        mine = again.holdings.filter(pl.col("claim").is_in(claims))
        sums = mine.group_by("account").agg(pl.sum("base_minor"))
        held = shown.join(sums, on="account", how="left", maintain_order="left")
        out.append(held.select(pl.lit(rule).alias("rule"), "account",
                               pl.col("base_minor").fill_null(0)))  # fmt: skip
    return RULES.conform(pl.concat(out))
