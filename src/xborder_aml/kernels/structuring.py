"""Structuring: payments just below a threshold, against those just above it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import BP
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import DONE, Output, add_evidence, add_measured, begin, full
from xborder_aml.kernels.windows import mark_peaks, widest

__all__ = ["COUNT", "Banded", "Rules", "StructuringLimits", "mark_bands", "structuring"]

COUNT = 2**31
"""A hypothesis' measure is ``below * COUNT + both``: how many payments lie in its bands."""


class StructuringLimits(NamedTuple):
    """What the parameters ask for."""

    window: int
    near: int
    min_payments: int
    fair: int
    alpha: int
    least: int  # fewest payments in both bands that could ever be significant
    min_borders: int
    threshold: int  # minor units; 0 takes the rules of the law
    currency: int
    paid_in: int


class Banded(NamedTuple):
    """The limits, and the band of each payment."""

    window: int
    near: int
    min_payments: int
    fair: int
    alpha: int
    least: int
    min_borders: int
    band: NDArray[np.int16]  # (E,) 1 + 2 * rule, and 1 more above the threshold; 0 in neither band
    paid_in: NDArray[np.int8]  # (R,) 1 when a rule is about what an account is paid


class Rules(NamedTuple):
    """R rules in J jurisdictions, the more special first."""

    low: NDArray[np.int64]  # (R,) the band below is low <= amount < caught
    caught: NDArray[np.int64]  # (R,)
    high: NDArray[np.int64]  # (R,) the band above is caught <= amount < high
    currency: NDArray[np.int16]  # (R,)
    instrument: NDArray[np.int8]  # (R,) -1 any
    crossing: NDArray[np.int8]  # (R,)
    paid_in: NDArray[np.int8]  # (R,)
    since: NDArray[np.int64]  # (R, J + 1) microseconds; place 0 is for unknown jurisdictions
    until: NDArray[np.int64]  # (R, J + 1)


def mark_bands(edges: Edges, rules: Rules, band: NDArray[np.int16]) -> None:
    """Write the band of each payment under the first rule that is about it."""
    for e in range(edges.at.size):
        band[e] = 0
        if edges.originator[e] == edges.beneficiary[e]:
            continue
        for r in range(rules.low.size):
            paid_in = rules.paid_in[r]
            place = (edges.destination[e] if paid_in else edges.origin[e]) + 1
            currency = edges.received_currency[e] if paid_in else edges.sent_currency[e]
            if (
                currency == rules.currency[r]
                and rules.since[r, place] <= edges.at[e] <= rules.until[r, place]
                and (rules.instrument[r] < 0 or rules.instrument[r] == edges.instrument[e])
                and edges.border[e] >= rules.crossing[r]
            ):
                amount = edges.received[e] if paid_in else edges.sent[e]
                if rules.low[r] <= amount < rules.high[r]:
                    band[e] = 1 + 2 * r + (amount >= rules.caught[r])
                break


class Account(NamedTuple):
    """The payments of one account in a band; room for the widest account of the task."""

    row: NDArray[np.int64]
    band: NDArray[np.int16]
    below: NDArray[np.int64]  # rows of one rule, below its threshold
    at: NDArray[np.int64]
    end: NDArray[np.int64]
    score: NDArray[np.int64]
    stack: NDArray[np.int64]
    peak: NDArray[np.int8]


def in_bands(
    limits: Banded,
    paid_in: int,
    ptr: NDArray[np.int64],
    slot_row: NDArray[np.int32],
    account: int,
    own: Account,
) -> int:
    """Write the payments that rules of one side are about; return their number."""
    n = 0
    for slot in range(ptr[account], ptr[account + 1]):
        row = slot_row[slot]
        band = limits.band[row]
        if band > 0 and limits.paid_in[(band - 1) // 2] == paid_in:
            own.row[n] = row
            own.band[n] = band
            n += 1
    return n


def score_windows(edges: Edges, limits: Banded, own: Account, n: int) -> None:
    """Score the window from each payment below a threshold: its payments, or 0 if too few."""
    high = 0
    borders = 0
    for i in range(n):
        own.at[i] = edges.at[own.below[i]]
        while high < n and edges.at[own.below[high]] <= own.at[i] + limits.window:
            borders += edges.border[own.below[high]]
            high += 1
        candidate = high - i >= limits.min_payments and borders >= limits.min_borders
        own.end[i] = high
        own.score[i] = high - i if candidate else 0
        borders -= edges.border[own.below[i]]


def try_rule(
    edges: Edges, limits: Banded, own: Account, i: int, n: int, account: int, out: Output
) -> bool:
    """Add the hypothesis about the rule of payment `i`, and its windows if it may be significant.

    The hypothesis is a finding without evidence. Each payment of the rule is struck off.
    """
    below = 0
    both = 0
    anchor = own.row[i]
    rule = (own.band[i] - 1) // 2
    role = 0 if limits.paid_in[rule] else 1
    for j in range(i, n):
        if own.band[j] > 0 and (own.band[j] - 1) // 2 == rule:
            both += 1
            if own.band[j] % 2 == 1:
                own.below[below] = own.row[j]
                below += 1
            own.band[j] = 0
    if both < limits.least:
        return True
    measure = below * COUNT + both
    if not add_measured(out, anchor, account, 1, measure):
        return False
    if below * BP <= both * limits.fair:
        return True  # the chance of so many is a half or more: the median is no larger
    score_windows(edges, limits, own, below)
    mark_peaks(own.at, own.score, below, limits.window, own.stack, own.peak)
    for j in range(below):
        if own.peak[j]:
            for k in range(j, own.end[j]):
                if not add_evidence(out, own.below[k], role, edges.base[own.below[k]]):
                    return False
            if not add_measured(out, own.below[j], account, 1, measure):
                return False
    return True


def structuring(edges: Edges, limits: Banded, first: int, last: int, out: Output) -> int:
    """Test the accounts in ``[first, last)``, and find the windows of those that may pass."""
    room = max(widest(edges.in_ptr, first, last), widest(edges.out_ptr, first, last))
    own = Account(
        np.empty(room, np.int64),
        np.empty(room, np.int16),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int8),
    )
    for account in range(first, last):
        begin(out, account)
        for paid_in in range(2):
            ptr = edges.in_ptr if paid_in else edges.out_ptr
            slot_row = edges.in_row if paid_in else edges.out_row
            n = in_bands(limits, paid_in, ptr, slot_row, account, own)
            for i in range(n - limits.least + 1):
                if own.band[i] > 0 and not try_rule(edges, limits, own, i, n, account, out):
                    return full(out)
    return DONE


mark_bands = jit(mark_bands)
in_bands = jit(in_bands)
score_windows = jit(score_windows)
try_rule = jit(try_rule)
structuring = jit(structuring)
