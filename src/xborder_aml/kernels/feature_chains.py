"""How long a chain of like amounts each transaction ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most
from xborder_aml.kernels.feature_index import ROW, Index

__all__ = ["chain_depths"]


def chain_depths(
    index: Index,
    facts: NDArray[np.int64],
    first: int,
    last: int,
    max_gap: int,
    bounds: tuple[int, int, int],
    max_work: int,
    depth: NDArray[np.int32],
    cut: NDArray[np.uint16],
) -> None:
    """Write the hops of the longest chain that each row ends, itself included.

    Along a chain each transaction is sent on by its beneficiary, not before it and within
    `max_gap`, and carries on between two shares of its amount. One pass: the depth of a row is one
    more than the greatest among those that it may follow.

    Parameters
    ----------
    facts
        Time and base amount of each row, shape (C, 2); a row whose amount is unknown (-1) follows
        nothing.
    bounds
        Least and greatest share in basis points; and 1 where time runs backward, so that the later
        row of the index is the earlier transaction.
    max_work
        Latest transactions that one row may follow on.
    depth, cut
        To write, shape (C,): hops from `first` on; earlier ones are read. And whether `max_work`
        left some out.
    """
    received = index.received
    low, high, backward = bounds
    for i in range(first, last):
        depth[i] = 1
        cut[i] = 0
        u = index.originator[i]
        if facts[i, 1] < 0 or u == index.beneficiary[i]:
            continue
        s = received.start[u]
        p = s + index.seen[i] - 1
        while p >= s and received.slot[p, ROW] >= i:
            p -= 1
        work = 0
        while p >= s:
            j = received.slot[p, ROW]
            if facts[j, 0] < facts[i, 0] - max_gap:
                break
            if work == max_work:
                cut[i] = 1
                break
            work += 1
            p -= 1
            if facts[j, 1] < 0 or depth[j] < depth[i]:
                continue
            whole, part = facts[j, 1], facts[i, 1]
            if backward:
                whole, part = part, whole
            if at_least(part, whole, low) and at_most(part, whole, high):
                depth[i] = depth[j] + 1


chain_depths = jit(chain_depths)
