"""Numbers for account keys, in the order in which they are met."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from xborder_aml.kernels.names import enter, number_names

__all__ = ["Names"]

_ROOM = 1 << 10


class Names:
    """Names met so far, numbered from 0 in the order in which they were met."""

    def __init__(self) -> None:
        self._table = np.full((_ROOM, 4), -1, np.int64)
        self._pool = np.empty(8 * _ROOM, np.uint8)
        self._used = np.zeros(2, np.int64)

    def __len__(self) -> int:
        """Return how many names were met."""
        return int(self._used[0])

    def numbers(self, names: pl.Series) -> NDArray[np.int32]:
        """Return the number of each name, shape (N,); new names get the next ones."""
        text = names.to_arrow()
        if isinstance(text, pa.ChunkedArray):
            text = text.combine_chunks()
        _, ends, data = text.buffers()
        out = np.empty(len(text), np.int32)
        bounds = np.frombuffer(ends, np.int64)[text.offset : text.offset + out.size + 1]
        letters = np.frombuffer(data or b"", np.uint8)
        reached = 0
        while reached < out.size:
            with np.errstate(over="ignore"):  # hashes wrap around, which plain Python warns about
                reached = number_names(
                    bounds, letters, reached, self._table, self._pool, self._used, out
                )
            if reached < out.size:
                self._grow(int(bounds[reached + 1] - bounds[reached]))
        return out

    def text(self) -> pl.Series:
        """Return the names in the order of their numbers."""
        known = self._table[self._table[:, 1] >= 0]
        ends = np.zeros(len(self) + 1, np.int64)  # they stand in the pool one after the other
        ends[known[:, 1] + 1] = known[:, 2] + known[:, 3]
        letters = self._pool[: self._used[1]].copy()
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(letters)]
        return pl.Series(pa.Array.from_buffers(pa.large_string(), len(self), buffers))

    def _grow(self, n_bytes: int) -> None:
        """Make room for as many names again, and for one of so many bytes."""
        table = np.full((2 * self._table.shape[0], 4), -1, np.int64)
        enter(self._table, table)
        self._table = table
        pool = np.empty(2 * self._pool.size + n_bytes, np.uint8)
        pool[: self._pool.size] = self._pool
        self._pool = pool
