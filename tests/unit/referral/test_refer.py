"""`refer`: who is proposed, with what money, places and rows, and what could be known when."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.referral import REASON_CODES
from xborder_aml.schema import REFERRALS


@pytest.fixture(scope="module")
def graph() -> TransactionGraph:
    return TransactionGraph(xb.example_ledger())


@pytest.fixture(scope="module")
def findings(graph: TransactionGraph) -> Findings:
    return xb.detect(graph, [xb.RoundTrip(), xb.LayeringChain()])


@pytest.fixture(scope="module")
def scores(graph: TransactionGraph, findings: Findings) -> pl.DataFrame:
    """Scores with all accounts above nothing, in the order of their names."""
    made = xb.EvidenceScorer(n_permutations=3).score(graph, findings).sort("account")
    ranks = pl.Series("rank", range(1, made.height + 1), pl.Int64)
    return made.with_columns(ranks, score=10.0 - ranks.cast(pl.Float64), p_value=pl.lit(0.01))


def test_every_scored_account_is_proposed_with_its_evidence(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame
) -> None:
    table = xb.refer(scores, findings, graph)
    assert table.schema == pl.Schema(REFERRALS.dtypes)
    assert table["account"].to_list() == ["harbour", "linden", "orchard", "quayside"]
    assert table["rank"].to_list() == [1, 2, 3, 4]
    first = table.row(0, named=True)
    assert first["transaction_ids"] == [1, 3, 6]
    assert first["at_stake_minor"] == 9_700_000 + 5_820_000  # in; 10,000,000 went out
    assert first["corridors"] == ["EE>GB", "CY>EE", "GB>EE"]
    assert first["jurisdictions"] == ["EE", "GB", "CY"]
    assert sorted(first["finding_ids"]) == sorted(findings.findings["finding_id"])


def test_money_at_stake_can_be_recomputed_from_the_rows_beside_it(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame
) -> None:
    for row in xb.refer(scores, findings, graph).iter_rows(named=True):
        own = graph.transactions.filter(pl.col("transaction_id").is_in(row["transaction_ids"]))
        sent = own.filter(pl.col("originator") == row["account"])["base_minor"].sum()
        received = own.filter(pl.col("beneficiary") == row["account"])["base_minor"].sum()
        assert row["at_stake_minor"] == max(sent, received)
        assert (row["first_at"], row["last_at"]) == (
            own["executed_at"].min(),
            own["executed_at"].max(),
        )


@pytest.mark.parametrize("as_of", ["2026-03-09", date(2026, 3, 9)])
def test_what_ends_later_could_not_be_known(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame, as_of: Any
) -> None:
    table = xb.refer(scores, findings, graph, as_of=as_of)
    assert table["account"].to_list() == ["harbour", "linden", "quayside"]
    assert table["transaction_ids"].explode().max() == 3
    assert xb.refer(scores, findings, graph, as_of="2026-03-08").is_empty()


def test_codes_are_known_and_follow_the_evidence(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame
) -> None:
    table = xb.refer(scores, findings, graph, requesting="CY")
    general = {"CROSS_BORDER", "MANY_CORRIDORS", "REQUESTING_STATE"}
    codes = dict(zip(table["account"], table["reason_codes"], strict=True))
    assert general <= set(codes["harbour"]) <= {*REASON_CODES, "ROUND_TRIP", "LAYERING_CHAIN"}
    assert "REQUESTING_STATE" not in xb.refer(scores, findings, graph)["reason_codes"].explode()
    other = xb.refer(scores, findings, graph, requesting="FR")
    assert "REQUESTING_STATE" not in other["reason_codes"].explode()


def test_evidence_without_a_base_amount_says_so(scores: pl.DataFrame) -> None:
    half = xb.example_ledger().with_columns(
        base_minor=pl.when(pl.col("transaction_id") == 1).then(None).otherwise("base_minor")
    )
    graph = TransactionGraph(half)
    found = xb.detect(graph, xb.RoundTrip())
    made = xb.EvidenceScorer(n_permutations=3).score(graph, found)
    table = xb.refer(made.with_columns(score=pl.lit(1.0), p_value=pl.lit(0.01)), found, graph)
    codes = dict(zip(table["account"], table["reason_codes"], strict=True))
    assert "NO_BASE_AMOUNT" in codes["harbour"]
    assert "NO_BASE_AMOUNT" not in codes["quayside"]


def test_top_cuts_and_nothing_found_proposes_nothing(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame
) -> None:
    assert xb.refer(scores, findings, graph, top=2)["account"].to_list() == ["harbour", "linden"]
    none = xb.refer(scores, Findings(), graph)
    assert none.schema == pl.Schema(REFERRALS.dtypes)
    assert none.is_empty()
    assert xb.refer(scores.with_columns(score=pl.lit(0.0)), findings, graph).is_empty()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"requesting": "UK"}, r"requesting='UK' is not an ISO 3166-1 alpha-2 code"),
        ({"as_of": "31.01.2015"}, r"as_of='31.01.2015' is not a date like 2015-01-31"),
        ({"top": 0}, r"top=0 must be at least 1"),
    ],
)
def test_wrong_parameters_are_named(
    graph: TransactionGraph,
    findings: Findings,
    scores: pl.DataFrame,
    wrong: dict[str, Any],
    told: str,
) -> None:
    with pytest.raises(xb.ParameterError, match=told):
        xb.refer(scores, findings, graph, **wrong)


def test_accounts_that_chance_shows_too_are_not_proposed(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame
) -> None:
    few = scores.with_columns(p_value=pl.when(pl.col("rank") == 1).then(0.05).otherwise(0.051))
    assert xb.refer(few, findings, graph)["account"].to_list() == ["harbour"]
    assert xb.refer(few, findings, graph, max_p_value=0.051).height == scores.height
    with pytest.raises(xb.ParameterError, match="max_p_value=2 must lie between 0 and 1"):
        xb.refer(scores, findings, graph, max_p_value=2)
