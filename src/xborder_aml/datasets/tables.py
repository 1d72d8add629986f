"""Reading the sets that are no ledgers: tables with rows set aside, each with its reason."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl

from xborder_aml.errors import DataError, SchemaError
from xborder_aml.schema import REJECTS
from xborder_aml.sources._input import OVERFLOW, first_line, open_input, require
from xborder_aml.sources._spec import word

__all__ = ["Field", "Read", "of_file", "read_elliptic", "read_synthaml", "read_table"]

_CLOCKS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
_TYPES: Mapping[str, Any] = {"integer": pl.Int64, "number": pl.Float64, "text": pl.String}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table that is no ledger.

    Parameters
    ----------
    own
        Header in the file.
    name
        Name in the table.
    kind
        How its text is read.
    choices
        Text in small letters to value; None is a word that says "not known".
    """

    own: str
    name: str
    kind: Literal["integer", "number", "text", "time", "choice"]
    choices: Mapping[str, Any] | None = None

    def read(self) -> pl.Expr:
        """Return the value of the column, null where it cannot be read."""
        text = word(self.own)
        if self.kind == "choice":
            known = self.choices or {}
            values = [value for value in known.values() if value is not None]
            dtype = pl.Boolean if isinstance(values[0], bool) else pl.String
            return text.str.to_lowercase().replace_strict(known, default=None, return_dtype=dtype)
        if self.kind == "time":
            clocks = [text.str.to_datetime(c, strict=False, time_unit="us") for c in _CLOCKS]
            days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
            return pl.coalesce(*clocks, days).dt.replace_time_zone("UTC")
        value = text.cast(_TYPES[self.kind], strict=False)
        return pl.when(value.is_finite()).then(value) if self.kind == "number" else value

    def is_bad(self) -> pl.Expr:
        """Return whether the text cannot be read; an empty one is missing, not bad."""
        if self.kind == "choice":
            return word(self.own).str.to_lowercase().is_in(list(self.choices or {})).not_()
        return self.read().is_null()


class Read(NamedTuple):
    """A file that has been read: its sound rows, the others, and how many there were."""

    table: pl.DataFrame
    rejects: pl.DataFrame
    rows: int


def read_table(
    path: Path,
    fields: Sequence[Field],
    *,
    source: str,
    limit: int | None = None,
    headers: Sequence[str] | None = None,
) -> Read:
    """Read a CSV file into a table of declared columns.

    Parameters
    ----------
    path
        The file, packed or not.
    fields
        Its columns.
    source
        Name of the set, for errors.
    limit
        Read so many rows at most.
    headers
        Names of the columns of a file that has no header.

    Raises
    ------
    SchemaError
        If a column is missing, or the file is empty.
    DataError
        If the file is cut in the middle of its packing.
    """
    frame = open_input(path) if headers is None else _headless(path, headers, source)
    require(frame, [f.own for f in fields], source)
    if limit is not None:
        frame = frame.head(limit)
    faults = [_fault(pl.col(OVERFLOW).is_not_null(), OVERFLOW, "fields_too_many", pl.col(OVERFLOW))]
    for f in fields:
        empty = word(f.own).is_null() | (word(f.own) == "")
        faults.append(_fault(empty, f.own, f"{f.name}_missing", pl.lit(None, pl.String)))
        faults.append(_fault(f.is_bad(), f.own, f"{f.name}_unreadable", word(f.own)))
    plan = frame.select(
        pl.col("source_row").cast(pl.Int64),
        *(f.read().alias(f.name) for f in fields),
        fault=pl.coalesce(faults),
    )
    try:
        read = plan.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:  # OSError: a packed file that is cut
        raise DataError(
            f"{path.name} cannot be read as a table: {str(error).splitlines()[0]}; check that the "
            "file is whole"
        ) from error
    rejects = read.filter(pl.col("fault").is_not_null()).select("source_row", "fault")
    sound = read.filter(pl.col("fault").is_null()).drop("fault")
    told = of_file(REJECTS.conform(rejects.unnest("fault")), path)
    return Read(sound, told, read.height)


def of_file(rejects: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Name the file in the rejects of a set that has more than one."""
    return rejects.with_columns(
        source_column=pl.format("{}: {}", pl.lit(path.name), "source_column")
    )


def _fault(bad: pl.Expr, column: str, rule: str, value: pl.Expr) -> pl.Expr:
    told = pl.struct(source_column=pl.lit(column), rule=pl.lit(rule), value=value.cast(pl.String))
    return pl.when(bad).then(told)


def _headless(path: Path, headers: Sequence[str], source: str) -> pl.LazyFrame:
    width = len(next(csv.reader([first_line(path)]), []))
    if width != len(headers):
        raise SchemaError(
            f"source {source!r}: {path.name} has {width} columns in its first line, and "
            f"{len(headers)} are published; check that it is the file of that name, whole and "
            "without a header"
        )
    return pl.scan_csv(
        path,
        has_header=False,
        schema=dict.fromkeys([*headers, OVERFLOW], pl.String()),
        missing_columns="insert",
        extra_columns="ignore",
        encoding="utf8-lossy",
        row_index_name="source_row",
        row_index_offset=1,
        glob=False,
    )


# -- the sets --------------------------------------------------------------------------------------

_ALERTS = (
    Field("AlertID", "alert_id", "integer"),
    Field("Date", "raised_at", "time"),
    Field("Outcome", "is_reported", "choice", {"report": True, "dismiss": False}),
)
_ENTRIES = (
    Field("AlertID", "alert_id", "integer"),
    Field("Timestamp", "booked_at", "time"),
    Field("Entry", "entry", "choice", {"credit": "credit", "debit": "debit"}),
    Field("Type", "type", "text"),
    Field("Size", "size", "number"),
)


def read_synthaml(files: Mapping[str, Path], limit: int | None) -> dict[str, Read]:
    """Read SynthAML: alerts, and the bookings on the account of each before it was raised."""
    return {
        "entries": read_table(files["entries"], _ENTRIES, source="synthaml", limit=limit),
        "alerts": read_table(files["alerts"], _ALERTS, source="synthaml"),
    }


N_FEATURES = 165
_FEATURES = tuple(f"feature_{k}" for k in range(1, N_FEATURES + 1))
_NODES = (
    Field("transaction", "node", "text"),
    Field("time_step", "time_step", "integer"),
    *(Field(name, name, "number") for name in _FEATURES),
)
_CLASSES = (
    Field("txId", "node", "text"),
    Field("class", "is_illicit", "choice", {"1": True, "2": False, "unknown": None}),
)
_EDGES = (Field("txId1", "spent", "text"), Field("txId2", "spending", "text"))


def read_elliptic(files: Mapping[str, Path], limit: int | None) -> dict[str, Read]:
    """Read Elliptic: Bitcoin transactions as nodes, each with its features and class, and edges."""
    headers = ("transaction", "time_step", *_FEATURES)
    return {
        "nodes": read_table(
            files["nodes"], _NODES, source="elliptic", limit=limit, headers=headers
        ),
        "classes": read_table(files["classes"], _CLASSES, source="elliptic"),
        "edges": read_table(files["edges"], _EDGES, source="elliptic"),
    }
