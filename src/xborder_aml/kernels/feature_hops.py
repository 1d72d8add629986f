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
)
from xborder_aml.kernels.feature_views import (
    END,
    RECEIVED,
    SENT,
    START,
    Views,
    begin,
)

__all__ = ["hop_cycles"]


def grow(
    views: Views,
    slot: NDArray[np.int32],
    end_of: int,
    level: tuple[int, int],
    hops: int,
    low: int,
    avoid: int | np.int32,
    search: int,
) -> tuple[int, int, int]:
    """Meet the accounts one hop beyond a level of one end's neighbourhood.

    Parameters
    ----------
    end_of
        0 along the transfers from the beneficiary, 1 against them from the originator.
    level
        Where the level stands in ``views.met[:, end_of]``.
    hops
        How far the accounts one hop beyond are.
    avoid
        The other end, beyond which there is nothing to look for.

    Returns
    -------
    end, work, touched
        End of the next level, slots looked at, and 1 where the other neighbourhood was met.
    """
    account, met, value, mark = views.account, views.met, views.value, views.mark
    which = RECEIVED * end_of
    end = level[1]
    work = 0
    touched = 0
    for k in range(level[0], level[1]):
        x = met[k, end_of]
        if x == avoid:
            continue
        s = account[x, which + START]
        b = begin(account, slot, which, x, low)
        e = account[x, which + END]
        work += e - b
        for p in range(s + b, s + e):
            y = slot[p, OTHER]
            if mark[end_of, y] == search:
                continue
            mark[end_of, y] = search
            met[end, end_of] = y
            end += 1
            if end_of == 0:
                value[y] = hops
            touched |= mark[1 - end_of, y] == search
    return end, work, touched


def meet(
    views: Views,
    sent: NDArray[np.int32],
    received: NDArray[np.int32],
    ends: tuple[int, int],
    low: int,
    most: int,
    max_work: int,
    search: int,
) -> tuple[int, int]:
    """Grow a neighbourhood around each end, and tell whether they meet within `most` hops.

    Returns
    -------
    hops, work
        How far from the beneficiary all accounts are known (`most` where that is all there are), or
        0 where the ends do not meet; and the slots looked at.
    """
    payer, payee = ends
    views.mark[0, payee] = views.mark[1, payer] = search
    views.met[0, 0], views.met[0, 1] = payee, payer
    views.value[payee] = 0
    ahead_low, ahead_end, back_low, back_end = 0, 1, 0, 1
    ahead = back = touched = work = 0
    while ahead + back < most and work <= max_work:
        if ahead_low == ahead_end or back_low == back_end:
            break
        if ahead_end - ahead_low <= back_end - back_low:
            ahead += 1
            level = (ahead_low, ahead_end)
            end, looked, t = grow(views, sent, 0, level, ahead, low, payer, search)
            ahead_low, ahead_end = ahead_end, end
        else:
            back += 1
            level = (back_low, back_end)
            end, looked, t = grow(views, received, 1, level, back, low, payee, search)
            back_low, back_end = back_end, end
        touched |= t
        work += looked
    if not touched:
        return 0, work
    return most if ahead_low == ahead_end else ahead, work


def walk(
    views: Views,
    received: NDArray[np.int32],
    low: int,
    ends: tuple[int, int],
    known: int,
    spare: int,
    search: int,
    stack: NDArray[np.int64],
    on_path: NDArray[np.int8],
    lengths: NDArray[np.int64],
) -> int:
    """Count, by length, the ways against the transfers from the originator to the beneficiary.

    Returns the slots that may still be looked at: below 0 where the walk was cut.
    """
    account, value, mark = views.account, views.value, views.mark
    payer, payee = ends
    most = stack.shape[0]
    d = 0
    stack[0, 0] = payer
    stack[0, 1] = begin(account, received, RECEIVED, payer, low)
    on_path[payer] = 1
    while d >= 0:
        x = stack[d, 0]
        p = stack[d, 1]
        end = account[x, RECEIVED + END]
        if p == end or spare < 0:
            on_path[x] = 0
            d -= 1
            continue
        stack[d, 1] = p + 1
        spare -= 1
        p += account[x, RECEIVED + START]
        if received[p, LATER] < end:
            continue
        y = received[p, OTHER]
        if y == payee:
            lengths[d + 2] += 1
            continue
        left = most - d - 1
        if on_path[y] or left == 0:
            continue
        if mark[0, y] == search:
            if value[y] > left:
                continue
        elif left <= known:
            continue
        d += 1
        stack[d, 0] = y
        stack[d, 1] = begin(account, received, RECEIVED, y, low)
        on_path[y] = 1
    return spare


def hop_cycles(
    index: Index,
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int],
    max_work: int,
    place: NDArray[np.int64],
    counts: NDArray[np.uint16],
    cut: NDArray[np.uint16],
    views: Views,
) -> None:
    """Count, by length, the cycles that each row closes among the transfers of its window.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``.
    max_work
        Slots after which a row's search is left.
    place
        Column of `counts` of each length, shape (longest + 1,); -1 counts nowhere.
    counts, cut
        Counts to add to, shape (columns, E); searches that were left, shape (E,).
    views
        What is in view before the first of the rows; moved on to what is after the last.
    """
    before, sent, received = index.before, index.sent.slot, index.received.slot
    payers, payees = index.originator, index.beneficiary
    account = views.account
    most = place.size - 2
    stack = np.empty((most, 2), np.int64)
    on_path = np.zeros(account.shape[0], np.int8)
    lengths = np.zeros(most + 2, np.int64)
    for i in range(rows[0], rows[1]):
        payer = payers[i]
        payee = payees[i]
        if payer == payee:
            continue
        low = starts[i - first]
        account[payer, SENT + END] += 1
        account[payee, RECEIVED + END] += 1
        if before[i, PAYER_RECEIVED] < low or before[i, PAYEE_SENT] < low:
            continue
        ends = (payer, payee)
        search = i + 1
        known, work = meet(views, sent, received, ends, low, most, max_work, search)
        spare = max_work - work
        if known > 0 and spare >= 0:
            spare = walk(views, received, low, ends, known, spare, search, stack, on_path, lengths)
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
