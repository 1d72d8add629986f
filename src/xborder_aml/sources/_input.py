"""Opening what a user hands in: a path, a table, or an object that speaks Arrow."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import polars as pl

from xborder_aml.errors import (
    DataError,
    DatasetUnavailableError,
    ParameterError,
    SchemaError,
    did_you_mean,
)

__all__ = ["clean_headers", "first_line", "open_input", "open_text", "require"]

OVERFLOW = "overflow"
_DELIMITERS = (",", ";", "\t", "|")
_PARQUET = (".parquet", ".pq")


def open_input(source: Any, *, delimiter: str | None = None) -> pl.LazyFrame:
    """Open `source` as a lazy table with a 1-based ``source_row``.

    Parameters
    ----------
    source
        Path of a CSV (plain or .gz) or Parquet file; polars DataFrame or LazyFrame; or any object
        with ``__arrow_c_stream__``, taken over without a copy where its types allow.
    delimiter
        Delimiter of a CSV file; found from its header when None.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file.
    ParameterError
        If `source` is no such thing.
    SchemaError
        If a CSV file has no header.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if not path.is_file():
            raise DatasetUnavailableError(f"there is no file {str(path)!r}; check the path")
        if path.suffix.lower() in _PARQUET:
            return _numbered(pl.scan_parquet(path, glob=False))
        return _scan_csv(path, delimiter)
    if isinstance(source, pl.LazyFrame):
        return _numbered(source)
    if isinstance(source, pl.DataFrame):
        return _numbered(source.lazy())
    if hasattr(source, "__arrow_c_stream__"):
        return _numbered(pl.DataFrame(source).lazy())
    raise ParameterError(
        f"cannot read a ledger from {type(source).__name__}; pass a path of a CSV or Parquet "
        "file, a polars frame, or an object with __arrow_c_stream__ (pandas, DuckDB, pyarrow)"
    )


def _numbered(frame: pl.LazyFrame) -> pl.LazyFrame:
    names = frame.collect_schema().names()
    clean = clean_headers(names)
    renamed = frame.rename(dict(zip(names, clean, strict=True)))
    return renamed.drop("source_row", strict=False).with_row_index("source_row", offset=1)


def _scan_csv(path: Path, delimiter: str | None) -> pl.LazyFrame:
    header = first_line(path)
    if not header.strip():
        raise SchemaError(
            f"{path.name} is empty, or begins with an empty line; its first line must name the "
            "columns"
        )
    separator = delimiter or max(_DELIMITERS, key=header.count)
    names = clean_headers(next(csv.reader([header], delimiter=separator)))
    # One column more than the header catches the fields of a row that has too many.
    schema: dict[str, Any] = dict.fromkeys([*names, OVERFLOW], pl.String)
    return pl.scan_csv(
        path,
        separator=separator,
        has_header=False,
        skip_rows=1,
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
        encoding="utf8-lossy",
        row_index_name="source_row",
        row_index_offset=1,
        glob=False,
    )


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file, packed or not, without its byte order mark.

    Raises
    ------
    DataError
        If the file is cut short or damaged in its packing.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        if packed:
            with gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
                yield text
        else:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
                yield text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path.name} cannot be unpacked: {error}; it is cut short or damaged, so get it again"
        ) from error


def first_line(path: Path) -> str:
    """Return the first line of a text file."""
    with open_text(path) as file:
        return file.readline().rstrip("\r\n")


def clean_headers(names: Iterable[str]) -> list[str]:
    """Trim headers and make them distinct: the second ``Account`` becomes ``Account.1``.

    Examples
    --------
    >>> clean_headers(["Account", " Amount ", "Account"])
    ['Account', 'Amount', 'Account.1']
    """
    out: list[str] = []
    for position, name in enumerate(names):
        clean = name.strip().lstrip("\ufeff") or f"column_{position + 1}"
        base, k = clean, 0
        while clean in out:
            k += 1
            clean = f"{base}.{k}"
        out.append(clean)
    return out


def require(frame: pl.LazyFrame, columns: Iterable[str], source: str) -> None:
    """Check that a frame has the columns that a source reads.

    Raises
    ------
    SchemaError
        If one is missing.
    """
    have = [name for name in frame.collect_schema().names() if name not in ("source_row", OVERFLOW)]
    missing = [name for name in columns if name not in have]
    if missing:
        raise SchemaError(
            f"source {source!r} needs column {missing[0]!r}{did_you_mean(missing[0], have)}, and "
            f"the input has {', '.join(map(repr, have)) or 'none'}; check source= or name the "
            "columns with source='generic' and columns="
        )
