"""From the columns of a graph to the arrays that kernels read."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.kernels.csr import csr, first_slots
from xborder_aml.kernels.edges import UNKNOWN, Edges

__all__ = ["link", "make_edges", "plain"]

_TIME = pl.Datetime("us")


def make_edges(t: pl.DataFrame, holder: NDArray[np.int32], opened: pl.Series) -> Edges:
    """Return the arrays of a graph's table.

    Parameters
    ----------
    holder, opened
        Holder code and day of opening of each account, shape (V,).
    """
    a = _codes(t["originator_jurisdiction"])
    b = _codes(t["beneficiary_jurisdiction"])
    return link(
        at=plain(t["executed_at"].to_physical()),
        originator=plain(t["originator_code"]),
        beneficiary=plain(t["beneficiary_code"]),
        sent=plain(t["sent_minor"]),
        sent_currency=_codes(t["sent_currency"]),
        received=plain(t["received_minor"]),
        received_currency=_codes(t["received_currency"]),
        base=plain(t["base_minor"].fill_null(-1)),
        border=((a != b) & (a >= 0) & (b >= 0)).astype(np.int8),
        origin=a,
        destination=b,
        instrument=_codes(t["instrument"]).astype(np.int8),
        holder=holder,
        alone=(np.bincount(holder)[holder] == 1).astype(np.int8),
        opened=opened.cast(_TIME).to_physical().fill_null(UNKNOWN).to_numpy().copy(),
    )


def link(**columns: NDArray[Any]) -> Edges:
    """Return edges with their slots, from the columns of `Edges` that come before the slots.

    Rows are in the order of time, and accounts are numbered from 0.
    """
    at, src, dst = (columns[c] for c in ("at", "originator", "beneficiary"))
    out_ptr, out_row = csr(src, columns["holder"].size)
    in_ptr, in_row = csr(dst, columns["holder"].size)
    out_at = at[out_row]
    edges = Edges(
        **columns,
        out_ptr=out_ptr,
        out_row=out_row,
        out_at=out_at,
        out_to=dst[out_row],
        out_sent=columns["sent"][out_row],
        out_currency=columns["sent_currency"][out_row],
        in_ptr=in_ptr,
        in_row=in_row,
        in_at=at[in_row],
        in_from=src[in_row],
        in_received=columns["received"][in_row],
        in_currency=columns["received_currency"][in_row],
        onward=first_slots(at, dst, out_ptr, out_at),
    )
    for array in edges:  # frozen; and a kernel compiles once, for read-only arrays
        array.flags.writeable = False
    return edges


def plain(series: pl.Series) -> NDArray[Any]:
    """Return a series without nulls as a C-contiguous array, without a copy where possible."""
    array = np.ascontiguousarray(series.to_numpy())
    array.flags.writeable = False
    return array


def _codes(series: pl.Series) -> NDArray[np.int16]:
    """Return the physical codes of an Enum series, -1 for null."""
    return series.to_physical().cast(pl.Int16).fill_null(-1).to_numpy().copy()
