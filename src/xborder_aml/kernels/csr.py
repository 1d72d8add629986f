"""Compressed sparse rows by counting sort."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["csr", "first_slots"]


def csr(keys: NDArray[np.int32], n_keys: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Group row numbers by key, keeping row order inside a group.

    Parameters
    ----------
    keys
        Group of each row, 0 <= key < `n_keys`, shape (E,).
    n_keys
        Number of groups V.

    Returns
    -------
    ptr, rows
        ``rows[ptr[k]:ptr[k + 1]]`` are the rows of group k, ascending; shapes (V + 1,) and (E,).
    """
    n = keys.size
    ptr = np.zeros(n_keys + 1, np.int64)
    for i in range(n):
        ptr[keys[i] + 1] += 1
    for k in range(n_keys):
        ptr[k + 1] += ptr[k]
    cursor = ptr.copy()
    rows = np.empty(n, np.int32)
    for i in range(n):
        k = keys[i]
        rows[cursor[k]] = i
        cursor[k] += 1
    return ptr, rows


def first_slots(
    at: NDArray[np.int64],
    key: NDArray[np.int32],
    ptr: NDArray[np.int64],
    slot_at: NDArray[np.int64],
) -> NDArray[np.int64]:
    """For each row i, the first slot of group ``key[i]`` whose time is not before ``at[i]``.

    `at` ascends, so every group is walked once: O(E).

    Parameters
    ----------
    at, key
        Time and group to look into, of each row, shape (E,).
    ptr, slot_at
        Group bounds, shape (V + 1,), and the time of each slot, ascending inside a group.

    Returns
    -------
    slots
        Shape (E,); ``ptr[key[i] + 1]`` where no slot is late enough.
    """
    cursor = ptr.copy()
    out = np.empty(at.size, np.int64)
    for i in range(at.size):
        k = key[i]
        p = cursor[k]
        end = ptr[k + 1]
        t = at[i]
        while p < end and slot_at[p] < t:
            p += 1
        cursor[k] = p
        out[i] = p
    return out


csr = jit(csr)
first_slots = jit(first_slots)
