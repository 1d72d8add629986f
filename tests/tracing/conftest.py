"""Small random ledgers with ties, loops, fees, conversions, returns, sinks and overdrafts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.tracing._oracle import Move

START = datetime(2024, 1, 1, tzinfo=UTC)
VALUE_RULES = ("fifo", "lifo", "pro_rata", "clean_first", "taint_first", "tiho")


def graph_of(rows: list[dict[str, Any]]) -> TransactionGraph:
    """Return the graph of rows, whose columns have defaults."""
    full = []
    for i, row in enumerate(rows):
        sent, currency = row["sent_minor"], row.get("sent_currency", "EUR")
        full.append(
            {
                "transaction_id": i + 1,
                "executed_at": START + timedelta(days=i),
                "sent_currency": currency,
                "received_minor": sent,
                "received_currency": currency,
                "base_minor": sent,
                "base_currency": "EUR",
                "instrument": "wire",
                "reverses": None,
                **row,
            }
        )
    frame = pl.DataFrame(full, schema_overrides={"reverses": pl.Int64}, infer_schema_length=None)
    return TransactionGraph(
        TRANSACTIONS.conform(frame.cast({"executed_at": pl.Datetime("us", "UTC")}))
    )


def path(*hops: tuple[str, str, int]) -> TransactionGraph:
    """Return the graph of one payment a day: originator, beneficiary, minor units."""
    return graph_of([{"originator": a, "beneficiary": b, "sent_minor": x} for a, b, x in hops])


@st.composite
def ledgers(draw: Any, *, plain: bool = False, accounts: int = 5, most: int = 14) -> Any:
    """Draw a graph, seeds by claim (amounts by transaction), and opening balances."""
    n = draw(st.integers(1, most))
    account = st.sampled_from([f"a{i}" for i in range(accounts)])
    rows: list[dict[str, Any]] = []
    for i in range(n):
        row = {
            "originator": draw(account),
            "beneficiary": draw(account),
            "sent_minor": draw(st.integers(0, 12)),
            "executed_at": START + timedelta(days=draw(st.integers(0, 4))),
        }
        if not plain:
            kind = draw(st.sampled_from(["", "", "", "fee", "more", "fx", "return", "sink"]))
            row["sent_currency"] = draw(st.sampled_from(["EUR", "EUR", "USD"]))
            row["received_currency"] = row["sent_currency"]
            row["received_minor"] = row["sent_minor"]
            if kind == "fee":
                row["received_minor"] = draw(st.integers(0, row["sent_minor"]))
            elif kind == "more":
                row["received_minor"] += 2
            elif kind == "fx":
                row["received_currency"] = "USD" if row["sent_currency"] == "EUR" else "EUR"
                row["received_minor"] = draw(st.integers(0, 15))
            elif kind == "sink":
                row["instrument"] = "cash"
            elif kind == "return" and i > 0:
                f = draw(st.integers(0, i - 1))
                back = rows[f]
                row |= {
                    "originator": back["beneficiary"],
                    "beneficiary": back["originator"],
                    "sent_minor": draw(st.integers(0, back["received_minor"] + 1)),
                    "sent_currency": back["received_currency"],
                    "received_currency": back["received_currency"],
                    "reverses": f + 1,
                }
                row["received_minor"] = row["sent_minor"]
        row.setdefault("received_minor", row["sent_minor"])
        rows.append(row)
    graph = graph_of(rows)
    seeds: dict[int, dict[str, int]] = {}
    for tid, received in enumerate((r["received_minor"] for r in rows), start=1):
        if received > 0 and draw(st.integers(0, 3)) == 0:
            claim = draw(st.sampled_from(["c0", "c1", "c2"]))
            seeds[tid] = {claim: draw(st.integers(1, received))}
            left = received - seeds[tid][claim]
            if left and draw(st.booleans()):
                seeds[tid]["other"] = draw(st.integers(1, left))
    opening = draw(
        st.dictionaries(st.tuples(account, st.sampled_from(["EUR", "USD"])), st.integers(0, 9))
    )
    return graph, seeds, opening


def seeds_table(seeds: dict[int, dict[str, int]]) -> pl.DataFrame:
    """Return drawn seeds as a table."""
    rows = [(c, tid, x) for tid, claims in seeds.items() for c, x in claims.items()]
    return pl.DataFrame(rows, schema=["claim", "transaction_id", "amount_minor"], orient="row")


def moves_of(graph: TransactionGraph, seeds: dict[int, dict[str, int]]) -> list[Move]:
    """Return the transactions as the oracle reads them; claims are numbered by name."""
    names = sorted({c for claims in seeds.values() for c in claims})
    out: list[Move] = []
    for t in graph.transactions.iter_rows(named=True):
        tid = t["transaction_id"]
        own = tuple((names.index(c), x) for c, x in sorted(seeds.get(tid, {}).items()))
        move = Move(
            tid,
            t["executed_at"],
            (t["originator"], t["sent_currency"]),
            (t["beneficiary"], t["received_currency"]),
            t["sent_minor"],
            t["received_minor"],
            is_sink=t["instrument"] == "cash" and not own,
            returns=t["reverses"],
            seeds=own,
        )
        out.append(move)
    return out


def with_links(moves: list[Move]) -> list[Move]:
    """Drop the link of a return whose money is not in the pocket that it leaves, or comes later."""
    place = {m.transaction_id: i for i, m in enumerate(moves)}
    out = []
    for i, m in enumerate(moves):
        f = place.get(m.returns) if m.returns is not None else None
        fits = f is not None and f < i and moves[f].target == m.source
        out.append(m if fits else m._replace(returns=None))
    return out
