"""What a kernel sees of a graph: arrays only, edges in canonical order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most, fx_slack_bp, share_bp

__all__ = ["UNKNOWN", "Edges", "carries", "first_after", "returned_bp"]


UNKNOWN = -(2**62)
"""A time that nobody knows: before all others."""


class Edges(NamedTuple):
    """Edges sorted by (time, transaction id), E of them, over V accounts.

    Slots are positions in the orders by originator (`out_*`) and by beneficiary (`in_*`); inside an
    account they ascend in time. What a search reads of every slot that it passes lies in the order
    of the slots: a row somewhere else costs a cache miss, thirty times as much.
    """

    at: NDArray[np.int64]  # (E,) microseconds since 1970, UTC
    originator: NDArray[np.int32]  # (E,)
    beneficiary: NDArray[np.int32]  # (E,)
    sent: NDArray[np.int64]  # (E,) minor units of the sent currency
    sent_currency: NDArray[np.int16]  # (E,)
    received: NDArray[np.int64]  # (E,) minor units of the received currency
    received_currency: NDArray[np.int16]  # (E,)
    base: NDArray[np.int64]  # (E,) minor units of the base currency, -1 unknown
    border: NDArray[np.int8]  # (E,) 1 when both jurisdictions are known and differ
    origin: NDArray[np.int16]  # (E,) code of the originator's jurisdiction, -1 unknown
    destination: NDArray[np.int16]  # (E,) code of the beneficiary's jurisdiction, -1 unknown
    instrument: NDArray[np.int8]  # (E,) place in schema.INSTRUMENTS, -1 unknown
    holder: NDArray[np.int32]  # (V,) same number = same holder
    alone: NDArray[np.int8]  # (V,) 1 when the holder has no other account
    opened: NDArray[np.int64]  # (V,) microseconds since 1970 of the day of opening, or UNKNOWN
    out_ptr: NDArray[np.int64]  # (V + 1,)
    out_row: NDArray[np.int32]  # (E,) edge row of each slot
    out_at: NDArray[np.int64]  # (E,) time of each slot
    out_to: NDArray[np.int32]  # (E,) beneficiary of each slot
    out_sent: NDArray[np.int64]  # (E,) sent amount of each slot
    out_currency: NDArray[np.int16]  # (E,) its currency
    in_ptr: NDArray[np.int64]  # (V + 1,)
    in_row: NDArray[np.int32]  # (E,)
    in_at: NDArray[np.int64]  # (E,)
    in_from: NDArray[np.int32]  # (E,) originator of each slot
    in_received: NDArray[np.int64]  # (E,) received amount of each slot
    in_currency: NDArray[np.int16]  # (E,) its currency
    onward: NDArray[np.int64]  # (E,) first out slot of the beneficiary not before the edge


def first_after(times: NDArray[np.int64], low: int, high: int, t: int) -> int:
    """Return the first slot in ``[low, high)`` whose time is after `t`, else `high`."""
    while low < high:
        middle = (low + high) >> 1
        if times[middle] <= t:
            low = middle + 1
        else:
            high = middle
    return low


def carries(edges: Edges, first: int, then: int, low: int, high: int, fx: int) -> bool:
    """Tell whether edge `then` sends on between `low` and `high` basis points of edge `first`.

    In one currency the native amounts are compared. Across currencies the base amounts are, and
    both bounds widen by `fx` basis points a square root of a day between the two; without a base
    amount on either side the answer is no.
    """
    if edges.received_currency[first] == edges.sent_currency[then]:
        whole = edges.received[first]
        part = edges.sent[then]
    else:
        whole = edges.base[first]
        part = edges.base[then]
        if whole < 0 or part < 0:
            return False
        slack = fx_slack_bp(fx, abs(edges.at[then] - edges.at[first]))
        low = max(0, low - slack)
        high = high + slack
    return at_least(part, whole, low) and at_most(part, whole, high)


def returned_bp(edges: Edges, first: int, last: int) -> int:
    """Return what edge `last` delivers as basis points of what edge `first` sent; -1 unknown."""
    if edges.sent_currency[first] == edges.received_currency[last]:
        return share_bp(edges.received[last], edges.sent[first])
    if edges.base[first] < 0 or edges.base[last] < 0:
        return -1
    return share_bp(edges.base[last], edges.base[first])


first_after = jit(first_after)
carries = jit(carries)
returned_bp = jit(returned_bp)
