"""What each transaction continues: its pair, its accounts' ports, balances and corridor, so far.

These look back to the beginning and need no window: each account, pair and corridor keeps a few
numbers, and a transaction reads and moves them on, once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["GAPS", "ORDINALS", "SUMS", "Ledgers", "carry_over", "run_on"]

ORDINALS = ("pair_ordinal", "payee_ordinal", "payer_ordinal", "corridor_ordinal")
"""Columns of counts that `run_on` writes."""
SUMS = ("pair_total", "originator_balance", "beneficiary_balance", "corridors_known")
"""Columns of whole numbers."""
GAPS = (
    "pair_gap",
    "originator_sent_gap",
    "originator_received_gap",
    "beneficiary_sent_gap",
    "beneficiary_received_gap",
    "originator_age",
    "beneficiary_age",
)
"""Columns of times since, in microseconds; -1 where there was nothing before."""

_KEY, _N, _TOTAL, _LAST, _PAYEE, _PAYER = 0, 1, 2, 3, 4, 5
_BALANCE, _SENT, _RECEIVED, _FIRST, _PAYEES, _PAYERS = 0, 1, 2, 3, 4, 5
_NEVER = -(2**62)


class Ledgers(NamedTuple):
    """The running numbers; `pair` is a hash table with open addressing, half empty at least."""

    pair: NDArray[np.int64]  # (2**k, 6) key (-1 free), payments, sum, time of last, its ordinals
    account: NDArray[np.int64]  # (V, 6) balance, last sent, received, first; payees, payers
    corridor: NDArray[np.int64]  # (corridors,) transactions
    total: NDArray[np.int64]  # (2,) pairs; transactions in a known corridor


def place_of(pair: NDArray[np.int64], key: int | np.int64) -> int:
    """Return where a pair stands in the table, or where it would."""
    mask = pair.shape[0] - 1
    h = (key >> 32) * 2654435761 ^ (key & 0xFFFFFFFF) * 2246822519  # account numbers have 31 bits
    p = (h ^ (h >> 29)) & mask
    while pair[p, _KEY] != key and pair[p, _KEY] != -1:
        p = (p + 1) & mask
    return p


def carry_over(old: NDArray[np.int64], new: NDArray[np.int64]) -> None:
    """Enter all pairs of one table into a larger one, whose keys are all -1."""
    for i in range(old.shape[0]):
        if old[i, _KEY] != -1:
            p = place_of(new, old[i, _KEY])
            for field in range(6):
                new[p, field] = old[i, field]


def run_on(
    at: NDArray[np.int64],
    originator: NDArray[np.int32],
    beneficiary: NDArray[np.int32],
    base: NDArray[np.int64],
    corridor: NDArray[np.int32],
    state: Ledgers,
    ordinals: NDArray[np.int32],
    sums: NDArray[np.int64],
    gaps: NDArray[np.int64],
) -> None:
    """Write what each row continues, and move the state on.

    Ordinals count the row itself, and sums and gaps are of what was before it. A self-loop is a
    pair like others, but opens no port and moves no balance.

    Parameters
    ----------
    at, originator, beneficiary, base
        The rows in canonical order, shape (E,); base amounts in minor units, -1 unknown.
    corridor
        Number of the corridor of each row, -1 unknown.
    ordinals, sums, gaps
        Columns to write, as `ORDINALS`, `SUMS` and `GAPS` name them, each (columns, E).
    """
    pair, account = state.pair, state.account
    for i in range(at.size):
        t = at[i]
        u = originator[i]
        v = beneficiary[i]
        money = max(base[i], 0)
        key = (np.int64(u) << 32) | np.int64(v)
        p = place_of(pair, key)
        if pair[p, _KEY] == -1:
            pair[p, _KEY] = key
            pair[p, _N] = pair[p, _TOTAL] = pair[p, _PAYEE] = pair[p, _PAYER] = 0
            pair[p, _LAST] = _NEVER
            state.total[0] += 1
            if u != v:
                account[u, _PAYEES] += 1
                account[v, _PAYERS] += 1
                pair[p, _PAYEE] = account[u, _PAYEES]
                pair[p, _PAYER] = account[v, _PAYERS]
        ordinals[0, i] = pair[p, _N] + 1
        ordinals[1, i] = pair[p, _PAYEE]
        ordinals[2, i] = pair[p, _PAYER]
        sums[0, i] = pair[p, _TOTAL]
        sums[1, i] = account[u, _BALANCE]
        sums[2, i] = account[v, _BALANCE]
        sums[3, i] = state.total[1]
        if corridor[i] >= 0:
            state.corridor[corridor[i]] += 1
            state.total[1] += 1
            ordinals[3, i] = state.corridor[corridor[i]]
        gaps[0, i] = t - pair[p, _LAST] if pair[p, _LAST] != _NEVER else -1
        for k in range(2):
            gaps[1 + k, i] = t - account[u, 1 + k] if account[u, 1 + k] != _NEVER else -1
            gaps[3 + k, i] = t - account[v, 1 + k] if account[v, 1 + k] != _NEVER else -1
        gaps[5, i] = t - account[u, _FIRST] if account[u, _FIRST] != _NEVER else -1
        gaps[6, i] = t - account[v, _FIRST] if account[v, _FIRST] != _NEVER else -1
        pair[p, _N] += 1
        pair[p, _TOTAL] += money
        pair[p, _LAST] = t
        if account[u, _FIRST] == _NEVER:
            account[u, _FIRST] = t
        if account[v, _FIRST] == _NEVER:
            account[v, _FIRST] = t
        if u != v:
            account[u, _BALANCE] -= money
            account[v, _BALANCE] += money
            account[u, _SENT] = t
            account[v, _RECEIVED] = t


place_of = jit(place_of)
carry_over = jit(carry_over)
run_on = jit(run_on)
