"""Tables as a spreadsheet can hold them, and no cell that would run."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

__all__ = ["flat", "inert"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell as a formula (OWASP, CSV Injection)."""


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table as CSV can hold it: lists joined by ``"; "``, times in ISO 8601."""
    return frame.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join("; ")
        if isinstance(dtype, pl.List)
        else pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.List | pl.Datetime)
    )


def inert(frame: pl.DataFrame, but: Sequence[str] = ()) -> pl.DataFrame:
    """Return a flat table in which no text, save in some columns, is a formula to a spreadsheet."""
    risky = [n for n, dtype in frame.schema.items() if dtype == pl.String and n not in but]
    return frame.with_columns(
        pl.when(pl.col(name).str.head(1).is_in(_FORMULA))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in risky
    )
