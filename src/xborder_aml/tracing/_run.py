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
from xborder_aml.kernels.trace_lots import FIFO, LIFO, NOTHING, Lots, Shelves, trace_lots
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
_FIELDS = ("at", "claim", "drawn", "amount", "lost")


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
        size = 2 * self.flows.at.size + 16
        while True:
            lots = _make_lots(size)
            heads = np.full((self.taint.size, 2), NOTHING, np.int32)
            n = lots_of_flows(book, self.flows, n_claims, heads, lots)
            if n >= 0:
                lots.counts[RECORDS] = n
                return _trimmed(lots)
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
    n = ledger.book.row.size
    lots = None
    if rule in LOT_RULES:
        shelves = Shelves(
            ledger.opening.copy(),
            np.zeros(n_pockets, np.int64),
            np.full(n_pockets, NOTHING, np.int32),
            np.full(n_pockets, NOTHING, np.int32),
            np.zeros(n_pockets, np.int32),
        )
        made = _with_openings(_make_lots(max(16, n + 2 * n_pockets)), ledger.opening, shelves)
        lots = _until_done(
            lambda out: trace_lots(ledger.book, ledger.seeds, LOT_RULES[rule], out, shelves), made
        )
        held_of_lots(ledger.book, lots, taint)
        balance = shelves.balance
        flows = Flows(*(getattr(lots, f) for f in (*_FIELDS, "counts")))
    else:
        pockets = Pockets(ledger.opening.copy(), np.zeros(n_pockets, np.int64), taint)
        size = max(16, n + n_claims + ledger.seeds.at.size)
        types = (np.int32, np.int32, np.int64, np.int64, np.int64)
        empty = Flows(*(np.empty(size, t) for t in types), np.zeros(3, np.int64))
        flows = _until_done(
            lambda out: mix(ledger.book, ledger.seeds, MIX_RULES[rule], pockets, out), empty
        )
        balance = pockets.balance
    sums = np.zeros((n_claims, len(ledger.currencies), len(FATES)), np.int64)
    tally(ledger.book, flows, ledger.debit, ledger.credit, sums)
    run = Run(ledger, flows, lots, balance, taint, sums)
    _check(run)
    return run


def held(run: Run) -> NDArray[np.int64]:
    """Return what is held at the end by claim and currency, shape (K, currencies)."""
    out = np.zeros(run.sums.shape[:2], np.int64)
    for k in range(out.shape[1]):
        out[:, k] = run.taint[run.ledger.currency == k].sum(axis=0)
    return out


def residuals(run: Run) -> NDArray[np.int64]:
    """Return what is missing of each claim and currency, shape (K, currencies)."""
    came = run.sums[:, :, 0] + run.sums[:, :, 1]
    return came - run.sums[:, :, 2:].sum(axis=2) - held(run)


def _check(run: Run) -> None:
    wrong = np.argwhere(residuals(run) != 0)
    if wrong.size or (run.taint < 0).any() or (run.taint.sum(axis=1) > run.balance).any():
        claim = run.ledger.claims[int(wrong[0, 0])] if wrong.size else "one"
        raise DataError(
            f"the trace does not balance: money of claim {claim!r} is missing or too much. That is "
            "a fault of this library and not of the ledger; please report it"
        )


def _make_lots(size: int) -> Lots:
    types: dict[str, Any] = dict.fromkeys(("at", "parent", "claim", "next"), np.int32)
    arrays = [np.empty(size, types.get(f, np.int64)) for f in Lots._fields[:-1]]
    return Lots(*arrays, np.zeros(3, np.int64))


def _with_openings(lots: Lots, opening: NDArray[np.int64], shelves: Shelves) -> Lots:
    """Put one clean lot into each pocket that has an opening balance."""
    places = np.flatnonzero(opening)
    n = places.size
    for name, value in (("at", -1), ("parent", NOTHING), ("claim", -1), ("next", NOTHING)):
        getattr(lots, name)[:n] = value
    for name in ("drawn", "lost"):
        getattr(lots, name)[:n] = 0
    for name in ("amount", "left"):
        getattr(lots, name)[:n] = opening[places]
    shelves.head[places] = shelves.tail[places] = np.arange(n, dtype=np.int32)
    shelves.count[places] = 1
    lots.counts[RECORDS] = n
    return lots


def _until_done(work: Callable[[Any], int], out: Any) -> Any:
    """Call a kernel again with twice the room until it is done; return what it filled."""
    while work(out) == FULL:
        if out.at.size >= 2**30:
            raise CapacityError(
                "the money splits into more than 2**30 lots; trace a shorter time (as_of), or by a "
                "rule that keeps no lots, such as pro_rata"
            )
        bigger = [np.empty(2 * a.size, a.dtype) for a in out[:-1]]
        for new, old in zip(bigger, out[:-1], strict=True):
            new[: old.size] = old
        out = type(out)(*bigger, out.counts)
    return _trimmed(out)


def _trimmed(out: Any) -> Any:
    n = int(out.counts[RECORDS])
    return type(out)(*(a[:n] for a in out[:-1]), out.counts)
