"""A ledger read batch by batch: what is kept, and the feature columns of the latest batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.features._families import (
    RUNNING,
    Columns,
    Plan,
    running_columns,
    windowed_columns,
)
from xborder_aml.features._history import Batch, History
from xborder_aml.kernels.feature_chains import chain_depths
from xborder_aml.kernels.feature_running import GAPS, ORDINALS, SUMS, Ledgers, carry_over, run_on

__all__ = ["ChainLimits", "Rows", "Stream"]

_NEVER = -(2**62)


class Rows(NamedTuple):
    """Transactions in canonical order; accounts and corridors are numbers that stay the same."""

    at: NDArray[np.int64]  # (B,) microseconds since 1970, UTC
    originator: NDArray[np.int32]  # (B,)
    beneficiary: NDArray[np.int32]  # (B,)
    base: NDArray[np.int64]  # (B,) minor units, -1 unknown
    corridor: NDArray[np.int32]  # (B,) -1 unknown

    def backward(self) -> Rows:
        """Return the ledger as it reads with time and transfers turned round."""
        turned = self._replace(
            at=-self.at, originator=self.beneficiary, beneficiary=self.originator
        )
        return Rows._make(np.ascontiguousarray(a[::-1]) for a in turned)


class ChainLimits(NamedTuple):
    """When one transaction carries on another, in microseconds and basis points."""

    max_gap: int
    low: int
    high: int


class Stream:
    """What must be remembered of the past, and the latest batch.

    Parameters
    ----------
    plan
        Which columns are asked for.
    window
        Longest look back, in microseconds.
    strict
        As in `History`.
    chain
        What a chain is.
    backward
        Whether the rows come as `Rows.backward` turned them.
    n_corridors
        How many corridors there can be.
    """

    def __init__(
        self,
        plan: Plan,
        window: int,
        *,
        strict: bool,
        chain: ChainLimits,
        backward: bool,
        n_corridors: int,
    ) -> None:
        self.plan = plan
        self.chain = chain
        self.backward = backward
        amounts = plan.has("vertex", "chain")
        self.history = History(window, strict=strict, amounts=amounts, threads=plan.threads)
        self.first = 0
        self._depth = np.empty(0, np.int32)
        self._cut = np.empty(0, np.uint16)
        self._running: Columns = {}
        self._ledgers = Ledgers(
            np.full((2, 6), -1, np.int64),
            np.empty((0, 6), np.int64),
            np.zeros(n_corridors, np.int64),
            np.zeros(2, np.int64),
        )

    def extend(self, rows: Rows, n_accounts: int) -> None:
        """Read one more batch; `columns` then describes it."""
        before = self.history.n_rows
        batch = Batch(*rows[:4])
        self.first, last = self.history.extend(batch, n_accounts)
        self._keep(before - self.first)  # rows that no window reaches were dropped in front
        if self.plan.has("chain"):
            bounds = (self.chain.low, self.chain.high, int(self.backward))
            chain_depths(
                self.history.index,
                self.history.facts,
                self.first,
                last,
                self.chain.max_gap,
                bounds,
                self.plan.max_work,
                self._depth,
                self._cut,
            )
        self._running = {}
        if self.plan.has(*RUNNING):
            self._running = self._run_on(rows, n_accounts, self._depth[self.first : last])

    def columns(self) -> Columns:
        """Return the feature columns of the latest batch, in canonical order."""
        out = windowed_columns(self.plan, self.history, self.first)
        cut = out.pop("truncated")
        if self.plan.has("chain"):
            cut = cut + self._cut[self.first : self.history.n_rows]
        return {**out, **self._running, "truncated": cut}

    def _keep(self, dropped: int) -> None:
        """Let the arrays that go with the history's rows follow where these went."""
        room = self.history.index.at.size
        if room == self._depth.size and dropped == 0:
            return

        def moved(old: NDArray[Any]) -> NDArray[Any]:
            new = np.zeros(room, old.dtype)
            kept = old[dropped : dropped + self.first]
            new[: kept.size] = kept
            return new

        self._depth = moved(self._depth)
        self._cut = moved(self._cut)

    def _run_on(self, rows: Rows, n_accounts: int, depth: NDArray[np.int32]) -> Columns:
        n = rows.at.size
        self._make_room(n, n_accounts)
        ordinals = np.zeros((len(ORDINALS), n), np.int32)
        sums = np.zeros((len(SUMS), n), np.int64)
        gaps = np.zeros((len(GAPS), n), np.int64)
        run_on(*rows, self._ledgers, ordinals, sums, gaps)
        return running_columns(self.plan, ordinals, sums, gaps, rows.base, depth.copy())

    def _make_room(self, n_rows: int, n_accounts: int) -> None:
        """Enlarge the running numbers for as many new pairs as there are rows."""
        s = self._ledgers
        pairs = s.pair
        if 2 * (int(s.total[0]) + n_rows) > pairs.shape[0]:
            size = 1 << (4 * (int(s.total[0]) + n_rows)).bit_length()
            pairs = np.full((size, 6), -1, np.int64)
            carry_over(s.pair, pairs)
        accounts = s.account
        if n_accounts > accounts.shape[0]:
            accounts = np.zeros((max(n_accounts, 2 * accounts.shape[0]), 6), np.int64)
            accounts[:, 1:4] = _NEVER
            accounts[: s.account.shape[0]] = s.account
        self._ledgers = s._replace(pair=pairs, account=accounts)
