"""The time-expanded network of a book: what every rule of tracing must obey, and no more.

A pocket has a node for each stretch between two of its debits. Money waits on a *storage* arc, with
room for the balance that the debit left, and travels on a *transfer* arc, with room for the amount.
Whatever a rule says, the money of one claim is a flow in this network. What is converted leaves the
flow, since it arrives in another unit, and may come in again up to all that the conversion brought.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.max_flow import Network, add_arc
from xborder_aml.kernels.trace_book import SAME, SINK, Book

__all__ = ["CONVERTED", "END", "NODES", "START", "build_network"]

# nodes; those of the pockets follow
START, END, CONVERTED = range(3)
NODES = 3


def build_network(
    book: Book,
    at: NDArray[np.int32],
    amount: NDArray[np.int64],
    claimed: NDArray[np.int64],
    balance: NDArray[np.int64],
    last: NDArray[np.int32],
    network: Network,
) -> int:
    """Write the network of one claim; return the arcs that it has.

    The arc of place 0 leads from END to CONVERTED, without room: what is given room there lets
    converted money in. The arc ``2 + 2 * p`` is that of pocket p to END, for what it holds last.

    Parameters
    ----------
    at, amount
        Seeds of the claim, shape (M,), in order.
    claimed
        What all seeds claim of each move, shape (N,).
    balance
        Opening balances, shape (P,); overwritten by those at the end.
    last
        Shape (P,), written: the last node of each pocket.
    network
        Room for ``NODES + P + N`` nodes and ``2 * (1 + 2 * P + 4 * N + M)`` arcs.
    """
    for node in range(network.first.size):
        network.first[node] = -1
    n_pockets = balance.size
    nodes = NODES + n_pockets
    arc = 2 + 2 * n_pockets
    for p in range(n_pockets):
        last[p] = NODES + p
    s = 0
    for i in range(book.row.size):
        p = book.source[i]
        q = book.target[i]
        through = 0
        node = 0
        if p >= 0 and book.sent[i] > 0:
            node = last[p]
            left = max(0, balance[p] - book.sent[i])
            balance[p] = left
            last[p] = nodes
            arc = add_arc(network, arc, node, nodes, left)
            nodes += 1
            gone = min(book.sent[i], claimed[i])
            if book.kind[i] & SINK or not book.kind[i] & SAME:
                gone = book.sent[i]
            else:
                through = min(book.sent[i], book.received[i] - claimed[i])
                gone += max(0, book.sent[i] - book.received[i])
            arc = add_arc(network, arc, node, END, min(gone, book.sent[i]))
        if q >= 0:
            if through > 0:
                arc = add_arc(network, arc, node, last[q], through)
            elif p >= 0 and not book.kind[i] & SAME and not book.kind[i] & SINK:
                more = book.received[i] - claimed[i]
                arc = add_arc(network, arc, CONVERTED, last[q], more)
            while s < at.size and at[s] == i:
                arc = add_arc(network, arc, START, last[q], amount[s])
                s += 1
            balance[q] += book.received[i]
    add_arc(network, 0, END, CONVERTED, 0)
    for p in range(n_pockets):
        add_arc(network, 2 + 2 * p, last[p], END, balance[p])
    return arc


build_network = jit(build_network)
