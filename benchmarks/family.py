"""The whole family of detectors, with default parameters, on streams of growing size.

``python -m benchmarks.family SHAPE N steps`` prints a record a line for each detector: what
each took, one after the other on two threads in one process that keeps all that is found, and the
peak of its memory. ``python -m benchmarks.family SHAPE N whole`` prints what a user waits for: a
graph from a table, and one call of `xborder_aml.detect`, which takes the same steps but makes the
tables of one pattern while it searches for the next.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.ledgers import ROOT
from benchmarks.measure import measure
from benchmarks.stages import counts, warm_up
from benchmarks.streams import stream, table

if TYPE_CHECKING:
    import polars as pl

DAYS = 180
"""A ledger of half a year: default windows reach from two days to a month."""

THREADS = 2
SHAPES = {"hubs": (1.0, True), "uniform": (0.0, False)}
"""Name to skew and hubs."""

WHOLE = "in one call"

SECONDS = 600
"""A stage that has not ended after so long is stopped, and with it the rest."""


def _stage(shape: str, n: int, work: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    signal.setitimer(signal.ITIMER_REAL, SECONDS)  # ends the process, whatever it does
    found, record = measure(work, most=1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return found, {"shape": shape, "n": n, "threads": THREADS, **record}


def _transactions(shape: str, n: int) -> pl.DataFrame:
    skew, hubs = SHAPES[shape]
    return table(stream(n, skew, hubs=hubs, days=DAYS))


def whole(shape: str, n: int) -> Iterator[dict[str, Any]]:
    """Measure one stream from its table to its findings, in one go."""
    import xborder_aml as xb

    transactions = _transactions(shape, n)
    warm_up()
    found, record = _stage(
        shape, n, lambda: xb.detect(xb.TransactionGraph(transactions), executor=THREADS)
    )
    yield {"stage": WHOLE, **record, **counts(found)}


def steps(shape: str, n: int) -> Iterator[dict[str, Any]]:
    """Measure one stream step by step; give each record as soon as it is known."""
    import xborder_aml as xb
    from xborder_aml.detection._detect import assembled, find_in, finished, specs_of
    from xborder_aml.executors import make_executor

    transactions = _transactions(shape, n)
    warm_up()
    stage = partial(_stage, shape, n)
    graph, record = stage(partial(xb.TransactionGraph, transactions))
    yield {"stage": "graph", **record}
    del transactions
    _, record = stage(lambda: graph.edges)
    yield {"stage": "edges", **record}
    runner = make_executor(THREADS)
    parts = []
    with runner.session(graph.edges) as session:
        for detector, params in specs_of(graph, None):

            def found(detector: Any = detector, params: Any = params) -> xb.Findings:
                raw, left_out = find_in(graph, detector, params, runner, session)
                return assembled(graph, detector, params, raw, left_out)

            part, record = stage(found)
            parts.append(part)
            yield {"stage": detector.name, **record, **counts(part)}
    _, record = stage(partial(finished, graph, parts))
    yield {"stage": "explanations", **record}


def watched(shape: str, n: int) -> list[dict[str, Any]]:
    """Return the records of one stream, measured in children: those until one was stopped."""
    out = []
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.family", shape, str(n), way]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False, text=True)
        out += [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode == -signal.SIGALRM:
            return [*out, {"stage": "stopped", "shape": shape, "n": n, "limit": SECONDS}]
        done.check_returncode()
    return out


WAYS = {"steps": steps, "whole": whole}

if __name__ == "__main__":
    for line in WAYS[sys.argv[3]](sys.argv[1], int(sys.argv[2])):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
