"""The tables of a run as files: Parquet for programs, CSV for people, and what comes in beside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from xborder_aml.errors import SchemaError
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.report.sheets import flat, inert
from xborder_aml.schema import (
    ACCOUNT_SCORES,
    ACCOUNTS,
    EVIDENCE,
    FINDINGS,
    NULL_MONEY,
    REFERRALS,
    REJECTS,
    TRANSACTIONS,
    TRUNCATIONS,
    Table,
)

__all__ = ["TABLES", "read_small_table", "spreadsheet"]

TABLES: Mapping[str, Table] = {
    "transactions": TRANSACTIONS,
    "known_accounts": ACCOUNTS,
    "rejects": REJECTS,
    "findings": FINDINGS,
    "evidence": EVIDENCE,
    "truncations": TRUNCATIONS,
    "null_money": NULL_MONEY,
    "accounts": ACCOUNT_SCORES,
    "referrals": REFERRALS,
}


def read_small_table(path: Path, table: Table | None = None) -> pl.DataFrame:
    """Read a CSV or Parquet file whole, with the types of `table` where it knows the column."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return pl.read_parquet(path)
    if table is None:
        return pl.read_csv(path, try_parse_dates=True)
    header = pl.read_csv(path, n_rows=0, infer_schema=False).columns
    types = {name: dtype for name, dtype in table.dtypes.items() if name in header}
    if "account" not in types:
        raise SchemaError(
            f"{path.name} lacks the column 'account'; it has {', '.join(header)}. An accounts file "
            f"has any of {', '.join(table.names)}"
        )
    return pl.read_csv(path, schema_overrides=types)


def spreadsheet(referrals: pl.DataFrame) -> pl.DataFrame:
    """Return the referrals for a spreadsheet: money in units, too, and no cell that would run."""
    currency = referrals["base_currency"][0] if referrals.height else "XXX"
    digits = minor_digits(currency)
    whole, part = (pl.col("at_stake_minor") // 10**digits), (pl.col("at_stake_minor") % 10**digits)
    text = whole.cast(pl.String)
    if digits:
        text = text + "." + part.cast(pl.String).str.zfill(digits)
    place = referrals.columns.index("at_stake_minor")
    frame = flat(
        referrals.with_columns(at_stake=text).select(
            *referrals.columns[:place], "at_stake", *referrals.columns[place:]
        )
    )
    return inert(frame, but=("at_stake",))
