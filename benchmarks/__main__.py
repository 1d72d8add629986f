"""Run the benchmarks, or write the pages from what they left.

``python -m benchmarks`` measures everything and writes the pages; ``python -m benchmarks tide``
does so for one part. ``python -m benchmarks field family 20000 100000 1000000`` measures the peers,
and the whole family, at other sizes. ``python -m benchmarks check`` fails when the pages do not
show the results kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.ledgers import LEDGERS, ROOT
from benchmarks.measure import machine

RESULTS = Path(__file__).parent / "results"
SIZES = (100_000, 1_000_000, 10_000_000)
"""Transactions: of the table with all peers, of that with the fastest, and of our longest curve."""

Sizes = tuple[int, ...]
_IMPORTS = 5  # fresh processes


def child(*words: str, **variables: str) -> list[dict[str, Any]]:
    """Run one of the other modules in a process of its own and return its records.

    Parameters
    ----------
    variables
        Environment variables of that process, beside the present ones.
    """
    tell(" ".join(words))
    environment = os.environ | variables
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{words[0]}", *words[1:]],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def stages(ledger: str) -> list[dict[str, Any]] | None:
    """Measure all stages on one ledger; None where it is not there."""
    with tempfile.TemporaryDirectory() as folder:

        def stage(name: str) -> list[dict[str, Any]]:
            return child("stages", name, ledger, folder)

        stage("make")
        if json.loads((Path(folder) / "ledger.json").read_text("utf-8")) is None:
            tell(f"{ledger}: not there; set XBORDER_AML_DATA to the folder of the shared data")
            return None
        runs = [stage("import") for _ in range(_IMPORTS)]
        imports = [
            alike[0]
            | {key: [s for r in alike for s in r[key]] for key in ("seconds", "cpu_seconds")}
            for alike in zip(*runs, strict=True)
        ]
        names = "read graph detect score refer report".split()
        return imports + [record for name in names for record in stage(name)]


def compiling() -> list[dict[str, Any]]:
    """Measure two processes that share a cache folder, empty before the first."""
    with tempfile.TemporaryDirectory() as cache:
        return [
            {"cache": state} | record
            for state in ("empty", "kept")
            for record in child("compiling", XBORDER_AML_CACHE=cache)
        ]


def growth() -> list[dict[str, Any]]:
    """Measure detectors on random ledgers of growing size."""
    from benchmarks.growth import SHAPES

    return [
        record
        for name, shape in SHAPES.items()
        for n in shape.sizes
        for record in child("growth", name, str(n))
    ]


def family(sizes: Sizes) -> list[dict[str, Any]]:
    """Measure the whole family of detectors, on streams of growing size."""
    from benchmarks.family import SHAPES, watched

    out = []
    for shape in SHAPES:
        for n in sizes:
            tell(f"family {shape} {n:,}")
            out += watched(shape, n)
    return out


def field(sizes: Sizes) -> list[dict[str, Any]]:
    """Measure the library and its peers; what must be compiled is, before."""
    from benchmarks.field import cannot, records, versions
    from benchmarks.peers import PEERS

    out = [{"part": "versions", **versions()}, *cannot()]
    out += [{"part": "memory", **record} for record in child("loading", "memory")]
    load = partial(child, "loading", POLARS_MAX_THREADS="1")
    with tempfile.TemporaryDirectory() as cache:
        for state in ("empty", "kept"):
            found = load("ours", XBORDER_AML_CACHE=cache)
            out += [{"part": "loading", "cache": state} | record for record in found]
    for peer in PEERS[1:]:
        out += [{"part": "loading", "cache": ""} | record for record in load(peer)]
    load("ours")  # so that what follows loads, and compiles nothing
    return out + records(sizes, tell)


def keep(name: str, records: list[dict[str, Any]] | None, facts: dict[str, Any]) -> None:
    """Write results as one record a line, so that a difference between runs can be read."""
    if records is None:
        return
    lines = ",\n".join(f"  {json.dumps(record)}" for record in records)
    text = f'{{"machine": {json.dumps(facts)},\n "records": [\n{lines}\n]}}\n'
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text, "utf-8")


def tell(text: str) -> None:
    """Say on standard error what goes on."""
    print(text, file=sys.stderr, flush=True)


def main(wanted: list[str]) -> int:
    """Run what is wanted, by default all; return the exit code."""
    work = {name: lambda name=name: stages(name) for name in LEDGERS}
    work |= {"compiling": compiling, "growth": growth}
    sizes = tuple(int(w) for w in wanted if w.isdecimal()) or SIZES
    wanted = [w for w in wanted if not w.isdecimal()]
    work |= {"field": lambda: field(sizes), "family": lambda: family(sizes)}
    if len(sizes) != len(SIZES):
        tell(f"{len(sizes)} sizes given; give {len(SIZES)}, like {' '.join(map(str, SIZES))}")
        return 2
    unknown = [w for w in wanted if w not in (*work, "page", "check")]
    if unknown:
        tell(f"nothing is called {unknown[0]}; there are {', '.join([*work, 'page', 'check'])}")
        return 2
    if wanted == ["check"]:
        stale = page.stale()
        for path in stale:
            tell(f"{path.relative_to(ROOT)} does not show benchmarks/results: make bench ARGS=page")
        return 1 if stale else 0
    for name in wanted or work:
        if name in work:
            facts = machine()
            if facts["load_before"] > page.QUIET:
                tell(f"load average {facts['load_before']}: something else runs; repeat when quiet")
            keep(name, work[name](), facts)
    page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
