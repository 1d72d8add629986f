"""Legs: the payments of a window between accounts that each stand on one side.

A node is an account on one side: an account that pays and is paid is two nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.flows import moves
from xborder_aml.kernels.output import Output, add_cut

__all__ = [
    "MIDDLE",
    "RECEIVER",
    "SENDER",
    "Legs",
    "Pairs",
    "add_leg",
    "count_payments",
    "forget_payments",
    "join_pairs",
    "make_legs",
    "tell_hubs",
]

SENDER, MIDDLE, RECEIVER = 0, 1, 2


class Legs(NamedTuple):
    """Payments between nodes, in row order; `n` counts legs and nodes."""

    row: NDArray[np.int64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    key: NDArray[np.int64]  # per node: side * V + account
    place: NDArray[np.int32]  # per key: where its node may be
    n: NDArray[np.int64]  # (2,)


class Pairs(NamedTuple):
    """Which node pays which: pairs by tail, and by head."""

    is_left: NDArray[np.int8]  # (P,) 0 when the pair was taken away
    ptr: NDArray[np.int64]  # (N + 1,)
    head: NDArray[np.int32]  # (P,)
    tail: NDArray[np.int32]  # (P,)
    row_ptr: NDArray[np.int64]  # (P + 1,) rows of each pair
    row: NDArray[np.int64]
    in_ptr: NDArray[np.int64]  # (N + 1,)
    in_pair: NDArray[np.int32]  # (P,)


def count_payments(
    edges: Edges, low: int, end: int, n_out: NDArray[np.int64], n_in: NDArray[np.int64]
) -> None:
    """Count what each account of a window pays and is paid; both counts are zero before."""
    for row in range(low, end):
        payer = edges.originator[row]
        payee = edges.beneficiary[row]
        if moves(edges.base[row], payer, payee):
            n_out[payer] += 1
            n_in[payee] += 1


def forget_payments(
    edges: Edges, low: int, end: int, n_out: NDArray[np.int64], n_in: NDArray[np.int64]
) -> None:
    """Set the counts of a window back to zero, without touching all accounts."""
    for row in range(low, end):
        n_out[edges.originator[row]] = 0
        n_in[edges.beneficiary[row]] = 0


def make_legs(n: int, place: NDArray[np.int32]) -> Legs:
    """Return room for `n` legs."""
    return Legs(
        np.empty(n, np.int64),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(2 * n, np.int64),
        place,
        np.zeros(2, np.int64),
    )


def tell_hubs(
    edges: Edges,
    low: int,
    half: int,
    n_out: NDArray[np.int64],
    n_in: NDArray[np.int64],
    max_degree: int,
    out: Output,
) -> bool:
    """Tell each account that is left out of a window on a side, once, at its first payment.

    The count of an account that was told becomes negative, which still says that it is left out.
    """
    for row in range(low, half):
        payer = edges.originator[row]
        payee = edges.beneficiary[row]
        if n_out[payer] > max_degree:
            if not add_cut(out, row, payer, 0, n_out[payer] - max_degree):
                return False
            n_out[payer] = -n_out[payer]
        if n_in[payee] > max_degree:
            if not add_cut(out, row, payee, 0, n_in[payee] - max_degree):
                return False
            n_in[payee] = -n_in[payee]
    return True


def node_of(key: int, keys: NDArray[np.int64], place: NDArray[np.int32], n: int) -> int:
    """Return the node of a key, among `n` nodes; `n` if it has none, which is then made for it."""
    node = place[key]
    if node >= n or keys[node] != key:
        node = n
        keys[n] = key
        place[key] = n
    return node


def add_leg(legs: Legs, row: int, tail_key: int, head_key: int) -> None:
    """Add a payment between two nodes."""
    n = legs.n[0]
    tail = node_of(tail_key, legs.key, legs.place, legs.n[1])
    legs.n[1] = max(legs.n[1], tail + 1)
    head = node_of(head_key, legs.key, legs.place, legs.n[1])
    legs.n[1] = max(legs.n[1], head + 1)
    legs.row[n] = row
    legs.tail[n] = tail
    legs.head[n] = head
    legs.n[0] = n + 1


def join_pairs(legs: Legs) -> Pairs:
    """Join the legs between the same two nodes."""
    n_legs = legs.n[0]
    n_nodes = legs.n[1]
    by_head = csr(legs.head[:n_legs], n_nodes)[1]
    key = np.empty(n_legs, np.int32)
    for i in range(n_legs):
        key[i] = legs.tail[by_head[i]]
    by_tail = csr(key, n_nodes)[1]
    tail = np.empty(n_legs, np.int32)
    head = np.empty(n_legs, np.int32)
    row_ptr = np.empty(n_legs + 1, np.int64)
    row = np.empty(n_legs, np.int64)
    n = 0
    for i in range(n_legs):
        leg = by_head[by_tail[i]]
        row[i] = legs.row[leg]
        if n == 0 or tail[n - 1] != legs.tail[leg] or head[n - 1] != legs.head[leg]:
            tail[n] = legs.tail[leg]
            head[n] = legs.head[leg]
            row_ptr[n] = i
            n += 1
    row_ptr[n] = n_legs
    ptr = csr(tail[:n], n_nodes)[0]
    in_ptr, in_pair = csr(head[:n], n_nodes)
    return Pairs(np.ones(n, np.int8), ptr, head[:n], tail[:n], row_ptr, row, in_ptr, in_pair)


count_payments = jit(count_payments)
forget_payments = jit(forget_payments)
tell_hubs = jit(tell_hubs)
make_legs = jit(make_legs)
node_of = jit(node_of)
add_leg = jit(add_leg)
join_pairs = jit(join_pairs)
