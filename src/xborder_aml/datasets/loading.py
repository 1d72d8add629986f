"""Loading a public data set by its name, with its rows counted against what was published."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from xborder_aml.datasets.find import find_files, sha256_of
from xborder_aml.datasets.loaded import (
    PublicDataset,
    label_attempts,
    labels_of,
    patterns_of,
)
from xborder_aml.datasets.registry import CARDS
from xborder_aml.datasets.spec import Card
from xborder_aml.datasets.tables import Read, of_file, read_elliptic, read_synthaml
from xborder_aml.errors import DataError, ParameterError, did_you_mean
from xborder_aml.schema import ACCOUNTS
from xborder_aml.sources import read_ledger
from xborder_aml.sources._input import open_input

__all__ = ["card", "load", "names"]

logger = logging.getLogger(__name__)

Rows = int | Literal["published"] | None


def names() -> tuple[str, ...]:
    """Return the names of the public data sets that can be loaded.

    Examples
    --------
    >>> names()[:2]
    ('amlworld-hi-small', 'amlworld-li-small')
    """
    return tuple(CARDS)


def card(name: str) -> Card:
    """Return what is known of a data set: citation, licence, where to get it, files and counts.

    Parameters
    ----------
    name
        One of `names`; underscores stand for hyphens.

    Raises
    ------
    ParameterError
        If there is no such set.

    Examples
    --------
    >>> card("saml-d").rows
    9504852
    """
    wanted = name.replace("_", "-").lower()
    if wanted not in CARDS:
        raise ParameterError(
            f"there is no dataset {name!r}{did_you_mean(wanted, CARDS)}; the datasets are "
            f"{', '.join(CARDS)}"
        )
    return CARDS[wanted]


def load(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    *,
    rows: Rows = "published",
    strict: bool = False,
    **options: Any,
) -> PublicDataset:
    """Load a public data set that is on this machine.

    Parameters
    ----------
    name
        One of `names`.
    data_dir
        Folder with a folder for each set; by default the one that the environment variable
        ``XBORDER_AML_DATA`` names, and else ``../shared/data``.
    limit
        Read so many rows of the main file at most, from its start, and count nothing.
    rows
        Rows that the main file must have, rejects among them. By default what was published, where
        the set is the same for everyone; give the number of your own for a generator's, or None
        for a part of a set.
    strict
        Raise at broken rows instead of setting them aside in the rejects.
    **options
        Options of the set's source, as for `read_ledger`.

    Raises
    ------
    DatasetUnavailableError
        If the set is not there; the error says how to get it.
    ParameterError
        If there is no such set, or an option is wrong.
    SchemaError
        If a column is missing.
    DataError
        If a file has other rows than were published, cannot be read as a table, or `strict` and a
        row is broken.

    Examples
    --------
    >>> load("saml-d", data_dir="/nowhere")
    Traceback (most recent call last):
        ...
    xborder_aml.errors.DatasetUnavailableError: dataset 'saml-d' is not in '/nowhere', which lacks
    SAML-D.csv. To get it: download SAML-D.csv; it asks for a free account, ...
    """
    known = card(name)
    for what, number in (("limit", limit), ("rows", rows)):
        if isinstance(number, int) and number < 1:
            raise ParameterError(f"{what} is {number}; it must be 1 or more, or None")
    if isinstance(rows, str) and rows != "published":
        raise ParameterError(f"rows is {rows!r}; it must be 'published', a number, or None")
    files = find_files(known, data_dir)
    if known.source is None:
        if options:
            raise ParameterError(f"dataset {known.name!r} has no option {next(iter(options))!r}")
        return _load_tables(known, files, limit, rows, strict)
    return _load_ledger(known, known.source, files, limit, rows, strict, options)


def _load_ledger(
    known: Card,
    source: str,
    files: Mapping[str, Path],
    limit: int | None,
    rows: Rows,
    strict: bool,
    options: Mapping[str, Any],
) -> PublicDataset:
    path = files["transactions"]
    ledger = path if limit is None else open_input(path).head(limit)
    read = read_ledger(
        ledger, source=source, accounts=files.get("accounts"), strict=strict, **options
    )
    if limit is None:
        _check_rows(known, path.name, read.summary["rows_read"], known.rows, rows)
    transactions, rejects, summary = read.transactions, read.rejects, dict(read.summary)
    if "patterns" in files:
        # the accounts were read once, with the transactions
        none = ACCOUNTS.empty()
        attempts = read_ledger(files["patterns"], source=source, accounts=none, strict=strict)
        transactions, unmatched = label_attempts(transactions, attempts.transactions)
        summary["attempt_rows"] = attempts.summary["rows_read"]
        summary["attempt_rows_unmatched"] = unmatched
        rejects = pl.concat([rejects, of_file(attempts.rejects, files["patterns"])])
    summary["illicit"] = int(transactions["is_illicit"].sum() or 0)
    summary["unlabelled"] = transactions["is_illicit"].null_count()
    is_whole = limit is None and rows == "published"
    _tell(known, summary, is_whole=is_whole)
    if is_whole:
        _tell_hashes(known, files)
    tables = {
        "transactions": transactions,
        "accounts": read.accounts,
        "labels": labels_of(transactions),
        "patterns": patterns_of(transactions),
        "rejects": rejects,
    }
    return _made(known, tables, summary)


def _load_tables(
    known: Card, files: Mapping[str, Path], limit: int | None, rows: Rows, strict: bool
) -> PublicDataset:
    read = _READERS[known.name](files, limit)
    for file in known.files if limit is None else ():
        # A number is about the main file.
        asked = None if isinstance(rows, int) and file is not known.files[0] else rows
        _check_rows(known, files[file.role].name, read[file.role].rows, file.rows, asked)
    rejects = pl.concat([part.rejects for part in read.values()])
    if strict and rejects.height:
        row, column, rule, value = rejects.row(0)
        raise DataError(
            f"dataset {known.name!r}: {rejects.height} rows cannot be read; the first is row "
            f"{row}: {rule} ({column} is {value!r}). Mend the file, or load it with strict=False"
        )
    tables = {name: part.table for name, part in read.items()}
    summary = {f"{name}_read": part.rows for name, part in read.items()}
    summary["rejects"] = rejects.height
    return _made(known, {**tables, "rejects": rejects}, summary)


def _made(known: Card, tables: dict[str, pl.DataFrame], summary: dict[str, Any]) -> PublicDataset:
    if n := tables["rejects"].height:
        logger.warning("dataset %r: %d rows could not be read; see its rejects", known.name, n)
    return PublicDataset(known.name, known, MappingProxyType(tables), MappingProxyType(summary))


def _check_rows(known: Card, file: str, got: int, published: int | None, asked: Rows) -> None:
    wanted = published if asked == "published" else asked
    if wanted is None or got == wanted:
        return
    if asked == "published":
        told = f"{wanted:,} were published ({known.counted})"
        cure = "fetch it again, or say rows=None to read a part of the set as it is"
    else:
        told = f"rows= says {wanted:,}"
        cure = "check the file, or the number"
    why = "it is cut short" if got < wanted else "it holds more than the set"
    raise DataError(f"dataset {known.name!r}: {file} has {got:,} rows, and {told}: {why}; {cure}")


def _tell(known: Card, summary: Mapping[str, Any], *, is_whole: bool) -> None:
    """Warn of labels that are not as they should be; the payments are whole all the same."""
    if known.n_illicit is not None and is_whole and summary["illicit"] != known.n_illicit:
        logger.warning(
            "dataset %r: %d transactions are marked illicit, and %d were published",
            known.name,
            summary["illicit"],
            known.n_illicit,
        )
    if 0 < summary["unlabelled"] < summary["transactions"]:
        logger.warning(
            "dataset %r: %d transactions have no label that can be read",
            known.name,
            summary["unlabelled"],
        )
    if is_whole and summary.get("attempt_rows_unmatched"):
        logger.warning(
            "dataset %r: %d rows of the Patterns file are not among the transactions",
            known.name,
            summary["attempt_rows_unmatched"],
        )


def _tell_hashes(known: Card, files: Mapping[str, Path]) -> None:
    """Warn of a file that is not the one whose hash is known, though it has as many rows."""
    for file in known.files:
        path = files.get(file.role)
        if path is None or file.sha256 is None or path.suffix == ".gz":
            continue
        if sha256_of(path) != file.sha256:
            logger.warning(
                "dataset %r: %s is not the file whose hash is known: it is another version of it, "
                "or was changed",
                known.name,
                path.name,
            )


_READERS: Mapping[str, Callable[[Mapping[str, Path], int | None], dict[str, Read]]] = (
    MappingProxyType({"synthaml": read_synthaml, "elliptic": read_elliptic})
)
