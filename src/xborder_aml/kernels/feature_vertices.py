"""Statistics of what the two accounts of each transaction sent and received lately."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import LATER, ROW, Index
from xborder_aml.kernels.feature_views import begin, make_views

__all__ = ["MOMENTS", "SIDES", "vertex_statistics"]

MOMENTS = ("sum", "mean", "min", "max", "median", "var", "skew", "kurtosis")
"""Statistics of each measure, in the order of the columns."""
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
    middle: float,
    scale: float,
    out: NDArray[np.float64],
    column: int,
    row: int,
) -> None:
    """Write `MOMENTS` of the first `n` values, of which the median is known, times `scale`.

    Of the population, not of a sample. Sums are whole numbers until they are divided, so that they
    depend on no order. What is zero is not written: the columns hold zeros, and most stay so.
    """
    total = values[0]
    least = greatest = values[0]
    for i in range(1, n):
        total += values[i]
        least = min(least, values[i])
        greatest = max(greatest, values[i])
    if greatest == 0:
        return
    mean = total / n
    out[column, row] = total * scale
    out[column + 1, row] = mean * scale
    out[column + 2, row] = least * scale
    out[column + 3, row] = greatest * scale
    if least == greatest:
        out[column + 4, row] = mean * scale
        return
    m2 = m3 = m4 = 0.0
    for i in range(n):
        d = values[i] - mean
        square = d * d
        m2 += square
        m3 += square * d
        m4 += square * square
    m2 /= n
    out[column + 4, row] = middle * scale
    out[column + 5, row] = m2 * scale * scale
    out[column + 6, row] = m3 / n / (m2 * math.sqrt(m2))
    out[column + 7, row] = m4 / n / (m2 * m2)


def vertex_statistics(
    index: Index,
    base: NDArray[np.int64],
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int, int],
    max_work: int,
    counts: NDArray[np.int32],
    values: NDArray[np.float64],
    cut: NDArray[np.uint16],
) -> None:
    """Describe what each row's two accounts sent and received in its window, the row included.

    Parameters
    ----------
    base
        Base amount of each row in minor units, shape (C,); -1 unknown: not described.
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``, of a history of ``rows[2]``.
    max_work
        Latest transfers of one account and direction that are described.
    counts
        Fan and degree of each of `SIDES`, shape (8, E).
    values
        Moments of the amounts, and of the ages in seconds, of each side, shape (64, E).
    cut
        Sides that `max_work` cut, shape (E,).
    """
    before, at, sides = index.before, index.at, (index.sent, index.received)
    views = make_views(index, rows[0], rows[2])
    amounts = np.empty(max(1, max_work), np.int64)
    ages = np.empty(max(1, max_work), np.int64)
    for i in range(rows[0], rows[1]):
        if index.originator[i] == index.beneficiary[i]:
            continue
        e = i - first
        low = starts[e]
        views.end[index.originator[i], 0] += 1
        views.end[index.beneficiary[i], 1] += 1
        for k in range(4):
            own = k == 0 or k == 3
            if before[i, k] < low:  # none in the window but the row itself: so for most of them
                if own:
                    counts[2 * k, e] = counts[2 * k + 1, e] = 1
                    if base[i] >= 0:
                        amounts[0] = base[i]
                        describe(amounts, 1, float(base[i]), 1.0, values, 16 * k, e)
                continue
            account = index.originator[i] if k < 2 else index.beneficiary[i]
            which = k & 1
            side = sides[which]
            b = begin(side, views, which, account, low)
            end = views.end[account, which]
            if end - b > max_work:
                b = end - max_work
                cut[e] += 1
            s = side.start[account]
            known = 0
            fan = 0
            for p in range(b, end):
                fan += side.slot[s + p, LATER] >= end
                row = side.slot[s + p, ROW]
                ages[p - b] = at[i] - at[row]
                if base[row] >= 0:
                    amounts[known] = base[row]
                    known += 1
            counts[2 * k, e] = fan
            counts[2 * k + 1, e] = end - b
            if known > 0:
                middle = middle_of(amounts, known)
                describe(amounts, known, middle, 1.0, values, 16 * k, e)
            if end > b:  # ages fall along the slots
                n = end - b
                middle = (ages[n >> 1] + ages[(n - 1) >> 1]) / 2
                describe(ages, n, middle, 1e-6, values, 16 * k + 8, e)


middle_of = jit(middle_of)
describe = jit(describe)
vertex_statistics = jit(vertex_statistics)
