"""The tables of a trace, made from a run."""

from __future__ import annotations

import numpy as np
import polars as pl

from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.trace_book import SAME, SINK, expose
from xborder_aml.kernels.trace_lots import (
    AMOUNT,
    AT,
    CLAIM,
    CLEAN,
    DRAWN,
    LEFT,
    LOST,
    NOTHING,
    PARENT,
)
from xborder_aml.schema import CURRENCY, JURISDICTION
from xborder_aml.tracing._ledger import Ledger
from xborder_aml.tracing._run import Run, held, residuals
from xborder_aml.tracing.tables import (
    CLAIMS,
    CONSERVATION,
    EXPOSURE,
    FLOWS,
    HOLDINGS,
    LOTS,
    MINTED,
    SINKS,
    VALUES,
)

__all__ = [
    "claims_table",
    "conservation_table",
    "exposure_table",
    "flows_table",
    "holdings_table",
    "jurisdictions_of",
    "last_rates",
    "lots_table",
    "minted_table",
    "rated_rows",
    "sinks_table",
    "values_table",
]

_TIME = pl.Datetime("us", "UTC")


def times(values: np.ndarray) -> pl.Series:
    """Return microseconds as a column of times."""
    return pl.Series(np.ascontiguousarray(values)).cast(_TIME)


def currencies_of(ledger: Ledger, places: np.ndarray) -> pl.Series:
    """Return places among the currencies as a column of codes."""
    return pl.Series(ledger.currencies, dtype=CURRENCY).gather(places)


def jurisdictions_of(graph: TransactionGraph, end: int) -> pl.Series:
    """Return where each account is held, shape (V,): as the accounts tell, else as last seen.

    Only the first `end` transactions are looked at.
    """
    e = graph.edges
    seen = np.full(graph.n_accounts, -1, np.int64)
    for account, place in ((e.originator, e.origin), (e.beneficiary, e.destination)):
        known = np.flatnonzero(place[:end] >= 0)
        seen[account[known]] = place[known]  # in order of time: the last one stays
    codes = pl.Series(seen).replace(-1, None)
    told = pl.Series(JURISDICTION.categories, dtype=JURISDICTION).gather(codes)
    own = graph.accounts["jurisdiction"]
    return pl.select(jurisdiction=pl.coalesce(own, told.alias("seen")))["jurisdiction"]


def claims_table(seeds: pl.DataFrame, graph: TransactionGraph) -> pl.DataFrame:
    """Return schema CLAIMS: what the claims begin with."""
    rows = seeds["row"]
    return CLAIMS.conform(
        seeds.select(
            "claim",
            "amount_minor",
            currency=graph.column("received_currency").gather(rows),
            executed_at=graph.column("executed_at").gather(rows),
        )
        .group_by("claim", "currency")
        .agg(n_seeds=pl.len(), amount_minor=pl.sum("amount_minor"), first_at=pl.min("executed_at"))
        .sort("claim", "currency")
    )


def conservation_table(run: Run) -> pl.DataFrame:
    """Return schema CONSERVATION, without the currencies that a claim never was in."""
    ledger, sums = run.ledger, run.sums
    c, k = np.nonzero((sums != 0).any(axis=2))
    names = ("seeded", "converted_in", "fees", "sunk", "superseded", "converted_out")
    return CONSERVATION.conform(
        pl.DataFrame(
            {
                "claim": ledger.claims.gather(c),
                "currency": currencies_of(ledger, k),
                **{f"{name}_minor": sums[c, k, f] for f, name in enumerate(names)},
                "held_minor": held(run)[c, k],
                "residual_minor": residuals(run)[c, k],
            }
        )
    )


def holdings_table(run: Run) -> pl.DataFrame:
    """Return schema HOLDINGS, most base money first within a claim; one order's amounts."""
    ledger, graph = run.ledger, run.ledger.graph
    p, c = np.nonzero(run.taint)
    accounts = graph.accounts
    code = ledger.account[p]
    last = _last_in(run)
    table = pl.DataFrame(
        {
            "claim": ledger.claims.gather(c),
            "account": graph.account_names.gather(code),
            "holder": accounts["holder"].gather(code),
            "jurisdiction": jurisdictions_of(graph, ledger.end).gather(code),
            "currency": currencies_of(ledger, ledger.currency[p]),
            "amount_minor": run.taint[p, c],
            "balance_minor": run.balance[p],
            "last_in_at": times(last[p, c]),
            "is_edge": ledger.pays_at[code] < 0,
        }
    )
    table = table.join(
        last_rates(graph, ledger.end), on="currency", how="left", maintain_order="left"
    )
    base = pl.col("amount_minor") * (pl.col("base") / pl.col("native"))
    table = table.with_columns(
        low_minor="amount_minor",
        high_minor="amount_minor",
        base_minor=pl.when(pl.col("currency") == graph.base_currency)
        .then("amount_minor")
        .otherwise(base.round(mode="half_to_even").cast(pl.Int64, strict=False)),
        base_currency=pl.lit(graph.base_currency, CURRENCY),
    )
    return HOLDINGS.conform(
        table.sort(
            ["claim", "base_minor", "amount_minor", "account", "currency"],
            descending=[False, True, True, False, False],
            nulls_last=True,
        )
    )


def _last_in(run: Run) -> np.ndarray:
    """Return when money of each claim last came into each pocket, shape (P, K)."""
    flows, book = run.flows, run.ledger.book
    last = np.full(run.taint.shape, -1, np.int64)
    came = (flows.claim != CLEAN) & (flows.amount > flows.lost)
    at = flows.at[came]
    last[book.target[at], flows.claim[came]] = at  # ascending: the last one stays
    return np.where(last >= 0, run.ledger.executed_at[last], 0)


def last_rates(graph: TransactionGraph, end: int) -> pl.DataFrame:
    """Return base and native sums of each currency, on its last day with base amounts.

    Only the first `end` transactions are looked at, since a rate of a later day was not known then.
    """
    return rated_rows(graph, end).group_by("currency").agg(pl.sum("native", "base"))


def rated_rows(graph: TransactionGraph, end: int) -> pl.DataFrame:
    """Return the transactions that `last_rates` sums: row, currency, native, base."""
    table = pl.DataFrame(
        {
            "currency": graph.column("received_currency").head(end),
            "native": graph.column("received_minor").head(end),
            "base": graph.column("base_minor").head(end),
            "day": graph.column("executed_at").head(end).dt.date(),
        }
    ).with_row_index("row")
    rated = table.filter(pl.col("base").is_not_null() & (pl.col("native") > 0))
    return rated.filter(pl.col("day") == pl.col("day").max().over("currency")).drop("day")


def flows_table(run: Run) -> pl.DataFrame:
    """Return schema FLOWS, in the order taken."""
    ledger, graph, book = run.ledger, run.ledger.graph, run.ledger.book
    f = run.flows
    seed = (f.drawn == 0) & (f.amount > 0)
    frame = pl.DataFrame(
        {"at": f.at, "claim": f.claim, "seed": seed, "drawn": f.drawn, "amount": f.amount,
         "lost": f.lost}
    )  # fmt: skip
    if run.lots is not None:
        frame = (
            frame.filter(pl.col("claim") != CLEAN)
            .group_by("at", "claim", "seed")
            .agg(pl.sum("drawn", "amount", "lost"))
            .sort("at", "seed", "claim")
        )
    at, is_seed = frame["at"].to_numpy(), frame["seed"].to_numpy()
    rows = book.row[at]
    sink = book.kind[at] & SINK > 0
    kinds = np.select(
        [is_seed, sink, book.returns[at] >= 0, book.kind[at] & SAME == 0],
        ["seed", "sink", "return", "conversion"],
        "transfer",
    )
    names = graph.account_names
    return FLOWS.conform(
        pl.DataFrame(
            {
                "claim": ledger.claims.gather(frame["claim"]),
                "transaction_id": graph.transaction_ids[rows],
                "executed_at": times(ledger.executed_at[at]),
                "kind": pl.Series(kinds, dtype=pl.String),
                "originator": names.gather(graph.edges.originator[rows]),
                "beneficiary": names.gather(graph.edges.beneficiary[rows]),
                "sent_currency": currencies_of(ledger, ledger.debit[at]),
                "drawn_minor": frame["drawn"],
                "received_currency": currencies_of(ledger, ledger.credit[at]),
                "arrived_minor": frame["amount"],
                "sunk_minor": frame["lost"].to_numpy() * sink,
                "superseded_minor": frame["lost"].to_numpy() * ~sink,
            }
        )
    )


def values_table(flows: pl.DataFrame) -> pl.DataFrame:
    """Return schema VALUES of a flows table: by claim, account and currency, then in order."""
    moved = ["claim", "transaction_id", "executed_at"]
    step = flows.with_row_index("step")
    took = step.filter(pl.col("drawn_minor") > 0).select(
        *moved,
        "step",
        account="originator",
        currency="sent_currency",
        change=-pl.col("drawn_minor"),
    )
    gain = pl.col("arrived_minor") - pl.col("sunk_minor") - pl.col("superseded_minor")
    brought = step.select(
        *moved, "step", account="beneficiary", currency="received_currency", change=gain
    ).filter(pl.col("change") > 0)
    place = ["claim", "account", "currency"]
    return VALUES.conform(
        pl.concat([took, brought])
        .group_by(*place, "transaction_id", "executed_at", "step")
        .agg(change_minor=pl.sum("change"))
        .sort(*place, "step")
        .with_columns(value_minor=pl.col("change_minor").cum_sum().over(place))
    )


def lots_table(run: Run) -> pl.DataFrame:
    """Return schema LOTS: claimed lots only, numbered in the order in which they were made."""
    ledger, graph, book, lots = run.ledger, run.ledger.graph, run.ledger.book, run.all_lots
    kept = np.flatnonzero(lots.words[:, CLAIM] != CLEAN)
    number = np.full(len(lots.words) + 1, -1, np.int64)
    number[kept] = np.arange(kept.size)
    words, money = lots.words[kept], lots.money[kept]
    parent = number[words[:, PARENT]]  # NOTHING reads the last place, -1
    at = words[:, AT]
    seed, hops = _lines(parent, graph.transaction_ids[book.row[at]])
    rows = book.row[at]
    return LOTS.conform(
        pl.DataFrame(
            {
                "lot": np.arange(kept.size),
                "parent": pl.Series(parent).replace(NOTHING, None),
                "seed": seed,
                "hops": hops,
                "claim": ledger.claims.gather(words[:, CLAIM]),
                "transaction_id": graph.transaction_ids[rows],
                "executed_at": times(ledger.executed_at[at]),
                "account": graph.account_names.gather(graph.edges.beneficiary[rows]),
                "currency": currencies_of(ledger, ledger.credit[at]),
                "drawn_minor": money[:, DRAWN],
                "amount_minor": money[:, AMOUNT],
                "ended_minor": money[:, LOST],
                "left_minor": money[:, LEFT],
            }
        )
    )


def _lines(parent: np.ndarray, transaction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the seed and the number of hops of each lot: a parent comes before its pieces."""
    root = np.where(parent < 0, np.arange(parent.size), parent)
    hops = (parent >= 0).astype(np.int64)
    while True:  # each round doubles how far a line is followed
        up = root[root]
        if np.array_equal(up, root):
            return transaction[root], hops
        hops = hops + hops[root]
        root = up


def minted_table(ledger: Ledger) -> pl.DataFrame:
    """Return schema MINTED, in the order taken."""
    book, graph = ledger.book, ledger.graph
    at = np.flatnonzero(book.minted)
    return MINTED.conform(
        pl.DataFrame(
            {
                "account": graph.account_names.gather(graph.edges.originator[book.row[at]]),
                "currency": currencies_of(ledger, ledger.debit[at]),
                "transaction_id": graph.transaction_ids[book.row[at]],
                "executed_at": times(ledger.executed_at[at]),
                "sent_minor": book.sent[at],
                "minted_minor": book.minted[at],
            }
        )
    )


def sinks_table(flows: pl.DataFrame, graph: TransactionGraph) -> pl.DataFrame:
    """Return schema SINKS of a flows table."""
    sunk = flows.filter(pl.col("sunk_minor") > 0)
    rows = graph.rows_of(sunk["transaction_id"])
    return SINKS.conform(
        sunk.select(
            "claim",
            "transaction_id",
            "executed_at",
            "beneficiary",
            account="originator",
            instrument=graph.column("instrument").gather(rows).cast(pl.String),
            currency="received_currency",
            amount_minor="sunk_minor",
        )
    )


def exposure_table(ledger: Ledger) -> pl.DataFrame:
    """Return schema EXPOSURE, nearest first within a claim."""
    graph, seeds = ledger.graph, ledger.seeds
    shape = (ledger.n_pockets, max(1, ledger.claims.len()))
    first, hops = np.full(shape, -1, np.int32), np.full(shape, -1, np.int32)
    expose(ledger.book, seeds.at, seeds.claim, first, hops)
    p, c = np.nonzero(first >= 0)
    at, code = first[p, c], ledger.account[p]
    return EXPOSURE.conform(
        pl.DataFrame(
            {
                "claim": ledger.claims.gather(c),
                "account": graph.account_names.gather(code),
                "jurisdiction": jurisdictions_of(graph, ledger.end).gather(code),
                "currency": currencies_of(ledger, ledger.currency[p]),
                "hops": hops[p, c],
                "transaction_id": graph.transaction_ids[ledger.book.row[at]],
                "first_at": times(ledger.executed_at[at]),
            }
        ).sort("claim", "hops", "first_at", "account", "currency")
    )
