"""Exact shares of an amount: products of 118 bits, and rounding by largest remainder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["apportion", "multiply_divide", "nth_largest"]

_FITS = 9.0e18  # a product below this, with the error of its float, fits in Int64


def multiply_divide(a: int, b: int, m: int) -> tuple[int, int]:
    """Return ``a * b // m`` and ``a * b % m`` exactly, for ``0 <= a, b, m < 2**59`` and ``m > 0``.

    A product that does not fit in Int64 is divided three bits at a time.
    """
    if float(a) * float(b) < _FITS:
        product = a * b
        quotient = product // m
        return quotient, product - quotient * m
    quotient = 0
    rest = 0
    for place in range(57, -1, -3):
        rest = rest * 8 + ((a >> place) & 7) * b  # below 8 * 2**59 + 7 * 2**59 < 2**63
        digit = rest // m
        rest -= digit * m
        quotient = quotient * 8 + digit
    return quotient, rest


def nth_largest(values: NDArray[np.int64], n: int, k: int) -> int:
    """Return the k-th largest (from 1) of the first `n` values, which are put in another order."""
    low = 0
    high = n - 1
    while low < high:
        pivot = values[(low + high) >> 1]
        i = low
        j = high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                kept = values[i]
                values[i] = values[j]
                values[j] = kept
                i += 1
                j -= 1
        if k - 1 <= j:
            high = j
        elif k - 1 >= i:
            low = i
        else:
            break
    return values[k - 1]


def apportion(
    total: int,
    part: NDArray[np.int64],
    n: int,
    whole: int,
    share: NDArray[np.int64],
    scratch: NDArray[np.int64],
) -> None:
    """Divide `total` in proportion to the first `n` parts, by largest remainder.

    Each share is ``part * total / whole`` rounded down; what is missing goes, one unit each, to the
    shares that lost the largest fraction, the earlier ones first.

    Parameters
    ----------
    total, whole
        What is divided, and the sum of the parts; ``whole > 0``.
    part, share
        Shape (n,) at least; `share` is written, and sums to `total`.
    scratch
        Shape (2, n) at least.
    """
    missing = total
    for i in range(n):
        quotient, rest = multiply_divide(part[i], total, whole)
        share[i] = quotient
        scratch[0, i] = rest
        scratch[1, i] = rest
        missing -= quotient
    if missing == 0:
        return
    bar = nth_largest(scratch[1], n, missing)
    for i in range(n):
        if scratch[0, i] > bar:
            share[i] += 1
            missing -= 1
    for i in range(n):
        if missing > 0 and scratch[0, i] == bar:
            share[i] += 1
            missing -= 1


multiply_divide = jit(multiply_divide)
nth_largest = jit(nth_largest)
apportion = jit(apportion)
