"""Bipartite cores beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xborder_aml.detection import as_view, detect, find, matches
from xborder_aml.detectors.bipartite import DETECTOR, Bipartite
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector

ONE = {
    "window": "4h",
    "min_senders": 1,
    "min_receivers": 1,
    "min_payees": 1,
    "min_payers": 1,
    "min_squares": 0,
    "min_density": 0.0,
    "min_borders": 0,
}
TWO = {**ONE, "min_senders": 2, "min_receivers": 2, "min_payees": 2, "min_payers": 2}
THREE = {"window": "4h", "min_borders": 0}


def found(graph: TransactionGraph, **params: Any) -> list[list[int]]:
    """Return the transaction ids of each finding."""
    findings = detect(graph, Bipartite(**params))
    return sorted(
        findings.evidence.filter(finding_id=one)["transaction_id"].to_list()
        for one in findings.findings["finding_id"]
    )


def block(senders: range, receivers: range, hour: float = 0) -> list[tuple[float, int, int, int]]:
    """Return a payment by each sender to each receiver."""
    return [(hour, a, b, 10) for a in senders for b in receivers]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    specs = [
        Bipartite(**ONE),
        Bipartite(**{**ONE, "min_density": 0.6}),
        Bipartite(**{**TWO, "min_borders": 2}),
    ]
    check_detector(DETECTOR, specs, examples=12)


def test_all_payments_between_the_sets_are_evidence(ledger: Any) -> None:
    pairs = block(range(3), range(3, 6))
    graph = ledger(*pairs, (1, 0, 3, 5), (1, 0, 6, 5), (1, 7, 3, 5))
    assert found(graph, **THREE) == [[*range(10)]]  # and not those of accounts 6 and 7
    assert detect(graph, Bipartite(**THREE)).findings["measure"].to_list() == [1.0]


def test_dense_part_is_found_inside_of_a_large_one(ledger: Any) -> None:
    """A wheel of twelve accounts on each side joins two blocks; only the blocks are dense."""
    one, other = block(range(3), range(24, 27)), block(range(6, 9), range(30, 33))
    wheel = [(0, i, 24 + (i + k) % 12, 10) for i in range(12) for k in (0, 1)]
    extra = [(h, a, b, m) for h, a, b, m in wheel if (a, b) not in {p[1:3] for p in one + other}]
    graph = ledger(*one, *other, *extra, places="EE")
    assert found(graph, **THREE, min_squares=0) == [[*range(9)], [*range(9, 18)]]
    assert found(graph, **THREE, min_squares=0, min_density=0.2) == [[*range(18 + len(extra))]]


def test_every_pair_lies_in_a_square(ledger: Any) -> None:
    """Six pairs in a circle are dense enough, but nobody has two payees in common with another."""
    circle = [(0, i, 3 + (i + k) % 3, 10) for i in range(3) for k in (0, 1)]
    assert found(ledger(*circle), **THREE, min_density=0.6) == []
    assert found(ledger(*circle), **THREE, min_density=0.6, min_squares=0) == [[*range(6)]]


def test_blocks_that_one_sender_joins_stay_apart(ledger: Any) -> None:
    one, other = block(range(3), range(7, 10)), block(range(3, 6), range(10, 13))
    bridge = [(0, 6, 7, 10), (0, 6, 10, 10), (0, 6, 11, 10)]
    assert found(ledger(*one, *other, *bridge, places="EE"), **THREE) == [
        [*range(9)],
        [*range(9, 18), 19, 20],
    ]


def test_account_may_stand_on_both_sides(ledger: Any) -> None:
    clique = [(0, a, b, 10) for a in range(4) for b in range(4) if a != b]
    assert found(ledger(*clique), **THREE) == [[*range(12)]]


def test_what_lasts_half_a_window_is_seen_whole_wherever_it_starts(ledger: Any) -> None:
    pairs = block(range(3), range(3, 6))
    for start in (0, 0.5, 1.5, 1.99, 2, 3.5):
        shifted = [(start + 2 * i / 9, a, b, m) for i, (_, a, b, m) in enumerate(pairs)]
        assert [*range(9)] in found(ledger(*shifted), **THREE)


def test_findings_of_one_window_share_no_payment(ledger: Any) -> None:
    one, other = block(range(3), range(6, 9)), block(range(3, 6), range(9, 12))
    assert found(ledger(*one, *other), **THREE) == [[*range(9)], [*range(9, 18)]]


def test_crowded_side_of_an_account_is_left_out_and_told(ledger: Any) -> None:
    pairs = block(range(3), range(3, 6))
    graph = ledger(*pairs, *((1, 0, 6 + i, 10) for i in range(3)))
    assert found(graph, **THREE, max_degree=6) == [[*range(9)]]
    cut = detect(graph, Bipartite(**THREE, max_degree=5))
    assert cut.findings.is_empty()
    assert cut.truncations.select("account", "cap", "work_left").rows() == [
        ("a000", "max_degree", 1)
    ]


@pytest.mark.parametrize("squares", [0, 1, 2])
def test_kernel_is_the_definition_on_crowded_ledgers(ledger: Any, squares: int) -> None:
    """Drawn ledgers hold too few payments to make squares."""
    least: dict[str, Any] = {"window": "8h", "min_senders": 2, "min_receivers": 2}
    spec = Bipartite(**least, min_borders=0, min_density=0.5, min_squares=squares)
    n_found = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        pairs = [rng.choice(8, 2, replace=False) for _ in range(int(rng.integers(25, 45)))]
        graph = ledger(*((int(rng.integers(0, 9)), int(a), int(b), 10) for a, b in pairs))
        wanted = sorted(DETECTOR.reference(as_view(graph), spec))
        assert sorted(matches(find(graph, DETECTOR, spec, executor=1))) == wanted
        n_found += len(wanted)
    assert n_found > 0


def test_cap_is_no_part_of_the_identity(ledger: Any) -> None:
    graph = ledger(*block(range(3), range(3, 6)))
    ids = [
        detect(graph, Bipartite(**THREE, max_degree=cap)).findings["finding_id"].to_list()
        for cap in (3, 200)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


def test_hub_is_cut_and_told_once_a_side(hub: Any) -> None:
    cuts = detect(hub, Bipartite()).truncations
    assert cuts.select("account", "anchor", "work_left").rows() == [
        ("hub", 0, 100_000 - 200),
        ("hub", 1, 100_000 - 200),
    ]


def test_parameters_that_cannot_be_met_are_refused() -> None:
    with pytest.raises(ParameterError, match="must be at least 1"):
        Bipartite(min_payers=0)
    with pytest.raises(ParameterError, match="min_density must not exceed 1"):
        Bipartite(min_density=1.5)
