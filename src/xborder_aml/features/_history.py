"""The recent past of a ledger, kept between batches: what kernels read, and what it costs to grow.

Rows older than the longest window are dropped, but only when room runs out and everything is laid
out anew; since each layout leaves room for as much again, a row costs the same however long the
stream.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.features._threads import FEW_ROWS, run
from xborder_aml.kernels.feature_index import (
    PAYEE_RECEIVED,
    PAYER_SENT,
    Index,
    Side,
    distinct,
    fill,
    link,
    move,
    note,
)
from xborder_aml.kernels.feature_views import RECEIVED, SENT, START, Views, make_views

__all__ = ["Batch", "History"]

_SPARSE = 4
"""Rows of a batch are few where there are so many accounts to each."""


class Batch(NamedTuple):
    """Rows that follow on the history, in canonical order."""

    at: NDArray[np.int64]  # (B,) microseconds since 1970, UTC
    originator: NDArray[np.int32]  # (B,)
    beneficiary: NDArray[np.int32]  # (B,)
    base: NDArray[np.int64] | None = None  # (B,) minor units, -1 unknown; where amounts are kept


class History:
    """Recent rows, indexed; rows count from the oldest one kept.

    Parameters
    ----------
    window
        Longest look back, in microseconds.
    strict
        Ask that times of a path rise, and not only that they do not fall.
    amounts
        Keep the amounts, beside the times, by row and by slot.
    sent
        Index what accounts sent too, and not only what they received.
    threads
        Number of threads that may index; the result is the same.
    """

    def __init__(
        self,
        window: int,
        *,
        strict: bool = False,
        amounts: bool = False,
        sent: bool = True,
        threads: int = 1,
    ) -> None:
        self.window = window
        self.strict = strict
        self.amounts = amounts
        self.sent = sent
        self.threads = threads
        self.facts = np.empty((0, 2), np.int64)
        self.n_rows = 0
        self.index = _empty_index(0, 0, 0)
        self._scratch = np.zeros((2, 0), np.int32)
        self._views: dict[Hashable, tuple[int, Views]] = {}
        self._used = np.zeros(2, np.int64)  # slots of the pools that belong to some region

    def __getstate__(self) -> tuple[dict[str, int], Batch, int]:
        """Return the rows; a copy lays them out anew, with the same numbers."""
        names = ("window", "strict", "amounts", "sent", "threads")
        settings = {name: getattr(self, name) for name in names}
        return settings, self._rows(slice(0, self.n_rows)), self.n_accounts

    def __setstate__(self, state: tuple[dict[str, int], Batch, int]) -> None:
        settings, rows, n_accounts = state
        self.__init__(**settings)  # type: ignore[misc]
        self.extend(rows, n_accounts)

    @property
    def n_accounts(self) -> int:
        """Number of accounts that have room."""
        return self.index.sent.start.size

    def extend(self, batch: Batch, n_accounts: int) -> tuple[int, int]:
        """Append a batch and return the rows that it became, ``(first, last)``."""
        if n_accounts > self.n_accounts:
            self.index = _with_accounts(self.index, max(n_accounts, 2 * self.n_accounts))
            self._scratch = np.zeros((2, self.n_accounts), np.int32)
            self._views = {}
        if batch.at.size == 0:
            return self.n_rows, self.n_rows
        if self.n_rows + batch.at.size > self.index.at.size or not self._make_room(batch):
            self._lay_out(batch)
        first = self.n_rows
        self._write(batch)
        return first, self.n_rows

    def rows_since(self, at: int) -> int:
        """Return the first row at or after a time."""
        return int(np.searchsorted(self.index.at[: self.n_rows], at))

    def views(self, key: Hashable, first: int, last: int) -> Views:
        """Return what is in view before a row, to be moved on to another one.

        It is kept under the key, so that a batch need not count what came before it.
        """
        reached, views = self._views.get(key, (-1, None))
        if views is None or reached != first:
            views = make_views(self.index, first, self.n_rows)
        self._views[key] = last, views
        return views

    def tally(
        self, account: NDArray[np.int32], which: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the accounts that occur, and how often each does.

        `which` of the two scratch rows is used: no two threads may ask for the same.
        """
        if account.size < self.n_accounts // _SPARSE:
            scratch, found = self._scratch[which], np.empty(account.size, np.int32)
            found = found[: distinct(account, scratch, found)]
            counts = scratch[found].astype(np.int64)
            scratch[found] = 0
            return found, counts
        occurs = np.bincount(account, minlength=self.n_accounts)
        accounts = np.flatnonzero(occurs)
        return accounts.astype(np.int32), occurs[accounts]

    def _rows(self, keep: slice) -> Batch:
        x = self.index
        base = self.facts[keep, 1].copy() if self.amounts else None
        return Batch(x.at[keep].copy(), x.originator[keep].copy(), x.beneficiary[keep].copy(), base)

    def _write(self, batch: Batch) -> None:
        x, first = self.index, self.n_rows
        last = first + batch.at.size
        x.at[first:last] = batch.at
        x.originator[first:last] = batch.originator
        x.beneficiary[first:last] = batch.beneficiary
        if self.amounts and batch.base is not None:
            self.facts[first:last, 0] = batch.at
            self.facts[first:last, 1] = batch.base
        self.n_rows = last
        since = note(x, first, last, int(self.strict))

        def write(which: int) -> None:
            side, own, other = (
                (x.received, x.beneficiary, x.originator),
                (x.sent, x.originator, x.beneficiary),
            )[which]
            ends = x.ends[:, (PAYEE_RECEIVED, PAYER_SENT)[which]]
            fill(side, own, other, ends, x.seen, self.facts, since, last)
            link(side, self.tally(own[since:last], which)[0], since)

        run(write, range(1 + self.sent), self.threads if last - since >= FEW_ROWS else 1)

    def _make_room(self, batch: Batch) -> bool:
        """Move the regions that a batch would overflow; False when the pools are too small."""
        plans = []
        sides = (self.index.sent, self.index.received)
        for side, key, used in zip(sides, _ends(batch), self._used, strict=True):
            accounts, counts = self.tally(key, 0)
            need = side.size[accounts] + counts
            full = need > side.room[accounts]
            room = 2 * need[full]
            to = used + np.cumsum(room) - room
            if room.sum() + used > side.slot.shape[0]:
                return False
            plans.append((side, accounts[full], room, to))
        for k, (side, moved, room, to) in enumerate(plans):
            move(side, moved, to.astype(np.int32))
            for _, views in self._views.values():
                views.account[moved, (SENT, RECEIVED)[k] + START] = to
            side.room[moved] = room
            self._used[k] += room.sum()
        return True

    def _lay_out(self, batch: Batch) -> None:
        """Drop what no window reaches any more, and lay the rest out with room for the batch."""
        keep = slice(self.rows_since(int(batch.at[0]) - self.window), self.n_rows)
        old = self._rows(keep)
        n = old.at.size + batch.at.size
        ahead = 2 if old.at.size else 1  # a ledger in one batch needs no room for more
        n_slots = (4 * ahead - 3) * n
        self.index = _empty_index(self.n_accounts, ahead * n, n_slots, self.amounts, self.sent)
        self.facts = np.empty((ahead * n if self.amounts else 0, 2), np.int64)
        self.n_rows = 0
        self._views = {}
        for k, side in enumerate((self.index.sent, self.index.received)):
            room = sum(np.bincount(_ends(b)[k], minlength=self.n_accounts) for b in (old, batch))
            side.room[:] = ahead * room
            side.start[:] = ahead * (np.cumsum(room) - room)
            self._used[k] = ahead * n
        self._write(old)


def _ends(batch: Batch) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return batch.originator, batch.beneficiary


def _empty_index(
    n_accounts: int, n_rows: int, n_slots: int, amounts: bool = False, sent: bool = True
) -> Index:
    # sizes and latest rows lie side by side: counting a row in then meets two lines of memory
    tally = np.zeros((n_accounts, 4), np.int32)
    tally[:, 2:] = -1
    regions = (np.zeros(n_accounts, np.int32) for _ in range(4))
    sent_side, received_side = (
        Side(
            next(regions),
            tally[:, k],
            next(regions),
            np.empty((slots, 4), np.int32),
            np.empty((slots if amounts else 0, 2), np.int64),
        )
        for k, slots in enumerate((n_slots if sent else 0, n_slots))
    )
    at = np.empty(n_rows, np.int64)
    before, ends = (np.empty((n_rows, 4), np.int32) for _ in range(2))
    source, target, seen = (np.empty(n_rows, np.int32) for _ in range(3))
    return Index(at, source, target, sent_side, received_side, seen, before, ends, tally[:, 2:])


def _with_accounts(index: Index, n: int) -> Index:
    """Return the index with room for `n` accounts; slots and rows are shared."""
    wider = _empty_index(n, 0, 0)
    sides = []
    for side, more in ((index.sent, wider.sent), (index.received, wider.received)):
        for old, new in zip(side[:3], more[:3], strict=True):
            new[: old.size] = old
        sides.append(more._replace(slot=side.slot, fact=side.fact))
    wider.latest[: index.latest.shape[0]] = index.latest
    return index._replace(sent=sides[0], received=sides[1], latest=wider.latest)
