"""Gather-scatter: windows around one account, each split where it stops gathering."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_finding,
    begin,
    full,
    has_room,
)
from xborder_aml.kernels.windows import mark_peaks, rows_of, widest

__all__ = ["GatherScatterLimits", "gather_scatter"]


class GatherScatterLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    min_sources: int
    min_destinations: int
    low: int
    high: int
    min_borders: int
    strict: int
    max_edges: int


class Account(NamedTuple):
    """One account's n payments, in row order; room for the widest account of the task."""

    row: NDArray[np.int64]
    at: NDArray[np.int64]
    comes: NDArray[np.int8]  # 1 in, 0 out
    partner: NDArray[np.int32]
    base: NDArray[np.int64]
    last: NDArray[np.int64]  # of one in, the last before it from the same payer, else -1
    next: NDArray[np.int64]  # of one out, the next after it to the same payee, else n
    since: NDArray[np.int64]  # the first payment of its time
    until: NDArray[np.int64]  # the first payment after its time, else n
    before: NDArray[np.int64]  # payments in before this one; one more at the end, as below
    came: NDArray[np.int64]  # their money
    went: NDArray[np.int64]  # money of payments out before this one
    crossed_in: NDArray[np.int64]  # payments in before this one that cross a border
    crossed_out: NDArray[np.int64]


class Windows(NamedTuple):
    """The windows of one account, one for each time that it is paid at."""

    first: NDArray[np.int64]  # first payment in, which is the anchor
    low: NDArray[np.int64]  # the payments held are low..high
    high: NDArray[np.int64]
    at: NDArray[np.int64]
    score: NDArray[np.int64]  # counterparties, 0 if it is no candidate
    gather: NDArray[np.int64]  # the gather ends before this payment
    scatter: NDArray[np.int64]  # the scatter starts with this payment


def make_account(n: int) -> Account:
    """Return room for n payments."""
    return Account(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int8),
        np.empty(n, np.int32),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
    )


def merge(edges: Edges, account: int, ins: NDArray, outs: NDArray, own: Account) -> int:
    """Write the payments of one account in row order; return their number."""
    n_in = rows_of(edges, edges.in_ptr, edges.in_row, account, 1, ins)
    n_out = rows_of(edges, edges.out_ptr, edges.out_row, account, 1, outs)
    n = n_in + n_out
    i = 0
    for k in range(n):
        comes = i + n_out == k or (i < n_in and ins[i] < outs[k - i])
        row = ins[i] if comes else outs[k - i]
        base = edges.base[row]
        border = edges.border[row]
        own.row[k] = row
        own.at[k] = edges.at[row]
        own.comes[k] = comes
        own.partner[k] = edges.originator[row] if comes else edges.beneficiary[row]
        own.base[k] = base
        own.since[k] = own.since[k - 1] if k > 0 and own.at[k] == own.at[k - 1] else k
        own.before[k + 1] = own.before[k] + comes
        own.came[k + 1] = own.came[k] + (base if comes else 0)
        own.went[k + 1] = own.went[k] + (0 if comes else base)
        own.crossed_in[k + 1] = own.crossed_in[k] + (border if comes else 0)
        own.crossed_out[k + 1] = own.crossed_out[k] + (0 if comes else border)
        i += comes
    for k in range(n - 1, -1, -1):
        own.until[k] = own.until[k + 1] if k + 1 < n and own.at[k] == own.at[k + 1] else k + 1
    return n


def find_others(own: Account, n: int, met: NDArray[np.int64]) -> None:
    """Fill in the others of the same partner, so that windows can tell who is new in them.

    `met` (V,) holds -1 before and after.
    """
    for k in range(n):
        own.last[k] = n  # new in no window, whichever side it is not of
        own.next[k] = -1
        if own.comes[k]:
            own.last[k] = met[own.partner[k]]
            met[own.partner[k]] = k
    for k in range(n):
        met[own.partner[k]] = -1
    for k in range(n - 1, -1, -1):
        if not own.comes[k]:
            own.next[k] = met[own.partner[k]] if met[own.partner[k]] >= 0 else n
            met[own.partner[k]] = k
    for k in range(n):
        met[own.partner[k]] = -1


def list_windows(
    limits: GatherScatterLimits, own: Account, n: int, windows: Windows, out: Output, account: int
) -> int:
    """List an account's windows and tell those that are cut; return their number, -1 if full.

    A window with too few payments on either side has nothing to cut. That must not be asked of the
    account, whose payments outside of the window decide nothing about it.
    """
    n_windows = 0
    low = 0
    high = 0
    for k in range(n):
        if own.at[k] != own.at[low]:
            low = k
        if not own.comes[k] or (n_windows > 0 and own.at[k] == windows.at[n_windows - 1]):
            continue
        while high < n and own.at[high] <= own.at[k] + limits.window:
            high += 1
        windows.first[n_windows] = k
        windows.low[n_windows] = low
        windows.high[n_windows] = min(high, low + limits.max_edges)
        windows.at[n_windows] = own.at[k]
        n_windows += 1
        left = high - low - limits.max_edges
        came = own.before[high] - own.before[low]
        if came < limits.min_sources or high - low - came < limits.min_destinations:
            left = 0
        if left > 0 and not add_cut(out, own.row[k], account, 0, left):
            return -1
    return n_windows


def enough(own: Account, low: int, high: int, least: int, comes: int) -> int:
    """Return where a window has met `least` payers, from its start, or payees, from its end.

    `high` or ``low - 1`` if it never has.
    """
    met = 0
    k = low if comes else high - 1
    step = 1 if comes else -1
    while low <= k < high:
        met += own.last[k] < low if comes else own.next[k] >= high
        if met == least:
            return k
        k += step
    return k


def beyond(own: Account, low: int, high: int, strict: int, k: int) -> int:
    """Return how much more a window gathers than it scatters, if split at the time of `k`."""
    gather = min(own.until[k], high)
    scatter = gather if strict else own.since[k]
    return own.came[gather] - own.came[low] - own.went[high] + own.went[scatter]


def crossing(own: Account, low: int, high: int, strict: int) -> int:
    """Return the first payment of a window that, split there, gathers at least what it scatters."""
    first = low
    last = high
    while first < last:
        k = (first + last) >> 1
        if beyond(own, low, high, strict, k) >= 0:
            last = k
        else:
            first = k + 1
    return first


def counterparties(own: Account, low: int, high: int, gather: int, scatter: int) -> int:
    """Return how many payers a gather has, and payees a scatter, together."""
    n = 0
    for last in own.last[low:gather]:
        n += last < low
    for then in own.next[scatter:high]:
        n += then >= high
    return n


def split(limits: GatherScatterLimits, own: Account, windows: Windows, w: int) -> None:
    """Score a window by its best split; 0 if no split meets every condition.

    The later the split, the more is gathered and the less scattered. So the two sums are nearest
    where they cross, and splits are tried from there both ways, the nearer first.
    """
    low = windows.low[w]
    high = windows.high[w]
    windows.score[w] = 0
    if high - low < limits.min_sources + limits.min_destinations:
        return
    payers = enough(own, low, high, limits.min_sources, 1)
    payees = enough(own, low, high, limits.min_destinations, 0)
    right = crossing(own, low, high, limits.strict)
    left = right - 1
    while left >= low or right < high:
        earlier = right >= high or (
            left >= low
            and -beyond(own, low, high, limits.strict, left)
            <= beyond(own, low, high, limits.strict, right)
        )
        k = left if earlier else right
        now = own.since[k]
        gather = min(own.until[k], high)
        scatter = gather if limits.strict else now
        left = now - 1 if earlier else left
        right = right if earlier else gather
        money = own.came[gather] - own.came[low]
        passed = own.went[high] - own.went[scatter]
        early = gather <= payers or not at_most(passed, money, limits.high)
        late = scatter > payees or not at_least(passed, money, limits.low)
        if early and earlier:
            left = low - 1
        elif late and not earlier:
            right = high
        elif not (early or late) and own.before[gather] > own.before[now]:
            borders = own.crossed_in[gather] - own.crossed_in[low]
            borders += own.crossed_out[high] - own.crossed_out[scatter]
            if borders >= limits.min_borders:
                windows.score[w] = counterparties(own, low, high, gather, scatter)
                windows.gather[w] = gather
                windows.scatter[w] = scatter
                return


def add_window(own: Account, windows: Windows, w: int, account: int, out: Output) -> bool:
    """Add one window as a finding: the gather, then the scatter."""
    for k in range(windows.low[w], windows.gather[w]):
        if own.comes[k] and not add_evidence(out, own.row[k], 0, own.base[k]):
            return False
    for k in range(windows.scatter[w], windows.high[w]):
        if not own.comes[k] and not add_evidence(out, own.row[k], 1, own.base[k]):
            return False
    return add_finding(out, own.row[windows.first[w]], account, 1)


def gather_scatter(
    edges: Edges, limits: GatherScatterLimits, first: int, last: int, out: Output
) -> int:
    """Find the gather-scatters of the accounts in ``[first, last)``."""
    n_in = widest(edges.in_ptr, first, last)
    n_out = widest(edges.out_ptr, first, last)
    ins = np.empty(n_in, np.int64)
    outs = np.empty(n_out, np.int64)
    own = make_account(n_in + n_out)
    windows = Windows(
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
    )
    met = np.full(edges.in_ptr.size - 1, -1, np.int64)
    stack = np.empty(n_in, np.int64)
    peak = np.empty(n_in, np.int8)
    for account in range(first, last):
        begin(out, account)
        if (
            edges.in_ptr[account + 1] - edges.in_ptr[account] < limits.min_sources
            or edges.out_ptr[account + 1] - edges.out_ptr[account] < limits.min_destinations
        ):
            continue
        n = merge(edges, account, ins, outs, own)
        n_windows = list_windows(limits, own, n, windows, out, account)
        # a hub's windows cost much: make sure of room for whatever they may hold before, not after
        if n_windows < 0 or not has_room(out, n_windows, n):
            return full(out)
        find_others(own, n, met)
        for w in range(n_windows):
            split(limits, own, windows, w)
        mark_peaks(windows.at, windows.score, n_windows, limits.window, stack, peak)
        for w in range(n_windows):
            if peak[w] and not add_window(own, windows, w, account, out):
                return full(out)
    return DONE


make_account = jit(make_account)
merge = jit(merge)
find_others = jit(find_others)
list_windows = jit(list_windows)
enough = jit(enough)
beyond = jit(beyond)
crossing = jit(crossing)
counterparties = jit(counterparties)
split = jit(split)
add_window = jit(add_window)
gather_scatter = jit(gather_scatter)
