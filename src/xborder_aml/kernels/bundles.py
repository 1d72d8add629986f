"""The best few paths of each group, and how many there were.

Paths that an investigator would read as the same (same accounts, or same ends) are bundled: a group
keeps its k best and counts them all, so that a busy pair of accounts does not drown the table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output, add_evidence

__all__ = ["MAX_KEPT", "Bundles", "add_path", "insert", "make_bundles"]

MAX_KEPT = 1_000_000
"""Most paths that one anchor may keep: each worker sets their room aside."""


class Bundles(NamedTuple):
    """Room for some groups of k paths each; place ``g * k`` is the best of group g."""

    rows: NDArray[np.int64]  # (groups * k, hops) edge rows
    hops: NDArray[np.int64]  # (groups * k,)
    distance: NDArray[np.int64]  # (groups * k,) smaller is better
    kept: NDArray[np.int64]  # (groups,) paths kept, at most k
    seen: NDArray[np.int64]  # (groups,) paths counted


def make_bundles(n_groups: int, k: int, max_hops: int) -> Bundles:
    """Return room for `n_groups` groups of `k` paths."""
    return Bundles(
        np.empty((n_groups * k, max_hops), np.int64),
        np.empty(n_groups * k, np.int64),
        np.empty(n_groups * k, np.int64),
        np.zeros(n_groups, np.int64),
        np.zeros(n_groups, np.int64),
    )


def comes_before(
    bundles: Bundles, place: int, path: NDArray[np.int64], hops: int, distance: int
) -> bool:
    """Tell whether a path outranks the one at `place`: more hops, closer, smaller rows."""
    if hops != bundles.hops[place]:
        return hops > bundles.hops[place]
    if distance != bundles.distance[place]:
        return distance < bundles.distance[place]
    for i in range(hops):
        if path[i] != bundles.rows[place, i]:
            return path[i] < bundles.rows[place, i]
    return False


def insert(
    bundles: Bundles, group: int, is_new: bool, path: NDArray[np.int64], hops: int, distance: int
) -> None:
    """Count a path in its group and keep it if it is among the k best."""
    k = bundles.hops.size // bundles.kept.size
    if is_new:
        bundles.kept[group] = 0
        bundles.seen[group] = 0
    bundles.seen[group] += 1
    top = group * k
    place = top + bundles.kept[group]
    while place > top and comes_before(bundles, place - 1, path, hops, distance):
        place -= 1
    if place == top + k:
        return
    if bundles.kept[group] < k:
        bundles.kept[group] += 1
    for p in range(top + bundles.kept[group] - 1, place, -1):
        bundles.hops[p] = bundles.hops[p - 1]
        bundles.distance[p] = bundles.distance[p - 1]
        for i in range(bundles.hops[p]):
            bundles.rows[p, i] = bundles.rows[p - 1, i]
    bundles.hops[place] = hops
    bundles.distance[place] = distance
    for i in range(hops):
        bundles.rows[place, i] = path[i]


def add_path(edges: Edges, bundles: Bundles, place: int, out: Output) -> bool:
    """Add the path at `place` as evidence: its first row in role 0, its last in 2, others in 1."""
    last = bundles.hops[place] - 1
    for i in range(last + 1):
        row = bundles.rows[place, i]
        role = 0 if i == 0 else (2 if i == last else 1)
        if not add_evidence(out, row, role, edges.base[row]):
            return False
    return True


make_bundles = jit(make_bundles)
comes_before = jit(comes_before)
insert = jit(insert)
add_path = jit(add_path)
