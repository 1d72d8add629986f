"""From a specification and a seed to everything that is decided before the first day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xborder_aml.kernels.calendar import Calendar, Relations
from xborder_aml.kernels.settlement import Book
from xborder_aml.synth.attempts import add_attempts, add_loose
from xborder_aml.synth.docket import DAY_US, Docket
from xborder_aml.synth.habits import calendar_of, mean_factor
from xborder_aml.synth.instances import add_instances
from xborder_aml.synth.paydays import CYCLES
from xborder_aml.synth.schemes import add_schemes
from xborder_aml.synth.society import Money, Society, money_of, rng_of, settle_society
from xborder_aml.synth.spec import ROLES, Flow, LedgerSpec
from xborder_aml.synth.standing import QUIET_FLOWS, standing_relations

__all__ = ["FORMS", "Entries", "Plan", "plan_ledger"]

FORMS = ("wire", "ach", "card", "cash", "cheque", "crypto", "reinvestment", "securities", "other")
"""How a payment is made, in AMLworld's detail."""

_NEVER = 2**62
_OVERDRAFT = 0.25  # share of accounts that may fall below nothing


@dataclass(frozen=True, slots=True)
class Entries:
    """Payments of cases in order of time, E of them."""

    at: NDArray[np.int64]
    originator: NDArray[np.int32]
    beneficiary: NDArray[np.int32]
    amount: NDArray[np.int64]
    case: NDArray[np.int32]
    is_origin: NDArray[np.int8]
    form: NDArray[np.int8]
    purpose: tuple[str, ...]
    pattern: tuple[str | None, ...]
    mate: NDArray[np.int64]  # entry that this one returns, -1 without


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided before the first day."""

    spec: LedgerSpec
    seed: int
    money: Money
    society: Society
    docket: Docket
    flows: tuple[Flow, ...]
    relations: Relations
    calendar: Calendar
    entries: Entries
    opening: NDArray[np.int64]  # (A,) balances, those of cases' accounts included
    floor: NDArray[np.int64]  # (A,)
    left_out: tuple[str, ...]  # detectors of which no instance fits

    @property
    def n_accounts(self) -> int:
        """Number of accounts, those of cases included."""
        return self.opening.size

    def book(self) -> Book:
        """Return the accounts as they stand on the first day."""
        new = self.docket.opened
        none = np.full(len(new), _NEVER)
        s = self.society
        opened = np.concatenate([s.opened, [a.opened for a in new]]).astype(np.int64) * DAY_US
        closed = np.where(s.closed >= self.spec.days, _NEVER, s.closed * DAY_US)
        n = self.n_accounts
        return Book(
            self.opening.copy(),
            self.opening.copy(),
            self.floor,
            _currencies(self.docket),
            opened,
            np.concatenate([closed, none]).astype(np.int64),
            np.zeros(n, np.int64),
            np.full(n, -1, np.int64),
            np.zeros(len(self.money.codes), np.int64),
        )


def plan_ledger(spec: LedgerSpec, seed: int) -> Plan:
    """Return who there is, who pays whom, what is criminal, and who has how much."""
    money = money_of(spec)
    society = settle_society(spec, seed)
    flows = (*spec.flows, *QUIET_FLOWS.values())
    relations = standing_relations(spec, society, money, seed)
    calendar = calendar_of(spec, flows, seed)
    docket = Docket(spec, society, money)
    add_attempts(docket, seed)
    add_loose(docket, seed)
    left_out = add_instances(docket, seed, spec.plants, innocent=False)
    left_out += add_instances(docket, seed, spec.look_alikes, innocent=True)
    add_schemes(docket, seed)
    needs = docket.needs()
    opening, floor = _balances(spec, society, relations, flows, calendar, seed)
    opening = np.concatenate([opening, np.zeros(len(docket.opened), np.int64)]) + needs
    floor = np.concatenate([floor, np.zeros(len(docket.opened), np.int64)])
    rng = rng_of(seed, "reserves")
    fresh = opening[society.role.size :]
    fresh += rng.integers(10_000, 500_000, fresh.size)
    # whole steps of their currency, so that a payment which takes all that is there is too
    step = money.step[_currencies(docket)]
    opening, floor = -(-opening // step) * step, -(-floor // step) * step
    return Plan(
        spec, seed, money, society, docket, flows, relations, calendar, _entries(docket),
        opening, floor, tuple(dict.fromkeys(left_out)),
    )  # fmt: skip


def _currencies(docket: Docket) -> NDArray[np.int64]:
    """Return the currency of each account, those of cases included."""
    new = [docket.money.codes.index(a.currency) for a in docket.opened]
    return np.concatenate([docket.society.currency, np.array(new, np.int64)])


def _balances(
    spec: LedgerSpec,
    society: Society,
    relations: Relations,
    flows: tuple[Flow, ...],
    calendar: Calendar,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return opening balances and floors: enough for what is to come, and a reserve.

    An account that is opened later has what it brings with it.
    """
    n = society.role.size
    factor = np.array([mean_factor(f) for f in flows])[relations.flow]
    times = relations.n.astype(np.float64)
    cyclical = np.flatnonzero(relations.n == 0)
    cycle = calendar.cycle[relations.flow[cyclical]]
    n_due = calendar.due.sum(axis=1)  # (cycles, anchors)
    times[cyclical] = n_due.reshape(len(CYCLES), -1)[cycle, relations.anchor[cyclical]]
    money = relations.usual * factor * times
    worth = _value(spec, society, money, relations)
    leaves = np.bincount(relations.originator, money, n)
    comes = np.bincount(relations.beneficiary, worth, n)
    rng = rng_of(seed, "balances")
    reserve = np.exp(0.6 * rng.standard_normal(n))
    largest = np.zeros(n)
    np.maximum.at(largest, relations.originator, relations.usual * factor)
    opening = 1.3 * np.maximum(leaves - comes, 0) + 0.35 * leaves * reserve + 4 * largest
    floor = np.where(
        (rng.random(n) < _OVERDRAFT) & (society.role != ROLES.index("quiet")), -0.1 * opening, 0.0
    )
    return np.ceil(opening).astype(np.int64) + 1_000, np.ceil(floor).astype(np.int64)


def _value(
    spec: LedgerSpec,
    society: Society,
    money: NDArray[np.float64],
    relations: Relations,
) -> NDArray[np.float64]:
    """Return what the relations' money is worth to those who are paid."""
    cross = money_of(spec).cross(spec.spread_bp)
    here, there = society.currency[relations.originator], society.currency[relations.beneficiary]
    return np.asarray(money * cross[here, there])


def _entries(docket: Docket) -> Entries:
    order = sorted(range(len(docket.entries)), key=lambda i: (docket.entries[i].at, i))
    place = {old: new for new, old in enumerate(order)}
    e = [docket.entries[i] for i in order]
    return Entries(
        np.array([x.at for x in e], np.int64),
        np.array([x.originator for x in e], np.int32),
        np.array([x.beneficiary for x in e], np.int32),
        np.array([x.amount for x in e], np.int64),
        np.array([x.case for x in e], np.int32),
        np.array([x.is_origin for x in e], np.int8),
        np.array([FORMS.index(x.form) for x in e], np.int8),
        tuple(x.purpose for x in e),
        tuple(x.pattern for x in e),
        np.array([place.get(x.mate, -1) for x in e], np.int64),
    )
