"""What the compiler takes: nothing kept, machine code kept from before, and once loaded.

``python -m benchmarks.compiling`` prints the records of one process; where it compiles or loads is
decided by the cache folder that it is given.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.measure import measure


def records() -> list[dict[str, Any]]:
    """Return first and second call of everything compiled, on a ledger of six transactions.

    Kernels that several detectors share are paid for by the first of them.
    """
    _, record = measure(lambda: __import__("xborder_aml.detection"), most=1)
    out = [{"stage": "import of the compiler", "call": "first", **record}]
    import xborder_aml as xb

    tables = xb.example_ledger()

    def both(name: str, work: Any) -> None:
        for call in ("first", "second"):
            _, record = measure(work, most=1 if call == "first" else 5)
            out.append({"stage": name, "call": call, **record})

    both("edges", lambda: xb.TransactionGraph(tables).edges)
    graph = xb.TransactionGraph(tables)
    for name in xb.DETECTORS:
        both(name.name, lambda name=name: xb.detect(graph, name.name, executor=1))
    return out


if __name__ == "__main__":
    json.dump(records(), sys.stdout)
