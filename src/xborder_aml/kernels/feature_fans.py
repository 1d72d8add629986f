"""How many transfers and how many counterparties an account has had lately."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import OTHER, ROW, Side

__all__ = ["begin_of", "fans", "fans_of_all", "window_starts"]


def window_starts(
    at: NDArray[np.int64], window: int, first: int, last: int, out: NDArray[np.int32]
) -> None:
    """Write, for each row in ``[first, last)``, the first row not older than `window`.

    Parameters
    ----------
    out
        Shape (last - first,).
    """
    low = 0
    high = first
    while low < high:  # the first one by bisection, the others by walking on
        middle = (low + high) >> 1
        if at[middle] < at[first] - window:
            low = middle + 1
        else:
            high = middle
    for row in range(first, last):
        while at[low] < at[row] - window:
            low += 1
        out[row - first] = low


def begin_of(side: Side, account: int, end: int, row: int) -> int:
    """Return the position of an account's first slot, of `end`, whose row is at least `row`."""
    start = side.start[account]
    low = 0
    high = end
    while low < high:
        middle = (low + high) >> 1
        if side.slot[start + middle, ROW] < row:
            low = middle + 1
        else:
            high = middle
    return low


def fans(
    side: Side,
    accounts: NDArray[np.int32],
    starts: NDArray[np.int32],
    first: int,
    out: NDArray[np.int32],
) -> None:
    """Count the transfers and the distinct counterparties of each row's account in its window.

    A counterparty counts while its latest transfer lies in the window: one pass over each region,
    with the slot of each counterparty's latest transfer at hand.

    Parameters
    ----------
    accounts
        Accounts to look at, shape (N,).
    starts
        First row in the window of each row from `first` on, shape (E,).
    out
        Transfers and counterparties to write, side by side, shape (E, 2); rows of other accounts
        are left alone.
    """
    slot = side.slot
    latest = np.full(side.start.size, -1, np.int32)
    goes_on = np.empty(side.slot.shape[0], np.int8)
    for i in range(accounts.size):
        v = accounts[i]
        start = side.start[v]
        end = start + side.size[v]
        low = start
        if first > 0:
            p = start + begin_of(side, v, side.size[v], first)
            if p == end:
                continue
            low = start + begin_of(side, v, p - start, starts[slot[p, ROW] - first])
        n = 0
        for q in range(low, end):
            row = slot[q, ROW]
            if row >= first:
                since = starts[row - first]
                while slot[low, ROW] < since:
                    n -= 1 - goes_on[low]  # the last of its pair leaves
                    low += 1
            x = slot[q, OTHER]
            before = latest[x]
            if low <= before < q:
                goes_on[before] = 1
            else:
                n += 1
            latest[x] = q
            goes_on[q] = 0
            if row >= first:
                out[row - first, 0] = q - low + 1
                out[row - first, 1] = n


def fans_of_all(
    at: NDArray[np.int64],
    own: NDArray[np.int32],
    other: NDArray[np.int32],
    window: int,
    n_accounts: int,
    out: NDArray[np.int32],
) -> None:
    """Count as `fans` does for every row of a ledger, with no index but its own.

    Each slot knows the first row in its window, so that the pass over the slots looks at nothing
    else: 2.5 times as fast as `fans`.

    Parameters
    ----------
    at, own, other
        Time, account to count for and other account of each row, in canonical order, shape (E,).
    window
        Look back in microseconds.
    out
        Transfers and counterparties to write, side by side, shape (E, 2), of zeros.
    """
    n = at.size
    start = np.zeros(n_accounts + 1, np.int32)
    for i in range(n):
        start[own[i] + 1] += own[i] != other[i]
    for v in range(n_accounts):
        start[v + 1] += start[v]
    cursor = start.copy()
    slot = np.empty((n, 4), np.int32)  # other account, row, first row of its window; goes on
    since = 0
    for i in range(n):
        while at[since] < at[i] - window:
            since += 1
        v = own[i]
        if other[i] == v:
            continue
        p = cursor[v]
        cursor[v] = p + 1
        slot[p, 0] = other[i]
        slot[p, 1] = i
        slot[p, 2] = since
    latest = np.full(n_accounts, -1, np.int32)
    for v in range(n_accounts):
        low = start[v]
        n = 0
        for q in range(low, start[v + 1]):
            while slot[low, 1] < slot[q, 2]:
                n -= 1 - slot[low, 3]  # the last of its pair leaves
                low += 1
            before = latest[slot[q, 0]]
            if low <= before < q:
                slot[before, 3] = 1
            else:
                n += 1
            latest[slot[q, 0]] = q
            slot[q, 3] = 0
            out[slot[q, 1], 0] = q - low + 1
            out[slot[q, 1], 1] = n


window_starts = jit(window_starts)
begin_of = jit(begin_of)
fans = jit(fans)
fans_of_all = jit(fans_of_all)
