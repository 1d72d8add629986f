"""Serial and threaded executors over ranges of anchors or centre accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from xborder_aml._jit import n_threads
from xborder_aml.errors import ParameterError
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import FULL, Output, grown, make_output, resume_unit, trimmed

__all__ = [
    "Executor",
    "SerialExecutor",
    "Task",
    "ThreadsExecutor",
    "join_outputs",
    "make_executor",
    "run_task",
]

_TASKS_A_THREAD = 16
"""Enough that one heavy task does not leave the other threads idle at the end."""


class Task(NamedTuple):
    """A range of units, ``[first, last)``, for one search."""

    first: int
    last: int


def run_task(
    search: Callable[[Edges, Any, int, int, Output], int],
    edges: Edges,
    limits: Any,
    task: Task,
    capacity: int = 1024,
) -> Output:
    """Run a search over one range, growing its output as needed.

    Parameters
    ----------
    capacity
        Rows to start with; the result does not depend on it.
    """
    out = make_output(capacity, capacity, capacity)
    first = task.first
    while search(edges, limits, first, task.last, out) == FULL:
        first = resume_unit(out)
        out = grown(out)
    return trimmed(out)


def join_outputs(outputs: Sequence[Output]) -> Output:
    """Concatenate the outputs of consecutive ranges."""
    shift = np.cumsum([0] + [o.row.size for o in outputs])
    ends = [o.end + s for o, s in zip(outputs, shift, strict=False)]
    columns = [np.concatenate(parts) for parts in zip(*outputs, strict=True)]
    joined = Output(*columns)
    return joined._replace(end=np.concatenate(ends))


@runtime_checkable
class Executor(Protocol):
    """Runs a function over tasks and yields its results in task order."""

    def n_tasks(self, n_units: int) -> int:
        """Return into how many ranges to cut that many units."""
        ...

    def map(self, run: Callable[[Task], Output], tasks: Sequence[Task]) -> Iterator[Output]:
        """Yield ``run(task)`` for each task, in order."""
        ...


@dataclass(frozen=True, slots=True)
class SerialExecutor:
    """One task after another, in the calling thread."""

    def n_tasks(self, n_units: int) -> int:
        """Return 1, or more where there is progress to show."""
        return max(1, min(_TASKS_A_THREAD, n_units))

    def map(self, run: Callable[[Task], Output], tasks: Sequence[Task]) -> Iterator[Output]:
        """Yield ``run(task)`` for each task, in order."""
        return map(run, tasks)


@dataclass(frozen=True, slots=True)
class ThreadsExecutor:
    """A pool of threads; kernels release the interpreter's lock."""

    workers: int

    def __post_init__(self) -> None:
        """Check the number of threads."""
        if self.workers < 1:
            raise ParameterError(f"workers={self.workers} must be at least 1 thread")

    def n_tasks(self, n_units: int) -> int:
        """Return several tasks a worker."""
        return max(1, min(_TASKS_A_THREAD * self.workers, n_units))

    def map(self, run: Callable[[Task], Output], tasks: Sequence[Task]) -> Iterator[Output]:
        """Yield ``run(task)`` for each task, in order."""
        with ThreadPoolExecutor(self.workers) as pool:
            yield from pool.map(run, tasks)


def make_executor(executor: Executor | int | None) -> Executor:
    """Return an executor: one that was given, so many threads, or by default all usable cores.

    Raises
    ------
    ParameterError
        If it is neither, or the number of threads is below 1.
    """
    if executor is None:
        executor = n_threads()
    if isinstance(executor, int | np.integer) and not isinstance(executor, bool) and executor >= 1:
        return SerialExecutor() if executor == 1 else ThreadsExecutor(int(executor))
    if isinstance(executor, int | np.integer) or not isinstance(executor, Executor):
        raise ParameterError(
            f"executor={executor!r} must be an Executor, or a number of threads of at least 1"
        )
    return executor
