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
    """One account's payments, in row order; room for the widest account of the task."""

    row: NDArray[np.int64]
    at: NDArray[np.int64]
    comes: NDArray[np.int8]  # 1 in, 0 out
    partner: NDArray[np.int32]
    base: NDArray[np.int64]
    border: NDArray[np.int8]
    twin: NDArray[np.int64]  # of a payment in, the last before it from the same payer, else -1;
    # of a payment out, the next after it to the same payee, else the number of payments
    before: NDArray[np.int64]  # payments in before this one; one more at the end


class Windows(NamedTuple):
    """The windows of one account, one for each time that it is paid at."""

    first: NDArray[np.int64]  # first payment in, which is the anchor
    low: NDArray[np.int64]  # the payments held are low..high
    high: NDArray[np.int64]
    at: NDArray[np.int64]
    score: NDArray[np.int64]  # counterparties, 0 if it is no candidate
    gather: NDArray[np.int64]  # the gather ends before this payment
    scatter: NDArray[np.int64]  # the scatter starts with this payment


class Scratch(NamedTuple):
    """What leaves from each payment of a window on."""

    sums: NDArray[np.int64]
    payees: NDArray[np.int64]
    borders: NDArray[np.int64]


def merge(edges: Edges, account: int, ins: NDArray, outs: NDArray, own: Account) -> int:
    """Write the payments of one account in row order; return their number."""
    n_in = rows_of(edges, edges.in_ptr, edges.in_row, account, 1, ins)
    n_out = rows_of(edges, edges.out_ptr, edges.out_row, account, 1, outs)
    i = 0
    j = 0
    while i < n_in or j < n_out:
        comes = j == n_out or (i < n_in and ins[i] < outs[j])
        row = ins[i] if comes else outs[j]
        own.row[i + j] = row
        own.at[i + j] = edges.at[row]
        own.comes[i + j] = comes
        own.before[i + j] = i
        own.partner[i + j] = edges.originator[row] if comes else edges.beneficiary[row]
        own.base[i + j] = edges.base[row]
        own.border[i + j] = edges.border[row]
        if comes:
            i += 1
        else:
            j += 1
    own.before[n_in + n_out] = n_in
    return n_in + n_out


def find_twins(own: Account, n: int, met: NDArray[np.int64]) -> None:
    """Fill in the twins of an account's payments, so that windows can tell who is new in them.

    `met` (V,) holds -1 before and after.
    """
    for k in range(n):
        if own.comes[k]:
            own.twin[k] = met[own.partner[k]]
            met[own.partner[k]] = k
    for k in range(n):
        met[own.partner[k]] = -1
    for k in range(n - 1, -1, -1):
        if not own.comes[k]:
            own.twin[k] = met[own.partner[k]] if met[own.partner[k]] >= 0 else n
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


def look_back(own: Account, low: int, high: int, s: Scratch) -> None:
    """Sum up what leaves from each payment of a window on, back from its end."""
    money = 0
    payees = 0
    borders = 0
    s.sums[high - low] = 0
    s.payees[high - low] = 0
    s.borders[high - low] = 0
    for k in range(high - 1, low - 1, -1):
        if not own.comes[k]:
            money += own.base[k]
            borders += own.border[k]
            payees += own.twin[k] >= high
        s.sums[k - low] = money
        s.payees[k - low] = payees
        s.borders[k - low] = borders


def split(limits: GatherScatterLimits, own: Account, windows: Windows, w: int, s: Scratch) -> None:
    """Score a window by its best split; 0 if no split meets every condition."""
    low = windows.low[w]
    high = windows.high[w]
    windows.score[w] = 0
    if high - low < limits.min_sources + limits.min_destinations:
        return
    look_back(own, low, high, s)
    if s.payees[0] < limits.min_destinations:
        return
    money = 0
    payers = 0
    borders = 0
    nearest = -1
    k = low
    while k < high:
        now = k  # first payment of this time
        any_in = False
        while k < high and own.at[k] == own.at[now]:
            if own.comes[k]:
                any_in = True
                money += own.base[k]
                borders += own.border[k]
                payers += own.twin[k] < low
            k += 1
        scatter = k if limits.strict else now
        i = scatter - low
        if s.payees[i] < limits.min_destinations:
            return  # and fewer are paid from here on
        if not any_in or payers < limits.min_sources:
            continue
        if borders + s.borders[i] < limits.min_borders:
            continue
        if not at_least(s.sums[i], money, limits.low) or not at_most(s.sums[i], money, limits.high):
            continue
        if nearest < 0 or abs(money - s.sums[i]) < nearest:
            nearest = abs(money - s.sums[i])
            windows.score[w] = payers + s.payees[i]
            windows.gather[w] = k
            windows.scatter[w] = scatter


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
    room = n_in + n_out
    held = min(room, limits.max_edges) + 1
    ins = np.empty(n_in, np.int64)
    outs = np.empty(n_out, np.int64)
    own = Account(
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int8),
        np.empty(room, np.int32),
        np.empty(room, np.int64),
        np.empty(room, np.int8),
        np.empty(room, np.int64),
        np.empty(room + 1, np.int64),
    )
    windows = Windows(
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
    )
    scratch = Scratch(
        np.empty(held, np.int64),
        np.empty(held, np.int64),
        np.empty(held, np.int64),
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
        find_twins(own, n, met)
        for w in range(n_windows):
            split(limits, own, windows, w, scratch)
        mark_peaks(windows.at, windows.score, n_windows, limits.window, stack, peak)
        for w in range(n_windows):
            if peak[w] and not add_window(own, windows, w, account, out):
                return full(out)
    return DONE


merge = jit(merge)
find_twins = jit(find_twins)
list_windows = jit(list_windows)
look_back = jit(look_back)
split = jit(split)
add_window = jit(add_window)
gather_scatter = jit(gather_scatter)
