"""Stacks beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xborder_aml.detection import as_view, detect, find, matches
from xborder_aml.detectors.stack import DETECTOR, Stack
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector

ONE = {
    "window": "4h",
    "min_senders": 1,
    "min_middles": 1,
    "min_receivers": 1,
    "min_payees": 1,
    "min_payers": 1,
    "min_squares": 0,
    "min_density": 0.0,
    "min_borders": 0,
}
ANY = {**ONE, "min_retained": 0.0, "max_retained": 10.0}
LOW = {"window": "4h", "min_borders": 0}


def found(graph: TransactionGraph, **params: Any) -> list[tuple[list[int], list[int]]]:
    """Return the transaction ids of both layers of each finding."""
    findings = detect(graph, Stack(**params))
    out = []
    for one in findings.findings["finding_id"]:
        rows = findings.evidence.filter(finding_id=one)
        layers = (rows.filter(role=r)["transaction_id"].to_list() for r in ("first", "second"))
        out.append(tuple(layers))
    return sorted(out)


def layers(first: float = 0, second: float = 1) -> list[tuple[float, int, int, int]]:
    """Return two senders 0 and 1, three middles 2 to 4 and two receivers 5 and 6."""
    come = [(first, a, b, 10) for a in (0, 1) for b in (2, 3, 4)]
    return come + [(second, b, c, 10) for b in (2, 3, 4) for c in (5, 6)]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    specs = [
        Stack(**{**ONE, "min_retained": 0.5, "max_retained": 1.2}, strict_time=True),
        Stack(**{**ANY, "min_density": 0.6, "min_borders": 2}),
        Stack(**ANY),
    ]
    check_detector(DETECTOR, specs, examples=12)


def test_all_payments_of_both_layers_are_evidence(ledger: Any) -> None:
    graph = ledger(*layers(), (0, 0, 2, 5), (0, 0, 7, 9), (1, 2, 5, 3), (2, 7, 2, 9))
    assert found(graph, **LOW) == [([*range(6), 12], [*range(6, 12), 14])]
    columns = ("amount_in_minor", "amount_out_minor", "measure", "hops")
    assert detect(graph, Stack(**LOW)).findings.select(columns).rows() == [(65, 63, 1.0, 2)]


def test_payment_by_a_middle_before_it_is_paid_does_not_count(ledger: Any) -> None:
    graph = ledger(*layers(first=1, second=2), (0, 2, 5, 9), (3, 0, 2, 9))
    assert found(graph, **LOW) == [([*range(6)], [*range(6, 12)])]


def test_layers_may_tie_unless_time_is_strict(ledger: Any) -> None:
    graph = ledger(*layers(first=1, second=1))
    assert found(graph, **LOW) == [([*range(6)], [*range(6, 12)])]
    assert found(graph, **LOW, strict_time=True) == []


def test_payment_that_would_stand_in_both_layers_is_none(ledger: Any) -> None:
    """In a clique each payment comes to a middle and leaves one: no layers can be told apart."""
    clique = [(h, a, b, 10) for h in (0, 1) for a in range(4) for b in range(4) if a != b]
    assert found(ledger(*clique), **LOW) == []


def test_what_lasts_half_a_window_is_seen_whole_wherever_it_starts(ledger: Any) -> None:
    for start in (0, 0.5, 1.5, 1.99, 2, 3.5):
        graph = ledger(*layers(first=start, second=start + 2))
        assert ([*range(6)], [*range(6, 12)]) in found(graph, **LOW)


def test_crowded_side_of_an_account_is_left_out_and_told(ledger: Any) -> None:
    graph = ledger(*layers(), *((0, 0, 7 + i, 10) for i in range(3)))
    assert len(found(graph, **LOW, max_degree=6)) == 1
    cut = detect(graph, Stack(**LOW, max_degree=5))
    assert cut.findings.is_empty()
    assert cut.truncations.select("account", "cap", "work_left").rows() == [
        ("a000", "max_degree", 1)
    ]


@pytest.mark.parametrize("squares", [0, 1, 2])
def test_kernel_is_the_definition_on_crowded_ledgers(ledger: Any, squares: int) -> None:
    """Drawn ledgers hold too few payments to make squares."""
    least: dict[str, Any] = {"window": "8h", "min_senders": 2, "min_receivers": 2}
    least["min_middles"] = 2
    least |= {"min_retained": 0.0, "max_retained": 10.0}
    spec = Stack(**least, min_borders=0, min_density=0.5, min_squares=squares)
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
    graph = ledger(*layers())
    ids = [
        detect(graph, Stack(**LOW, max_degree=cap)).findings["finding_id"].to_list()
        for cap in (3, 200)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


def test_hub_is_cut_and_told_once_a_side(hub: Any) -> None:
    cuts = detect(hub, Stack()).truncations
    assert cuts.select("account", "anchor", "work_left").rows() == [
        ("hub", 0, 100_000 - 200),
        ("hub", 1, 100_000 - 200),
    ]


def test_parameters_that_cannot_be_met_are_refused() -> None:
    with pytest.raises(ParameterError, match="must be at least 1"):
        Stack(min_middles=0)
    with pytest.raises(ParameterError, match="min_density must not exceed 1"):
        Stack(min_density=1.5)
    with pytest.raises(ParameterError, match="min_retained exceeds max_retained"):
        Stack(min_retained=1.2)
