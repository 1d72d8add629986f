"""Each rule equals its definition, and what must hold of every trace does."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.tracing.conftest import (
    VALUE_RULES,
    ledgers,
    moves_of,
    path,
    seeds_table,
    with_links,
)
from xborder_aml.tracing import _run, trace
from xborder_aml.tracing._oracle import order_moves, reference_trace

ORDERS = ("ledger", "credits_first", "debits_first")


def amounts(traced, account):
    rows = traced.holdings.filter(pl.col("account") == account)
    return dict(rows.select("claim", "amount_minor").rows())


# -- the golden test ------------------------------------------------------------------------------

POT = (
    ("Paul", "pot", 1000),
    ("Michael", "pot", 1000),
    ("pot", "shop", 1000),
    ("Karen", "pot", 1000),
    ("pot", "shop", 1000),
)
CLAIMS = {"Paul": [1], "Michael": [2], "Karen": [4]}


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("fifo", {"Karen": 1000}),
        ("lifo", {"Paul": 1000}),
        ("pro_rata", {"Paul": 250, "Michael": 250, "Karen": 500}),
    ],
)
def test_paul_michael_and_karen(rule, left):
    assert amounts(trace(path(*POT), CLAIMS, rule=rule), "pot") == left


# -- the definition -------------------------------------------------------------------------------


@given(ledgers(), st.sampled_from(VALUE_RULES), st.sampled_from(ORDERS))
def test_a_rule_is_its_definition(drawn, rule, order):
    graph, seeds, opening = drawn
    assume(seeds)
    known = {k: v for k, v in opening.items() if k[0] in graph.account_names.to_list()}
    used = {*graph.column("sent_currency"), *graph.column("received_currency")}
    known = {k: v for k, v in known.items() if k[1] in used}
    traced = trace(
        graph, seeds_table(seeds), rule=rule, same_day=order, opening_balances=known or None
    )
    moves = order_moves(moves_of(graph, seeds), order, largest_first=rule == "tiho")
    want = reference_trace(with_links(moves), rule, known)
    names = sorted({c for claims in seeds.values() for c in claims})
    held = {
        (names.index(r["claim"]), (r["account"], r["currency"])): r["amount_minor"]
        for r in traced.holdings.iter_rows(named=True)
    }
    assert held == want.held
    flows = {
        (r["transaction_id"], names.index(r["claim"]), r["kind"] == "seed"): (
            r["drawn_minor"],
            r["arrived_minor"],
            r["sunk_minor"] + r["superseded_minor"],
        )
        for r in traced.flows.iter_rows(named=True)
    }
    assert flows == want.flows
    minted = dict(traced.minted.select("transaction_id", "minted_minor").rows())
    assert minted.items() <= want.minted.items()
    for r in traced.holdings.iter_rows(named=True):
        assert r["balance_minor"] == want.balance[r["account"], r["currency"]]


@settings(max_examples=30)
@given(ledgers(), st.sampled_from(VALUE_RULES))
def test_a_trace_does_not_depend_on_the_room_it_begins_with(drawn, rule):
    assume(drawn[1])
    want = run(drawn, rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_run, "_room", lambda _: 1)
        got = run(drawn, rule)
        assert got.lots.equals(want.lots)
        assert got.flows.equals(want.flows)


# -- what holds of every trace --------------------------------------------------------------------


def run(drawn, rule, **more):
    graph, seeds, opening = drawn
    used = {*graph.column("sent_currency"), *graph.column("received_currency")}
    names = graph.account_names.to_list()
    known = {k: v for k, v in opening.items() if k[0] in names and k[1] in used}
    return trace(graph, seeds_table(seeds), rule=rule, opening_balances=known or None, **more)


@given(ledgers(), st.sampled_from(VALUE_RULES))
def test_money_is_conserved_and_stays_inside_the_poison_set(drawn, rule):
    assume(drawn[1])
    traced = run(drawn, rule)
    kept = traced.conservation
    assert kept["residual_minor"].to_list() == [0] * kept.height
    held = traced.holdings
    assert (held["amount_minor"] > 0).all()
    for (_, _), rows in held.group_by("account", "currency"):
        assert rows["amount_minor"].sum() <= rows["balance_minor"][0]
    place = ["claim", "account", "currency"]
    moved = traced.values.select(place).unique()
    assert moved.join(traced.exposure, on=place, how="anti").is_empty()


@settings(max_examples=30)
@given(ledgers(most=9), st.sampled_from(VALUE_RULES), st.sampled_from(ORDERS))
def test_the_bounds_hold_what_every_rule_says(drawn, rule, order):
    assume(drawn[1])
    traced = run(drawn, rule, same_day=order)
    bounds = traced.bounds(traced.graph.account_names)
    assert (bounds["low_minor"] >= 0).all()
    assert (bounds["low_minor"] <= bounds["traced_minor"]).all()
    assert (bounds["traced_minor"] <= bounds["high_minor"]).all()
    place = ["claim", "account", "currency"]
    assert traced.holdings.join(bounds, on=place, how="anti").is_empty()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("+c-"), st.integers(1, 9)), min_size=1, max_size=12))
def test_on_one_account_every_rule_lies_between_taint_first_and_clean_first(steps):
    ends = {"+": ("victim", "pot"), "c": ("payroll", "pot"), "-": ("pot", "shop")}
    graph = path(*[(*ends[kind], amount) for kind, amount in steps])
    stolen = [i for i, (kind, _) in enumerate(steps, start=1) if kind == "+"]
    assume(stolen)
    left = {
        rule: amounts(trace(graph, {"all": stolen}, rule=rule), "pot").get("all", 0)
        for rule in VALUE_RULES
    }
    least, most = left["taint_first"], left["clean_first"]
    assert all(least <= value <= most for value in left.values())
