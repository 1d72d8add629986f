"""Scatter-gather beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from xborder_aml.detection import detect, find, matches
from xborder_aml.detectors.scatter_gather import DETECTOR, ScatterGather
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector, ledgers

LOW = {"window": "4h", "min_middles": 2, "min_borders": 0}
WIDE = {"min_carried": 0.0, "max_carried": 10.0, "min_retained": 0.0, "max_retained": 10.0}
TWO = ScatterGather(**LOW)
ANY = ScatterGather(**LOW, **WIDE)


def found(graph: TransactionGraph, spec: ScatterGather) -> list[list[int]]:
    """Return the transaction ids of each finding, pair by pair."""
    findings = detect(graph, spec)
    return [
        findings.evidence.filter(finding_id=one)["transaction_id"].to_list()
        for one in findings.findings["finding_id"]
    ]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    strict = ScatterGather(**LOW, **WIDE, strict_time=True)
    check_detector(DETECTOR, [TWO, strict, ANY], examples=12)


@given(tables=ledgers(4 * 3_600_000_000))
def test_findings_of_a_pair_share_no_transaction(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    used = []
    for match in matches(find(graph, DETECTOR, ANY, executor=1)):
        target = graph.edges.beneficiary[match.evidence[-1][0]]
        used += [(match.account, target, row) for row, _, _ in match.evidence]
    assert len(used) == len(set(used))


def test_each_middle_counts_with_its_first_payment_that_is_sent_on(ledger: Any) -> None:
    graph = ledger(
        (0, 0, 2, 70),  # not sent on
        (1, 0, 2, 50),
        (1, 0, 3, 50),
        (2, 2, 1, 20),  # sends nothing on
        (2, 3, 1, 50),
        (3, 2, 1, 50),
        (4, 2, 1, 50),  # is not needed
    )
    assert found(graph, TWO) == [[1, 5, 2, 4]]
    findings = detect(graph, TWO).findings
    assert findings["anchor"].to_list() == [1]
    assert findings["amount_in_minor"].to_list() == [100]
    assert findings["amount_out_minor"].to_list() == [100]


def test_window_with_most_middles_is_shown(ledger: Any) -> None:
    pairs = [(h, m) for h, m in ((0, 2), (3, 3), (4, 4), (5, 5))]
    payments = [p for h, m in pairs for p in ((h, 0, m, 50), (h + 1, m, 1, 50))]
    assert found(ledger(*payments), TWO) == [[2, 3, 4, 5, 6, 7]]


def test_far_windows_are_shown_each(ledger: Any) -> None:
    once = [(0, 0, 2, 50), (1, 0, 3, 50), (2, 2, 1, 50), (2, 3, 1, 50)]
    later = [(h + 4.5, a, b, money) for h, a, b, money in once]
    assert found(ledger(*once, *later), TWO) == [[0, 2, 1, 3], [4, 6, 5, 7]]


def test_time_order_may_tie_unless_it_is_strict(ledger: Any) -> None:
    graph = ledger((0, 0, 2, 50), (0, 0, 3, 50), (0, 2, 1, 50), (0, 3, 1, 50))
    assert found(graph, TWO) == [[0, 2, 1, 3]]
    assert found(graph, ScatterGather(**LOW, strict_time=True)) == []


def test_money_that_a_middle_keeps_is_none_that_passes(ledger: Any) -> None:
    graph = ledger((0, 0, 2, 50), (0, 0, 3, 50), (0, 0, 4, 50), (1, 2, 1, 50), (1, 3, 1, 50))
    assert found(graph, TWO) == [[0, 3, 1, 4]]
    assert found(graph, ScatterGather(**{**LOW, "min_middles": 3})) == []


def test_all_targets_of_a_source_are_found(ledger: Any) -> None:
    scatter = [(0, 0, 2, 50), (0, 0, 3, 50)]
    first, second = [(1, 2, 1, 50), (1, 3, 1, 50)], [(2, 2, 4, 50), (2, 3, 4, 50)]
    both = found(ledger(*scatter, *first, *second), TWO)
    assert sorted(both) == [[0, 2, 1, 3], [0, 4, 1, 5]]


def test_crowded_accounts_are_left_out_and_told(ledger: Any) -> None:
    legs = [(0, 0, 2, 50), (0, 0, 3, 50), (1, 2, 1, 50), (1, 3, 1, 50)]
    for extra in ((3, 0, 5, 9), (3, 2, 5, 9), (0, 5, 1, 9)):
        graph = ledger(*legs, extra)
        assert len(found(graph, ScatterGather(**LOW, max_degree=3))) == 1
        middle = extra[1] == 2
        cut = detect(graph, ScatterGather(**LOW, max_degree=1 if middle else 2))
        assert cut.findings.is_empty()
        assert f"a00{1 if extra[2] == 1 else extra[1]}" in cut.truncations["account"].to_list()
        assert cut.truncations["cap"].unique().to_list() == ["max_degree"]


def test_cap_is_no_part_of_the_identity(ledger: Any) -> None:
    graph = ledger((0, 0, 2, 50), (0, 0, 3, 50), (1, 2, 1, 50), (1, 3, 1, 50))
    ids = [
        detect(graph, ScatterGather(**LOW, max_degree=cap)).findings["finding_id"].to_list()
        for cap in (2, 200)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


def test_hub_is_cut_and_told_once_a_side(hub: Any) -> None:
    cuts = detect(hub, ScatterGather()).truncations
    assert cuts.select("account", "anchor", "work_left").rows() == [
        ("hub", 0, 100_000 - 200),
        ("hub", 1, 100_000 - 200),
    ]


def test_bounds_that_cross_are_refused() -> None:
    with pytest.raises(ParameterError, match="min_carried exceeds max_carried"):
        ScatterGather(min_carried=1.3)
    with pytest.raises(ParameterError, match="min_retained exceeds max_retained"):
        ScatterGather(min_retained=1.2)
    with pytest.raises(ParameterError, match="have one in common"):
        ScatterGather(max_carried=0.85)
    with pytest.raises(ParameterError, match="must be at least 2"):
        ScatterGather(min_middles=1)
