"""Fans: many counterparties of one account inside a window, on its in- or its out-side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_finding,
    begin,
    full,
)
from xborder_aml.kernels.windows import mark_peaks, rows_of, widest

__all__ = ["FanLimits", "fan"]


class FanLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    min_counterparties: int
    min_borders: int
    max_payments: int


def score_windows(
    edges: Edges,
    limits: FanLimits,
    partner: NDArray[np.int32],
    rows: NDArray[np.int64],
    n: int,
    held: NDArray[np.int64],
    end: NDArray[np.int64],
    score: NDArray[np.int64],
) -> None:
    """Score the window from each row: its distinct counterparties, or 0 if it is no candidate.

    A window is ``rows[i:end[i]]``. `held` (V,) counts each counterparty's rows in the window; it is
    all zero before and after.
    """
    distinct = 0
    borders = 0
    high = 0
    for i in range(n):
        until = edges.at[rows[i]] + limits.window
        while high < n and edges.at[rows[high]] <= until:
            distinct += held[partner[rows[high]]] == 0
            held[partner[rows[high]]] += 1
            borders += edges.border[rows[high]]
            high += 1
        candidate = distinct >= limits.min_counterparties and borders >= limits.min_borders
        end[i] = high
        score[i] = distinct if candidate else 0
        held[partner[rows[i]]] -= 1
        distinct -= held[partner[rows[i]]] == 0
        borders -= edges.border[rows[i]]


def add_window(
    edges: Edges,
    limits: FanLimits,
    rows: NDArray[np.int64],
    low: int,
    high: int,
    account: int,
    out: Output,
) -> bool:
    """Add the window ``rows[low:high]`` as a finding; or as cut, if its payments are too many."""
    left = high - low - limits.max_payments
    if left > 0:
        return add_cut(out, rows[low], account, 0, left)
    for j in range(low, high):
        if not add_evidence(out, rows[j], 0, edges.base[rows[j]]):
            return False
    return add_finding(out, rows[low], account, 1)


def fan(
    edges: Edges,
    limits: FanLimits,
    first: int,
    last: int,
    out: Output,
    ptr: NDArray[np.int64],
    slot_row: NDArray[np.int32],
    partner: NDArray[np.int32],
) -> int:
    """Find the fans of the accounts in ``[first, last)``.

    Parameters
    ----------
    ptr, slot_row, partner
        The side to look at: slots by account, and the account on the other end of each row.
    """
    room = widest(ptr, first, last)
    rows = np.empty(room, np.int64)
    at = np.empty(room, np.int64)
    end = np.empty(room, np.int64)
    score = np.empty(room, np.int64)
    stack = np.empty(room, np.int64)
    peak = np.empty(room, np.int8)
    held = np.zeros(ptr.size - 1, np.int64)
    for account in range(first, last):
        begin(out, account)
        n = rows_of(edges, ptr, slot_row, account, -1, rows)
        if n < limits.min_counterparties:
            continue
        for i in range(n):
            at[i] = edges.at[rows[i]]
        score_windows(edges, limits, partner, rows, n, held, end, score)
        mark_peaks(at, score, n, limits.window, stack, peak)
        for i in range(n):
            if peak[i] and not add_window(edges, limits, rows, i, end[i], account, out):
                return full(out)
    return DONE


score_windows = jit(score_windows)
add_window = jit(add_window)
fan = jit(fan)
