"""Bipartite: dense cores of senders and receivers, in windows of the calendar grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xborder_aml._jit import jit
from xborder_aml.kernels.cores import CoreLimits, dense_cores
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.flows import moves
from xborder_aml.kernels.grid import grid_window
from xborder_aml.kernels.legs import (
    RECEIVER,
    add_leg,
    count_payments,
    forget_payments,
    make_legs,
    tell_hubs,
)
from xborder_aml.kernels.output import DONE, Output, begin, full

__all__ = ["BipartiteLimits", "bipartite"]


class BipartiteLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    max_degree: int
    core: CoreLimits


def bipartite(edges: Edges, limits: BipartiteLimits, first: int, last: int, out: Output) -> int:
    """Find the dense cores of the windows in ``[first, last)``."""
    n_accounts = edges.out_ptr.size - 1
    n_out = np.zeros(n_accounts, np.int64)
    n_in = np.zeros(n_accounts, np.int64)
    place = np.zeros((RECEIVER + 1) * n_accounts, np.int32)
    for number in range(first, last):
        begin(out, number)
        low, half, end = grid_window(edges.at, limits.window, number)
        if low == half:
            continue
        count_payments(edges, low, end, n_out, n_in)
        if not tell_hubs(edges, low, half, n_out, n_in, limits.max_degree, out):
            return full(out)
        legs = make_legs(end - low, place)
        for row in range(low, end):
            payer = edges.originator[row]
            payee = edges.beneficiary[row]
            if (
                moves(edges.base[row], payer, payee)
                and limits.core.min_payees <= n_out[payer] <= limits.max_degree
                and limits.core.min_payers <= n_in[payee] <= limits.max_degree
            ):
                add_leg(legs, row, payer, RECEIVER * n_accounts + payee)
        forget_payments(edges, low, end, n_out, n_in)
        if not dense_cores(edges, limits.core, legs, half, out):
            return full(out)
    return DONE


bipartite = jit(bipartite)
