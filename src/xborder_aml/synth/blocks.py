"""The days of a ledger, some at a time: drawn on any thread, settled in order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.kernels import calendar as kernel
from xborder_aml.kernels.settlement import (
    CLOSED,
    REFUSED,
    SHRUNK,
    Book,
    Due,
    Lots,
    Made,
    Moves,
    settle,
)
from xborder_aml.synth.docket import DAY_US, LAUNDERING
from xborder_aml.synth.plan import FORMS, Plan
from xborder_aml.synth.spec import ROLES

__all__ = ["Block", "Settlement", "draw_blocks"]

_PAYMENTS = 400_000  # about so many in a block; the ledger is the same for any number
_NO_CLAIM = -1
_FEES = 25  # base minor units for a payment through a correspondent, more for larger ones
_DELAY = 40  # most minutes that a correspondent takes


class Block(NamedTuple):
    """Payments of some days in order of time, N of them; `entry` is -1 for the economy's own."""

    at: NDArray[np.int64]
    originator: NDArray[np.int32]
    beneficiary: NDArray[np.int32]
    amount: NDArray[np.int64]
    fee: NDArray[np.int64]
    flow: NDArray[np.int16]  # place in the plan's flows, -1 for entries
    form: NDArray[np.int8]
    entry: NDArray[np.int64]
    reads: NDArray[np.int64]
    writes: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Block:
        """Return these rows."""
        return Block._make(column[rows] for column in self)


def draw_blocks(plan: Plan, workers: int) -> Iterator[Block]:
    """Yield the payments of the period, block by block; `workers` of them are made at a time."""
    per_day = max(1, plan.spec.n_transactions // plan.spec.days)
    width = max(1, _PAYMENTS // per_day)
    spans = [
        range(first, min(first + width, plan.spec.days))
        for first in range(0, plan.spec.days, width)
    ]
    if workers == 1:
        yield from (_block(plan, span) for span in spans)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: list[Future[Block]] = []
        for span in spans:
            waiting.append(pool.submit(_block, plan, span))
            if len(waiting) > workers:  # no more than that are in memory
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def _block(plan: Plan, days: range) -> Block:
    """Return the payments of some days."""
    key = np.uint64(plan.seed * 0x9E3779B97F4A7C15 & (2**64 - 1))
    parts = []
    with np.errstate(over="ignore"):  # hashes wrap around, which plain Python warns about
        for day in days:
            n = int(kernel.count_due(plan.relations, plan.calendar, day, key))
            room = [np.empty(n, np.int64) for _ in range(3)]
            drawn = kernel.Drawn(room[0], room[1], room[2], np.empty(n, np.uint64))
            kernel.draw_due(plan.relations, plan.calendar, day, key, drawn)
            parts.append(drawn)
    drawn = kernel.Drawn._make(np.concatenate(c) for c in zip(*parts, strict=True))
    r = plan.relations
    flow = r.flow[drawn.relation].astype(np.int16)
    at = drawn.at
    if plan.spec.resolution == "1m":
        at = at // 60_000_000 * 60_000_000
    amount = drawn.amount
    src, dst = r.originator[drawn.relation], r.beneficiary[drawn.relation]
    step = plan.money.step[plan.society.currency[src]]
    amount = np.maximum(amount // step, 1) * step
    none = np.full(at.size, -1, np.int64)
    own = Block(
        at, src, dst, amount, np.zeros(at.size, np.int64), flow, _forms(plan, flow, drawn.luck),
        none, none, none,
    )  # fmt: skip
    own = _through_banks(plan, own, drawn.luck)
    whole = _joined(own, _entered(plan, days))
    return whole.take(np.argsort(whole.at, kind="stable"))


def _forms(plan: Plan, flow: NDArray[np.int16], luck: NDArray[np.uint64]) -> NDArray[np.int8]:
    """Choose each payment's form from its flow's."""
    table = np.zeros((len(plan.flows), 256), np.int8)
    for number, f in enumerate(plan.flows):
        second = number >= len(plan.spec.flows) and f.name != "reinvestment"
        names, shares = zip(*(plan.spec.quiet_forms if second else f.forms), strict=True)
        edges = np.cumsum(shares) / sum(shares) * 256
        index = np.minimum(np.searchsorted(edges, np.arange(256) + 0.5), len(names) - 1)
        table[number] = np.array([FORMS.index(name) for name in names])[index]
    return np.asarray(table[flow, (luck & np.uint64(255)).astype(np.int64)])


def _through_banks(plan: Plan, b: Block, luck: NDArray[np.uint64]) -> Block:
    """Split payments through correspondents into two: to the bank, and on from it.

    The bank passes on what came, within the day. It sits where the beneficiary's or a third place's
    banks are: the choice hangs on the two places, so that a corridor has few of them.
    """
    via = np.array([f.via for f in plan.flows])
    banks = plan.society.of("bank")
    which = np.flatnonzero(via[b.flow])
    if not which.size or not banks.size:
        return b
    place = plan.society.place
    pair = place[b.originator[which]] * 31 + place[b.beneficiary[which]] * 7
    more = (luck[which] >> np.uint64(8)).astype(np.int64)
    bank = banks[(pair + more % 2) % banks.size].astype(np.int32)
    slot = np.arange(which.size)
    late = (1 + more // 2 % _DELAY) * 60_000_000
    last = b.at[which] // DAY_US * DAY_US + DAY_US - 60_000_000
    onward = np.minimum(b.at[which] + late, np.maximum(last, b.at[which]))
    fee = np.maximum(1, b.amount[which] // 1_000)
    step = plan.money.step[plan.society.currency[b.originator[which]]]
    fee = np.maximum(fee // step, 1) * step
    beneficiary = b.beneficiary.copy()
    beneficiary[which] = bank
    fees = b.fee.copy()
    fees[which] = fee
    writes = b.writes.copy()
    writes[which] = slot
    second = Block(
        onward, bank, b.beneficiary[which], np.zeros(which.size, np.int64),
        np.zeros(which.size, np.int64), b.flow[which], b.form[which],
        np.full(which.size, -1, np.int64), slot, np.full(which.size, -1, np.int64),
    )  # fmt: skip
    first = b._replace(beneficiary=beneficiary, fee=fees, writes=writes)
    return _joined(first, second)


def _entered(plan: Plan, days: range) -> Block:
    """Return the cases' payments of these days."""
    e = plan.entries
    a, b = np.searchsorted(e.at, [days.start * DAY_US, days.stop * DAY_US])
    n = int(b - a)
    none = np.full(n, -1, np.int64)
    return Block(
        e.at[a:b], e.originator[a:b], e.beneficiary[a:b], e.amount[a:b], np.zeros(n, np.int64),
        np.full(n, -1, np.int16), e.form[a:b], np.arange(a, b), none, none,
    )  # fmt: skip


def _joined(a: Block, b: Block) -> Block:
    pairs: list[tuple[NDArray[Any], NDArray[Any]]] = list(zip(a, b, strict=True))
    return Block._make(np.concatenate(pair) for pair in pairs)


@dataclass
class Settlement:
    """The book as the days pass, and what was counted on the way."""

    plan: Plan
    book: Book = field(init=False)
    lots: Lots = field(init=False)
    moves: list[tuple[NDArray[np.int64], ...]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("paid", "shrunk", "refused", "not_open"), 0))  # fmt: skip
    entry_id: NDArray[np.int64] = field(init=False)
    forms: NDArray[np.int64] = field(init=False)
    next_id: int = 1

    def __post_init__(self) -> None:
        """Open the book."""
        self.book = self.plan.book()
        self.lots = _room(1)
        self.entry_id = np.full(self.plan.entries.at.size, -1)
        self.forms = np.zeros(len(FORMS), np.int64)
        self._cross = self.plan.money.cross(self.plan.spec.spread_bp)
        kinds = np.array([c.kind == LAUNDERING for c in self.plan.docket.cases], bool)
        self._criminal = np.append(kinds, False)

    def settle(self, b: Block) -> tuple[NDArray[np.int64], NDArray[np.int64], Made]:
        """Settle a block; return the rows that were paid, their transaction_id, and all amounts."""
        e = self.plan.entries
        case = np.where(b.entry >= 0, np.append(e.case, -1)[b.entry], -1)
        claim = np.where(self._criminal[case], case, _NO_CLAIM).astype(np.int32)
        origin = np.where(b.entry >= 0, np.append(e.is_origin, 0)[b.entry], 0).astype(np.int8)
        n = b.at.size
        due = Due(
            b.at, b.originator, b.beneficiary, b.amount, b.fee, claim, origin, b.reads,
            np.full(n, 10_000, np.int64), b.writes,
        )  # fmt: skip
        made = Made(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int8))
        slots = np.zeros(int(b.reads.max(initial=0)) + 1, np.int64)
        moves = _moves(1)
        first = 0
        self.lots.counts[1] = 0
        while True:
            first = settle(first, self.book, due, self._cross, slots, self.lots, moves, made)
            if first == n:
                break
            # only what is full: the lots stay for the whole period
            if self.lots.counts[0] == self.lots.after.size:
                self.lots = _grown(self.lots)
            else:
                moves = _moves_grown(moves)
        paid = np.flatnonzero(made.status < REFUSED)
        ids = np.arange(self.next_id, self.next_id + paid.size)
        self.next_id += paid.size
        number = np.full(n, -1)
        number[paid] = ids
        entered = np.flatnonzero(b.entry >= 0)
        self.entry_id[b.entry[entered]] = number[entered]
        moved = int(self.lots.counts[1])
        row = moves.row[:moved]
        ends = (number[row], b.at[row], b.originator[row], b.beneficiary[row])
        self.moves.append(
            tuple(
                column.astype(np.int64)
                for column in (
                    *ends,
                    moves.claim[:moved],
                    moves.sent[:moved],
                    moves.received[:moved],
                )
            )
        )
        for name, status in (("shrunk", SHRUNK), ("refused", REFUSED), ("not_open", CLOSED)):
            self.counts[name] += int((made.status == status).sum())
        self.counts["paid"] += paid.size
        self.forms += np.bincount(b.form[paid], minlength=len(FORMS))
        return paid, ids, made


def _room(n: int) -> Lots:
    return Lots(
        np.empty(n, np.int64),
        np.empty(n, np.int32),
        np.empty(n, np.int64),
        np.zeros(2, np.int64),
    )


def _moves(n: int) -> Moves:
    return Moves(
        np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    )


def _twice(column: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([column, np.empty_like(column)])


def _grown(lots: Lots) -> Lots:
    return Lots(_twice(lots.after), _twice(lots.claim), _twice(lots.amount), lots.counts)


def _moves_grown(moves: Moves) -> Moves:
    return Moves._make(_twice(c) for c in moves)


PERSONAL = tuple(ROLES.index(r) for r in ("person", "quiet", "wallet"))
"""Roles whose holders are persons."""
