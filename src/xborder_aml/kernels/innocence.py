"""Standing payments, and how steadily accounts are paid and pay: one walk over the slots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["activity", "standing"]

_DAY = 86_400_000_000
_WEEK = 7 * _DAY


def standing(
    ptr: NDArray[np.int64],
    to: NDArray[np.int32],
    at: NDArray[np.int64],
    sent: NDArray[np.int64],
    currency: NDArray[np.int16],
    rhythms: NDArray[np.int64],
    like: int,
    least: int,
) -> NDArray[np.bool_]:
    """Mark the slots that are payments of a run in rhythm, shape (E,).

    Parameters
    ----------
    ptr, to, at, sent, currency
        Out slots, as `Edges` has them.
    rhythms
        Least and most calendar days from one payment of a run to the next, shape (R, 2).
    like
        Consecutive amounts differ by at most the larger, divided by this.
    least
        Payments that make a run, at least 2.
    """
    latest = np.full(ptr.size - 1, -1, np.int64)  # slot of the last payment to each account
    before = np.empty(to.size, np.int32)  # slot of the payment before, in a run
    length = np.ones(to.size, np.int32)  # of the run so far
    marked = np.zeros(to.size, np.bool_)
    for a in range(ptr.size - 1):
        for s in range(ptr[a], ptr[a + 1]):
            p = latest[to[s]]
            latest[to[s]] = s
            if p < ptr[a] or currency[p] != currency[s]:
                continue
            days = at[s] // _DAY - at[p] // _DAY
            fits = False
            for r in range(rhythms.shape[0]):
                fits = fits or rhythms[r, 0] <= days <= rhythms[r, 1]
            # amounts sum to less than 2**59, so that their difference cannot overflow
            if not fits or abs(sent[s] - sent[p]) > max(sent[s], sent[p]) // like:
                continue
            before[s] = p
            length[s] = length[p] + 1
            if length[s] >= least:
                marked[s] = True
            if length[s] == least:
                for _ in range(least - 1):
                    marked[p] = True
                    p = before[p]
    return marked


def activity(
    accounts: NDArray[np.int64],
    ptr: NDArray[np.int64],
    at: NDArray[np.int64],
    partner: NDArray[np.int32],
    first_week: int,
    weeks: NDArray[np.bool_],
    partners: NDArray[np.int64],
) -> None:
    """Tell of some accounts in which weeks one side of their payments was busy, and with how many.

    Parameters
    ----------
    accounts
        Codes, shape (A,), ascending.
    ptr, at, partner
        Slots of one side, as `Edges` has them.
    first_week
        Number of the week, since 1970, in which the ledger begins.
    weeks
        Written: True where the account had a payment, shape (A, W).
    partners
        Written: other accounts on that side, shape (A,).
    """
    met = np.full(ptr.size - 1, -1, np.int64)  # the last account that had each one as a partner
    for i in range(accounts.size):
        a = accounts[i]
        for s in range(ptr[a], ptr[a + 1]):
            if partner[s] == a:
                continue
            weeks[i, at[s] // _WEEK - first_week] = True
            if met[partner[s]] != i:
                met[partner[s]] = i
                partners[i] += 1


activity = jit(activity)
standing = jit(standing)
