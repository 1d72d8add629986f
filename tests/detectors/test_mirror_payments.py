"""Mirror payments beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.detection import detect
from xborder_aml.detectors._spec import Instance, Payment
from xborder_aml.detectors.mirror_payments import DETECTOR, MirrorPayments, amount_classes
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.amounts import LIMIT
from xborder_aml.kernels.links import make_links, n_between
from xborder_aml.synth.plant import instance_tables
from xborder_aml.testing import check_detector, ledgers

DAY = 24
HOUR = 3_600_000_000
LOW: dict[str, Any] = {"window": "40d", "max_gap": "10d", "min_pairs": 2, "max_chance": 1.0}
TWO: dict[str, Any] = {"min_pairs": 2, "max_chance": 1.0}


def mirror(*payments: tuple[float, int, int, int], places: str = "EE EE GB GB") -> TransactionGraph:
    """Return a graph of (day, originator, beneficiary, amount); ids count from 0."""
    rows = tuple(Payment(round(d * DAY * HOUR), a, b, money) for d, a, b, money in payments)
    codes = tuple(places.split())
    n = 1 + max(max(p.originator, p.beneficiary) for p in rows)
    return TransactionGraph(*instance_tables(Instance(rows, (codes + ("CY",) * n)[:n])))


def found(graph: TransactionGraph, **changes: Any) -> list[list[int]]:
    """Return the transaction ids of each finding, pair by pair."""
    spec = MirrorPayments(**{**TWO, **changes})
    findings = detect(graph, spec)
    assert findings.equals(detect(graph, spec, engine="reference"))
    ids = findings.findings["finding_id"]
    return [findings.evidence.filter(finding_id=i)["transaction_id"].to_list() for i in ids]


PAIRS = ((0, 0, 1, 100), (1, 2, 3, 100), (9, 0, 1, 200), (8, 2, 3, 199))


def test_low_thresholds_that_random_ledgers_meet() -> None:
    everywhere = MirrorPayments(**LOW, across_borders=False, max_direct=3, min_share=0.5)
    near = {**LOW, "max_gap": "2d", "max_chance": 0.5}
    some = MirrorPayments(**near, across_borders=False, max_like=1)
    check_detector(DETECTOR, [MirrorPayments(**LOW, max_direct=1), some, everywhere], examples=25)


def test_pairs_are_told_side_by_side(ledger: Any) -> None:
    graph = mirror(*PAIRS)
    assert found(graph) == [[0, 1, 2, 3]]
    evidence = detect(graph, MirrorPayments(**TWO)).evidence
    assert evidence["role"].to_list() == ["payment", "mirror"] * 2


def test_gap_and_likeness_are_closed() -> None:
    graph = mirror((0, 0, 1, 100), (2, 2, 3, 98), (9, 0, 1, 200), (7, 2, 3, 204))
    assert found(graph) == [[0, 1, 2, 3]]
    assert found(graph, max_gap="47h") == []
    assert found(graph, min_alike=0.9801) == []


def test_both_ends_of_a_pair_lie_in_different_places() -> None:
    assert found(mirror(*PAIRS, places="EE GB GB EE")) == [[0, 1, 2, 3]]
    assert found(mirror(*PAIRS, places="EE GB CY GB")) == []
    assert found(mirror(*PAIRS, places="EE GB EE CY")) == []
    assert found(mirror(*PAIRS, places="EE GB EE CY"), across_borders=False) == [[0, 1, 2, 3]]


def test_each_payment_is_paired_with_the_earliest_that_is_left() -> None:
    more = ((0, 0, 1, 100), (1, 2, 3, 99), (0.5, 2, 3, 101), (0.9, 0, 1, 100))
    assert found(mirror(*more)) == [[0, 2, 3, 1]]


def test_share_of_either_link_must_be_paired() -> None:
    graph = mirror(*PAIRS, (20, 2, 3, 70_000))
    assert found(graph, min_share=0.8) == []
    assert found(graph, min_share=0.66) == [[0, 1, 2, 3]]


def test_payments_between_the_sides_are_counted_both_ways() -> None:
    graph = mirror(*PAIRS, (20, 1, 2, 7), (21, 2, 1, 7))
    assert found(graph, max_direct=1) == []
    assert found(graph, max_direct=2) == [[0, 1, 2, 3]]


def test_payment_that_many_are_like_tells_nothing() -> None:
    crowd = [(d, 4, 5, 100) for d in range(3)]  # near and like the first pair, as it is itself
    graph = mirror(*PAIRS, *crowd)
    assert found(graph, max_like=3) == []
    assert found(graph, max_like=4) == [[0, 1, 2, 3]]
    assert found(mirror(*PAIRS, *crowd[:1]), max_like=1) == [[0, 1, 2, 3]]  # a link of one


def test_chance_counts_what_would_match_as_well() -> None:
    apart = [(i * 5, 0, 1, 100 + 10 * i) for i in range(5)]
    graph = mirror(*apart, *((d + 1, 2, 3, money) for d, _, _, money in apart))
    findings = detect(graph, MirrorPayments()).findings
    assert findings["measure"].to_list() == pytest.approx([1 / 120], abs=1e-9)
    same = [(i * 5, 0, 1, 100) for i in range(5)]
    graph = mirror(*same, *((d + 1, 2, 3, money) for d, _, _, money in same))
    assert found(graph, min_pairs=5) == [[0, 5, 1, 6, 2, 7, 3, 8, 4, 9]]
    assert found(graph, min_pairs=5, max_chance=0.01) == []


def test_long_mirror_is_shown_in_each_window() -> None:
    pairs = [((i * 10, 0, 1, 100 + 10 * i), (i * 10, 2, 3, 100 + 10 * i)) for i in range(7)]
    graph = mirror(*(p for both in pairs for p in both))
    rows = found(graph)
    assert rows == [list(range(14)), list(range(6, 14))]  # days 0 to 60, and 30 to 60


def test_links_with_too_many_payments_are_told() -> None:
    findings = detect(mirror(*PAIRS, (10, 0, 1, 900)), MirrorPayments(**TWO, max_payments=2))
    assert len(findings) == 0
    cut = findings.truncations
    assert cut.select("anchor", "account", "cap", "work_left").rows() == [
        (0, "a000", "max_payments", 3)
    ]


def test_hub_has_no_payments_that_tell(hub: Any) -> None:
    findings = detect(hub, MirrorPayments())
    assert len(findings) == 0
    assert findings.truncations.is_empty()


@given(st.integers(1, LIMIT), st.integers(5_000, 10_000))
def test_like_amounts_lie_in_one_class_or_in_neighbours(amount: int, alike: int) -> None:
    least = amount_classes(alike)
    other = min(LIMIT, amount * 10_000 // alike)  # the largest that is like it
    one, two = np.searchsorted(least, [amount, other], side="right")
    assert 0 <= two - one <= 1


@given(tables=ledgers(HOUR))
def test_links_hold_what_two_accounts_pay_each_other(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    links, n = make_links(graph.edges), graph.n_accounts
    e = graph.edges
    real = (e.base > 0) & (e.originator != e.beneficiary)
    low, end = graph.n_transactions // 3, graph.n_transactions
    for one in range(n):
        for other in range(n):
            if one == other:
                continue
            there = (e.originator == one) & (e.beneficiary == other)
            back = (e.originator == other) & (e.beneficiary == one)
            wanted = np.count_nonzero((real & (there | back))[low:end])
            assert n_between(links, n, one, other, low, end) == wanted
    assert sorted(links.row.tolist()) == np.flatnonzero(real).tolist()


def test_parameters_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ParameterError, match="min_pairs must be at least 2"):
        MirrorPayments(min_pairs=1)
    with pytest.raises(ParameterError, match=r"min_alike must lie between 0\.5 and 1"):
        MirrorPayments(min_alike=1.1)
    with pytest.raises(ParameterError, match="min_share must not exceed 1"):
        MirrorPayments(min_share=1.5)
    with pytest.raises(ParameterError, match="max_payments must lie between"):
        MirrorPayments(max_payments=4)
