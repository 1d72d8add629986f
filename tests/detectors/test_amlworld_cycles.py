"""IBM AMLworld's labelled cycles: each is found, or breaks a named condition of the definition.

The conditions are tested here from the transactions, without any code of the detector. The counts
stand in docs/explanation/amlworld-cycles.md.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import xborder_aml as xb

PATTERNS = "amlworld_hi_small_patterns/HI-Small_Patterns.first185.txt"
PARAMS = {"min_borders": 0, "k_best": 10}
DAY = 86_400


@pytest.fixture
def patterns(shared_data: Path) -> pl.DataFrame:
    """Return every labelled transaction of the patterns file."""
    transactions, rejects = xb.read_transactions(shared_data / PATTERNS, source="amlworld")
    assert rejects.is_empty()
    return transactions


def compared(first: dict[str, Any], then: dict[str, Any], sent: str) -> tuple[Fraction, float]:
    """Return the share of `first` that `then` carries, and the slack allowed across currencies."""
    money, currency = f"{sent}_minor", f"{sent}_currency"
    other = "received" if sent == "sent" else "sent"
    if first[f"{other}_currency"] == then[currency]:
        return Fraction(then[money], first[f"{other}_minor"]), 0.0
    minutes = (then["executed_at"] - first["executed_at"]).total_seconds() // 60
    slack = math.floor(100 * math.sqrt(minutes / 1440)) / 10_000
    return Fraction(then["base_minor"], first["base_minor"]), slack


def broken(rows: list[dict[str, Any]], max_hops: int) -> str | None:
    """Return the first condition of `round_trip` that an attempt breaks, or None."""
    if len(rows) > max_hops:
        return "too many hops"
    for first, then in itertools.pairwise(rows):
        assert first["beneficiary"] == then["originator"], "the file lists cycles hop by hop"
        if then["executed_at"] < first["executed_at"]:
            return "out of time order"
    assert rows[-1]["beneficiary"] == rows[0]["originator"]
    share, slack = compared(rows[0], rows[-1], sent="received")
    if not 0.85 - slack <= math.floor(share * 10_000) / 10_000 <= 1.15 + slack:
        return "returns too little or too much"
    for first, then in itertools.pairwise(rows):
        share, slack = compared(first, then, sent="sent")
        if not 0.8 - slack <= share <= 1.2 + slack:
            return "a hop carries too little or too much"
    return None


@pytest.mark.parametrize(
    ("max_hops", "counts"),
    [
        (
            8,
            {
                None: 19,
                "too many hops": 6,
                "out of time order": 3,
                "returns too little or too much": 3,
            },
        ),
        (
            12,
            {None: 22, "out of time order": 3, "returns too little or too much": 6},
        ),
    ],
)
def test_every_cycle_that_fulfils_the_definition_is_found(
    patterns: pl.DataFrame, max_hops: int, counts: dict[str | None, int]
) -> None:
    found = xb.detect(
        xb.TransactionGraph(patterns), [xb.RoundTrip(max_hops=max_hops, **PARAMS)]
    ).evidence
    instances = {
        frozenset(ids)
        for ids in found.group_by("finding_id").agg("transaction_id")["transaction_id"].to_list()
    }
    why: Counter[str | None] = Counter()
    cycles = patterns.filter(pl.col("label_pattern") == "cycle")
    for _, attempt in cycles.group_by("label_case", maintain_order=True):
        rows = attempt.sort("source_row").to_dicts()
        reason = broken(rows, max_hops)
        why[reason] += 1
        is_found = frozenset(r["transaction_id"] for r in rows) in instances
        assert is_found == (reason is None), (reason, [r["transaction_id"] for r in rows])
    assert why == counts
