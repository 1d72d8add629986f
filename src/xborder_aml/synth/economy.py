"""The background economy: one function a kind of payment, each with random numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.synth.population import Population, populate
from xborder_aml.synth.rows import Rows, join, rows
from xborder_aml.synth.world import MINUTES, month_starts, stream, weekday

__all__ = ["FLOWS", "Economy", "economy", "flows"]

_Ints = NDArray[np.int64]
_GROUPS = 1_000  # periods that a group number leaves room for
_WEEK = 7
_FRIDAY = 4


class Economy(NamedTuple):
    """Who there is, and when."""

    people: Population
    firsts: _Ints  # (months + 1,) first day of each month, and the day after the last
    seed: int

    @property
    def months(self) -> int:
        """Number of months."""
        return self.firsts.size - 1

    @property
    def n_days(self) -> int:
        """Number of days."""
        return int(self.firsts[-1])


def economy(n_persons: int, months: int, seed: int) -> Economy:
    """Return an economy of so many persons and months."""
    return Economy(populate(n_persons, seed), month_starts(months), seed)


# -- how often and when -------------------------------------------------------------------------


def _monthly(e: Economy, n: int, day: _Ints) -> tuple[_Ints, _Ints, _Ints]:
    """Return member, month and day of a payment each month for `n` members.

    `day` (n,) counts from 0 inside the month; a payment due at a weekend is made on the Friday.
    """
    member = np.repeat(np.arange(n), e.months)
    month = np.tile(np.arange(e.months), n)
    due = e.firsts[month] + day[member]
    return member, month, np.maximum(due - np.maximum(weekday(due) - _FRIDAY, 0), 0)


def _times(rng: np.random.Generator, n: int, e: Economy, *, weekends: bool) -> _Ints:
    """Return minutes by day: 8 to 22 on any day for shoppers, 8 to 17 on weekdays for offices."""
    day = rng.integers(0, e.n_days, n)
    if weekends:
        return day * MINUTES + rng.integers(8 * 60, 22 * 60, n)
    late = np.maximum(weekday(day) - _FRIDAY, 0)
    earlier = late + rng.integers(0, 5, n)  # any working day of the same week
    day = np.maximum(np.where(late > 0, day - earlier, day), 0)
    return day * MINUTES + rng.integers(8 * 60, 17 * 60, n)


def _some(rng: np.random.Generator, members: _Ints, share: float) -> _Ints:
    """Return a random share of the members, at least one, in order."""
    n = max(1, round(share * members.size))
    return np.sort(rng.choice(members, n, replace=False))


def _amounts(rng: np.random.Generator, n: int, median: float, sigma: float) -> NDArray[np.float64]:
    """Return log-normal amounts in euros."""
    return median * np.exp(sigma * rng.standard_normal(n))


# -- persons ------------------------------------------------------------------------------------


def _payroll(e: Economy, rng: np.random.Generator) -> Rows:
    """Employers pay salaries on a payday of their own, all in one batch."""
    people = e.people
    staff = _some(rng, people.of("person"), 0.7)
    employer = people.pick(rng, "company", people.partners(rng, people.place[staff], 0.9), 1.6)
    salary = _amounts(rng, staff.size, 2_300, 0.4)
    payday = rng.integers(23, 28, people.place.size)
    hour = rng.integers(6 * 60, 9 * 60, people.place.size)
    i, month, day = _monthly(e, staff.size, payday[employer])
    minute = day * MINUTES + hour[employer[i]] + rng.integers(0, 20, i.size)
    group = employer[i] * _GROUPS + month
    return rows(minute, employer[i], staff[i], salary[i], "Salary", group=group)


def _pensions(e: Economy, rng: np.random.Generator) -> Rows:
    """Funds pay pensions early in the month; some pensioners live abroad."""
    people = e.people
    old = _some(rng, people.of("person"), 0.15)
    fund = people.pick(rng, "fund", people.partners(rng, people.place[old], 0.85))
    pension = _amounts(rng, old.size, 1_250, 0.3)
    i, _, day = _monthly(e, old.size, np.full(old.size, 4))
    minute = day * MINUTES + rng.integers(6 * 60, 8 * 60, i.size)
    return rows(minute, fund[i], old[i], pension[i], "Pension")


def _rent(e: Economy, rng: np.random.Generator) -> Rows:
    """Tenants pay a landlord in the first days of the month; some live or study abroad."""
    people = e.people
    tenants = _some(rng, people.of("person"), 0.45)
    landlord = people.pick(rng, "landlord", people.partners(rng, people.place[tenants], 0.9), 1.5)
    rent = np.rint(_amounts(rng, tenants.size, 620, 0.35) / 5) * 5
    i, month, day = _monthly(e, tenants.size, rng.integers(0, 4, tenants.size))
    minute = day * MINUTES + rng.integers(7 * 60, 18 * 60, i.size)
    group = landlord[i] * _GROUPS + month
    return rows(minute, tenants[i], landlord[i], rent[i], "Rent", group=group)


def _cards(e: Economy, rng: np.random.Generator) -> Rows:
    """Persons spend at merchants, more abroad than at a shop's till: much of it is online."""
    people = e.people
    persons = people.of("person")
    buyer = np.repeat(persons, rng.poisson(1.5 * e.months, persons.size))
    shop = people.pick(rng, "merchant", people.partners(rng, people.place[buyer], 0.62), 1.5)
    minute = _times(rng, buyer.size, e, weekends=True)
    euros = _amounts(rng, buyer.size, 38, 0.9)
    return rows(minute, buyer, shop, euros, "Card purchase", instrument="card")


def _remittances(e: Economy, rng: np.random.Generator) -> Rows:
    """Persons support family abroad through money transmitters, each month about the same."""
    people = e.people
    senders = _some(rng, people.of("person"), 0.08)
    family = people.pick(rng, "person", people.partners(rng, people.place[senders], 0.0))
    usual = _amounts(rng, senders.size, 240, 0.4)
    i, _, day = _monthly(e, senders.size, rng.integers(0, 28, senders.size))
    minute = day * MINUTES + rng.integers(9 * 60, 20 * 60, i.size)
    euros = np.rint(usual[i] * rng.uniform(0.8, 1.2, i.size) / 10) * 10
    return rows(minute, senders[i], family[i], euros, "Family support", instrument="other")


def _savings(e: Economy, rng: np.random.Generator) -> Rows:
    """Savers set money aside, in an account of their own."""
    people = e.people
    account = people.of("savings")
    monthly = np.rint(_amounts(rng, account.size, 180, 0.6) / 10) * 10
    i, _, day = _monthly(e, account.size, rng.integers(0, 28, account.size))
    minute = day * MINUTES + rng.integers(6 * 60, 22 * 60, i.size)
    return rows(minute, people.holder[account[i]], account[i], monthly[i], "Savings")


def _households(e: Economy, rng: np.random.Generator) -> Rows:
    """Couples of whom one earns abroad share an account, and standing orders empty it next day."""
    people = e.people
    joint = _some(rng, people.of("person"), 0.02)
    here = people.place[joint]
    landlord = people.pick(rng, "landlord", here)
    lender = people.pick(rng, "fund", here)
    i, month, day = _monthly(e, joint.size, np.full(joint.size, 24))
    paid = day * MINUTES + 8 * 60
    group = joint[i] * _GROUPS + month
    salaries = []
    for home in (0.0, 1.0):
        employer = people.pick(rng, "company", people.partners(rng, here, home))
        salaries.append((employer, _amounts(rng, joint.size, 1_900, 0.2)))
    income = salaries[0][1] + salaries[1][1]

    def order(to: _Ints, share: float, purpose: str) -> Rows:
        euros = np.rint(income[i] * share)
        late = MINUTES + rng.integers(0, 60, i.size)
        return rows(paid + late, joint[i], to[i], euros, purpose, group=group)

    return join(
        [
            *(
                rows(paid + rng.integers(0, 60, i.size), employer[i], joint[i], salary[i],
                     "Salary", group=group)
                for employer, salary in salaries
            ),
            order(landlord, 0.55, "Rent"),
            order(lender, 0.38, "Loan instalment"),
        ]
    )  # fmt: skip


def _refunds(e: Economy, rng: np.random.Generator) -> Rows:
    """Goods ordered abroad come back, and so does the money, to the cent."""
    people = e.people
    buyer = _some(rng, people.of("person"), 0.05)
    shop = people.pick(rng, "merchant", people.partners(rng, people.place[buyer], 0.0))
    n = buyer.size
    bought = _times(rng, n, e, weekends=False)
    back = bought + rng.integers(3, 13, n) * MINUTES
    euros = np.rint(_amounts(rng, n, 140, 0.5))
    pair = np.arange(n)
    # in euros, for a refund returns what was paid and not what it is worth by then
    euro = np.ones(n, bool)
    return join(
        [
            rows(bought, buyer, shop, euros, "Order", in_euro=euro, group=pair),
            rows(back, shop, buyer, euros, "Refund", in_euro=euro, group=pair),
        ]
    )._replace(mate=np.concatenate([np.full(n, -1), pair]))


# -- companies ----------------------------------------------------------------------------------


def _invoices(e: Economy, rng: np.random.Generator) -> Rows:
    """Companies pay a few suppliers of their own; the trade between places follows gravity."""
    people = e.people
    buyers = people.of("company")
    known = 4
    partner = people.partners(rng, np.repeat(people.place[buyers], known), 0.42)
    suppliers = people.pick(rng, "company", partner, 1.3)
    i = np.repeat(np.arange(buyers.size), rng.poisson(3.2 * e.months, buyers.size))
    seller = suppliers[i * known + rng.integers(0, known, i.size)]
    minute = _times(rng, i.size, e, weekends=False)
    euros = _amounts(rng, i.size, 3_900, 1.0)
    in_euro = rng.random(i.size) < 0.4
    made = rows(minute, buyers[i], seller, euros, "Invoice", in_euro=in_euro)
    return made.take(np.flatnonzero(made.src != made.dst))


def _thin_companies(e: Economy, rng: np.random.Generator) -> Rows:
    """Small and quiet companies are paid now and then, and pay now and then."""
    people = e.people
    quiet = np.concatenate([people.of("seller"), people.of("shell")])
    mine = np.repeat(quiet, rng.poisson(2.4 * e.months, quiet.size))
    there = people.partners(rng, people.place[mine], 0.4)
    other = people.pick(rng, "company", there, 1.2)
    inward = rng.random(mine.size) < 0.5
    minute = _times(rng, mine.size, e, weekends=False)
    euros = _amounts(rng, mine.size, 1_700, 0.9)
    in_euro = rng.random(mine.size) < 0.4
    src, dst = np.where(inward, other, mine), np.where(inward, mine, other)
    return rows(minute, src, dst, euros, "Consulting", in_euro=in_euro)


def _sweeps(e: Economy, rng: np.random.Generator) -> Rows:
    """Cash of a group is pooled every other Friday, daughter by daughter, and funded back.

    All of these accounts have one holder.
    """
    people = e.people
    daughters = people.of("subsidiary")
    daughters = daughters[np.argsort(people.holder[daughters], kind="stable")]
    mother, start, size = np.unique(people.holder[daughters], return_index=True, return_counts=True)
    fridays = np.arange(_FRIDAY - int(weekday(np.array([0]))[0]), e.n_days, 2 * _WEEK)
    parts = []
    for first, n, head in zip(start.tolist(), size.tolist(), mother.tolist(), strict=True):
        line = np.append(daughters[first : first + n], head)
        day = np.repeat(fridays, n)
        step = np.tile(np.arange(n), fridays.size)
        grown = 1 + 0.03 * rng.random((fridays.size, n)).cumsum(axis=1).ravel()
        lot = _amounts(rng, fridays.size, 45_000, 0.5)
        group = head * _GROUPS + day // _WEEK
        minute = day * MINUTES + 12 * 60 + 40 * step + rng.integers(0, 30, day.size)
        euro = np.ones(day.size, bool)
        euros = lot.repeat(n) * grown
        parts.append(
            rows(minute, line[step], line[step + 1], euros, "Cash pooling",
                 in_euro=euro, group=group)
        )  # fmt: skip
        monday = (fridays + 3) * MINUTES + 9 * 60
        head_of = np.full(fridays.size, head)
        parts.append(
            rows(monday, head_of, np.full(fridays.size, line[0]), lot, "Cash pooling",
                 in_euro=euro[: fridays.size], group=head_of * _GROUPS + fridays // _WEEK)
        )  # fmt: skip
    return join(parts)


def _marketplaces(e: Economy, rng: np.random.Generator) -> Rows:
    """Buyers pay a marketplace, which pays each seller early on Monday for the week before."""
    people = e.people
    persons, sellers, markets = people.of("person"), people.of("seller"), people.of("marketplace")
    buyer = np.repeat(persons, rng.poisson(0.3 * e.months, persons.size))
    seller = sellers[np.floor(rng.random(buyer.size) ** 1.4 * sellers.size).astype(np.int64)]
    market = markets[seller % markets.size]  # a seller keeps to one marketplace
    minute = _times(rng, buyer.size, e, weekends=True)
    euros = _amounts(rng, buyer.size, 55, 0.7)
    week = (minute // MINUTES + int(weekday(np.array([0]))[0])) // _WEEK  # Monday to Sunday
    group = market * _GROUPS + week
    bought = rows(minute, buyer, market, euros, "Order", instrument="card", group=group)
    batch, which = np.unique(np.stack([seller, week]), axis=1, return_inverse=True)
    sums = np.bincount(which.ravel(), bought.cents, batch.shape[1])
    paid_by = markets[batch[0] % markets.size]
    monday = (batch[1] + 1) * _WEEK - int(weekday(np.array([0]))[0])
    paid = rows(
        monday * MINUTES + 6 * 60 + rng.integers(0, 30, monday.size),
        paid_by,
        batch[0],
        np.floor(0.92 * sums) / 100,
        "Payout",
        group=paid_by * _GROUPS + batch[1],
    )
    return join([bought, paid])


FLOWS: Mapping[str, Callable[[Economy, np.random.Generator], Rows]] = {
    "payroll": _payroll,
    "pensions": _pensions,
    "rent": _rent,
    "cards": _cards,
    "remittances": _remittances,
    "savings": _savings,
    "households": _households,
    "refunds": _refunds,
    "invoices": _invoices,
    "thin_companies": _thin_companies,
    "sweeps": _sweeps,
    "marketplaces": _marketplaces,
}


def flows(e: Economy) -> dict[str, Rows]:
    """Return the payments of the economy by kind; those due after its last day are left out."""
    out = {}
    for name, flow in FLOWS.items():
        made = flow(e, stream(e.seed, name))
        out[name] = made.take(np.flatnonzero(made.minute < e.n_days * MINUTES))
    return out
