"""U-turns: few hops, out of a country and back into it, within time that only weekdays count."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import fx_slack_bp, share_up
from xborder_aml.kernels.bundles import Bundles, insert, make_bundles
from xborder_aml.kernels.edges import Edges, first_after, returned_bp
from xborder_aml.kernels.output import DONE, Output, begin, full
from xborder_aml.kernels.paths import (
    Stack,
    carried_on,
    follow,
    in_view,
    make_stack,
    report,
    told,
    visited,
)

__all__ = ["ACCOUNT", "COUNTRY", "DAY", "HOLDER", "UTurnLimits", "banking_end", "u_turn"]

ACCOUNT, HOLDER, COUNTRY = 0, 1, 2
"""What a U-turn must come back to."""

DAY = 86_400_000_000
_THURSDAY = 3  # day 0 of 1970, counted from Monday
_MAX_MATCHES, _MAX_WORK, _MAX_DEGREE = 0, 1, 2
_FEW = 256  # returning transfers looked at before a search is begun


class UTurnLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int  # microseconds of weekdays
    max_hops: int
    low: int
    high: int
    returned_low: int
    returned_high: int
    fx: int
    close_on: int
    strict: int
    max_matches: int
    max_work: int
    max_degree: int


def banking_end(at: int, window: int) -> int:
    """Return the last moment that lies no more than `window` of weekday time after `at`.

    Saturdays and Sundays (UTC) take no time: a window that is used up on a Friday at midnight goes
    on until the Monday.
    """
    day = at // DAY + _THURSDAY
    week = day // 7
    weekday = day - week * 7
    spent = week * 5 * DAY
    if weekday < 5:
        spent += weekday * DAY + at - (at // DAY) * DAY
    else:
        spent += 5 * DAY
    spent += window
    days = spent // DAY
    week = days // 5
    return (week * 7 + days - week * 5 - _THURSDAY) * DAY + spent - days * DAY


def distance_of(edges: Edges, limits: UTurnLimits, anchor: int, last: int) -> int:
    """Return how far from all that left edge `last` returns, in basis points; -1 out of bounds."""
    got = returned_bp(edges, anchor, last)
    slack = 0
    if edges.sent_currency[anchor] != edges.received_currency[last]:
        slack = fx_slack_bp(limits.fx, edges.at[last] - edges.at[anchor])
    if got < max(0, limits.returned_low - slack) or got > limits.returned_high + slack:
        return -1
    return abs(got - 10_000)


def hopeless(edges: Edges, limits: UTurnLimits, anchor: int, until: int) -> bool:
    """Tell cheaply that no U-turn starts here: it stays at home, or nothing like it comes back.

    Of the transfers that come back a few are looked at: on real ledgers most anchors end here.
    """
    home = edges.originator[anchor]
    there = edges.beneficiary[anchor]
    slot = edges.onward[anchor]
    if not edges.border[anchor] or edges.holder[home] == edges.holder[there]:
        return True
    if slot == edges.out_ptr[there + 1] or edges.out_at[slot] > until:
        return True
    if limits.close_on == COUNTRY or (limits.close_on == HOLDER and not edges.alone[home]):
        return False
    end = edges.in_ptr[home + 1]
    slot = first_after(edges.in_at, edges.in_ptr[home], end, edges.at[anchor] - 1)
    few = min(end, slot + _FEW)
    least = share_up(edges.sent[anchor], limits.returned_low)
    most = share_up(edges.sent[anchor], limits.returned_high + 1) - 1
    while slot < few and edges.in_at[slot] <= until:
        if edges.in_currency[slot] != edges.sent_currency[anchor]:
            if distance_of(edges, limits, anchor, edges.in_row[slot]) >= 0:
                return False
        elif least <= edges.in_received[slot] <= most:
            return False
        slot += 1
    return bool(slot == end or edges.in_at[slot] > until)


def is_home(edges: Edges, limits: UTurnLimits, home: int, account: int) -> bool:
    """Tell whether money in `account`, which lies in the country that it left, is back."""
    if limits.close_on == COUNTRY:
        return True
    if limits.close_on == HOLDER:
        return edges.holder[account] == edges.holder[home]
    return account == home


def keep(
    edges: Edges, bundles: Bundles, n: int, path: NDArray[np.int64], hops: int, distance: int
) -> int:
    """Bundle a U-turn with those of the same accounts; return the number of bundles.

    Returns -1 when new accounts have no room.
    """
    for m in range(n):
        same = bundles.hops[m] == hops
        for i in range(hops):
            same = same and (edges.beneficiary[bundles.rows[m, i]] == edges.beneficiary[path[i]])
        if same:
            insert(bundles, m, False, path, hops, distance)
            return n
    if n == bundles.kept.size:
        return -1
    insert(bundles, n, True, path, hops, distance)
    return n + 1


def enter(
    edges: Edges, limits: UTurnLimits, stack: Stack, depth: int, row: int, until: int
) -> bool:
    """Go along an edge, unless it leads into a hub: those are told, and not walked."""
    follow(edges, stack, depth, row, limits.low, limits.high)
    many = edges.onward[row] + limits.max_degree
    if many >= edges.out_ptr[edges.beneficiary[row] + 1] or edges.out_at[many] > until:
        return True
    told(stack, _MAX_DEGREE, in_view(edges, stack, depth, until, edges.at.size))
    return False


def explore(
    edges: Edges, limits: UTurnLimits, anchor: int, until: int, stack: Stack, bundles: Bundles
) -> int:
    """Search all U-turns from one anchor, depth first; return the number of bundles."""
    home = edges.originator[anchor]
    country = edges.origin[anchor]
    stack.cut[0] = -1
    stack.cut[1] = 0
    n = 0
    work = 0
    depth = int(enter(edges, limits, stack, 0, anchor, until))
    while depth > 0:
        top = depth - 1
        begun = stack.slot[top]
        end = edges.out_ptr[edges.beneficiary[stack.row[top]] + 1]
        stop = min(end, begun + limits.max_work - work)
        slot = carried_on(edges, stack, top, stop, until, limits.low, limits.high, limits.fx)
        stack.slot[top] = slot
        work += slot - begun
        if slot == end or edges.out_at[slot] > until:
            depth -= 1
            continue
        if work == limits.max_work:
            for level in range(depth):
                told(stack, _MAX_WORK, in_view(edges, stack, level, until, limits.max_degree))
            return n
        stack.slot[top] = slot + 1
        work += 1
        if limits.strict and edges.out_at[slot] == edges.at[stack.row[top]]:
            continue
        row = edges.out_row[slot]
        to = edges.out_to[slot]
        place = edges.destination[row]
        if visited(edges, stack, depth, to):
            continue
        if place == country:
            if not edges.border[row] or not is_home(edges, limits, home, to):
                continue
            distance = distance_of(edges, limits, anchor, row)
            if distance < 0:
                continue
            stack.row[depth] = row
            kept = keep(edges, bundles, n, stack.row, depth + 1, distance)
            if kept < 0:
                told(stack, _MAX_MATCHES, 1)
            n = max(n, kept)
        elif depth + 2 <= limits.max_hops and place >= 0:
            if edges.holder[to] != edges.holder[home]:
                depth += enter(edges, limits, stack, depth, row, until)
    return n


def u_turn(edges: Edges, limits: UTurnLimits, first: int, last: int, out: Output) -> int:
    """Find the U-turns of the anchors in ``[first, last)``."""
    stack = make_stack(limits.max_hops)
    bundles = make_bundles(limits.max_matches, 1, limits.max_hops)
    for anchor in range(first, last):
        begin(out, anchor)
        until = banking_end(edges.at[anchor], limits.window)
        if hopeless(edges, limits, anchor, until):
            continue
        n = explore(edges, limits, anchor, until, stack, bundles)
        if not report(edges, bundles, n, stack, edges.originator[anchor], out):
            return full(out)
    return DONE


banking_end = jit(banking_end)
distance_of = jit(distance_of)
hopeless = jit(hopeless)
is_home = jit(is_home)
keep = jit(keep)
enter = jit(enter)
explore = jit(explore)
u_turn = jit(u_turn)
