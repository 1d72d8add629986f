"""Where transaction ids and account keys stand in a graph."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError
from xborder_aml.graph import TransactionGraph

__all__ = ["Places"]


class Places:
    """Rows of transaction ids, and codes of account keys.

    Parameters
    ----------
    cure
        What to do where the graph does not have one of them, for the error.
    """

    def __init__(
        self, graph: TransactionGraph, cure: str = "join parts on the graph that was planned"
    ) -> None:
        self._ids = graph.transaction_ids
        self._order = np.argsort(self._ids, kind="stable")
        self._names = graph.account_names
        self._cure = cure

    def found(self, ids: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the row of each id, and whether the graph has it."""
        wanted = ids.to_numpy()
        if not self._ids.size:
            return np.zeros(wanted.size, np.int64), np.zeros(wanted.size, bool)
        places = np.searchsorted(self._ids, wanted, sorter=self._order)
        rows = self._order[np.minimum(places, self._ids.size - 1)]
        return rows, self._ids[rows] == wanted

    def rows(self, ids: pl.Series) -> NDArray[np.int64]:
        """Return the row of each id.

        Raises
        ------
        DataError
            If the graph does not have it.
        """
        rows, there = self.found(ids)
        if not there.all():
            lost = ids.filter(pl.Series(~there))[0]
            raise DataError(f"the graph has no transaction {lost}; {self._cure}")
        return rows

    def accounts(self, keys: pl.Series) -> NDArray[np.int32]:
        """Return the code of each key.

        Raises
        ------
        DataError
            If the graph does not have it.
        """
        codes = self._names.to_frame().with_columns(code=pl.int_range(pl.len(), dtype=pl.Int32))
        table = keys.to_frame("account").join(
            codes, on="account", how="left", maintain_order="left"
        )
        if table["code"].null_count():
            lost = table.filter(pl.col("code").is_null())["account"][0]
            raise DataError(f"the graph has no account {lost!r}; {self._cure}")
        return table["code"].to_numpy()
