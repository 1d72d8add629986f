"""`refer` of a trace: sums that are exact, money that is counted once, figures that recompute."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.errors import ParameterError
from xborder_aml.exchange.figures import Evidence, wrong_figures
from xborder_aml.graph import TransactionGraph
from xborder_aml.referral import Band, Referral, ReferralSettings
from xborder_aml.referral.completeness import TEMPLATES
from xborder_aml.referral.figures import figures_of
from xborder_aml.referral.retrace import evidence_rows
from xborder_aml.referral.tables import STEPS, TABLES
from xborder_aml.schema import ACCOUNTS, EVIDENCE, TRANSACTIONS

START = datetime(2024, 1, 1, tzinfo=UTC)
PLACES = ("EE", "LV", "US", None)


def graph_of(hops: list[tuple[str, str, int]], **columns: Any) -> TransactionGraph:
    """Return the graph of one payment a day; an account's first letter is its jurisdiction's."""
    place = {"e": "EE", "l": "LV", "u": "US"}
    frame = pl.DataFrame(
        [
            {
                "transaction_id": i, "executed_at": START + timedelta(days=i), "originator": a,
                "beneficiary": b, "sent_minor": x, "sent_currency": "EUR", "received_minor": x,
                "received_currency": "EUR", "base_minor": x, "base_currency": "EUR",
                "originator_jurisdiction": place.get(a[0]), "instrument": "wire",
                "beneficiary_jurisdiction": place.get(b[0]),
            } | {name: values[i - 1] for name, values in columns.items()}
            for i, (a, b, x) in enumerate(hops, start=1)
        ]
    )  # fmt: skip
    accounts = sorted({name for a, b, _ in hops for name in (a, b)})
    known = ACCOUNTS.conform(
        pl.DataFrame({"account": accounts, "jurisdiction": [place.get(a[0]) for a in accounts]})
    )
    frame = frame.cast({"executed_at": pl.Datetime("us", "UTC")})
    return TransactionGraph(TRANSACTIONS.conform(frame), known)


@pytest.fixture(scope="module")
def referral() -> Referral:
    graph = graph_of(
        [
            ("e-victim", "e-mule", 100_000_00), ("e-mule", "l-shell", 60_000_00),
            ("l-shell", "u-bank", 20_000_00), ("e-shop", "l-shell", 5_000_00),
            ("l-shell", "cash", 1_000_00), ("e-mule", "?-lost", 10_000_00),
        ],
        instrument=["wire"] * 4 + ["cash", "wire"],
    )  # fmt: skip
    traced = xb.trace(graph, {"victim": [1]}, rule="fifo")
    return xb.refer(
        traced, requesting="EE", predicate="fraud", facts={"authority": "Office"},
        settings=ReferralSettings(minimum_minor=0, cost_minor=500),
    )  # fmt: skip


def test_tables_are_as_declared(referral):
    for table in TABLES:
        frame = getattr(referral, table.name)
        assert frame.schema == pl.Schema(table.dtypes), table.name
        assert frame.height, table.name


def test_each_step_adds_to_the_one_before(referral):
    for _, steps in referral.waterfall.group_by("case", "scope"):
        assert steps["step"].to_list() == list(STEPS)
        assert steps["change_minor"].cum_sum().to_list() == steps["value_minor"].to_list()
    whole = referral.waterfall.filter(pl.col("scope") == "all")
    levels = dict(whole.drop_nulls("level").select("level", "value_minor").iter_rows())
    assert levels["seed value"] == 100_000_00
    assert levels["traced here"] == 99_000_00  # 1,000.00 left by cash
    assert levels["expected recoverable value"] == referral.requests["expected_minor"].sum()


def test_where_the_money_is_and_what_is_proposed(referral):
    told = {r["jurisdiction"]: r for r in referral.requests.iter_rows(named=True)}
    assert told["EE"]["traced_minor"] == 30_000_00
    assert told["LV"]["traced_minor"] == 39_000_00
    assert told["US"]["traced_minor"] == 20_000_00
    assert told[None]["decision"] == "ENRICH"
    assert "NOT_LOCATED" in told[None]["reason_codes"]
    assert told["LV"]["decision"] == "REFER"
    assert told["US"]["decision"] == "REFER_URGENT"  # it came in 72 hours before
    assert told["EE"]["availability"] == "domestic"


@st.composite
def cases(draw: Any) -> tuple[TransactionGraph, dict[str, list[int]], ReferralSettings]:
    """Draw a ledger, claims on it, and settings."""
    accounts = st.sampled_from(["e1", "e2", "l1", "l2", "u1", "?1"])
    n = draw(st.integers(1, 10))
    hops = [(draw(accounts), draw(accounts), draw(st.integers(1, 10**9))) for _ in range(n)]
    kinds = [draw(st.sampled_from(["wire", "wire", "cash"])) for _ in range(n)]
    money = st.sampled_from(["EUR", "EUR", "USD"])
    sent, received = ([draw(money) for _ in range(n)] for _ in range(2))
    graph = graph_of(hops, instrument=kinds, sent_currency=sent, received_currency=received)
    ids = draw(st.lists(st.integers(1, n), min_size=1, max_size=3, unique=True))
    claims = {f"claim {i}": [i] for i in ids}
    chosen = ReferralSettings(
        cost_minor=draw(st.integers(0, 10**6)),
        evidence=Band(0.1, draw(st.sampled_from([0.1, 0.333333, 0.9])), 0.9),
    )
    return graph, claims, chosen


@given(cases(), st.sampled_from(["fifo", "pro_rata", "taint_first"]), st.integers(0, 9))
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate], deadline=None)
def test_sums_are_exact_and_count_nothing_twice(case, rule, later):
    graph, claims, chosen = case
    last_seed = max(i for ids in claims.values() for i in ids)
    traced = xb.trace(graph, claims, rule=rule, as_of=START + timedelta(days=last_seed + later))
    referral = xb.refer(traced, requesting="EE", settings=chosen)
    for _, steps in referral.waterfall.group_by("case", "scope"):
        assert steps["change_minor"].cum_sum().to_list() == steps["value_minor"].to_list()
    assert not referral.recovery["account"].is_duplicated().any()
    assert not referral.cases["claim"].is_duplicated().any()
    assert referral.recovery["traced_minor"].sum() == traced.holdings["base_minor"].sum()
    seeded = referral.waterfall.filter(pl.col("scope") == "all", pl.col("step") == "seeded")
    claimed = graph.column("base_minor").gather(graph.rows_of([i for [i] in claims.values()]))
    assert seeded["value_minor"].sum() == claimed.sum()  # over the cases, each claim once
    last = referral.waterfall.filter(pl.col("scope") == "all", pl.col("step") == "cost")
    assert last["value_minor"].sum() == referral.requests["expected_minor"].sum()
    for row in referral.recovery.iter_rows(named=True):
        down = [row[f"{x}_minor"] for x in ("traced", "present", "surviving", "reachable",
                                            "weighted")]  # fmt: skip
        assert down == sorted(down, reverse=True)
        assert down[-1] >= 0
    for row in referral.sensitivity.iter_rows(named=True):
        assert row["least_minor"] <= row["expected_minor"] <= row["most_minor"]
    for name in referral.names:
        one = referral.of_case(name)
        figures = json.loads(json.dumps(figures_of(one)))
        assert wrong_figures(figures, Evidence(evidence_rows(traced))) == []


def test_cases_that_share_an_account_are_one():
    graph = graph_of([
        ("e1", "l1", 100), ("e2", "l2", 100), ("l1", "u1", 50), ("l2", "u1", 50), ("e3", "l3", 9),
    ])  # fmt: skip
    traced = xb.trace(graph, {"a": [1], "b": [2], "c": [5]})
    referral = xb.refer(traced, requesting="EE")
    assert dict(referral.cases.iter_rows()) == {"a": "a", "b": "a", "c": "c"}
    shared = referral.recovery.filter(pl.col("account") == "u1")
    assert shared["traced_minor"].to_list() == [100]
    assert referral.recovery["traced_minor"].sum() == 209


def test_a_finding_joins_claims_that_no_account_does():
    graph = graph_of([("e1", "l1", 100), ("l1", "l2", 90), ("e2", "l3", 100), ("l3", "l4", 90)])
    traced = xb.trace(graph, {"a": [1], "b": [3]})
    assert xb.refer(traced, requesting="EE").cases["case"].to_list() == ["a", "b"]
    rows = {"finding_id": ["f", "f"], "transaction_id": [2, 4]}
    evidence = pl.concat([EVIDENCE.empty(), pl.DataFrame(rows)], how="diagonal")
    found = xb.Findings(evidence=evidence)
    assert xb.refer(traced, found, requesting="EE").cases["case"].to_list() == ["a", "a"]


def test_tampered_figures_and_lost_transactions_are_caught(referral):
    figures, rows = figures_of(referral), evidence_rows(referral.traced)
    assert wrong_figures(figures, Evidence(rows)) == []
    for i in range(0, len(figures), 41):
        told = figures[i]["value"]
        changed = f"{told}x" if isinstance(told, str) else told + 1
        wrong = [*figures[:i], figures[i] | {"value": changed}, *figures[i + 1 :]]
        (problem,) = wrong_figures(wrong, Evidence(rows))
        assert f"figure {figures[i]['figure']!r} says {changed}" in problem
    gone = wrong_figures(figures, Evidence(rows.filter(pl.col("transaction_id") != 2)))
    assert "transaction 2 is not in the evidence" in " ".join(gone)
    other = rows.with_columns(base_minor=pl.col("base_minor") + 1)
    assert wrong_figures(figures, Evidence(other))


def test_what_fills_a_template(referral):
    rows = referral.completeness.filter(pl.col("jurisdiction") == "LV")
    assert rows.height == sum(map(len, TEMPLATES.values()))
    state = {(r["template"], r["asks"]): r["state"] for r in rows.iter_rows(named=True)}
    assert state["UNCAC art. 46(15)", "identity of the authority making the request"] == "filled"
    confiscation = "UNCAC art. 55(3)"
    there = "for an order made there: its location, as far as possible"
    here = "for an order made here: the order, in an admissible copy"
    assert (state[confiscation, there], state[confiscation, here]) == ("filled", "missing")
    assert state["FBI financial fraud kill chain", "within 72 hours"] == "contradicted"
    home = referral.completeness.filter(pl.col("jurisdiction") == "EE")
    border = home.filter(pl.col("asks") == "an international transfer")
    assert border["state"].to_list() == ["contradicted"]


def test_the_transfer_of_a_kill_chain_is_the_seed_and_not_what_came_of_it():
    graph = graph_of([("e1", "l1", 100_000_00), ("l1", "u1", 40_000_00)])
    referral = xb.refer(xb.trace(graph, [1]), requesting="EE")
    chain = referral.completeness.filter(
        pl.col("template") == "FBI financial fraud kill chain", pl.col("jurisdiction") == "US"
    )
    told = {row["asks"]: (row["state"], row["has"]) for row in chain.iter_rows(named=True)}
    assert told["date of the transfer"] == ("filled", "2024-01-02")
    assert told["amount of the transfer"] == ("filled", "100,000.00 EUR")
    assert told["originating account"] == ("filled", "e1")
    assert told["beneficiary account"] == ("filled", "l1")
    assert told["an international transfer"] == ("filled", "Estonia to Latvia")


def test_what_speaks_against_it_is_told():
    graph = graph_of([("e1", "l1", 100), ("l1", "u1", 300), ("u1", "?1", 10)])
    referral = xb.refer(xb.trace(graph, [1]), requesting="EE")
    codes = referral.counter_evidence["code"].to_list()
    assert "MOSTLY_CLEAN" in codes
    assert "EDGE_OF_LEDGER" in codes
    ids = referral.requests["reason_codes"].explode()
    assert "EDGE_OF_LEDGER" in ids


def test_a_known_balance_caps_what_is_still_present():
    graph = graph_of([("e1", "l1", 100), ("l1", "u1", 40)])
    later = START + timedelta(days=9)
    accounts = graph.accounts.with_columns(
        balance_minor=pl.when(pl.col("account") == "l1").then(25).cast(pl.Int64),
        balance_at=pl.when(pl.col("account") == "l1").then(pl.lit(later)).cast(
            pl.Datetime("us", "UTC")),
    )  # fmt: skip
    known = TransactionGraph(graph.transactions, accounts)
    rows = xb.refer(xb.trace(known, [1]), requesting="EE").recovery
    held = {r["account"]: (r["traced_minor"], r["present_minor"]) for r in rows.to_dicts()}
    assert held == {"l1": (60, 25), "u1": (40, 40)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"requesting": "XX"}, "is not an ISO 3166-1"),
        ({}, "requesting is missing"),
        ({"requesting": "EE", "facts": {"autority": "x"}}, "did you mean 'authority'"),
        ({"requesting": "EE", "facts": {"authority": 3}}, "write it as text"),
        ({"requesting": "EE", "top": 3}, "belong to scores"),
        ({"requesting": "EE", "as_of": "soon"}, "is not a date"),
    ],
)
def test_what_cannot_be_asked(options, words):
    traced = xb.trace(graph_of([("e1", "l1", 100)]), [1])
    with pytest.raises(ParameterError, match=words):
        xb.refer(traced, **options)


def test_poison_attributes_nothing_to_ask_for():
    traced = xb.trace(graph_of([("e1", "l1", 100)]), [1], rule="poison")
    with pytest.raises(ParameterError, match="poison attributes no value"):
        xb.refer(traced, requesting="EE")
