"""Works by a graph library whose graph follows the window: one edge in, the old ones out.

The libraries know no time. What they are measured on are their own calls: adding and removing
edges, neighbours, degrees, and simple paths between two accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from benchmarks.works import MAX_SIZE, Work, clipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.streams import Stream
    from benchmarks.works import Answer

_NO_TIME = "its cycles know no time"
_NO_FEATURES = "it computes no features"

CANNOT = {
    "temporal_cycles": _NO_TIME,
    "round_trips": _NO_TIME,
    "all_families": _NO_FEATURES,
    "batches": _NO_FEATURES,
}
"""What a library without time cannot be asked for."""


class Window(Protocol):
    """A library's graph of the transactions in the window; it counts parallel ones."""

    def add(self, u: int, v: int) -> None: ...
    def remove(self, u: int, v: int) -> None: ...
    def degree_in(self, v: int) -> int: ...
    def degree_out(self, u: int) -> int: ...
    def sources(self, v: int) -> Collection[int]: ...
    def destinations(self, u: int) -> Collection[int]: ...
    def paths(self, u: int, v: int, hops: int) -> Iterable[Collection[int]]: ...


class Input(NamedTuple):
    """A stream as lists, and the maker of an empty graph of all its accounts."""

    at: list[int]
    src: list[int]
    dst: list[int]
    empty: Callable[[], Window]


def modes(_kind: str) -> tuple[str, ...]:
    """Return how such a library is run: in one way."""
    return ("",)


def as_input(made: Stream, empty: Callable[[int], Window]) -> Input:
    """Return a stream in the form that the works read."""
    n_accounts = made.place.size
    return Input(made.at.tolist(), made.src.tolist(), made.dst.tolist(), lambda: empty(n_accounts))


def _follow(given: Input, graph: Window, oldest: int) -> Iterator[tuple[int, int]]:
    """Move the window: drop what is older than `oldest` before now, add, give both ends."""
    old = 0
    for t, u, v in zip(given.at, given.src, given.dst, strict=True):
        while given.at[old] < t - oldest:
            graph.remove(given.src[old], given.dst[old])
            old += 1
        graph.add(u, v)
        yield u, v


def fan_degree(given: Input, work: Work, _mode: str) -> list[tuple[int, ...]]:
    """Return fan in, fan out, degree in and degree out of each transaction."""
    graph = given.empty()
    return [
        (
            len(graph.sources(v)),
            len(graph.destinations(u)),
            graph.degree_in(v),
            graph.degree_out(u),
        )
        for u, v in _follow(given, graph, work.window - 1)
    ]


def scatter_gather(given: Input, work: Work, _mode: str) -> list[Counter[int]]:
    """Return how many pairs of accounts have k accounts between them, by k."""
    graph = given.empty()
    out = []
    for u, v in _follow(given, graph, work.window):
        middles = [
            len(set(graph.destinations(u)) & set(graph.sources(w)))
            for w in graph.destinations(v)
            if w != u
        ]
        middles += [
            len(set(graph.destinations(w)) & set(graph.sources(v)))
            for w in graph.sources(u)
            if w != v
        ]
        out.append(Counter(min(k, MAX_SIZE) for k in middles if k >= 2))
    return out


def hop_cycles(given: Input, work: Work, _mode: str) -> list[Counter[int]]:
    """Return how many circles each transaction closes, by length."""
    graph = given.empty()
    return [
        Counter(len(path) for path in graph.paths(v, u, work.hops - 1))
        for u, v in _follow(given, graph, work.window)
    ]


WORKS = {"fan_degree": fan_degree, "scatter_gather": scatter_gather, "hop_cycles": hop_cycles}


def answer(raw: Any, made: Stream, work: Work) -> Answer:
    """Return the counts as columns."""
    if work.kind == "fan_degree":
        columns = np.array(raw, np.int64).reshape(made.n, 4).T
        names = ("fan_in", "fan_out", "degree_in", "degree_out")
        return {name: clipped(c) for name, c in zip(names, columns, strict=True)}
    sizes = sorted({k for counts in raw for k in counts})
    return {str(k): np.array([counts.get(k, 0) for counts in raw], np.int64) for k in sizes}
