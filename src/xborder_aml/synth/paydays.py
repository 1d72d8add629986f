"""The days on which salaries, pensions and rents are due."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from xborder_aml.synth.spec import LedgerSpec

__all__ = ["CYCLES", "N_ANCHORS", "dates_of", "due_table"]

CYCLES = ("month", "fortnight")
N_ANCHORS = 28
"""Paydays of a cycle that an employer, a fund or a tenant may have."""

_FRIDAY = 4


def dates_of(spec: LedgerSpec) -> list[date]:
    """Return the days of a ledger."""
    return [spec.start + timedelta(days=i) for i in range(spec.days)]


def due_table(spec: LedgerSpec) -> NDArray[np.int8]:
    """Return 1 where a payment is due: by cycle, day and anchor, shape (cycles, D, anchors).

    Monthly ones are due on the day of the month that is the anchor (from 1), and made on the Friday
    before if that is a weekend; the others every fourteen days, on working days.
    """
    out = np.zeros((len(CYCLES), spec.days, N_ANCHORS), np.int8)
    at = {d: i for i, d in enumerate(dates_of(spec))}
    for due in [*at, *(spec.start + timedelta(days=spec.days + i) for i in range(2))]:
        early = max(due.weekday() - _FRIDAY, 0)
        day = at.get(due - timedelta(days=early))
        if day is not None and due.day <= N_ANCHORS:
            out[0, day, due.day - 1] = 1
    for day, when in enumerate(dates_of(spec)):
        for anchor in range(N_ANCHORS):
            out[1, day, anchor] = when.weekday() < _FRIDAY + 1 and (
                when.toordinal() % 14 == (anchor % 5) + 7 * (anchor % 2) + 1
            )
    return out
