"""From the columns of a graph to the arrays that kernels read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
    columns = dict[str, NDArray[Any]](
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
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(_in_slots, columns)
        return _edges(columns, _out_slots(columns), begun.result())


def link(**columns: NDArray[Any]) -> Edges:
    """Return edges with their slots, from the columns of `Edges` that come before the slots.

    Rows are in the order of time, and accounts are numbered from 0.
    """
    return _edges(columns, _out_slots(columns), _in_slots(columns))


def _out_slots(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    ptr, row = csr(columns["originator"], columns["holder"].size)
    at = columns["at"][row]
    return {
        "out_ptr": ptr,
        "out_row": row,
        "out_at": at,
        "out_to": columns["beneficiary"][row],
        "out_sent": columns["sent"][row],
        "out_currency": columns["sent_currency"][row],
        "onward": first_slots(columns["at"], columns["beneficiary"], ptr, at),
    }


def _in_slots(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    ptr, row = csr(columns["beneficiary"], columns["holder"].size)
    return {
        "in_ptr": ptr,
        "in_row": row,
        "in_at": columns["at"][row],
        "in_from": columns["originator"][row],
        "in_received": columns["received"][row],
        "in_currency": columns["received_currency"][row],
    }


def _edges(*parts: dict[str, NDArray[Any]]) -> Edges:
    edges = Edges(**{name: array for part in parts for name, array in part.items()})
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
