"""What searches for paths share: the stack, the cut, and turning bundles into findings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import share_down, share_up
from xborder_aml.kernels.bundles import Bundles, add_path
from xborder_aml.kernels.edges import Edges, carries, first_after
from xborder_aml.kernels.output import Output, add_cut, add_finding

__all__ = [
    "Stack",
    "carried_on",
    "follow",
    "in_view",
    "make_stack",
    "push",
    "report",
    "told",
    "visited",
]


class Stack(NamedTuple):
    """A path being walked, depth first; level i holds its i-th edge and how far it was followed."""

    row: NDArray[np.int64]  # (hops,) edge row
    slot: NDArray[np.int64]  # (hops,) next out slot of the edge's beneficiary to look at
    first: NDArray[np.int64]  # (hops,) first one looked at
    goes_on: NDArray[np.int8]  # (hops,) 1 when a continuation was found
    least: NDArray[np.int64]  # (hops,) amounts that carry it on, in its own currency
    most: NDArray[np.int64]  # (hops,)
    cut: NDArray[np.int64]  # (2,) first cap reached, -1 none; edges in view not followed


def make_stack(max_hops: int) -> Stack:
    """Return room for a path of `max_hops` edges."""
    return Stack(
        np.empty(max_hops, np.int64),
        np.empty(max_hops, np.int64),
        np.empty(max_hops, np.int64),
        np.empty(max_hops, np.int8),
        np.empty(max_hops, np.int64),
        np.empty(max_hops, np.int64),
        np.empty(2, np.int64),
    )


def push(edges: Edges, stack: Stack, level: int, row: int) -> None:
    """Put an edge on the path; it will be followed from its first continuation in time."""
    stack.row[level] = row
    stack.slot[level] = edges.onward[row]
    stack.first[level] = edges.onward[row]
    stack.goes_on[level] = 0


def follow(edges: Edges, stack: Stack, level: int, row: int, low: int, high: int) -> None:
    """Put an edge on the path, to be carried on by between `low` and `high` basis points of it."""
    push(edges, stack, level, row)
    stack.least[level] = share_up(edges.received[row], low)
    stack.most[level] = share_down(edges.received[row], high)


def carried_on(
    edges: Edges, stack: Stack, level: int, stop: int, until: int, low: int, high: int, fx: int
) -> int:
    """Return the next slot, before `stop` and up to time `until`, that carries a level's edge on.

    It starts from the level's next slot. Where there is none, the slot that ends the search comes
    back: `stop`, or the first one that is too late. In one currency a slot is judged from arrays
    that lie side by side; others need the rows.
    """
    last = stack.row[level]
    currency = edges.received_currency[last]
    least = stack.least[level]
    most = stack.most[level]
    slot = stack.slot[level]
    while slot < stop and edges.out_at[slot] <= until:
        if edges.out_currency[slot] == currency:
            if least <= edges.out_sent[slot] <= most:
                return slot
        elif carries(edges, last, edges.out_row[slot], low, high, fx):
            return slot
        slot += 1
    return slot


def visited(edges: Edges, stack: Stack, depth: int, account: int) -> bool:
    """Tell whether a path of `depth` edges has gone into `account`."""
    for level in range(depth):
        if edges.beneficiary[stack.row[level]] == account:
            return True
    return False


def in_view(edges: Edges, stack: Stack, level: int, until: int, most: int) -> int:
    """Return how many edges out of a level's account are not followed yet, up to time `until`.

    At most `most` edges from the first one on are counted: at a hub, a bisection among all that it
    ever sends would cost more than the search that was cut.
    """
    slot = stack.slot[level]
    end = edges.out_ptr[edges.beneficiary[stack.row[level]] + 1]
    end = max(slot, min(end, stack.first[level] + most))
    if end > slot and edges.out_at[end - 1] <= until:
        return end - slot
    return first_after(edges.out_at, slot, end, until) - slot


def told(stack: Stack, cap: int, left: int) -> None:
    """Note that a cap was reached, the first one by name, and what was left."""
    if stack.cut[0] < 0:
        stack.cut[0] = cap
    stack.cut[1] += left


def report(edges: Edges, bundles: Bundles, n: int, stack: Stack, account: int, out: Output) -> bool:
    """Write the bundles of one anchor, and its cut if any; False when there is no room."""
    anchor = stack.row[0]
    k = bundles.hops.size // bundles.kept.size
    for m in range(n):
        for place in range(m * k, m * k + bundles.kept[m]):
            if not add_path(edges, bundles, place, out):
                return False
            if not add_finding(out, anchor, account, bundles.seen[m]):
                return False
    return stack.cut[0] < 0 or add_cut(out, anchor, account, stack.cut[0], stack.cut[1])


make_stack = jit(make_stack)
push = jit(push)
follow = jit(follow)
carried_on = jit(carried_on)
visited = jit(visited)
in_view = jit(in_view)
told = jit(told)
report = jit(report)
