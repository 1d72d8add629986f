"""Split match: one payment of an account against runs and subsets of its payments the other way.

A whole is tried against every run of its candidates, and only then against every subset. Each sum
that is met strikes out those other wholes that it would have matched as well; as soon as too many
are struck, chance explains a match and the search of this whole ends. So a whole with many
candidates, the costly case, is the one that ends after a few sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import BP, at_least, at_most, share_bp
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import DONE, Output, add_evidence, add_measured, begin, full
from xborder_aml.kernels.windows import rows_of, widest

__all__ = ["FIRST_TARGET", "N_TARGETS", "STEP", "SplitMatchLimits", "split_match"]

N_TARGETS = 1_000
FIRST_TARGET = 5_000
STEP = 15
"""Targets are shares of the whole: half of it, 15 basis points more, and so on up to twice it."""

_FITS, _STRUCK, _NEAREST, _PARTS, _STAMP = range(5)


class SplitMatchLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    low: int
    high: int
    min_parts: int
    max_candidates: int
    max_free: int
    chance: int  # most targets that may be struck
    min_borders: int
    strict: int


class Side(NamedTuple):
    """Payments on one side of an account, ascending, with running sums from 0."""

    row: NDArray[np.int64]
    at: NDArray[np.int64]
    base: NDArray[np.int64]
    border: NDArray[np.int64]
    sums: NDArray[np.int64]
    crossed: NDArray[np.int64]


class Search(NamedTuple):
    """What the search of one whole keeps."""

    state: NDArray[np.int64]  # fits, targets struck, distance and size of the best, and a stamp
    struck: NDArray[np.int64]  # (N_TARGETS,) the last whole for which each was struck
    best: NDArray[np.int64]  # places of the parts
    pick: NDArray[np.int64]


def load(
    edges: Edges, ptr: NDArray[np.int64], slots: NDArray[np.int32], account: int, side: Side
) -> int:
    """Write one side of an account; return its number of payments."""
    n = rows_of(edges, ptr, slots, account, 1, side.row)
    side.sums[0] = 0
    side.crossed[0] = 0
    for i in range(n):
        row = side.row[i]
        side.at[i] = edges.at[row]
        side.base[i] = edges.base[row]
        side.border[i] = edges.border[row]
        side.sums[i + 1] = side.sums[i] + edges.base[row]
        side.crossed[i + 1] = side.crossed[i] + edges.border[row]
    return n


def strike(limits: SplitMatchLimits, merge: bool, whole: int, total: int, s: Search) -> bool:
    """Strike out the targets that this sum would match; tell whether chance is still unlikely."""
    share = share_bp(total, whole)
    if merge:
        least = (share * limits.low + BP - 1) // BP
        most = share * limits.high // BP
    else:
        least = (share * BP + limits.high - 1) // limits.high
        most = share * BP // limits.low
    first = max(0, (least - FIRST_TARGET + STEP - 1) // STEP)
    last = min(N_TARGETS - 1, (most - FIRST_TARGET) // STEP)
    for j in range(first, last + 1):
        if s.struck[j] != s.state[_STAMP]:
            s.struck[j] = s.state[_STAMP]
            s.state[_STRUCK] += 1
    return s.state[_STRUCK] <= limits.chance


def fits(
    limits: SplitMatchLimits, merge: bool, whole: int, total: int, crossed: int, s: Search
) -> bool:
    """Count a sum that matches the whole; tell whether it is the nearest so far."""
    came = total if merge else whole
    went = whole if merge else total
    if (
        crossed < limits.min_borders
        or not at_least(went, came, limits.low)
        or not at_most(went, came, limits.high)
    ):
        return False
    s.state[_FITS] += 1
    if s.state[_FITS] > 1 and abs(whole - total) >= s.state[_NEAREST]:
        return False
    s.state[_NEAREST] = abs(whole - total)
    return True


def try_runs(
    limits: SplitMatchLimits,
    merge: bool,
    whole: int,
    border: int,
    parts: Side,
    low: int,
    high: int,
    s: Search,
) -> bool:
    """Try the runs of candidates ``low..high``; tell whether chance stays unlikely."""
    for i in range(low, high - limits.min_parts + 1):
        for j in range(i + limits.min_parts, high + 1):
            total = parts.sums[j] - parts.sums[i]
            if total > 4 * whole:
                break  # no target is so large
            if 4 * total < whole:
                continue
            if not strike(limits, merge, whole, total, s):
                return False
            if fits(limits, merge, whole, total, border + parts.crossed[j] - parts.crossed[i], s):
                s.state[_PARTS] = j - i
                for k in range(i, j):
                    s.best[k - i] = k
    return True


def try_subsets(
    limits: SplitMatchLimits,
    merge: bool,
    whole: int,
    border: int,
    parts: Side,
    low: int,
    high: int,
    s: Search,
) -> bool:
    """Try all subsets of candidates ``low..high``, smaller places first; tell as `try_runs` does.

    Amounts are positive: a sum that is too large stays so, whatever is added.
    """
    size = 0
    total = 0
    crossed = border
    k = low
    while size > 0 or k < high:
        if k == high:
            size -= 1
            k = s.pick[size]
            total -= parts.base[k]
            crossed -= parts.border[k]
        elif total + parts.base[k] <= 4 * whole:
            total += parts.base[k]
            crossed += parts.border[k]
            s.pick[size] = k
            size += 1
            if size >= limits.min_parts and 4 * total >= whole:
                if not strike(limits, merge, whole, total, s):
                    return False
                if fits(limits, merge, whole, total, crossed, s):
                    s.state[_PARTS] = size
                    for i in range(size):
                        s.best[i] = s.pick[i]
        k += 1
    return True


def add_match(
    edges: Edges, merge: bool, row: int, parts: Side, account: int, s: Search, out: Output
) -> bool:
    """Add a match: what came in, then what went out."""
    if not merge and not add_evidence(out, row, 0, edges.base[row]):
        return False
    for i in range(s.state[_PARTS]):
        k = s.best[i]
        if not add_evidence(out, parts.row[k], 0 if merge else 1, parts.base[k]):
            return False
    if merge and not add_evidence(out, row, 1, edges.base[row]):
        return False
    anchor = min(row, parts.row[s.best[0]])
    return add_measured(out, anchor, account, s.state[_FITS], s.state[_STRUCK])


def match_side(
    edges: Edges,
    limits: SplitMatchLimits,
    merge: bool,
    account: int,
    wholes: Side,
    n: int,
    parts: Side,
    n_parts: int,
    s: Search,
    out: Output,
) -> bool:
    """Match each whole on one side with candidates on the other; tell whether there was room."""
    low = 0
    high = 0
    for w in range(n):
        early = wholes.at[w] - limits.window if merge else wholes.at[w] + limits.strict
        late = wholes.at[w] - limits.strict if merge else wholes.at[w] + limits.window
        while low < n_parts and parts.at[low] < early:
            low += 1
        while high < n_parts and parts.at[high] <= late:
            high += 1
        if high - low < limits.min_parts or high - low > limits.max_candidates:
            continue
        whole = wholes.base[w]
        border = wholes.border[w]
        total = parts.sums[high] - parts.sums[low]
        enough = at_most(whole, total, limits.high) if merge else at_least(total, whole, limits.low)
        if not enough or border + parts.crossed[high] - parts.crossed[low] < limits.min_borders:
            continue
        s.state[_FITS] = 0
        s.state[_STRUCK] = 0
        s.state[_STAMP] += 1
        likely = not try_runs(limits, merge, whole, border, parts, low, high, s)
        if not likely and s.state[_FITS] == 0 and high - low <= limits.max_free:
            likely = not try_subsets(limits, merge, whole, border, parts, low, high, s)
        if likely or s.state[_FITS] == 0:
            continue
        if not add_match(edges, merge, wholes.row[w], parts, account, s, out):
            return False
    return True


def make_side(room: int) -> Side:
    """Return room for one side of an account."""
    return Side(
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room + 1, np.int64),
        np.empty(room + 1, np.int64),
    )


def split_match(edges: Edges, limits: SplitMatchLimits, first: int, last: int, out: Output) -> int:
    """Find the split matches of the accounts in ``[first, last)``."""
    credit = make_side(widest(edges.in_ptr, first, last))
    debit = make_side(widest(edges.out_ptr, first, last))
    s = Search(
        np.zeros(5, np.int64),
        np.zeros(N_TARGETS, np.int64),
        np.empty(limits.max_candidates, np.int64),
        np.empty(limits.max_free, np.int64),
    )
    for account in range(first, last):
        begin(out, account)
        n_in = edges.in_ptr[account + 1] - edges.in_ptr[account]
        n_out = edges.out_ptr[account + 1] - edges.out_ptr[account]
        if min(n_in, n_out) < 1 or max(n_in, n_out) < limits.min_parts:
            continue
        n_in = load(edges, edges.in_ptr, edges.in_row, account, credit)
        n_out = load(edges, edges.out_ptr, edges.out_row, account, debit)
        for merge in (False, True):
            wholes = debit if merge else credit
            parts = credit if merge else debit
            n = n_out if merge else n_in
            n_parts = n_in if merge else n_out
            if not match_side(edges, limits, merge, account, wholes, n, parts, n_parts, s, out):
                return full(out)
    return DONE


load = jit(load)
strike = jit(strike)
fits = jit(fits)
try_runs = jit(try_runs)
try_subsets = jit(try_subsets)
add_match = jit(add_match)
match_side = jit(match_side)
make_side = jit(make_side)
split_match = jit(split_match)
