"""What became of each claim's money, summed exactly, and lots for rules that keep none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.shares import multiply_divide
from xborder_aml.kernels.trace_book import SAME, SINK, Book
from xborder_aml.kernels.trace_lots import (
    AMOUNT,
    AT,
    CLAIM,
    CLEAN,
    DRAWN,
    LEFT,
    LOST,
    NEXT,
    NOTHING,
    PARENT,
    Lots,
)
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
    for n in range(lots.words.shape[0]):
        c = lots.words[n, CLAIM]
        if c != CLEAN and lots.money[n, LEFT] > 0:
            taint[book.target[lots.words[n, AT]], c] += lots.money[n, LEFT]


def lots_of_flows(
    book: Book, flows: Flows, n_claims: int, ends: NDArray[np.int32], lots: Lots
) -> int:
    """Make lots of flows, oldest first within a pocket and claim; return how many, or -1 for full.

    Parameters
    ----------
    ends
        Shape (P * K, 2), NOTHING on entry: oldest and newest lot of each pocket and claim.
    lots
        Written from the start: a record's lots share what of it arrives and is lost in proportion.
    """
    words, money = lots.words, lots.money
    n = 0
    for f in range(flows.at.size):
        i = flows.at[f]
        c = flows.claim[f]
        start = n
        drawn = flows.drawn[f]
        if drawn == 0:
            if n == words.shape[0]:
                return -1
            words[n, PARENT] = NOTHING
            money[n, DRAWN] = 0
            n += 1
        while drawn > 0:
            if n == words.shape[0]:
                return -1
            place = book.source[i] * n_claims + c
            lot = ends[place, 0]
            piece = min(drawn, money[lot, LEFT])
            money[lot, LEFT] -= piece
            drawn -= piece
            if money[lot, LEFT] == 0:
                ends[place, 0] = words[lot, NEXT]
                if words[lot, NEXT] == NOTHING:
                    ends[place, 1] = NOTHING
            words[n, PARENT] = lot
            money[n, DRAWN] = piece
            n += 1
        gone = 0  # running sums, so that the shares add up: each is within a unit of its own
        came = 0
        ended = 0
        for lot in range(start, n):
            words[lot, AT] = i
            words[lot, CLAIM] = c
            words[lot, NEXT] = NOTHING
            gone += money[lot, DRAWN]
            arrived = flows.amount[f]
            if gone < flows.drawn[f]:
                arrived, _ = multiply_divide(gone, flows.amount[f], flows.drawn[f])
            lost = flows.lost[f]
            if arrived < flows.amount[f]:
                lost, _ = multiply_divide(arrived, flows.lost[f], flows.amount[f])
            money[lot, AMOUNT] = arrived - came
            money[lot, LOST] = lost - ended
            money[lot, LEFT] = money[lot, AMOUNT] - money[lot, LOST]
            came = arrived
            ended = lost
            if money[lot, LEFT] > 0 and book.target[i] >= 0:
                place = book.target[i] * n_claims + c
                if ends[place, 0] == NOTHING:
                    ends[place, 0] = lot
                else:
                    words[ends[place, 1], NEXT] = lot
                ends[place, 1] = lot
    return n


tally = jit(tally)
held_of_lots = jit(held_of_lots)
lots_of_flows = jit(lots_of_flows)
