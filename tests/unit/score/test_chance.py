"""Chance rates: known answers, what they depend on, and that scores read the same null."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import NULL_MONEY
from xborder_aml.score.chance import chance_rates

SPECS = [
    xb.RoundTrip(window="2h", max_hops=4),
    xb.FanIn(window="12h", min_counterparties=2, min_borders=0),
]
money = st.lists(st.tuples(st.integers(2, 3), st.integers(0, 5)), max_size=8)


@pytest.fixture(scope="module")
def graph(noisy: pl.DataFrame) -> TransactionGraph:
    return TransactionGraph(noisy)


@pytest.fixture(scope="module")
def chance(graph: TransactionGraph) -> xb.score.Chance:
    return xb.against_chance(graph, xb.detect(graph, SPECS))


@given(money, st.lists(money, min_size=1, max_size=4))
def test_a_rate_counts_findings_as_large_here_and_on_dealt_ledgers(
    here: list[tuple[int, int]], there: list[list[tuple[int, int]]]
) -> None:
    def as_array(rows: list[tuple[int, int]]) -> np.ndarray:
        return np.array(rows, np.int64).reshape(-1, 2)

    got = chance_rates(as_array(here), [as_array(t) for t in there])
    for (hops, amount), rate in zip(here, got, strict=True):
        like = [sum(h == hops and m >= amount for h, m in rows) for rows in (here, *there)]
        assert rate == float(min(1, Fraction(sum(like), len(like) * like[0])))


def test_a_planted_circle_is_rarer_than_chance(
    graph: TransactionGraph, chance: xb.score.Chance
) -> None:
    found = chance.findings.of("round_trip").findings.sort("amount_in_minor", descending=True)
    assert found["chance_rate"][0] == 0.1  # the least that nine permutations can tell
    assert chance.findings.findings["chance_rate"].is_between(0.1, 1).all()
    fans = chance.findings.of("fan_in").findings
    assert fans.height > 20
    assert fans["chance_rate"].median() > 0.5  # the noise has no order to lose


def test_scores_are_those_of_the_same_null(
    graph: TransactionGraph, chance: xb.score.Chance
) -> None:
    alone = xb.EvidenceScorer().score(graph, chance.findings)
    assert xb.EvidenceScorer().score(graph, chance.findings, chance.null).equals(alone)
    assert chance.null.schema == pl.Schema(NULL_MONEY.dtypes)
    with pytest.raises(xb.DataError, match="more permutations than 5; take the one"):
        xb.EvidenceScorer(5).score(graph, chance.findings, chance.null)


def test_only_the_seed_changes_it(graph: TransactionGraph, chance: xb.score.Chance) -> None:
    found = xb.detect(graph, SPECS)
    again = xb.against_chance(graph, found, executor=3)
    assert again.findings.equals(chance.findings)
    assert again.null.equals(chance.null)
    other = xb.against_chance(graph, found, seed=1)
    assert not other.null.equals(chance.null)


def test_wrong_numbers_are_told(graph: TransactionGraph) -> None:
    found = xb.Findings()
    with pytest.raises(xb.ParameterError, match="n_permutations=0 must be at least 1"):
        xb.against_chance(graph, found, n_permutations=0)
    with pytest.raises(xb.ParameterError, match="seed=-1 must not be negative"):
        xb.against_chance(graph, found, seed=-1)
    nothing = xb.against_chance(graph, found)
    assert nothing.findings.equals(found)
    assert nothing.null.is_empty()


def test_findings_of_another_graph_are_refused(
    graph: TransactionGraph, chance: xb.score.Chance
) -> None:
    small = graph.among(graph.account_names[:4].to_list())
    with pytest.raises(xb.DataError, match="transaction ids are not in the graph"):
        xb.against_chance(small, chance.findings)
