"""The evidence scorer: known answers, and answers that must not depend on how it was run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import ACCOUNT_SCORES, TRANSACTIONS
from xborder_aml.score.significance import against_null, harmonic_mean_p, strata_of

SPEC = xb.RoundTrip(window="2h", max_hops=4)
CIRCLE = ["n00", "n01", "n02"]


@pytest.fixture(scope="module")
def graph(noisy: pl.DataFrame) -> TransactionGraph:
    return TransactionGraph(noisy)


@pytest.fixture(scope="module")
def findings(graph: TransactionGraph) -> Findings:
    return xb.detect(graph, SPEC)


@pytest.fixture(scope="module")
def scores(graph: TransactionGraph, findings: Findings) -> pl.DataFrame:
    return xb.EvidenceScorer().score(graph, findings)


# -- known answers ------------------------------------------------------------------------------


def test_a_planted_circle_comes_first_with_the_least_p_that_can_be_resolved(
    graph: TransactionGraph, scores: pl.DataFrame
) -> None:
    top = scores.head(3)
    assert sorted(top["account"]) == CIRCLE
    floor = 1 / (1 + graph.n_accounts * 9)  # one stratum of 80 accounts, nine permutations
    assert top["p_value"].to_list() == [floor] * 3
    assert top["weight"].to_list() == [round(-math.log10(floor), 6)] * 3
    assert scores["p_value"].min() == floor


def test_score_is_weight_times_the_magnitude_of_the_excess(scores: pl.DataFrame) -> None:
    for row in scores.iter_rows(named=True):
        wanted = -math.log10(row["p_value"]) * math.log10(1 + row["evidence_minor"] / 100)
        assert row["score"] == pytest.approx(
            wanted, abs=2e-2 if row["evidence_minor"] < 100 else 1e-4
        )


def test_an_account_without_findings_scores_nothing(
    scores: pl.DataFrame, findings: Findings
) -> None:
    found = findings.findings["accounts"].explode().unique()
    silent = scores.filter(~pl.col("account").is_in(found.implode()))
    assert silent.height > 0
    assert silent["p_value"].unique().to_list() == [1.0]
    assert silent["score"].unique().to_list() == [0.0]
    assert silent["role"].null_count() == silent.height
    assert silent["reasons"].list.len().sum() == 0


def test_every_account_of_the_ledger_has_one_row_and_its_own_sums(
    graph: TransactionGraph, scores: pl.DataFrame
) -> None:
    assert scores.schema == pl.Schema(ACCOUNT_SCORES.dtypes)
    assert sorted(scores["account"]) == graph.account_names.to_list()
    assert scores["rank"].to_list() == list(range(1, graph.n_accounts + 1))
    table = graph.transactions
    for row in scores.head(5).iter_rows(named=True):
        sent = table.filter(pl.col("originator") == row["account"])
        received = table.filter(pl.col("beneficiary") == row["account"])
        assert row["sent_minor"] == sent["base_minor"].sum()
        assert row["received_minor"] == received["base_minor"].sum()
        assert row["n_transactions"] == sent.height + received.height


def test_reasons_name_the_pattern_and_its_money(scores: pl.DataFrame, findings: Findings) -> None:
    row = scores.row(0, named=True)
    assert row["patterns"] == ["round_trip"]
    assert row["reasons"][0].startswith("round_trip: 1 finding, EUR 1,800,000 ")  # in and out
    about = findings.findings.filter(pl.col("accounts").list.contains(row["account"]))
    assert sorted(row["finding_ids"]) == sorted(about["finding_id"])


# -- the same, however it is run ----------------------------------------------------------------


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_nothing(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame, threads: int
) -> None:
    assert xb.EvidenceScorer().score(graph, findings, executor=threads).equals(scores)


def test_row_order_changes_nothing(noisy: pl.DataFrame, scores: pl.DataFrame) -> None:
    other = TransactionGraph(noisy.sample(fraction=1, shuffle=True, seed=8))
    assert xb.EvidenceScorer().score(other, xb.detect(other, SPEC)).equals(scores)


def test_another_seed_deals_other_ledgers(
    graph: TransactionGraph, findings: Findings, scores: pl.DataFrame
) -> None:
    other = xb.EvidenceScorer(seed=1).score(graph, findings)
    assert not other.equals(scores)
    assert sorted(other.head(3)["account"]) == CIRCLE


def test_more_permutations_resolve_more(graph: TransactionGraph, findings: Findings) -> None:
    told: list[Any] = []
    scores = xb.EvidenceScorer(n_permutations=19).score(
        graph, findings, progress=lambda *a: told.append(a)
    )
    assert scores["p_value"].min() == 1 / (1 + graph.n_accounts * 19)
    assert told == [("null", i + 1, 19) for i in range(19)]


# -- degenerate ---------------------------------------------------------------------------------


def test_no_findings_and_no_patterns_score_nothing(graph: TransactionGraph) -> None:
    for nothing in (Findings(), xb.detect(graph, xb.FanIn(min_counterparties=999))):
        scores = xb.EvidenceScorer(n_permutations=3).score(graph, nothing)
        assert scores["score"].unique().to_list() == [0.0]
        assert scores["account"].to_list() == graph.account_names.to_list()


def test_an_empty_ledger_has_no_scores() -> None:
    empty = TransactionGraph(TRANSACTIONS.empty())
    scores = xb.EvidenceScorer().score(empty, xb.detect(empty))
    assert scores.is_empty()
    assert xb.refer(scores, xb.detect(empty), empty).is_empty()


def test_without_base_amounts_nothing_can_be_weighed_but_all_is_shown(noisy: pl.DataFrame) -> None:
    graph = TransactionGraph(noisy.with_columns(base_minor=pl.lit(None, pl.Int64)))
    found = xb.detect(graph, SPEC)
    assert len(found) > 0
    assert found.evidence["amount_minor"].null_count() == found.evidence.height
    scores = xb.EvidenceScorer(n_permutations=3).score(graph, found)
    assert scores["score"].unique().to_list() == [0.0]
    assert scores["n_findings"].sum() == found.findings["n_accounts"].sum()


def test_money_of_zero_is_money(noisy: pl.DataFrame) -> None:
    zero = noisy.with_columns(pl.lit(0, pl.Int64).alias(c) for c in ("sent_minor", "base_minor"))
    graph = TransactionGraph(zero)
    scores = xb.EvidenceScorer(n_permutations=3).score(graph, xb.detect(graph, SPEC))
    assert scores["score"].unique().to_list() == [0.0]


def test_findings_of_another_graph_are_refused(graph: TransactionGraph, findings: Findings) -> None:
    view = graph.window("1970-02-01", "1970-03-01")
    with pytest.raises(xb.DataError, match="transaction ids are not in the graph, such as"):
        xb.EvidenceScorer().score(view, findings)


# -- parts --------------------------------------------------------------------------------------


def test_harmonic_mean_by_hand() -> None:
    got = harmonic_mean_p(np.array([[0.01, 1.0, 0.5], [1.0, 1.0, 0.5]]))
    assert got.tolist() == pytest.approx([2 / 101, 1.0, 0.5])
    assert harmonic_mean_p(np.ones((0, 3))).tolist() == [1.0] * 3


def test_the_harmonic_mean_promises_no_more_too_much_than_the_page_says() -> None:
    uniform = np.random.default_rng(0).random((18, 200_000))
    for level, reached in ((0.05, 0.067), (0.01, 0.011)):
        assert np.mean(harmonic_mean_p(uniform) <= level) == pytest.approx(reached, abs=6e-4)
    assert np.e * np.log(18) == pytest.approx(7.9, abs=0.05)


def test_the_least_times_their_number_bounds_the_harmonic_mean() -> None:
    p = np.random.default_rng(1).random((18, 1_000)) ** 3
    assert (harmonic_mean_p(p) <= np.minimum(1, 18 * p.min(axis=0)) + 1e-12).all()


def test_p_counts_the_null_that_reaches_it_by_hand() -> None:
    """Alike accounts whose null never varies: only the one above its null stands out."""
    v = 60
    money = np.full(v, 10.0)
    money[0] = 20.0
    null = np.full((4, v), 10.0)
    p, expected = against_null(money, null, np.full(v, 100.0), np.zeros(v, np.int64))
    assert expected.tolist() == pytest.approx([10.0] * v)
    assert p[0] == 1 / (1 + 4 * v)
    assert p[1:].min() > 0.5
    p, _ = against_null(np.zeros(v), null, np.full(v, 100.0), np.zeros(v, np.int64))
    assert p.tolist() == [1.0] * v


def star(n_quiet: int, n_busy: int) -> TransactionGraph:
    """Quiet accounts with one payment each, busy ones with about as many as there are quiet."""
    frame = TRANSACTIONS.empty().schema
    src = [f"q{i:03d}" for i in range(n_quiet) for _ in range(1)] + [
        f"b{i:03d}" for i in range(n_busy) for _ in range(8)
    ]
    dst = ["hub"] * len(src)
    n = len(src)
    table = pl.DataFrame(
        {
            "transaction_id": range(n),
            "executed_at": pl.Series(range(n), dtype=pl.Int64).cast(frame["executed_at"]),
            "originator": src,
            "beneficiary": dst,
            "sent_minor": [1] * n,
            "sent_currency": ["EUR"] * n,
            "received_minor": [1] * n,
            "received_currency": ["EUR"] * n,
            "base_minor": [1] * n,
            "base_currency": ["EUR"] * n,
        }
    )
    return TransactionGraph(table)


@pytest.mark.parametrize(
    ("n_quiet", "n_busy", "sizes"),
    [(60, 60, [60, 61]), (60, 10, [71]), (10, 60, [71]), (3, 3, [7]), (49, 50, [100])],
)
def test_strata_too_small_join_others(n_quiet: int, n_busy: int, sizes: list[int]) -> None:
    strata = strata_of(star(n_quiet, n_busy))
    assert sorted(np.unique(strata, return_counts=True)[1].tolist()) == sizes


@pytest.mark.parametrize("wrong", [{"n_permutations": 2}, {"n_permutations": 0}, {"seed": -1}])
def test_wrong_parameters_are_named(wrong: dict[str, int]) -> None:
    name, value = next(iter(wrong.items()))
    with pytest.raises(xb.ParameterError, match=f"{name}={value} must"):
        xb.EvidenceScorer(**wrong)


def test_a_path_with_a_returned_payment_weighs_nothing(noisy: pl.DataFrame) -> None:
    graph = TransactionGraph(noisy)
    found = xb.detect(graph, SPEC)
    mine = found.findings.filter(
        pl.col("accounts").list.set_symmetric_difference(CIRCLE).list.len() == 0
    )["finding_id"]
    legs = found.transactions_of(mine[0], graph)["transaction_id"].to_list()
    back = noisy.with_columns(
        reverses=pl.when(pl.col("transaction_id") == legs[1]).then(pl.lit(legs[0], pl.Int64))
    )
    again = TransactionGraph(back)
    scores = xb.EvidenceScorer().score(again, xb.detect(again, SPEC))
    circle = scores.filter(pl.col("account").is_in(CIRCLE))
    assert circle["evidence_minor"].max() == 0
    assert all("in standing payments and returns" in r[0] for r in circle["reasons"])
    assert circle["n_findings"].min() >= 1  # a finding stays a fact
