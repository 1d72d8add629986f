"""The ledgers that are measured, each as a file that the library reads like anyone else's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_DATA_VARIABLE = "XBORDER_AML_DATA"
_ROWS = 5_000_000


class Ledger(NamedTuple):
    """A ledger to measure.

    Parameters
    ----------
    title
        Heading in the tables.
    options
        Arguments of `read_ledger`.
    n_permutations
        Permuted ledgers that the scorer searches.
    make
        Writes the ledger into a folder and returns its path, or returns that of a file that is
        there; None when there is none.
    """

    title: str
    options: dict[str, Any]
    n_permutations: int
    make: Callable[[Path], Path | None]


def _demo(folder: Path) -> Path:
    from xborder_aml.synth import demo_ledger, write_demo

    return write_demo(folder, demo_ledger())["ledger"]


def _tide(_folder: Path) -> Path | None:
    named = os.environ.get(_DATA_VARIABLE)
    data = Path(named) if named else ROOT.parent / "shared" / "data"
    path = data / "tide" / "transactions.csv.gz"
    return path if path.is_file() else None


def _background(folder: Path) -> Path:
    """Write the synthetic ledger as plain CSV, with the raw names of the readers."""
    import polars as pl

    from xborder_aml.synth import background

    def decimal(column: str) -> pl.Expr:
        minor = pl.col(column)
        return pl.format("{}.{}", minor // 100, (minor % 100).cast(pl.String).str.zfill(2))

    path = folder / "ledger.csv"
    background(_ROWS).select(
        "transaction_id",
        pl.col("executed_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "originator",
        "beneficiary",
        decimal("sent_minor").alias("amount"),
        pl.col("sent_currency").alias("currency"),
        decimal("received_minor").alias("received_amount"),
        "received_currency",
        decimal("base_minor").alias("base_amount"),
        "originator_jurisdiction",
        "beneficiary_jurisdiction",
        "instrument",
        "purpose",
        "reverses",
    ).write_csv(path)
    return path


LEDGERS: dict[str, Ledger] = {
    "demo": Ledger("The demonstration ledger", {"base_currency": "EUR"}, 9, _demo),
    "tide": Ledger("Tide, a generated ledger read from gzip", {"source": "tide"}, 9, _tide),
    "synthetic": Ledger(
        "Five million synthetic transactions", {"base_currency": "EUR"}, 3, _background
    ),
}
"""By the name of their results file."""
