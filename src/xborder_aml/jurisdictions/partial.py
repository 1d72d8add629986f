"""Dates of which only the year or the month may be known, or only one bound."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any, NamedTuple

__all__ = ["PartialDate", "partial_date"]


class PartialDate(NamedTuple):
    """The first and the last day that a date may be; the same where the day is known.

    ``date.min`` and ``date.max`` stand for a bound that is not known.
    """

    first: date
    last: date

    def __str__(self) -> str:
        """Return the date as it was written; a bound in words."""
        if self.first == date.min:
            return f"{self.last} or before"
        if self.last == date.max:
            return f"{self.first} or later"
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first:%Y-%m}" if self.first.month == self.last.month else f"{self.first:%Y}"


def partial_date(value: Any) -> PartialDate:
    """Read ``2025``, ``2025-06``, ``2025-06-13``, or a bound: ``../2025-06`` or ``2025-06/..``.

    ``../2025-06`` is at the end of June at the latest, ``2025-06/..`` not before the end of June:
    what had begun, or was still to run, by then.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> str(partial_date("2025-06")), partial_date("2025-06").last.day
    ('2025-06', 30)
    >>> str(partial_date("../2024-06-28")), str(partial_date("2025-11/.."))
    ('2024-06-28 or before', '2025-11-30 or later')
    """
    text = str(value).strip()
    if text.startswith("../"):
        return PartialDate(date.min, partial_date(text.removeprefix("../")).last)
    if text.endswith("/.."):
        return PartialDate(partial_date(text.removesuffix("/..")).last, date.max)
    if len(text) == 4 and text.isdecimal():
        return PartialDate(date(int(text), 1, 1), date(int(text), 12, 31))
    if len(text) == 7:
        first = date.fromisoformat(f"{text}-01")
        return PartialDate(
            first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
        )
    day = date.fromisoformat(text)
    return PartialDate(day, day)
