"""Layering chains: how deep each edge lies, then a depth-first search where chains can follow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most, share_down, share_up
from xborder_aml.kernels.bundles import Bundles, insert, make_bundles
from xborder_aml.kernels.edges import Edges, carries, first_after, returned_bp
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

__all__ = ["UNKNOWN", "LayeringChainLimits", "depths_in", "depths_out", "layering_chain"]

UNKNOWN = 2**31
"""Distance of a chain whose ends cannot be compared: after all others."""

_MAX_HOPS, _MAX_MATCHES, _MAX_WORK, _MAX_DEGREE = 0, 1, 2, 3


class LayeringChainLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    gap: int
    min_hops: int
    max_hops: int
    low: int
    high: int
    fx: int
    min_borders: int
    min_holders: int
    strict: int
    k_best: int
    max_matches: int
    max_work: int
    max_degree: int
    depth: NDArray[np.int8]  # (E,) hops that may follow, this one included, up to min_hops


def follows(edges: Edges, limits: LayeringChainLimits, first: int, then: int) -> bool:
    """Tell whether edge `then`, out of the account that `first` went into, continues it."""
    gap = edges.at[then] - edges.at[first]
    to = edges.beneficiary[then]
    return (
        limits.strict <= gap <= limits.gap
        and to != edges.originator[then]
        and to != edges.originator[first]
        and carries(edges, first, then, limits.low, limits.high, limits.fx)
    )


def depths_out(edges: Edges, limits: LayeringChainLimits, levels: int) -> NDArray[np.int8]:
    """Return how many hops the longest walk from each edge has, itself included, up to `levels`.

    A dynamic programme by rounds: an edge reaches depth k when one that follows it has depth k - 1.
    Rounds rather than one sweep in time order, because edges of one instant may follow one another
    both ways. No more than `max_degree` continuations of an edge are looked at; an edge that has
    more counts as going on, so that a search comes there, meets the cap and tells it.
    """
    n = edges.at.size
    depth = np.ones(n, np.int8)
    for level in range(2, levels + 1):
        for e in range(n):
            if depth[e] != level - 1 or edges.originator[e] == edges.beneficiary[e]:
                continue
            here = edges.beneficiary[e]
            since = edges.at[e] + limits.strict
            until = edges.at[e] + limits.gap
            slot = edges.onward[e]
            end = edges.out_ptr[here + 1]
            stop = min(end, slot + limits.max_degree)
            if stop < end and edges.out_at[stop] <= until:
                depth[e] = level
                continue
            least = share_up(edges.received[e], limits.low)
            most = share_down(edges.received[e], limits.high)
            # what `follows` asks, from arrays that lie side by side
            while slot < stop and edges.out_at[slot] <= until:
                to = edges.out_to[slot]
                fits = edges.out_at[slot] >= since and to != here and to != edges.originator[e]
                if fits and edges.out_currency[slot] == edges.received_currency[e]:
                    fits = least <= edges.out_sent[slot] <= most
                elif fits:
                    then = edges.out_row[slot]
                    fits = carries(edges, e, then, limits.low, limits.high, limits.fx)
                if fits and depth[edges.out_row[slot]] >= level - 1:
                    depth[e] = level
                    break
                slot += 1
    return depth


def depths_in(edges: Edges, limits: LayeringChainLimits, levels: int) -> NDArray[np.int8]:
    """Return how many hops the longest walk into each edge has, itself included, up to `levels`."""
    n = edges.at.size
    depth = np.ones(n, np.int8)
    for level in range(2, levels + 1):
        reached = depth.copy()
        for e in range(n):
            if depth[e] != level - 1 or edges.originator[e] == edges.beneficiary[e]:
                continue
            first = edges.onward[e]
            end = min(edges.out_ptr[edges.beneficiary[e] + 1], first + limits.max_degree)
            for slot in range(first, end):
                if edges.out_at[slot] - edges.at[e] > limits.gap:
                    break
                then = edges.out_row[slot]
                if reached[then] < level and follows(edges, limits, e, then):
                    reached[then] = level
        depth = reached
    return depth


def sources(
    edges: Edges, limits: LayeringChainLimits, anchor: int, found: NDArray[np.int32], stack: Stack
) -> int:
    """Collect the distinct originators of edges that the anchor would continue.

    A chain is left-maximal only if all of them are on it. Returns their number, or -1 when there
    are more than a chain can hold; at most `max_degree` edges, the latest, are looked at.
    """
    here = edges.originator[anchor]
    low = edges.in_ptr[here]
    slot = first_after(edges.in_at, low, edges.in_ptr[here + 1], edges.at[anchor]) - 1
    # a first sieve on amounts, no finer than `follows`, from arrays that lie side by side
    sent = float(edges.sent[anchor])
    currency = edges.sent_currency[anchor]
    least = int(sent * 9_999.0 / max(1, limits.high))
    most = int(min(sent * 10_001.0 / max(1, limits.low), 2.0**60)) + 1
    n = 0
    looked = 0
    while slot >= low and edges.at[anchor] - edges.in_at[slot] <= limits.gap:
        if looked == limits.max_degree:
            oldest = first_after(edges.in_at, low, slot + 1, edges.at[anchor] - limits.gap - 1)
            told(stack, _MAX_DEGREE, slot + 1 - oldest)
            return n
        looked += 1
        slot -= 1
        same = edges.in_currency[slot + 1] == currency
        whole = edges.in_received[slot + 1]
        if same and (whole < least or whole > most):
            continue
        who = edges.in_from[slot + 1]
        if who == here or who == edges.beneficiary[anchor]:
            continue  # a self-loop, or on every chain from here
        if same:  # what `follows` asks, from arrays that lie side by side
            late = edges.at[anchor] - edges.in_at[slot + 1] >= limits.strict
            part = edges.sent[anchor]
            if not (late and at_least(part, whole, limits.low)):
                continue
            if not at_most(part, whole, limits.high):
                continue
        elif not follows(edges, limits, edges.in_row[slot + 1], anchor):
            continue
        known = False
        for i in range(n):
            known = known or found[i] == who
        if known:
            continue
        if n == limits.max_hops - 1:
            return -1
        found[n] = who
        n += 1
    return n


def is_match(
    edges: Edges,
    limits: LayeringChainLimits,
    path: NDArray[np.int64],
    hops: int,
    before: NDArray[np.int32],
) -> bool:
    """Tell whether a path that cannot go on is a match: long enough, crossing, left-maximal."""
    if hops < limits.min_hops:
        return False
    borders = 0
    holders = 1
    for i in range(hops):
        borders += edges.border[path[i]]
        holder = edges.holder[edges.beneficiary[path[i]]]
        is_new = holder != edges.holder[edges.originator[path[0]]]
        for j in range(i):
            is_new = is_new and holder != edges.holder[edges.beneficiary[path[j]]]
        holders += is_new
    if borders < limits.min_borders or holders < limits.min_holders:
        return False
    for account in before:
        on_path = False
        for i in range(hops):
            on_path = on_path or edges.beneficiary[path[i]] == account
        if not on_path:
            return False
    return True


def keep(edges: Edges, bundles: Bundles, n: int, path: NDArray[np.int64], hops: int) -> int:
    """Bundle a chain with those that end at the same account; return the number of bundles.

    Returns -1 when a new last account has no room.
    """
    got = returned_bp(edges, path[0], path[hops - 1])
    distance = UNKNOWN if got < 0 else abs(got - 10_000)
    end = edges.beneficiary[path[hops - 1]]
    k = bundles.hops.size // bundles.kept.size
    for m in range(n):
        if edges.beneficiary[bundles.rows[m * k, bundles.hops[m * k] - 1]] == end:
            insert(bundles, m, False, path, hops, distance)
            return n
    if n == bundles.kept.size:
        return -1
    insert(bundles, n, True, path, hops, distance)
    return n + 1


def explore(
    edges: Edges,
    limits: LayeringChainLimits,
    stack: Stack,
    before: NDArray[np.int32],
    bundles: Bundles,
) -> int:
    """Search all chains from the anchor on the stack, depth first; return the number of bundles.

    `before` holds the accounts that have to be on a chain for it to be left-maximal.
    """
    start = edges.originator[stack.row[0]]
    n = 0
    work = 0
    depth = 1
    while depth > 0:
        top = depth - 1
        last = stack.row[top]
        until = edges.at[last] + limits.gap
        begun = stack.slot[top]
        end = edges.out_ptr[edges.beneficiary[last] + 1]
        stop = min(end, stack.first[top] + limits.max_degree, begun + limits.max_work - work)
        over = depth == limits.max_hops and stack.goes_on[top] == 1
        if over:
            told(stack, _MAX_HOPS, 1)
        else:
            slot = carried_on(edges, stack, top, stop, until, limits.low, limits.high, limits.fx)
            stack.slot[top] = slot
            work += slot - begun
            over = slot == end or edges.out_at[slot] > until
            if not over and slot - stack.first[top] == limits.max_degree:
                told(stack, _MAX_DEGREE, in_view(edges, stack, top, until, edges.at.size))
                over = True
        if over:
            is_end = depth == limits.max_hops or not stack.goes_on[top]
            if is_end and is_match(edges, limits, stack.row, depth, before):
                kept = keep(edges, bundles, n, stack.row, depth)
                if kept < 0:
                    told(stack, _MAX_MATCHES, 1)
                n = max(n, kept)
            depth -= 1
            continue
        if work == limits.max_work:
            for i in range(depth):
                there = edges.at[stack.row[i]] + limits.gap
                told(stack, _MAX_WORK, in_view(edges, stack, i, there, limits.max_degree))
            return n
        slot = stack.slot[top]
        stack.slot[top] = slot + 1
        work += 1
        row = edges.out_row[slot]
        to = edges.out_to[slot]
        if to == start or visited(edges, stack, depth, to):
            continue
        if limits.strict and edges.out_at[slot] == edges.at[last]:
            continue
        stack.goes_on[top] = 1
        if depth < limits.max_hops and depth + limits.depth[row] >= limits.min_hops:
            follow(edges, stack, depth, row, limits.low, limits.high)
            depth += 1
    return n


def layering_chain(
    edges: Edges, limits: LayeringChainLimits, first: int, last: int, out: Output
) -> int:
    """Find the chains of the anchors in ``[first, last)``."""
    stack = make_stack(limits.max_hops)
    bundles = make_bundles(limits.max_matches, limits.k_best, limits.max_hops)
    before = np.empty(limits.max_hops, np.int32)
    for anchor in range(first, last):
        begin(out, anchor)
        start = edges.originator[anchor]
        if limits.depth[anchor] < limits.min_hops or start == edges.beneficiary[anchor]:
            continue
        stack.cut[0] = -1
        stack.cut[1] = 0
        n_before = sources(edges, limits, anchor, before, stack)
        if n_before < 0:
            continue
        follow(edges, stack, 0, anchor, limits.low, limits.high)
        n = explore(edges, limits, stack, before[:n_before], bundles)
        if not report(edges, bundles, n, stack, start, out):
            return full(out)
    return DONE


follows = jit(follows)
depths_out = jit(depths_out)
depths_in = jit(depths_in)
sources = jit(sources)
is_match = jit(is_match)
keep = jit(keep)
explore = jit(explore)
layering_chain = jit(layering_chain)
