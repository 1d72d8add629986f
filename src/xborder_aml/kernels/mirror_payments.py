"""Mirror payments: links between accounts whose payments run in pairs, in one window of the grid.

A link is all payments from one account to another in the window. Only payments that few others are
like tell anything, and only these are looked up: so the work is bounded by the edges, however dense
the ledger. (Looking up the rarest few payments of each link, whatever they were, took a time that
grew with the square of the edges.) The look-up is by class of amount, each as wide as like amounts
may differ, so that these lie in one class or in neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import BP, at_least
from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.edges import Edges, first_after
from xborder_aml.kernels.grid import grid_window
from xborder_aml.kernels.links import Links, n_between
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

__all__ = ["MirrorLimits", "mirror_payments"]

_CHANCE_UNITS = 1e9
_ROOM = 64  # one row of output for so many edges is asked for before the search, not after


class MirrorLimits(NamedTuple):
    """What the kernel reads of the parameters."""

    width: int
    gap: int
    alike: int
    min_pairs: int
    share: int
    max_like: int
    max_direct: int
    chance: int
    across: int
    max_payments: int
    links: Links
    classes: NDArray[np.int64]  # smallest amount of each class, ascending from 1


class Pool(NamedTuple):
    """The payments of all links with enough of them, by class and ascending in time inside."""

    ptr: NDArray[np.int64]  # of class c, from 1: there is always one before it and one after
    row: NDArray[np.int64]
    at: NDArray[np.int64]
    base: NDArray[np.int64]
    tells: NDArray[np.int8]
    owner: NDArray[np.int32]  # link of each edge row, counted from the first row; -1 for none


class Telling(NamedTuple):
    """The payments that tell, link by link and ascending in time inside."""

    ptr: NDArray[np.int64]
    row: NDArray[np.int64]


class Scratch(NamedTuple):
    """Room for the search of one link."""

    hits: NDArray[np.int64]  # (links,) payments of the link that are like one of each other link
    last: NDArray[np.int64]  # (links,) row of the last of them
    met: NDArray[np.int32]  # links with hits
    mate: NDArray[np.int64]  # row of each payment's mirror, -1 for none
    taken: NDArray[np.int8]


def alike(limits: MirrorLimits, one: int, other: int) -> bool:
    """Tell whether two amounts are the same but for fee and spread."""
    return at_least(min(one, other), max(one, other), limits.alike)


def is_pair(edges: Edges, limits: MirrorLimits, one: int, other: int) -> bool:
    """Tell whether two rows can be a pair: near, alike, and in different places if they must."""
    if abs(edges.at[one] - edges.at[other]) > limits.gap:
        return False
    if limits.across and (
        min(edges.origin[one], edges.origin[other]) < 0
        or min(edges.destination[one], edges.destination[other]) < 0
        or edges.origin[one] == edges.origin[other]
        or edges.destination[one] == edges.destination[other]
    ):
        return False
    return alike(limits, edges.base[one], edges.base[other])


def needed(limits: MirrorLimits, size: int) -> int:
    """Return how many of a link's payments must be paired."""
    return max(limits.min_pairs, (size * limits.share + BP - 1) // BP)


def list_links(limits: MirrorLimits, low: int, end: int, owner: NDArray[np.int32]) -> int:
    """Give each link with enough payments in the rows ``low..end`` a number, by its first."""
    links = limits.links
    n_links = 0
    for row in range(low, end):
        s = links.place[row]
        if s < 0 or (s > links.ptr[links.link[s]] and links.row[s - 1] >= low):
            continue  # not the first of its link
        stop = s + 1
        while stop < links.ptr[links.link[s] + 1] and links.row[stop] < end:
            stop += 1
        if stop - s >= limits.min_pairs:
            for i in range(s, stop):
                owner[links.row[i] - low] = n_links
            n_links += 1
    return n_links


def make_pool(edges: Edges, limits: MirrorLimits, low: int, owner: NDArray[np.int32]) -> Pool:
    """Lay out the payments of the links by class of amount."""
    n = 0
    for i in range(owner.size):
        n += owner[i] >= 0
    rows = np.empty(n, np.int64)
    kind = np.empty(n, np.int32)
    n = 0
    for i in range(owner.size):
        if owner[i] >= 0:
            rows[n] = low + i
            kind[n] = first_after(limits.classes, 0, limits.classes.size, edges.base[low + i])
            n += 1
    ptr, order = csr(kind, limits.classes.size + 2)
    pool = Pool(
        ptr,
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.zeros(n, np.int8),
        owner,
    )
    for i in range(n):
        row = rows[order[i]]
        pool.row[i] = row
        pool.at[i] = edges.at[row]
        pool.base[i] = edges.base[row]
    return pool


def mark_telling(limits: MirrorLimits, pool: Pool) -> None:
    """Mark the payments that at most `max_like` others are near and like."""
    first = np.zeros(3, np.int64)  # in each of three classes, the first that is not too early
    for c in range(1, pool.ptr.size - 2):
        for k in range(3):
            first[k] = pool.ptr[c - 1 + k]
        for i in range(pool.ptr[c], pool.ptr[c + 1]):
            n = -1  # itself
            for k in range(3):
                end = pool.ptr[c + k]
                while first[k] < end and pool.at[first[k]] < pool.at[i] - limits.gap:
                    first[k] += 1
                j = first[k]
                while n <= limits.max_like and j < end and pool.at[j] <= pool.at[i] + limits.gap:
                    n += alike(limits, pool.base[i], pool.base[j])
                    j += 1
            pool.tells[i] = n <= limits.max_like


def by_link(pool: Pool, low: int, n_links: int) -> Telling:
    """Return the payments that tell, link by link."""
    tells = np.zeros(pool.owner.size, np.int8)
    ptr = np.zeros(n_links + 1, np.int64)
    for i in range(pool.row.size):
        if pool.tells[i]:
            tells[pool.row[i] - low] = 1
            ptr[pool.owner[pool.row[i] - low] + 1] += 1
    for a in range(n_links):
        ptr[a + 1] += ptr[a]
    row = np.empty(ptr[n_links], np.int64)
    filled = ptr.copy()
    for i in range(tells.size):
        if tells[i]:
            row[filled[pool.owner[i]]] = low + i
            filled[pool.owner[i]] += 1
    return Telling(ptr, row)


def count_hits(
    edges: Edges,
    limits: MirrorLimits,
    pool: Pool,
    telling: Telling,
    a: int,
    low: int,
    s: Scratch,
) -> int:
    """Count the payments of link `a` that may be paired with each later link; return how many."""
    n_met = 0
    for x in range(telling.ptr[a], telling.ptr[a + 1]):
        row = telling.row[x]
        c = first_after(limits.classes, 0, limits.classes.size, edges.base[row])
        for k in range(c - 1, c + 2):
            end = pool.ptr[k + 1]
            i = first_after(pool.at, pool.ptr[k], end, edges.at[row] - limits.gap - 1)
            while i < end and pool.at[i] <= edges.at[row] + limits.gap:
                b = pool.owner[pool.row[i] - low]
                if pool.tells[i] and b > a and is_pair(edges, limits, row, pool.row[i]):
                    if s.hits[b] == 0:
                        s.met[n_met] = b
                        n_met += 1
                    if s.hits[b] == 0 or s.last[b] != row:
                        s.hits[b] += 1
                        s.last[b] = row
                i += 1
    return n_met


def match(edges: Edges, limits: MirrorLimits, telling: Telling, a: int, b: int, s: Scratch) -> int:
    """Pair the payments of two links, each with the earliest that is left; return how many."""
    size = telling.ptr[b + 1] - telling.ptr[b]
    for j in range(size):
        s.taken[j] = 0
    n = 0
    for i in range(telling.ptr[a + 1] - telling.ptr[a]):
        row = telling.row[telling.ptr[a] + i]
        s.mate[i] = -1
        for j in range(size):
            other = telling.row[telling.ptr[b] + j]
            if s.taken[j] == 0 and is_pair(edges, limits, row, other):
                s.mate[i] = other
                s.taken[j] = 1
                n += 1
                break
    return n


def chance_of(
    edges: Edges, limits: MirrorLimits, telling: Telling, a: int, b: int, n: int
) -> float:
    """Return about how likely n pairs are if the amounts of link b are dealt anew.

    Multiplications and divisions only, which are the same to the bit wherever they are done.
    """
    total = 0
    for i in range(telling.ptr[a], telling.ptr[a + 1]):
        near = 0
        same = 0
        for j in range(telling.ptr[b], telling.ptr[b + 1]):
            one = telling.row[i]
            other = telling.row[j]
            near += abs(edges.at[one] - edges.at[other]) <= limits.gap
            same += alike(limits, edges.base[one], edges.base[other])
        total += near * same
    expected = total / (telling.ptr[b + 1] - telling.ptr[b])
    chance = 1.0
    for k in range(1, n + 1):
        chance *= expected / k
    return min(1.0, chance)


def are_apart(edges: Edges, limits: MirrorLimits, one: int, other: int, low: int, end: int) -> bool:
    """Tell whether the four accounts of two rows are distinct, and do not pay across."""
    n_accounts = edges.alone.size
    n = 0
    for i in range(2):
        x = edges.beneficiary[one] if i else edges.originator[one]
        for j in range(2):
            y = edges.beneficiary[other] if j else edges.originator[other]
            if x == y:
                return False
            n += n_between(limits.links, n_accounts, x, y, low, end)
    return n <= limits.max_direct


def add_mirror(
    edges: Edges, telling: Telling, a: int, half: int, chance: float, s: Scratch, out: Output
) -> bool:
    """Add the pairs that `match` left, if the first payment lies in the window's first half."""
    start = telling.ptr[a]
    size = telling.ptr[a + 1] - start
    anchor = edges.at.size
    for i in range(size):
        if s.mate[i] >= 0:
            anchor = min(anchor, telling.row[start + i], s.mate[i])
    if anchor >= half:
        return True
    for i in range(size):
        if s.mate[i] < 0:
            continue
        row = telling.row[start + i]
        if not add_evidence(out, row, 0, edges.base[row]):
            return False
        if not add_evidence(out, s.mate[i], 1, edges.base[s.mate[i]]):
            return False
    return add_measured(out, anchor, edges.originator[anchor], 1, int(chance * _CHANCE_UNITS))


def search_links(
    edges: Edges,
    limits: MirrorLimits,
    pool: Pool,
    telling: Telling,
    low: int,
    half: int,
    end: int,
    s: Scratch,
    out: Output,
) -> bool:
    """Compare each link with those after it that enough of its payments are like."""
    for a in range(telling.ptr.size - 1):
        size = telling.ptr[a + 1] - telling.ptr[a]
        if size < limits.min_pairs:
            continue
        row = telling.row[telling.ptr[a]]
        if size > limits.max_payments:
            if row < half and not add_cut(out, row, edges.originator[row], 0, size):
                return False
            continue
        n_met = count_hits(edges, limits, pool, telling, a, low, s)
        for m in range(n_met):
            b = s.met[m]
            hits = s.hits[b]
            s.hits[b] = 0
            other = telling.ptr[b + 1] - telling.ptr[b]
            need = max(needed(limits, size), needed(limits, other))
            if hits < need or other > limits.max_payments:
                continue
            n = match(edges, limits, telling, a, b, s)
            chance = chance_of(edges, limits, telling, a, b, n) if n >= need else 1.0
            if (
                n >= need
                and chance * BP <= limits.chance
                and are_apart(edges, limits, row, telling.row[telling.ptr[b]], low, end)
                and not add_mirror(edges, telling, a, half, chance, s, out)
            ):
                return False
    return True


def mirror_payments(edges: Edges, limits: MirrorLimits, first: int, last: int, out: Output) -> int:
    """Find the mirror payments of the windows in ``[first, last)``."""
    for number in range(first, last):
        begin(out, number)
        low, half, end = grid_window(edges.at, limits.width, number)
        if not has_room(out, (end - low) // _ROOM, (end - low) // _ROOM):
            return full(out)
        owner = np.full(end - low, -1, np.int32)
        n_links = list_links(limits, low, end, owner)
        pool = make_pool(edges, limits, low, owner)
        mark_telling(limits, pool)
        telling = by_link(pool, low, n_links)
        s = Scratch(
            np.zeros(n_links, np.int64),
            np.empty(n_links, np.int64),
            np.empty(n_links, np.int32),
            np.empty(limits.max_payments, np.int64),
            np.empty(limits.max_payments, np.int8),
        )
        if not search_links(edges, limits, pool, telling, low, half, end, s, out):
            return full(out)
    return DONE


alike = jit(alike)
is_pair = jit(is_pair)
needed = jit(needed)
list_links = jit(list_links)
make_pool = jit(make_pool)
mark_telling = jit(mark_telling)
by_link = jit(by_link)
count_hits = jit(count_hits)
match = jit(match)
chance_of = jit(chance_of)
are_apart = jit(are_apart)
add_mirror = jit(add_mirror)
search_links = jit(search_links)
mirror_payments = jit(mirror_payments)
