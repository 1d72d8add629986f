"""How many short cycles each transaction closes, whatever the order of the others in the window.

A cycle through a row is a way from its beneficiary back to its originator. Whether there is one at
all is asked first, by growing a neighbourhood around each end, the smaller one first, until they
meet or have room for no more hops: this ends nearly every search after a few accounts. What is left
is walked depth first from the originator, only to accounts near enough to the beneficiary.
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
    Index,
    Side,
)
from xborder_aml.kernels.feature_views import Views, begin, make_views

__all__ = ["hop_cycles"]


def grow(
    side: Side, views: Views, which: int, level: tuple[int, int], hops: int, low: int, avoid: int
) -> tuple[int, int, int]:
    """Meet the accounts one hop beyond a level of one end's neighbourhood.

    Parameters
    ----------
    which
        0 along the transfers from the beneficiary, 1 against them from the originator.
    level
        Where the level stands in ``views.met[:, which]``.
    hops
        How far the accounts one hop beyond are.
    avoid
        The other end, beyond which there is nothing to look for.

    Returns
    -------
    end, work, touched
        End of the next level, slots looked at, and 1 where the other neighbourhood was met.
    """
    search = views.search[0]
    end = level[1]
    work = 0
    touched = 0
    for k in range(level[0], level[1]):
        x = views.met[k, which]
        if x == avoid:
            continue
        s = side.start[x]
        b = begin(side.start[x], side.slot, views.begin, views.end, which, x, low)
        e = views.end[x, which]
        work += e - b
        for p in range(s + b, s + e):
            y = side.slot[p, OTHER]
            if views.mark[y, which] == search:
                continue
            views.mark[y, which] = search
            views.met[end, which] = y
            end += 1
            if which == 0:
                views.value[y] = hops
            touched |= views.mark[y, 1 - which] == search
    return end, work, touched


def meet(
    index: Index, views: Views, ends: tuple[int, int], low: int, most: int, max_work: int
) -> tuple[int, int]:
    """Grow a neighbourhood around each end, and tell whether they meet within `most` hops.

    Returns
    -------
    hops, work
        How far from the beneficiary all accounts are known (`most` where that is all there are), or
        0 where the ends do not meet; and the slots looked at.
    """
    payer, payee = ends
    views.search[0] += 1
    for which in range(2):
        views.mark[ends[1 - which], which] = views.search[0]
        views.met[0, which] = ends[1 - which]
    views.value[payee] = 0
    ahead_low, ahead_end, back_low, back_end = 0, 1, 0, 1
    ahead = back = touched = work = 0
    while ahead + back < most and work <= max_work:
        if ahead_low == ahead_end or back_low == back_end:
            break
        if ahead_end - ahead_low <= back_end - back_low:
            ahead += 1
            level = (ahead_low, ahead_end)
            end, looked, t = grow(index.sent, views, 0, level, ahead, low, payer)
            ahead_low, ahead_end = ahead_end, end
        else:
            back += 1
            level = (back_low, back_end)
            end, looked, t = grow(index.received, views, 1, level, back, low, payee)
            back_low, back_end = back_end, end
        touched |= t
        work += looked
    if not touched:
        return 0, work
    return most if ahead_low == ahead_end else ahead, work


def walk(
    received: Side,
    views: Views,
    low: int,
    ends: tuple[int, int],
    known: int,
    spare: int,
    stack: NDArray[np.int64],
    on_path: NDArray[np.int8],
    lengths: NDArray[np.int64],
) -> int:
    """Count, by length, the ways against the transfers from the originator to the beneficiary.

    Returns the slots that may still be looked at: below 0 where the walk was cut.
    """
    payer, payee = ends
    search = views.search[0]
    most = stack.shape[0]
    d = 0
    stack[0, 0] = payer
    stack[0, 1] = received.start[payer] + begin(
        received.start[payer], received.slot, views.begin, views.end, 1, payer, low
    )
    on_path[payer] = 1
    while d >= 0:
        x = stack[d, 0]
        p = stack[d, 1]
        end = views.end[x, 1]
        if p == received.start[x] + end or spare < 0:
            on_path[x] = 0
            d -= 1
            continue
        stack[d, 1] = p + 1
        spare -= 1
        if received.slot[p, LATER] < end:
            continue
        y = received.slot[p, OTHER]
        if y == payee:
            lengths[d + 2] += 1
            continue
        left = most - d - 1
        if on_path[y] or left == 0:
            continue
        if views.mark[y, 0] == search:
            if views.value[y] > left:
                continue
        elif left <= known:
            continue
        d += 1
        stack[d, 0] = y
        stack[d, 1] = received.start[y] + begin(
            received.start[y], received.slot, views.begin, views.end, 1, y, low
        )
        on_path[y] = 1
    return spare


def hop_cycles(
    index: Index,
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int, int],
    max_work: int,
    place: NDArray[np.int64],
    counts: NDArray[np.uint16],
    cut: NDArray[np.uint16],
) -> None:
    """Count, by length, the cycles that each row closes among the transfers of its window.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``, of a history of ``rows[2]``.
    max_work
        Slots after which a row's search is left.
    place
        Column of `counts` of each length, shape (longest + 1,); -1 counts nowhere.
    counts, cut
        Counts to add to, shape (columns, E); searches that were left, shape (E,).
    """
    before = index.before
    views = make_views(index, rows[0], rows[2])
    most = place.size - 2
    stack = np.empty((most, 2), np.int64)
    on_path = np.zeros(index.sent.start.size, np.int8)
    lengths = np.zeros(most + 2, np.int64)
    for i in range(rows[0], rows[1]):
        payer = index.originator[i]
        payee = index.beneficiary[i]
        if payer == payee:
            continue
        low = starts[i - first]
        views.end[payer, 0] += 1
        views.end[payee, 1] += 1
        if before[i, PAYER_RECEIVED] < low or before[i, PAYEE_SENT] < low:
            continue
        ends = (payer, payee)
        known, work = meet(index, views, ends, low, most, max_work)
        spare = max_work - work
        if known > 0 and spare >= 0:
            spare = walk(index.received, views, low, ends, known, spare, stack, on_path, lengths)
            for k in range(2, most + 2):
                if lengths[k] > 0:
                    if place[k] >= 0:
                        counts[place[k], i - first] += lengths[k]
                    lengths[k] = 0
        cut[i - first] += spare < 0


grow = jit(grow)
meet = jit(meet)
walk = jit(walk)
hop_cycles = jit(hop_cycles)
