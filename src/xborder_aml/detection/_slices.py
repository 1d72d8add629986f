"""A search cut into tasks that any scheduler can run, and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
import polars as pl

from xborder_aml.detection._detect import assembled, finished, specs_of
from xborder_aml.detection._places import Places
from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Detector, Params
from xborder_aml.errors import ParameterError
from xborder_aml.executors import Search, Task
from xborder_aml.executors._search import prepared, search_task
from xborder_aml.executors._strongest import MAX_FINDINGS, strongest
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph, require_graph
from xborder_aml.kernels.output import N_COUNTS, Output

__all__ = ["Part", "join_parts", "plan", "run_task", "search_alone", "tasks_of"]


@dataclass(frozen=True, eq=False)
class Part:
    """What one task found, in ids and account keys, which mean the same on every machine.

    Parameters
    ----------
    task
        The task.
    findings
        anchor, account, multiplicity, measure, n_evidence.
    evidence
        transaction_id, role, amount_minor: of one finding after another.
    cuts
        anchor, account, cap, work_left.
    """

    task: Task
    findings: pl.DataFrame
    evidence: pl.DataFrame
    cuts: pl.DataFrame


def plan(
    graph: TransactionGraph,
    detectors: Iterable[Params | str] | Params | str | None = None,
    *,
    slices: int = 8,
) -> list[Task]:
    """Cut a search into tasks that need no shared memory, such as a cluster's jobs.

    A detector that looks only so far from its anchors gets slices of time with a halo; one that
    reads all of an account's transactions gets ranges of accounts; any other reads the whole ledger
    in each task and searches a part of it. Tasks are cut so that each has about as many
    transactions to search. A slice much shorter than its halo reads most transactions twice.

    Parameters
    ----------
    graph
        The transactions.
    detectors
        As in `detect`.
    slices
        Tasks for each detector; a moment with very many transactions may add some.

    Returns
    -------
    tasks
        For `run_task`, in any order and anywhere; `join_parts` puts together what they find.

    Raises
    ------
    ParameterError
        If `slices` is below 1, or a detector is unknown or named twice.
    """
    require_graph(graph, "plan")
    if slices < 1 or slices % 1:
        raise ParameterError(f"slices={slices!r} must be a whole number of at least 1")
    tasks = [
        task
        for detector, params in specs_of(graph, detectors)
        # durations as a task's plain values write them, so that one that travelled is the same
        for task in tasks_of(graph, detector, params.from_dict(params.to_dict()), slices)
    ]
    return [replace(task, number=i, n_tasks=len(tasks)) for i, task in enumerate(tasks)]


def tasks_of(
    graph: TransactionGraph, detector: Detector, params: Params, slices: int
) -> Iterator[Task]:
    """Cut the search of one detector."""
    if detector.reach is not None and graph.n_transactions:
        halo = detector.reach(params.limits())
        at = graph.edges.at
        target = -(-at.size // slices)
        starts = np.unique(at[np.arange(slices) * at.size // slices])
        for start, end in pairwise([*starts.tolist(), int(at[-1]) + 1]):
            n = int(np.searchsorted(at, end) - np.searchsorted(at, start))
            heavy = n // (2 * target) + 1  # one moment may hold more than a slice should
            for k in range(heavy):
                yield Task(params, times=(start, end), halo=halo, shard=k, n_shards=heavy)
    elif detector.reach is None and detector.unit == "account" and graph.n_transactions:
        yield from (Task(params, accounts=names) for names in _ranges(graph, slices))
    else:
        yield from (Task(params, shard=k, n_shards=slices) for k in range(slices))


def _ranges(graph: TransactionGraph, n: int) -> list[tuple[str, str]]:
    """Return first and last accounts of at most `n` ranges with about as many transactions."""
    e = graph.edges
    ends = np.cumsum(np.diff(e.out_ptr) + np.diff(e.in_ptr))
    last = np.unique(np.searchsorted(ends, ends[-1] * np.arange(1, n + 1) // n))
    bounds = [-1, *last.tolist()]
    bounds[-1] = graph.n_accounts - 1
    names = graph.account_names
    return [(names[low + 1], names[high]) for low, high in pairwise(bounds)]


def run_task(graph: TransactionGraph, task: Task) -> Part:
    """Run one task of a plan: a pure function, for any worker.

    Parameters
    ----------
    graph
        The planned graph, or one made of at least ``task.rows`` of its transactions and of the same
        accounts table.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> parts = [xb.run_task(graph, task) for task in xb.plan(graph, xb.RoundTrip(), slices=3)]
    >>> xb.join_parts(graph, parts).equals(xb.detect(graph, xb.RoundTrip()))
    True
    """
    require_graph(graph, "run_task")
    return _part(graph, task, search_alone(graph, detector_of(task.params), task))


def search_alone(graph: TransactionGraph, detector: Detector, task: Task) -> Output:
    """Run one task, preparing what it needs; rows and accounts are the graph's."""
    limits, chosen = task.params.limits(), None
    if task.accounts is not None:
        first, last = map(pl.lit, task.accounts)
        chosen = graph.account_names.is_between(first, last).to_numpy()
    elif task.times is None:
        limits = prepared(detector, graph.edges, limits)
    return search_task(graph.edges, Search(detector, limits), task, chosen)


def _part(graph: TransactionGraph, task: Task, out: Output) -> Part:
    ids, names = graph.transaction_ids, graph.account_names
    return Part(
        task,
        pl.DataFrame(
            {
                "anchor": ids[out.anchor],
                "account": names.gather(out.account),
                "multiplicity": out.multiplicity,
                "measure": out.measure,
                "n_evidence": np.diff(out.end, prepend=0),
            }
        ),
        pl.DataFrame(
            {"transaction_id": ids[out.row], "role": out.role, "amount_minor": out.amount}
        ),
        pl.DataFrame(
            {
                "anchor": ids[out.cut_anchor],
                "account": names.gather(out.cut_account),
                "cap": out.cut_cap,
                "work_left": out.cut_left,
            }
        ),
    )


def join_parts(
    graph: TransactionGraph, parts: Iterable[Part], *, max_findings: int = MAX_FINDINGS
) -> Findings:
    """Put together what the tasks of one plan found: the same as `detect`, to the byte.

    Parameters
    ----------
    graph
        The planned graph.
    parts
        What `run_task` returned for each task of the plan, in any order.
    max_findings
        As in `detect`.

    Raises
    ------
    ParameterError
        If parts are missing, all or some, come twice, or are of different plans.
    DataError
        If the graph does not have a transaction or an account that a part names.
    """
    ordered = sorted(parts, key=lambda part: part.task.number)
    _check_complete([part.task for part in ordered])
    places = Places(graph)
    found = []
    for _, group in groupby(ordered, key=lambda part: part.task.pattern):
        of = list(group)
        params = of[0].task.params
        out = _output(of, places)
        detector = detector_of(params)
        if detector.select is not None:
            out = detector.select(out, prepared(detector, graph.edges, params.limits()))
        found.append(assembled(graph, detector, params, *strongest(out, detector, max_findings)))
    return finished(graph, found)


def _check_complete(tasks: list[Task]) -> None:
    if not tasks:
        raise ParameterError("no parts came; join what run_task returned for each task of a plan")
    sizes = {task.n_tasks for task in tasks}
    if len(sizes) > 1:
        raise ParameterError(
            f"the parts are of plans with {' and '.join(map(str, sorted(sizes)))} tasks; join the "
            "parts of one plan"
        )
    numbers = [task.number for task in tasks]
    missing = sorted(set(range(*sizes)) - set(numbers))
    if missing:
        raise ParameterError(
            f"{len(missing)} of {len(numbers) + len(missing)} tasks of the plan have no part, the "
            f"first of them number {missing[0]}; run them, or run them again"
        )
    if len(numbers) > len(set(numbers)):
        raise ParameterError(
            f"{len(numbers)} parts came for the {tasks[0].n_tasks} tasks of the plan; keep one "
            "part a task"
        )


def _output(parts: list[Part], places: Places) -> Output:
    """Return the parts of one detector as arrays of the graph's rows and account codes."""
    found = pl.concat([part.findings for part in parts])
    evidence = pl.concat([part.evidence for part in parts])
    cuts = pl.concat([part.cuts for part in parts])
    return Output(
        places.rows(found["anchor"]),
        places.accounts(found["account"]),
        found["multiplicity"].to_numpy(),
        found["measure"].to_numpy(),
        np.cumsum(found["n_evidence"].to_numpy()),
        places.rows(evidence["transaction_id"]),
        evidence["role"].to_numpy(),
        evidence["amount_minor"].to_numpy(),
        places.rows(cuts["anchor"]),
        places.accounts(cuts["account"]),
        cuts["cap"].to_numpy(),
        cuts["work_left"].to_numpy(),
        np.zeros(N_COUNTS, np.int64),
    )
