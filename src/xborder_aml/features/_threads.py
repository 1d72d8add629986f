"""Kernels side by side: they release the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from xborder_aml.errors import ParameterError

__all__ = ["FEW_ROWS", "run"]

FEW_ROWS = 16_384
"""So few rows are done before threads have started."""


def run(function: Callable[[Any], Any], tasks: Sequence[Any], threads: int) -> list[Any]:
    """Return what a function makes of each task."""
    if threads < 1:
        raise ParameterError(f"threads={threads} must be at least 1")
    if threads == 1 or len(tasks) == 1:
        return [function(task) for task in tasks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, tasks))
