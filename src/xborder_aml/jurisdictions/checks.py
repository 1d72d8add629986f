"""What in the tables a person should look up again before relying on it."""

from __future__ import annotations

from datetime import date

import polars as pl

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.facts import Fact
from xborder_aml.jurisdictions.tables import JurisdictionTables, jurisdiction_tables
from xborder_aml.schema import Column, Table

__all__ = ["CHECKS", "check_jurisdictions"]

CHECKS = Table(
    "jurisdiction_checks",
    "One row a group of rows of the tables that should be looked up again.",
    (
        Column("table", pl.String, "Name of the table."),
        Column("key", pl.String, "Instrument, channel or jurisdiction."),
        Column("status", pl.String, "verified, recalled, stale or unknown."),
        Column("as_of", pl.Date, "Day as of which the rows were written down."),
        Column("age_days", pl.Int64, "Days from then to the day of the check."),
        Column("n_rows", pl.Int64, "Rows of the same table, key, status, day and source."),
        Column("source", pl.String, "Where they come from."),
        Column("why", pl.String, "Why they should be looked up."),
    ),
)
"""Columns of what `check_jurisdictions` returns."""

_WHY = {
    "recalled": "written from memory or from a secondary source",
    "stale": "the copy that was read is old",
    "unknown": "looked for and not found",
}


def check_jurisdictions(
    as_of: date, *, older_than_days: int = 365, tables: JurisdictionTables | None = None
) -> pl.DataFrame:
    """List the rows of law and co-operation that are stale on a day, the oldest first.

    Parameters
    ----------
    as_of
        Day of the check.
    older_than_days
        From this age on, a verified row is to be looked up too.
    tables
        Tables to check; the packaged ones by default.

    Returns
    -------
    DataFrame
        Table `CHECKS`.

    Raises
    ------
    ParameterError
        If `older_than_days` is negative.

    Examples
    --------
    >>> stale = check_jurisdictions(date(2027, 1, 1))
    >>> sorted(stale["status"].unique())
    ['recalled', 'stale', 'unknown', 'verified']
    """
    if older_than_days < 0:
        raise ParameterError(f"older_than_days={older_than_days} may not be negative")
    groups: dict[tuple[str, str, str, date, str], int] = {}
    for name, row in (tables or jurisdiction_tables()).rows():
        group = (name, _key(row), row.status, row.as_of, row.source)
        groups[group] = groups.get(group, 0) + 1
    out = []
    for (name, key, status, written, source), n_rows in groups.items():
        age = (as_of - written).days
        why = _WHY.get(status) or (f"{age} days old" if age >= older_than_days else "")
        if why:
            out.append((name, key, status, written, age, n_rows, source, why))
    frame = pl.DataFrame(out, schema=CHECKS.dtypes, orient="row")
    return frame.sort("as_of", "table", "key", "status", "source")


def _key(row: Fact) -> str:
    for name in ("instrument", "channel", "jurisdiction"):
        if hasattr(row, name):
            return str(getattr(row, name))
    return ""
