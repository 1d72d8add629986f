"""Intervals and paired tests: cases are drawn, not rows.

The rows of one laundering case stand or fall together, so a bootstrap over rows would believe that
it knows more than it does. Here cases are drawn with replacement, and so are the accounts that the
other rows come from, each kind as often as there are. All methods meet the same draws, which makes
their differences far narrower than their values.

References
----------
Davison, Hinkley, Bootstrap Methods and their Application (1997), sections 2.4 and 4.2.
Holm, Scand. J. Statist. 6(2) (1979) 65-70 (p-values of many comparisons).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.evaluate.view import stream

__all__ = ["Blocks", "Paired", "draw_weights", "holm", "interval", "paired"]

LEVEL = 0.95
_PERCENTILES = (50 * (1 - LEVEL), 100 - 50 * (1 - LEVEL))


class Blocks(NamedTuple):
    """What is drawn together; shape (N,) for N units.

    Parameters
    ----------
    code
        Number of the unit's block: cases from 0 on, then the others.
    n_cases, n_others
        How many there are of each.
    """

    code: NDArray[np.int64]
    n_cases: int
    n_others: int


def draw_weights(blocks: Blocks, seed: int, name: str, draw: int) -> NDArray[np.float64]:
    """Return how often each unit is in a draw, shape (N,).

    Cases have random numbers of their own, so that two methods whose other blocks differ still meet
    the same cases.
    """
    counts = np.empty(blocks.n_cases + blocks.n_others)
    for kind, low, n in (("cases", 0, blocks.n_cases), ("others", blocks.n_cases, blocks.n_others)):
        rng = stream(seed, f"{name}|{kind}|{draw}")
        counts[low : low + n] = np.bincount(rng.integers(0, max(n, 1), n), minlength=n)
    return counts[blocks.code]


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% percentile interval of a metric's draws; draws without a value are left out.

    Examples
    --------
    >>> low, high = interval(np.arange(101.0))
    >>> round(low, 3), round(high, 3)
    (2.5, 97.5)
    """
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(known, _PERCENTILES)
    return float(low), float(high)


class Paired(NamedTuple):
    """The difference of a metric between two methods on the same draws."""

    difference: float
    low: float
    high: float
    p_value: float


def paired(
    value: float, other: float, draws: NDArray[np.float64], others: NDArray[np.float64]
) -> Paired:
    """Compare two methods.

    The p-value is two-sided, from the normal distribution with the spread of the draws: counting
    draws beyond zero could not tell any p-value below the reciprocal of their number, which Holm's
    correction for many pairs makes useless.

    Examples
    --------
    >>> draws = np.array([0.4, 0.6, 0.5, 0.5])
    >>> round(paired(0.5, 0.4, draws, np.full(4, 0.4)).p_value, 3)
    0.221
    """
    differences = draws - others
    known = differences[np.isfinite(differences)]
    difference = value - other
    spread = float(known.std(ddof=1)) if known.size > 1 else float("nan")
    if spread > 0:
        p = math.erfc(abs(difference) / spread / math.sqrt(2))
    else:
        p = 1.0 if difference == 0 or math.isnan(spread) else 0.0
    return Paired(difference, *interval(differences), p)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that hold for all comparisons together.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    out = np.empty(p.size)
    out[order] = adjusted
    return [float(v) for v in out]
