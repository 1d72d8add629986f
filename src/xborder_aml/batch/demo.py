"""`run_demo`: the whole job on a made-up ledger whose truth is known."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from xborder_aml.batch.config import BatchConfig
from xborder_aml.batch.run import Outcome, run_batch
from xborder_aml.detection import Progress
from xborder_aml.findings import Findings
from xborder_aml.synth import demo_ledger, evaluate_demo, write_demo
from xborder_aml.synth.assess import ASSESSMENT

__all__ = ["ASSESSMENT", "run_demo"]


def run_demo(
    out: str | Path,
    *,
    seed: int = 7,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Outcome, pl.DataFrame]:
    """Make a labelled ledger, do the whole job on its file, and compare with what was planted.

    Parameters
    ----------
    out
        Folder for the ledger (``ledger.csv``, ``accounts.csv``, ``planted.parquet``) and results.
    seed
        Seed of the ledger.
    workers
        Threads; the results are the same.
    progress
        As in `run_batch`.

    Returns
    -------
    tuple of Outcome and DataFrame
        The second is as `synth.evaluate_demo` returns it.
    """
    if progress is not None:
        progress("make the ledger", 0, 1)
    demo = demo_ledger(seed=seed)
    ledger = write_demo(out, demo)["ledger"]
    if progress is not None:
        progress("make the ledger", 1, 1)
    config = BatchConfig(base_currency="EUR", workers=workers)
    outcome = run_batch(ledger, out, config, progress=progress)
    found = Findings(
        outcome.table("findings"),
        outcome.table("evidence"),
        outcome.table("truncations"),
        {name: told["parameters"] for name, told in outcome.manifest["detectors"].items()},
    )
    return outcome, evaluate_demo(demo, found, outcome.table("accounts"))
