"""The permutation null: what is kept, what is broken, and on what it depends."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.graph import TransactionGraph
from xborder_aml.score import permuted
from xborder_aml.testing import ledgers

BLOCK = ["originator", "originator_jurisdiction", "beneficiary_jurisdiction"]
AMOUNTS = ["sent_minor", "sent_currency", "received_minor", "received_currency", "base_minor"]
WHO = ["transaction_id", "originator", "beneficiary", *BLOCK[1:]]


def multisets(graph: TransactionGraph, columns: list[str]) -> pl.DataFrame:
    keys = [*BLOCK, *columns]
    return graph.transactions.select(keys).sort(keys, nulls_last=True)


@given(ledgers(86_400_000_000), st.integers(0, 5))
def test_each_block_keeps_its_times_its_amounts_and_who_pays_whom(tables: Any, seed: int) -> None:
    graph = TransactionGraph(*tables)
    null = permuted(graph, seed)
    assert multisets(null, ["executed_at"]).equals(multisets(graph, ["executed_at"]))
    assert multisets(null, AMOUNTS).equals(multisets(graph, AMOUNTS))
    who = [g.transactions.select(WHO).sort("transaction_id") for g in (graph, null)]
    assert who[0].equals(who[1])
    assert null.accounts.equals(graph.accounts)


@given(ledgers(86_400_000_000), st.integers(0, 5))
def test_it_depends_on_ids_and_seed_only(tables: Any, seed: int) -> None:
    transactions, accounts = tables
    null = permuted(TransactionGraph(transactions, accounts), seed)
    again = permuted(TransactionGraph(transactions.reverse(), accounts), seed)
    assert null == again
    renamed = transactions.with_columns(
        ("z" + (9 - pl.col(c).str.slice(1).cast(pl.Int64)).cast(pl.String)).alias(c)
        for c in ("originator", "beneficiary")
    )
    other = permuted(TransactionGraph(renamed), seed)
    columns = ["transaction_id", "executed_at", *AMOUNTS]
    plain = permuted(TransactionGraph(transactions), seed)
    assert plain.transactions.select(columns).equals(other.transactions.select(columns))


def test_seeds_differ_and_links_break(noisy: pl.DataFrame) -> None:
    graph = TransactionGraph(noisy)
    one, two = permuted(graph, 0), permuted(graph, 1)
    assert one != two
    assert one == permuted(graph, 0)
    key = ["transaction_id", "executed_at", "sent_minor"]
    kept = graph.transactions.join(one.transactions, on=key, how="semi")
    assert kept.height < 0.25 * graph.n_transactions


@pytest.mark.parametrize("seed", range(3))
def test_every_place_of_a_block_is_as_likely(noisy: pl.DataFrame, seed: int) -> None:
    """Times and amounts are dealt independently: an amount seldom keeps the time that it had."""
    block = noisy.with_columns(
        originator=pl.lit("n00"),
        originator_jurisdiction=pl.lit("EE"),
        beneficiary_jurisdiction=pl.lit("GB"),
    )
    graph = TransactionGraph(block)
    null = permuted(graph, seed)
    pairs = ["executed_at", "sent_minor"]
    same = null.transactions.join(graph.transactions.unique(pairs), on=pairs, how="semi").height
    assert same < 12  # one or two are expected of 2,403
