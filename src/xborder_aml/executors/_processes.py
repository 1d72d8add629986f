"""Worker processes that map one graph: for detectors in plain Python, and to keep faults apart."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple, TypeVar

from xborder_aml.detectors import detector_of
from xborder_aml.errors import ParameterError, WorkerError
from xborder_aml.executors._lay import lay, pick_up
from xborder_aml.executors._run import TASKS_A_WORKER, Session, check_workers, done, run_named
from xborder_aml.executors._search import Search
from xborder_aml.executors._task import Task
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output

__all__ = ["ProcessesExecutor"]

_T = TypeVar("_T")

_PATIENCE = 5
"""Seconds that an idle worker is given to end by itself."""


@dataclass(frozen=True, slots=True)
class ProcessesExecutor:
    """Processes that share the graph's arrays through a folder of files that they map.

    Threads are as fast and start at once; processes help where a detector of your own is plain
    Python, which holds the interpreter's lock. They are started anew (spawned), so a script must
    call this under ``if __name__ == "__main__":``. None outlives the search, however it ends.

    Parameters
    ----------
    workers
        Number of processes.
    folder
        Where to lay the arrays, about 82 bytes a transaction; by default the system's folder for
        temporary files. They are removed at the end.
    """

    workers: int
    folder: str | None = None

    def __post_init__(self) -> None:
        """Check the number of processes, and the folder."""
        check_workers(self.workers, "process")
        if self.folder is not None and not Path(self.folder).is_dir():
            raise ParameterError(
                f"folder={self.folder!r} is no folder to lay arrays in; make it, or leave it out"
            )

    def n_tasks(self, n_units: int) -> int:
        """Return several tasks a worker."""
        return max(1, min(TASKS_A_WORKER * self.workers, n_units))

    @contextmanager
    def session(self, edges: Edges) -> Iterator[Session]:
        """Lay the graph's arrays and start the processes."""
        with ExitStack() as stack:
            named = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="xborder-aml-", dir=self.folder)
            )
            folder = Path(named)
            lay(edges, folder / "edges")
            workers = [stack.enter_context(_worker(folder)) for _ in range(self.workers)]
            yield _Processes(folder, tuple(workers))


class _Job(NamedTuple):
    """What goes to a worker: a task, and the name of the file with its limits."""

    task: Task
    limits: str
    capacity: int


class _Failed(NamedTuple):
    """What comes back in place of an output."""

    error: Exception


class _Worker(NamedTuple):
    pipe: Connection
    process: multiprocessing.process.BaseProcess


@contextmanager
def _worker(folder: Path) -> Iterator[_Worker]:
    """Start a process, and see to it that it has ended when the context does."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, folder), daemon=True)
    process.start()
    theirs.close()  # so that its death closes the last copy, and is heard
    try:
        yield _Worker(ours, process)
        ours.close()  # tells an idle worker to end
        process.join(_PATIENCE)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _serve(pipe: Connection, folder: Path) -> None:
    """Run tasks until the other end closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    edges: Edges = pick_up(folder / "edges")
    name, limits = "", None
    while True:
        try:
            job: _Job = pipe.recv()
        except EOFError:
            return
        try:
            if job.limits != name:
                name, limits = job.limits, pick_up(folder / job.limits)
            search = Search(detector_of(job.task.params), limits, job.capacity)
            pipe.send(run_named(edges, search, job.task))
        except Exception as error:  # noqa: BLE001 (it is raised in the parent)
            pipe.send(_Failed(_told(error)))


def _told(error: Exception) -> Exception:
    """Return the error with its traceback as a note, or what it says if it cannot travel."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 (whatever an outside error's own pickling raises)
        plain = WorkerError(f"{type(error).__name__} in a worker process: {error}")
        for note in error.__notes__:
            plain.add_note(note)
        return plain
    return error


@dataclass(frozen=True, slots=True)
class _Processes:
    folder: Path
    workers: tuple[_Worker, ...]
    laid: list[str] = field(default_factory=list)

    def map(self, search: Search, tasks: Sequence[Task]) -> Iterator[Output]:
        for task in tasks[:1]:
            if detector_of(task.params).search is not search.detector.search:
                raise ParameterError(
                    f"{search.detector.name} is not the detector that its parameters name; "
                    "processes know a detector by its parameters, so register it, or use threads"
                )
        name = f"limits-{len(self.laid)}"
        self.laid.append(name)
        lay(search.limits, self.folder / name)
        yield from self._in_order([_Job(task, name, search.capacity) for task in tasks])

    def submit(self, work: Callable[[], _T]) -> Future[_T]:
        return done(work)  # what a worker returns is copied, and this can be large

    def _in_order(self, jobs: list[_Job]) -> Iterator[Output]:
        left = deque(enumerate(jobs))
        idle = [w.pipe for w in self.workers]
        busy: dict[Connection, int] = {}
        done: dict[int, Output] = {}
        due = 0
        while due < len(jobs):
            while left and idle:
                pipe = idle.pop()
                busy[pipe], job = left.popleft()
                self._send(pipe, job)
            for ready in wait(busy):
                assert isinstance(ready, Connection)
                number = busy.pop(ready)
                done[number] = self._answer(ready, jobs[number])
                idle.append(ready)
            while due in done:
                yield done.pop(due)
                due += 1

    def _send(self, pipe: Connection, job: _Job) -> None:
        try:
            pipe.send(job)
        except OSError as error:
            raise self._died(pipe, job) from error

    def _answer(self, pipe: Connection, job: _Job) -> Output:
        try:
            answer: Output | _Failed = pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died(pipe, job) from error
        if isinstance(answer, _Failed):
            raise answer.error
        return answer

    def _died(self, pipe: Connection, job: _Job) -> WorkerError:
        process = next(w.process for w in self.workers if w.pipe is pipe)
        process.join(_PATIENCE)
        return WorkerError(
            f"a worker process ended with code {process.exitcode} in {job.task}. Code -9 is most "
            "often the system short of memory: use fewer workers, or threads. Code 1 at the first "
            'task is most often a script without if __name__ == "__main__":'
        )
