"""Where a generator that knows the truth put the money, the bounds say that it can be."""

from __future__ import annotations

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.synth.ledger import generate
from xborder_aml.synth.tables import illicit_value


@pytest.mark.slow
def test_the_bounds_hold_the_truth_of_a_made_ledger():
    made = generate("tiny", seed=1, n_accounts=200, n_transactions=10_000)
    graph = xb.TransactionGraph(made.transactions, made.accounts)
    seeds = (
        made.truth.filter(pl.col("sent_minor") == 0)
        .group_by("claim", "transaction_id")
        .agg(amount_minor=pl.sum("received_minor"))
    )
    known = pl.col("account").is_in(graph.account_names.implode())
    opening = made.book.filter(known & (pl.col("opening_minor") > 0)).select(
        "account", "currency", balance_minor="opening_minor"
    )
    used = {*graph.column("sent_currency"), *graph.column("received_currency")}
    opening = opening.filter(pl.col("currency").cast(pl.String).is_in(list(used)))
    traced = xb.trace(graph, seeds, opening_balances=opening, sinks=())
    assert traced.minted.is_empty()
    truth = (
        illicit_value(made.truth)
        .group_by("account", "claim", maintain_order=True)
        .agg(truth=pl.last("amount_minor"))
        .filter(pl.col("truth") > 0)
    )
    assert truth.height > 20
    bounds = traced.bounds(truth["account"].unique())
    both = truth.join(bounds, on=["claim", "account"], how="left")
    assert both.filter(pl.col("truth").is_between("low_minor", "high_minor")).height == truth.height
