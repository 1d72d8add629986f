"""The peers, one adapter file each.

An adapter is a module with

``PACKAGES``
    the distributions whose versions the tables name;
``modes(kind)``
    ways of doing a kind of work that are measured apart: one, ``""``, or the one that means what
    the work means, and then the quick one;
``THREADS``
    numbers of threads that it can be told to use;
``prepare(stream, work, threads)``
    the stream in the peer's own form of input; not timed;
``WORKS``
    kind of work to ``function(prepared, work, mode)``; the function is timed and returns a raw
    result;
``answer(raw, stream, work)``
    that result in the common form (`benchmarks.works.Answer`), None where it means something else;
    not timed;
``cut(raw, work)``
    how many transactions' counts a cap has ended; only where there are caps;
``CANNOT``
    kind of work to the reason why the peer cannot do it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

PEERS = ("ours", "snapml", "duckdb", "polars", "networkx", "rustworkx", "igraph")
"""By the name of their file, in the order of the tables."""


def adapter(peer: str) -> ModuleType:
    """Return the adapter of a peer.

    Raises
    ------
    ImportError
        If the peer's package is not installed.
    """
    return import_module(f"benchmarks.peers.{peer}_peer")
