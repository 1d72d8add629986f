"""How seldom chance shows what an account shows: strata, moderated z, pooled p-values.

The formulas stand in `xborder_aml.score.evidence`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph

__all__ = ["against_null", "harmonic_mean_p", "strata_of", "sums", "turnover"]

_TOWARDS_STRATUM = 1.0  # permutations that the stratum's mean counts for
_SPREAD_PRIOR = 4.0  # degrees of freedom that the stratum's spread counts for
_MIN_STRATUM = 50  # accounts; fewer are joined to others
_FLOOR_OF_SD = 0.05  # of turnover: one chance hit on a silent null is no wonder (Tusher s0)


def turnover(graph: TransactionGraph) -> NDArray[np.float64]:
    """Return the base money through each account, in and out, shape (V,)."""
    e = graph.edges
    base = np.maximum(e.base, 0).astype(np.float64)
    n = graph.n_accounts
    return sums(e.originator, base, n) + sums(e.beneficiary, base, n)


def sums(
    keys: NDArray[np.integer[Any]], values: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Return the sum of `values` by key, shape (n,), added in row order."""
    out: NDArray[np.float64] = np.bincount(keys, values, n).astype(np.float64)
    return out


def strata_of(graph: TransactionGraph) -> NDArray[np.int64]:
    """Return the stratum of each account: doublings of its number of transactions.

    Where fewer than `_MIN_STRATUM` accounts are as active, they join the next less active ones,
    and the least active, if too few, the next more active: the smallest stratum bounds every
    p-value.
    """
    e = graph.edges
    n = np.diff(e.out_ptr) + np.diff(e.in_ptr)
    level: NDArray[np.int64] = np.frexp(np.maximum(n, 1))[1].astype(np.int64) - 1
    sizes = np.bincount(level, minlength=1)
    for i in range(sizes.size - 1, 0, -1):
        if sizes[i] < _MIN_STRATUM:
            level[level == i] = i - 1
            sizes[i - 1] += sizes[i]
            sizes[i] = 0
    rest = np.flatnonzero(sizes)
    if rest.size > 1 and sizes[rest[0]] < _MIN_STRATUM:  # the least active have none below them
        level[level == rest[0]] = rest[1]
    return level


def _shares_of_stratum(
    values: NDArray[np.float64], money_moved: NDArray[np.float64], strata: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return, for each account, its stratum's sum of `values` over its sum of money moved."""
    top = sums(strata, values, 0)
    bottom = sums(strata, money_moved, 0)
    share: NDArray[np.float64] = np.divide(top, bottom, out=np.zeros(top.size), where=bottom > 0)
    return share[strata]


def _z(
    money: NDArray[np.float64],
    others: NDArray[np.float64],
    money_moved: NDArray[np.float64],
    strata: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return z of `money` (V,) against permutations `others` (B, V), and the expected money."""
    n = others.shape[0]
    mean = others.mean(axis=0)
    prior = _shares_of_stratum(mean, money_moved, strata) * money_moved
    expected = (n * mean + _TOWARDS_STRATUM * prior) / (n + _TOWARDS_STRATUM)
    unit = np.where(money_moved > 0, money_moved, 1.0)
    squares = (((others - mean) / unit) ** 2).sum(axis=0)
    of_stratum = np.bincount(strata, squares) / np.maximum(np.bincount(strata) * (n - 1), 1)
    variance = (squares + _SPREAD_PRIOR * of_stratum[strata]) / (n - 1 + _SPREAD_PRIOR)
    sd = np.sqrt(variance) + _FLOOR_OF_SD
    return (money - expected) / (unit * sd), expected


def against_null(
    money: NDArray[np.float64],
    null: NDArray[np.float64],
    money_moved: NDArray[np.float64],
    strata: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the p-value and the expected money of each account, for one pattern."""
    b = null.shape[0]
    z, expected = _z(money, null, money_moved, strata)
    null_z = np.stack(
        [_z(null[i], np.delete(null, i, axis=0), money_moved, strata)[0] for i in range(b)]
    )
    p = np.ones(money.size)
    floor = 0.0
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        pool = np.sort(null_z[:, members], axis=None)
        reached = pool.size - np.searchsorted(pool, z[members], side="left")
        p[members] = (1 + reached) / (1 + pool.size)
        floor = max(floor, 1 / (1 + pool.size))
    p = np.maximum(p, floor)
    return np.where(money > 0, p, 1.0), expected


def harmonic_mean_p(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Combine the p-values of several patterns, shape (P, V), into one an account, shape (V,).

    Never more than the least of them times P, and so not conservative: `xborder_aml.score.evidence`
    says by how much it can promise too much.
    """
    n, accounts = p_values.shape
    if n == 0:
        return np.ones(accounts)
    combined: NDArray[np.float64] = np.minimum(1.0, n / (1 / p_values).sum(axis=0))
    return combined
