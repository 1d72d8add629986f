"""Numbers for names, in the order in which they are met: an exact table that grows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["enter", "number_names"]

_HASH, _NUMBER, _START, _LENGTH = 0, 1, 2, 3
_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)
_FOLD = np.uint64(32)


def enter(old: NDArray[np.int64], new: NDArray[np.int64]) -> None:
    """Enter all names of one table into a larger one, whose numbers are all -1."""
    mask = new.shape[0] - 1
    for i in range(old.shape[0]):
        if old[i, _NUMBER] >= 0:
            p = old[i, _HASH] & mask
            while new[p, _NUMBER] >= 0:
                p = (p + 1) & mask
            for field in range(4):
                new[p, field] = old[i, field]


def number_names(
    ends: NDArray[np.int64],
    text: NDArray[np.uint8],
    first: int,
    table: NDArray[np.int64],
    pool: NDArray[np.uint8],
    used: NDArray[np.int64],
    out: NDArray[np.int32],
) -> int:
    """Write the number of each name from `first` on; new names get the next ones.

    Parameters
    ----------
    ends, text
        The names: the i-th one is ``text[ends[i]:ends[i + 1]]``, shape (N + 1,).
    table
        Names known, shape (2**k, 4): hash, number (-1 free), where it stands in `pool`, bytes.
    pool
        Bytes of all names known.
    used
        Names known and bytes of the pool in use, shape (2,).
    out
        Numbers to write, shape (N,).

    Returns
    -------
    reached
        N, or the first name for which the table (half full) or the pool has no room.
    """
    mask = table.shape[0] - 1
    for i in range(first, out.size):
        low, high = ends[i], ends[i + 1]
        h = _BASIS
        for k in range(low, high):
            h = (h ^ np.uint64(text[k])) * _PRIME
        key = np.int64(h ^ (h >> _FOLD))
        p = key & mask
        while table[p, _NUMBER] >= 0:
            if table[p, _HASH] == key and table[p, _LENGTH] == high - low:
                start = table[p, _START]
                n = 0
                while n < high - low and pool[start + n] == text[low + n]:
                    n += 1
                if n == high - low:
                    break
            p = (p + 1) & mask
        if table[p, _NUMBER] < 0:
            if 2 * used[0] >= table.shape[0] or used[1] + high - low > pool.size:
                return i
            for n in range(high - low):
                pool[used[1] + n] = text[low + n]
            table[p, _HASH] = key
            table[p, _NUMBER] = used[0]
            table[p, _START] = used[1]
            table[p, _LENGTH] = high - low
            used[0] += 1
            used[1] += high - low
        out[i] = table[p, _NUMBER]
    return out.size


enter = jit(enter)
number_names = jit(number_names)
