"""The packaged thresholds: what a row says, and that all rows say it."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from xborder_aml.jurisdictions import CURRENCIES, JURISDICTIONS
from xborder_aml.jurisdictions.codes import INSTRUMENTS
from xborder_aml.jurisdictions.thresholds import thresholds


def rows(name: str) -> list[dict[str, str]]:
    text = files("xborder_aml.jurisdictions").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def rule(name: str) -> Any:
    return next(t for t in thresholds() if t.name == name)


@pytest.mark.parametrize("table", ["thresholds.csv", "eu.csv"])
def test_every_row_has_a_source_a_date_and_a_status(table: str) -> None:
    for row in rows(table):
        assert row["source"].strip()
        assert row["status"] in ("verified", "recalled")
        assert date.fromisoformat(row["as_of"]) <= date(2100, 1, 1)
        for day in (row["since"], row["until"]):
            assert not day or date.fromisoformat(day)


def test_codes_are_known_and_names_are_unique() -> None:
    for row in rows("thresholds.csv"):
        assert row["jurisdiction"] in (*JURISDICTIONS, "EU")
        assert row["instrument"] in (*INSTRUMENTS, "any")
        assert row["currency"] in CURRENCIES
        assert row["comparator"] in (">", ">=")
        assert row["paid"] in ("in", "out")
        assert row["crosses_border"] in ("yes", "no")
    names = [t.name for t in thresholds()]
    assert len(names) == len(set(names))


def test_more_than_catches_from_the_next_minor_unit_on() -> None:
    assert rule("US CTR").caught_from == 1_000_001
    assert rule("CA LCTR").caught_from == 1_000_000
    assert rule("EU transfers").caught_from == 100_001  # up to EUR 1,000: less to be told
    assert rule("EU occasional transactions").caught_from == 1_000_000  # EUR 10,000 or more
    assert rule("EU cash limit").caught_from == 1_000_001  # only up to EUR 10,000


def test_union_law_holds_in_its_members_while_they_are() -> None:
    transfers = rule("EU transfers")
    assert len(transfers.in_force) == 28  # 27, and one that left before the rule came
    assert transfers.holds("HR", date(2025, 1, 1))
    assert not transfers.holds("HR", date(2024, 12, 29))
    assert not transfers.holds("GB", date(2025, 1, 1))
    assert not transfers.holds("CH", date(2025, 1, 1))
    assert not transfers.holds(None, date(2025, 1, 1))


def test_undated_rules_always_hold() -> None:
    assert rule("US CTR").holds("US", date.min)
    assert rule("US CTR").holds("US", date.max)
