"""Dense cores of layers: senders, perhaps middles, and receivers, each paying many of the next.

A node is an account on one side: an account that pays and is paid is two nodes. The core is what is
left when nodes with too few partners, and pairs that lie in too few squares (two that both pay the
same two), are taken away, again and again; it does not depend on the order. A part of it that is
not dense enough is peeled further, each side asking for one partner more, so that what is dense is
found inside of what is large.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most, share_bp
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.legs import MIDDLE, RECEIVER, SENDER, Legs, Pairs, join_pairs
from xborder_aml.kernels.output import Output, add_evidence, add_measured

__all__ = ["CoreLimits", "dense_cores"]


class CoreLimits(NamedTuple):
    """What a core must be."""

    min_senders: int
    min_middles: int  # 0 where there are none
    min_receivers: int
    min_payees: int
    min_payers: int
    min_squares: int
    density: int
    low: int
    high: int
    min_borders: int


class Nodes(NamedTuple):
    """The nodes of a window and how they stand."""

    side: NDArray[np.int8]
    n_out: NDArray[np.int64]  # nodes paid, of those that are left
    n_in: NDArray[np.int64]
    state: NDArray[np.int8]  # 0 taken away, 1 left, 2 met at this level
    left: NDArray[np.int64]  # list of those that are left
    queue: NDArray[np.int64]
    common: NDArray[np.int64]  # how many nodes a payer and another both pay; 0 between uses
    stale: NDArray[np.int8]  # 1 when a square of one of its pairs may be gone


class Part(NamedTuple):
    """One component: what `judge` learns of it."""

    size: NDArray[np.int64]  # (3,) nodes on each side
    pairs: NDArray[np.int64]  # (2,) pairs of each layer
    money: NDArray[np.int64]  # (2,)
    n: NDArray[np.int64]  # (2,) rows of each layer
    row: NDArray[np.int64]  # rows of the first layer, then of the second, each ascending


def make_nodes(legs: Legs, pairs: Pairs, n_accounts: int) -> Nodes:
    """Return all nodes, with all their partners."""
    n = legs.n[1]
    nodes = Nodes(
        np.empty(n, np.int8),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.ones(n, np.int8),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.zeros(n, np.int64),
        np.ones(n, np.int8),
    )
    for node in range(n):
        nodes.side[node] = legs.key[node] // n_accounts
        nodes.n_out[node] = pairs.ptr[node + 1] - pairs.ptr[node]
        nodes.n_in[node] = pairs.in_ptr[node + 1] - pairs.in_ptr[node]
        nodes.left[node] = node
    return nodes


def is_short(side: int, n_out: int, n_in: int, payees: int, payers: int) -> bool:
    """Tell whether a node has too few partners where it must have some."""
    return (side != RECEIVER and n_out < payees) or (side != SENDER and n_in < payers)


def mark_payers(
    in_ptr: NDArray[np.int64],
    in_pair: NDArray[np.int32],
    tail: NDArray[np.int32],
    node: int,
    stale: NDArray[np.int8],
) -> None:
    """Mark all payers of a node: who loses a square with a pair is one of those."""
    for k in range(in_ptr[node], in_ptr[node + 1]):
        stale[tail[in_pair[k]]] = 1


def peel(pairs: Pairs, nodes: Nodes, n: int, payees: int, payers: int) -> int:
    """Take away nodes with too few partners until none has; return how many are left."""
    top = 0
    for i in range(n):
        node = nodes.left[i]
        if is_short(nodes.side[node], nodes.n_out[node], nodes.n_in[node], payees, payers):
            nodes.state[node] = 0
            nodes.queue[top] = node
            top += 1
    while top > 0:
        top -= 1
        gone = nodes.queue[top]
        for pair in range(pairs.ptr[gone], pairs.ptr[gone + 1]):
            if not pairs.is_left[pair]:
                continue
            pairs.is_left[pair] = 0
            node = pairs.head[pair]
            nodes.n_in[node] -= 1
            mark_payers(pairs.in_ptr, pairs.in_pair, pairs.tail, node, nodes.stale)
            if nodes.state[node] and is_short(
                nodes.side[node], nodes.n_out[node], nodes.n_in[node], payees, payers
            ):
                nodes.state[node] = 0
                nodes.queue[top] = node
                top += 1
        for i in range(pairs.in_ptr[gone], pairs.in_ptr[gone + 1]):
            pair = pairs.in_pair[i]
            if not pairs.is_left[pair]:
                continue
            pairs.is_left[pair] = 0
            node = pairs.tail[pair]
            nodes.n_out[node] -= 1
            nodes.stale[node] = 1
            if nodes.state[node] and is_short(
                nodes.side[node], nodes.n_out[node], nodes.n_in[node], payees, payers
            ):
                nodes.state[node] = 0
                nodes.queue[top] = node
                top += 1
    return keep_left(nodes, n)


def drop_loose(pairs: Pairs, nodes: Nodes, n: int, least: int) -> int:
    """Take away the pairs that lie in too few squares; return how many.

    Another payer of the same node that has c payees in common with this one is in c - 1 squares
    with the pair. A count that a pair taken away meanwhile makes too high is put right by the next
    call.
    """
    dropped = 0
    for i in range(n):
        here = nodes.left[i]
        if not nodes.stale[here]:
            continue
        nodes.stale[here] = 0
        for pair in range(pairs.ptr[here], pairs.ptr[here + 1]):
            if pairs.is_left[pair]:
                for k in range(pairs.in_ptr[pairs.head[pair]], pairs.in_ptr[pairs.head[pair] + 1]):
                    nodes.common[pairs.tail[pairs.in_pair[k]]] += pairs.is_left[pairs.in_pair[k]]
        nodes.common[here] = 1  # no square with itself
        for pair in range(pairs.ptr[here], pairs.ptr[here + 1]):
            if not pairs.is_left[pair]:
                continue
            node = pairs.head[pair]
            squares = 0
            for k in range(pairs.in_ptr[node], pairs.in_ptr[node + 1]):
                if pairs.is_left[pairs.in_pair[k]]:
                    squares += nodes.common[pairs.tail[pairs.in_pair[k]]] - 1
                    if squares >= least:
                        break
            if squares < least:
                pairs.is_left[pair] = 0
                nodes.n_out[here] -= 1
                nodes.n_in[node] -= 1
                dropped += 1
                mark_payers(pairs.in_ptr, pairs.in_pair, pairs.tail, node, nodes.stale)
        nodes.common[here] = 0
        for pair in range(pairs.ptr[here], pairs.ptr[here + 1]):
            node = pairs.head[pair]
            for k in range(pairs.in_ptr[node], pairs.in_ptr[node + 1]):
                nodes.common[pairs.tail[pairs.in_pair[k]]] = 0
    return dropped


def keep_left(nodes: Nodes, n: int) -> int:
    """Drop from the list what was taken away; return how many are left, none of them met."""
    kept = 0
    for i in range(n):
        node = nodes.left[i]
        if nodes.state[node]:
            nodes.state[node] = 1
            nodes.left[kept] = node
            kept += 1
    return kept


def flood(pairs: Pairs, nodes: Nodes, start: int, part: Part) -> int:
    """Write the component of a node into the queue, and count it; return its number of nodes."""
    for i in range(3):
        part.size[i] = 0
    part.pairs[0] = 0
    part.pairs[1] = 0
    nodes.state[start] = 2
    nodes.queue[0] = start
    n = 1
    i = 0
    while i < n:
        here = nodes.queue[i]
        i += 1
        side = nodes.side[here]
        part.size[side] += 1
        if side != RECEIVER:
            part.pairs[side] += nodes.n_out[here]
        for pair in range(pairs.ptr[here], pairs.ptr[here + 1]):
            node = pairs.head[pair]
            if pairs.is_left[pair] and nodes.state[node] == 1:
                nodes.state[node] = 2
                nodes.queue[n] = node
                n += 1
        for k in range(pairs.in_ptr[here], pairs.in_ptr[here + 1]):
            node = pairs.tail[pairs.in_pair[k]]
            if pairs.is_left[pairs.in_pair[k]] and nodes.state[node] == 1:
                nodes.state[node] = 2
                nodes.queue[n] = node
                n += 1
    return n


def density_of(limits: CoreLimits, part: Part) -> int:
    """Return in basis points how many of all pairs there are, in the layer that has fewer."""
    if limits.min_middles == 0:
        return share_bp(part.pairs[0], part.size[SENDER] * part.size[RECEIVER])
    return min(
        share_bp(part.pairs[0], part.size[SENDER] * part.size[MIDDLE]),
        share_bp(part.pairs[1], part.size[MIDDLE] * part.size[RECEIVER]),
    )


def sort_rows(rows: NDArray[np.int64], low: int, high: int) -> None:
    """Sort a stretch of rows in place (Shell's way: short code, and few rows)."""
    gap = 1
    while gap < (high - low) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(low + gap, high):
            row = rows[i]
            k = i
            while k - gap >= low and rows[k - gap] > row:
                rows[k] = rows[k - gap]
                k -= gap
            rows[k] = row
        gap //= 3


def gather_rows(edges: Edges, pairs: Pairs, nodes: Nodes, n: int, part: Part) -> int:
    """Write the rows of a component, sum its money, and return how many cross a border."""
    borders = 0
    total = 0
    for side in range(2):
        start = total
        part.money[side] = 0
        for i in range(n):
            here = nodes.queue[i]
            if nodes.side[here] != side:
                continue
            for pair in range(pairs.ptr[here], pairs.ptr[here + 1]):
                if pairs.is_left[pair]:
                    for k in range(pairs.row_ptr[pair], pairs.row_ptr[pair + 1]):
                        part.row[total] = pairs.row[k]
                        part.money[side] += edges.base[pairs.row[k]]
                        borders += edges.border[pairs.row[k]]
                        total += 1
        part.n[side] = total - start
        sort_rows(part.row, start, total)
    return borders


def holds(edges: Edges, limits: CoreLimits, pairs: Pairs, nodes: Nodes, n: int, part: Part) -> bool:
    """Tell whether a component that is dense meets the conditions on its money as well."""
    if gather_rows(edges, pairs, nodes, n, part) < limits.min_borders:
        return False
    if limits.min_middles == 0:
        return True
    if not at_least(part.money[1], part.money[0], limits.low):
        return False
    if not at_most(part.money[1], part.money[0], limits.high):
        return False
    k = part.n[0]
    for i in range(part.n[0]):  # no payment may stand in both layers
        while k < part.n[0] + part.n[1] and part.row[k] < part.row[i]:
            k += 1
        if k < part.n[0] + part.n[1] and part.row[k] == part.row[i]:
            return False
    return True


def add_core(edges: Edges, part: Part, density: int, half: int, out: Output) -> bool:
    """Add a component as a finding, if its first payment lies before row `half`."""
    anchor = part.row[0]
    if part.n[1] > 0:
        anchor = min(anchor, part.row[part.n[0]])
    if anchor >= half:
        return True
    for i in range(part.n[0] + part.n[1]):
        role = 0 if i < part.n[0] else 1
        if not add_evidence(out, part.row[i], role, edges.base[part.row[i]]):
            return False
    return add_measured(out, anchor, edges.originator[anchor], 1, density)


def dense_cores(edges: Edges, limits: CoreLimits, legs: Legs, half: int, out: Output) -> bool:
    """Add the dense cores of a window's legs; False if they do not fit."""
    pairs = join_pairs(legs)
    nodes = make_nodes(legs, pairs, edges.out_ptr.size - 1)
    part = Part(
        np.empty(3, np.int64),
        np.empty(2, np.int64),
        np.empty(2, np.int64),
        np.empty(2, np.int64),
        np.empty(legs.n[0], np.int64),
    )
    n = legs.n[1]
    level = 0
    while n > 0:
        payees = limits.min_payees + level
        payers = limits.min_payers + level
        n = peel(pairs, nodes, n, payees, payers)
        while limits.min_squares > 0 and drop_loose(pairs, nodes, n, limits.min_squares) > 0:
            n = peel(pairs, nodes, n, payees, payers)
        for i in range(n):
            if nodes.state[nodes.left[i]] != 1:
                continue
            n_part = flood(pairs, nodes, nodes.left[i], part)
            done = (
                part.size[SENDER] < limits.min_senders
                or part.size[MIDDLE] < limits.min_middles
                or part.size[RECEIVER] < limits.min_receivers
            )
            if not done:
                density = density_of(limits, part)
                if density >= limits.density and holds(edges, limits, pairs, nodes, n_part, part):
                    done = True
                    if not add_core(edges, part, density, half, out):
                        return False
            if done:
                for k in range(n_part):
                    nodes.state[nodes.queue[k]] = 0
        n = keep_left(nodes, n)
        level += 1
    return True


make_nodes = jit(make_nodes)
is_short = jit(is_short)
mark_payers = jit(mark_payers)
keep_left = jit(keep_left)
peel = jit(peel)
drop_loose = jit(drop_loose)
flood = jit(flood)
density_of = jit(density_of)
sort_rows = jit(sort_rows)
gather_rows = jit(gather_rows)
holds = jit(holds)
add_core = jit(add_core)
dense_cores = jit(dense_cores)
