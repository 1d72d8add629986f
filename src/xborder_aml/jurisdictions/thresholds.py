"""Amounts from which a payment must be reported, recorded or identified, by law and date.

The tables are ``thresholds.csv`` and ``eu.csv`` beside this module. Each row names its source, the
day as of which it was written down, and whether it was `verified` against it or `recalled`. Rules
without a date are older than any ledger they are likely to meet, or their date was not looked up.
The table is a help to a detector and no legal advice; where it matters, look up the source.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from xborder_aml.jurisdictions.codes import minor_digits

__all__ = ["ALWAYS", "EVER", "Threshold", "thresholds"]

ALWAYS = date.min
"""Since when a rule without a first day holds."""
EVER = date.max
"""Until when a rule without a last day holds."""


class Threshold(NamedTuple):
    """A rule about amounts, and where and when it is in force."""

    name: str
    instrument: str | None  # one of INSTRUMENTS; None: any, and unknown ones too
    crosses_border: bool  # it is about payments across a border only
    paid_in: bool  # it is about what an account is paid, else about what it pays
    caught_from: int  # least amount that it catches, minor units
    currency: str
    in_force: dict[str, tuple[date, date]] | None  # jurisdiction to first and last day; None: all

    def holds(self, jurisdiction: str | None, day: date) -> bool:
        """Tell whether the rule is in force there on that day.

        Examples
        --------
        >>> rule = next(t for t in thresholds() if t.name == "EU transfers")
        >>> rule.holds("EE", date(2025, 1, 1)), rule.holds("EE", date(2024, 1, 1))
        (True, False)
        """
        if self.in_force is None:
            return True
        first, last = self.in_force.get(jurisdiction or "", (EVER, ALWAYS))
        return first <= day <= last


def _rows(name: str) -> list[dict[str, str]]:
    text = files("xborder_aml.jurisdictions").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _days(row: dict[str, str]) -> tuple[date, date]:
    since, until = row["since"], row["until"]
    return (
        date.fromisoformat(since) if since else ALWAYS,
        date.fromisoformat(until) if until else EVER,
    )


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Return the rules, the more special before the more general.

    Examples
    --------
    >>> rule = thresholds()[0]
    >>> rule.name, rule.caught_from, rule.currency  # more than 10,000.00
    ('US CTR', 1000001, 'USD')
    """
    members = {row["jurisdiction"]: _days(row) for row in _rows("eu.csv")}
    out = []
    for row in _rows("thresholds.csv"):
        since, until = _days(row)
        places = members if row["jurisdiction"] == "EU" else {row["jurisdiction"]: (ALWAYS, EVER)}
        out.append(
            Threshold(
                name=row["name"],
                instrument=None if row["instrument"] == "any" else row["instrument"],
                crosses_border=row["crosses_border"] == "yes",
                paid_in=row["paid"] == "in",
                caught_from=int(row["amount"]) * 10 ** minor_digits(row["currency"])
                + (row["comparator"] == ">"),
                currency=row["currency"],
                in_force={
                    place: (max(since, first), min(until, last))
                    for place, (first, last) in places.items()
                },
            )
        )
    return tuple(out)
