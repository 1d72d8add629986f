"""One run of a rule over a book: the kernels, their growing output, and the check of the sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xborder_aml.errors import CapacityError, DataError
from xborder_aml.kernels.output import FULL
from xborder_aml.kernels.trace_lots import (
    AMOUNT,
    AT,
    BALANCE,
    CLAIM,
    COUNT,
    DRAWN,
    FIFO,
    HEAD,
    KEPT,
    LEFT,
    LIFO,
    LOST,
    MONEY,
    NOTHING,
    TAIL,
    WORDS,
    Lots,
    Shelves,
    trace_lots,
)
from xborder_aml.kernels.trace_mix import (
    CLEAN_FIRST,
    PRO_RATA,
    RECORDS,
    TAINT_FIRST,
    Flows,
    Pockets,
    mix,
)
from xborder_aml.kernels.trace_tally import FATES, held_of_lots, lots_of_flows, tally
from xborder_aml.tracing._ledger import Ledger

__all__ = ["LOT_RULES", "MIX_RULES", "Run", "run_rule"]

LOT_RULES = {"fifo": FIFO, "lifo": LIFO}
MIX_RULES = {
    "pro_rata": PRO_RATA,
    "clean_first": CLEAN_FIRST,
    "taint_first": TAINT_FIRST,
    "tiho": TAINT_FIRST,  # the order of a batch makes the difference
}
_MOST_CELLS = 2**28
_MOST_LOTS = 2**30


@dataclass(frozen=True, eq=False)
class Run:
    """What a rule made of a book.

    Parameters
    ----------
    flows
        Claimed money by move and claim; for rules of lots, by lot, clean pieces among them.
    lots
        Lots, for the rules that keep them.
    balance
        Money in each pocket at the end, shape (P,).
    taint
        Claimed money in each pocket at the end, shape (P, K).
    sums
        What became of each claim and currency, shape (K, currencies, len(FATES)).
    """

    ledger: Ledger
    flows: Flows
    lots: Lots | None
    balance: NDArray[np.int64]
    taint: NDArray[np.int64]
    sums: NDArray[np.int64]

    @cached_property
    def all_lots(self) -> Lots:
        """Lots of any rule: where it keeps none, claimed money leaves a pocket oldest first."""
        if self.lots is not None:
            return self.lots
        book, n_claims = self.ledger.book, self.taint.shape[1]
        size = _room(2 * self.flows.at.size)
        while True:
            lots = _make_lots(size)
            heads = np.full((self.taint.size, 2), NOTHING, np.int32)
            n = lots_of_flows(book, self.flows, n_claims, heads, lots)
            if n >= 0:
                lots.counts[RECORDS] = n
                made: Lots = _trimmed(lots)
                return made
            size *= 2


def run_rule(ledger: Ledger, rule: str) -> Run:
    """Run one rule over a book.

    Raises
    ------
    CapacityError
        If there are too many accounts times claims for memory.
    DataError
        If the sums do not come out: a fault of the library, and no result is given.
    """
    n_pockets, n_claims = ledger.n_pockets, max(1, ledger.claims.len())
    if n_pockets * n_claims > _MOST_CELLS:
        raise CapacityError(
            f"{n_claims:,} claims over {n_pockets:,} pockets need a table of more than "
            f"{_MOST_CELLS:,} cells; trace fewer claims at once, or name several seeds as one claim"
        )
    taint = np.zeros((n_pockets, n_claims), np.int64)
    lots = None
    if rule in LOT_RULES:
        lots, balance = _by_lots(ledger, LOT_RULES[rule])
        held_of_lots(ledger.book, lots, taint)
        columns: list[NDArray[Any]] = [lots.words[:, k] for k in (AT, CLAIM)]
        columns += [lots.money[:, k] for k in (DRAWN, AMOUNT, LOST)]
        flows = Flows._make([*map(np.ascontiguousarray, columns), lots.counts])
    else:
        flows, balance = _by_mixtures(ledger, MIX_RULES[rule], taint)
    sums = np.zeros((n_claims, len(ledger.currencies), len(FATES)), np.int64)
    tally(ledger.book, flows, ledger.debit, ledger.credit, sums)
    run = Run(ledger, flows, lots, balance, taint, sums)
    _check(run)
    return run


def _room(wanted: int) -> int:
    """Return how many records to begin with; too few cost a call, and tests begin with one."""
    return max(16, wanted)


def _by_lots(ledger: Ledger, rule: int) -> tuple[Lots, NDArray[np.int64]]:
    """Return the lots, and the balances at the end."""
    n = ledger.n_pockets
    shelves = Shelves(
        np.full((n, 3), NOTHING, np.int32),
        np.column_stack([ledger.opening, np.zeros(n, np.int64)]),
    )
    shelves.ends[:, COUNT] = 0
    opened = int(np.count_nonzero(ledger.opening))
    size = opened + _room(ledger.book.row.size + n)
    lots = _with_openings(_make_lots(size), ledger.opening, shelves)
    lots = _until_done(lambda out: trace_lots(ledger.book, ledger.seeds, rule, out, shelves), lots)
    return lots, shelves.purse[:, BALANCE].copy()


def _by_mixtures(
    ledger: Ledger, rule: int, taint: NDArray[np.int64]
) -> tuple[Flows, NDArray[np.int64]]:
    """Return the flows, and the balances at the end; write what is held into `taint`."""
    pockets = Pockets(ledger.opening.copy(), np.zeros(ledger.n_pockets, np.int64), taint)
    size = _room(ledger.book.row.size + ledger.seeds.at.size)
    types: list[Any] = [np.int32, np.int32, np.int64, np.int64, np.int64]
    flows = Flows._make([*(np.empty(size, t) for t in types), np.zeros(3, np.int64)])
    flows = _until_done(lambda out: mix(ledger.book, ledger.seeds, rule, pockets, out), flows)
    return flows, pockets.balance


def held(run: Run) -> NDArray[np.int64]:
    """Return what is held at the end by claim and currency, shape (K, currencies)."""
    n_claims, n_currencies, _ = run.sums.shape
    out = np.zeros((n_claims, n_currencies), np.int64)
    for k in range(n_currencies):
        out[:, k] = run.taint[run.ledger.currency == k].sum(axis=0)
    return out


def residuals(run: Run) -> NDArray[np.int64]:
    """Return what is missing of each claim and currency, shape (K, currencies)."""
    came = run.sums[:, :, 0] + run.sums[:, :, 1]
    missing: NDArray[np.int64] = came - run.sums[:, :, 2:].sum(axis=2) - held(run)
    return missing


def _check(run: Run) -> None:
    wrong = np.argwhere(residuals(run) != 0)
    if wrong.size or (run.taint < 0).any() or (run.taint.sum(axis=1) > run.balance).any():
        claim = run.ledger.claims[int(wrong[0, 0])] if wrong.size else "one"
        raise DataError(
            f"the trace does not balance: money of claim {claim!r} is missing or too much. That is "
            "a fault of this library and not of the ledger; please report it"
        )


def _make_lots(size: int) -> Lots:
    return Lots(
        np.empty((size, WORDS), np.int32), np.empty((size, MONEY), np.int64), np.zeros(3, np.int64)
    )


def _with_openings(lots: Lots, opening: NDArray[np.int64], shelves: Shelves) -> Lots:
    """Put one clean lot into each pocket that has an opening balance."""
    places = np.flatnonzero(opening)
    n = places.size
    lots.words[:n] = NOTHING  # no move brought it, nothing is behind it, and it is clean
    lots.words[:n, KEPT] = 0
    lots.money[:n] = 0
    lots.money[:n, AMOUNT] = lots.money[:n, LEFT] = opening[places]
    shelves.ends[places, HEAD] = shelves.ends[places, TAIL] = np.arange(n, dtype=np.int32)
    shelves.ends[places, COUNT] = 1
    lots.counts[RECORDS] = n
    return lots


def _until_done(work: Callable[[Any], int], out: Any) -> Any:
    """Call a kernel again with twice the room until it is done; return what it filled."""
    while work(out) == FULL:
        size = len(out[0])
        if size >= _MOST_LOTS:
            raise CapacityError(
                "the money splits into more than 2**30 lots; trace a shorter time (as_of), or by a "
                "rule that keeps no lots, such as pro_rata"
            )
        arrays: list[NDArray[Any]] = []
        for old in out[:-1]:
            bigger = np.empty((2 * size, *old.shape[1:]), old.dtype)
            bigger[:size] = old
            arrays.append(bigger)
        out = out._make([*arrays, out.counts])
    return _trimmed(out)


def _trimmed(out: Any) -> Any:
    n = int(out.counts[RECORDS])
    return out._make([*(a[:n] for a in out[:-1]), out.counts])
