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
    NONE,
    OTHER,
    PAYEE_RECEIVED,
    PAYEE_SENT,
    PAYER_RECEIVED,
    PAYER_SENT,
    ROW,
    Index,
    Side,
)
from xborder_aml.kernels.feature_views import Views, begin, make_views

__all__ = ["scatter_gathers"]


def breadth(
    near: Side, side: Side, views: Views, whose: int, which: int, account: int, low: int
) -> int:
    """Return how many slots lie one step beyond an account: what a search from it looks at."""
    total = 0
    s = near.start[account]
    for p in range(s + views.begin[account, whose], s + views.end[account, whose]):
        w = near.slot[p, OTHER]
        total += views.end[w, which] - begin(
            side.start[w], side.slot, views.begin, views.end, which, w, low
        )
    return total


def asked(far: Side, views: Views, which: int, payee: int, payer: int, low: int) -> int:
    """Look for a payer among those of one account; return the slots it took, negated if in vain."""
    s = far.start[payee]
    n = 0
    p = s + views.end[payee, 1 - which] - 1
    while p >= s and far.slot[p, ROW] >= low:
        n += 1
        if far.slot[p, OTHER] == payer:
            return n
        p -= 1
    return -n


def from_middle(
    near: Side, far: Side, views: Views, which: int, low: int, ends: tuple[int, int], spare: int
) -> int:
    """Find sizes by looking at each account that the middle pays, and at its payers.

    The size is the number of payers that the hub pays. Whom the hub pays is marked once `spare`
    slots went into asking payers one by one. Returns the number of sizes found, which are written
    to `views.met`.
    """
    hub, middle = ends
    views.search[0] += 1
    search = views.search[0]
    marked = False
    n = 0
    s = near.start[middle]
    end = views.end[middle, which]
    for p in range(views.begin[middle, which], end):
        w = near.slot[s + p, OTHER]
        w_begin = views.begin[w, 1 - which]
        w_end = views.end[w, 1 - which]
        if near.slot[s + p, LATER] < end or w == hub or w_end - w_begin < 2:
            continue
        size = 1  # the middle itself
        ws = far.start[w]
        for q in range(ws + w_begin, ws + w_end):
            x = far.slot[q, OTHER]
            if far.slot[q, LATER] < w_end or x == middle:
                continue
            if spare > 0:
                steps = asked(far, views, which, x, hub, low)
                spare -= abs(steps)
                size += steps > 0
                continue
            if not marked:
                marked = True
                hs = near.start[hub]
                for r in range(hs + views.begin[hub, which], hs + views.end[hub, which]):
                    views.mark[near.slot[r, OTHER], 0] = search
            size += views.mark[x, 0] == search
        if size > 1:
            views.met[n, 0] = size
            n += 1
    return n


def from_hub(
    near: Side, far: Side, views: Views, which: int, low: int, ends: tuple[int, int], ask: bool
) -> int:
    """Find sizes by looking at each other account that the hub pays, and at whom it pays.

    What `from_middle` finds, from the other end: the middle has to pay them too. Whom it pays is
    marked first or, where `ask` says that this would cost more, each account is asked when met.
    """
    hub, middle = ends
    views.search[0] += 1
    search = views.search[0]
    if not ask:
        s = near.start[middle]
        for p in range(s + views.begin[middle, which], s + views.end[middle, which]):
            views.mark[near.slot[p, OTHER], 0] = search
            views.value[near.slot[p, OTHER]] = 1  # the middle itself
    n = 0
    s = near.start[hub]
    end = views.end[hub, which]
    for p in range(views.begin[hub, which], end):
        x = near.slot[s + p, OTHER]
        if near.slot[s + p, LATER] < end or x == middle:
            continue
        xs = near.start[x]
        x_end = views.end[x, which]
        for q in range(views.begin[x, which], x_end):
            w = near.slot[xs + q, OTHER]
            if near.slot[xs + q, LATER] < x_end or w == hub:
                continue
            if views.mark[w, 0] != search:
                if not ask:
                    continue
                views.mark[w, 0] = search
                views.value[w] = asked(far, views, which, w, middle, low) > 0
            if views.value[w] > 0:
                views.value[w] += 1
                if views.value[w] == 2:
                    views.met[n, 0] = w
                    n += 1
    for k in range(n):
        views.met[k, 0] = views.value[views.met[k, 0]]
    return n


def one_side(
    near: Side, far: Side, views: Views, which: int, low: int, ends: tuple[int, int], max_work: int
) -> int:
    """Find the sizes of the scatter-gathers of a hub and a middle, from whichever end is cheaper.

    What an end costs is the slots one step beyond it, and looking at these is a cost as well: the
    wider end is asked only when that could be the cheaper one. Returns the number of sizes, or -1
    where the cost is above `max_work`.
    """
    hub, middle = ends
    a = views.end[middle, which] - begin(
        near.start[middle], near.slot, views.begin, views.end, which, middle, low
    )
    b = views.end[hub, which] - begin(
        near.start[hub], near.slot, views.begin, views.end, which, hub, low
    )
    if min(a, b) > max_work:
        return -1
    from_a = from_b = NONE
    if a <= b:
        from_a = breadth(near, far, views, which, 1 - which, middle, low)
    if b < a or b < from_a:
        from_b = breadth(near, near, views, which, which, hub, low)
    if b < a < from_b:
        from_a = breadth(near, far, views, which, 1 - which, middle, low)
    if min(from_a, from_b) > max_work:
        return -1
    if from_a <= from_b:
        return from_middle(near, far, views, which, low, ends, b if from_a < b else 0)
    return from_hub(near, far, views, which, low, ends, from_b < a)


def scatter_gathers(
    index: Index,
    starts: NDArray[np.int32],
    first: int,
    rows: tuple[int, int, int],
    max_work: int,
    place: NDArray[np.int64],
    counts: NDArray[np.uint16],
    cut: NDArray[np.uint16],
) -> None:
    """Count, by size, the scatter-gathers that each row scatters or gathers.

    Parameters
    ----------
    starts
        First row in the window of each row from `first` on, shape (E,).
    rows
        The rows to look at, ``[rows[0], rows[1])``, of a history of ``rows[2]``.
    max_work
        Most slots that a search may look at; a row's counts leave out a search that would.
    place
        Column of `counts` of each size, shape (largest + 1,), larger ones as the last; -1 nowhere.
    counts, cut
        Counts to add to, shape (columns, E); searches left out, shape (E,).
    """
    sent, received, before = index.sent, index.received, index.before
    views = make_views(index, rows[0], rows[2])
    for i in range(rows[0], rows[1]):
        payer = index.originator[i]
        payee = index.beneficiary[i]
        if payer == payee:
            continue
        views.end[payer, 0] += 1
        views.end[payee, 1] += 1
        low = starts[i - first]
        for which in range(2):
            n = 0
            if which == 0 and before[i, PAYER_SENT] >= low and before[i, PAYEE_SENT] >= low:
                n = one_side(sent, received, views, 0, low, (payer, payee), max_work)
            elif which and before[i, PAYER_RECEIVED] >= low and before[i, PAYEE_RECEIVED] >= low:
                n = one_side(received, sent, views, 1, low, (payee, payer), max_work)
            for k in range(n):
                column = place[min(views.met[k, 0], place.size - 1)]
                if column >= 0:
                    counts[column, i - first] += 1
            cut[i - first] += n < 0


asked = jit(asked)
breadth = jit(breadth)
from_middle = jit(from_middle)
from_hub = jit(from_hub)
one_side = jit(one_side)
scatter_gathers = jit(scatter_gathers)
