"""Gather-scatter beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from xborder_aml.detection import detect
from xborder_aml.detectors.gather_scatter import DETECTOR, GatherScatter
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector, ledgers

LOW = {"window": "4h", "min_sources": 2, "min_destinations": 2, "min_borders": 0}
TWO = GatherScatter(**LOW)
ANY = GatherScatter(**LOW, min_retained=0.0, max_retained=10.0)


def found(graph: TransactionGraph, spec: GatherScatter) -> list[tuple[list[int], list[int]]]:
    """Return the transaction ids of the gather and the scatter of each finding."""
    findings = detect(graph, spec)
    sides = []
    for one in findings.findings["finding_id"]:
        rows = findings.evidence.filter(finding_id=one)
        sides.append(tuple(rows.filter(role=r)["transaction_id"].to_list() for r in ("in", "out")))
    return sides


def test_low_thresholds_that_random_ledgers_meet() -> None:
    strict = GatherScatter(**LOW, min_retained=0.0, max_retained=10.0, strict_time=True)
    check_detector(DETECTOR, [TWO, strict, ANY], examples=12)


@given(tables=ledgers(4 * 3_600_000_000))
def test_findings_of_an_account_share_no_transaction(tables: Any) -> None:
    findings = detect(TransactionGraph(*tables), ANY)
    rows = findings.evidence.join(
        findings.findings.select("finding_id", "account"), on="finding_id"
    )
    assert not rows.select("account", "transaction_id").is_duplicated().any()


def test_split_with_the_nearest_sums_is_shown(ledger: Any) -> None:
    gather = [(0, 1, 0, 50), (1, 2, 0, 50), (2, 3, 0, 8)]
    graph = ledger(*gather, (3, 0, 4, 60), (3, 0, 5, 47))
    assert found(graph, TWO) == [([0, 1, 2], [3, 4])]  # 108 and 107, not 100 and 107
    graph = ledger(*gather, (3, 0, 4, 60), (3, 0, 5, 43))
    assert found(graph, TWO) == [([0, 1], [3, 4])]  # 100 and 103, not 108 and 103


def test_earliest_of_equally_near_splits_is_shown(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 50), (1, 2, 0, 50), (2, 3, 0, 8), (3, 0, 4, 60), (3, 0, 5, 44))
    assert found(graph, TWO) == [([0, 1], [3, 4])]  # 104 lies 4 from both 100 and 108


def test_what_leaves_before_the_split_is_no_scatter(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 50), (1, 0, 6, 30), (2, 2, 0, 50), (3, 0, 4, 60), (3, 0, 5, 40))
    assert found(graph, TWO) == [([0, 2], [3, 4])]


def test_payment_out_at_the_split_counts_unless_time_is_strict(ledger: Any) -> None:
    graph = ledger((0, 0, 3, 50), (0, 0, 4, 50), (0, 1, 0, 50), (0, 2, 0, 50))
    assert found(graph, TWO) == [([2, 3], [0, 1])]
    assert found(graph, GatherScatter(**LOW, strict_time=True)) == []
    assert detect(graph, TWO).findings["anchor"].to_list() == [2]


def test_account_on_both_sides_counts_on_both(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 50), (1, 2, 0, 50), (2, 0, 1, 50), (3, 0, 2, 50))
    assert found(graph, TWO) == [([0, 1], [2, 3])]


def test_window_is_cut_at_max_edges_and_tells(ledger: Any) -> None:
    payments = [
        (0, 1, 0, 50),
        (1, 2, 0, 50),
        (2, 0, 3, 50),
        (2, 0, 4, 50),
        (3, 0, 5, 9),
        (4, 0, 6, 9),
    ]
    whole = detect(ledger(*payments), ANY)
    cut = detect(ledger(*payments), GatherScatter(**LOW, max_edges=4))
    assert whole.truncations.is_empty()
    assert whole.findings["n_transactions"].to_list() == [6]
    assert cut.findings["n_transactions"].to_list() == [4]
    assert cut.findings["is_truncated"].to_list() == [True]
    assert cut.truncations.select("anchor", "account", "cap", "work_left").rows() == [
        (0, "a000", "max_edges", 2),  # the window from 1 has too few payers to lose anything
    ]


def test_cap_is_no_part_of_the_identity(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 50), (1, 2, 0, 50), (2, 0, 3, 50), (2, 0, 4, 50))
    ids = [
        detect(graph, GatherScatter(**LOW, max_edges=cap)).findings["finding_id"].to_list()
        for cap in (4, 2_000)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


def test_hub_is_cut_and_told(hub: Any) -> None:
    findings = detect(hub, GatherScatter())
    cuts = findings.truncations
    assert cuts["cap"].unique().to_list() == ["max_edges"]
    # each of the 100,000 payments in starts a window of all that follows, up to the last 500
    assert cuts.height == 99_750
    assert cuts["work_left"].max() == 199_500
    assert findings.findings["is_truncated"].to_list() == [True]


def test_bounds_that_cross_are_refused() -> None:
    with pytest.raises(ParameterError, match="min_retained exceeds max_retained"):
        GatherScatter(min_retained=1.1)
    with pytest.raises(ParameterError, match="must be at least 2"):
        GatherScatter(min_sources=1)
