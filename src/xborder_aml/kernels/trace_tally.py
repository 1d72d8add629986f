"""What became of each claim's money, summed exactly, and lots for rules that keep none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.shares import multiply_divide
from xborder_aml.kernels.trace_book import SAME, SINK, Book
from xborder_aml.kernels.trace_lots import CLEAN, NOTHING, Lots
from xborder_aml.kernels.trace_mix import Flows

__all__ = ["FATES", "held_of_lots", "lots_of_flows", "tally"]

FATES = ("seeded", "converted_in", "fee", "sink", "superseded", "converted_out", "untraced")
"""Places of the last axis of a tally: what added to a claim, then what took from it."""


def tally(
    book: Book,
    records: Flows,
    debit: NDArray[np.int16],
    credit: NDArray[np.int16],
    sums: NDArray[np.int64],
) -> None:
    """Add up what the records say of each claim and currency.

    Parameters
    ----------
    debit, credit
        Currency of what each move sends and receives, shape (N,).
    sums
        Shape (K, currencies, len(FATES)), 0 on entry.
    """
    for n in range(records.at.size):
        c = records.claim[n]
        if c == CLEAN:
            continue
        i = records.at[n]
        out = debit[i]
        into = credit[i]
        if records.drawn[n] == 0 and records.amount[n] > 0:
            sums[c, into, 0] += records.amount[n]
            continue
        if book.kind[i] & SAME:
            sums[c, out, 2] += records.drawn[n] - records.amount[n]
        else:
            sums[c, out, 5] += records.drawn[n]
            sums[c, into, 1] += records.amount[n]
        sums[c, into, 3 if book.kind[i] & SINK else 4] += records.lost[n]
        if book.target[i] < 0:
            sums[c, into, 6] += records.amount[n] - records.lost[n]


def held_of_lots(book: Book, lots: Lots, taint: NDArray[np.int64]) -> None:
    """Add what is left of each lot to its pocket and claim; `taint` has shape (P, K)."""
    for n in range(lots.at.size):
        if lots.claim[n] != CLEAN and lots.left[n] > 0:
            taint[book.target[lots.at[n]], lots.claim[n]] += lots.left[n]


def lots_of_flows(
    book: Book, flows: Flows, n_claims: int, heads: NDArray[np.int32], lots: Lots
) -> int:
    """Make lots of flows, oldest first within a pocket and claim; return how many, or -1 for full.

    Parameters
    ----------
    heads
        Shape (P * K, 2), NOTHING on entry: oldest and newest lot of each pocket and claim.
    lots
        Written from the start: a record's lots share what of it arrives and is lost in proportion.
    """
    n = 0
    for f in range(flows.at.size):
        i = flows.at[f]
        c = flows.claim[f]
        start = n
        drawn = flows.drawn[f]
        if drawn == 0:
            if n == lots.at.size:
                return -1
            lots.parent[n] = NOTHING
            lots.drawn[n] = 0
            n += 1
        while drawn > 0:
            if n == lots.at.size:
                return -1
            place = book.source[i] * n_claims + c
            lot = heads[place, 0]
            piece = min(drawn, lots.left[lot])
            lots.left[lot] -= piece
            drawn -= piece
            if lots.left[lot] == 0:
                heads[place, 0] = lots.next[lot]
                if lots.next[lot] == NOTHING:
                    heads[place, 1] = NOTHING
            lots.parent[n] = lot
            lots.drawn[n] = piece
            n += 1
        gone = 0  # running sums, so that the shares add up: each is within a unit of its own
        came = 0
        ended = 0
        for lot in range(start, n):
            lots.at[lot] = i
            lots.claim[lot] = c
            gone += lots.drawn[lot]
            arrived = flows.amount[f]
            if gone < flows.drawn[f]:
                arrived, _ = multiply_divide(gone, flows.amount[f], flows.drawn[f])
            lost = flows.lost[f]
            if arrived < flows.amount[f]:
                lost, _ = multiply_divide(arrived, flows.lost[f], flows.amount[f])
            amount = arrived - came
            lots.amount[lot] = amount
            lots.lost[lot] = lost - ended
            came = arrived
            ended = lost
            lots.left[lot] = amount - lots.lost[lot]
            lots.next[lot] = NOTHING
            if lots.left[lot] > 0 and book.target[i] >= 0:
                place = book.target[i] * n_claims + c
                if heads[place, 0] == NOTHING:
                    heads[place, 0] = lot
                else:
                    lots.next[heads[place, 1]] = lot
                heads[place, 1] = lot
    return n


tally = jit(tally)
held_of_lots = jit(held_of_lots)
lots_of_flows = jit(lots_of_flows)
