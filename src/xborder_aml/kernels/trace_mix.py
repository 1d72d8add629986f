"""Tracing by mixtures: each pocket holds so much of each claim, and a rule says what leaves first.

The rules here keep no lots, so that a trace costs one look at each move and claim.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.output import DONE, FULL
from xborder_aml.kernels.shares import apportion, multiply_divide
from xborder_aml.kernels.trace_book import SAME, SINK, Book

__all__ = [
    "CLEAN_FIRST",
    "NEXT_MOVE",
    "PRO_RATA",
    "RECORDS",
    "SEED",
    "TAINT_FIRST",
    "Flows",
    "Pockets",
    "Seeds",
    "mix",
]

PRO_RATA, CLEAN_FIRST, TAINT_FIRST = range(3)

# places in the counts of a trace: records written, move to go on from, seed to go on from
RECORDS, NEXT_MOVE, SEED = range(3)


class Seeds(NamedTuple):
    """Money that claims begin with, in the order of the moves that bring it, M of them."""

    at: NDArray[np.int32]  # (M,) place of the move in the book
    claim: NDArray[np.int32]  # (M,) number of the claim
    amount: NDArray[np.int64]  # (M,) minor units of what is received


class Pockets(NamedTuple):
    """What P pockets hold of K claims, minor units."""

    balance: NDArray[np.int64]  # (P,)
    stained: NDArray[np.int64]  # (P,) sum of all claims
    taint: NDArray[np.int64]  # (P, K)


class Flows(NamedTuple):
    """Claimed money on its way: one record a move and claim, in order."""

    at: NDArray[np.int32]  # place of the move in the book
    claim: NDArray[np.int32]
    drawn: NDArray[np.int64]  # taken from the source; 0 for a seed
    amount: NDArray[np.int64]  # what of it arrives
    lost: NDArray[np.int64]  # what of that goes no further: into a sink, or claimed anew
    counts: NDArray[np.int64]  # (3,) RECORDS, NEXT_MOVE, SEED


# rows of the desk: scratch for one move, K claims and, in the last place, clean money
TAKEN, PART, SHARE, ENDED, REST = range(5)  # REST has two
_DESK = 6


def draw_back(
    at: NDArray[np.int32],
    claim: NDArray[np.int32],
    came: NDArray[np.int64],
    lost: NDArray[np.int64],
    n: int,
    move: int,
    part: NDArray[np.int64],
) -> None:
    """Write into `part` what of each claim a move before has brought; `n` flows are there."""
    low = 0
    high = n
    while low < high:
        middle = (low + high) >> 1
        if at[middle] < move:
            low = middle + 1
        else:
            high = middle
    while low < n and at[low] == move:
        part[claim[low]] += came[low] - lost[low]
        low += 1


def unwind(
    desk: NDArray[np.int64], taint: NDArray[np.int64], p: int, total: int, brought: int, clean: int
) -> int:
    """Take as much of what was brought (`PART`) as is still in the pocket; return how much."""
    k = desk.shape[1] - 1
    desk[PART, k] = brought
    for c in range(k):
        desk[PART, k] -= desk[PART, c]
    apportion(total, desk[PART], k + 1, brought, desk[SHARE], desk[REST:])
    taken = 0
    for c in range(k + 1):
        there = taint[p, c] if c < k else clean
        desk[TAKEN, c] = min(desk[SHARE, c], there)
        taken += desk[TAKEN, c]
    return taken


def draw(
    desk: NDArray[np.int64], taint: NDArray[np.int64], p: int, rule: int, amount: int, held: int
) -> None:
    """Add to what is taken from pocket `p` what the rule says of `amount`.

    Parameters
    ----------
    held
        What is in the pocket, beside what is taken already.
    """
    k = desk.shape[1] - 1
    stained = 0
    for c in range(k):
        desk[PART, c] = taint[p, c] - desk[TAKEN, c]
        stained += desk[PART, c]
    desk[PART, k] = held - stained
    size = k
    whole = stained
    if rule == PRO_RATA:
        size = k + 1
        whole = held
    elif rule == CLEAN_FIRST:
        amount = max(0, amount - (held - stained))
    else:
        amount = min(amount, stained)
    if k == 1 and rule == PRO_RATA:  # one claim: the larger remainder is this or that of the rest
        share, rest = multiply_divide(amount, desk[PART, 0], max(1, held))
        desk[TAKEN, 0] += share + (1 if rest > 0 and 2 * rest >= held else 0)
    elif k == 1:
        desk[TAKEN, 0] += amount
    elif amount > 0:
        apportion(amount, desk[PART], size, whole, desk[SHARE], desk[REST:])
        for c in range(k):
            desk[TAKEN, c] += desk[SHARE, c]


def deliver(desk: NDArray[np.int64], sent: int, received: int, kind: int, claimed: int) -> None:
    """Turn what is taken into what arrives (`SHARE`), and what of it goes no further (`ENDED`)."""
    k = desk.shape[1] - 1
    clean = sent
    for c in range(k):
        clean -= desk[TAKEN, c]
    desk[TAKEN, k] = clean
    if kind & SAME and received >= sent:
        for c in range(k):
            desk[SHARE, c] = desk[TAKEN, c]
        desk[SHARE, k] = clean + received - sent
    else:
        apportion(received, desk[TAKEN], k + 1, sent, desk[SHARE], desk[REST:])
    for c in range(k + 1):
        desk[ENDED, c] = desk[SHARE, c] if kind & SINK else 0
    if claimed > 0:
        apportion(claimed, desk[SHARE], k + 1, received, desk[ENDED], desk[REST:])


def plant(seeds: Seeds, out: Flows, pockets: Pockets, q: int, end: int, n: int) -> int:
    """Put the seeds up to `end` into pocket `q`, and record them; return the end of the records."""
    for s in range(out.counts[SEED], end):
        out.at[n] = seeds.at[s]
        out.claim[n] = seeds.claim[s]
        out.drawn[n] = 0
        out.amount[n] = seeds.amount[s]
        out.lost[n] = 0
        n += 1
        pockets.taint[q, seeds.claim[s]] += seeds.amount[s]
        pockets.stained[q] += seeds.amount[s]
    return n


def mix(book: Book, seeds: Seeds, rule: int, pockets: Pockets, out: Flows) -> int:
    """Take the moves one by one; return `DONE`, or `FULL` when `out` has no room for the next."""
    taint = pockets.taint
    k = taint.shape[1]
    desk = np.zeros((_DESK, k + 1), np.int64)
    for i in range(out.counts[NEXT_MOVE], book.row.size):
        end = out.counts[SEED]
        claimed = 0
        while end < seeds.at.size and seeds.at[end] == i:
            claimed += seeds.amount[end]
            end += 1
        n = out.counts[RECORDS]
        if n + k + end - out.counts[SEED] > out.at.size:
            out.counts[NEXT_MOVE] = i
            return FULL
        p = book.source[i]
        q = book.target[i]
        if p >= 0 and book.sent[i] > 0:
            held = pockets.balance[p]
            if held < book.sent[i]:
                book.minted[i] = book.sent[i] - held
                held = book.sent[i]
            pockets.balance[p] = held - book.sent[i]
            if pockets.stained[p] > 0:
                for c in range(k + 1):
                    desk[TAKEN, c] = 0
                    desk[PART, c] = 0
                taken = 0
                f = book.returns[i]
                if f >= 0 and book.received[f] > 0:
                    draw_back(out.at, out.claim, out.amount, out.lost, n, 0 + f, desk[PART])
                    total = min(book.sent[i], book.received[f])
                    clean = held - pockets.stained[p]
                    taken = unwind(desk, taint, 0 + p, total, book.received[f], clean)
                draw(desk, taint, 0 + p, rule, book.sent[i] - taken, held - taken)
                deliver(desk, book.sent[i], book.received[i], 0 + book.kind[i], claimed)
                for c in range(k):
                    if desk[TAKEN, c] == 0:
                        continue
                    out.at[n] = i
                    out.claim[n] = c
                    out.drawn[n] = desk[TAKEN, c]
                    out.amount[n] = desk[SHARE, c]
                    out.lost[n] = desk[ENDED, c]
                    n += 1
                    taint[p, c] -= desk[TAKEN, c]
                    pockets.stained[p] -= desk[TAKEN, c]
                    if q >= 0:
                        taint[q, c] += desk[SHARE, c] - desk[ENDED, c]
                        pockets.stained[q] += desk[SHARE, c] - desk[ENDED, c]
        if end > out.counts[SEED]:
            n = plant(seeds, out, pockets, q, end, n)
        out.counts[SEED] = end
        out.counts[RECORDS] = n
        if q >= 0:
            pockets.balance[q] += book.received[i]
    out.counts[NEXT_MOVE] = book.row.size
    return DONE


draw_back = jit(draw_back)
unwind = jit(unwind)
draw = jit(draw)
deliver = jit(deliver)
plant = jit(plant)
mix = jit(mix)
