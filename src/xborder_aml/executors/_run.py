"""Executors: they run the tasks of a search over one graph, here, in threads or in processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from xborder_aml._jit import n_threads
from xborder_aml.errors import ParameterError
from xborder_aml.executors._search import Search, search_task
from xborder_aml.executors._task import Task
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output

__all__ = [
    "TASKS_A_WORKER",
    "Executor",
    "SerialExecutor",
    "Session",
    "ThreadsExecutor",
    "check_workers",
    "done",
    "make_executor",
    "run_named",
]

TASKS_A_WORKER = 16
"""Enough that one heavy task does not leave the other workers idle at the end."""


_T = TypeVar("_T")


class Session(Protocol):
    """An executor that has been given a graph."""

    def map(self, search: Search, tasks: Sequence[Task]) -> Iterator[Output]:
        """Yield what each task finds, in the order of the tasks."""
        ...

    def submit(self, work: Callable[[], _T]) -> Future[_T]:
        """Begin other work, before all tasks that come later; or do it at once."""
        ...


def done(work: Callable[[], _T]) -> Future[_T]:
    """Do work at once; an error is raised here."""
    future: Future[_T] = Future()
    future.set_result(work())
    return future


@runtime_checkable
class Executor(Protocol):
    """Runs tasks over a graph. The tasks say what is found, so that no executor changes it."""

    def n_tasks(self, n_units: int) -> int:
        """Return into how many tasks to cut that many units."""
        ...

    def session(self, edges: Edges) -> AbstractContextManager[Session]:
        """Make a graph known to the workers, for as long as the context lasts."""
        ...


def run_named(edges: Edges, search: Search, task: Task) -> Output:
    """Run a task; an error says which one it was."""
    try:
        return search_task(edges, search, task)
    except Exception as error:
        error.add_note(f"raised in {task}")
        raise


def check_workers(workers: object, what: str) -> None:
    """Refuse a number of workers that is none."""
    if not isinstance(workers, int | np.integer) or isinstance(workers, bool) or workers < 1:
        raise ParameterError(f"workers={workers!r} must be a whole number of at least 1 {what}")


@dataclass(frozen=True, slots=True)
class SerialExecutor:
    """One task after another, in the calling thread."""

    def n_tasks(self, n_units: int) -> int:
        """Return 1, or more where there is progress to show."""
        return max(1, min(TASKS_A_WORKER, n_units))

    @contextmanager
    def session(self, edges: Edges) -> Iterator[Session]:
        """Make a graph known."""
        yield _Serial(edges)


@dataclass(frozen=True, slots=True)
class _Serial:
    edges: Edges

    def map(self, search: Search, tasks: Sequence[Task]) -> Iterator[Output]:
        return (run_named(self.edges, search, task) for task in tasks)

    def submit(self, work: Callable[[], _T]) -> Future[_T]:
        return done(work)


@dataclass(frozen=True, slots=True)
class ThreadsExecutor:
    """A pool of threads; kernels release the interpreter's lock."""

    workers: int

    def __post_init__(self) -> None:
        """Check the number of threads."""
        check_workers(self.workers, "thread")

    def n_tasks(self, n_units: int) -> int:
        """Return several tasks a worker."""
        return max(1, min(TASKS_A_WORKER * self.workers, n_units))

    @contextmanager
    def session(self, edges: Edges) -> Iterator[Session]:
        """Start the threads."""
        pool = ThreadPoolExecutor(self.workers)
        try:
            yield _Threads(pool, edges)
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Threads:
    pool: ThreadPoolExecutor
    edges: Edges

    def map(self, search: Search, tasks: Sequence[Task]) -> Iterator[Output]:
        return self.pool.map(lambda task: run_named(self.edges, search, task), tasks)

    def submit(self, work: Callable[[], _T]) -> Future[_T]:
        return self.pool.submit(work)


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
