"""Parts of the job that leave no files: reading, finding, compiling."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Literal

import polars as pl

from xborder_aml._jit import cache_folder
from xborder_aml.batch._checks import check, find_inputs
from xborder_aml.batch._manifest import incomplete
from xborder_aml.batch._stages import executor_of, graph_of, read_input, specs
from xborder_aml.batch.config import BatchConfig
from xborder_aml.detection import Progress, detect
from xborder_aml.detectors import registry
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.normalise import Ledger
from xborder_aml.report.sheets import flat
from xborder_aml.synth import example_ledger

__all__ = ["detect_ledger", "read_ledger_file", "told_incomplete", "warm_up", "write_table"]


def read_ledger_file(
    ledger: str | Path, config: BatchConfig | None = None, *, progress: Progress | None = None
) -> Ledger:
    """Read a ledger as a configuration says, and write nothing.

    Raises
    ------
    XBorderAMLError
        As `run_batch`.
    """
    config, path = config or BatchConfig(), Path(ledger)
    check(config)
    accounts = dict(find_inputs(path, config)).get("accounts")
    if progress is not None:
        progress("read", 0, 1)
    read = read_input(path, config, accounts)
    if progress is not None:
        progress("read", 1, 1)
    return read


def detect_ledger(
    ledger: str | Path, config: BatchConfig | None = None, *, progress: Progress | None = None
) -> tuple[Ledger, Findings]:
    """Read a ledger and run the detectors, and write nothing.

    Raises
    ------
    XBorderAMLError
        As `run_batch`.
    """
    config = config or BatchConfig()
    read = read_ledger_file(ledger, config, progress=progress)
    graph = graph_of(read.transactions, read.accounts, config)
    chosen = specs(graph, config)
    return read, detect(graph, chosen, executor=executor_of(config), progress=progress)


def write_table(frame: pl.DataFrame, file: IO[bytes], form: Literal["csv", "jsonl"]) -> None:
    """Write a table to an open file: CSV, where lists are joined by ``"; "``, or JSON lines."""
    text = flat(frame).write_csv() if form == "csv" else frame.write_ndjson()
    # polars would tell of a reader who has left by a plain OSError, and not by BrokenPipeError
    file.write(text.encode())


def told_incomplete(ledger: Ledger, findings: Findings | None = None) -> tuple[str, ...]:
    """Return what a reading, and a search, do not cover, one sentence each."""
    patterns = [] if findings is None else findings.summary().rows(named=True)
    return tuple(
        incomplete({"reading": ledger.summary, "detectors": {r["pattern"]: r for r in patterns}})
    )


def warm_up(progress: Progress | None = None) -> Path | None:
    """Compile every kernel on a tiny ledger; return the folder that keeps the machine code.

    None means that no folder can be written, so that each process compiles anew.
    """
    graph = TransactionGraph(example_ledger())
    names = list(registry())
    for i, name in enumerate(names):
        if progress is not None:
            progress("compile", i, len(names))
        detect(graph, name, executor=1)
    if progress is not None:
        progress("compile", len(names), len(names))
    return cache_folder()
