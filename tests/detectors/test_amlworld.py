"""IBM AMLworld's labelled attempts: each is found, or breaks a named condition of the definition.

The conditions are tested from the transactions, without any code of the detectors. The counts stand
in docs/explanation/amlworld.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from benchmarks import amlworld
from benchmarks.amlworld import FAMILIES, PATTERNS, Outcome


@pytest.fixture(scope="module")
def transactions(shared_data: Path) -> pl.DataFrame:
    return amlworld.read(shared_data / PATTERNS)


@pytest.fixture(scope="module")
def outcomes(transactions: pl.DataFrame) -> list[Outcome]:
    return [o for label in FAMILIES for o in amlworld.outcomes(transactions, label)]


def test_an_attempt_is_found_if_and_only_if_it_fulfils_the_definition(
    outcomes: list[Outcome],
) -> None:
    wrong = [o for o in outcomes if o.alone != (o.broken is None)]
    assert wrong == []


def test_among_all_attempts_it_is_found_or_a_stronger_window_holds_a_part_of_it(
    outcomes: list[Outcome],
) -> None:
    fulfil = [o for o in outcomes if o.broken is None]
    assert [o for o in fulfil if not (o.among_all or o.in_part)] == []
    assert [o for o in fulfil if o.family in ("cycle", "random") and not o.among_all] == []


def test_every_attempt_of_the_file_is_accounted_for(
    transactions: pl.DataFrame, outcomes: list[Outcome]
) -> None:
    labelled = transactions.select("label_pattern", "label_case").unique()
    assert labelled.height == 185
    seen = [(o.family, o.case) for o in outcomes if o.params == "default"]
    assert sorted(seen) == sorted(labelled.rows())


def test_the_page_shows_the_counts(outcomes: list[Outcome], root: Path) -> None:
    """If this fails, put what `python -m benchmarks.amlworld` prints between the page's marks."""
    page = (root / "docs" / "explanation" / "amlworld.md").read_text("utf-8")
    shown = re.search(r"<!-- recall -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert shown[1].strip() == amlworld.recall(outcomes)
