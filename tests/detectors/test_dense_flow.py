"""Dense flow beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xborder_aml.detection import as_view, detect, find, matches
from xborder_aml.detectors._spec import Instance, Payment
from xborder_aml.detectors.dense_flow import DETECTOR, DenseFlow, reference
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.synth.plant import instance_tables
from xborder_aml.testing import check_detector

LOW = {"window": "4h", "min_middles": 1, "min_links": 1, "min_retained": 0.5, "min_borders": 0}


def flow(source: int, middles: list[int], sink: int, money: int, at: int = 0) -> list[Any]:
    """Return the payments of one layer of middles, ids by turns in and out."""
    return [
        payment for m in middles for payment in ((at, source, m, money), (at + 1, m, sink, money))
    ]


def found(graph: TransactionGraph, spec: DenseFlow) -> list[list[int]]:
    """Return the transaction ids of each finding."""
    evidence = detect(graph, spec).evidence
    return [
        sorted(part["transaction_id"])
        for _, part in evidence.group_by("finding_id", maintain_order=True)
    ]


def test_layers_are_one_flow(ledger: Any) -> None:
    first = [(0, 0, m, 900) for m in (1, 2, 3)]
    between = [(1, a, b, 300) for a in (1, 2, 3) for b in (4, 5, 6)]
    last = [(2, m, 7, 900) for m in (4, 5, 6)]
    graph = ledger(*first, *between, *last, (0, 8, 9, 77))
    findings = detect(graph, DenseFlow())
    (row,) = findings.findings.to_dicts()
    assert findings.evidence["transaction_id"].to_list() == list(range(15))
    assert findings.evidence["role"].to_list() == ["in"] * 3 + ["onward"] * 9 + ["out"] * 3
    assert (row["amount_in_minor"], row["amount_out_minor"], row["account"]) == (2700, 2700, "a001")
    assert row["measure"] == 6 * 180 // 8  # each middle passes on 900, of which it must pass on 720


def test_trade_around_a_flow_is_peeled_off(ledger: Any) -> None:
    # account 4 deals with two middles, and is worth less than any of them
    core = flow(0, [1, 2, 3], 5, 1_000)
    graph = ledger(*core, (0, 4, 1, 10), (0, 4, 2, 10))
    assert found(graph, DenseFlow()) == [list(range(6))]


def test_middle_that_moves_too_little_is_left_out(ledger: Any) -> None:
    # of 5 accounts three middles are worth 200 each, which is 120 an account; so a fourth must be
    # worth more than 120
    core = flow(0, [1, 2, 3], 5, 1_000)
    assert found(ledger(*core, *flow(0, [4], 5, 595)), DenseFlow()) == [list(range(6))]
    assert found(ledger(*core, *flow(0, [4], 5, 600)), DenseFlow()) == [list(range(8))]


def test_flows_that_share_nobody_are_two_findings(ledger: Any) -> None:
    one = flow(0, [1, 2, 3], 4, 500)
    other = flow(5, [6, 7, 8], 9, 10_000)
    graph = ledger(*one, *other)
    assert sorted(found(graph, DenseFlow())) == [
        list(range(6)),
        list(range(6, 12)),
    ]


def test_account_with_other_business_is_no_middle(ledger: Any) -> None:
    core = flow(0, [1, 2, 3], 4, 1_000)
    assert found(ledger(*core, (0, 5, 1, 250)), DenseFlow()) != []  # 1,000 is 80 % of 1,250
    assert found(ledger(*core, (0, 5, 1, 251)), DenseFlow()) == []


def test_flow_is_reported_by_one_window_only(ledger: Any) -> None:
    for day in range(7):
        graph = ledger(*flow(0, [1, 2, 3], 4, 1_000, at=24 * day))
        assert len(found(graph, DenseFlow())) == 1


def test_hub_is_told_and_left_out(ledger: Any) -> None:
    graph = ledger(*flow(0, [1, 2, 3], 4, 1_000))
    cut = detect(graph, DenseFlow(max_degree=2))
    assert len(cut) == 0
    assert cut.truncations.select("anchor", "account", "cap", "work_left").rows() == [
        (0, "a000", "max_degree", 3),
        (1, "a004", "max_degree", 3),
    ]


def test_larger_network_is_told_and_left_out(ledger: Any) -> None:
    graph = ledger(*flow(0, [1, 2, 3], 4, 1_000))
    assert detect(graph, DenseFlow(max_edges=6)).truncations.is_empty()
    cut = detect(graph, DenseFlow(max_edges=5))
    assert len(cut) == 0
    assert cut.truncations.select("anchor", "cap", "work_left").rows() == [(0, "max_edges", 6)]


def test_crowd_of_payments_with_one_account_ends(hub: Any) -> None:
    findings = detect(hub, DenseFlow())
    assert len(findings) == 0
    assert findings.truncations.select("account", "cap", "work_left").rows() == [
        ("hub", "max_degree", 200_000)
    ]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    linked = DenseFlow(**{**LOW, "min_links": 2, "min_retained": 0.8})
    check_detector(DETECTOR, [DenseFlow(**LOW), linked], examples=25)


def test_heap_peels_like_the_definition() -> None:
    """On networks with more to peel than the ledgers that the promises are checked with."""
    n_found = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n, accounts = int(rng.integers(30, 70)), int(rng.integers(6, 16))
        drawn = zip(
            rng.integers(0, 10, n).tolist(),
            rng.integers(0, accounts, n).tolist(),
            rng.integers(0, accounts, n).tolist(),
            rng.choice([50, 90, 100, 110, 200], n).tolist(),
            strict=True,
        )
        payments = tuple(Payment(h * 3_600_000_000, a, b, money) for h, a, b, money in drawn)
        graph = TransactionGraph(*instance_tables(Instance(payments, ("EE",) * accounts)))
        spec = DenseFlow(window="8h", min_middles=2, min_links=1, min_retained=0.6, min_borders=0)
        wanted = sorted(reference(as_view(graph), spec))
        assert sorted(matches(find(graph, DETECTOR, spec, executor=1))) == wanted
        n_found += len(wanted)
    assert n_found > 25


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ParameterError, match="min_retained must lie above 0"):
        DenseFlow(min_retained=0.0)
    with pytest.raises(ParameterError, match="must be at least 1"):
        DenseFlow(min_links=0)
    with pytest.raises(ParameterError, match="caps must be at least 1"):
        DenseFlow(max_degree=0)
