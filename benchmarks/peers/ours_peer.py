"""xborder_aml itself: feature counts from `xborder_aml.features`, round trips from `detect`.

What a call needs of the graph (transactions by account and time) is built inside the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import xborder_aml as xb
from benchmarks.streams import table
from benchmarks.works import BP, CARRIED, RETURNED, Work

if TYPE_CHECKING:
    from benchmarks.streams import Stream
    from benchmarks.works import Answer

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("xborder-aml",)
THREADS = (1, 2)
CANNOT: dict[str, str] = {}

_ALL_INSTANCES = 100  # of one first transfer and circle: the most that the detector shows


class Input(NamedTuple):
    """A stream as a graph whose arrays are not built yet."""

    graph: xb.TransactionGraph
    threads: int


def modes(_kind: str) -> tuple[str, ...]:
    """Return how the library is run: in one way."""
    return ("",)


def prepare(made: Stream, _work: Work, threads: int) -> Input:
    """Return the stream as a graph."""
    return Input(xb.TransactionGraph(table(made)), threads)


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
    return xb.detect(given.graph.without_text(), params, executor=given.threads)


WORKS = {"round_trips": round_trips}


def answer(raw: Any, _made: Stream, work: Work) -> Answer | None:
    """Return the counts as columns, or the instances; None for the table of all."""
    if work.kind == "round_trips":
        rows = raw.evidence.sort("finding_id", "position")
        trips = rows.group_by("finding_id", maintain_order=True).agg("transaction_id")
        return _by_hops(trips["transaction_id"].to_list())
    return None


def _by_hops(instances: list[list[int]]) -> Answer:
    out: dict[int, list[list[int]]] = {}
    for rows in instances:
        out.setdefault(len(rows), []).append(rows)
    return {str(k): np.array(rows, np.int64) for k, rows in out.items()}
