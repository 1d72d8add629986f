"""`detect`: run detectors over a graph."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl

from xborder_aml.assembly import assemble
from xborder_aml.detectors import detector_of, registry
from xborder_aml.detectors._spec import Detector, Match, Params, Transfer, View
from xborder_aml.errors import ParameterError
from xborder_aml.executors import Executor, Search, Session, Task, join_outputs, make_executor
from xborder_aml.executors._search import n_units, prepared
from xborder_aml.executors._strongest import MAX_FINDINGS, gathered, strongest
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph, require_graph
from xborder_aml.innocence import explained, facts_of
from xborder_aml.kernels.edges import UNKNOWN
from xborder_aml.kernels.output import N_COUNTS, Output

__all__ = [
    "Progress",
    "as_view",
    "assembled",
    "default_detectors",
    "detect",
    "find",
    "find_in",
    "finished",
    "matches",
    "specs_of",
]

_log = logging.getLogger("xborder_aml.detection")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many parts are done, and of how many."""


def default_detectors(graph: TransactionGraph, names: Iterable[str] | None = None) -> list[Params]:
    """Return the detectors' default parameters, fitted to what the ledger can tell.

    A ledger without any known corridor cannot show a border crossed, so none is asked for; a ledger
    with dates and no times gets the longer windows that the detector names for it. Where so many
    transactions go to busy accounts that the default `max_work` would take hours, it is lowered:
    a cap is no part of what a finding is, and the anchors that it cuts are told.
    """
    known = registry()
    chosen = list(known.values()) if names is None else [detector_of(n) for n in names]
    corridors = graph.n_transactions > 0 and not graph.corridors().is_empty()
    out = []
    for d in chosen:
        values: dict[str, Any] = {}
        if graph.resolution == "1d":
            values.update(d.coarse)
        if not corridors:
            values.update(d.no_borders)
        params = d.params.from_dict(values)
        if "max_work" in params.to_dict():
            work = min(params.max_work, _affordable_work(graph, params.limits()[0]))
            params = dataclasses.replace(params, max_work=work)
        out.append(params)
    return out


_BUSY = 64
_WORK = 100_000_000
_LEAST_WORK = 16


def _affordable_work(graph: TransactionGraph, window: int) -> int:
    """Return how many edges each anchor may follow for all that meet a busy account to end soon.

    An account is busy if about `_BUSY` of its payments lie in one window; searches that go through
    none end by themselves.
    """
    e = graph.edges
    if not e.at.size:
        return _WORK
    degree = np.diff(e.out_ptr) * min(1.0, (window + 1) / int(e.at[-1] - e.at[0] + 1))
    n_busy = int((degree[e.beneficiary] > _BUSY).sum())
    return max(_LEAST_WORK, _WORK // max(1, n_busy))


def detect(
    graph: TransactionGraph,
    detectors: Iterable[Params | str] | Params | str | None = None,
    *,
    executor: Executor | int | None = None,
    engine: Literal["kernel", "reference"] = "kernel",
    max_findings: int = MAX_FINDINGS,
    progress: Progress | None = None,
) -> Findings:
    """Find every match of the detectors.

    Parameters
    ----------
    graph
        The transactions.
    detectors
        Specs such as ``RoundTrip(window="90d")``, or names; by default `default_detectors`.
    executor
        An executor, or a number of threads; by default all usable cores. The result is the same.
    engine
        ``"reference"`` runs the plain-Python definition instead of the kernel, so that an examiner
        can derive a finding anew. It is slow and knows no caps.
    max_findings
        Findings of a pattern to keep, those with most money that enters them; the number of others
        is told in `Findings.left_out` and in the log.
    progress
        Called with (pattern, tasks done, tasks).

    Returns
    -------
    Findings
        Findings, evidence and truncations in canonical order.

    Raises
    ------
    ParameterError
        If `graph` is none, a detector is unknown or named twice, `engine` is unknown, or
        `max_findings` below 1.
    """
    if max_findings < 1:
        raise ParameterError(f"max_findings={max_findings} must be at least 1")
    require_graph(graph, "detect")
    specs = specs_of(graph, detectors)
    if engine not in ("kernel", "reference"):
        raise ParameterError(f"engine={engine!r} is neither 'kernel' nor 'reference'")
    if engine == "reference":
        view = as_view(graph)
        parts = []
        for d, p in specs:
            found = strongest(_as_output(d.reference(view, p)), d, max_findings)
            parts.append(assembled(graph, d, p, *found))
        return finished(graph, parts)
    runner = make_executor(executor)
    with runner.session(graph.edges) as session:
        begun = []
        for d, p in specs:
            raw = find_in(graph, d, p, runner, session, max_findings, progress)
            # tables are made while the next search runs
            begun.append(session.submit(partial(assembled, graph, d, p, *raw)))
            del raw
        parts = [future.result() for future in begun]
    return finished(graph, parts)


def assembled(
    graph: TransactionGraph, detector: Detector, params: Params, raw: Output, left_out: int
) -> Findings:
    """Return the findings of one detector, and how many were left out."""
    found = assemble(graph, detector, params, raw)
    return dataclasses.replace(found, left_out={detector.name: left_out} if left_out else {})


def finished(graph: TransactionGraph, parts: Iterable[Findings]) -> Findings:
    """Return the findings of several patterns in the order given, explained; log what was cut."""
    parts = list(parts)
    if not parts:
        return Findings()
    facts = facts_of(graph, pl.concat([p.findings["account"] for p in parts]))
    found = Findings(
        pl.concat([explained(graph, p.findings, p.evidence, facts) for p in parts]),
        pl.concat([p.evidence for p in parts]),
        pl.concat([p.truncations for p in parts]),
        {k: v for p in parts for k, v in p.parameters.items()},
        {k: v for p in parts for k, v in p.left_out.items()},
    )
    _tell_cuts(found)
    return found


def _tell_cuts(found: Findings) -> None:
    for pattern, n in found.left_out.items():
        _log.warning("%s: %d findings with less money than those kept are left out", pattern, n)
    cut = found.truncations.group_by("pattern", maintain_order=True).agg(
        pl.len(), pl.col("work_left").sum()
    )
    for row in cut.iter_rows():
        _log.warning("%s: %d anchors reached a cap, with at least %d edges not followed", *row)


def specs_of(
    graph: TransactionGraph, detectors: Iterable[Params | str] | Params | str | None
) -> list[tuple[Detector, Params]]:
    """Return the detectors asked for with their parameters, each once.

    Raises
    ------
    ParameterError
        If a detector is unknown or named twice.
    """
    if detectors is None:
        detectors = default_detectors(graph)
    if isinstance(detectors, str | type) or not isinstance(detectors, Iterable):
        detectors = [detectors]  # a class, or what is no detector, gets the error that names it
    out: list[tuple[Detector, Params]] = []
    for given in detectors:
        detector = detector_of(given)
        params = default_detectors(graph, [given])[0] if isinstance(given, str) else given
        if detector.name in [d.name for d, _ in out]:
            raise ParameterError(
                f"{detector.name} is asked for twice; run detect once for each set of parameters"
            )
        out.append((detector, params))
    return out


def find(
    graph: TransactionGraph,
    detector: Detector,
    params: Params,
    *,
    executor: Executor | int | None = None,
    max_findings: int = MAX_FINDINGS,
    progress: Progress | None = None,
    capacity: int = 1024,
) -> Output:
    """Run one detector's kernel over all units and return its raw arrays."""
    runner = make_executor(executor)
    with runner.session(graph.edges) as session:
        return find_in(graph, detector, params, runner, session, max_findings, progress, capacity)[
            0
        ]


def find_in(
    graph: TransactionGraph,
    detector: Detector,
    params: Params,
    runner: Executor,
    session: Session,
    max_findings: int = MAX_FINDINGS,
    progress: Progress | None = None,
    capacity: int = 1024,
) -> tuple[Output, int]:
    """Do the same with an executor that has the graph; also tell how many are left out."""
    edges = graph.edges
    search = Search(detector, prepared(detector, edges, params.limits()), capacity)
    n = runner.n_tasks(n_units(detector, edges, search.limits))
    tasks = [Task(params, number=k, n_tasks=n, shard=k, n_shards=n) for k in range(n)]

    def outputs() -> Iterator[Output]:
        for done, output in enumerate(session.map(search, tasks), start=1):
            yield output
            if progress is not None:
                progress(detector.name, done, n)

    if detector.select is None:
        return gathered(outputs(), detector, max_findings)
    chosen = detector.select(join_outputs(list(outputs())), search.limits)
    return strongest(chosen, detector, max_findings)


def as_view(graph: TransactionGraph) -> View:
    """Return the graph as the oracles read it: plain tuples."""
    e = graph.edges
    columns = (
        e.at,
        e.originator,
        e.beneficiary,
        e.sent,
        e.sent_currency,
        e.received,
        e.received_currency,
    )
    base = [None if b < 0 else b for b in e.base.tolist()]
    border = [bool(b) for b in e.border.tolist()]
    more = (c.tolist() for c in (e.origin, e.destination, e.instrument))
    rows = zip(range(e.at.size), *(c.tolist() for c in columns), base, border, *more, strict=True)
    opened = [None if at == UNKNOWN else at for at in e.opened.tolist()]
    return View([Transfer._make(r) for r in rows], e.holder.tolist(), opened)


def matches(raw: Output) -> list[Match]:
    """Return a kernel's raw arrays as the tuples that the oracle returns."""
    out = []
    low = 0
    for i, high in enumerate(raw.end.tolist()):
        evidence = zip(
            raw.row[low:high].tolist(),
            raw.role[low:high].tolist(),
            raw.amount[low:high].tolist(),
            strict=True,
        )
        out.append(
            Match(
                int(raw.anchor[i]),
                int(raw.account[i]),
                int(raw.multiplicity[i]),
                tuple(evidence),
                int(raw.measure[i]),
            )
        )
        low = high
    return out


def _as_output(found: list[Match]) -> Output:
    flat = [e for m in found for e in m.evidence]
    return Output(
        np.array([m.anchor for m in found], np.int64),
        np.array([m.account for m in found], np.int32),
        np.array([m.multiplicity for m in found], np.int64),
        np.array([m.measure for m in found], np.int64),
        np.cumsum([len(m.evidence) for m in found], dtype=np.int64),
        np.array([e[0] for e in flat], np.int64),
        np.array([e[1] for e in flat], np.int8),
        np.array([e[2] for e in flat], np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int32),
        np.empty(0, np.int8),
        np.empty(0, np.int64),
        np.zeros(N_COUNTS, np.int64),
    )
