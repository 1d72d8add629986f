"""Statistics of what the two accounts of each transaction sent and received lately."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import LATER, ROW, Index

__all__ = ["MOMENTS", "SIDES", "side_views", "vertex_statistics"]

MOMENTS = ("sum", "mean", "min", "max", "median", "var", "skew", "kurtosis")
"""Statistics of each measure, in the order of the columns."""
LARGEST = 2**62
SIDES = ("originator_sent", "originator_received", "beneficiary_sent", "beneficiary_received")
"""Whose transfers, in the order of the columns."""


def middle_of(values: NDArray[np.int64], n: int) -> float:
    """Return the median of the first `n` values, which are put in another order."""
    k = n >> 1
    low, high = 0, n - 1
    while low < high:  # quickselect
        pivot = values[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    upper = values[k]
    if n & 1:
        return float(upper)
    lower = values[0]
    for i in range(1, k):
        lower = max(lower, values[i])
    return (float(lower) + float(upper)) / 2


def describe(
    values: NDArray[np.int64],
    n: int,
    total: int,
    ends: tuple[int, int],
    middle: float,
    scale: float,
    out: NDArray[np.float64],
    column: int,
    row: int,
) -> None:
    """Write `MOMENTS` of the first `n` values, times `scale`, of the population and not a sample.

    Sum, least and greatest (`ends`) and median are known already; sums are whole numbers until they
    are divided, so that they depend on no order. What is zero is not written: the columns hold
    zeros, and most stay so.
    """
    least, greatest = ends
    if greatest <= 0:
        return
    mean = total / n
    out[column, row] = total * scale
    out[column + 1, row] = mean * scale
    out[column + 2, row] = least * scale
    out[column + 3, row] = greatest * scale
    out[column + 4, row] = middle * scale
    if least == greatest:
        return
    m2 = m3 = m4 = 0.0
    for i in range(n):
        d = values[i] - mean
        square = d * d
        m2 += square
        m3 += square * d
        m4 += square * square
    share = 1.0 / n
    m2 *= share
    inverse = 1.0 / m2
    out[column + 5, row] = m2 * scale * scale
    out[column + 6, row] = m3 * share * inverse * math.sqrt(inverse)
    out[column + 7, row] = m4 * share * inverse * inverse


def side_views(
    index: Index,
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int],
    max_work: int,
    view: NDArray[np.int32],
    cut: NDArray[np.uint16],
) -> None:
    """Write where the window of each of `SIDES` begins and ends, of each row.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``.
    max_work
        Most slots of a side: the latest ones.
    view
        Positions of the first slot and after the last, shape (8, E); zeros for an empty side.
    cut
        Sides that `max_work` cut, shape (E,).
    """
    for i in range(rows[0], rows[1]):
        if index.originator[i] == index.beneficiary[i]:
            continue
        e = i - first
        low = starts[e]
        for k in range(4):
            end = index.ends[i, k]
            b = end - (k == 0 or k == 3)  # the row itself: so for most of them
            if index.before[i, k] >= low:
                account = index.originator[i] if k < 2 else index.beneficiary[i]
                side = index.received if k & 1 else index.sent
                s = side.start[account]
                step = 1  # few are in the window: in leaps from its end
                while b - step >= 0 and side.slot[s + b - step, ROW] >= low:
                    step += step
                least = max(b - step, -1)  # below the first one in the window
                b -= step >> 1
                while b - least > 1:
                    middle = (least + b) >> 1
                    if side.slot[s + middle, ROW] < low:
                        least = middle
                    else:
                        b = middle
            cut[e] += end - b > max_work
            view[2 * k, e] = max(b, end - max_work)
            view[2 * k + 1, e] = end


def vertex_statistics(
    index: Index,
    facts: NDArray[np.int64],
    first: int,
    rows: tuple[int, int],
    view: NDArray[np.int32],
    max_work: int,
    counts: NDArray[np.int32],
    values: NDArray[np.float64],
) -> None:
    """Describe what each row's two accounts sent and received in its window, the row included.

    Parameters
    ----------
    facts
        Time and base amount of each row, shape (C, 2); -1 is an unknown amount, which is not
        described. Those of other rows are read of the slots, which keep them, since looking them
        up by row took a fourth more time.
    first, rows, view, max_work
        As in `side_views`.
    counts
        Fan and degree of each of `SIDES`, shape (8, E).
    values
        Moments of the amounts, and of the ages in seconds, of each side, shape (64, at least E).
    """
    amounts = np.empty(max_work + 1, np.int64)
    ages = np.empty(max_work + 1, np.int64)
    for k in range(4):
        accounts = index.originator if k < 2 else index.beneficiary
        side = index.received if k & 1 else index.sent
        slot, fact, start = side.slot, side.fact, side.start
        for i in range(rows[0], rows[1]):
            e = i - first
            low, high = view[2 * k, e], view[2 * k + 1, e]
            if low == high:
                continue
            if high - low == 1 and (k == 0 or k == 3):
                counts[2 * k, e] = counts[2 * k + 1, e] = 1
                only = facts[i, 1]
                describe(amounts, 1, only, (only, only), float(only), 1.0, values, 16 * k, e)
                continue
            s = start[accounts[i]]
            known = fan = total = age = greatest = n = 0
            least = LARGEST
            for p in range(s + low, s + high):
                fan += slot[p, LATER] >= high
                ages[n] = facts[i, 0] - fact[p, 0]
                age += ages[n]
                n += 1
                money = fact[p, 1]
                if money >= 0:
                    amounts[known] = money
                    known += 1
                    total += money
                    least = min(least, money)
                    greatest = max(greatest, money)
            counts[2 * k, e] = fan
            counts[2 * k + 1, e] = n
            if known > 0:
                middle = float(least) if least == greatest else middle_of(amounts, known)
                describe(amounts, known, total, (least, greatest), middle, 1.0, values, 16 * k, e)
            middle = (ages[n >> 1] + ages[(n - 1) >> 1]) / 2  # ages fall along the slots
            describe(ages, n, age, (ages[n - 1], ages[0]), middle, 1e-6, values, 16 * k + 8, e)


middle_of = jit(middle_of)
describe = jit(describe)
side_views = jit(side_views)
vertex_statistics = jit(vertex_statistics)
