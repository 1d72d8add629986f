"""What of each account lies in the window of the row at hand.

Rows are looked at in canonical order, so that where an account's window begins and ends only moves
on: a range of rows begins with counting, and the rest is one step a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.feature_index import ROW, Index

__all__ = ["Views", "begin", "make_views"]


class Views(NamedTuple):
    """What is in the window of the row at hand."""

    begin: NDArray[np.int32]  # (V, 2) first position of what was sent, received; -1 not known yet
    end: NDArray[np.int32]  # (V, 2) position after the last one
    search: NDArray[np.int64]  # (1,) number of the latest search
    mark: NDArray[np.int64]  # (V, 2) searches that met the account last
    value: NDArray[np.int32]  # (V,) what a search notes of an account that it met
    met: NDArray[np.int32]  # (V, 2) accounts met, or sizes found


def make_views(index: Index, row: int, n_rows: int) -> Views:
    """Return what is in view before a row: everything from the start of the history."""
    v = index.sent.start.size
    end = np.zeros((v, 2), np.int32)
    low, high, step = 0, row, 1
    if n_rows - row < row:  # the shorter way round
        low, high, step = row, n_rows, -1
        for a in range(v):
            end[a, 0] = index.sent.size[a]
            end[a, 1] = index.received.size[a]
    for k in range(low, high):
        if index.originator[k] != index.beneficiary[k]:
            end[index.originator[k], 0] += step
            end[index.beneficiary[k], 1] += step
    return Views(
        np.full((v, 2), -1, np.int32),
        end,
        np.zeros(1, np.int64),
        np.zeros((v, 2), np.int64),
        np.empty(v, np.int32),
        np.empty((v, 2), np.int32),
    )


def begin(
    base: int,
    slot: NDArray[np.int32],
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    which: int,
    account: int,
    low: int,
) -> int:
    """Return where an account's window begins, and keep it for the next time.

    `base` is the account's first slot. The arrays come one by one: handing over a whole side and
    all views at each call took longer than the search.
    """
    b = begins[account, which]
    end = ends[account, which]
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
    begins[account, which] = b
    return b


make_views = jit(make_views)
begin = jit(begin)
