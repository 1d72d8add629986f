"""Instances of every registered detector's pattern, drawn by it: criminal, and innocent."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from xborder_aml.detectors import registry
from xborder_aml.detectors._spec import Detector, Instance, Transfer, View
from xborder_aml.jurisdictions.codes import CURRENCIES, INSTRUMENTS, JURISDICTIONS
from xborder_aml.synth.docket import DAY_US, LAUNDERING, LOOK_ALIKE, Docket
from xborder_aml.synth.plant import Seeded
from xborder_aml.synth.society import first_days, rng_of

__all__ = ["REASONS", "Reason", "add_instances"]

_log = logging.getLogger(__name__)
_DRAWS = 60
_ROUNDS = 4
_APART = 16  # days between rounds, so that no window of a week sees two
_AWAY = 20.0  # days that an account's other business keeps from its case
_BUSINESS = 400_00
_PURPOSES = ("Consulting", "Loan", "Goods", "Investment", "Services")


class Reason(NamedTuple):
    """Why honest people make payments of a pattern's shape."""

    purpose: str
    why: str
    one_holder: bool = False  # all accounts belong to one group


REASONS: dict[str, Reason] = {
    "round_trip": Reason(
        "Loan repaid", "a lender is repaid through the banks that arranged the loan"
    ),
    "layering_chain": Reason("Franchise fee", "a franchise passes its fees up from level to level"),
    "pass_through": Reason("Client funds", "a lawyer pays out what a client paid in for it"),
    "fan_in": Reason("Rent", "tenants pay one landlord in the first days of a month"),
    "fan_out": Reason("Salary", "an employer pays its staff on one day"),
    "gather_scatter": Reason("Payout", "a marketplace pays its sellers what buyers paid"),
    "scatter_gather": Reason("Insurance premium", "an insurer's brokers collect for one reinsurer"),
    "bipartite": Reason("Goods", "the buyers of a fair pay its wholesalers"),
    "stack": Reason("Goods", "importers, wholesalers and shops settle a season"),
    "dense_flow": Reason("Clearing", "members of a clearing house settle a day"),
    "structuring": Reason("Takings", "a shop banks its takings each time the safe is full"),
    "funnel_account": Reason("Deposit", "a new travel agency passes deposits on to a hotel"),
    "u_turn": Reason("Refund", "a payment processor abroad returns a deposit"),
    "split_match": Reason("Instalment", "an invoice is passed on to those who did the work"),
    "mirror_payments": Reason("Securities", "a dealer buys for one client what another sells"),
    "laundromat_core": Reason("Netting", "a group's companies settle with one another", True),
    "corridor_shift": Reason("Goods", "a new trade agreement opens a market"),
    "random_walk": Reason("Carriage", "carriers pay subcarriers along a route"),
}
"""The innocent reason for the shape of each detector; see `look_alikes` of `LedgerSpec`."""

_PLAIN = Reason("Services", "ordinary business that has the shape")


def add_instances(docket: Docket, seed: int, n: int, *, innocent: bool) -> list[str]:
    """Plan `n` instances of each registered detector; return those of which none fits.

    Each runs through accounts of its own, in the jurisdictions and with the holders and days of
    opening that the detector asks for, so that it is there to be found; where it asks for no day,
    they are as old as other accounts. They have other business well before and after.
    """
    left_out = []
    for name, detector in registry().items():
        kind = "look-alike" if innocent else "plant"
        rng, ages = rng_of(seed, f"{kind} {name}"), rng_of(seed, f"ages {kind} {name}")
        for _ in range(n):
            fit = _fitting(docket, detector, rng, ages)
            if fit is None:
                left_out.append(name)
                _log.info("no instance of %s fits into %d days", name, docket.spec.days)
                break
            _enter(docket, detector, fit, rng, innocent=innocent)
    return left_out


class _Fit(NamedTuple):
    instance: Instance
    first_day: int
    ages: list[int]  # of the accounts on the first day, in days


def _fitting(
    docket: Docket, detector: Detector, rng: np.random.Generator, ages: np.random.Generator
) -> _Fit | None:
    """Draw instances and first days until one holds by the detector's own definition.

    Some definitions look at a calendar, and any can be met with nothing to spare, which rounding to
    whole seconds and to the base currency may break. What a test of many hypotheses must find goes
    on for some rounds: once is not significant in a ledger where many others are tested.
    """
    params = detector.params()
    for _ in range(_DRAWS):
        instance = detector.plant(Seeded(int(rng.integers(2**31))), params)
        if detector.select is not None and not instance.n_before:
            instance = _repeated(instance)
        if detector.about == "nobody":
            instance = _on_new_corridors(docket, instance, rng)
        room = docket.spec.days - max(p.at for p in instance.payments) // DAY_US - 1
        if room < 1 or instance.currency not in docket.money.codes:
            continue
        first_day = int(rng.integers(0, room))
        aged = _ages(instance, first_day, ages)
        own = set(range(instance.n_before, len(instance.payments)))
        matches = detector.reference(_view(docket, instance, first_day, aged), params)
        if {row for m in matches for row, *_ in m.evidence} >= own:
            return _Fit(instance, first_day, aged)
    return None


def _ages(instance: Instance, first_day: int, rng: np.random.Generator) -> list[int]:
    """Return how many days each account is old: what is asked for, or else like all others."""
    drawn = (first_day - first_days(rng, len(instance.jurisdictions))).tolist()
    asked = instance.opened or (None,) * len(drawn)
    return [age if days is None else days for age, days in zip(drawn, asked, strict=True)]


def _view(docket: Docket, instance: Instance, first_day: int, ages: list[int]) -> View:
    """Return an instance as it will stand in the ledger, as the definitions read it."""
    start = docket.start_us + first_day * DAY_US
    places = [JURISDICTIONS.index(code) for code in instance.jurisdictions]
    code = CURRENCIES.index(instance.currency)
    own = np.array([docket.money.codes.index(instance.currency)])
    transfers = []
    for row, p in enumerate(instance.payments):
        here, there = places[p.originator], places[p.beneficiary]
        base = int(docket.money.to_base(np.array([p.amount]), own)[0])
        transfers.append(
            Transfer(
                row, start + docket.on_the_clock(p.at), p.originator, p.beneficiary,
                p.amount, code, p.amount, code, base, here != there, here, there,
                INSTRUMENTS.index(p.instrument or "wire"),
            )
        )  # fmt: skip
    transfers.sort(key=lambda t: (t.at, t.row))
    owners = instance.holders or range(len(places))
    return View(transfers, list(owners), [start - age * DAY_US for age in ages])


def _enter(
    docket: Docket,
    detector: Detector,
    fit: _Fit,
    rng: np.random.Generator,
    *,
    innocent: bool,
) -> None:
    reason = REASONS.get(detector.name, _PLAIN)
    instance, first_day, _ = fit
    last = max(p.at for p in instance.payments)
    accounts = _accounts(docket, fit, one_holder=innocent and reason.one_holder)
    why = reason.why if innocent else f"{detector.title}, drawn by its own definition"
    case = docket.open_case(LOOK_ALIKE if innocent else LAUNDERING, detector.name, why)
    purpose = reason.purpose if innocent else _PURPOSES[int(rng.integers(len(_PURPOSES)))]
    paid: set[int] = set()
    order = sorted(range(len(instance.payments)), key=lambda i: instance.payments[i].at)
    for i in order:
        p = instance.payments[i]
        before = i < instance.n_before
        docket.pay(
            -1 if before else case,
            first_day * DAY_US + p.at,
            accounts[p.originator],
            accounts[p.beneficiary],
            p.amount,
            is_origin=not innocent and not before and p.originator not in paid,
            form=p.instrument or "wire",
            purpose=purpose,
            pattern=None if before else detector.name,
            in_own=True,
        )
        if not before:
            paid.add(p.beneficiary)
    if detector.reach is not None and not instance.n_before:  # else all the past decides
        away = max(_AWAY, max(detector.reach(detector.params().limits())) / DAY_US)
        _business(docket, accounts, (first_day - away, first_day + last / DAY_US + away), rng)


def _repeated(instance: Instance) -> Instance:
    """Return the same payments for some rounds, one after another."""
    span = max(p.at for p in instance.payments) // DAY_US + _APART
    return instance._replace(
        payments=tuple(
            p._replace(at=p.at + i * span * DAY_US)
            for i in range(_ROUNDS)
            for p in instance.payments
        )
    )


def _on_new_corridors(docket: Docket, instance: Instance, rng: np.random.Generator) -> Instance:
    """Move an instance to jurisdictions where nobody else is: what is judged is the corridor."""
    taken = {p.code for p in docket.spec.places} | {a.jurisdiction for a in docket.opened}
    free = [code for code in JURISDICTIONS if code not in taken]
    old = list(dict.fromkeys(instance.jurisdictions))
    new = rng.choice(len(free), len(old), replace=False)
    return instance._replace(
        jurisdictions=tuple(free[new[old.index(code)]] for code in instance.jurisdictions)
    )


def _accounts(docket: Docket, fit: _Fit, *, one_holder: bool) -> list[int]:
    """Open an account for each part."""
    instance, first_day, ages = fit
    n = len(instance.jurisdictions)
    owners = instance.holders or ((0,) * n if one_holder else tuple(range(n)))
    out: list[int] = []
    first: dict[int, int] = {}
    for owner, place, age in zip(owners, instance.jurisdictions, ages, strict=True):
        number = docket.open_account(
            place, first_day - age, currency=instance.currency, holder=first.get(owner)
        )
        first.setdefault(owner, number)
        out.append(number)
    return out


def _business(
    docket: Docket, accounts: list[int], quiet: tuple[float, float], rng: np.random.Generator
) -> None:
    """Give the accounts of a case some honest payments, none in the days that must be quiet."""
    for account in accounts:
        for _ in range(int(rng.integers(1, 4))):
            day = rng.uniform(0, docket.spec.days)
            if quiet[0] < day < quiet[1]:
                continue
            partner = docket.draw(rng, "company")[0]
            ends = (account, partner) if rng.random() < 0.5 else (partner, account)
            amount = int(_BUSINESS * np.exp(rng.standard_normal()))
            docket.pay(-1, int(day * DAY_US), *ends, amount, purpose="Invoice")
