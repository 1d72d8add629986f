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
from xborder_aml.kernels.trace_mix import NEXT_MOVE, RECORDS, SEED, Seeds

__all__ = [
    "AMOUNT",
    "AT",
    "CLAIM",
    "CLEAN",
    "DRAWN",
    "FIFO",
    "LEFT",
    "LIFO",
    "LOST",
    "MONEY",
    "NEXT",
    "NOTHING",
    "PARENT",
    "WORDS",
    "Lots",
    "Shelves",
    "trace_lots",
]

FIFO, LIFO = range(2)
STACK = 64  # beside the bits of Book.kind: the pocket is a stack
CLEAN = -1
NOTHING = -1

# columns of Lots.words: place in the book of the move that brought it; lot that it was taken from,
# or NOTHING; number of the claim, or CLEAN; lot behind it in its pocket; 1 if a return asks for it
AT, PARENT, CLAIM, NEXT, KEPT = range(5)
WORDS = 5
# columns of Lots.money: taken from the parent; what of it arrived; what of that goes no further;
# what is still there
DRAWN, AMOUNT, LOST, LEFT = range(4)
MONEY = 4
# columns of Shelves.ends and Shelves.purse
HEAD, TAIL, COUNT = range(3)
BALANCE, STAINED = range(2)


class Lots(NamedTuple):
    """Lots in the order in which they were made: few arrays, since handing one on has a price."""

    words: NDArray[np.int32]  # (L, WORDS)
    money: NDArray[np.int64]  # (L, MONEY)
    counts: NDArray[np.int64]  # (3,) RECORDS, NEXT_MOVE, SEED


class Shelves(NamedTuple):
    """The lots of P pockets."""

    ends: NDArray[np.int32]  # (P, 3) lot that leaves first, lot that leaves last, number of lots
    purse: NDArray[np.int64]  # (P, 2) balance, and what of it is claimed


def take(
    lots: Lots, shelves: Shelves, p: int, i: int, n: int, start: int, amount: int, wanted: int
) -> tuple[int, int]:
    """Move lots of pocket `p` from its head onto the pile of move `i`.

    The pile is the lots from `start` to `n`, whose `DRAWN` is set. Clean pieces that follow each
    other are one piece. Returns the new end of the pile, and what was taken.

    Parameters
    ----------
    wanted
        Take only lots that this move brought; NOTHING takes any.
    """
    words, money = lots.words, lots.money
    before = NOTHING
    lot = 0 + shelves.ends[p, HEAD]
    taken = 0
    while lot != NOTHING and taken < amount:
        then = 0 + words[lot, NEXT]
        if wanted != NOTHING and words[lot, AT] != wanted:
            before = lot
            lot = then
            continue
        left = money[lot, LEFT]
        piece = min(left, amount - taken)
        taken += piece
        money[lot, LEFT] = left - piece
        claim = words[lot, CLAIM]
        if claim != CLEAN:
            shelves.purse[p, STAINED] -= piece
        if claim == CLEAN and n > start and words[n - 1, CLAIM] == CLEAN:
            money[n - 1, DRAWN] += piece
        else:
            words[n, AT] = i
            words[n, PARENT] = lot
            words[n, CLAIM] = claim
            money[n, DRAWN] = piece
            n += 1
        if left > piece:
            before = lot
        else:
            if before == NOTHING:
                shelves.ends[p, HEAD] = then
            else:
                words[before, NEXT] = then
            if then == NOTHING:
                shelves.ends[p, TAIL] = before
            shelves.ends[p, COUNT] -= 1
        lot = then
    return n, taken


def put(lots: Lots, shelves: Shelves, q: int, lot: int, first: bool) -> None:
    """Put a lot into pocket `q`, where it leaves first or last.

    Clean money that no return will ask for joins clean money of that end.
    """
    words, money = lots.words, lots.money
    left = money[lot, LEFT]
    if left == 0:
        return
    if words[lot, CLAIM] != CLEAN:
        shelves.purse[q, STAINED] += left
    end = shelves.ends[q, HEAD] if first else shelves.ends[q, TAIL]
    if end != NOTHING and words[lot, CLAIM] == CLEAN and words[end, CLAIM] == CLEAN:
        if words[lot, KEPT] == 0 and words[end, KEPT] == 0:
            money[end, LEFT] += left
            money[lot, LEFT] = 0
            return
    words[lot, NEXT] = NOTHING
    shelves.ends[q, COUNT] += 1
    if end == NOTHING:
        shelves.ends[q, HEAD] = lot
        shelves.ends[q, TAIL] = lot
    elif first:
        words[lot, NEXT] = end
        shelves.ends[q, HEAD] = lot
    else:
        words[end, NEXT] = lot
        shelves.ends[q, TAIL] = lot


def add_lot(lots: Lots, n: int, i: int, claim: int, drawn: int, amount: int) -> int:
    """Make a lot without a parent in the place `n`; return the place after it."""
    lots.words[n, AT] = i
    lots.words[n, PARENT] = NOTHING
    lots.words[n, CLAIM] = claim
    lots.money[n, DRAWN] = drawn
    lots.money[n, AMOUNT] = amount
    lots.money[n, LOST] = 0
    lots.money[n, LEFT] = amount
    return n + 1


def arrive(
    lots: Lots, i: int, start: int, n: int, sent: int, received: int, kind: int, claimed: int
) -> int:
    """Set what of a pile arrives, goes no further, and is left; return where the pile ends."""
    money = lots.money
    excess = received - sent
    size = n - start
    if kind & SAME and excess >= 0:
        for lot in range(start, n):
            money[lot, AMOUNT] = money[lot, DRAWN]
        if excess > 0 and lots.words[n - 1, CLAIM] == CLEAN:  # more came than was sent: clean
            money[n - 1, AMOUNT] += excess
        elif excess > 0:
            n = add_lot(lots, n, i, CLEAN, 0, excess)
    else:
        share = np.empty(size, np.int64)
        part = money[start:n, DRAWN].copy()
        apportion(received, part, size, sent, share, np.empty((2, size), np.int64))
        for k in range(size):
            money[start + k, AMOUNT] = share[k]
    for lot in range(start, n):
        money[lot, LOST] = money[lot, AMOUNT] if kind & SINK else 0
    if claimed > 0:
        size = n - start
        share = np.empty(size, np.int64)
        part = money[start:n, AMOUNT].copy()
        apportion(claimed, part, size, received, share, np.empty((2, size), np.int64))
        for k in range(size):
            money[start + k, LOST] = share[k]
    for lot in range(start, n):
        money[lot, LEFT] = money[lot, AMOUNT] - money[lot, LOST]
    return n


def debit(
    lots: Lots, shelves: Shelves, p: int, i: int, n: int, sent: int, returned: int
) -> tuple[int, int]:
    """Put what move `i` sends on a pile, which begins at `n`; return its end, and what is minted.

    Clean money out of a pocket that holds no other makes no pile: nothing can be asked of it.
    """
    start = n
    short = max(0, sent - shelves.purse[p, BALANCE])
    shelves.purse[p, BALANCE] += short - sent
    is_mixed = shelves.purse[p, STAINED] > 0
    back = 0
    if is_mixed and returned >= 0:
        n, back = take(lots, shelves, p, i, n, start, sent, returned)
    n, taken = take(lots, shelves, p, i, n, start, sent - back, NOTHING)
    if not is_mixed:
        return start, short
    rest = sent - back - taken
    if rest > 0 and lots.words[n - 1, CLAIM] == CLEAN:
        lots.money[n - 1, DRAWN] += rest
    elif rest > 0:
        n = add_lot(lots, n, i, CLEAN, rest, 0)
    return n, short


def pay_clean(
    lots: Lots,
    shelves: Shelves,
    p: int,
    q: int,
    i: int,
    n: int,
    sent: int,
    received: int,
    kind: int,
) -> tuple[int, int]:
    """Move money out of a pocket without claims; return the end of the lots, and what is minted.

    All that `debit`, `put` and the rest would do, in one call: most moves of a ledger are these.
    """
    words, money, ends = lots.words, lots.money, shelves.ends
    short = 0
    if p >= 0:
        short = max(0, sent - shelves.purse[p, BALANCE])
        shelves.purse[p, BALANCE] += short - sent
        left = sent - short
        lot = 0 + ends[p, HEAD]
        while left > 0:
            piece = min(left, money[lot, LEFT])
            money[lot, LEFT] -= piece
            left -= piece
            if money[lot, LEFT] == 0:
                lot = 0 + words[lot, NEXT]
                ends[p, COUNT] -= 1
        ends[p, HEAD] = lot
        if lot == NOTHING:
            ends[p, TAIL] = NOTHING
    if q >= 0 and received > 0:
        shelves.purse[q, BALANCE] += received
        end = ends[q, HEAD] if kind & STACK else ends[q, TAIL]
        if end != NOTHING and words[end, CLAIM] == CLEAN:
            if kind & RETURNED == 0 and words[end, KEPT] == 0:
                money[end, LEFT] += received
                return n, short
        words[n, KEPT] = 1 if kind & RETURNED else 0
        n = add_lot(lots, n, i, CLEAN, 0, received)
        put(lots, shelves, q, n - 1, kind & STACK > 0)
    return n, short


def credit(
    lots: Lots, shelves: Shelves, q: int, start: int, seeded: int, n: int, first: bool
) -> None:
    """Put a pile into pocket `q`: seeds, from `seeded` on, before what was drawn."""
    for lot in range(seeded, n):
        put(lots, shelves, q, lot, first)
    for lot in range(start, seeded):
        put(lots, shelves, q, lot, first)


def trace_lots(book: Book, seeds: Seeds, rule: int, lots: Lots, shelves: Shelves) -> int:
    """Take the moves one by one; return `DONE`, or `FULL` when there is no room for the next."""
    n = lots.counts[RECORDS]
    cursor = lots.counts[SEED]
    stack = rule == LIFO
    for i in range(lots.counts[NEXT_MOVE], book.row.size):
        end = cursor
        claimed = 0
        while end < seeds.at.size and seeds.at[end] == i:
            claimed += seeds.amount[end]
            end += 1
        p = 0 + book.source[i]
        q = 0 + book.target[i]
        room = 4 + end - cursor + (shelves.ends[p, COUNT] if p >= 0 else 0)
        if n + room > lots.words.shape[0]:
            lots.counts[NEXT_MOVE] = i
            lots.counts[RECORDS] = n
            lots.counts[SEED] = cursor
            return FULL
        start = n
        kind = (0 + book.kind[i]) | (STACK if stack else 0)
        if claimed == 0 and (p < 0 or shelves.purse[p, STAINED] == 0):
            n, short = pay_clean(lots, shelves, p, q, i, n, book.sent[i], book.received[i], kind)
            book.minted[i] = short
            continue
        if p >= 0 and book.sent[i] > 0:
            # (0 + ...: of one integer type, so that the function is compiled once)
            n, short = debit(lots, shelves, p, i, n, book.sent[i], 0 + book.returns[i])
            book.minted[i] = short
            if n > start:
                n = arrive(lots, i, start, n, book.sent[i], book.received[i], kind, claimed)
        came = n > start
        if not came and q >= 0 and claimed < book.received[i]:
            n = add_lot(lots, n, i, CLEAN, 0, book.received[i] - claimed)
        seeded = n
        for s in range(cursor, end):
            n = add_lot(lots, n, i, 0 + seeds.claim[s], 0, seeds.amount[s])
        cursor = end
        for lot in range(start, n):
            lots.words[lot, KEPT] = 1 if kind & RETURNED else 0
        if q < 0:
            continue
        shelves.purse[q, BALANCE] += book.received[i]
        if came and kind & SINK:  # the money went on; what the pocket has is clean
            n = add_lot(lots, n, i, CLEAN, 0, book.received[i])
            lots.words[n - 1, KEPT] = 1 if kind & RETURNED else 0
            put(lots, shelves, q, n - 1, stack)
        elif came and book.returns[i] >= 0:
            for lot in range(n - 1, start - 1, -1):
                put(lots, shelves, q, lot, True)
        else:
            credit(lots, shelves, q, start, seeded, n, stack)
    lots.counts[NEXT_MOVE] = book.row.size
    lots.counts[RECORDS] = n
    lots.counts[SEED] = cursor
    return DONE


take = jit(take)
put = jit(put)
add_lot = jit(add_lot)
arrive = jit(arrive)
debit = jit(debit)
pay_clean = jit(pay_clean)
credit = jit(credit)
trace_lots = jit(trace_lots)
