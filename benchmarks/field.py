"""The library against its peers: the same work on the same stream, each case in its own process.

``python -m benchmarks.field CASE`` runs one case, given as JSON, and prints its record.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

from benchmarks.ledgers import ROOT
from benchmarks.measure import measure, resident_mb
from benchmarks.peers import PEERS, adapter
from benchmarks.streams import SKEWS, stream
from benchmarks.works import LENGTHS, WORKS, Work, summary

SECONDS = 180
"""A work that has not ended after so long is stopped."""

MEGABYTES = 8_000
"""So is one whose process holds more."""

MAIN = {"acquainted": True, "hubs": True}
"""The stream of the tables: degrees and relations like a bank's, and hubs."""

UNIFORM = {"acquainted": False, "skew": 0.0, "hubs": True}
"""The stream of the curves: accounts that differ in nothing, and hubs."""

SKEWED = {"acquainted": False, "skew": 0.6, "hubs": True}
"""A stream on which not every search of the fastest ends."""

_FAST = ("ours", "snapml")
_EXACT, _QUICK = 0, 1  # places in the modes of an adapter that has both
_WARM_UP = 2_000  # transactions, so that nothing is compiled or loaded inside the clock
_POLL_SECONDS = 0.05


class Case(NamedTuple):
    """One peer, one work, one stream."""

    part: str
    peer: str
    work: Work
    n: int
    threads: int = 1
    mode: str = ""
    skew: float = 0.0
    hubs: bool = True
    acquainted: bool = False

    @property
    def facts(self) -> dict[str, Any]:
        """The case as plain values."""
        return self._asdict() | {"work": self.work._asdict()}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Case:
        """Return the case of `facts`."""
        return cls(**(facts | {"work": Work(**facts["work"])}))


# -- one case, in a process of its own -------------------------------------------------------------


def run(case: Case) -> dict[str, Any]:
    """Return the record of one case, run here."""
    if hasattr(os, "sched_setaffinity"):  # so that no hidden thread helps
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: case.threads])
    peer = adapter(case.peer)
    kind = case.work.kind
    made = stream(case.n, case.skew, hubs=case.hubs, acquainted=case.acquainted)
    few = stream(_WARM_UP)
    peer.WORKS[kind](peer.prepare(few, case.work, case.threads), case.work, case.mode)
    given = peer.prepare(made, case.work, case.threads)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)  # ends the process, even inside foreign code
    raw, record = measure(partial(peer.WORKS[kind], given, case.work, case.mode))
    signal.setitimer(signal.ITIMER_REAL, 0)
    answer = peer.answer(raw, made, case.work)
    told = {"cut": peer.cut(raw, case.work)} if hasattr(peer, "cut") else {}
    return record | told | (summary(answer) if answer is not None else {})


def watched(case: Case) -> dict[str, Any]:
    """Return the record of one case run in a child, or what stopped it."""
    threads = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")
    with tempfile.TemporaryFile("w+") as cry:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.field", json.dumps(case.facts)],
            cwd=ROOT,
            env=os.environ | dict.fromkeys(threads, str(case.threads)),
            stdout=subprocess.PIPE,
            stderr=cry,
            text=True,
        )
        peak = 0.0
        while child.poll() is None:
            time.sleep(_POLL_SECONDS)
            peak = max(peak, resident_mb(child.pid))
            if peak > MEGABYTES:
                child.kill()
        said, _ = child.communicate()
        cry.seek(0)
        cried = cry.read().strip().splitlines()
    if child.returncode == 0:
        return json.loads(said)
    if peak > MEGABYTES:
        return {"stopped": "memory", "limit": MEGABYTES}
    if child.returncode == -signal.SIGALRM:
        return {"stopped": "time", "limit": SECONDS, "peak_mb": round(peak)}
    last = cried[-1] if cried else f"exit code {child.returncode}"
    sys.stderr.write(f"{case} failed: {last}\n")  # and the others go on
    return {"stopped": "error", "error": last.partition(":")[0]}


# -- the plan --------------------------------------------------------------------------------------


def plan(sizes: tuple[int, ...]) -> Iterator[Case]:
    """Return every case: all peers, the fastest on three streams, and the curves."""
    all_n, fast_n, most_n = sizes
    for peer in PEERS:
        yield from _cases("all", peer, WORKS, all_n, adapter(peer).THREADS, **MAIN)
    # snapml is faster in batches, and slower on two threads: on many it is run as it is fastest
    yield from _cases("all", "snapml", WORKS, all_n, adapter("snapml").THREADS, _QUICK, **MAIN)
    for part, shape in (("fast", MAIN), ("uniform", UNIFORM)):
        yield from _cases(part, "ours", WORKS, fast_n, (1, 2), **shape)
        yield from _cases(part, "snapml", WORKS, fast_n, mode=_QUICK, **shape)
    for peer in _FAST:
        yield from _cases("skewed", peer, WORKS, all_n, mode=_QUICK, **SKEWED)
    yield from curves(all_n, fast_n, most_n)


def curves(n: int, fast_n: int, most_n: int) -> Iterator[Case]:
    """Return the cases that differ in one thing each: window, hops, edges, skew."""
    for peer in _FAST:
        mode = _EXACT if peer == "ours" else _QUICK
        single = partial(_cases, peer=peer)
        for hours in (3, 6, 12, 24, 48, 72):
            work = [Work("temporal_cycles", hours)]
            yield from single("window", works=work, n=n, mode=mode, **UNIFORM)
        for hops in range(2, LENGTHS + 1):
            work = [Work("hop_cycles", 24, hops)]
            yield from single("hops", works=work, n=n, mode=mode, **UNIFORM)
        for skew, hubs in itertools.product(SKEWS, (False, True)):
            work = [Work("temporal_cycles", 24)]
            yield from single("skew", works=work, n=n, mode=_QUICK, skew=skew, hubs=hubs)
        for size in _steps(n // 10, most_n if peer == "ours" else fast_n):
            for kind in ("fan_degree", "temporal_cycles"):
                work = [Work(kind, 24)]
                yield from single("edges", works=work, n=size, mode=mode, skew=0.0, hubs=False)


def _steps(low: int, high: int) -> list[int]:
    """Return sizes from low to high, each about ten times the one before."""
    low = max(low, 1_000)
    count = max(2, 1 + round(math.log10(high / low)))
    return sorted({round(low * (high / low) ** (i / (count - 1))) for i in range(count)})


def _cases(
    part: str,
    peer: str,
    works: Iterable[Work],
    n: int,
    threads: tuple[int, ...] = (1,),
    mode: int = _EXACT,
    **shape: Any,
) -> Iterator[Case]:
    """Return a peer's cases on one stream, of the works that it can do."""
    found = adapter(peer)
    for work in works:
        if work.kind in found.WORKS:
            names = found.modes(work.kind)
            for many in threads:
                yield Case(part, peer, work, n, many, names[min(mode, len(names) - 1)], **shape)


def records(sizes: tuple[int, ...], tell: Any) -> list[dict[str, Any]]:
    """Run the plan; what did not end on one thread, or on less, is not tried on more."""
    out: list[dict[str, Any]] = []
    ended: dict[tuple[Any, ...], bool] = {}
    for case in plan(sizes):
        same = (case.part, case.peer, case.work, case.n, case.mode, *case[6:])
        if not ended.get(same, True):
            continue
        words = (case.part, case.peer, case.mode, case.work.title, f"{case.n:,}", case.threads)
        tell("field " + " | ".join(map(str, filter(None, words))))
        record = watched(case)
        ended[same] = "stopped" not in record
        out.append(case.facts | record)
    return out


def cannot() -> list[dict[str, Any]]:
    """Return what each peer is not asked for, and why."""
    return [
        {"part": "cannot", "peer": peer, "kind": kind, "reason": reason}
        for peer in PEERS
        for kind, reason in adapter(peer).CANNOT.items()
    ]


def versions() -> dict[str, str]:
    """Return the release of each peer."""
    names = [name for peer in PEERS for name in adapter(peer).PACKAGES]
    return {name: version(name) for name in dict.fromkeys(names)}


if __name__ == "__main__":
    json.dump(run(Case.of(json.loads(sys.argv[1]))), sys.stdout)
