"""The whole job on a ledger in one call: read, detect, score, refer, report.

`run_batch` writes every table, the report and a manifest into a folder, resumes after it was
killed, and tells what is incomplete. `BatchConfig` holds every choice, and loads nothing heavy, so
that the command line can show its help at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from xborder_aml.batch.config import STAGES, BatchConfig, Stage, setting_of

if TYPE_CHECKING:
    from xborder_aml.batch.demo import run_demo
    from xborder_aml.batch.describe import describe_detectors, describe_sources
    from xborder_aml.batch.direct import (
        detect_ledger,
        read_ledger_file,
        told_incomplete,
        warm_up,
        write_table,
    )
    from xborder_aml.batch.run import Outcome, run_batch

__all__ = [
    "STAGES",
    "BatchConfig",
    "Outcome",
    "Stage",
    "describe_detectors",
    "describe_sources",
    "detect_ledger",
    "read_ledger_file",
    "run_batch",
    "run_demo",
    "setting_of",
    "told_incomplete",
    "warm_up",
    "write_table",
]

_HOME = {
    "Outcome": "run",
    "describe_detectors": "describe",
    "describe_sources": "describe",
    "detect_ledger": "direct",
    "read_ledger_file": "direct",
    "run_batch": "run",
    "run_demo": "demo",
    "told_incomplete": "direct",
    "warm_up": "direct",
    "write_table": "direct",
}


def __getattr__(name: str) -> Any:
    """Load what runs a batch when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
