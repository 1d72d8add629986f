"""From a transactions table, or a graph, to the rows that a stream reads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError, SchemaError
from xborder_aml.features._stream import Rows
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import JURISDICTION, TRANSACTIONS

__all__ = ["COLUMNS", "N_CORRIDORS", "Accounts", "Table", "ids_of", "read_table"]

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
_N_PLACES = len(JURISDICTION.categories)
_FEW = 20_000
N_CORRIDORS = _N_PLACES * _N_PLACES


class Accounts:
    """Numbers of the accounts met so far, in the order in which they were met."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many accounts were met."""
        return len(self._known)

    def numbers(self, names: pl.Series) -> NDArray[np.int32]:
        """Return the number of each name; new names get the next ones."""
        known, wanted = self._known, names.to_list()
        numbers = [*map(known.get, wanted)]
        for i in (i for i, number in enumerate(numbers) if number is None):
            numbers[i] = known.setdefault(wanted[i], len(known))
        return np.array(numbers, np.int32)


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


def read_table(table: pl.DataFrame | TransactionGraph, accounts: Accounts) -> Table:
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
        names = table.account_names
        frame = pl.DataFrame([table.column(n) for n in COLUMNS if n not in _ENDS])
    else:
        frame = TRANSACTIONS.conform(_frame(table)).select(COLUMNS)
        names, ends = _coded(frame)
    numbers = accounts.numbers(names)
    ids = frame["transaction_id"].to_numpy()
    _check_unique(ids)
    at = frame["executed_at"].to_physical().to_numpy()
    origin, destination = (
        frame[f"{side}_jurisdiction"].to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
        for side in _ENDS
    )
    known = (origin >= 0) & (destination >= 0)
    rows = Rows(
        at,
        numbers[ends[0]],
        numbers[ends[1]],
        frame["base_minor"].fill_null(-1).to_numpy(),
        np.where(known, origin * _N_PLACES + destination, -1).astype(np.int32),
    )
    order = _canonical(at, ids)
    if order is None:
        return Table(ids, Rows._make(_writable(a) for a in rows), None)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return Table(ids[order], Rows._make(a[order] for a in rows), place)


def _coded(frame: pl.DataFrame) -> tuple[pl.Series, list[NDArray[np.int32]]]:
    """Return account names, and the place of each row's two among them."""
    both = pl.concat([frame[side].rename("name") for side in _ENDS])
    if both.len() < _FEW:  # each name is looked up as it stands: sooner done than sorting them out
        return both, list(np.arange(both.len(), dtype=np.int32).reshape(2, frame.height))
    names = both.unique()
    places = names.to_frame().with_row_index("place")
    codes = both.to_frame().join(places, on="name", how="left", maintain_order="left")["place"]
    return names, list(codes.to_numpy().reshape(2, frame.height))


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
