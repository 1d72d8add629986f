"""Laundromat core: pass-through accounts that pay one another, and what surrounds them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import FAR, at_least, share_bp
from xborder_aml.kernels.edges import Edges, first_after
from xborder_aml.kernels.flows import (
    CAME,
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

__all__ = ["LaundromatCoreLimits", "laundromat_core"]

_CODES = 2**15  # jurisdiction codes are Int16


class LaundromatCoreLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    dwell: int
    share: int
    min_holders: int
    min_countries: int
    min_sources: int
    min_paid_back: int
    min_turnover: int
    strict: int
    max_edges: int


class Seen(NamedTuple):
    """The last group that each was met in, so that nothing need be cleared between groups."""

    member: NDArray[np.int64]  # (holders,)
    source: NDArray[np.int64]  # (holders,)
    paid_back: NDArray[np.int64]  # (holders,)
    country: NDArray[np.int64]  # (codes,)


def several(edges: Edges, account: int, first: int, end: int) -> bool:
    """Tell whether an account is paid by two accounts and pays two, in rows ``[first, end)``."""
    for comes in range(2):
        ptr = edges.in_ptr if comes else edges.out_ptr
        rows = edges.in_row if comes else edges.out_row
        partner = edges.originator if comes else edges.beneficiary
        met = -1
        enough = False
        for slot in range(ptr[account], ptr[account + 1]):
            row = rows[slot]
            other = partner[row]
            if row < first or row >= end or not moves(edges.base[row], other, account):
                continue
            enough = met >= 0 and other != met
            if enough:
                break
            met = other
        if not enough:
            return False
    return True


def passed_on(edges: Edges, account: int, first: int, end: int, dwell: int, strict: int) -> int:
    """Return the money of an account's debits in rows ``[first, end)`` that its credits cover.

    Each debit uses up the oldest credits that came at most `dwell` before it.
    """
    i = edges.in_ptr[account]
    last_in = edges.in_ptr[account + 1]
    j = edges.out_ptr[account]
    last_out = edges.out_ptr[account + 1]
    i = first_after(edges.in_at, i, last_in, edges.at[first] - 1)
    j = first_after(edges.out_at, j, last_out, edges.at[first] - 1)
    used = 0  # of the credit in slot i
    matched = 0
    while j < last_out and edges.out_row[j] < end:
        row = edges.out_row[j]
        at = edges.out_at[j]
        j += 1
        if edges.beneficiary[row] == account:
            continue
        need = edges.base[row]
        while need > 0 and i < last_in and edges.in_at[i] <= at - strict:
            lot = edges.in_row[i]
            left = 0 if edges.originator[lot] == account else edges.base[lot] - used
            if left <= 0 or edges.in_at[i] < at - dwell:
                i += 1
                used = 0
                continue
            part = min(need, left)
            need -= part
            matched += part
            used += part
    return matched


def mark_passing(
    edges: Edges, limits: LaundromatCoreLimits, first: int, end: int, totals: NDArray[np.int64]
) -> None:
    """Mark with 1 the accounts that pass on what they are paid, in rows ``[first, end)``."""
    for account in range(totals.shape[0]):
        came = totals[account, CAME]
        went = totals[account, WENT]
        most = max(came, went)
        # what is passed on is at most the smaller side: most accounts end here
        if min(came, went) == 0 or not at_least(min(came, went), most, limits.share):
            continue
        if not several(edges, account, first, end):
            continue
        money = passed_on(edges, account, first, end, limits.dwell, limits.strict)
        if at_least(money, most, limits.share):
            totals[account, MARK] = 1


def root_of(parent: NDArray[np.int32], account: int) -> int:
    """Return the root of an account's group, halving the way to it."""
    while parent[account] != account:
        parent[account] = parent[parent[account]]
        account = parent[account]
    return account


def join_groups(
    edges: Edges, first: int, end: int, totals: NDArray[np.int64], parent: NDArray[np.int32]
) -> int:
    """Join passing accounts that pay one another; return how many rows touch a passing account."""
    n = 0
    for row in range(first, end):
        a = edges.originator[row]
        b = edges.beneficiary[row]
        if not moves(edges.base[row], a, b) or not (totals[a, MARK] or totals[b, MARK]):
            continue
        n += 1
        if totals[a, MARK] and totals[b, MARK]:
            parent[root_of(parent, a)] = root_of(parent, b)
    return n


def group_rows(
    edges: Edges,
    span: tuple[int, int],
    totals: NDArray[np.int64],
    parent: NDArray[np.int32],
    number: NDArray[np.int32],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> int:
    """Sort the rows that touch a passing account by group; return how many groups there are.

    Parameters
    ----------
    number
        Shape (V,), -1 everywhere: the number of each root's group.
    ends
        Where the rows of each group end in `rows`; groups come in order of their first row.
    """
    n_groups = 0
    for filling in range(2):  # count, then fill
        for row in range(span[0], span[1]):
            a = edges.originator[row]
            b = edges.beneficiary[row]
            if not moves(edges.base[row], a, b) or not (totals[a, MARK] or totals[b, MARK]):
                continue
            root = root_of(parent, a if totals[a, MARK] else b)
            if number[root] < 0:
                number[root] = n_groups
                ends[n_groups] = 0
                n_groups += 1
            group = number[root]
            if filling:
                rows[ends[group]] = row
            ends[group] += 1
        if not filling:  # from counts to where each group starts
            start = 0
            for group in range(n_groups):
                size = ends[group]
                ends[group] = start
                start += size
    return n_groups


def turnover(
    edges: Edges,
    limits: LaundromatCoreLimits,
    rows: NDArray[np.int64],
    totals: NDArray[np.int64],
    seen: Seen,
) -> int:
    """Return a group's turnover in basis points of its net, -1 unless it meets every condition."""
    stamp = rows[0]  # a group is met once, and no other one has its first row in this window
    inside = 0
    net = 0
    holders = 0
    countries = 0
    for row in rows:
        a = edges.originator[row]
        b = edges.beneficiary[row]
        if totals[a, MARK] and totals[b, MARK]:
            inside += edges.base[row]
        elif totals[b, MARK]:
            net += edges.base[row]
        else:
            net -= edges.base[row]
        for end in (a, b):
            if totals[end, MARK] and seen.member[edges.holder[end]] != stamp:
                seen.member[edges.holder[end]] = stamp
                holders += 1
        for code in (edges.origin[row], edges.destination[row]):
            if code >= 0 and seen.country[code] != stamp:
                seen.country[code] = stamp
                countries += 1
    net = abs(net)
    if (
        inside == 0
        or (limits.min_turnover > 0 and inside // limits.min_turnover < net)
        or holders < limits.min_holders
        or countries < limits.min_countries
    ):
        return -1
    sources = 0
    for row in rows:
        who = edges.holder[edges.originator[row]]
        if seen.member[who] != stamp and seen.source[who] != stamp:
            seen.source[who] = stamp
            sources += 1
    paid_back = 0
    for row in rows:
        who = edges.holder[edges.beneficiary[row]]
        if seen.source[who] == stamp and seen.paid_back[who] != stamp:
            seen.paid_back[who] = stamp
            paid_back += 1
    if sources < limits.min_sources or paid_back < limits.min_paid_back:
        return -1
    return share_bp(inside, net) if net > 0 else FAR


def about(edges: Edges, row: int, totals: NDArray[np.int64]) -> int:
    """Return the member that a payment of a group touches, the originator if both are."""
    a = edges.originator[row]
    return a if totals[a, MARK] else edges.beneficiary[row]


def score_groups(
    edges: Edges,
    limits: LaundromatCoreLimits,
    half: int,
    rows: NDArray[np.int64],
    ends: NDArray[np.int64],
    totals: NDArray[np.int64],
    seen: Seen,
    score: NDArray[np.int64],
    out: Output,
) -> bool:
    """Write the turnover of each group that is a core, else -1, and tell those that are cut.

    Returns whether there is room for all of them: the search is too costly to be done for each.
    """
    n_cores = 0
    n_rows = 0
    start = 0
    for group in range(score.size):
        own = rows[start : ends[group]]
        start = ends[group]
        score[group] = -1
        if own[0] >= half:
            continue
        if own.size > limits.max_edges:
            if not add_cut(out, own[0], about(edges, own[0], totals), 0, own.size):
                return False
            continue
        score[group] = turnover(edges, limits, own, totals, seen)
        if score[group] >= 0:
            n_cores += 1
            n_rows += own.size
    return has_room(out, n_cores, n_rows)


def add_core(
    edges: Edges, rows: NDArray[np.int64], totals: NDArray[np.int64], bp: int, out: Output
) -> bool:
    """Add one group as a finding, its payments in order."""
    for row in rows:
        comes = totals[edges.beneficiary[row], MARK]
        role = 2 if not comes else (1 if totals[edges.originator[row], MARK] else 0)
        if not add_evidence(out, row, role, edges.base[row]):
            return False
    return add_measured(out, rows[0], about(edges, rows[0], totals), 1, bp)


def laundromat_core(
    edges: Edges, limits: LaundromatCoreLimits, first: int, last: int, out: Output
) -> int:
    """Find the cores of the grid's windows in ``[first, last)``."""
    n_accounts = edges.holder.size
    totals = np.zeros((n_accounts, FIELDS), np.int64)
    parent = np.empty(n_accounts, np.int32)
    number = np.empty(n_accounts, np.int32)
    seen = Seen(
        np.full(n_accounts, -1, np.int64),
        np.full(n_accounts, -1, np.int64),
        np.full(n_accounts, -1, np.int64),
        np.full(_CODES, -1, np.int64),
    )
    for window in range(first, last):
        begin(out, window)
        low, half, high = grid_window(edges.at, limits.window, window)
        if low == half:
            continue
        for account in range(n_accounts):
            parent[account] = account
            number[account] = -1
        add_totals(edges, low, high, totals)
        mark_passing(edges, limits, low, high, totals)
        rows = np.empty(join_groups(edges, low, high, totals, parent), np.int64)
        ends = np.empty(rows.size, np.int64)
        n_groups = group_rows(edges, (low, high), totals, parent, number, ends, rows)
        score = np.empty(n_groups, np.int64)
        if not score_groups(edges, limits, half, rows, ends, totals, seen, score, out):
            return full(out)
        start = 0
        for group in range(n_groups):
            own = rows[start : ends[group]]
            start = ends[group]
            if score[group] >= 0 and not add_core(edges, own, totals, score[group], out):
                return full(out)
        clear_totals(edges, low, high, totals)
    return DONE


several = jit(several)
passed_on = jit(passed_on)
mark_passing = jit(mark_passing)
root_of = jit(root_of)
join_groups = jit(join_groups)
group_rows = jit(group_rows)
turnover = jit(turnover)
about = jit(about)
score_groups = jit(score_groups)
add_core = jit(add_core)
laundromat_core = jit(laundromat_core)
