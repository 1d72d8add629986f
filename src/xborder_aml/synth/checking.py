"""Compare a ledger that was written with another, or with published statistics."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl

from xborder_aml.synth.fidelity import compare_ledgers, find_ledger, open_ledger
from xborder_aml.synth.fidelity_page import write_fidelity
from xborder_aml.synth.published import COUNTED, check_published, published_of, seen_of

__all__ = ["PUBLISHED_WORD", "check_reference", "check_written"]

PUBLISHED_WORD = "published"
"""Stands for the statistics of the data set that a preset is named after."""


def check_reference(preset: str, reference: str) -> None:
    """Refuse what no ledger of a preset can be compared with, before one is made.

    Raises
    ------
    ParameterError
        If no published statistics of the preset are kept.
    DatasetUnavailableError
        If there is no such ledger.
    """
    if reference == PUBLISHED_WORD:
        published_of(preset)
    else:
        find_ledger(reference)


def check_written(folder: str | os.PathLike[str], reference: str) -> tuple[pl.DataFrame, Path]:
    """Compare the ledger in a folder, and write ``fidelity.html`` and ``fidelity.csv`` beside it.

    Parameters
    ----------
    folder
        That `write_ledger` wrote.
    reference
        A ledger, as `open_ledger` takes it, or ``"published"``.

    Returns
    -------
    tuple of DataFrame and Path
        The comparison, and the page.

    Raises
    ------
    ParameterError
        If no published statistics of the preset are kept.
    DatasetUnavailableError
        If there is no such ledger.
    """
    place = Path(folder)
    summary = json.loads((place / "summary.json").read_text("utf-8"))["summary"]
    page = place / "fidelity.html"
    name, seed = summary["preset"], summary["seed"]
    if reference == PUBLISHED_WORD:
        patterns = pl.read_parquet(place / "patterns.parquet")
        written = place / "transactions.parquet"
        # no more of it than is counted: its text takes several times the memory
        whole = not written.is_file()
        transactions = open_ledger(place) if whole else pl.read_parquet(written, columns=COUNTED)
        table = check_published(name, seen_of(transactions, patterns, summary))
        write_fidelity(page, title=f"{name}, seed {seed}, and what is published", published=table)
    else:
        fidelity = compare_ledgers(open_ledger(place), open_ledger(reference))
        table = fidelity.table
        title = f"{name}, seed {seed}, and {Path(reference).name}"
        write_fidelity(page, title=title, fidelity=fidelity)
    table.write_csv(place / "fidelity.csv")
    return table, page
