"""How much money entered and left each account within some rows, without a dictionary.

One array of shape (V, FIELDS) serves window after window: what one window wrote, it clears again,
so that a window costs its own edges and not the ledger's accounts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.edges import Edges

__all__ = ["CAME", "COUNT", "FIELDS", "MARK", "WENT", "add_totals", "clear_totals", "moves"]

# places in a row of the totals; side by side, since they are read together
CAME, WENT, COUNT, MARK = range(4)
FIELDS = 4


def moves(money: int, originator: int, beneficiary: int) -> bool:
    """Tell whether an edge moves a known amount from one account to another.

    It takes numbers and not the edges: handing on a tuple of arrays costs a microsecond a call.
    """
    return money > 0 and originator != beneficiary


def add_totals(edges: Edges, first: int, end: int, totals: NDArray[np.int64]) -> None:
    """Add the edges in ``[first, end)`` to what came, went, and how many there were.

    Parameters
    ----------
    totals
        Shape (V, FIELDS); 0 in all fields of accounts that were not met yet.
    """
    for row in range(first, end):
        money = edges.base[row]
        a = edges.originator[row]
        b = edges.beneficiary[row]
        if moves(money, a, b):
            totals[a, WENT] += money
            totals[a, COUNT] += 1
            totals[b, CAME] += money
            totals[b, COUNT] += 1


def clear_totals(edges: Edges, first: int, end: int, totals: NDArray[np.int64]) -> None:
    """Set all fields of every account that the edges in ``[first, end)`` touch to 0."""
    for row in range(first, end):
        for field in range(FIELDS):
            totals[edges.originator[row], field] = 0
            totals[edges.beneficiary[row], field] = 0


moves = jit(moves)
add_totals = jit(add_totals)
clear_totals = jit(clear_totals)
