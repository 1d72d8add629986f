"""Links: all payments from one account to another, found in logarithmic time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.csr import csr
from xborder_aml.kernels.edges import Edges, first_after

__all__ = ["Links", "make_links", "n_between"]


class Links(NamedTuple):
    """The payments of a ledger by originator and beneficiary; slots ascend in time inside a link.

    Self-loops and payments without a positive base amount are in no link.
    """

    key: NDArray[np.int64]  # (L,) originator * V + beneficiary, ascending
    ptr: NDArray[np.int64]  # (L + 1,)
    row: NDArray[np.int64]  # edge row of each slot
    link: NDArray[np.int32]  # link of each slot
    place: NDArray[np.int32]  # (E,) slot of each row, -1 for none


def make_links(edges: Edges) -> Links:
    """Return the links of a ledger: a radix sort by beneficiary, which is there, and originator."""
    n_accounts = edges.in_ptr.size - 1
    payers = edges.originator[edges.in_row]
    payers.flags.writeable = False  # as a graph's own arrays are: `csr` compiles once
    row = edges.in_row[csr(payers, n_accounts)[1]].astype(np.int64)
    row = row[(edges.base[row] > 0) & (edges.originator[row] != edges.beneficiary[row])]
    key = edges.originator[row].astype(np.int64) * n_accounts + edges.beneficiary[row]
    begins = np.diff(key, prepend=-1) != 0
    ptr = np.append(np.flatnonzero(begins), row.size)
    place = np.full(edges.at.size, -1, np.int32)
    place[row] = np.arange(row.size, dtype=np.int32)
    link = np.cumsum(begins, dtype=np.int32) - np.int32(1)
    return Links(key[begins], ptr.astype(np.int64), row, link, place)


def n_between(links: Links, n_accounts: int, one: int, other: int, low: int, end: int) -> int:
    """Return how many payments two accounts exchange in the edge rows ``low..end``."""
    n = 0
    for turn in range(2):
        key = other * n_accounts + one if turn else one * n_accounts + other
        k = first_after(links.key, 0, links.key.size, key) - 1
        if k >= 0 and links.key[k] == key:
            first = first_after(links.row, links.ptr[k], links.ptr[k + 1], low - 1)
            n += first_after(links.row, first, links.ptr[k + 1], end - 1) - first
    return n


n_between = jit(n_between)
