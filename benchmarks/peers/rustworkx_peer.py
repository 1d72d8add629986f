"""rustworkx: a graph library in Rust with a face like networkx's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import rustworkx as rx

from benchmarks.peers import _sliding
from benchmarks.peers._sliding import CANNOT, WORKS, answer, modes

if TYPE_CHECKING:
    from benchmarks.streams import Stream
    from benchmarks.works import Work

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("rustworkx",)
THREADS = (1,)


class Graph:
    """A graph of single edges, each with the number of transactions that it stands for."""

    def __init__(self, n_accounts: int) -> None:
        self._g = rx.PyDiGraph(multigraph=False)
        self._g.add_nodes_from(range(n_accounts))

    def add(self, u: int, v: int) -> None:
        n = self._g.get_edge_data(u, v) if self._g.has_edge(u, v) else 0
        self._g.add_edge(u, v, n + 1)  # of a pair that has one, it replaces the number

    def remove(self, u: int, v: int) -> None:
        n = self._g.get_edge_data(u, v)
        if n > 1:
            self._g.add_edge(u, v, n - 1)
        else:
            self._g.remove_edge(u, v)

    def degree_in(self, v: int) -> int:
        return sum(n for _, _, n in self._g.in_edges(v))

    def degree_out(self, u: int) -> int:
        return sum(n for _, _, n in self._g.out_edges(u))

    def sources(self, v: int) -> Collection[int]:
        return self._g.predecessor_indices(v)

    def destinations(self, u: int) -> Collection[int]:
        return self._g.successor_indices(u)

    def paths(self, u: int, v: int, hops: int) -> Iterable[Collection[int]]:
        return rx.all_simple_paths(self._g, u, v, cutoff=hops + 1)  # it counts accounts


def prepare(made: Stream, _work: Work, _threads: int) -> _sliding.Input:
    """Return the stream as lists."""
    return _sliding.as_input(made, Graph)
