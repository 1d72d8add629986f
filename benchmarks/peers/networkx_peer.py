"""networkx: the graph library that everyone has, in Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import networkx as nx

from benchmarks.peers import _sliding
from benchmarks.peers._sliding import CANNOT, WORKS, answer, modes

if TYPE_CHECKING:
    from benchmarks.streams import Stream
    from benchmarks.works import Work

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("networkx",)
THREADS = (1,)


class Graph:
    """A DiGraph whose edges hold how many transactions they stand for."""

    def __init__(self, n_accounts: int) -> None:
        self._g = nx.DiGraph()
        self._g.add_nodes_from(range(n_accounts))

    def add(self, u: int, v: int) -> None:
        if self._g.has_edge(u, v):
            self._g[u][v]["n"] += 1
        else:
            self._g.add_edge(u, v, n=1)

    def remove(self, u: int, v: int) -> None:
        if self._g[u][v]["n"] > 1:
            self._g[u][v]["n"] -= 1
        else:
            self._g.remove_edge(u, v)

    def degree_in(self, v: int) -> int:
        return self._g.in_degree(v, weight="n")

    def degree_out(self, u: int) -> int:
        return self._g.out_degree(u, weight="n")

    def sources(self, v: int) -> Collection[int]:
        return self._g.pred[v]

    def destinations(self, u: int) -> Collection[int]:
        return self._g.succ[u]

    def paths(self, u: int, v: int, hops: int) -> Iterable[list[int]]:
        return nx.all_simple_paths(self._g, u, v, cutoff=hops)


def prepare(made: Stream, _work: Work, _threads: int) -> _sliding.Input:
    """Return the stream as lists."""
    return _sliding.as_input(made, Graph)
