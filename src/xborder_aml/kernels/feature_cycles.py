"""How many cycles each transaction closes: time-respecting ones, and short ones in any order.

Cycles are counted by the accounts they visit, so that parallel transfers count once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import LATER, OTHER, PAYEE_SENT, ROW, SEEN, Index

__all__ = ["temporal_cycles"]


def temporal_cycles(
    index: Index,
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int, int],
    max_work: int,
    place: NDArray[np.int64],
    counts: NDArray[np.uint16],
    cut: NDArray[np.uint16],
) -> int:
    """Count, by length, the time-respecting cycles that each row closes within its window.

    Depth first, backward in time from the originator. Of the transfers of one pair only the latest
    that is in time is followed: whatever an earlier one reaches, it reaches too.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``, of a history of ``rows[2]``.
    max_work
        Most slots to look at for one row.
    place
        Column of `counts` of each length, shape (longest + 1,); -1 counts nowhere.
    counts
        Counts to write, shape (columns, E).
    cut
        Slots in view that were not followed, shape (E,), where `max_work` was reached.

    Returns
    -------
    work
        Slots looked at.
    """
    longest = place.size - 1
    on_path = np.zeros(index.received.start.size, np.int8)
    slot = np.empty(longest + 1, np.int64)  # next one to look at; falls
    begin = np.empty(longest + 1, np.int64)
    bound = np.empty(longest + 1, np.int64)  # position from which slots are too late
    account = np.empty(longest + 1, np.int64)
    received = index.received
    total = 0
    for i in range(rows[0], rows[1]):
        low = starts[i - first]
        if index.before[i, PAYEE_SENT] < low or index.received_at[i] < 0:
            continue
        goal = index.beneficiary[i]
        u = index.originator[i]
        n = index.seen[i]
        s = received.start[u]
        while n > 0 and received.slot[s + n - 1, ROW] >= i:
            n -= 1
        if n == 0 or received.slot[s + n - 1, ROW] < low:
            continue
        d = 0
        work = 0
        account[0], begin[0], slot[0], bound[0] = u, s, s + n - 1, n
        on_path[u] = 1
        while d >= 0:
            p = slot[d]
            if p < begin[d] or received.slot[p, ROW] < low:
                on_path[account[d]] = 0
                d -= 1
                continue
            if work == max_work:
                break
            work += 1
            slot[d] = p - 1
            if received.slot[p, LATER] < bound[d]:
                continue
            y = received.slot[p, OTHER]
            if y == goal:
                if place[d + 2] >= 0:
                    counts[place[d + 2], i - first] += 1
            elif on_path[y] == 0 and d + 2 < longest:
                n = received.slot[p, SEEN]
                s = received.start[y]
                while n > 0 and received.slot[s + n - 1, ROW] >= i:
                    n -= 1
                if n > 0 and received.slot[s + n - 1, ROW] >= low:
                    d += 1
                    account[d], begin[d], slot[d], bound[d] = y, s, s + n - 1, n
                    on_path[y] = 1
        total += work
        if d >= 0:
            cut[i - first] += 1
        while d >= 0:
            on_path[account[d]] = 0
            d -= 1
    return total


temporal_cycles = jit(temporal_cycles)
