"""The tables of a graph: accounts coded, order, what accounts add to transactions, corridors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph._names import Names
from xborder_aml.schema import ACCOUNTS, RESOLUTION

__all__ = [
    "CODES",
    "account_table",
    "coarsest",
    "corridor_table",
    "encode",
    "fill_jurisdictions",
    "is_ordered",
]

CODES = pl.Int32


def encode(transactions: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return account names, sorted, and the originator's and beneficiary's code of each row."""
    with ThreadPoolExecutor(2) as pool:
        sides = (transactions[side] for side in ("originator", "beneficiary"))
        (met, src), (other, dst) = pool.map(_numbered, sides)
    dst = met.numbers(other.text())[dst]
    names = met.text()
    order = names.arg_sort()
    code = np.empty(len(met), np.int32)
    code[order.to_numpy()] = np.arange(len(met), dtype=np.int32)
    sources, targets = (pl.Series(code[side], dtype=CODES) for side in (src, dst))
    return names.gather(order).rename("account"), sources, targets


def _numbered(names: pl.Series) -> tuple[Names, NDArray[np.int32]]:
    met = Names()
    return met, met.numbers(names)


def is_ordered(table: pl.DataFrame) -> bool:
    if table.height < 2:
        return True
    at = table["executed_at"].to_physical().to_numpy()
    tid = table["transaction_id"].to_numpy()
    step = np.diff(at)
    return bool(((step > 0) | ((step == 0) & (np.diff(tid) > 0))).all())


def coarsest(resolution: pl.Series) -> str:
    """Return the coarsest step of a ledger: ties of a date-only part are ties of the whole."""
    present = set(resolution.drop_nulls().unique().to_list())
    return next((r for r in reversed(RESOLUTION.categories.to_list()) if r in present), "")


def account_table(names: pl.Series, known: pl.DataFrame | None) -> pl.DataFrame:
    base = names.to_frame()
    if known is not None:
        base = base.join(known, on="account", how="left", maintain_order="left")
    return ACCOUNTS.conform(base)


def fill_jurisdictions(table: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    held = accounts["jurisdiction"]
    if held.null_count() == held.len():
        return table
    return table.with_columns(
        pl.coalesce(f"{side}_jurisdiction", held.gather(table[f"{side}_code"]).alias("held")).alias(
            f"{side}_jurisdiction"
        )
        for side in ("originator", "beneficiary")
    )


def corridor_table(table: pl.DataFrame) -> pl.DataFrame:
    """Return one row a known corridor, most money first; ties by name."""
    return (
        table.lazy()
        .filter(
            pl.col("originator_jurisdiction").is_not_null()
            & pl.col("beneficiary_jurisdiction").is_not_null()
        )
        .group_by(
            origin=pl.col("originator_jurisdiction").cast(pl.String),
            destination=pl.col("beneficiary_jurisdiction").cast(pl.String),
        )
        .agg(n_transactions=pl.len(), base_minor=pl.col("base_minor").sum())
        .sort("base_minor", "origin", "destination", descending=[True, False, False])
        .collect()
    )
