"""What a trace reads: which money can be reached from the seeds, and the moves that touch it.

A *pocket* is one currency of one account. A *move* is a transaction as a trace sees it: it takes
`sent` out of one pocket and puts `received` into another. Only pockets that seed money can have
reached are kept; the others are `OUTSIDE`, where all money is clean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = [
    "OUTSIDE",
    "RETURNED",
    "SAME",
    "SINK",
    "Book",
    "Legs",
    "count_moves",
    "expose",
    "fill_book",
    "least_openings",
    "reach",
]

OUTSIDE = -1

# bits of Book.kind
SAME = 1  # one currency: what is sent and not received is a fee
SINK = 2  # the money leaves the ledger's reach
RETURNED = 4  # another move of the book returns this one


class Legs(NamedTuple):
    """Transactions in the order in which they are taken, N of them, by keys of all pockets."""

    row: NDArray[np.int32]  # (N,) edge row
    source: NDArray[np.int32]  # (E,) pocket key of what is sent, by edge row
    target: NDArray[np.int32]  # (E,) pocket key of what is received
    sent: NDArray[np.int64]  # (E,) minor units
    received: NDArray[np.int64]  # (E,)
    kind: NDArray[np.int8]  # (E,) SAME, SINK


class Book(NamedTuple):
    """Moves in the order in which they are taken, N of them, over P reachable pockets."""

    row: NDArray[np.int32]  # (N,) edge row
    source: NDArray[np.int32]  # (N,) pocket that is debited, or OUTSIDE
    target: NDArray[np.int32]  # (N,) pocket that is credited, or OUTSIDE
    sent: NDArray[np.int64]  # (N,) minor units of the source's currency
    received: NDArray[np.int64]  # (N,) minor units of the target's currency
    kind: NDArray[np.int8]  # (N,) SAME, SINK, RETURNED
    returns: NDArray[np.int32]  # (N,) move that this one returns, -1 for none
    minted: NDArray[np.int64]  # (N,) clean money made for an overdraft, written by a trace


def reach(legs: Legs, seeded: NDArray[np.int8], reached: NDArray[np.int8]) -> int:
    """Mark the pockets that seed money can have reached; return how many.

    Parameters
    ----------
    seeded
        Shape (E,), by edge row: 1 where the money that arrives is a seed.
    reached
        Shape (all pockets,): the marks, 0 on entry.
    """
    n = 0
    for i in range(legs.row.size):
        row = legs.row[i]
        a = legs.source[row]
        b = legs.target[row]
        seed = seeded[row] > 0
        carried = reached[a] > 0 and legs.sent[row] > 0 and legs.kind[row] & SINK == 0
        if (seed or carried) and reached[b] == 0 and legs.received[row] > 0:
            reached[b] = 1
            n += 1
    return n


def count_moves(legs: Legs, pocket: NDArray[np.int32]) -> int:
    """Return the number of transactions that touch a reachable pocket.

    Parameters
    ----------
    pocket
        Shape (all pockets,): number among those that can be reached, or OUTSIDE.
    """
    n = 0
    for i in range(legs.row.size):
        row = legs.row[i]
        n += pocket[legs.source[row]] >= 0 or pocket[legs.target[row]] >= 0
    return n


def fill_book(legs: Legs, pocket: NDArray[np.int32], book: Book) -> None:
    """Write the transactions that touch a reachable pocket into `book`, in order."""
    n = 0
    for i in range(legs.row.size):
        row = legs.row[i]
        a = pocket[legs.source[row]]
        b = pocket[legs.target[row]]
        if a >= 0 or b >= 0:
            book.row[n] = row
            book.source[n] = a
            book.target[n] = b
            book.sent[n] = legs.sent[row]
            book.received[n] = legs.received[row]
            book.kind[n] = legs.kind[row]
            book.returns[n] = -1
            book.minted[n] = 0
            n += 1


def expose(
    book: Book,
    at: NDArray[np.int32],
    claim: NDArray[np.int32],
    first: NDArray[np.int32],
    hops: NDArray[np.int32],
) -> None:
    """Find, for each pocket and claim, the move that can first have brought its money.

    Parameters
    ----------
    at, claim
        Place in the book and claim of each seed, shape (M,), in order.
    first, hops
        Shape (P, K): place of that move, -1 on entry; and how many moves from the seed's.
    """
    s = 0
    for i in range(book.row.size):
        p = book.source[i]
        q = book.target[i]
        while s < at.size and at[s] == i:
            if first[q, claim[s]] < 0:
                first[q, claim[s]] = i
                hops[q, claim[s]] = 0
            s += 1
        if p < 0 or q < 0 or book.sent[i] == 0 or book.received[i] == 0 or book.kind[i] & SINK:
            continue
        for c in range(first.shape[1]):
            if first[p, c] >= 0 and first[q, c] < 0:
                first[q, c] = i
                hops[q, c] = hops[p, c] + 1


def least_openings(book: Book, running: NDArray[np.int64], least: NDArray[np.int64]) -> None:
    """Write the least opening balance of each pocket that no move overdraws.

    Parameters
    ----------
    running, least
        Shape (P,), 0 on entry.
    """
    for i in range(book.row.size):
        p = book.source[i]
        q = book.target[i]
        if p >= 0:
            running[p] -= book.sent[i]
            least[p] = max(least[p], -running[p])
        if q >= 0:
            running[q] += book.received[i]


reach = jit(reach)
expose = jit(expose)
least_openings = jit(least_openings)
count_moves = jit(count_moves)
fill_book = jit(fill_book)
