"""Corridor shifts: a corridor's flow in one period of the calendar against the periods before."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import BP, at_least
from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.edges import Edges, first_after
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_measured,
    begin,
    full,
)

__all__ = ["Corridors", "ShiftLimits", "corridor_shift", "corridors"]

_SPREAD = 1.4826  # standard deviations in a median absolute deviation, of a normal distribution
_MOST = 1_000_000  # thousandths; where z ends for a history without any spread
_PLACES = 256  # more than there are jurisdictions


class ShiftLimits(NamedTuple):
    """What the parameters ask for."""

    period: int
    history: int
    min_periods: int
    z: int
    rise: int
    min_transactions: int
    max_evidence: int


class Corridors(NamedTuple):
    """The limits, and the M transactions that cross a border and move money, by corridor.

    Slots are positions in the order by corridor; inside a corridor they ascend in time.
    """

    period: int
    history: int
    min_periods: int
    z: int
    rise: int
    min_transactions: int
    max_evidence: int
    slot: NDArray[np.int32]  # (E,) slot of each edge, -1 for all others
    first: NDArray[np.int64]  # (_PLACES ** 2 + 1,) where each corridor's slots start
    row: NDArray[np.int64]  # (M,) edge row
    at: NDArray[np.int64]  # (M,) time
    money: NDArray[np.int64]  # (M + 1,) base minor units before each slot


def corridors(edges: Edges, limits: ShiftLimits) -> Corridors:
    """Sort the edges by corridor."""
    crosses = (edges.border == 1) & (edges.base > 0) & (edges.originator != edges.beneficiary)
    rows = np.flatnonzero(crosses)
    keys = edges.origin[rows].astype(np.int32) * _PLACES + edges.destination[rows]
    first, order = csr(keys, _PLACES**2)
    rows = rows[order]
    slot = np.full(edges.at.size, -1, np.int32)
    slot[rows] = np.arange(rows.size, dtype=np.int32)
    money = np.zeros(rows.size + 1, np.int64)
    np.cumsum(edges.base[rows], out=money[1:])
    return Corridors(*limits, slot, first, rows, edges.at[rows], money)


def sort(values: NDArray, n: int) -> None:
    """Sort the first `n` values, which are few."""
    for i in range(1, n):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


def past(limits: Corridors, low: int, slot: int, start: int, flow: NDArray[np.int64]) -> int:
    """Write the flows, where there were any, of the periods before `start`; return their number.

    Parameters
    ----------
    low, slot
        The corridor's first slot, and its first at or after `start`.
    """
    n = 0
    high = slot
    for back in range(1, limits.history + 1):
        if high == low:
            break
        begins = first_after(limits.at, low, high, start - back * limits.period - 1)
        if begins < high:
            flow[n] = limits.money[high] - limits.money[begins]
            n += 1
        high = begins
    return n


def shift(
    limits: Corridors, now: int, flow: NDArray[np.int64], n: int, away: NDArray[np.float64]
) -> int:
    """Return thousandths of z that `now` lies above the past, or -1 where that is not enough.

    `away` is room for n numbers.
    """
    sort(flow, n)
    middle = flow[(n - 1) // 2]
    if not at_least(now, middle, limits.rise):
        return -1
    for i in range(n):
        away[i] = abs(math.log(float(flow[i]) / float(middle)))
    sort(away, n)
    spread = _SPREAD * away[n // 2]  # the upper median: the past was no calmer than that
    above = math.log(float(now) / float(middle))
    if above * BP < limits.z * spread:
        return -1
    if above >= 1_000 * spread:
        return _MOST
    return int(1_000 * above / spread)


def busiest(edges: Edges, limits: Corridors, low: int, high: int, sums: NDArray[np.int64]) -> int:
    """Return the account with most money in these slots, on either side; of equals the first.

    `sums` (V,) is all zero before and after.
    """
    for slot in range(low, high):
        row = limits.row[slot]
        sums[edges.originator[row]] += edges.base[row]
        sums[edges.beneficiary[row]] += edges.base[row]
    best = edges.originator[limits.row[low]]
    for slot in range(low, high):
        row = limits.row[slot]
        if sums[edges.originator[row]] > sums[best]:
            best = edges.originator[row]
        if sums[edges.beneficiary[row]] > sums[best]:
            best = edges.beneficiary[row]
    for slot in range(low, high):
        row = limits.row[slot]
        sums[edges.originator[row]] = 0
        sums[edges.beneficiary[row]] = 0
    return best


def nth_largest(money: NDArray[np.int64], low: int, high: int, n: int) -> int:
    """Return the largest amount that at least `n` of these slots reach."""
    least = 0
    beyond = money[high] - money[low] + 1
    while beyond - least > 1:
        middle = (least + beyond) // 2
        reach = 0
        for slot in range(low, high):
            reach += money[slot + 1] - money[slot] >= middle
        if reach >= n:
            least = middle
        else:
            beyond = middle
    return least


def add_largest(limits: Corridors, low: int, high: int, out: Output) -> bool:
    """Add the first of these slots and the largest others, the earlier of equals, as evidence."""
    money = limits.money
    spare = limits.max_evidence - 1  # beside the first
    least = 0
    if high - low - 1 > spare:
        least = nth_largest(money, low + 1, high, spare)
    for slot in range(low + 1, high):
        spare -= money[slot + 1] - money[slot] > least
    for slot in range(low, high):
        amount = money[slot + 1] - money[slot]
        chosen = slot == low or amount > least
        if not chosen and amount == least:
            chosen = spare > 0
            spare -= 1
        if chosen and not add_evidence(out, limits.row[slot], 0, amount):
            return False
    return True


def corridor_shift(edges: Edges, limits: Corridors, first: int, last: int, out: Output) -> int:
    """Find the shifts whose first transaction is an edge in ``[first, last)``."""
    flow = np.empty(limits.history, np.int64)
    away = np.empty(limits.history, np.float64)
    sums = np.zeros(edges.holder.size, np.int64)
    for row in range(first, last):
        begin(out, row)
        low = limits.slot[row]
        if low < 0:
            continue
        corridor = edges.origin[row] * _PLACES + edges.destination[row]
        begins = limits.first[corridor]
        start = edges.at[row] // limits.period * limits.period
        if low > begins and limits.at[low - 1] >= start:
            continue  # not the first of its period
        high = first_after(limits.at, low, limits.first[corridor + 1], start + limits.period - 1)
        if high - low < limits.min_transactions:
            continue
        n = past(limits, begins, low, start, flow)
        if n < limits.min_periods:
            continue
        measure = shift(limits, limits.money[high] - limits.money[low], flow, n, away)
        if measure < 0:
            continue
        account = busiest(edges, limits, low, high, sums)
        left = high - low - limits.max_evidence
        if left > 0 and not add_cut(out, row, account, 0, left):
            return full(out)
        if not add_largest(limits, low, high, out):
            return full(out)
        if not add_measured(out, row, account, 1, measure):
            return full(out)
    return DONE


sort = jit(sort)
past = jit(past)
shift = jit(shift)
busiest = jit(busiest)
nth_largest = jit(nth_largest)
add_largest = jit(add_largest)
corridor_shift = jit(corridor_shift)
