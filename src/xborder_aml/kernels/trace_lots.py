"""Tracing by lots: each pocket is a queue (first in, first out) or a stack (last in, first out).

A *lot* is money of one claim, or clean money, that came into a pocket together. A debit takes lots
from the head; each piece becomes a lot of the pocket that it goes to, and knows the lot that it was
taken from, so that every lot has one line of parents back to its seed. Clean lots that lie side by
side in a pocket are one, since no rule here can tell them apart; only one that will be returned
stays by itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.output import DONE, FULL
from xborder_aml.kernels.shares import apportion
from xborder_aml.kernels.trace_book import RETURNED, SAME, SINK, Book
from xborder_aml.kernels.trace_mix import NEXT, RECORDS, SEED, Seeds

__all__ = ["CLEAN", "FIFO", "LIFO", "NOTHING", "Lots", "Shelves", "trace_lots"]

FIFO, LIFO = range(2)
CLEAN = -1
NOTHING = -1


class Lots(NamedTuple):
    """Lots in the order in which they were made."""

    at: NDArray[np.int32]  # place in the book of the move that brought it
    parent: NDArray[np.int32]  # lot that it was taken from, or NOTHING
    claim: NDArray[np.int32]  # number of the claim, or CLEAN
    drawn: NDArray[np.int64]  # taken from the parent
    amount: NDArray[np.int64]  # what of it arrived
    lost: NDArray[np.int64]  # what of that goes no further
    left: NDArray[np.int64]  # what is still there
    next: NDArray[np.int32]  # lot behind it in its pocket, or NOTHING
    counts: NDArray[np.int64]  # (3,) RECORDS, NEXT, SEED


class Shelves(NamedTuple):
    """The lots of P pockets."""

    balance: NDArray[np.int64]  # (P,)
    stained: NDArray[np.int64]  # (P,) what of it is claimed
    head: NDArray[np.int32]  # (P,) lot that leaves first
    tail: NDArray[np.int32]  # (P,) lot that leaves last
    count: NDArray[np.int32]  # (P,) number of lots


def take(
    lots: Lots, shelves: Shelves, p: int, i: int, amount: int, wanted: int, first: int
) -> int:
    """Move lots of pocket `p` onto the pile of move `i`, from the head; return what was taken.

    The pile is the lots from `first` on, whose `drawn` is set. Clean pieces that follow each other
    are one piece.

    Parameters
    ----------
    wanted
        Take only lots that this move brought; NOTHING takes any.
    """
    n = lots.counts[RECORDS]
    before = NOTHING
    lot = shelves.head[p]
    taken = 0
    while lot != NOTHING and taken < amount:
        then = lots.next[lot]
        if wanted != NOTHING and lots.at[lot] != wanted:
            before = lot
            lot = then
            continue
        piece = min(lots.left[lot], amount - taken)
        taken += piece
        lots.left[lot] -= piece
        claim = lots.claim[lot]
        if claim != CLEAN:
            shelves.stained[p] -= piece
        if claim == CLEAN and n > first and lots.claim[n - 1] == CLEAN:
            lots.drawn[n - 1] += piece
        else:
            lots.at[n] = i
            lots.parent[n] = lot
            lots.claim[n] = claim
            lots.drawn[n] = piece
            n += 1
        if lots.left[lot] == 0:
            if before == NOTHING:
                shelves.head[p] = then
            else:
                lots.next[before] = then
            if then == NOTHING:
                shelves.tail[p] = before
            shelves.count[p] -= 1
        else:
            before = lot
        lot = then
    lots.counts[RECORDS] = n
    return taken


def can_join(book: Book, lots: Lots, lot: int) -> bool:
    """Tell whether a lot is clean money that no return will ask for by its move."""
    at = lots.at[lot]
    return lots.claim[lot] == CLEAN and (at < 0 or book.kind[at] & RETURNED == 0)


def put(book: Book, lots: Lots, shelves: Shelves, q: int, lot: int, first: bool) -> None:
    """Put a lot into pocket `q`, where it leaves first or last."""
    if lots.left[lot] == 0:
        return
    if lots.claim[lot] != CLEAN:
        shelves.stained[q] += lots.left[lot]
    end = shelves.head[q] if first else shelves.tail[q]
    if end != NOTHING and can_join(book, lots, lot) and can_join(book, lots, 0 + end):
        lots.left[end] += lots.left[lot]
        lots.left[lot] = 0
        return
    lots.next[lot] = NOTHING
    shelves.count[q] += 1
    if end == NOTHING:
        shelves.head[q] = lot
        shelves.tail[q] = lot
    elif first:
        lots.next[lot] = end
        shelves.head[q] = lot
    else:
        lots.next[end] = lot
        shelves.tail[q] = lot


def add_lot(lots: Lots, i: int, claim: int, drawn: int, amount: int) -> int:
    """Make a lot that has no parent; return its number."""
    n = lots.counts[RECORDS]
    lots.at[n] = i
    lots.parent[n] = NOTHING
    lots.claim[n] = claim
    lots.drawn[n] = drawn
    lots.amount[n] = amount
    lots.lost[n] = 0
    lots.left[n] = amount
    lots.counts[RECORDS] = n + 1
    return n


def arrive(book: Book, i: int, claimed: int, lots: Lots, first: int) -> None:
    """Set what of the pieces from `first` on arrives, goes no further, and is left."""
    n = lots.counts[RECORDS]
    same = book.kind[i] & SAME > 0
    if not (same and book.received[i] >= book.sent[i]):
        scratch = np.empty((2, n - first), np.int64)
        apportion(
            book.received[i],
            lots.drawn[first:n],
            n - first,
            book.sent[i],
            lots.amount[first:n],
            scratch,
        )
    else:
        for lot in range(first, n):
            lots.amount[lot] = lots.drawn[lot]
        if book.received[i] > book.sent[i]:  # more came than was sent: clean
            add_lot(lots, i, CLEAN, 0, book.received[i] - book.sent[i])
            n += 1
    for lot in range(first, n):
        lots.lost[lot] = lots.amount[lot] if book.kind[i] & SINK else 0
    if claimed > 0:
        scratch = np.empty((2, n - first), np.int64)
        apportion(
            claimed,
            lots.amount[first:n],
            n - first,
            book.received[i],
            lots.lost[first:n],
            scratch,
        )
    for lot in range(first, n):
        lots.left[lot] = lots.amount[lot] - lots.lost[lot]


def debit(book: Book, i: int, claimed: int, lots: Lots, shelves: Shelves) -> bool:
    """Take what move `i` sends out of its pocket; tell whether pieces came of it.

    Clean money out of a pocket that holds no other leaves no pieces: nothing can be asked of it.
    """
    p = book.source[i]
    sent = book.sent[i]
    if p < 0 or sent == 0:
        return False
    start = lots.counts[RECORDS]
    short = sent - shelves.balance[p]
    shelves.balance[p] -= sent
    if short > 0:
        book.minted[i] = short
        shelves.balance[p] = 0
    is_mixed = shelves.stained[p] > 0
    taken = 0
    if is_mixed and book.returns[i] >= 0:
        # (0 + ...: of one integer type, so that `take` is compiled once)
        taken = take(lots, shelves, p, i, sent, 0 + book.returns[i], start)
    taken += take(lots, shelves, p, i, sent - taken, NOTHING, start)
    if not is_mixed:
        lots.counts[RECORDS] = start
        return False
    if taken < sent and lots.claim[lots.counts[RECORDS] - 1] == CLEAN:
        lots.drawn[lots.counts[RECORDS] - 1] += sent - taken
    elif taken < sent:
        add_lot(lots, i, CLEAN, sent - taken, 0)
    arrive(book, i, claimed, lots, start)
    return True


def trace_lots(book: Book, seeds: Seeds, rule: int, lots: Lots, shelves: Shelves) -> int:
    """Take the moves one by one; return `DONE`, or `FULL` when there is no room for the next."""
    for i in range(lots.counts[NEXT], book.row.size):
        end = lots.counts[SEED]
        claimed = 0
        while end < seeds.at.size and seeds.at[end] == i:
            claimed += seeds.amount[end]
            end += 1
        p = book.source[i]
        room = 4 + end - lots.counts[SEED] + (shelves.count[p] if p >= 0 else 0)
        if lots.counts[RECORDS] + room > lots.at.size:
            lots.counts[NEXT] = i
            return FULL
        start = lots.counts[RECORDS]
        came = debit(book, i, claimed, lots, shelves)
        q = book.target[i]
        if not came and q >= 0 and claimed < book.received[i]:
            add_lot(lots, i, CLEAN, 0, book.received[i] - claimed)
        pieces = lots.counts[RECORDS]
        for s in range(lots.counts[SEED], end):
            add_lot(lots, i, 0 + seeds.claim[s], 0, seeds.amount[s])
        lots.counts[SEED] = end
        if q < 0:
            continue
        shelves.balance[q] += book.received[i]
        n = lots.counts[RECORDS]
        if came and book.kind[i] & SINK:  # the money went on; what the pocket has is clean
            put(book, lots, shelves, q, add_lot(lots, i, CLEAN, 0, book.received[i]), rule == LIFO)
        elif came and book.returns[i] >= 0:
            for lot in range(n - 1, start - 1, -1):
                put(book, lots, shelves, q, lot, True)
        else:
            for lot in range(pieces, n):
                put(book, lots, shelves, q, lot, rule == LIFO)
            for lot in range(start, pieces):
                put(book, lots, shelves, q, lot, rule == LIFO)
        if not came and lots.counts[RECORDS] == start + 1 and lots.left[start] == 0:
            lots.counts[RECORDS] = start  # it was merged into a clean lot: its place is free
    lots.counts[NEXT] = book.row.size
    return DONE


take = jit(take)
can_join = jit(can_join)
put = jit(put)
add_lot = jit(add_lot)
arrive = jit(arrive)
debit = jit(debit)
trace_lots = jit(trace_lots)
