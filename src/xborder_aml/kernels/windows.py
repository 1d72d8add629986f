"""What searches around one account share: its rows, and the best of its sliding windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.edges import Edges

__all__ = ["mark_peaks", "rows_of", "widest"]


def widest(ptr: NDArray[np.int64], first: int, last: int) -> int:
    """Return the size of the largest group in ``[first, last)``."""
    most = 0
    for k in range(first, last):
        most = max(most, ptr[k + 1] - ptr[k])
    return most


def rows_of(
    edges: Edges,
    ptr: NDArray[np.int64],
    slot_row: NDArray[np.int32],
    account: int,
    least: int,
    rows: NDArray[np.int64],
) -> int:
    """Write the rows of one account's slots into `rows`, ascending; return their number.

    Self-loops are left out, and so are rows whose base amount is below `least` (-1 keeps those that
    have none).
    """
    n = 0
    for slot in range(ptr[account], ptr[account + 1]):
        row = slot_row[slot]
        if edges.originator[row] != edges.beneficiary[row] and edges.base[row] >= least:
            rows[n] = row
            n += 1
    return n


def mark_peaks(
    at: NDArray[np.int64],
    score: NDArray[np.int64],
    n: int,
    window: int,
    stack: NDArray[np.int64],
    peak: NDArray[np.int8],
) -> None:
    """Mark the windows that no window near them beats.

    One beats another that starts within `window` of it by a higher score, or by an equal score and
    an earlier place. A score of 0 is no candidate: it neither wins nor beats.

    The nearest window that beats another is also the one that matters, since if it is too far away
    then so are all others. A stack of falling scores meets exactly those, once each: O(n).

    Parameters
    ----------
    at, score
        Start of each window, ascending, and its score; the first `n` are read.
    stack, peak
        Scratch, and the marks to write; at least `n` long.
    """
    top = 0
    for j in range(n):
        peak[j] = score[j] > 0
        if score[j] == 0:
            continue
        while top > 0 and score[stack[top - 1]] < score[j]:
            top -= 1
            if at[j] - at[stack[top]] <= window:
                peak[stack[top]] = 0
        if top > 0 and at[j] - at[stack[top - 1]] <= window:
            peak[j] = 0
        stack[top] = j
        top += 1


widest = jit(widest)
rows_of = jit(rows_of)
mark_peaks = jit(mark_peaks)
