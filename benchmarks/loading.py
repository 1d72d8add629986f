"""What comes before the work: import, and first call with machine code to compile or to load.

``python -m benchmarks.loading PEER`` prints the records of one process; where ours compiles or
loads is decided by the cache folder that it is given. ``python -m benchmarks.loading memory``
prints how fast this machine reads.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import numpy as np

from benchmarks.measure import measure
from benchmarks.streams import stream
from benchmarks.works import WORKS

_FEW = 2_000
_COPY_BYTES = 256 * 2**20
_TABLE_BYTES = 32 * 2**20
_GATHERS = 4_000_000


def records(peer: str) -> list[dict[str, Any]]:
    """Return import, and first and second call of each kind of work on a small stream."""
    made = stream(_FEW)
    name = f"benchmarks.peers.{peer}_peer"
    _, record = measure(lambda: __import__(name), most=1)
    out = [{"peer": peer, "stage": "import", "call": "first", **record}]
    adapter = sys.modules[name]
    for kind, work in {w.kind: w for w in WORKS}.items():
        if kind not in adapter.WORKS:
            continue
        given = adapter.prepare(made, work, 1)
        mode = adapter.modes(kind)[0]
        for call, most in (("first", 1), ("second", 5)):
            _, record = measure(partial(adapter.WORKS[kind], given, work, mode), most=most)
            out.append({"peer": peer, "stage": kind, "call": call, **record})
    return out


def memory() -> list[dict[str, Any]]:
    """Return how fast one thread copies, and gathers at random from a table of 32 MiB."""
    source = np.ones(_COPY_BYTES // 8)
    target = source.copy()  # its pages are there before the clock starts
    _, copy = measure(lambda: np.copyto(target, source))
    small = np.ones(_TABLE_BYTES // 8)
    where = np.random.default_rng(0).integers(0, small.size, _GATHERS)
    into = np.ones(_GATHERS)
    _, gather = measure(lambda: np.take(small, where, out=into, mode="clip"))
    return [
        {"stage": "copy", "bytes": 2 * _COPY_BYTES, **copy},
        {"stage": "gather", "gathers": _GATHERS, **gather},
    ]


if __name__ == "__main__":
    json.dump(memory() if sys.argv[1] == "memory" else records(sys.argv[1]), sys.stdout)
