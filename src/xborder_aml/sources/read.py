"""The public readers and the registry of sources."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from xborder_aml.errors import ParameterError, SchemaError, did_you_mean
from xborder_aml.normalise import Ledger, normalise
from xborder_aml.schema import ACCOUNTS
from xborder_aml.sources._input import open_input, require
from xborder_aml.sources._spec import Request, Source
from xborder_aml.sources.amlgentex import AMLGENTEX
from xborder_aml.sources.amlsim import AMLSIM
from xborder_aml.sources.amlworld import AMLWORLD
from xborder_aml.sources.fincen_files import FINCEN_FILES
from xborder_aml.sources.generic import GENERIC
from xborder_aml.sources.goaml import GOAML
from xborder_aml.sources.iso20022 import ISO20022
from xborder_aml.sources.occrp import OCCRP
from xborder_aml.sources.paysim import PAYSIM
from xborder_aml.sources.saml_d import SAML_D
from xborder_aml.sources.swift_mt import SWIFT_MT
from xborder_aml.sources.tide import TIDE

__all__ = ["SOURCES", "read_accounts", "read_ledger", "read_patterns", "read_transactions"]

_ALL = (
    GENERIC,
    OCCRP,
    FINCEN_FILES,
    AMLWORLD,
    AMLSIM,
    AMLGENTEX,
    TIDE,
    SAML_D,
    PAYSIM,
    ISO20022,
    GOAML,
    SWIFT_MT,
)

SOURCES: Mapping[str, Source] = MappingProxyType({source.name: source for source in _ALL})
"""Every source that can be read by name."""


def read_ledger(
    ledger: Any,
    *,
    source: str = "generic",
    columns: Mapping[str, str] | None = None,
    base_currency: str | None = None,
    rates: Any = None,
    on_missing_rate: Literal["raise", "keep"] = "raise",
    accounts: Any = None,
    strict: bool = False,
    **options: Any,
) -> Ledger:
    """Read a ledger into the canonical tables, with what was set aside and counts that add up.

    A CSV or Parquet file is scanned lazily and may be larger than memory; its transactions table,
    which holds the read columns only, is not.

    Parameters
    ----------
    ledger
        Path of a CSV (plain or .gz) or Parquet file; polars DataFrame or LazyFrame; or any object
        with ``__arrow_c_stream__`` (pandas, DuckDB, pyarrow). For the sources of messages and
        reports (iso20022, swift_mt, goaml): path of the file, or its bytes; for the first two also
        a list of these, which is one ledger: a payment and its cover may lie in two files.
    source
        Name in `SOURCES`.
    columns
        For `generic`: name of `normalise.RAW_COLUMNS` to the ledger's column, or to ``"=value"``
        for a constant.
    base_currency
        ISO 4217 code to convert to; by default the source's own convention, or the one currency
        of a ledger that has one.
    rates
        Table with ``currency``, ``date`` and ``rate`` (units of the base currency for one unit);
        each holds until the next date of its currency. By default: amounts that the source
        carries, the constant rates of a generator, or the European Central Bank's history.
    on_missing_rate
        ``"raise"``, or ``"keep"`` to leave the base amount null and count it.
    accounts
        Accounts file of the source or canonical accounts table; by default the file that the
        source keeps beside the ledger, if it is there.
    strict
        Raise at broken rows instead of setting them aside in the rejects table.
    **options
        Options of the source, listed in ``SOURCES[source].options``.

    Raises
    ------
    ParameterError
        If an option or the source is unknown.
    SchemaError
        If a column is missing.
    DatasetUnavailableError
        If there is no such file.
    RateMissingError
        If an amount cannot be converted and `on_missing_rate` is ``"raise"``.
    DataError
        If `strict` and a row is broken.

    Examples
    --------
    >>> import polars as pl
    >>> ledger = pl.DataFrame({
    ...     "day": ["2024-01-05", "2024-01-06"], "from": ["A", "B"], "to": ["B", "C"],
    ...     "sum": ["1,250.00", "oops"],
    ... })
    >>> read = read_ledger(
    ...     ledger,
    ...     columns={"executed_at": "day", "originator": "from", "beneficiary": "to",
    ...              "amount": "sum", "currency": "=EUR"},
    ... )
    >>> read.transactions["sent_minor"].to_list(), read.rejects["rule"].to_list()
    ([125000], ['amount_unreadable'])
    """
    spec = _source(source)
    _check_options(spec, options, columns)
    opening = {k: v for k, v in options.items() if k == "delimiter"}
    frame = spec.open(ledger, **opening)
    require(frame, spec.columns, spec.name)
    request = Request(columns, base_currency, options)
    try:
        laid_out = spec.layout(frame, request)
    except SchemaError as error:
        fits = _fitting(frame) if spec is GENERIC and not columns else []
        if not fits:
            raise
        raise SchemaError(f"{error}; its columns are those of source={' or '.join(fits)}") from None
    raw = replace(laid_out, accounts=_known_accounts(spec, ledger, accounts))
    if isinstance(ledger, str | os.PathLike):
        raw = replace(raw, name=Path(ledger).name)
    read = normalise(
        raw,
        base_currency=base_currency,
        rates=None if rates is None else pl.DataFrame(rates),
        on_missing_rate=on_missing_rate,
        strict=strict,
    )
    return read._replace(summary={"source": spec.name, **read.summary})


def _fitting(frame: pl.LazyFrame) -> list[str]:
    """Return the sources that have all the columns they need in a table, each in quotes."""
    have = set(frame.collect_schema().names())
    return [repr(s.name) for s in _ALL if s.columns and have.issuperset(s.columns)]


def read_transactions(
    ledger: Any,
    *,
    source: str = "generic",
    columns: Mapping[str, str] | None = None,
    base_currency: str | None = None,
    rates: Any = None,
    on_missing_rate: Literal["raise", "keep"] = "raise",
    accounts: Any = None,
    strict: bool = False,
    **options: Any,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a ledger and return its transactions and its rejects.

    Holders of accounts are not among them: where a pattern may close on another account of the same
    holder, use `read_ledger` and hand its accounts to `TransactionGraph`.

    Parameters
    ----------
    ledger, source, columns, base_currency, rates, on_missing_rate, accounts, strict, **options
        As for `read_ledger`, which also returns the accounts and the counts.

    Returns
    -------
    tuple of DataFrame
        Tables `schema.TRANSACTIONS` and `schema.REJECTS`.

    Examples
    --------
    >>> import polars as pl
    >>> ledger = pl.DataFrame({"executed_at": ["2024-01-05"], "originator": ["A"],
    ...                        "beneficiary": ["B"], "amount": ["12.5"], "currency": ["EUR"]})
    >>> transactions, rejects = read_transactions(ledger)
    >>> transactions["base_minor"].to_list(), rejects.height
    ([1250], 0)
    """
    read = read_ledger(
        ledger,
        source=source,
        columns=columns,
        base_currency=base_currency,
        rates=rates,
        on_missing_rate=on_missing_rate,
        accounts=accounts,
        strict=strict,
        **options,
    )
    return read.transactions, read.rejects


def read_patterns(path: str | os.PathLike[str], **options: Any) -> pl.DataFrame:
    """Read AMLworld's Patterns file: the transactions of its laundering attempts, labelled.

    Parameters
    ----------
    path
        The text file.
    **options
        As for `read_ledger`.

    Returns
    -------
    DataFrame
        Table `schema.TRANSACTIONS` with ``label_pattern`` (``cycle``, ``fan_in``, ...) and
        ``label_case`` (number of the attempt in the file, from 1).
    """
    return read_ledger(path, source="amlworld", **options).transactions


def read_accounts(accounts: Any, *, source: str) -> pl.DataFrame:
    """Read the accounts file of a source into the canonical accounts table.

    Parameters
    ----------
    accounts
        amlsim's accounts.csv, tide's nodes.csv (ownership.csv is found beside it) or amlworld's
        accounts file; or a table of that form.
    source
        Name in `SOURCES`.

    Raises
    ------
    ParameterError
        If the source has no accounts file.
    """
    spec = _source(source)
    if spec.accounts is None:
        with_file = [name for name, other in SOURCES.items() if other.accounts is not None]
        raise ParameterError(
            f"source {source!r} has no accounts file; these have: {', '.join(with_file)}. A "
            "table of schema.ACCOUNTS can be handed to read_ledger as it is"
        )
    return spec.accounts(accounts)


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise ParameterError(
            f"there is no source {name!r}{did_you_mean(name, SOURCES)}; the sources are "
            f"{', '.join(SOURCES)}"
        )
    return SOURCES[name]


def _check_options(
    spec: Source, options: Mapping[str, Any], columns: Mapping[str, str] | None
) -> None:
    for name in options:
        if name not in spec.options:
            known = ", ".join(spec.options) or "none"
            raise ParameterError(
                f"source {spec.name!r} has no option {name!r}{did_you_mean(name, spec.options)}; "
                f"its options are: {known}"
            )
    if columns is not None and spec.name != "generic":
        raise ParameterError(
            f"columns= goes with source='generic'; source {spec.name!r} knows its columns"
        )


def _known_accounts(spec: Source, ledger: Any, accounts: Any) -> pl.DataFrame | None:
    """Return the accounts that were handed in, or those beside the ledger, or None."""
    if accounts is not None:
        table = open_input(accounts)
        if "account" in table.collect_schema().names():
            return ACCOUNTS.conform(table.collect())
        return read_accounts(accounts, source=spec.name)
    if spec.accounts is None or spec.find_accounts is None:
        return None
    if not isinstance(ledger, str | os.PathLike):
        return None
    beside = spec.find_accounts(Path(ledger))
    return None if beside is None else spec.accounts(beside)
