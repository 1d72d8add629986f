"""Take the time and the peak memory of one piece of work, and the facts of the machine."""

from __future__ import annotations

import gc
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"  # proc(5): resets the peak of resident memory to what is resident now
_ENOUGH_SECONDS = 1.5  # short work is repeated until so much was spent on it
_MOST_REPEATS = 5
_MEGABYTE = 1_000_000
_PACKAGES = ("numpy", "polars", "numba", "llvmlite")


def measure(work: Callable[[], Any], *, most: int = _MOST_REPEATS) -> tuple[Any, dict[str, Any]]:
    """Run `work` and return its result with a record of what it took.

    Parameters
    ----------
    most
        Most repeats; 1 for work that is not the same when done again.

    Returns
    -------
    tuple
        The first result, and ``seconds`` and ``cpu_seconds`` (one of each repeat; on a quiet
        machine and one thread they are alike), ``held_mb`` (resident before: the inputs) and
        ``peak_mb`` (highest during the first run, inputs included).
    """
    gc.collect()
    reset_peak()
    held = peak_mb()
    result, *first = _timed(work)
    peak = peak_mb()
    runs = [first]
    while len(runs) < most and sum(wall for wall, _ in runs) + runs[-1][0] < _ENOUGH_SECONDS:
        runs.append(_timed(work)[1:])
    return result, {
        "seconds": [round(wall, 4) for wall, _ in runs],
        "cpu_seconds": [round(cpu, 4) for _, cpu in runs],
        "held_mb": round(held),
        "peak_mb": round(peak),
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the result, and the seconds of the wall clock and of all processors."""
    cpu, start = time.process_time(), time.perf_counter()
    result = work()
    return result, time.perf_counter() - start, time.process_time() - cpu


def reset_peak() -> None:
    """Forget the peak so far, where the system can.

    Without this, a child would report the memory of its parent, and of its own preparations.
    """
    if _CLEAR_REFS.exists():
        _CLEAR_REFS.write_text(_RESET_PEAK, "ascii")


def peak_mb() -> float:
    """Return the peak of this process's resident memory since `reset_peak`, in megabytes (1e6).

    Where there is no ``/proc``, a child may report the peak of the parent that started it.
    """
    if _STATUS.exists():
        lines = _STATUS.read_text("ascii", "replace").splitlines()
        kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(kilobytes) * 1_024 / _MEGABYTE
    unit = 1 if sys.platform == "darwin" else 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MEGABYTE


def resident_mb(pid: int) -> float:
    """Return the resident memory of another process, in megabytes (1e6); 0 where none is told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError):  # no /proc, or the process has just ended
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def machine() -> dict[str, Any]:
    """Return what the figures depend on, and nothing that tells whose machine it is."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": cores,
        "memory_gb": round(memory / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
