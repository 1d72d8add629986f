"""Tracing by mixtures: each pocket holds so much of each claim, and a rule says what leaves first.

The rules here keep no lots, so that a trace costs one look at each move and claim.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.output import DONE, FULL
from xborder_aml.kernels.shares import apportion
from xborder_aml.kernels.trace_book import SAME, SINK, Book

__all__ = [
    "CLEAN_FIRST",
    "NEXT",
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
RECORDS, NEXT, SEED = range(3)


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
    counts: NDArray[np.int64]  # (3,) RECORDS, NEXT, SEED


class Desk(NamedTuple):
    """Scratch for one move, K claims and clean money in the last place."""

    drawn: NDArray[np.int64]  # (K + 1,)
    part: NDArray[np.int64]  # (K + 1,)
    share: NDArray[np.int64]  # (K + 1,)
    lost: NDArray[np.int64]  # (K + 1,)
    rest: NDArray[np.int64]  # (2, K + 1)


def draw_back(book: Book, out: Flows, i: int, held: int, pockets: Pockets, desk: Desk) -> int:
    """Take out of a pocket what a returned move had brought, as far as it is there; return it."""
    f = book.returns[i]
    k = desk.drawn.size - 1
    for c in range(k + 1):
        desk.part[c] = 0
    low = 0
    high = out.counts[RECORDS]
    while low < high:
        middle = (low + high) >> 1
        if out.at[middle] < f:
            low = middle + 1
        else:
            high = middle
    brought = 0
    while low < out.counts[RECORDS] and out.at[low] == f:
        desk.part[out.claim[low]] += out.amount[low] - out.lost[low]
        brought += out.amount[low] - out.lost[low]
        low += 1
    desk.part[k] = book.received[f] - brought
    total = min(book.sent[i], book.received[f])
    apportion(total, desk.part, k + 1, book.received[f], desk.share, desk.rest)
    taken = 0
    p = book.source[i]
    for c in range(k + 1):
        there = pockets.taint[p, c] if c < k else held - pockets.stained[p]
        desk.drawn[c] = min(desk.share[c], there)
        taken += desk.drawn[c]
    return taken


def draw(rule: int, amount: int, held: int, p: int, pockets: Pockets, desk: Desk) -> None:
    """Add to what is drawn from pocket `p` what the rule says of `amount`.

    Parameters
    ----------
    held
        What is in the pocket, beside what is drawn already.
    """
    k = desk.drawn.size - 1
    stained = 0
    for c in range(k):
        desk.part[c] = pockets.taint[p, c] - desk.drawn[c]
        stained += desk.part[c]
    desk.part[k] = held - stained
    if rule == PRO_RATA:
        if amount > 0:
            apportion(amount, desk.part, k + 1, held, desk.share, desk.rest)
            for c in range(k):
                desk.drawn[c] += desk.share[c]
        return
    dirty = min(amount, stained) if rule == TAINT_FIRST else max(0, amount - (held - stained))
    if dirty > 0:
        apportion(dirty, desk.part, k, stained, desk.share, desk.rest)
        for c in range(k):
            desk.drawn[c] += desk.share[c]


def deliver(book: Book, i: int, claimed: int, desk: Desk) -> None:
    """Turn what is drawn into what arrives (`share`), and what of it goes no further (`lost`)."""
    k = desk.drawn.size - 1
    sent = book.sent[i]
    received = book.received[i]
    clean = sent
    for c in range(k):
        clean -= desk.drawn[c]
    desk.drawn[k] = clean
    if book.kind[i] & SAME and received >= sent:
        for c in range(k):
            desk.share[c] = desk.drawn[c]
        desk.share[k] = clean + received - sent
    else:
        apportion(received, desk.drawn, k + 1, sent, desk.share, desk.rest)
    for c in range(k + 1):
        desk.lost[c] = desk.share[c] if book.kind[i] & SINK else 0
    if claimed > 0:
        apportion(claimed, desk.share, k + 1, received, desk.lost, desk.rest)


def mix(book: Book, seeds: Seeds, rule: int, pockets: Pockets, out: Flows) -> int:
    """Take the moves one by one; return `DONE`, or `FULL` when `out` has no room for the next."""
    k = pockets.taint.shape[1]
    desk = Desk(
        np.zeros(k + 1, np.int64),
        np.zeros(k + 1, np.int64),
        np.zeros(k + 1, np.int64),
        np.zeros(k + 1, np.int64),
        np.zeros((2, k + 1), np.int64),
    )
    for i in range(out.counts[NEXT], book.row.size):
        end = out.counts[SEED]
        claimed = 0
        while end < seeds.at.size and seeds.at[end] == i:
            claimed += seeds.amount[end]
            end += 1
        n = out.counts[RECORDS]
        if n + k + end - out.counts[SEED] > out.at.size:
            out.counts[NEXT] = i
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
                    desk.drawn[c] = 0
                taken = 0
                if book.returns[i] >= 0:
                    taken = draw_back(book, out, i, held, pockets, desk)
                draw(rule, book.sent[i] - taken, held - taken, p, pockets, desk)
                deliver(book, i, claimed, desk)
                for c in range(k):
                    if desk.drawn[c] > 0:
                        out.at[n] = i
                        out.claim[n] = c
                        out.drawn[n] = desk.drawn[c]
                        out.amount[n] = desk.share[c]
                        out.lost[n] = desk.lost[c]
                        n += 1
                        pockets.taint[p, c] -= desk.drawn[c]
                        pockets.stained[p] -= desk.drawn[c]
                        if q >= 0:
                            pockets.taint[q, c] += desk.share[c] - desk.lost[c]
                            pockets.stained[q] += desk.share[c] - desk.lost[c]
        for s in range(out.counts[SEED], end):
            out.at[n] = i
            out.claim[n] = seeds.claim[s]
            out.drawn[n] = 0
            out.amount[n] = seeds.amount[s]
            out.lost[n] = 0
            n += 1
            pockets.taint[q, seeds.claim[s]] += seeds.amount[s]
            pockets.stained[q] += seeds.amount[s]
        out.counts[SEED] = end
        out.counts[RECORDS] = n
        if q >= 0:
            pockets.balance[q] += book.received[i]
    out.counts[NEXT] = book.row.size
    return DONE


draw_back = jit(draw_back)
draw = jit(draw)
deliver = jit(deliver)
mix = jit(mix)
