"""Run one task over the arrays of a graph: cut out what it reads, search, and number as before.

Edges are in the order of time, so a slice with its halo is a contiguous range of rows. Accounts
that do not occur in a part are left out of it, which makes its cost independent of the graph's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.detectors._spec import Detector
from xborder_aml.executors._task import Task
from xborder_aml.graph._edges import link
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.grid import n_windows, step_of
from xborder_aml.kernels.output import FULL, Output, grown, make_output, resume_unit, trimmed

__all__ = [
    "Search",
    "cut",
    "join_outputs",
    "n_units",
    "prepared",
    "run_range",
    "search_task",
]

Rows = slice | NDArray[np.int64]


class Search(NamedTuple):
    """What the tasks of one detector share."""

    detector: Detector
    limits: Any
    """The parameters' limits, with what `prepare` added for the whole graph."""
    capacity: int = 1024
    """Rows of output to start with; the result does not depend on it."""


class Piece(NamedTuple):
    """A part of a graph, with rows and accounts of its own."""

    edges: Edges
    rows: Rows  # in the graph
    accounts: NDArray[np.int32]  # in the graph, ascending


def prepared(detector: Detector, edges: Edges, limits: Any) -> Any:
    """Return the limits with what the detector prepares for these edges."""
    return limits if detector.prepare is None else detector.prepare(edges, limits)


def n_units(detector: Detector, edges: Edges, limits: Any) -> int:
    """Return how many units a search over all of these edges ranges over."""
    if detector.unit == "window":
        return n_windows(edges.at, limits[0])
    return int((edges.at if detector.unit == "edge" else edges.holder).size)


def search_task(
    edges: Edges, search: Search, task: Task, chosen: NDArray[np.bool_] | None = None
) -> Output:
    """Run one task; rows and accounts of the result are those of `edges`.

    Parameters
    ----------
    edges
        The whole graph, or at least the rows that the task reads.
    chosen
        Centre accounts to report, shape (V,): for a detector that reads all edges of its centre.
    """
    if task.times is None and chosen is None:
        units = (0, n_units(search.detector, edges, search.limits))
        return _run_shard(edges, search, task, units)
    piece = cut(edges, _rows_read(edges, task, chosen))
    limits = prepared(search.detector, piece.edges, task.params.limits())
    part = search._replace(limits=limits)
    found = _run_shard(piece.edges, part, task, _units_of(piece, part, task, chosen))
    return _numbered(_reported(found, piece, task, chosen), piece)


def _run_shard(edges: Edges, search: Search, task: Task, units: tuple[int, int]) -> Output:
    first, n = units[0], units[1] - units[0]
    low, high = (first + n * k // task.n_shards for k in (task.shard, task.shard + 1))
    return run_range(search.detector.search, edges, search.limits, low, high, search.capacity)


def run_range(
    search: Callable[[Edges, Any, int, int, Output], int],
    edges: Edges,
    limits: Any,
    first: int,
    last: int,
    capacity: int = 1024,
) -> Output:
    """Run a search over the units in ``[first, last)``, growing its output as needed.

    Parameters
    ----------
    capacity
        Rows to start with; the result does not depend on it.
    """
    out = make_output(capacity, capacity, capacity)
    while search(edges, limits, first, last, out) == FULL:
        first = resume_unit(out)
        out = grown(out)
    return trimmed(out)


def join_outputs(outputs: Sequence[Output]) -> Output:
    """Concatenate outputs, in the order given."""
    shift = np.cumsum([0] + [o.row.size for o in outputs])
    ends = [o.end + s for o, s in zip(outputs, shift, strict=False)]
    columns = [np.concatenate(parts) for parts in zip(*outputs, strict=True)]
    joined = Output(*columns)
    return joined._replace(end=np.concatenate(ends))


# -- parts --------------------------------------------------------------------------------------


def cut(edges: Edges, rows: Rows) -> Piece:
    """Return these rows as a graph of their own."""
    src, dst = edges.originator[rows], edges.beneficiary[rows]
    used = np.unique(np.concatenate([src, dst]))
    place = np.empty(edges.holder.size, np.int32)  # only the pages that are written to cost
    place[used] = np.arange(used.size, dtype=np.int32)
    _, first, group = np.unique(edges.holder[used], return_index=True, return_inverse=True)
    per_edge = Edges._fields[: Edges._fields.index("holder")]
    columns = {name: getattr(edges, name)[rows] for name in per_edge}
    columns.update(
        originator=place[src],
        beneficiary=place[dst],
        holder=first[group].astype(np.int32),
        alone=edges.alone[used],
        opened=edges.opened[used],
    )
    return Piece(link(**columns), rows, used)


def _rows_read(edges: Edges, task: Task, chosen: NDArray[np.bool_] | None) -> Rows:
    low, high = 0, edges.at.size
    if task.times is not None:
        low = int(np.searchsorted(edges.at, task.times[0] - task.halo[0]))
        high = int(np.searchsorted(edges.at, task.times[1] + task.halo[1]))
    if chosen is None:
        return slice(low, high)
    touched = chosen[edges.originator[low:high]] | chosen[edges.beneficiary[low:high]]
    return low + np.flatnonzero(touched)


def _units_of(
    piece: Piece, search: Search, task: Task, chosen: NDArray[np.bool_] | None
) -> tuple[int, int]:
    """Return the range of the piece's units that can have something to report."""
    unit, at = search.detector.unit, piece.edges.at
    if not at.size:
        return 0, 0
    if unit == "account":
        if chosen is None:
            return 0, piece.accounts.size
        wanted = np.flatnonzero(chosen[piece.accounts])
        return (int(wanted[0]), int(wanted[-1]) + 1) if wanted.size else (0, 0)
    if task.times is None:
        return 0, n_units(search.detector, piece.edges, search.limits)
    if unit == "edge":
        first, last = np.searchsorted(at, task.times)
        return int(first), int(last)
    step = step_of(search.limits[0])
    bounds = np.array([task.times[0] // step, (task.times[1] - 1) // step + 1]) - at[0] // step
    first, last = np.clip(bounds, 0, n_windows(at, search.limits[0]))
    return int(first), int(last)


def _reported(out: Output, piece: Piece, task: Task, chosen: NDArray[np.bool_] | None) -> Output:
    """Leave out findings and cuts of anchors or centres that other tasks report."""
    masks = []
    for anchor, account in ((out.anchor, out.account), (out.cut_anchor, out.cut_account)):
        mask = np.ones(anchor.size, bool)
        if task.times is not None:
            at = piece.edges.at[anchor]
            mask &= (at >= task.times[0]) & (at < task.times[1])
        if chosen is not None:
            mask &= chosen[piece.accounts[account]]
        masks.append(mask)
    found, cuts = masks
    sizes = np.diff(out.end, prepend=0)
    kept = np.repeat(found, sizes)
    columns = [*(c[found] for c in out[:4]), np.cumsum(sizes[found])]
    columns += [*(c[kept] for c in out[5:8]), *(c[cuts] for c in out[8:12]), out.counts]
    return Output._make(columns)


def _numbered(out: Output, piece: Piece) -> Output:
    """Return the output with rows and accounts as the graph numbers them."""

    def row(of: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = piece.rows
        return of + rows.start if isinstance(rows, slice) else rows[of]

    return out._replace(
        anchor=row(out.anchor),
        account=piece.accounts[out.account],
        row=row(out.row),
        cut_anchor=row(out.cut_anchor),
        cut_account=piece.accounts[out.cut_account],
    )
