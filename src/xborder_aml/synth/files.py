"""A demonstration ledger as files that the library reads like anyone else's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl

from xborder_aml.schema import ACCOUNTS
from xborder_aml.synth.demo import DemoLedger

__all__ = ["write_demo"]

_SIDES = ("originator", "beneficiary")
_OWNER = ("holder", "holder_jurisdiction", "kind")


def write_demo(folder: str | os.PathLike[str], demo: DemoLedger) -> dict[str, Path]:
    """Write a demonstration ledger; each file appears whole or not at all.

    ``ledger.csv`` names its columns as the source ``generic`` does, with the owners of both
    accounts on each row, so that one file is enough::

        read_ledger(folder / "ledger.csv", base_currency="EUR")

    Parameters
    ----------
    folder
        Made if it is not there. Files of the same names are replaced.

    Returns
    -------
    dict
        ``ledger`` (CSV), ``accounts`` (CSV) and ``planted`` (Parquet), each with its path.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    paths = {
        "ledger": place / "ledger.csv",
        "accounts": place / "accounts.csv",
        "planted": place / "planted.parquet",
    }
    _whole(paths["ledger"], _ledger(demo).write_csv)
    known = [c.name for c in ACCOUNTS if demo.accounts[c.name].null_count() < len(demo.accounts)]
    _whole(paths["accounts"], demo.accounts.select(known).write_csv)
    _whole(paths["planted"], demo.planted.write_parquet)
    return paths


def _ledger(demo: DemoLedger) -> pl.DataFrame:
    """Return the transactions under the raw names of the readers, with their owners."""
    frame = demo.transactions
    for side in _SIDES:
        owners = demo.accounts.select("account", *_OWNER).rename(
            {"account": side} | {name: f"{side}_{name}" for name in _OWNER}
        )
        frame = frame.join(owners, on=side, how="left", maintain_order="left")
    return frame.select(
        "transaction_id",
        pl.col("executed_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        *_SIDES,
        _decimal("sent_minor").alias("amount"),
        pl.col("sent_currency").alias("currency"),
        _decimal("received_minor").alias("received_amount"),
        "received_currency",
        _decimal("base_minor").alias("base_amount"),
        *(f"{side}_{name}" for side in _SIDES for name in ("jurisdiction", *_OWNER)),
        "instrument",
        "purpose",
        "reverses",
        "is_illicit",
        "label_pattern",
        "label_case",
    )


def _decimal(column: str) -> pl.Expr:
    """Return minor units as text with two decimals: every demo currency has hundredths."""
    minor = pl.col(column)
    return pl.format("{}.{}", minor // 100, (minor % 100).cast(pl.String).str.zfill(2))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the path, then put the file in its place in one step."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
