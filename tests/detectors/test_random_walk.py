"""Random walks by hand, and IBM AMLworld's labelled ones."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.detectors import detector_of
from xborder_aml.testing import check_detector

PATTERNS = "amlworld_hi_small_patterns/HI-Small_Patterns.first185.txt"
Ledger = Callable[..., xb.TransactionGraph]


def walks(graph: xb.TransactionGraph, **given: Any) -> list[list[int]]:
    found = xb.detect(graph, xb.RandomWalk(**given))
    return (
        found.evidence.group_by("finding_id", maintain_order=True)
        .agg("transaction_id")["transaction_id"]
        .to_list()
    )


def test_a_walk_may_pass_an_account_again(ledger: Ledger) -> None:
    graph = ledger((0, 0, 1, 1_000), (1, 1, 2, 990), (2, 2, 1, 980), (3, 1, 3, 970))
    assert walks(graph) == [[0, 1, 2, 3]]
    assert len(xb.detect(graph, xb.LayeringChain(min_hops=4))) == 0


def test_the_first_follower_and_the_last_feeder_count(ledger: Ledger) -> None:
    """Two payments in and two out: the later in and the earlier out are each other's."""
    into, out = ((0, 0, 2, 1_000), (1, 1, 2, 1_000)), ((2, 2, 3, 1_000), (3, 2, 4, 1_000))
    graph = ledger(*into, *out, (4, 3, 5, 1_000), (5, 4, 5, 1_000))
    assert walks(graph) == [[1, 2, 4]]


def test_amounts_that_do_not_fit_are_not_next(ledger: Ledger) -> None:
    graph = ledger((0, 0, 1, 1_000), (1, 1, 4, 500), (2, 1, 2, 900), (3, 2, 3, 900))
    assert walks(graph) == [[0, 2, 3]]


def test_no_transfer_is_on_two_walks(hub: xb.TransactionGraph) -> None:
    found = xb.detect(hub, xb.RandomWalk(min_hops=2))
    assert len(found) > 10_000
    assert found.evidence["transaction_id"].is_unique().all()


def test_a_long_walk_is_told(ledger: Ledger) -> None:
    graph = ledger(*((i, i, i + 1, 1_000) for i in range(6)))
    found = xb.detect(graph, xb.RandomWalk(max_hops=4))
    assert found.evidence["transaction_id"].to_list() == [0, 1, 2, 3]
    assert found.truncations.select("cap", "anchor").rows() == [("max_hops", 0)]


@pytest.mark.parametrize("busy", ["leaving", "entering"])
def test_too_many_to_look_at_are_told(ledger: Ledger, busy: str) -> None:
    """Five payments of another size come before the step that fits."""
    noise = [(2 + i, *((2, 5) if busy == "leaving" else (5, 2)), 10) for i in range(5)]
    graph = ledger((0, 0, 1, 1_000), (1, 1, 2, 1_000), *noise, (8, 2, 3, 1_000), (9, 3, 4, 1_000))
    assert walks(graph) == [[0, 1, 7, 8]]
    cut = xb.detect(graph, xb.RandomWalk(max_degree=5))
    assert len(cut) == 0
    assert "max_degree" in cut.truncations["cap"].to_list()
    assert 0 in cut.truncations["anchor"].to_list()


@pytest.mark.parametrize(
    "spec",
    [
        xb.RandomWalk(min_hops=2, min_holders=0, min_borders=0),
        xb.RandomWalk(min_hops=2, max_hops=2, min_holders=2, min_carried=0.5, max_carried=2),
    ],
    ids=["short", "two"],
)
def test_other_specs_keep_the_promises(spec: xb.RandomWalk) -> None:
    check_detector(detector_of(spec), [spec], examples=25)


def test_bad_parameters_are_named() -> None:
    with pytest.raises(xb.ParameterError, match="2 <= min_hops <= max_hops must hold"):
        xb.RandomWalk(min_hops=1)
    with pytest.raises(xb.ParameterError, match="min_holders must not exceed"):
        xb.RandomWalk(min_holders=5)


# -- AMLworld -----------------------------------------------------------------------------------


def share(first: dict[str, Any], then: dict[str, Any]) -> tuple[Fraction, float]:
    """Return the share of `first` that `then` sends on, and the slack across currencies."""
    if first["received_currency"] == then["sent_currency"]:
        return Fraction(then["sent_minor"], first["received_minor"]), 0.0
    minutes = (then["executed_at"] - first["executed_at"]).total_seconds() // 60
    slack = math.floor(100 * math.sqrt(minutes / 1440)) / 10_000
    return Fraction(then["base_minor"], first["base_minor"]), slack


def broken(rows: list[dict[str, Any]]) -> str | None:
    """Return the first condition of `random_walk` that an attempt breaks, or None."""
    if len(rows) < 3:
        return "fewer than three transfers"
    for first, then in itertools.pairwise(rows):
        assert first["beneficiary"] == then["originator"], "the file lists walks step by step"
        assert 0 <= (then["executed_at"] - first["executed_at"]).total_seconds() <= 2 * 86_400
        part, slack = share(first, then)
        if not 0.8 - slack <= part <= 1.2 + slack:
            return "a step carries too little or too much"
    return None


def test_every_amlworld_walk_that_fulfils_the_definition_is_found(shared_data: Path) -> None:
    """The labelled attempts alone: among them, each step's nearest is its own."""
    patterns, rejects = xb.read_transactions(shared_data / PATTERNS, source="amlworld")
    assert rejects.is_empty()
    found = {frozenset(ids) for ids in walks(xb.TransactionGraph(patterns), min_borders=0)}
    why: Counter[str | None] = Counter()
    attempts = patterns.filter(pl.col("label_pattern") == "random")
    for _, attempt in attempts.group_by("label_case", maintain_order=True):
        rows = attempt.sort("source_row").to_dicts()
        reason = broken(rows)
        why[reason] += 1
        assert (frozenset(r["transaction_id"] for r in rows) in found) == (reason is None)
    assert why == {
        None: 8,
        "fewer than three transfers": 6,
        "a step carries too little or too much": 1,
    }
