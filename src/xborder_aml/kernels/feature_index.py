"""A ledger's recent past, indexed by account, that grows as transactions arrive.

Each account has a region of slots for the transactions it sent, and one for those it received, in
canonical order. A region that is full moves to the end of the pool with more room, so that a batch
costs what the batch is worth and not what the window holds. Self-loops are no relation between
accounts and have no slot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = [
    "LATER",
    "NONE",
    "OTHER",
    "PAYEE_RECEIVED",
    "PAYEE_SENT",
    "PAYER_RECEIVED",
    "PAYER_SENT",
    "ROW",
    "SEEN",
    "Index",
    "Side",
    "distinct",
    "fill",
    "link",
    "move",
    "note",
]

OTHER, ROW, LATER, SEEN = 0, 1, 2, 3
NONE = 2**31 - 1
"""No later slot."""


PAYER_SENT, PAYER_RECEIVED, PAYEE_SENT, PAYEE_RECEIVED = 0, 1, 2, 3
"""Columns of `Index.before`."""


class Side(NamedTuple):
    """The slots of one direction; positions count from an account's first slot.

    The fields of a slot are `OTHER` (the other account), `ROW` (of the transaction), `LATER`
    (position of the next one with the same other account, or `NONE`) and `SEEN` (transactions
    that the originator had received by this one's time or, when time is strict, before it).
    """

    start: NDArray[np.int32]  # (V,) first slot of the region
    size: NDArray[np.int32]  # (V,) slots in use
    room: NDArray[np.int32]  # (V,) slots of the region
    slot: NDArray[np.int32]  # (S, 4)
    fact: NDArray[np.int64]  # (S, 2) time and base amount (-1 unknown), or (0, 2) where not kept


class Index(NamedTuple):
    """Rows in canonical order, C of them at most, and where each stands in the regions."""

    at: NDArray[np.int64]  # (C,) microseconds since 1970, UTC
    originator: NDArray[np.int32]  # (C,)
    beneficiary: NDArray[np.int32]  # (C,)
    sent: Side
    received: Side
    seen: NDArray[np.int32]  # (C,) as `SEEN`
    before: NDArray[np.int32]  # (C, 4) latest earlier row in which the payer sent, ...; -1 none
    ends: NDArray[np.int32]  # (C, 4) slots of the payer's sent, ... up to the row, itself included
    latest: NDArray[np.int32]  # (V, 2) latest row that the account sent, received; -1 none


def note(index: Index, first: int, last: int, strict: int) -> int:
    """Count the rows ``[first, last)`` in at their accounts, in canonical order.

    Rows of one time are counted before it is noted what each of them has seen, since they are not
    ordered against one another, and the earlier rows of a time that an earlier batch began are
    noted anew.

    Returns
    -------
    since
        First row whose slots are to be filled: `first`, or the first of its time.
    """
    # named once: handing the index to a helper for each row took longer than the helper's work
    at, payers, payees = index.at, index.originator, index.beneficiary
    n_sent, n_received, latest = index.sent.size, index.received.size, index.latest
    before, ends = index.before, index.ends
    begin, slots = index.received.start, index.received.slot
    group = first
    while 0 < group < last and at[group - 1] == at[first]:
        group -= 1
    since = group
    i = first
    while i < last:
        j = i
        while j < last and at[j] == at[i]:
            if strict:
                index.seen[j] = n_received[payers[j]]
            j += 1
        for k in range(i, j):
            payer, payee = payers[k], payees[k]
            before[k, PAYER_SENT] = latest[payer, 0]
            before[k, PAYER_RECEIVED] = latest[payer, 1]
            before[k, PAYEE_SENT] = latest[payee, 0]
            before[k, PAYEE_RECEIVED] = latest[payee, 1]
            if payer != payee:
                latest[payer, 0] = k
                latest[payee, 1] = k
                n_sent[payer] += 1
                n_received[payee] += 1
            ends[k, PAYER_SENT] = n_sent[payer]
            ends[k, PAYER_RECEIVED] = n_received[payer]
            ends[k, PAYEE_SENT] = n_sent[payee]
            ends[k, PAYEE_RECEIVED] = n_received[payee]
        if strict and group < i:  # what the earlier batch brought at this time is not before it
            for k in range(i, j):
                p = begin[payers[k]] + index.seen[k] - 1
                while index.seen[k] > 0 and slots[p, ROW] >= group:
                    index.seen[k] -= 1
                    p -= 1
        if not strict:
            for k in range(group, j):
                index.seen[k] = n_received[payers[k]]
        i = j
        group = j
    return since


def fill(
    side: Side,
    own: NDArray[np.int32],
    other: NDArray[np.int32],
    ends: NDArray[np.int32],
    seen: NDArray[np.int32],
    facts: NDArray[np.int64],
    first: int,
    last: int,
) -> None:
    """Write the slots of the rows ``[first, last)``.

    Parameters
    ----------
    own, other
        The account whose slots these are, and the other one, of each row, shape (C,); where they
        are the same one, the row has no slot.
    ends
        Slots of the account up to the row, itself included, shape (C,).
    seen
        As `SEEN`, of each row, shape (C,).
    facts
        Time and base amount of each row, shape (C, 2), or (0, 2) where slots do not keep them.
    """
    start, slot, fact = side.start, side.slot, side.fact
    for row in range(first, last):
        v = own[row]
        if other[row] == v:
            continue
        p = start[v] + ends[row] - 1
        slot[p, OTHER] = other[row]
        slot[p, ROW] = row
        slot[p, LATER] = NONE
        slot[p, SEEN] = seen[row]
        if facts.shape[0] > 0:
            fact[p, 0] = facts[row, 0]
            fact[p, 1] = facts[row, 1]


def distinct(keys: NDArray[np.int32], counts: NDArray[np.int32], out: NDArray[np.int32]) -> int:
    """Write the keys that occur in `out`, in the order in which they are met.

    How often each occurs is added to `counts`, which holds zeros. Returns how many keys there are.
    """
    n = 0
    for i in range(keys.size):
        if counts[keys[i]] == 0:
            out[n] = keys[i]
            n += 1
        counts[keys[i]] += 1
    return n


def link(side: Side, accounts: NDArray[np.int32], first: int) -> None:
    """Let each slot of the accounts know the next one of the same pair.

    Parameters
    ----------
    accounts
        Accounts to look at, shape (N,): those with rows from `first` on.
    first
        First row that may be new: earlier slots know one another already.
    """
    last = np.full(side.start.size, -1, np.int32)
    for i in range(accounts.size):
        v = accounts[i]
        start = side.start[v]
        for p in range(start, start + side.size[v]):
            x = side.slot[p, OTHER]
            q = last[x]
            if start <= q < p and side.slot[p, ROW] >= first:
                side.slot[q, LATER] = p - start
            last[x] = p


def move(side: Side, accounts: NDArray[np.int32], to: NDArray[np.int32]) -> None:
    """Move the slots of the accounts to the regions that start at `to`, shape (N,)."""
    for i in range(accounts.size):
        v = accounts[i]
        start = side.start[v]
        for p in range(side.size[v]):
            for field in range(4):
                side.slot[to[i] + p, field] = side.slot[start + p, field]
            if side.fact.shape[0] > 0:
                side.fact[to[i] + p, 0] = side.fact[start + p, 0]
                side.fact[to[i] + p, 1] = side.fact[start + p, 1]
        side.start[v] = to[i]


distinct = jit(distinct)
note = jit(note)
fill = jit(fill)
link = jit(link)
move = jit(move)
