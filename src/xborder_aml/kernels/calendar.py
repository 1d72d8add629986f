"""Which standing relations pay on a day, when, and how much: a pure function of seed and day.

Every random number is a hash of the seed, the relation, the day and a purpose, so that any day can
be made by itself, on any thread, and comes out the same.

A relation that pays `n` times in a period pays exactly so often: the period is a line of length 1,
each day a piece of it as long as its weight, and the payments stand at ``(i + u) / n`` for a `u` of
the relation's own. Were the days in order, payments would come like a clock; so the pieces lie in
one of `N_ORDERS` shuffled orders. Payments that are due by the calendar (salaries, rents) come on
the days that a table names for the relation's anchor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = [
    "N_ORDERS",
    "N_QUANTILES",
    "Calendar",
    "Drawn",
    "Relations",
    "count_due",
    "draw_due",
    "mixed",
    "uniforms",
]

N_ORDERS = 64
N_QUANTILES = 4096
"""Steps of the tables of amounts and times of day."""

_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_LOW6 = np.uint64(N_ORDERS - 1)
_LOW12 = np.uint64(N_QUANTILES - 1)
_S12, _S24, _S36 = np.uint64(12), np.uint64(24), np.uint64(36)
_UNIT = 2.0**-53
_MINUTE = 60_000_000
_BOUGHT = np.uint64(0xD1B54A32D192ED03)


class Relations(NamedTuple):
    """Who pays whom, R of them."""

    originator: NDArray[np.int32]
    beneficiary: NDArray[np.int32]
    flow: NDArray[np.int8]
    n: NDArray[np.int32]  # payments in the period; 0: by the calendar
    anchor: NDArray[np.int8]  # due days' column, for those by the calendar
    usual: NDArray[np.int64]  # usual amount, minor units of the originator's currency


class Calendar(NamedTuple):
    """Days of the period and the habits of F flows."""

    start: NDArray[np.float64]  # (rhythms, N_ORDERS, D) where each day's piece begins
    end: NDArray[np.float64]  # (rhythms, N_ORDERS, D) and ends: to the bit where the next begins
    rhythm: NDArray[np.int64]  # (F,)
    due: NDArray[np.int8]  # (cycles, D, anchors) 1 where a payment is due
    cycle: NDArray[np.int64]  # (F,)
    factor: NDArray[np.float64]  # (F, N_QUANTILES) amounts as multiples of the usual one
    minute: NDArray[np.int64]  # (rhythms, N_QUANTILES) minutes of the day


class Drawn(NamedTuple):
    """Payments of a day."""

    at: NDArray[np.int64]  # microseconds from the start of the period
    relation: NDArray[np.int64]
    amount: NDArray[np.int64]
    luck: NDArray[np.uint64]  # a random number for whatever else must be chosen


def mixed(key, number):
    """Return a hash of two whole numbers: 64 bits that look random (splitmix64's finaliser)."""
    z = np.uint64(key) + np.uint64(number) * _STEP
    z = (z ^ (z >> _S30)) * _MULTIPLY_1
    z = (z ^ (z >> _S27)) * _MULTIPLY_2
    return z ^ (z >> _S31)


def uniforms(key: np.uint64, numbers: NDArray[np.uint64], out: NDArray[np.float64]) -> None:
    """Fill `out` with a uniform number in [0, 1) for each of `numbers`, uint64."""
    for i in range(numbers.size):
        out[i] = float(mixed(key, numbers[i]) >> _S11) * _UNIT


def _n_due(relations, calendar, r, day, key):
    """Return how often a relation pays on a day."""
    flow = relations.flow[r]
    n = relations.n[r]
    if n == 0:
        return np.int64(calendar.due[calendar.cycle[flow], day, relations.anchor[r]])
    h = mixed(key, r)
    rhythm = calendar.rhythm[flow]
    u = float(h >> _S11) * _UNIT
    order = np.int64(h & _LOW6)
    low = n * calendar.start[rhythm, order, day] + u
    high = n * calendar.end[rhythm, order, day] + u
    return np.int64(np.floor(high)) - np.int64(np.floor(low))


def count_due(relations: Relations, calendar: Calendar, day: int, key: np.uint64) -> int:
    """Return the number of payments of a day."""
    total = 0
    for r in range(relations.n.size):
        total += _n_due(relations, calendar, r, day, key)
    return total


def draw_due(relations: Relations, calendar: Calendar, day: int, key: np.uint64, out: Drawn) -> int:
    """Fill `out` with the payments of a day, in order of their relations."""
    k = 0
    today = mixed(key ^ _BOUGHT, day)
    for r in range(relations.n.size):
        n = _n_due(relations, calendar, r, day, key)
        flow = relations.flow[r]
        for i in range(n):
            h = mixed(mixed(today, r), i)
            minute = calendar.minute[calendar.rhythm[flow], np.int64(h & _LOW12)]
            second = np.int64((h >> _S24) & _LOW12) * 60 // N_QUANTILES
            times = calendar.factor[flow, np.int64((h >> _S12) & _LOW12)]
            out.at[k] = ((day * 1440 + minute) * 60 + second) * 1_000_000
            out.relation[k] = r
            out.amount[k] = max(np.int64(1), np.int64(np.floor(relations.usual[r] * times + 0.5)))
            out.luck[k] = h >> _S36
            k += 1
    return k


mixed = jit(mixed)
uniforms = jit(uniforms)
_n_due = jit(_n_due)
count_due = jit(count_due)
draw_due = jit(draw_due)
