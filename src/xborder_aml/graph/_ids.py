"""From transaction ids to edge rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml.errors import DataError

__all__ = ["RowsById"]

_SPARSE = 4  # ids that lie further apart than this on average are looked up by bisection


class RowsById:
    """Looks up the edge rows of transaction ids: in a table where they lie close, else sorted.

    Parameters
    ----------
    ids
        transaction_id of each edge, shape (E,).
    """

    def __init__(self, ids: NDArray[np.int64]) -> None:
        self._ids = ids
        self._low = int(ids.min(initial=0))
        span = int(ids.max(initial=0)) - self._low + 1
        self._is_table = span <= _SPARSE * ids.size
        if self._is_table:
            self._places = np.zeros(span, np.int32)
            self._places[ids - self._low] = np.arange(ids.size, dtype=np.int32)
        else:
            self._places = np.argsort(ids).astype(np.int32)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each id.

        Raises
        ------
        DataError
            If there is no such id.
        """
        if self._ids.size == 0:
            rows = np.zeros(0, np.int64)
            foreign = ids
        else:
            if self._is_table:
                place = np.clip(ids - self._low, 0, self._places.size - 1)
            else:
                found = np.searchsorted(self._ids, ids, sorter=self._places)
                place = np.minimum(found, self._ids.size - 1)
            rows = self._places[place].astype(np.int64)
            foreign = ids[self._ids[rows] != ids]
        if foreign.size:
            raise DataError(
                f"{foreign.size} of {ids.size} transaction ids are not in the graph, such as "
                f"{foreign[0]}; use the graph that they came from"
            )
        return rows
