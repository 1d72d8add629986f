"""The order of transactions that were booked at the same time, where an account may choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["order_ties"]


def order_ties(
    at: NDArray[np.int64],
    waits: NDArray[np.int32],
    frees: NDArray[np.int32],
    by_waits: NDArray[np.int64],
    n_accounts: int,
    order: NDArray[np.int32],
) -> None:
    """Order transactions of the same time so that each account has one side done before the other.

    A transaction is ready when no other of its time is left that frees the account it waits for.
    Those that are ready are taken in the order in which they became so, at first that of the
    ledger. Where accounts wait for each other in a circle, the earliest in the ledger goes first.

    Parameters
    ----------
    at
        Times, shape (N,), ascending.
    waits, frees
        Account that each transaction waits for, and that it frees: for credits before debits the
        originator and the beneficiary, for debits before credits the other way round.
    by_waits
        Rows by time, then `waits`, then row.
    order
        Shape (N,), written: rows in the order to take them.
    """
    pending = np.zeros(n_accounts, np.int64)
    begin = np.zeros(n_accounts, np.int64)
    taken = np.zeros(at.size, np.int8)
    low = 0
    while low < at.size:
        high = low + 1
        while high < at.size and at[high] == at[low]:
            high += 1
        for i in range(low, high):
            begin[frees[i]] = high
            if waits[i] != frees[i]:
                pending[frees[i]] += 1
        for k in range(high - 1, low - 1, -1):
            begin[waits[by_waits[k]]] = k
        tail = low
        for i in range(low, high):
            if pending[waits[i]] == 0:
                order[tail] = i
                taken[i] = 1
                tail += 1
        scan = low
        for head in range(low, high):
            if head == tail:
                while taken[scan]:
                    scan += 1
                order[tail] = scan
                taken[scan] = 1
                tail += 1
            row = order[head]
            account = frees[row]
            if waits[row] == account:
                continue
            pending[account] -= 1
            k = begin[account]
            while pending[account] == 0 and k < high and waits[by_waits[k]] == account:
                if not taken[by_waits[k]]:
                    order[tail] = by_waits[k]
                    taken[by_waits[k]] = 1
                    tail += 1
                k += 1
        low = high


order_ties = jit(order_ties)
