"""igraph: a graph library in C, of graphs that stay: each change costs the whole graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import igraph

from benchmarks.peers import _sliding
from benchmarks.peers._sliding import CANNOT, WORKS, answer, modes

if TYPE_CHECKING:
    from benchmarks.streams import Stream
    from benchmarks.works import Work

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("igraph",)
THREADS = (1,)


class Graph:
    """A multigraph; the oldest transaction of a pair is the one that leaves."""

    def __init__(self, n_accounts: int) -> None:
        self._g = igraph.Graph(n_accounts, directed=True)

    def add(self, u: int, v: int) -> None:
        self._g.add_edges([(u, v)])

    def remove(self, u: int, v: int) -> None:
        self._g.delete_edges([self._g.get_eid(u, v)])

    def degree_in(self, v: int) -> int:
        return self._g.degree(v, mode="in")

    def degree_out(self, u: int) -> int:
        return self._g.degree(u, mode="out")

    def sources(self, v: int) -> Collection[int]:
        return set(self._g.predecessors(v))

    def destinations(self, u: int) -> Collection[int]:
        return set(self._g.successors(u))

    def paths(self, u: int, v: int, hops: int) -> Iterable[Collection[int]]:
        # Of parallel edges it walks each: the circle is one.
        return set(map(tuple, self._g.get_all_simple_paths(u, v, maxlen=hops)))


def prepare(made: Stream, _work: Work, _threads: int) -> _sliding.Input:
    """Return the stream as lists."""
    return _sliding.as_input(made, Graph)
