"""First in, first out: which of an account's credits pay for its debits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.edges import Edges

__all__ = ["Side", "first_in_first_out"]


class Side(NamedTuple):
    """One side of an account: its rows, ascending, and how much of each is matched."""

    row: NDArray[np.int64]
    used: NDArray[np.int64]  # base minor units


def first_in_first_out(
    edges: Edges, window: int, strict: int, credit: Side, n_in: int, debit: Side, n_out: int
) -> None:
    """Match debits to the oldest credits that are there and came at most `window` before."""
    for c in range(n_in):
        credit.used[c] = 0
    oldest = 0
    arrived = 0
    for d in range(n_out):
        now = edges.at[debit.row[d]]
        while arrived < n_in and edges.at[credit.row[arrived]] <= now - strict:
            arrived += 1
        left = edges.base[debit.row[d]]
        while oldest < arrived and left > 0:
            lot = credit.row[oldest]
            if now - edges.at[lot] > window:
                oldest += 1
                continue
            part = min(left, edges.base[lot] - credit.used[oldest])
            credit.used[oldest] += part
            left -= part
            if credit.used[oldest] == edges.base[lot]:
                oldest += 1
        debit.used[d] = edges.base[debit.row[d]] - left


first_in_first_out = jit(first_in_first_out)
