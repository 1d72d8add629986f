"""Counts of graph patterns around each transaction, as pure functions of a graph.

All look back only: a count of a transaction reads it and earlier ones, in canonical order, that
are at most a window older (closed). Self-loops are no relation between accounts: their own counts
are 0, and no other transaction's counts see them. Distinct accounts count, so that parallel
transfers between two accounts make one counterparty, one middle, one cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detectors._spec import microseconds
from xborder_aml.errors import ParameterError
from xborder_aml.features._history import Batch, History
from xborder_aml.features._threads import FEW_ROWS, run
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels import feature_cycles, feature_gather, feature_hops
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.feature_fans import fans, fans_of_all, window_starts
from xborder_aml.kernels.feature_views import make_views

__all__ = [
    "MAX_LENGTH",
    "MAX_WORK",
    "FanDegree",
    "Histogram",
    "fan_degree",
    "hop_cycles",
    "look_back",
    "scatter_gather_counts",
    "temporal_cycles",
]

MAX_WORK = 1_024
"""Slots that a search for one transaction may look at, by default.

Cost is in proportion where most searches end here, as among accounts drawn by Zipf's law with
exponent 1. Of a million transactions with AMLworld's degrees it ends no search for time-respecting
cycles of a day, 9,590 of three days (2,015 with four times as much), and 265 for cycles of a day in
any order.
"""
MAX_LENGTH = 64
"""Longest time-respecting cycle that is counted."""
SIZES = tuple(range(2, 31))
LENGTHS = tuple(range(2, 11))


class FanDegree(NamedTuple):
    """Counts of each transaction's beneficiary (in) and originator (out), shape (E,) each."""

    degree_in: NDArray[np.int32]
    fan_in: NDArray[np.int32]
    degree_out: NDArray[np.int32]
    fan_out: NDArray[np.int32]


class Histogram(NamedTuple):
    """How many patterns of each size each transaction takes part in."""

    bins: tuple[int, ...]  # smallest size of each bin
    counts: NDArray[Any]  # (bins, E) unsigned
    truncated: NDArray[np.uint16]  # (E,) searches that `max_work` ended: the counts are too low


def look_back(
    graph: TransactionGraph | Edges,
    window: str | timedelta,
    *,
    strict_time: bool = False,
    threads: int = 1,
) -> History:
    """Index the edges of a graph once, for several counts with windows up to this one.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> history = look_back(xb.TransactionGraph(xb.example_ledger()), "30d")
    >>> fan_degree(history, "7d").fan_in.shape == fan_degree(history, "30d").fan_in.shape
    True
    """
    return _indexed(graph, window, strict_time, threads)


def _indexed(
    graph: TransactionGraph | Edges,
    window: str | timedelta,
    strict: bool,
    threads: int,
    *,
    sent: bool = True,
) -> History:
    history = History(microseconds(window, "window"), strict=strict, sent=sent, threads=threads)
    history.extend(*_rows(graph))
    return history


def _rows(source: TransactionGraph | Edges | History) -> tuple[Batch, int]:
    """Return the rows, for reading only, and the number of accounts.

    Of a graph three columns are read: its edges as detectors want them take longer to make than
    most counts.
    """
    if isinstance(source, TransactionGraph):
        at = source.column("executed_at").to_physical()
        ends = (source.column(f"{side}_code") for side in ("originator", "beneficiary"))
        return Batch(*map(_fixed, (at, *ends))), source.n_accounts
    if isinstance(source, History):
        x, n = source.index, source.n_rows
        rows = Batch(*(_fixed(a[:n]) for a in (x.at, x.originator, x.beneficiary)))
        return rows, source.n_accounts
    return Batch(source.at, source.originator, source.beneficiary), source.holder.size


def _fixed(column: pl.Series | NDArray[Any]) -> NDArray[Any]:
    """Return a column for reading only: kernels compile once, for these."""
    view = np.ascontiguousarray(column)[:]
    view.flags.writeable = False
    return view


def fan_degree(
    graph: TransactionGraph | Edges | History,
    window: str | timedelta,
    *,
    threads: int = 1,
    first: int = 0,
) -> FanDegree:
    """Count transfers (degree) and distinct counterparties (fan) in the window.

    Parameters
    ----------
    graph
        A graph, its edges, or what `look_back` made of them.
    window
        Look back, like ``"24h"``, closed.
    threads
        Number of threads; the result is the same.
    first
        First row to count for.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> fan_degree(graph, "30d").degree_in.tolist()
    [1, 1, 1, 1, 1, 1]
    """
    if first == 0:
        (at, originator, beneficiary, _), n_accounts = _rows(graph)
        length = _length(graph, window)
        out = np.zeros((2, at.size, 2), np.int32)
        tasks: list[tuple[Any, ...]] = [
            (at, beneficiary, originator, length, n_accounts, out[0]),
            (at, originator, beneficiary, length, n_accounts, out[1]),
        ]
        run(lambda task: fans_of_all(*task), tasks, threads)
    else:
        history = graph if isinstance(graph, History) else look_back(graph, window)
        starts = starts_of(history, window, first)
        out = np.zeros((2, history.n_rows - first, 2), np.int32)
        x = history.index
        tasks = [
            (side, history.tally(own[first : history.n_rows], 0)[0], starts, first, counts)
            for side, own, counts in (
                (x.received, x.beneficiary, out[0]),
                (x.sent, x.originator, out[1]),
            )
        ]
        run(lambda task: fans(*task), tasks, threads)
    return FanDegree(*(np.ascontiguousarray(out[k, :, m]) for k in (0, 1) for m in (0, 1)))


def temporal_cycles(
    graph: TransactionGraph | Edges | History,
    window: str | timedelta,
    *,
    bins: Sequence[int] = SIZES,
    strict_time: bool = False,
    max_work: int = MAX_WORK,
    threads: int = 1,
    first: int = 0,
) -> Histogram:
    """Count, by length, the time-respecting cycles that each transaction closes.

    Parameters
    ----------
    graph, window, threads, first
        As in `fan_degree`.
    bins
        Smallest length of each bin, ascending; the last one has no end (up to `MAX_LENGTH`).
    strict_time
        Ask that times rise along a cycle, and not only that they do not fall; what `look_back` was
        told counts where `graph` is its result.
    max_work
        Transfers that a search for one transaction may look at.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> temporal_cycles(graph, "30d", bins=(2, 3, 4)).counts.sum(axis=1).tolist()
    [0, 1, 0]
    """
    longest = MAX_LENGTH
    kernel = feature_cycles.temporal_cycles
    return _histogram(kernel, graph, window, bins, longest, max_work, threads, first, strict_time)


def hop_cycles(
    graph: TransactionGraph | Edges | History,
    window: str | timedelta,
    *,
    bins: Sequence[int] = LENGTHS,
    max_hops: int = 10,
    max_work: int = MAX_WORK,
    threads: int = 1,
    first: int = 0,
) -> Histogram:
    """Count, by length, the cycles of up to `max_hops` in the window that each transaction closes.

    The others in a cycle may come in any order of time.

    Parameters
    ----------
    graph, window, max_work, threads, first
        As in `temporal_cycles`.
    bins
        Smallest length of each bin, ascending; the last one ends at `max_hops`.
    """
    if max_hops < 2:
        raise ParameterError(f"max_hops={max_hops} must be at least 2: no cycle is shorter")
    kernel = feature_hops.hop_cycles
    return _histogram(kernel, graph, window, bins, max_hops, max_work, threads, first, False)


def scatter_gather_counts(
    graph: TransactionGraph | Edges | History,
    window: str | timedelta,
    *,
    bins: Sequence[int] = SIZES,
    max_work: int = MAX_WORK,
    threads: int = 1,
    first: int = 0,
) -> Histogram:
    """Count, by number of middles, the scatter-gathers that each transaction completes.

    A scatter-gather is two accounts and all the middles, at least two, that the one pays and the
    other is paid by, in any order of time within the window.

    Parameters
    ----------
    graph, window, max_work, threads, first
        As in `temporal_cycles`; a search that would look at more than `max_work` is left out.
    bins
        Smallest number of middles of each bin, ascending; the last one has no end.
    """
    kernel = feature_gather.scatter_gathers
    return _histogram(kernel, graph, window, bins, max(bins), max_work, threads, first, False)


def starts_of(history: History, window: str | timedelta, first: int) -> NDArray[np.int32]:
    """Return the first row in the window of each row from `first` on."""
    length = _length(history, window)
    starts = np.empty(history.n_rows - first, np.int32)
    if starts.size:
        window_starts(history.index.at, length, first, history.n_rows, starts)
    return starts


def _length(source: TransactionGraph | Edges | History, window: str | timedelta) -> int:
    """Return a window in microseconds, of which a history holds enough."""
    length = microseconds(window, "window")
    if isinstance(source, History) and length > source.window:
        raise ParameterError(
            f"window={window!r} is longer than the {source.window // 1_000_000} s that the "
            "history was made for; make it for the longest window"
        )
    return length


def _histogram(
    kernel: Callable[..., object],
    graph: TransactionGraph | Edges | History,
    window: str | timedelta,
    bins: Sequence[int],
    longest: int,
    max_work: int,
    threads: int,
    first: int,
    strict_time: bool,
) -> Histogram:
    """Run a kernel over ranges of rows, each of which writes to columns of its own rows."""
    check_bins(bins)
    if max_work < 0:
        raise ParameterError(f"max_work={max_work} must not be negative")
    if isinstance(graph, History):
        history = graph
    else:
        sent = kernel is not feature_cycles.temporal_cycles  # which goes against the transfers
        history = _indexed(graph, window, strict_time, threads, sent=sent)
    n = history.n_rows
    starts = starts_of(history, window, first)
    sizes = np.arange(longest + 1)
    place = np.searchsorted(np.asarray(bins), sizes, side="right") - 1
    # a search finds at most two patterns for a slot that it looks at
    counts = np.zeros((len(bins), n - first), np.uint16 if max_work < 2**15 else np.uint32)
    cut = np.zeros(n - first, np.uint16)
    if n - first < FEW_ROWS:
        threads = min(threads, 1)
    cuts = np.linspace(first, n, (4 * threads if threads > 1 else 1) + 1).astype(int).tolist()

    def count(rows: tuple[int, int]) -> None:
        to = (starts, first, rows, max_work, place, counts, cut)
        if kernel is feature_cycles.temporal_cycles:
            kernel(history.index, *to)
        elif rows == (first, n):  # the next batch begins where this one ends
            kernel(history.index, *to, history.views((kernel, window), first, n))
        else:
            kernel(history.index, *to, make_views(history.index, rows[0], n))

    run(count, list(pairwise(cuts)), threads)
    return Histogram(tuple(bins), counts, cut)


def check_bins(bins: Sequence[int]) -> None:
    """Refuse bins that do not ascend from 2."""
    if len(bins) == 0 or bins[0] < 2 or any(a >= b for a, b in pairwise(bins)):
        raise ParameterError(f"bins={tuple(bins)} must ascend, and begin at 2 or more")
