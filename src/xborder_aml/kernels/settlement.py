"""Settle payments in order of time: balances never fall below their floor, money is conserved.

What an account holds of the proceeds of a crime is kept in *lots*, one an account and claim, in a
linked list. A payment that belongs to a claim moves that claim's lot first and honest money after;
no other payment touches a lot, and what lies in lots is not there to be spent: the crime's next
payment must find it. So proceeds do not go on with honest payments. Which of a mixed account's
money those take is a rule and not a fact, and rules are `xborder_aml.trace`'s.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = [
    "CLOSED",
    "PAID",
    "REFUSED",
    "SHRUNK",
    "Book",
    "Due",
    "Lots",
    "Made",
    "Moves",
    "settle",
]

PAID = 0
SHRUNK = 1
REFUSED = 2
CLOSED = 3

# places in Lots.counts
_USED, _MOVED = range(2)


class Book(NamedTuple):
    """Accounts, A of them, and the banks' own positions, one a currency."""

    balance: NDArray[np.int64]  # (A,) minor units of the account's currency
    lowest: NDArray[np.int64]  # (A,) least balance that it ever had
    floor: NDArray[np.int64]  # (A,) least balance that it may have
    currency: NDArray[np.int64]  # (A,)
    opened: NDArray[np.int64]  # (A,) microseconds
    closed: NDArray[np.int64]  # (A,) microseconds
    tagged: NDArray[np.int64]  # (A,) part of the balance that lies in lots
    head: NDArray[np.int64]  # (A,) first lot, -1 without
    desk: NDArray[np.int64]  # (C,) what banks took less what they gave, by currency


class Due(NamedTuple):
    """Payments in order of time, N of them."""

    at: NDArray[np.int64]
    originator: NDArray[np.int32]
    beneficiary: NDArray[np.int32]
    amount: NDArray[np.int64]  # minor units of the originator's currency, without the fee
    fee: NDArray[np.int64]  # on top
    claim: NDArray[np.int32]  # -1 for honest money
    is_origin: NDArray[np.int8]  # 1 where the money becomes proceeds by this payment
    reads: NDArray[np.int64]  # slot that says what came, -1: `amount` says it
    share: NDArray[np.int64]  # basis points of what came
    writes: NDArray[np.int64]  # slot to keep what arrives, -1 for none


class Made(NamedTuple):
    """What became of the payments."""

    sent: NDArray[np.int64]
    received: NDArray[np.int64]
    status: NDArray[np.int8]


class Lots(NamedTuple):
    """A pool of lots; `counts` holds how many are used, and the moves made."""

    after: NDArray[np.int64]  # next lot of the account, -1 for none
    claim: NDArray[np.int32]
    amount: NDArray[np.int64]
    counts: NDArray[np.int64]  # (2,)


class Moves(NamedTuple):
    """Parts of payments that are proceeds."""

    row: NDArray[np.int64]
    claim: NDArray[np.int32]
    sent: NDArray[np.int64]  # minor units of the originator's currency; 0 at the origin
    received: NDArray[np.int64]  # minor units of the beneficiary's currency


def _put(book, lots, account, claim, amount):
    """Add to the account's lot of this claim, or make one at the end of its list."""
    book.tagged[account] += amount
    last = -1
    lot = book.head[account]
    while lot >= 0:
        if lots.claim[lot] == claim:
            lots.amount[lot] += amount
            return
        last = lot
        lot = lots.after[lot]
    lot = lots.counts[_USED]
    lots.counts[_USED] = lot + 1
    lots.after[lot] = -1
    lots.claim[lot] = claim
    lots.amount[lot] = amount
    if last < 0:
        book.head[account] = lot
    else:
        lots.after[last] = lot


def _converted(part, sent, received):
    """Return what a part of a payment is worth where it arrives, rounded down."""
    if sent == received:
        return part
    return received if part == sent else np.int64(float(part) * float(received) / sent)


def _lot_of(book, lots, account, claim):
    """Return the account's lot of a claim, or -1."""
    lot = book.head[account]
    while lot >= 0 and lots.claim[lot] != claim:
        lot = lots.after[lot]
    return lot


def _follow(book, lots, moves, due, row, sent, received):
    """Move the proceeds that a payment of a claim carries: all that is there, or all of it new."""
    s, d, claim = due.originator[row], due.beneficiary[row], due.claim[row]
    part = np.int64(0)
    worth = np.int64(received)
    if due.is_origin[row] == 0:
        lot = _lot_of(book, lots, s, claim)
        if lot < 0 or lots.amount[lot] == 0:
            return
        part = min(lots.amount[lot], sent)
        worth = _converted(part, sent, received)
        lots.amount[lot] -= part
        book.tagged[s] -= part
    n = lots.counts[_MOVED]
    lots.counts[_MOVED] = n + 1
    moves.row[n] = row
    moves.claim[n] = claim
    moves.sent[n] = part
    moves.received[n] = worth
    _put(book, lots, d, claim, worth)


def settle(
    first: int,
    book: Book,
    due: Due,
    cross: NDArray[np.float64],
    slots: NDArray[np.int64],
    lots: Lots,
    moves: Moves,
    made: Made,
) -> int:
    """Settle payments from `first` on; return where it stopped for want of room, or the end.

    Parameters
    ----------
    cross
        Minor units that a minor unit of the row's currency buys of the column's, shape (C, C).
    slots
        What arrived by the payments that write them.
    """
    for row in range(first, due.at.size):
        s, d = due.originator[row], due.beneficiary[row]
        claim = due.claim[row]
        if claim >= 0 and (
            lots.counts[_USED] == lots.after.size or lots.counts[_MOVED] == moves.row.size
        ):
            return row
        amount = due.amount[row]
        if due.reads[row] >= 0:
            amount = np.int64(slots[due.reads[row]] // 10_000 * due.share[row]) + np.int64(
                slots[due.reads[row]] % 10_000 * due.share[row] // 10_000
            )
        fee = due.fee[row]
        spendable = book.balance[s] - book.floor[s] - book.tagged[s] - fee
        if claim >= 0 and due.is_origin[row] == 0:
            own = _lot_of(book, lots, s, claim)
            if own >= 0:
                spendable += lots.amount[own]
        at = due.at[row]
        if at < max(book.opened[s], book.opened[d]) or at >= min(book.closed[s], book.closed[d]):
            made.status[row] = CLOSED
            continue
        made.status[row] = PAID
        if amount > spendable:
            amount = spendable
            made.status[row] = SHRUNK
        cs, cd = book.currency[s], book.currency[d]
        received = amount
        if cs != cd:
            received = np.int64(np.floor(float(amount) * cross[cs, cd]))
        if received < 1:
            made.status[row] = REFUSED
            continue
        sent = amount + fee
        made.sent[row] = sent
        made.received[row] = received
        if s != d and claim >= 0:
            _follow(book, lots, moves, due, row, sent, received)
        book.balance[s] -= sent
        book.lowest[s] = min(book.lowest[s], book.balance[s])
        book.balance[d] += received
        book.desk[cs] += sent
        book.desk[cd] -= received
        if due.writes[row] >= 0:
            slots[due.writes[row]] = received
    return due.at.size


_put = jit(_put)
_converted = jit(_converted)
_lot_of = jit(_lot_of)
_follow = jit(_follow)
settle = jit(settle)
