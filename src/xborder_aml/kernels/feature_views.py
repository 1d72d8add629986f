"""What of each account lies in the window of the row at hand.

Rows are looked at in canonical order, so that where an account's window begins and ends only moves
on: a range of rows begins with counting, and the rest is one step a row. All that a search asks of
an account that it goes on from lies in one line of memory, and what it asks of most others, whether
it met them already, in as few lines as can be: a search costs what these lines cost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import ROW, Index

__all__ = ["BEGIN", "END", "RECEIVED", "SENT", "START", "Views", "begin", "make_views"]

SENT, RECEIVED = 0, 3
"""Where the fields of each direction stand in `Views.account`."""

START, BEGIN, END = 0, 1, 2
"""First slot; positions of the first in view (-1 not known yet) and after the last, from there."""


class Views(NamedTuple):
    """What is in the window of the row at hand."""

    account: NDArray[np.int32]  # (V, 6)
    mark: NDArray[np.int32]  # (2, V) latest searches, of two kinds, that met the account
    value: NDArray[np.int32]  # (V,) what a search notes of an account that it met
    met: NDArray[np.int32]  # (V, 2) accounts met, or sizes found


def make_views(index: Index, row: int, n_rows: int) -> Views:
    """Return what is in view before a row: everything from the start of the history."""
    v = index.sent.start.size
    account = np.zeros((v, 6), np.int32)
    for a in range(v):
        account[a, SENT + START] = index.sent.start[a]
        account[a, RECEIVED + START] = index.received.start[a]
        account[a, SENT + BEGIN] = account[a, RECEIVED + BEGIN] = -1
    low, high, step = 0, row, 1
    if n_rows - row < row:  # the shorter way round
        low, high, step = row, n_rows, -1
        for a in range(v):
            account[a, SENT + END] = index.sent.size[a]
            account[a, RECEIVED + END] = index.received.size[a]
    for k in range(low, high):
        if index.originator[k] != index.beneficiary[k]:
            account[index.originator[k], SENT + END] += step
            account[index.beneficiary[k], RECEIVED + END] += step
    return Views(
        account, np.zeros((2, v), np.int32), np.empty(v, np.int32), np.empty((v, 2), np.int32)
    )


def begin(
    account: NDArray[np.int32], slot: NDArray[np.int32], which: int, a: int | np.int32, low: int
) -> int:
    """Return where an account's window begins, and keep it for the next time."""
    base = account[a, which + START]
    b = account[a, which + BEGIN]
    end = account[a, which + END]
    if b < 0:
        b = 0
        high = end
        while b < high:
            middle = (b + high) >> 1
            if slot[base + middle, ROW] < low:
                b = middle + 1
            else:
                high = middle
    while b < end and slot[base + b, ROW] < low:
        b += 1
    account[a, which + BEGIN] = b
    return b


make_views = jit(make_views)
begin = jit(begin)
