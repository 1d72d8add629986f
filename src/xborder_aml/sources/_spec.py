"""What a source is, and the helper that all sources share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.errors import ParameterError
from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._input import OVERFLOW, open_input

__all__ = ["Request", "Source", "distinct", "lay_out", "several", "word"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked of a source.

    Parameters
    ----------
    columns
        Raw name to source column; only `generic` needs it.
    base_currency
        Base currency that the user named.
    options
        Options of the source.
    """

    columns: Mapping[str, str] | None = None
    base_currency: str | None = None
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of ledger that the library reads by name.

    Parameters
    ----------
    name
        Name, as in ``read_transactions(..., source=name)``.
    description
        One sentence.
    columns
        Columns that the input must have.
    layout
        Pure function from the opened table and the request to the raw ledger.
    options
        Options that `layout` knows, each with its meaning.
    accounts
        Function from the path of an accounts file to the canonical accounts table, or None.
    find_accounts
        Function from the path of a transactions file to the path of its accounts file, or None
        when there is none beside it.
    companions
        Names of files that `accounts` also reads, where they lie beside its own.
    open
        Function that opens what the user hands in.
    """

    name: str
    description: str
    columns: tuple[str, ...]
    layout: Callable[[pl.LazyFrame, Request], RawLedger]
    options: Mapping[str, str]
    accounts: Callable[[Any], pl.DataFrame] | None = None
    find_accounts: Callable[[Path], Path | None] | None = None
    companions: tuple[str, ...] = ()
    open: Callable[..., pl.LazyFrame] = open_input


def lay_out(
    frame: pl.LazyFrame,
    columns: Mapping[str, str],
    conventions: Conventions,
    *,
    derived: Mapping[str, pl.Expr] | None = None,
) -> RawLedger:
    """Rename a source's columns to raw names; those that the frame lacks are left out.

    Parameters
    ----------
    frame
        Opened table.
    columns
        Raw name to source column.
    conventions
        How the source writes what its columns do not say.
    derived
        Raw name to an expression over the source's columns; goes before `columns`.
    """
    have = frame.collect_schema().names()
    derived = dict(derived or {})
    present = {raw: own for raw, own in columns.items() if own in have}
    plain = {raw: pl.col(own) for raw, own in present.items() if raw not in derived}
    overflow = [pl.col(OVERFLOW)] if OVERFLOW in have else []
    selected = frame.select(pl.col("source_row"), *overflow, **plain, **derived)
    return RawLedger(selected, present, conventions)


def several(ledger: Any, source: str) -> list[Any]:
    """Return the files that are read as one ledger: those of a list, or the one that was given.

    Raises
    ------
    ParameterError
        If the list is empty.
    """
    if not isinstance(ledger, list | tuple):
        return [ledger]
    if not ledger:
        raise ParameterError(f"source {source!r} was given a list of no files; name at least one")
    return list(ledger)


def word(column: str) -> pl.Expr:
    """Return a column as trimmed text, whatever its type."""
    return pl.col(column).cast(pl.String).str.strip_chars()


def distinct(accounts: pl.LazyFrame, source: str) -> pl.DataFrame:
    """Return the first row of each account, and warn of rows that name none."""
    table = accounts.collect()
    named = table.filter(pl.col("account") != "")  # and not null
    if n := table.height - named.height:
        logger.warning(
            "source %r: %d rows of the accounts file name no account, and are left out", source, n
        )
    return named.unique("account", keep="first", maintain_order=True)
