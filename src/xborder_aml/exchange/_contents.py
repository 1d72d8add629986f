"""What the files of a bundle hold: tables and their schemas, figures, sums that must agree."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from xborder_aml import schema
from xborder_aml.errors import DataError, SchemaError
from xborder_aml.schema import Table
from xborder_aml.tracing import tables as tracing_tables

__all__ = [
    "declared", "facts_of", "figures_in", "fitting", "frames_in", "tables_in",
    "wrong_sums",
]  # fmt: skip

_ALSO = {"known_accounts": "accounts", "accounts": "account_scores", "evidence": "flows"}
"""Names of files that hold a table of another name."""
_SPENT = ("held", "sunk", "fees", "superseded", "converted_out")


@cache
def declared() -> Mapping[str, tuple[Table, ...]]:
    """Return the tables that a file of a name can hold."""
    out: dict[str, list[Table]] = {}
    from xborder_aml.referral.tables import TABLES as REFERRAL_TABLES

    every = (*schema.TABLES, *tracing_tables.TABLES, *REFERRAL_TABLES)
    tables = {table.name: table for table in every}
    for name, table in tables.items():
        out.setdefault(name, []).append(table)
    for name, other in _ALSO.items():
        out.setdefault(name, []).append(tables[other])
    return {name: tuple(found) for name, found in out.items()}


def tables_in(content: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return file, rows, columns and sums of money of every Parquet file.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    return [facts_of(frame, file) for file, frame in frames_in(content).items()]


def frames_in(content: Mapping[str, bytes]) -> dict[str, pl.DataFrame]:
    """Return the Parquet files as tables, by the name of the file.

    Raises
    ------
    DataError
        If one cannot be read.
    """
    out = {}
    for file in sorted(content):
        if file.endswith(".parquet"):
            try:
                out[file] = pl.read_parquet(io.BytesIO(content[file]))
            except (pl.exceptions.PolarsError, OSError, ValueError) as error:
                raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
    return out


def facts_of(frame: pl.DataFrame, file: str) -> dict[str, Any]:
    """Return file, rows, columns and sums of money of a table; sums are text, since they are large.

    Columns are told by kind only, because how a type is spelled out depends on the version of the
    library that reads it.
    """
    return {
        "file": file,
        "rows": frame.height,
        "columns": {name: dtype.base_type().__name__ for name, dtype in frame.schema.items()},
        "sums": {
            name: str(frame[name].cast(pl.Int128).sum())
            for name, dtype in frame.schema.items()
            if name.endswith("_minor") and dtype.is_integer()
        },
    }


def fitting(frame: pl.DataFrame, name: str) -> tuple[Table | None, str | None]:
    """Return the declared table that a frame is, and why it is none of those of its name."""
    why = None
    for table in declared().get(name, ()):
        try:
            table.conform(frame)
        except SchemaError as error:
            why = why or str(error)
        else:
            return table, None
    return None, why


def figures_in(content: Mapping[str, bytes]) -> dict[str, list[Any]]:
    """Return the figures of each ``figures.json``, by the folder that it lies in, like ``case-1/``.

    Raises
    ------
    DataError
        If a file holds no list.
    """
    out = {}
    for file in sorted(content):
        folder, _, name = file.rpartition("/")
        if name == "figures.json":
            try:
                figures = json.loads(content[file])
            except (ValueError, RecursionError) as error:
                raise DataError(f"{file} is no JSON: {error}") from error
            if not isinstance(figures, list):
                raise DataError(f"{file} holds no list of figures")
            out[f"{folder}/" if folder else ""] = figures
    return out


# -- sums that must agree --------------------------------------------------------------------------


def wrong_sums(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return which sums between and within tables do not agree, one sentence each."""
    problems = []
    if "conservation" in tables:
        problems += _unbalanced(tables["conservation"])
        if "holdings" in tables:
            problems += _unheld(tables["holdings"], tables["conservation"])
    if "waterfall" in tables:
        problems += _broken_waterfall(tables["waterfall"])
    if "transactions" in tables:
        ids = tables["transactions"]["transaction_id"]
        if ids.n_unique() != ids.len():
            problems.append("transactions: a transaction_id stands in two rows")
        for name in ("evidence", "flows", "sinks", "minted"):
            if name in tables:
                problems += _unknown_ids(tables[name], name, ids)
    return problems


def _unbalanced(conservation: pl.DataFrame) -> list[str]:
    spent = pl.sum_horizontal(f"{name}_minor" for name in _SPENT)
    left = pl.sum_horizontal("seeded_minor", "converted_in_minor") - spent
    bad = conservation.filter((left != 0) | (pl.col("residual_minor") != 0))
    return [
        f"conservation: claim {row['claim']!r} in {row['currency']} does not sum up"
        for row in bad.iter_rows(named=True)
    ]


def _unheld(holdings: pl.DataFrame, conservation: pl.DataFrame) -> list[str]:
    keys = ["claim", "currency"]
    held = holdings.group_by(keys).agg(found=pl.col("amount_minor").sum())
    both = conservation.select(*keys, "held_minor").join(held, on=keys, how="full", coalesce=True)
    differ = both.with_columns(pl.col("held_minor", "found").fill_null(0)).filter(
        pl.col("held_minor") != pl.col("found")
    )
    return [
        f"holdings: claim {row['claim']!r} in {row['currency']} holds {row['found']} in accounts, "
        f"and {row['held_minor']} by conservation"
        for row in differ.sort(keys).iter_rows(named=True)
    ]


def _broken_waterfall(waterfall: pl.DataFrame) -> list[str]:
    keys = [name for name in ("case", "scope") if name in waterfall.columns]
    ordered = waterfall.sort(*keys, "position")
    running = pl.col("change_minor").cum_sum()
    bad = ordered.with_columns(running=running.over(keys) if keys else running).filter(
        pl.col("running") != pl.col("value_minor")
    )
    return [
        f"waterfall: step {row['step']!r} says {row['value_minor']}, and the changes up to it sum "
        f"to {row['running']}"
        for row in bad.iter_rows(named=True)
    ]


def _unknown_ids(table: pl.DataFrame, name: str, known: pl.Series) -> list[str]:
    absent = table.filter(~pl.col("transaction_id").is_in(known.implode()))["transaction_id"]
    if not absent.len():
        return []
    return [f"{name}: transaction {absent[0]} is not among the transactions"]
