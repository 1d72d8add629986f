"""A ledger being read: its accounts' numbers, its stream, and the latest batch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError
from xborder_aml.features._input import Table, read_table
from xborder_aml.features._stream import Stream
from xborder_aml.graph import TransactionGraph
from xborder_aml.graph._names import Names

__all__ = ["Reading"]


class Reading:
    """Batches of one ledger, in order of time, and the columns of the latest.

    Parameters
    ----------
    stream
        What reads the rows and remembers them.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.accounts = Names()
        self.latest: NDArray[np.int64] = np.empty(0, np.int64)
        self.last: tuple[int, int] | None = None

    def read(self, table: pl.DataFrame | TransactionGraph) -> Table:
        """Read the next batch and return its rows in canonical order.

        Raises
        ------
        DataError
            If an id repeats, or a row comes before one that was read.
        """
        batch = read_table(table, self.accounts)
        if batch.ids.size:
            first = (int(batch.rows.at[0]), int(batch.ids[0]))
            if self.last is not None and first <= self.last:
                raise DataError(
                    f"transaction {first[1]} of {_time(first[0])} comes late: transaction "
                    f"{self.last[1]} of {_time(self.last[0])} was read before. Give the batches in "
                    "the order of (executed_at, transaction_id), or fit anew on the whole ledger"
                )
            self.last = (int(batch.rows.at[-1]), int(batch.ids[-1]))
        self.stream.extend(batch.rows, len(self.accounts))
        self.latest = batch.ids
        return batch

    def is_latest(self, ids: NDArray[np.int64]) -> bool:
        """Tell whether these are the transactions of the latest batch, in some order."""
        return np.array_equal(ids, self.latest) or np.array_equal(
            np.sort(ids), np.sort(self.latest)
        )

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where each of these transactions stands in the latest batch."""
        order = np.argsort(self.latest)
        return order[np.searchsorted(self.latest, ids, sorter=order)]


def _time(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat(" ")
