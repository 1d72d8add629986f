"""Statistics of what the two accounts of each transaction sent and received lately."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import LATER, ROW, Index

__all__ = ["MOMENTS", "SIDES", "vertex_statistics"]

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


def vertex_statistics(
    index: Index,
    facts: NDArray[np.int64],
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int],
    max_sample: int,
    counts: NDArray[np.int32],
    values: NDArray[np.float64],
    cut: NDArray[np.uint16],
) -> None:
    """Describe what each row's two accounts sent and received in its window, the row included.

    Parameters
    ----------
    facts
        Time and base amount of each row, shape (C, 2); -1 is an unknown amount, which is not
        described. Those of other rows are read of the slots, which keep them, since looking them
        up by row took a fourth more time.
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``.
    max_sample
        Most slots of a side: the latest ones.
    counts
        Fan and degree of each of `SIDES`, shape (8, E).
    values
        Moments of the amounts, and of the ages in seconds, of each side, shape (64, at least E).
    cut
        Sides that `max_sample` cut, shape (E,).
    """
    amounts = np.empty(max_sample + 1, np.int64)
    ages = np.empty(max_sample + 1, np.int64)
    for k in range(4):  # one side after the other: so their slots and columns stay at hand
        accounts = index.originator if k < 2 else index.beneficiary
        others = index.beneficiary if k < 2 else index.originator
        side = index.received if k & 1 else index.sent
        slot, fact, start, before, ends = side.slot, side.fact, side.start, index.before, index.ends
        has_row = k == 0 or k == 3
        for i in range(rows[0], rows[1]):
            e = i - first
            if accounts[i] == others[i]:
                continue
            if before[i, k] < starts[e]:  # nothing in the window but the row: so for most of them
                if has_row:
                    counts[2 * k, e] = counts[2 * k + 1, e] = 1
                    only = facts[i, 1]
                    describe(amounts, 1, only, (only, only), float(only), 1.0, values, 16 * k, e)
                continue
            low = start[accounts[i]]
            end = ends[i, k]
            known = fan = total = age = greatest = n = 0
            least = LARGEST
            p = low + end - 1
            while p >= low and slot[p, ROW] >= starts[e]:
                if n == max_sample:
                    cut[e] += 1
                    break
                fan += slot[p, LATER] >= end
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
                p -= 1
            counts[2 * k, e] = fan
            counts[2 * k + 1, e] = n
            if known > 0:
                middle = float(least) if least == greatest else middle_of(amounts, known)
                describe(amounts, known, total, (least, greatest), middle, 1.0, values, 16 * k, e)
            middle = (ages[n >> 1] + ages[(n - 1) >> 1]) / 2  # ages rise along the slots
            describe(ages, n, age, (ages[0], ages[n - 1]), middle, 1e-6, values, 16 * k + 8, e)


middle_of = jit(middle_of)
describe = jit(describe)
vertex_statistics = jit(vertex_statistics)
