"""In how many scatter-gathers, by size, each transaction takes part.

Money is scattered from one account over several middles and gathered by another one. A transaction
that scatters is a side of the wedges hub > middle > end; one that gathers is a side of the same
wedges seen from the other end, with the directions exchanged. So one search does both: it is called
with the two sides of the index as they are, and once more with them swapped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import (
    LATER,
    OTHER,
    PAYEE_RECEIVED,
    PAYEE_SENT,
    PAYER_RECEIVED,
    PAYER_SENT,
    ROW,
    Index,
)
from xborder_aml.kernels.feature_views import (
    BEGIN,
    END,
    RECEIVED,
    SENT,
    START,
    Views,
    begin,
)

__all__ = ["scatter_gathers"]


def breadth(
    account: NDArray[np.int32],
    near: NDArray[np.int32],
    slot: NDArray[np.int32],
    whose: int,
    which: int,
    a: int | np.int32,
    low: int,
    enough: int,
) -> int:
    """Return how many slots lie one step beyond an account, once above `enough` no longer exactly.

    That is what a search from it looks at.
    """
    total = 0
    s = account[a, whose + START]
    for p in range(s + account[a, whose + BEGIN], s + account[a, whose + END]):
        w = near[p, OTHER]
        total += account[w, which + END] - begin(account, slot, which, w, low)
        if total > enough:
            break
    return total


def asked(
    account: NDArray[np.int32],
    far: NDArray[np.int32],
    opposite: int,
    payee: int | np.int32,
    payer: int | np.int32,
    low: int,
) -> int:
    """Look for a payer among those of one account; return the slots it took, negated if in vain."""
    s = account[payee, opposite + START]
    n = 0
    p = s + account[payee, opposite + END] - 1
    while p >= s and far[p, ROW] >= low:
        n += 1
        if far[p, OTHER] == payer:
            return n
        p -= 1
    return -n


def from_middle(
    views: Views,
    near: NDArray[np.int32],
    far: NDArray[np.int32],
    which: int,
    ends: tuple[int, int],
    search: int,
    spare: int,
    low: int,
) -> int:
    """Find sizes by looking at each account that the middle pays, and at its payers.

    The size is the number of payers that the hub pays. Whom the hub pays is marked once `spare`
    slots went into asking payers one by one. Returns the number of sizes found, which are written
    to `views.met`.
    """
    account, met, mark = views.account, views.met, views.mark
    opposite, kind = RECEIVED - which, int(which != SENT)
    hub, middle = ends
    marked = False
    n = 0
    s = account[middle, which + START]
    end = account[middle, which + END]
    for p in range(account[middle, which + BEGIN], end):
        w = near[s + p, OTHER]
        w_begin = account[w, opposite + BEGIN]
        w_end = account[w, opposite + END]
        if near[s + p, LATER] < end or w == hub or w_end - w_begin < 2:
            continue
        size = 1  # the middle itself
        ws = account[w, opposite + START]
        for q in range(ws + w_begin, ws + w_end):
            x = far[q, OTHER]
            if far[q, LATER] < w_end or x == middle:
                continue
            if spare > 0:
                steps = asked(account, far, opposite, x, hub, low)
                spare -= abs(steps)
                size += steps > 0
                continue
            if not marked:
                marked = True
                hs = account[hub, which + START]
                for r in range(hs + account[hub, which + BEGIN], hs + account[hub, which + END]):
                    mark[kind, near[r, OTHER]] = search
            size += mark[kind, x] == search
        if size > 1:
            met[n, 0] = size
            n += 1
    return n


def from_hub(
    views: Views,
    near: NDArray[np.int32],
    far: NDArray[np.int32],
    which: int,
    ends: tuple[int, int],
    search: int,
    ask: bool,
    low: int,
) -> int:
    """Find sizes by looking at each other account that the hub pays, and at whom it pays.

    What `from_middle` finds, from the other end: the middle has to pay them too. Whom it pays is
    marked first or, where `ask` says that this would cost more, each account is asked when met.
    """
    account, met, value, mark = views.account, views.met, views.value, views.mark
    kind = int(which != SENT)
    hub, middle = ends
    if not ask:
        s = account[middle, which + START]
        for p in range(s + account[middle, which + BEGIN], s + account[middle, which + END]):
            mark[kind, near[p, OTHER]] = search
            value[near[p, OTHER]] = 1  # the middle itself
    n = 0
    s = account[hub, which + START]
    end = account[hub, which + END]
    for p in range(account[hub, which + BEGIN], end):
        x = near[s + p, OTHER]
        if near[s + p, LATER] < end or x == middle:
            continue
        xs = account[x, which + START]
        x_end = account[x, which + END]
        for q in range(account[x, which + BEGIN], x_end):
            w = near[xs + q, OTHER]
            if near[xs + q, LATER] < x_end or w == hub:
                continue
            if mark[kind, w] != search:
                if not ask:
                    continue
                mark[kind, w] = search
                value[w] = asked(account, far, RECEIVED - which, w, middle, low) > 0
            if value[w] > 0:
                value[w] += 1
                if value[w] == 2:
                    met[n, 0] = w
                    n += 1
    for k in range(n):
        met[k, 0] = value[met[k, 0]]
    return n


def one_side(
    views: Views,
    near: NDArray[np.int32],
    far: NDArray[np.int32],
    which: int,
    ends: tuple[int, int],
    search: int,
    low: int,
    max_work: int,
) -> int:
    """Find the sizes of the scatter-gathers of a hub and a middle, from whichever end is cheaper.

    What an end costs is the slots one step beyond it, and looking at these is a cost as well: the
    wider end is asked only when that could be the cheaper one. Returns the number of sizes, or -1
    where the cost is above `max_work`.
    """
    account = views.account
    hub, middle = ends
    opposite = RECEIVED - which
    a = account[middle, which + END] - begin(account, near, which, middle, low)
    b = account[hub, which + END] - begin(account, near, which, hub, low)
    if min(a, b) > max_work:
        return -1
    from_a = from_b = max_work + 1
    if a <= b:
        from_a = breadth(account, near, far, which, opposite, middle, low, max_work)
    if b < a or b < from_a:
        from_b = breadth(account, near, near, which, which, hub, low, min(from_a, max_work))
    if b < a < from_b:
        from_a = breadth(account, near, far, which, opposite, middle, low, min(from_b, max_work))
    if min(from_a, from_b) > max_work:
        return -1
    if from_a <= from_b:
        return from_middle(views, near, far, which, ends, search, b if from_a < b else 0, low)
    return from_hub(views, near, far, which, ends, search, from_b < a, low)


def scatter_gathers(
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
    """Count, by size, the scatter-gathers that each row scatters or gathers.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``.
    max_work
        Most slots that a search may look at; a row's counts leave out a search that would.
    place
        Column of `counts` of each size, shape (largest + 1,), larger ones as the last; -1 nowhere.
    counts, cut
        Counts to add to, shape (columns, E); searches left out, shape (E,).
    views
        What is in view before the first of the rows; moved on to what is after the last.
    """
    sent, received, before = index.sent.slot, index.received.slot, index.before
    payers, payees = index.originator, index.beneficiary
    account, met = views.account, views.met
    for i in range(rows[0], rows[1]):
        payer = payers[i]
        payee = payees[i]
        if payer == payee:
            continue
        account[payer, SENT + END] += 1
        account[payee, RECEIVED + END] += 1
        low = starts[i - first]
        search = i + 1
        for which in range(2):
            n = 0
            if which == 0 and before[i, PAYER_SENT] >= low and before[i, PAYEE_SENT] >= low:
                ends = (payer, payee)
                n = one_side(views, sent, received, SENT, ends, search, low, max_work)
            elif which and before[i, PAYER_RECEIVED] >= low and before[i, PAYEE_RECEIVED] >= low:
                ends = (payee, payer)
                n = one_side(views, received, sent, RECEIVED, ends, search, low, max_work)
            for k in range(n):
                column = place[min(met[k, 0], place.size - 1)]
                if column >= 0:
                    counts[column, i - first] += 1
            cut[i - first] += n < 0


asked = jit(asked)
breadth = jit(breadth)
from_middle = jit(from_middle)
from_hub = jit(from_hub)
one_side = jit(one_side)
scatter_gathers = jit(scatter_gathers)
