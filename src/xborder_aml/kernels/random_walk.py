"""Random walks: transfers that are each other's nearest, joined end to end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most, share_down, share_up
from xborder_aml.kernels.edges import Edges, carries, first_after
from xborder_aml.kernels.output import DONE, Output, add_cut, add_evidence, add_finding, begin, full

__all__ = ["RandomWalkLimits", "random_walk"]

_MAX_HOPS, _MAX_DEGREE = 0, 1
_NONE, _CUT = -1, -2


class RandomWalkLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    gap: int
    min_hops: int
    max_hops: int
    low: int
    high: int
    fx: int
    min_borders: int
    min_holders: int
    strict: int
    max_degree: int


def follower(edges: Edges, limits: RandomWalkLimits, row: int) -> int:
    """Return the first transfer that sends an edge's money on; -1 none, -2 too many looked at."""
    account = edges.beneficiary[row]
    currency = edges.received_currency[row]
    least = share_up(edges.received[row], limits.low)
    most = share_down(edges.received[row], limits.high)
    until = edges.at[row] + limits.gap
    since = edges.at[row] + limits.strict
    slot = edges.onward[row]
    end = edges.out_ptr[account + 1]
    stop = min(end, slot + limits.max_degree)
    while slot < stop and edges.out_at[slot] <= until:
        same = edges.out_currency[slot] == currency
        if (not same or least <= edges.out_sent[slot] <= most) and (
            edges.out_at[slot] >= since and edges.out_to[slot] != account
        ):
            then = edges.out_row[slot]
            if same or carries(edges, row, then, limits.low, limits.high, limits.fx):
                return then
        slot += 1
    return _CUT if slot < end and edges.out_at[slot] <= until else _NONE


def feeder(edges: Edges, limits: RandomWalkLimits, row: int) -> int:
    """Return the last transfer whose money an edge sends on; -1 none, -2 too many looked at."""
    account = edges.originator[row]
    currency = edges.sent_currency[row]
    sent = edges.sent[row]
    since = edges.at[row] - limits.gap
    until = edges.at[row] - limits.strict
    low = edges.in_ptr[account]
    slot = first_after(edges.in_at, low, edges.in_ptr[account + 1], until) - 1
    stop = max(low, slot + 1 - limits.max_degree)
    while slot >= stop and edges.in_at[slot] >= since:
        same = edges.in_currency[slot] == currency
        whole = edges.in_received[slot]
        if not same or (at_least(sent, whole, limits.low) and at_most(sent, whole, limits.high)):
            first = edges.in_row[slot]
            if edges.in_from[slot] != account and (
                same or carries(edges, first, row, limits.low, limits.high, limits.fx)
            ):
                return first
        slot -= 1
    return _CUT if slot >= low and edges.in_at[slot] >= since else _NONE


def onward(edges: Edges, limits: RandomWalkLimits, row: int) -> int:
    """Return the transfer that an edge is linked to: its follower, if it is that one's feeder."""
    then = follower(edges, limits, row)
    if then < 0:
        return then
    before = feeder(edges, limits, then)
    if before == row:
        return then
    return _CUT if before == _CUT else _NONE


def is_match(edges: Edges, limits: RandomWalkLimits, path: NDArray[np.int64], hops: int) -> bool:
    """Tell whether a walk is long enough, crosses enough borders, and goes somewhere else."""
    start = edges.originator[path[0]]
    if hops < limits.min_hops or edges.beneficiary[path[hops - 1]] == start:
        return False
    borders = 0
    holders = 1
    for i in range(hops):
        borders += edges.border[path[i]]
        holder = edges.holder[edges.beneficiary[path[i]]]
        is_new = holder != edges.holder[start]
        for j in range(i):
            is_new = is_new and holder != edges.holder[edges.beneficiary[path[j]]]
        holders += is_new
    return borders >= limits.min_borders and holders >= limits.min_holders


def random_walk(edges: Edges, limits: RandomWalkLimits, first: int, last: int, out: Output) -> int:
    """Find the walks of the anchors in ``[first, last)``."""
    path = np.empty(limits.max_hops, np.int64)
    for anchor in range(first, last):
        begin(out, anchor)
        account = edges.originator[anchor]
        if account == edges.beneficiary[anchor]:
            continue
        then = onward(edges, limits, anchor)
        if then == _NONE:
            continue
        before = feeder(edges, limits, anchor)
        if before >= 0 and follower(edges, limits, before) == anchor:
            continue  # its walk begins earlier
        path[0] = anchor
        hops = 1
        while then >= 0 and hops < limits.max_hops:
            path[hops] = then
            hops += 1
            then = onward(edges, limits, then)
        if is_match(edges, limits, path, hops):
            for i in range(hops):
                role = 0 if i == 0 else (2 if i == hops - 1 else 1)
                if not add_evidence(out, path[i], role, edges.base[path[i]]):
                    return full(out)
            if not add_finding(out, anchor, account, 1):
                return full(out)
        if then != _NONE or before == _CUT:
            cap = _MAX_HOPS if then >= 0 else _MAX_DEGREE
            if not add_cut(out, anchor, account, cap, 1):
                return full(out)
    return DONE


follower = jit(follower)
feeder = jit(feeder)
onward = jit(onward)
is_match = jit(is_match)
random_walk = jit(random_walk)
