"""xborder_aml itself: feature counts from `xborder_aml.features`, round trips from `detect`.

What a call needs of the graph (transactions by account and time) is built inside the clock.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
import polars.selectors as cs

import xborder_aml as xb
from benchmarks.streams import table
from benchmarks.works import BP, CARRIED, RETURNED, Work, clipped
from xborder_aml import features

if TYPE_CHECKING:
    from benchmarks.streams import Stream
    from benchmarks.works import Answer

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("xborder-aml",)
THREADS = (1, 2)
CANNOT: dict[str, str] = {}

_ALL_INSTANCES = 100  # of one first transfer and circle: the most that the detector shows
_NO_CAP = 10**9
_BATCH = 2_048
_FAMILIES = ("fan", "degree", "scatter_gather", "temporal_cycle", "hop_cycle", "vertex")
_COUNTS = ("temporal_cycles", "scatter_gather", "hop_cycles")


class Input(NamedTuple):
    """A stream as a graph whose arrays are not built yet, or as tables that arrive."""

    graph: xb.TransactionGraph
    batches: list[pl.DataFrame]
    threads: int


def modes(kind: str) -> tuple[str, ...]:
    """Return how it is run: searching to the end, or to the default cap for each transaction."""
    return ("exact", "capped") if kind in _COUNTS else ("",)


def prepare(made: Stream, work: Work, threads: int) -> Input:
    """Return the stream as a graph, and cut into batches where that is the work."""
    frame = table(made)
    cuts = list(frame.iter_slices(_BATCH)) if work.kind == "batches" else []
    return Input(xb.TransactionGraph(frame).without_text(), cuts, threads)


def fan_degree(given: Input, work: Work, _mode: str) -> features.FanDegree:
    """Count in the half-open window: closed, and a microsecond shorter."""
    return features.fan_degree(given.graph, f"{work.window - 1}us", threads=given.threads)


def temporal_cycles(given: Input, work: Work, mode: str) -> features.Histogram:
    """Count circles in strict order of time."""
    return features.temporal_cycles(
        given.graph, f"{work.hours}h", strict_time=True, threads=given.threads, **_cap(mode)
    )


def scatter_gather(given: Input, work: Work, mode: str) -> features.Histogram:
    """Count pairs of accounts by the accounts between them."""
    return features.scatter_gather_counts(
        given.graph, f"{work.hours}h", threads=given.threads, **_cap(mode)
    )


def hop_cycles(given: Input, work: Work, mode: str) -> features.Histogram:
    """Count circles in any order of time."""
    return features.hop_cycles(
        given.graph,
        f"{work.hours}h",
        max_hops=work.hops,
        bins=range(2, work.hops + 1),
        threads=given.threads,
        **_cap(mode),
    )


def _cap(mode: str) -> dict[str, int]:
    return {"max_work": _NO_CAP} if mode == "exact" else {}


def round_trips(given: Input, work: Work, _mode: str) -> xb.Findings:
    """Return every instance with its transactions."""
    params = xb.RoundTrip(
        window=f"{work.hours}h",
        max_hops=work.hops,
        close_on="account",
        min_borders=1,
        min_returned=RETURNED[0] / BP,
        max_returned=RETURNED[1] / BP,
        min_carried=CARRIED[0] / BP,
        max_carried=CARRIED[1] / BP,
        strict_time=True,
        k_best=_ALL_INSTANCES,
    )
    return xb.detect(copy(given.graph), params, executor=given.threads)


def all_families(given: Input, work: Work, _mode: str) -> pl.DataFrame:
    """Return the table of all families that the peer has too, with default caps."""
    return _features(given, work).fit_transform(copy(given.graph))


def batches(given: Input, work: Work, _mode: str) -> list[pl.DataFrame]:
    """Return it batch by batch."""
    transformer = _features(given, work)
    return [transformer.partial_fit(batch).transform(batch) for batch in given.batches]


def _features(given: Input, work: Work) -> xb.TransactionFeatures:
    return xb.TransactionFeatures(
        "causal",
        families=_FAMILIES,
        windows=(f"{work.hours}h",),
        max_hops=work.hops,
        strict_time=True,
        threads=given.threads,
    )


WORKS = {
    "fan_degree": fan_degree,
    "temporal_cycles": temporal_cycles,
    "scatter_gather": scatter_gather,
    "hop_cycles": hop_cycles,
    "round_trips": round_trips,
    "all_families": all_families,
    "batches": batches,
}


def answer(raw: Any, _made: Stream, work: Work) -> Answer | None:
    """Return the counts as columns, or the instances; None for the table of all."""
    if work.kind == "fan_degree":
        return {name: clipped(counts) for name, counts in raw._asdict().items()}
    if work.kind == "round_trips":
        rows = raw.evidence.sort("finding_id", "position")
        trips = rows.group_by("finding_id", maintain_order=True).agg("transaction_id")
        return _by_hops(trips["transaction_id"].to_list())
    if work.kind in _COUNTS:
        return {str(size): c for size, c in zip(raw.bins, raw.counts, strict=True)}
    return None


def cut(raw: Any, work: Work) -> int:
    """Return how many transactions' counts a cap has ended."""
    if work.kind in _COUNTS:
        return int((raw.truncated > 0).sum())
    tables = {"all_families": lambda: [raw], "batches": lambda: raw}.get(work.kind, list)()
    any_cut = pl.any_horizontal(cs.ends_with("truncated") > 0)
    return sum(int(t.select(any_cut.sum()).item()) for t in tables)


def _by_hops(instances: list[list[int]]) -> Answer:
    out: dict[int, list[list[int]]] = {}
    for rows in instances:
        out.setdefault(len(rows), []).append(rows)
    return {str(k): np.array(rows, np.int64) for k, rows in out.items()}
