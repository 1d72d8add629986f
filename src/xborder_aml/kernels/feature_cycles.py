"""How many time-respecting cycles each transaction closes.

Cycles are counted by the accounts they visit, so that parallel transfers count once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import (
    LATER,
    OTHER,
    PAYEE_SENT,
    PAYER_RECEIVED,
    ROW,
    SEEN,
    Index,
)

__all__ = ["temporal_cycles"]


def temporal_cycles(
    index: Index,
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int],
    max_work: int,
    place: NDArray[np.int64],
    counts: NDArray[np.uint16],
    cut: NDArray[np.uint16],
) -> None:
    """Count, by length, the time-respecting cycles that each row closes within its window.

    Depth first, backward in time from the originator. Of the transfers of one pair only the latest
    that is in time is followed: whatever an earlier one reaches, it reaches too.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``.
    max_work
        Most slots to look at for one row.
    place
        Column of `counts` of each length, shape (longest + 1,); -1 counts nowhere.
    counts
        Counts to write, shape (columns, E).
    cut
        Searches that `max_work` ended, shape (E,).
    """
    start, slot = index.received.start, index.received.slot
    payers, payees, seen, before = index.originator, index.beneficiary, index.seen, index.before
    longest = place.size - 1
    on_path = np.zeros(start.size, np.int8)
    path = np.empty((longest + 1, 4), np.int64)  # account, its first slot, next one to look at,
    for i in range(rows[0], rows[1]):  # and the position from which its slots are too late
        low = starts[i - first]
        goal = payees[i]
        y = payers[i]
        if before[i, PAYEE_SENT] < low or before[i, PAYER_RECEIVED] < low or y == goal:
            continue
        n = seen[i]
        d = -1
        work = 0
        while True:
            if n >= 0:  # go on to y, if it received something in time
                s = start[y]
                while n > 0 and slot[s + n - 1, ROW] >= i:
                    n -= 1
                if n > 0 and slot[s + n - 1, ROW] >= low:
                    d += 1
                    path[d, 0], path[d, 1], path[d, 2], path[d, 3] = y, s, s + n - 1, n
                    on_path[y] = 1
                n = -1
            if d < 0 or work == max_work:
                break
            p = path[d, 2]
            if p < path[d, 1] or slot[p, ROW] < low:
                on_path[path[d, 0]] = 0
                d -= 1
                continue
            work += 1
            path[d, 2] = p - 1
            if slot[p, LATER] < path[d, 3]:
                continue
            y = slot[p, OTHER]
            if y == goal:
                if place[d + 2] >= 0:
                    counts[place[d + 2], i - first] += 1
            elif on_path[y] == 0 and d + 2 < longest:
                n = slot[p, SEEN]
        cut[i - first] += d >= 0
        while d >= 0:
            on_path[path[d, 0]] = 0
            d -= 1


temporal_cycles = jit(temporal_cycles)
