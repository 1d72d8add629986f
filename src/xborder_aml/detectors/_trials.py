"""Tests of many hypotheses, each about a number of hits among trials."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xborder_aml.kernels.amounts import BP

__all__ = ["EXACT", "fewest_trials", "log_cutoff", "surprise"]

EXACT = 1_000
"""Up to so many trials the binomial tail is summed; beyond, Chernoff's bound stands for it."""


def surprise(hits: int, trials: int, fair: int) -> float:
    """Return minus the decimal logarithm of the chance of at least so many hits.

    Parameters
    ----------
    fair
        Chance of a hit, in basis points, above 0 and below `BP`.

    Notes
    -----
    The tail is a sum of whole numbers over ``BP ** trials``, which is exact. Chernoff's bound is
    never below the tail, so that a hypothesis of many trials passes a little less easily.

    Examples
    --------
    >>> round(10 ** -surprise(9, 10, 5_000), 6)  # 11 in 1,024
    0.010742
    """
    if hits * BP <= trials * fair:
        return 0.0
    miss = BP - fair
    if trials <= EXACT:
        term = math.comb(trials, hits) * fair**hits * miss ** (trials - hits)
        total = 0
        for i in range(hits, trials + 1):
            total += term
            term = term * (trials - i) * fair // ((i + 1) * miss)
        return trials * math.log10(BP) - math.log10(total)
    out = hits * math.log10(hits * BP / (trials * fair))
    if hits < trials:
        out += (trials - hits) * math.log10((trials - hits) * BP / (trials * miss))
    return out


def fewest_trials(fair: int, alpha: int) -> int:
    """Return how many trials it takes for all of them as hits to be significant at `alpha`.

    Examples
    --------
    >>> fewest_trials(5_000, 500)  # 1 in 32 is rarer than 1 in 20, 1 in 16 is not
    5
    """
    n = 1
    while fair**n * BP > alpha * BP**n:
        n += 1
    return n


def log_cutoff(surprises: NDArray[np.float64], alpha: int) -> float:
    """Return the least surprise that is a discovery by Benjamini and Hochberg; inf for none.

    Parameters
    ----------
    surprises
        Of all hypotheses that were tested, shape (m,).
    alpha
        Share of false discoveries to expect at most, in basis points.

    Examples
    --------
    >>> log_cutoff(np.array([1.0, 2.0, 3.0]), 500)
    2.0
    """
    falling = np.sort(surprises)[::-1]
    rank = np.arange(1, falling.size + 1)
    passed = falling[falling >= np.log10(falling.size * BP / (alpha * rank))]
    return float(passed[-1]) if passed.size else math.inf
