"""Funnel accounts: bursts of deposits into a new or resting account that is emptied at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import BP, at_least, at_most
from xborder_aml.kernels.edges import UNKNOWN, Edges
from xborder_aml.kernels.lots import Side, first_in_first_out
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_measured,
    begin,
    full,
)
from xborder_aml.kernels.windows import mark_peaks, rows_of, widest

__all__ = ["FunnelLimits", "funnel_account"]


class FunnelLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    stay: int
    min_depositors: int
    quick: int
    left: int
    young: int
    dormant: int
    rise: int
    min_borders: int
    strict: int
    max_payments: int


class Bursts(NamedTuple):
    """The window from each credit of one account; room for the widest account of the task."""

    at: NDArray[np.int64]
    end: NDArray[np.int64]  # its credits end before this one
    low: NDArray[np.int64]  # its debits are low..high
    high: NDArray[np.int64]
    came: NDArray[np.int64]  # money that its credits brought
    depositors: NDArray[np.int64]
    score: NDArray[np.int64]  # `came`, or 0 if it is no candidate


def mark_new(
    edges: Edges,
    limits: FunnelLimits,
    opened: int,
    credit: Side,
    n_in: int,
    debit: Side,
    n_out: int,
    score: NDArray[np.int64],
) -> bool:
    """Set the score of each credit that a burst may start with to 1, of others to 0; tell of any.

    It may if its account was young or dormant. Of credits at one time the first stands for all.
    Without a day of opening, the first payment in the ledger stands for it.
    """
    found = False
    d = 0
    before = UNKNOWN  # time of the last payment before this credit's time
    first = min(edges.at[credit.row[0]], edges.at[debit.row[0]])
    for c in range(n_in):
        now = edges.at[credit.row[c]]
        score[c] = 0
        if c > 0 and edges.at[credit.row[c - 1]] == now:
            continue
        if c > 0:
            before = max(before, edges.at[credit.row[c - 1]])
        while d < n_out and edges.at[debit.row[d]] < now:
            before = max(before, edges.at[debit.row[d]])
            d += 1
        young = now - (first if opened == UNKNOWN else opened) <= limits.young
        dormant = before != UNKNOWN and now - before > limits.dormant
        if young or dormant:
            score[c] = 1
            found = True
    return found


def judge(
    edges: Edges,
    limits: FunnelLimits,
    credit: Side,
    n_in: int,
    debit: Side,
    n_out: int,
    bursts: Bursts,
    held: NDArray[np.int64],
) -> None:
    """Score the window from each credit: the money that came, or 0 if it is no candidate.

    `held` (V,) counts each depositor's credits in the window; it is all zero before and after.
    """
    end = low = high = ended = 0
    came = quick = went = past = 0
    depositors = borders = 0
    for c in range(n_in):
        row = credit.row[c]
        start = edges.at[row]
        bursts.at[c] = start
        while end < n_in and edges.at[credit.row[end]] <= start + limits.window:
            came += edges.base[credit.row[end]]
            quick += credit.used[end]
            borders += edges.border[credit.row[end]]
            depositors += held[edges.originator[credit.row[end]]] == 0
            held[edges.originator[credit.row[end]]] += 1
            end += 1
        while high < n_out and edges.at[debit.row[high]] <= start + limits.window + limits.stay:
            went += edges.base[debit.row[high]]
            borders += edges.border[debit.row[high]]
            high += 1
        while low < high and edges.at[debit.row[low]] < start + limits.strict:
            went -= edges.base[debit.row[low]]
            borders -= edges.border[debit.row[low]]
            low += 1
        while bursts.at[ended] + limits.window < start:  # at c at the latest it is not
            past = max(past, bursts.came[ended])
            ended += 1
        bursts.end[c] = end
        bursts.low[c] = low
        bursts.high[c] = high
        bursts.came[c] = came
        bursts.depositors[c] = depositors
        candidate = (
            bursts.score[c] > 0
            and depositors >= limits.min_depositors
            and borders >= limits.min_borders
            and at_least(quick, came, limits.quick)
            and at_least(went, came, BP - limits.left)
            and at_most(went, came, BP + limits.left)
            and at_least(came, past, limits.rise)
        )
        bursts.score[c] = came if candidate else 0
        came -= edges.base[row]
        quick -= credit.used[c]
        borders -= edges.border[row]
        held[edges.originator[row]] -= 1
        depositors -= held[edges.originator[row]] == 0


def add_burst(
    edges: Edges,
    limits: FunnelLimits,
    credit: Side,
    debit: Side,
    bursts: Bursts,
    c: int,
    account: int,
    out: Output,
) -> bool:
    """Add one window as a finding: its credits, then its debits; or as cut if they are too many."""
    anchor = credit.row[c]
    left = bursts.end[c] - c + bursts.high[c] - bursts.low[c] - limits.max_payments
    if left > 0:
        return add_cut(out, anchor, account, 0, left)
    for i in range(c, bursts.end[c]):
        if not add_evidence(out, credit.row[i], 0, edges.base[credit.row[i]]):
            return False
    for i in range(bursts.low[c], bursts.high[c]):
        if not add_evidence(out, debit.row[i], 1, edges.base[debit.row[i]]):
            return False
    return add_measured(out, anchor, account, 1, bursts.depositors[c])


def funnel_account(edges: Edges, limits: FunnelLimits, first: int, last: int, out: Output) -> int:
    """Find the funnel accounts among the accounts in ``[first, last)``."""
    n_in = widest(edges.in_ptr, first, last)
    n_out = widest(edges.out_ptr, first, last)
    credit = Side(np.empty(n_in, np.int64), np.empty(n_in, np.int64))
    debit = Side(np.empty(n_out, np.int64), np.empty(n_out, np.int64))
    bursts = Bursts(
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
        np.empty(n_in, np.int64),
    )
    held = np.zeros(edges.in_ptr.size - 1, np.int64)
    stack = np.empty(n_in, np.int64)
    peak = np.empty(n_in, np.int8)
    for account in range(first, last):
        begin(out, account)
        n_in = edges.in_ptr[account + 1] - edges.in_ptr[account]
        n_out = edges.out_ptr[account + 1] - edges.out_ptr[account]
        if n_in < limits.min_depositors or n_out == 0:
            continue
        n_in = rows_of(edges, edges.in_ptr, edges.in_row, account, 1, credit.row)
        n_out = rows_of(edges, edges.out_ptr, edges.out_row, account, 1, debit.row)
        if n_in < limits.min_depositors or n_out == 0:
            continue
        opened = edges.opened[account]
        if not mark_new(edges, limits, opened, credit, n_in, debit, n_out, bursts.score):
            continue
        first_in_first_out(edges, limits.stay, limits.strict, credit, n_in, debit, n_out)
        judge(edges, limits, credit, n_in, debit, n_out, bursts, held)
        mark_peaks(bursts.at, bursts.score, n_in, limits.window, stack, peak)
        for c in range(n_in):
            if peak[c] and not add_burst(edges, limits, credit, debit, bursts, c, account, out):
                return full(out)
    return DONE


mark_new = jit(mark_new)
judge = jit(judge)
add_burst = jit(add_burst)
funnel_account = jit(funnel_account)
