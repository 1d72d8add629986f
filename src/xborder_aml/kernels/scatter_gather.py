"""Scatter-gather: from one account through many to one, by wedges of two payments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most, share_down, share_up
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_finding,
    begin,
    full,
)
from xborder_aml.kernels.windows import mark_peaks

__all__ = ["ScatterGatherLimits", "prepare_slots", "scatter_gather"]


class ScatterGatherLimits(NamedTuple):
    """What the kernel reads of the parameters, and of the slots in the order by originator."""

    window: int
    min_middles: int
    low: int
    high: int
    low_total: int
    high_total: int
    min_borders: int
    strict: int
    max_degree: int
    to: NDArray[np.int32]  # (E,) beneficiary of each slot, -1 where a gather cannot end
    money: NDArray[np.int64]  # (E,) base amount of each slot, 0 where it is unknown or to itself


class Wedges(NamedTuple):
    """Pairs of payments out of one source and on, in a list for each account that they reach."""

    scatter: NDArray[np.int64]  # per wedge: slot of the payment by the source
    gather: NDArray[np.int64]  # per wedge: slot of the payment by the middle
    following: NDArray[np.int64]  # per wedge: the next of its list
    to: NDArray[np.int32]  # per list: account reached
    head: NDArray[np.int64]  # per list: first wedge
    tail: NDArray[np.int64]  # per list: last wedge
    size: NDArray[np.int64]  # per list: wedges in it
    n_lists: NDArray[np.int64]  # (1,)


class Windows(NamedTuple):
    """The wedges between one source and one account, and the windows that start with them."""

    scatter: NDArray[np.int64]
    gather: NDArray[np.int64]
    middle: NDArray[np.int32]
    picked: NDArray[np.int64]  # the wedges of one window, one for each middle
    at: NDArray[np.int64]
    score: NDArray[np.int64]  # middles, 0 if it is no candidate
    stack: NDArray[np.int64]
    peak: NDArray[np.int8]


def prepare_slots(
    edges: Edges,
    window: int,
    max_degree: int,
    to: NDArray[np.int32],
    money: NDArray[np.int64],
) -> None:
    """Lay out what the search reads of every slot, so that it walks memory in order."""
    crowded = np.zeros(edges.at.size, np.int8)
    for account in range(edges.in_ptr.size - 1):
        for slot in range(edges.in_ptr[account] + max_degree, edges.in_ptr[account + 1]):
            if edges.in_at[slot] - edges.in_at[slot - max_degree] <= window:
                crowded[edges.in_row[slot]] = 1
    for slot in range(edges.out_row.size):
        row = edges.out_row[slot]
        beneficiary = edges.beneficiary[row]
        known = edges.base[row] > 0 and edges.originator[row] != beneficiary
        money[slot] = edges.base[row] if known else 0
        to[slot] = beneficiary if known and not crowded[row] else -1


def is_crowded(times: NDArray[np.int64], slot: int, stop: int, until: int, most: int) -> bool:
    """Tell whether more than `most` of the slots in ``[slot, stop)`` are not after `until`."""
    return slot + most < stop and times[slot + most] <= until


def tell_hub(
    times: NDArray[np.int64],
    rows: NDArray[np.int32],
    ptr: NDArray[np.int64],
    account: int,
    limits: ScatterGatherLimits,
    out: Output,
) -> bool:
    """Tell the payments left out on one side of an account, in one cut a stretch of its days."""
    stretch = max(1, limits.window)
    first = -1
    left = 0
    for slot in range(ptr[account], ptr[account + 1] - limits.max_degree):
        if times[slot + limits.max_degree] - times[slot] > limits.window:
            continue
        if left > 0 and times[slot] // stretch != times[first] // stretch:
            if not add_cut(out, rows[first], account, 0, left):
                return False
            left = 0
        if left == 0:
            first = slot
        left += 1
    return left == 0 or add_cut(out, rows[first], account, 0, left)


def make_wedges(n: int) -> Wedges:
    """Return room for `n` wedges."""
    return Wedges(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int32),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.zeros(1, np.int64),
    )


def make_windows(n: int) -> Windows:
    """Return room for `n` wedges and windows."""
    return Windows(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int32),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int8),
    )


def list_wedges(
    edges: Edges, limits: ScatterGatherLimits, source: int, w: Wedges, place: NDArray[np.int32]
) -> bool:
    """List the wedges of a source by the account that they reach; False if they do not fit.

    Of the payments that send one payment of the source on to one account only the first is listed:
    no window that holds another does not hold this one. `place` is where the list of an account
    may be; a place that holds another account's, or none, says that it has none yet.
    """
    n = 0
    n_lists = 0
    end = edges.out_ptr[source + 1]
    for slot in range(edges.out_ptr[source], end):
        money = limits.money[slot]
        until = edges.out_at[slot] + limits.window
        if money == 0 or is_crowded(edges.out_at, slot, end, until, limits.max_degree):
            continue
        row = edges.out_row[slot]
        then = edges.onward[row]
        stop = edges.out_ptr[edges.beneficiary[row] + 1]
        if is_crowded(edges.out_at, then, stop, until, limits.max_degree):
            continue
        least = share_up(money, limits.low)
        most = share_down(money, limits.high)
        earliest = edges.out_at[slot] + limits.strict
        while then < stop and edges.out_at[then] <= until:
            on = limits.money[then]
            to = limits.to[then]
            if least <= on <= most and on > 0 and to >= 0 and to != source:
                if edges.out_at[then] >= earliest:
                    here = place[to]
                    if here >= n_lists or w.to[here] != to:
                        if n_lists == w.to.size:
                            return False
                        here = n_lists
                        place[to] = here
                        w.to[here] = to
                        w.size[here] = 0
                        n_lists += 1
                    if w.size[here] == 0 or w.scatter[w.tail[here]] != slot:
                        if n == w.scatter.size:
                            return False
                        w.scatter[n] = slot
                        w.gather[n] = then
                        if w.size[here] == 0:
                            w.head[here] = n
                        else:
                            w.following[w.tail[here]] = n
                        w.tail[here] = n
                        w.size[here] += 1
                        n += 1
            then += 1
    w.n_lists[0] = n_lists
    return True


def pick(
    edges: Edges,
    limits: ScatterGatherLimits,
    own: Windows,
    n: int,
    start: int,
    met: NDArray[np.int64],
    stamp: int,
) -> int:
    """Pick each middle's first wedge of the window that starts with one; return their number.

    Returns 0 if the window is no candidate. `met` holds the last stamp of each account.
    """
    until = own.at[start] + limits.window
    n_picked = 0
    scattered = 0
    gathered = 0
    borders = 0
    k = start
    while k < n and own.at[k] <= until:
        middle = own.middle[k]
        if edges.out_at[own.gather[k]] <= until and met[middle] != stamp:
            met[middle] = stamp
            own.picked[n_picked] = k
            n_picked += 1
            scattered += limits.money[own.scatter[k]]
            gathered += limits.money[own.gather[k]]
            borders += edges.border[edges.out_row[own.scatter[k]]]
            borders += edges.border[edges.out_row[own.gather[k]]]
        k += 1
    if (
        n_picked >= limits.min_middles
        and borders >= limits.min_borders
        and at_least(gathered, scattered, limits.low_total)
        and at_most(gathered, scattered, limits.high_total)
    ):
        return n_picked
    return 0


def search_pair(
    edges: Edges,
    limits: ScatterGatherLimits,
    own: Windows,
    n: int,
    met: NDArray[np.int64],
    stamp: int,
    out: Output,
    source: int,
) -> int:
    """Add the best windows among the wedges between two accounts.

    Returns the first stamp that is not used yet, or -1 if the output is full.
    """
    for k in range(n):
        row = edges.out_row[own.scatter[k]]
        own.at[k] = edges.at[row]
        own.middle[k] = edges.beneficiary[row]
        own.score[k] = 0
    for k in range(n - limits.min_middles + 1):
        if k == 0 or own.at[k] != own.at[k - 1]:
            own.score[k] = pick(edges, limits, own, n, k, met, stamp)
            stamp += 1
    mark_peaks(own.at, own.score, n, limits.window, own.stack, own.peak)
    for k in range(n):
        if own.peak[k]:
            n_picked = pick(edges, limits, own, n, k, met, stamp)
            stamp += 1
            for i in range(n_picked):
                scatter = own.scatter[own.picked[i]]
                gather = own.gather[own.picked[i]]
                if not add_evidence(out, edges.out_row[scatter], 0, limits.money[scatter]):
                    return -1
                if not add_evidence(out, edges.out_row[gather], 1, limits.money[gather]):
                    return -1
            if not add_finding(out, edges.out_row[own.scatter[k]], source, 1):
                return -1
    return stamp


def scatter_gather(
    edges: Edges, limits: ScatterGatherLimits, first: int, last: int, out: Output
) -> int:
    """Find the scatter-gathers whose sources are the accounts in ``[first, last)``."""
    n_accounts = edges.out_ptr.size - 1
    wedges = make_wedges(1024)
    own = make_windows(1024)
    place = np.zeros(n_accounts, np.int32)
    met = np.full(n_accounts, -1, np.int64)
    stamp = 0
    for source in range(first, last):
        begin(out, source)
        if not (
            tell_hub(edges.out_at, edges.out_row, edges.out_ptr, source, limits, out)
            and tell_hub(edges.in_at, edges.in_row, edges.in_ptr, source, limits, out)
        ):
            return full(out)
        if edges.out_ptr[source + 1] - edges.out_ptr[source] < limits.min_middles:
            continue
        while not list_wedges(edges, limits, source, wedges, place):
            wedges = make_wedges(2 * wedges.scatter.size)
            own = make_windows(wedges.scatter.size)
        for here in range(wedges.n_lists[0]):
            n = wedges.size[here]
            if n < limits.min_middles:
                continue
            k = wedges.head[here]
            for i in range(n):
                own.scatter[i] = wedges.scatter[k]
                own.gather[i] = wedges.gather[k]
                k = wedges.following[k]
            stamp = search_pair(edges, limits, own, n, met, stamp, out, source)
            if stamp < 0:
                return full(out)
    return DONE


prepare_slots = jit(prepare_slots)
is_crowded = jit(is_crowded)
tell_hub = jit(tell_hub)
make_wedges = jit(make_wedges)
make_windows = jit(make_windows)
list_wedges = jit(list_wedges)
pick = jit(pick)
search_pair = jit(search_pair)
scatter_gather = jit(scatter_gather)
