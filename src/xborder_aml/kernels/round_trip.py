"""Round trips: a depth-first search from each anchor, bounded by time, amounts and caps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import fx_slack_bp, share_up
from xborder_aml.kernels.bundles import Bundles, insert, make_bundles
from xborder_aml.kernels.edges import Edges, first_after, returned_bp
from xborder_aml.kernels.output import DONE, Output, begin, full
from xborder_aml.kernels.paths import (
    Stack,
    carried_on,
    follow,
    in_view,
    make_stack,
    report,
    told,
    visited,
)

__all__ = ["RoundTripLimits", "round_trip"]

_MAX_MATCHES, _MAX_WORK, _MAX_DEGREE = 0, 1, 2
_FEW = 256  # returning transfers looked at before a search is begun


class RoundTripLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    max_hops: int
    low: int
    high: int
    returned_low: int
    returned_high: int
    fx: int
    min_borders: int
    by_holder: int
    strict: int
    k_best: int
    max_matches: int
    max_work: int
    max_degree: int


def gap_to_full(edges: Edges, limits: RoundTripLimits, anchor: int, last: int) -> int:
    """Return how far from all that left edge `last` returns, in basis points; -1 out of bounds."""
    got = returned_bp(edges, anchor, last)
    slack = 0
    if edges.sent_currency[anchor] != edges.received_currency[last]:
        slack = fx_slack_bp(limits.fx, edges.at[last] - edges.at[anchor])
    if got < max(0, limits.returned_low - slack) or got > limits.returned_high + slack:
        return -1
    return abs(got - 10_000)


def hopeless(edges: Edges, limits: RoundTripLimits, anchor: int) -> bool:
    """Tell cheaply that no trip starts here: nothing goes on, or nothing like it comes back.

    Of the transfers that come back a few are looked at: on real ledgers most anchors end here.
    """
    until = edges.at[anchor] + limits.window
    there = edges.beneficiary[anchor]
    slot = edges.onward[anchor]
    if slot == edges.out_ptr[there + 1] or edges.out_at[slot] > until:
        return True
    home = edges.originator[anchor]
    if limits.by_holder and not edges.alone[home]:
        return False
    end = edges.in_ptr[home + 1]
    slot = first_after(edges.in_at, edges.in_ptr[home], end, edges.at[anchor] - 1)
    few = min(end, slot + _FEW)
    least = share_up(edges.sent[anchor], limits.returned_low)
    most = share_up(edges.sent[anchor], limits.returned_high + 1) - 1
    while slot < few and edges.in_at[slot] <= until:
        if edges.in_currency[slot] != edges.sent_currency[anchor]:
            if gap_to_full(edges, limits, anchor, edges.in_row[slot]) >= 0:
                return False
        elif least <= edges.in_received[slot] <= most:
            return False
        slot += 1
    return bool(slot == end or edges.in_at[slot] > until)


def closes(
    edges: Edges, limits: RoundTripLimits, anchor: int, path: NDArray[np.int64], hops: int
) -> int:
    """Return how far from all that left a closed path returns, in basis points; -1: no match."""
    last = path[hops - 1]
    distance = gap_to_full(edges, limits, anchor, last)
    if distance < 0:
        return -1
    borders = 0
    lowest = anchor
    for i in range(hops):
        borders += edges.border[path[i]]
        lowest = min(lowest, path[i])
    if borders < limits.min_borders:
        return -1
    rotates = edges.beneficiary[last] == edges.originator[anchor]
    if rotates and edges.at[last] == edges.at[anchor] and lowest != anchor:
        return -1  # all at one time: only the rotation from the smallest id counts
    return distance


def keep(
    edges: Edges, bundles: Bundles, n: int, path: NDArray[np.int64], hops: int, distance: int
) -> int:
    """Bundle a closed path with those of the same accounts; return the number of bundles.

    Returns -1 when a new circle has no room.
    """
    k = bundles.hops.size // bundles.kept.size
    for m in range(n):
        if bundles.hops[m * k] != hops:
            continue
        same = True
        for i in range(hops):
            if edges.beneficiary[bundles.rows[m * k, i]] != edges.beneficiary[path[i]]:
                same = False
                break
        if same:
            insert(bundles, m, False, path, hops, distance)
            return n
    if n == bundles.kept.size:
        return -1
    insert(bundles, n, True, path, hops, distance)
    return n + 1


def explore(
    edges: Edges, limits: RoundTripLimits, anchor: int, stack: Stack, bundles: Bundles
) -> int:
    """Search all trips from one anchor, depth first; return the number of bundles."""
    until = edges.at[anchor] + limits.window
    home = edges.originator[anchor]
    follow(edges, stack, 0, anchor, limits.low, limits.high)
    stack.cut[0] = -1
    stack.cut[1] = 0
    n = 0
    work = 0
    depth = 1
    while depth > 0:
        top = depth - 1
        last = stack.row[top]
        begun = stack.slot[top]
        end = edges.out_ptr[edges.beneficiary[last] + 1]
        stop = min(end, stack.first[top] + limits.max_degree, begun + limits.max_work - work)
        slot = carried_on(edges, stack, top, stop, until, limits.low, limits.high, limits.fx)
        stack.slot[top] = slot
        work += slot - begun
        if slot == end or edges.out_at[slot] > until:
            depth -= 1
            continue
        if slot - stack.first[top] == limits.max_degree:
            told(stack, _MAX_DEGREE, in_view(edges, stack, top, until, edges.at.size))
            depth -= 1
            continue
        if work == limits.max_work:
            for level in range(depth):
                told(stack, _MAX_WORK, in_view(edges, stack, level, until, limits.max_degree))
            return n
        stack.slot[top] = slot + 1
        work += 1
        if limits.strict and edges.out_at[slot] == edges.at[last]:
            continue
        to = edges.out_to[slot]
        if to == home or (limits.by_holder and edges.holder[to] == edges.holder[home]):
            stack.row[depth] = edges.out_row[slot]
            distance = closes(edges, limits, anchor, stack.row, depth + 1)
            kept = n if distance < 0 else keep(edges, bundles, n, stack.row, depth + 1, distance)
            if kept < 0:
                told(stack, _MAX_MATCHES, 1)
            n = max(n, kept)
        elif depth + 2 <= limits.max_hops and not visited(edges, stack, depth, to):
            follow(edges, stack, depth, edges.out_row[slot], limits.low, limits.high)
            depth += 1
    return n


def round_trip(edges: Edges, limits: RoundTripLimits, first: int, last: int, out: Output) -> int:
    """Find the round trips of the anchors in ``[first, last)``."""
    stack = make_stack(limits.max_hops)
    bundles = make_bundles(limits.max_matches, limits.k_best, limits.max_hops)
    for anchor in range(first, last):
        begin(out, anchor)
        home = edges.originator[anchor]
        there = edges.beneficiary[anchor]
        if home == there or (limits.by_holder and edges.holder[home] == edges.holder[there]):
            continue
        if hopeless(edges, limits, anchor):
            continue
        n = explore(edges, limits, anchor, stack, bundles)
        if not report(edges, bundles, n, stack, home, out):
            return full(out)
    return DONE


gap_to_full = jit(gap_to_full)
hopeless = jit(hopeless)
closes = jit(closes)
keep = jit(keep)
explore = jit(explore)
round_trip = jit(round_trip)
