"""How a search is spread over workers; the result is the same for all of them."""

from __future__ import annotations

from xborder_aml.executors._processes import ProcessesExecutor
from xborder_aml.executors._run import (
    Executor,
    SerialExecutor,
    Session,
    ThreadsExecutor,
    make_executor,
)
from xborder_aml.executors._search import Search, join_outputs, run_range
from xborder_aml.executors._task import Task

__all__ = [
    "Executor",
    "ProcessesExecutor",
    "Search",
    "SerialExecutor",
    "Session",
    "Task",
    "ThreadsExecutor",
    "join_outputs",
    "make_executor",
    "run_range",
]
