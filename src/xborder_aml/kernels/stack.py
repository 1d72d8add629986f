"""Stack: dense cores of two layers that share their middle, in windows of the calendar grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xborder_aml._jit import jit
from xborder_aml.kernels.cores import CoreLimits, dense_cores
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.flows import moves
from xborder_aml.kernels.grid import grid_window
from xborder_aml.kernels.legs import (
    MIDDLE,
    RECEIVER,
    add_leg,
    count_payments,
    forget_payments,
    make_legs,
    tell_hubs,
)
from xborder_aml.kernels.output import DONE, Output, begin, full

__all__ = ["StackLimits", "stack"]


class StackLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    strict: int
    max_degree: int
    core: CoreLimits


def stack(edges: Edges, limits: StackLimits, first: int, last: int, out: Output) -> int:
    """Find the dense two-layered cores of the windows in ``[first, last)``."""
    n_accounts = edges.out_ptr.size - 1
    payees = limits.core.min_payees
    payers = limits.core.min_payers
    most = limits.max_degree
    n_out = np.zeros(n_accounts, np.int64)
    n_in = np.zeros(n_accounts, np.int64)
    first_in = np.empty(n_accounts, np.int64)
    last_out = np.empty(n_accounts, np.int64)
    place = np.zeros((RECEIVER + 1) * n_accounts, np.int32)
    for number in range(first, last):
        begin(out, number)
        low, half, end = grid_window(edges.at, limits.window, number)
        if low == half:
            continue
        count_payments(edges, low, end, n_out, n_in)
        if not tell_hubs(edges, low, half, n_out, n_in, most, out):
            return full(out)
        for row in range(end - 1, low - 1, -1):  # back, so that the earliest is written last
            if moves(edges.base[row], edges.originator[row], edges.beneficiary[row]):
                first_in[edges.beneficiary[row]] = edges.at[row]
        for row in range(low, end):
            if moves(edges.base[row], edges.originator[row], edges.beneficiary[row]):
                last_out[edges.originator[row]] = edges.at[row]
        legs = make_legs(2 * (end - low), place)
        for row in range(low, end):
            payer = edges.originator[row]
            payee = edges.beneficiary[row]
            if not moves(edges.base[row], payer, payee) or not (
                payees <= n_out[payer] <= most and payers <= n_in[payee] <= most
            ):
                continue
            if payees <= n_out[payee] <= most and edges.at[row] + limits.strict <= last_out[payee]:
                add_leg(legs, row, payer, MIDDLE * n_accounts + payee)
            if payers <= n_in[payer] <= most and first_in[payer] + limits.strict <= edges.at[row]:
                add_leg(legs, row, MIDDLE * n_accounts + payer, RECEIVER * n_accounts + payee)
        forget_payments(edges, low, end, n_out, n_in)
        if not dense_cores(edges, limits.core, legs, half, out):
            return full(out)
    return DONE


stack = jit(stack)
