"""Split match beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import pytest

from xborder_aml.detection import detect
from xborder_aml.detectors.split_match import DETECTOR, SplitMatch
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector

LOW: dict[str, Any] = {"window": "4h", "min_parts": 2, "min_borders": 0}
ANY = SplitMatch(**LOW, max_chance=1.0)


def found(graph: TransactionGraph, spec: SplitMatch = ANY) -> list[list[int]]:
    """Return the transaction ids of each finding, what came in first."""
    findings = detect(graph, spec)
    assert findings.equals(detect(graph, spec, engine="reference"))
    ids = findings.findings["finding_id"]
    return [findings.evidence.filter(finding_id=i)["transaction_id"].to_list() for i in ids]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    strict = SplitMatch(**LOW, max_chance=1.0, strict_time=True, max_free=3)
    wide = SplitMatch(**LOW, max_chance=0.3, min_retained=0.9, max_retained=1.1, max_candidates=4)
    check_detector(DETECTOR, [ANY, strict, wide], examples=25)


def test_chance_is_the_share_of_other_wholes_that_would_match(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 0, 2, 20), (1, 0, 3, 30), (1, 0, 4, 50))
    findings = detect(graph, SplitMatch(window="4h")).findings
    # of 5000, 5015, ... basis points those from 10000 to 10101: 10010, 10025, ... 10100
    assert findings["measure"].to_list() == [0.007]
    assert findings["n_transactions"].to_list() == [4]


def test_many_out_of_one_and_one_out_of_many(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 0, 2, 40), (1, 0, 3, 60))
    assert found(graph) == [[0, 1, 2]]
    graph = ledger((0, 1, 0, 40), (1, 2, 0, 60), (1, 0, 3, 100))
    assert found(graph) == [[0, 1, 2]]
    assert detect(graph, ANY).findings["anchor"].to_list() == [0]


def test_fee_is_kept_by_the_account_and_never_given(ledger: Any) -> None:
    assert found(ledger((0, 1, 0, 1000), (1, 0, 2, 490), (1, 0, 3, 500))) == [[0, 1, 2]]
    assert found(ledger((0, 1, 0, 1000), (1, 0, 2, 490), (1, 0, 3, 499))) == []
    assert found(ledger((0, 1, 0, 1000), (1, 0, 2, 501), (1, 0, 3, 500))) == []
    assert found(ledger((0, 1, 0, 500), (0, 2, 0, 500), (1, 0, 3, 990))) == [[0, 1, 2]]
    assert found(ledger((0, 1, 0, 500), (0, 2, 0, 500), (1, 0, 3, 989))) == []
    assert found(ledger((0, 1, 0, 500), (0, 2, 0, 500), (1, 0, 3, 1001))) == []


def test_run_comes_before_a_nearer_subset(ledger: Any) -> None:
    parts = ((1, 0, 2, 495), (1, 0, 3, 500), (1, 0, 4, 505))
    graph = ledger((0, 1, 0, 1000), *parts)
    assert found(graph) == [[0, 1, 2]]  # 995; the first and the last sum to 1000
    apart = ledger((0, 1, 0, 1000), (1, 0, 2, 495), (1, 0, 3, 7), (1, 0, 4, 505))
    assert found(apart) == [[0, 1, 3]]
    assert found(apart, SplitMatch(**LOW, max_chance=1.0, max_free=2)) == []


def test_nearest_match_is_shown_with_the_number_of_all(ledger: Any) -> None:
    parts = ((1, 0, 2, 498), (1, 0, 3, 500), (1, 0, 4, 499), (1, 0, 5, 501), (1, 0, 6, 499))
    graph = ledger((0, 1, 0, 1000), *parts)
    findings = detect(graph, ANY)
    assert found(graph) == [[0, 3, 4]]  # 1000; its neighbours 998, 999 and the later 1000
    assert findings.findings["multiplicity"].to_list() == [4]


def test_match_that_chance_explains_is_left_out(ledger: Any) -> None:
    parts = [(i, 0, 2 + i, 100 + i * i) for i in range(6)]
    graph = ledger((0, 1, 0, 100 + 101), *parts)
    assert found(graph) == [[0, 1, 2]]
    chance = detect(graph, ANY).findings["measure"].item()
    assert 0.05 < chance < 0.4
    assert found(graph, SplitMatch(**LOW)) == []
    assert found(graph, SplitMatch(**LOW, max_chance=chance)) == [[0, 1, 2]]


def test_more_candidates_than_allowed_are_not_looked_at(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 0, 2, 40), (1, 0, 3, 60), (1, 0, 4, 7))
    assert found(graph, SplitMatch(**LOW, max_chance=1.0, max_candidates=2)) == []
    assert found(graph, SplitMatch(**LOW, max_chance=1.0, max_candidates=3)) == [[0, 1, 2]]


def test_a_border_anywhere_in_the_match_counts(ledger: Any) -> None:
    home = ledger((0, 1, 0, 100), (1, 0, 2, 40), (1, 0, 3, 60), places="EE")
    assert found(home) == [[0, 1, 2]]
    assert found(home, SplitMatch(window="4h", min_parts=2, max_chance=1.0)) == []


def test_parts_at_the_time_of_the_whole_count_unless_time_is_strict(ledger: Any) -> None:
    graph = ledger((0, 0, 2, 40), (0, 0, 3, 60), (0, 1, 0, 100))
    assert found(graph) == [[2, 0, 1]]
    assert detect(graph, ANY).findings["anchor"].to_list() == [0]
    assert found(graph, SplitMatch(**LOW, max_chance=1.0, strict_time=True)) == []


def test_hub_has_too_much_to_choose_from(hub: Any) -> None:
    findings = detect(hub, SplitMatch(min_borders=0))
    assert findings.truncations.is_empty()
    assert len(findings) < 20  # before its first and after its last payments there are few


def test_parameters_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ParameterError, match="min_retained exceeds max_retained"):
        SplitMatch(max_retained=0.95)
    with pytest.raises(ParameterError, match=r"max_chance must be at least 0\.007"):
        SplitMatch(max_chance=0.006)
    with pytest.raises(ParameterError, match="max_free must not exceed 20"):
        SplitMatch(max_free=21)
    with pytest.raises(ParameterError, match=r"between 0\.5 and 2"):
        SplitMatch(min_retained=0.4)
    with pytest.raises(ParameterError, match="max_candidates must lie between"):
        SplitMatch(max_candidates=2)
    with pytest.raises(ParameterError, match="min_parts must be at least 2"):
        SplitMatch(min_parts=1)
