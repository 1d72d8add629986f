"""Dense flow: the network of accounts that pass money on in a window, peeled to its densest parts.

Most payments of a window touch no account that passes its money on: one pass sets them aside, and
all that follows works on what is left, with accounts numbered by their first payment in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.flows import (
    CAME,
    COUNT,
    FIELDS,
    MARK,
    WENT,
    add_totals,
    clear_totals,
    moves,
)
from xborder_aml.kernels.grid import grid_window
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_measured,
    begin,
    full,
    has_room,
)
from xborder_aml.kernels.peel import (
    ACCOUNT,
    BORDER,
    MIDDLE,
    MONEY,
    PART,
    ROW,
    TOTAL,
    A,
    B,
    Heap,
    Network,
    core,
    parts,
    peel,
    spare,
)

__all__ = ["DenseFlowLimits", "dense_flow"]

_MIDDLE, _OTHER, _HUB = -1, -2, -3  # marks; above 0 is an account's number in the network and 1


class DenseFlowLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    low: int
    min_middles: int
    min_links: int
    min_borders: int
    max_degree: int
    max_edges: int


def classify(totals: NDArray[np.int64], account: int, low: int, max_degree: int) -> int:
    """Return what an account is in its window."""
    came = totals[account, CAME]
    went = totals[account, WENT]
    if totals[account, COUNT] > max_degree:
        return _HUB
    return _MIDDLE if min(came, went) > 0 and spare(came, went, low) >= 0 else _OTHER


def select(
    edges: Edges,
    limits: DenseFlowLimits,
    span: tuple[int, int, int],
    totals: NDArray[np.int64],
    rows: NDArray[np.int32],
    out: Output,
) -> int:
    """Write the rows of a window that touch a middle and no hub; return their number.

    Hubs are told where they are first met, by the window that reports that moment; -1 if there is
    no room to tell one.
    """
    first, half, end = span
    n = 0
    for row in range(first, end):
        a = edges.originator[row]
        b = edges.beneficiary[row]
        if not moves(edges.base[row], a, b):
            continue
        for account in (a, b):
            if totals[account, MARK] != 0:
                continue
            mark = classify(totals, account, limits.low, limits.max_degree)
            totals[account, MARK] = mark
            if mark == _HUB and row < half:
                if not add_cut(out, row, account, 0, totals[account, COUNT]):
                    return -1
        pays = totals[a, MARK]
        paid = totals[b, MARK]
        if max(pays, paid) == _MIDDLE and min(pays, paid) != _HUB:
            rows[n] = row
            n += 1
    return n


def build(edges: Edges, rows: NDArray[np.int32], totals: NDArray[np.int64]) -> Network:
    """Return the network of these rows; the marks of its accounts become their numbers, and 1."""
    m = rows.size
    payments = np.empty((m, 5), np.int64)
    ends = np.empty(2 * m, np.int32)  # originators, then beneficiaries
    accounts = np.zeros((2 * m, 8), np.int64)
    n = 0
    for i in range(m):
        row = rows[i]
        payments[i, ROW] = row
        payments[i, MONEY] = edges.base[row]
        payments[i, BORDER] = edges.border[row]
        for side in range(2):
            account = edges.beneficiary[row] if side else edges.originator[row]
            mark = totals[account, MARK]
            if mark < 0:
                accounts[n, ACCOUNT] = account
                accounts[n, MIDDLE] = mark == _MIDDLE
                accounts[n, TOTAL] = max(totals[account, CAME], totals[account, WENT])
                n += 1
                mark = n
                totals[account, MARK] = n
            payments[i, A + side] = mark - 1
            ends[side * m + i] = mark - 1
    ptr, of = csr(ends, n)
    for k in range(2 * m):
        of[k] %= m
    return Network(payments, accounts[:n], ptr, of)


def group_payments(
    net: Network, n_parts: int, ends: NDArray[np.int64], order: NDArray[np.int64]
) -> None:
    """List the payments inside each part in order, part by part; `ends` says where each ends."""
    for i in range(net.payments.shape[0]):
        if (
            net.accounts[net.payments[i, A], PART] > 0
            and net.accounts[net.payments[i, B], PART] > 0
        ):
            ends[net.accounts[net.payments[i, A], PART] - 1] += 1
    start = 0
    for p in range(n_parts):
        size = ends[p]
        ends[p] = start
        start += size
    for i in range(net.payments.shape[0]):
        if (
            net.accounts[net.payments[i, A], PART] > 0
            and net.accounts[net.payments[i, B], PART] > 0
        ):
            p = net.accounts[net.payments[i, A], PART] - 1
            order[ends[p]] = i
            ends[p] += 1


def first_middle(net: Network, payment: int) -> int:
    """Return the middle that a payment touches, the originator if both are."""
    v = net.payments[payment, A]
    if not net.accounts[v, MIDDLE]:
        v = net.payments[payment, B]
    return net.accounts[v, ACCOUNT]


def add_flow(net: Network, payments: NDArray[np.int64], density: int, out: Output) -> bool:
    """Add the payments of a dense part as a finding."""
    for i in payments:
        pays = net.accounts[net.payments[i, A], MIDDLE]
        paid = net.accounts[net.payments[i, B], MIDDLE]
        role = 0 if not pays else (1 if paid else 2)
        if not add_evidence(out, net.payments[i, ROW], role, net.payments[i, MONEY]):
            return False
    first = payments[0]
    return add_measured(out, net.payments[first, ROW], first_middle(net, first), 1, density)


def search(limits: DenseFlowLimits, half: int, net: Network, out: Output) -> bool:
    """Find the dense flows of one window's network; return whether there was room for all."""
    n = net.accounts.shape[0]
    core(net, limits.low, limits.min_links)
    members = np.empty(n, np.int64)
    stops = np.empty(n, np.int64)
    n_parts = parts(net, members, stops)
    ends = np.zeros(n_parts, np.int64)
    order = np.empty(net.payments.shape[0], np.int64)
    group_payments(net, n_parts, ends, order)
    seen = np.full(n, -1, np.int64)
    density = np.full(n_parts, -1, np.int64)
    heap = Heap(
        np.empty(n + net.payments.shape[0], np.int64), np.empty(n + net.payments.shape[0], np.int64)
    )
    for p in range(n_parts):
        start = ends[p - 1] if p > 0 else 0
        own = members[stops[p - 1] if p > 0 else 0 : stops[p]]
        if ends[p] - start > limits.max_edges:
            first = order[start]
            anchor = net.payments[first, ROW]
            if anchor < half and not add_cut(
                out, anchor, first_middle(net, first), 1, ends[p] - start
            ):
                return False
            for v in own:
                net.accounts[v, PART] = -1
            continue
        density[p] = peel(
            net,
            own,
            limits.low,
            limits.min_middles,
            limits.min_links,
            limits.min_borders,
            heap,
            seen,
        )
    ends = np.zeros(n_parts, np.int64)
    group_payments(net, n_parts, ends, order)
    n_found = 0
    n_rows = 0
    for p in range(n_parts):
        start = ends[p - 1] if p > 0 else 0
        if density[p] >= 0 and net.payments[order[start], ROW] >= half:
            density[p] = -1  # the next window reports it
        if density[p] >= 0:
            n_found += 1
            n_rows += ends[p] - start
    if not has_room(out, n_found, n_rows):
        return False
    for p in range(n_parts):
        payments = order[ends[p - 1] if p > 0 else 0 : ends[p]]
        if density[p] >= 0 and not add_flow(net, payments, density[p], out):
            return False
    return True


def dense_flow(edges: Edges, limits: DenseFlowLimits, first: int, last: int, out: Output) -> int:
    """Find the dense flows of the grid's windows in ``[first, last)``."""
    totals = np.zeros((edges.holder.size, FIELDS), np.int64)
    for window in range(first, last):
        begin(out, window)
        span = grid_window(edges.at, limits.window, window)
        if span[0] == span[1]:
            continue
        add_totals(edges, span[0], span[2], totals)
        rows = np.empty(span[2] - span[0], np.int32)
        n = select(edges, limits, span, totals, rows, out)
        if n < 0:
            return full(out)
        if n > 0 and not search(limits, span[1], build(edges, rows[:n], totals), out):
            return full(out)
        clear_totals(edges, span[0], span[2], totals)
    return DONE


classify = jit(classify)
select = jit(select)
build = jit(build)
group_payments = jit(group_payments)
first_middle = jit(first_middle)
add_flow = jit(add_flow)
search = jit(search)
dense_flow = jit(dense_flow)
