"""Cases that a person can check on paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import xborder_aml as xb
from tests.tracing.conftest import START, VALUE_RULES, graph_of, ledgers, path, seeds_table
from xborder_aml.tracing.tables import OPENINGS


def pay(a, b, x, **more):
    return {"originator": a, "beneficiary": b, "sent_minor": x, **more}


def held(traced):
    keys = traced.holdings.select("claim", "account", "currency", "amount_minor")
    return {(c, a, str(k)): x for c, a, k, x in keys.iter_rows()}


def only(traced, name):
    return traced.conservation.select(f"{name}_minor").sum().item()


# -- what happens to a payment --------------------------------------------------------------------


@pytest.mark.parametrize("rule", VALUE_RULES)
def test_a_fee_is_borne_and_told(rule):
    graph = graph_of([pay("v", "a", 100), pay("a", "b", 100, received_minor=97)])
    traced = xb.trace(graph, [1], rule=rule)
    assert held(traced) == {("1", "b", "EUR"): 97}
    assert only(traced, "fees") == 3


@pytest.mark.parametrize("rule", VALUE_RULES)
def test_a_conversion_keeps_the_share(rule):
    rows = [pay("v", "a", 100), pay("a", "b", 100, received_minor=151, received_currency="USD")]
    traced = xb.trace(graph_of(rows), [1], rule=rule)
    assert held(traced) == {("1", "b", "USD"): 151}
    rows = traced.conservation.select("currency", "converted_in_minor", "converted_out_minor")
    assert sorted((str(c), i, o) for c, i, o in rows.iter_rows()) == [
        ("EUR", 0, 100),
        ("USD", 151, 0),
    ]


@pytest.mark.parametrize("rule", VALUE_RULES)
def test_cash_is_a_sink_and_a_seed_paid_in_cash_is_not(rule):
    rows = [pay("v", "a", 100, instrument="cash"), pay("a", "b", 60, instrument="cash")]
    traced = xb.trace(graph_of(rows), [1], rule=rule)
    assert held(traced) == {("1", "a", "EUR"): 40}
    assert only(traced, "sunk") == 60
    assert traced.sinks.select("account", "instrument", "amount_minor").rows() == [
        ("a", "cash", 60)
    ]
    assert held(xb.trace(graph_of(rows), [1], rule=rule, sinks=())) == {
        ("1", "a", "EUR"): 40,
        ("1", "b", "EUR"): 60,
    }


@pytest.mark.parametrize("rule", VALUE_RULES)
def test_a_return_takes_back_what_was_brought(rule):
    rows = [
        pay("v", "a", 100),
        pay("x", "b", 100),
        pay("a", "b", 100),
        pay("b", "a", 100, reverses=3),
    ]
    assert held(xb.trace(graph_of(rows), [1], rule=rule)) == {("1", "a", "EUR"): 100}


def test_a_seed_supersedes_so_that_nothing_counts_twice():
    traced = xb.trace(path(("v", "a", 100), ("a", "b", 70)), {"one": [1], "two": [2]})
    assert held(traced) == {("one", "a", "EUR"): 30, ("two", "b", "EUR"): 70}
    assert only(traced, "superseded") == 70


# -- what accounts begin with ---------------------------------------------------------------------

POT = (("v", "a", 100), ("a", "b", 150))


def test_an_overdraft_brings_clean_money_and_is_told():
    traced = xb.trace(path(*POT), [1])
    assert held(traced) == {("1", "b", "EUR"): 100}
    assert traced.minted.select("account", "sent_minor", "minted_minor").rows() == [("a", 150, 50)]


@pytest.mark.parametrize(
    ("opening", "left"),
    [
        ("least", 0),
        ({"a": 50}, 0),
        ({("a", "EUR"): 120}, 70),
        (pl.DataFrame({"account": ["a"], "currency": ["EUR"], "balance_minor": [120]}), 70),
    ],
)
def test_an_opening_balance_is_the_oldest_money(opening, left):
    traced = xb.trace(path(*POT), [1], opening_balances=opening)
    assert held(traced).get(("1", "a", "EUR"), 0) == left
    assert traced.minted.is_empty()
    assert OPENINGS.names == ["account", "currency", "balance_minor"]


def test_money_is_followed_until_a_day_ends():
    graph = path(("v", "a", 100), ("a", "b", 100), ("b", "c", 100))
    assert held(xb.trace(graph, [1], as_of="2024-01-02")) == {("1", "b", "EUR"): 100}
    at = datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert held(xb.trace(graph, [1], as_of=at)) == {("1", "a", "EUR"): 100}


def test_value_at_a_time_is_what_a_trace_until_then_holds():
    graph = path(("v", "a", 100), ("a", "b", 60), ("b", "a", 20), ("a", "c", 50))
    traced = xb.trace(graph, [1], rule="lifo")
    for day in range(4):
        at = START + timedelta(days=day)
        value = traced.value_at(at).select("account", "value_minor").rows()
        then = xb.trace(graph, [1], rule="lifo", as_of=at).holdings
        assert sorted(value) == sorted(then.select("account", "amount_minor").rows())


# -- the order of a day ---------------------------------------------------------------------------


def test_the_range_holds_what_each_order_says():
    day = {"executed_at": START}
    graph = graph_of([pay("b", "c", 10, **day), pay("a", "b", 10, **day), pay("v", "a", 10, **day)])
    amounts = {
        order: held(xb.trace(graph, [3], same_day=order))
        for order in ("ledger", "credits_first", "debits_first")
    }
    assert amounts == {
        "ledger": {("3", "a", "EUR"): 10},
        "credits_first": {("3", "c", "EUR"): 10},
        "debits_first": {("3", "a", "EUR"): 10},
    }
    spread = xb.trace(graph, [3], same_day="range").holdings
    assert spread.select("account", "amount_minor", "low_minor", "high_minor").rows() == [
        ("a", 10, 0, 10),
        ("c", 0, 0, 10),
    ]


def test_taint_in_highest_out():
    day = {"executed_at": START + timedelta(days=5)}
    rows = [
        pay("x", "a", 100),
        pay("v", "a", 50),
        pay("a", "b", 30, **day),
        pay("a", "c", 60, **day),
    ]
    assert held(xb.trace(graph_of(rows), [2], rule="tiho")) == {("2", "c", "EUR"): 50}
    assert held(xb.trace(graph_of(rows), [2], rule="taint_first")) == {
        ("2", "b", "EUR"): 30,
        ("2", "c", "EUR"): 20,
    }


# -- by hand --------------------------------------------------------------------------------------


@given(ledgers(), st.sampled_from(VALUE_RULES))
def test_the_steps_add_up_by_hand(drawn, rule):
    graph, seeds, _ = drawn
    assume(seeds)
    traced = xb.trace(graph, seeds_table(seeds), rule=rule)
    sums: dict = {}
    for s in traced.steps.iter_rows(named=True):
        place = s["account"], s["currency"]
        key = (*place, s["claim"])
        sign = 1 if s["side"] == "credit" else -1
        if key in sums:
            more = s["minted_minor"] if s["claim"] is None else 0
            assert s["held_minor"] == sums[key] + sign * s["moved_minor"] + more
        sums[key] = s["held_minor"]
        assert 0 <= s["held_minor"] <= s["balance_minor"]
    last = {k: v for k, v in sums.items() if k[2] is not None and v}
    assert {(c, a, k): v for (a, k, c), v in last.items()} == held(traced)
    lines = traced.steps.group_by("step", "account", "currency", "side").agg(
        pl.sum("moved_minor"), pl.first("amount_minor")
    )
    assert (lines["moved_minor"] == lines["amount_minor"]).all()


@given(ledgers(), st.sampled_from(VALUE_RULES))
def test_lots_add_up_to_what_is_held(drawn, rule):
    graph, seeds, _ = drawn
    assume(seeds)
    traced = xb.trace(graph, seeds_table(seeds), rule=rule)
    lots = traced.lots
    left = lots.group_by("claim", "account", "currency").agg(pl.sum("left_minor"))
    kept = left.filter(pl.col("left_minor") > 0)
    assert {(c, a, str(k)): x for c, a, k, x in kept.iter_rows()} == held(traced)
    drawn_from = lots.drop_nulls("parent").group_by("parent").agg(gone=pl.sum("drawn_minor"))
    own = lots.join(drawn_from, left_on="lot", right_on="parent", how="left")
    gone = pl.col("gone").fill_null(0)
    assert own.filter(
        pl.col("amount_minor") != pl.col("ended_minor") + pl.col("left_minor") + gone
    ).is_empty()


def extremes(rows, seed, account):
    """Return the least and the most over all ways of tracing, by trying each."""
    found = set()

    def walk(i, balance, taint):
        if i == len(rows):
            found.add(taint.get(account, 0))
            return
        a, b, x = rows[i]
        own = taint.get(a, 0)
        total = max(balance.get(a, 0), x)
        lowest = max(0, x - (total - own))
        for d in range(lowest, min(own, x) + 1):
            after = {**balance, a: total - x}
            after[b] = after.get(b, 0) + x
            stained = {**taint, a: own - d}
            arrives = x if i == seed else d
            stained[b] = stained.get(b, 0) + arrives
            walk(i + 1, after, stained)

    walk(0, {}, {})
    return min(found), max(found)


PAYMENTS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(1, 3)),
    min_size=2,
    max_size=7,
)


@given(PAYMENTS)
def test_the_bounds_are_reached_by_some_way_of_tracing(rows):
    rows = [("v", "a", 4), *rows]
    bounds = xb.trace(path(*rows), [1]).bounds("a")
    table = {r["account"]: (r["low_minor"], r["high_minor"]) for r in bounds.iter_rows(named=True)}
    assert table.get("a", (0, 0)) == extremes(rows, 0, "a")


# -- where it is now ------------------------------------------------------------------------------


def test_survival_is_that_of_kaplan_and_meier():
    graph = path(("v", "a", 100), ("a", "b", 40), ("v", "a", 50), ("a", "b", 30))
    traced = xb.trace(graph, {"v": [1, 3]})
    rows = traced.survival.select("after_s", "at_risk_minor", "left_minor", "survival").rows()
    day = 86_400
    # 100 enter, 40 leave after a day, 30 after three; 50 enter later and are seen for a day
    assert rows == [
        (day, 150, 40, pytest.approx(110 / 150)),
        (3 * day, 60, 30, pytest.approx(110 / 150 / 2)),
    ]


def test_acting_now_saves_what_would_have_left():
    graph = path(("v", "a", 100), ("a", "b", 50), ("v", "a", 40))
    traced = xb.trace(graph, {"v": [1, 3]}, as_of=START + timedelta(days=2))
    worth = traced.worth_now(["24h"]).row(0, named=True)
    # of 140 seen, 50 left after a day; the 40 that just came have that before them
    assert worth["held_minor"] == 140
    aged = 50 + 50  # 50 in a, past their first day, and 50 in b, a day old
    assert worth["left_minor"] == aged + int(40 * (50 / 100))
    assert worth["acting_now_minor"] == 140 - worth["left_minor"]


def test_paths_are_told_with_their_transactions():
    graph = path(("v", "a", 100), ("a", "b", 60), ("b", "c", 60), ("a", "c", 10))
    paths = xb.trace(graph, [1]).paths()
    assert paths.select("amount_minor", "accounts", "transaction_ids").rows() == [
        (60, ["a", "b", "c"], [1, 2, 3]),
        (30, ["a"], [1]),
        (10, ["a", "c"], [1, 4]),
    ]
    assert paths["share"].to_list() == [0.6, 0.3, 0.1]


def test_places_are_those_of_the_transactions_where_no_table_tells_them():
    graph = xb.TransactionGraph(xb.example_ledger())
    traced = xb.trace(graph, [4])
    places = dict(traced.holdings.select("account", "jurisdiction").iter_rows())
    assert places == {"harbour": "EE", "quayside": "CY", "linden": "GB"}
    assert traced.paths()["jurisdictions"][0].to_list() == ["CY", "GB", "EE"]
    assert set(traced.by_jurisdiction()["jurisdiction"]) == {"EE", "CY", "GB"}
    reached = dict(traced.exposure.select("account", "jurisdiction").iter_rows())
    assert reached == places


def test_one_final_split():
    paid = {"Paul": 1000, "Michael": 1000, "Karen": 1000}
    assert xb.pari_passu(paid, 1000) == {"Paul": 334, "Michael": 333, "Karen": 333}
    with pytest.raises(xb.ParameterError, match="no more is left than was paid in"):
        xb.pari_passu(paid, 3001)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "more", "error", "told"),
    [
        ([], {}, xb.ParameterError, "there are no seeds"),
        ([99], {}, xb.DataError, "such as 99"),
        ("1", {}, xb.ParameterError, "is text"),
        ([1.5], {}, xb.ParameterError, "is no transaction_id"),
        ([1, 1], {}, xb.ParameterError, "more than once"),
        ([1], {"rule": "fifi"}, xb.ParameterError, "did you mean 'fifo'"),
        ([1], {"same_day": "never"}, xb.ParameterError, "credits_first"),
        ([1], {"as_of": "soon"}, xb.ParameterError, "no date or time"),
        ([2], {"as_of": "2024-01-01"}, xb.ParameterError, "lies after as_of"),
        ([1], {"sinks": "gold"}, xb.ParameterError, "no instrument"),
        ([1], {"opening_balances": {"z": 1}}, xb.ParameterError, "does not have"),
        ([1], {"opening_balances": {"a": -1}}, xb.DataError, "overdrawn"),
        ([1], {"opening_balances": {("a", "USD"): 1}}, xb.ParameterError, "the ledger has EUR"),
        ([1], {"opening_balances": {"a": 2**59}}, xb.CapacityError, "2\\*\\*59"),
        ([1], {"opening_balances": "most"}, xb.ParameterError, "'least'"),
    ],
)
def test_what_cannot_be_followed_is_refused(seeds, more, error, told):
    with pytest.raises(error, match=told):
        xb.trace(path(*POT), seeds, **more)


def test_a_claim_is_at_most_what_was_brought():
    table = pl.DataFrame({"transaction_id": [1], "amount_minor": [101]})
    with pytest.raises(xb.ParameterError, match=r"claim 101 minor units .* brought 100"):
        xb.trace(path(*POT), table)


def test_money_is_worth_what_was_known_at_the_end_of_the_trace():
    """A rate of a day after as_of was not known then."""
    dollars = {"sent_currency": "USD", "received_currency": "USD"}
    graph = graph_of(
        [
            {"originator": "v", "beneficiary": "a", "sent_minor": 100, "base_minor": 80, **dollars},
            {"originator": "x", "beneficiary": "y", "sent_minor": 100, "base_minor": 90, **dollars},
        ]
    )
    worth = {
        as_of: xb.trace(graph, [1], as_of=as_of).holdings["base_minor"].to_list()
        for as_of in ("2024-01-01", "2024-01-02", None)
    }
    assert worth == {"2024-01-01": [80], "2024-01-02": [90], None: [90]}


@settings(max_examples=40)
@given(ledgers(), st.sampled_from(VALUE_RULES), st.integers(0, 4))
def test_nothing_after_the_end_of_a_trace_bears_on_it(drawn, rule, days):
    graph, seeds, _ = drawn
    end = START + timedelta(days=days)
    known = graph.window(START, end)
    early = {tid: claims for tid, claims in seeds.items() if tid in known.transaction_ids}
    assume(early)
    then = xb.trace(graph, seeds_table(early), rule=rule, as_of=end)
    alone = xb.trace(known, seeds_table(early), rule=rule, as_of=end)
    for name in ("holdings", "flows", "lots", "steps", "minted", "exposure", "survival"):
        assert_frame_equal(getattr(then, name), getattr(alone, name))
    assert_frame_equal(then.paths(), alone.paths())
    assert_frame_equal(then.worth_now(), alone.worth_now())
