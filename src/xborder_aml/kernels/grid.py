"""The calendar grid: windows of one width, each overlapping the next by half.

Patterns that no single edge anchors are looked for in these windows. They lie on fixed times and
not on the ledger's first row, so that more rows move none of them. Each reports only findings whose
first edge lies in its first half: so each moment is reported by one window, and read whole by it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.edges import first_after

__all__ = ["grid_window", "n_windows", "step_of"]


def step_of(width: int) -> int:
    """Return how far apart windows start: half the width, rounded up."""
    return max(1, (width + 1) // 2)


def n_windows(at: NDArray[np.int64], width: int) -> int:
    """Return how many windows report something: one for each step that the edges' times span.

    Parameters
    ----------
    at
        Times of the edges, ascending, shape (E,).
    """
    if at.size == 0:
        return 0
    step = step_of(width)
    return int(at[-1] // step - at[0] // step + 1)


def grid_window(at: NDArray[np.int64], width: int, number: int) -> tuple[int, int, int]:
    """Return the edge rows of a window: first, end of its first half, and end.

    The window is the `number`-th counted from the one in whose first half the first edge lies. Its
    first half is half-open, and the whole is closed: ``start <= at <= start + width``.
    """
    step = step_of(width)
    start = (at[0] // step + number) * step
    first = first_after(at, 0, at.size, start - 1)
    half = first_after(at, first, at.size, start + step - 1)
    end = first_after(at, half, at.size, start + width)
    return first, half, end


step_of = jit(step_of)
grid_window = jit(grid_window)
