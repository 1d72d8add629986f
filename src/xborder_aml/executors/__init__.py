"""How a search is spread over workers: the same tasks, whatever runs them."""

from __future__ import annotations

from xborder_aml.executors._run import (
    Executor,
    SerialExecutor,
    Task,
    ThreadsExecutor,
    make_executor,
    run_task,
)

__all__ = [
    "Executor",
    "SerialExecutor",
    "Task",
    "ThreadsExecutor",
    "make_executor",
    "run_task",
]
