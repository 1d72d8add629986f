"""From a transactions table, or a graph, to the rows that a stream reads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from xborder_aml.errors import DataError, SchemaError
from xborder_aml.features._stream import Rows
from xborder_aml.graph import TransactionGraph
from xborder_aml.graph._names import Names
from xborder_aml.schema import JURISDICTION, TRANSACTIONS

__all__ = ["COLUMNS", "N_CORRIDORS", "Table", "ids_of", "read_table"]

COLUMNS = (
    "transaction_id",
    "executed_at",
    "originator",
    "beneficiary",
    "base_minor",
    "originator_jurisdiction",
    "beneficiary_jurisdiction",
)
"""What the features read of a transactions table."""
_ENDS = ("originator", "beneficiary")
_DTYPES = {c: TRANSACTIONS.dtypes[c] for c in COLUMNS}
_FILLED = [c.name for c in TRANSACTIONS if c.name in COLUMNS and not c.nullable]
_N_PLACES = len(JURISDICTION.categories)
N_CORRIDORS = _N_PLACES * _N_PLACES


class Table(NamedTuple):
    """Transactions in canonical order, and where each input row went."""

    ids: NDArray[np.int64]  # (E,)
    rows: Rows
    place: NDArray[np.int64] | None  # (E,) of each input row; None where the order is the same


def ids_of(table: pl.DataFrame | TransactionGraph) -> NDArray[np.int64]:
    """Return the ids of a table's transactions, as they stand."""
    if isinstance(table, TransactionGraph):
        return table.transaction_ids
    frame = _frame(table)
    if "transaction_id" in frame.columns and frame["transaction_id"].dtype == pl.Int64:
        return frame["transaction_id"].to_numpy()
    return TRANSACTIONS.conform(frame)["transaction_id"].to_numpy()


def _frame(table: object) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        return table
    raise SchemaError(
        "the features are made of a transactions table (a polars DataFrame) or a "
        f"TransactionGraph, not of a {type(table).__name__}; read other sources with "
        "xborder_aml.read_transactions"
    )


def read_table(table: pl.DataFrame | TransactionGraph, accounts: Names) -> Table:
    """Return a table's rows in canonical order.

    Raises
    ------
    DataError
        If an id repeats.
    SchemaError
        If it is neither a polars DataFrame nor a graph, or lacks a column.
    """
    if isinstance(table, TransactionGraph):
        ends = [table.column(f"{side}_code").to_numpy() for side in ("originator", "beneficiary")]
        numbers = accounts.numbers(table.account_names)
        originators, beneficiaries = numbers[ends[0]], numbers[ends[1]]
        frame = {c: table.column(c) for c in COLUMNS if c not in _ENDS}
    else:
        frame = _checked(_frame(table))
        originators, beneficiaries = (accounts.numbers(frame[side]) for side in _ENDS)
    ids = frame["transaction_id"].to_numpy()
    _check_unique(ids)
    at = frame["executed_at"].to_numpy().view(np.int64)
    origin, destination = (_places(frame[f"{side}_jurisdiction"]) for side in _ENDS)
    base = frame["base_minor"]
    known = (origin >= 0) & (destination >= 0)
    rows = Rows(
        at,
        originators,
        beneficiaries,
        (base.fill_null(-1) if base.null_count() else base).to_numpy(),
        np.where(known, origin * _N_PLACES + destination, -1).astype(np.int32),
    )
    order = _canonical(at, ids)
    if order is None:
        return Table(ids, Rows._make(_writable(a) for a in rows), None)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return Table(ids[order], Rows._make(a[order] for a in rows), place)


def _checked(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Return the columns that are read, checked.

    A batch that has them as they are declared, and no null where none may be, is not looked at any
    further: the whole table's check would take longer than to describe a small batch.
    """
    if set(COLUMNS) <= set(frame.columns):
        read = {c: frame.get_column(c) for c in COLUMNS}
        if all(read[c].dtype == _DTYPES[c] for c in COLUMNS) and not any(
            read[c].null_count() for c in _FILLED
        ):
            return read
    return {
        c: column for c, column in TRANSACTIONS.conform(frame).to_dict().items() if c in COLUMNS
    }


def _places(jurisdictions: pl.Series) -> NDArray[np.int64]:
    """Return the number of each jurisdiction, -1 where unknown."""
    codes = jurisdictions.to_arrow().indices  # sooner done than polars' own way to them
    if codes.null_count:
        codes = codes.cast(pa.int32()).fill_null(-1)
    places: NDArray[np.int64] = codes.to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def _writable(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array that may be written to: kernels compile once, for these."""
    return array if array.flags.writeable else array.copy()


def _check_unique(ids: NDArray[np.int64]) -> None:
    if ids.size < 2 or bool((np.diff(ids) > 0).all()):
        return
    ascending = np.sort(ids)
    twice = ascending[1:][np.diff(ascending) == 0]
    if twice.size:
        raise DataError(
            f"transaction_id {twice[0]} stands in more than one row; ids must be unique. "
            "Concatenated ledgers need ids of their own: read them in one call or renumber."
        )


def _canonical(at: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.int64] | None:
    step = np.diff(at)
    if bool(((step > 0) | ((step == 0) & (np.diff(ids) > 0))).all()):
        return None
    return np.lexsort((ids, at))
