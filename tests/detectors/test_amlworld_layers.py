"""IBM AMLworld's labelled scatter-gathers: each is found, or breaks a named condition.

The conditions are tested here from the transactions, without any code of the detector. The counts
stand in docs/explanation/amlworld-layers.md.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import xborder_aml as xb

PATTERNS = "amlworld_hi_small_patterns/HI-Small_Patterns.first185.txt"


@pytest.fixture
def patterns(shared_data: Path) -> pl.DataFrame:
    """Return every labelled transaction of the patterns file."""
    transactions, rejects = xb.read_transactions(shared_data / PATTERNS, source="amlworld")
    assert rejects.is_empty()
    return transactions


def attempts(patterns: pl.DataFrame, kind: str) -> list[list[dict[str, Any]]]:
    """Return the rows of each attempt of one kind."""
    of_kind = patterns.filter(pl.col("label_pattern") == kind).sort("source_row")
    return [a.to_dicts() for _, a in of_kind.group_by("label_case", maintain_order=True)]


def evidence(patterns: pl.DataFrame, spec: Any) -> list[set[int]]:
    """Return the transaction ids of each finding."""
    rows = xb.detect(xb.TransactionGraph(patterns), spec).evidence
    grouped = rows.group_by("finding_id").agg("transaction_id")
    return [set(ids) for ids in grouped["transaction_id"].to_list()]


def legs(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the payment into and out of each middle; none if source or target are not one."""
    payers, payees = {r["originator"] for r in rows}, {r["beneficiary"] for r in rows}
    middles = payers & payees
    if len(payers - middles) != 1 or len(payees - middles) != 1:
        return []
    into = {r["beneficiary"]: r for r in rows if r["beneficiary"] in middles}
    return [(into[r["originator"]], r) for r in rows if r["originator"] in middles]


def broken(rows: list[dict[str, Any]]) -> str | None:
    """Return the first condition of `scatter_gather` that an attempt breaks, or None."""
    pairs = legs(rows)
    if not pairs:
        return "no source and target"
    assert 2 * len(pairs) == len(rows)
    if len(pairs) < 3:
        return "two middles"
    times = [r["executed_at"] for r in rows]
    assert max(times) - min(times) <= timedelta(days=4)
    if any(then["executed_at"] < one["executed_at"] for one, then in pairs):
        return "out of time order"
    for one, then in pairs:
        if not Fraction(8, 10) <= Fraction(then["base_minor"], one["base_minor"]) <= Fraction(5, 4):
            return "a middle sends on too little or too much"
    total = Fraction(sum(t["base_minor"] for _, t in pairs), sum(o["base_minor"] for o, _ in pairs))
    return (
        None if Fraction(9, 10) <= total <= Fraction(11, 10) else "too little or too much arrives"
    )


def test_every_scatter_gather_that_fulfils_the_definition_is_found(patterns: pl.DataFrame) -> None:
    found = evidence(patterns, xb.ScatterGather(min_borders=0))
    why: Counter[str | None] = Counter()
    for rows in attempts(patterns, "scatter_gather"):
        reason = broken(rows)
        why[reason] += 1
        is_found = any({r["transaction_id"] for r in rows} <= ids for ids in found)
        assert is_found == (reason is None), (reason, [r["transaction_id"] for r in rows])
    assert why == {
        None: 12,
        "no source and target": 6,
        "two middles": 1,
        "out of time order": 3,
    }


@pytest.mark.parametrize(
    ("kind", "spec", "n_attempts"),
    [
        ("bipartite", xb.Bipartite(min_borders=0), 27),
        ("stack", xb.Stack(min_borders=0), 21),
    ],
)
def test_no_attempt_of_these_kinds_joins_its_payments(
    patterns: pl.DataFrame, kind: str, spec: Any, n_attempts: int
) -> None:
    """Nobody pays two and nobody is paid by two, so that nothing is there to be dense."""
    found = evidence(patterns, spec)
    of_kind = attempts(patterns, kind)
    for rows in of_kind:
        assert max(Counter(r["originator"] for r in rows).values()) == 1
        assert max(Counter(r["beneficiary"] for r in rows).values()) == 1
        assert not any({r["transaction_id"] for r in rows} <= ids for ids in found)
    assert len(of_kind) == n_attempts
