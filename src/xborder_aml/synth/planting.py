"""Planted cases: instances that detectors draw themselves, put onto accounts of the economy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Detector, Instance, Params, Transfer, View
from xborder_aml.errors import DataError
from xborder_aml.kernels.grid import step_of
from xborder_aml.synth.economy import Economy
from xborder_aml.synth.plant import Seeded
from xborder_aml.synth.population import ROLES, Population
from xborder_aml.synth.rows import Rows, join, legs, moments, rows
from xborder_aml.synth.world import MINUTES, PLACES, rate_table, stream

__all__ = ["Case", "plant_cases"]

_MINUTE_US = 60_000_000
_MARGIN = 14 * MINUTES  # a case keeps away from its accounts' other traffic, where it can
_DRAWS = 200
_TASTE = 4.0  # payments of other traffic that chance outweighs in the choice of an account
_FAN = 4  # so many accounts with one payment each: small sums from many people
_LEAST_EUROS = 20.0
_SMALL_EUROS = (900.0, 8_000.0)
_LARGE_EUROS = (12_000.0, 260_000.0)
_THIN = ("shell", "seller", "company")
_PURPOSES = ("Consulting", "Loan", "Goods", "Investment", "Services")


class Case(NamedTuple):
    """One planted pattern."""

    pattern: str
    label: str
    payments: Rows
    accounts: NDArray[np.int64]  # in the instance's own order
    holders: NDArray[np.int64]  # of each account, as the instance wants them
    why: str


class _Drawn(NamedTuple):
    """An instance with its amounts and times as a ledger would have them."""

    instance: Instance
    places: NDArray[np.int64]
    minute: NDArray[np.int64]
    euros: NDArray[np.float64]
    small: bool


def plant_cases(e: Economy, background: Rows, detectors: Iterable[str], n_cases: int) -> list[Case]:
    """Return `n_cases` of each detector, no account in two of them.

    An instance is scaled to plausible amounts, moved into office hours, and paid in the currencies
    of its accounts. Rounding, exchange and the accounts' other traffic can break a condition that
    was met with nothing to spare, so each is checked by the detector's own definition, and made
    plainer or drawn again until it holds.

    Parameters
    ----------
    background
        Other payments of the ledger, in order of time.

    Raises
    ------
    DataError
        If no instance of a detector fits into the ledger.
    """
    used = np.zeros(e.people.place.size, bool)
    out = []
    for name in detectors:
        detector = detector_of(name)
        rng = stream(e.seed, f"plant {name}")
        for number in range(1, n_cases + 1):
            case = _one(e, background, detector, rng, used, f"{name}-{number}")
            used[case.accounts] = True
            out.append(case)
    return out


def _one(
    e: Economy,
    background: Rows,
    detector: Detector,
    rng: np.random.Generator,
    used: NDArray[np.bool_],
    label: str,
) -> Case:
    params = detector.params()
    for _ in range(_DRAWS):
        instance = detector.plant(Seeded(int(rng.integers(2**31))), params)
        drawn = _draw(e, instance, used, rng)
        if drawn is None:
            continue
        accounts = _cast(e.people, background, drawn, rng, used)
        if accounts is None:
            continue
        owners = drawn.instance.holders or tuple(range(accounts.size))
        holders = e.people.holder.copy()
        holders[accounts] = holders[accounts[[owners.index(h) for h in owners]]]
        for local, office in ((True, True), (False, True), (False, False)):
            payments = _payments(drawn, accounts, rng, local=local, office=office)
            if _holds(e, background, detector, params, payments, accounts, holders):
                path = ", ".join(dict.fromkeys(PLACES[p].code for p in drawn.places))
                n = payments.minute.size
                why = f"{detector.title} of {n} payments, drawn by its own definition: {path}"
                return Case(detector.name, label, payments, accounts, holders[accounts], why)
    raise DataError(
        f"none of {_DRAWS} instances of {detector.name} fits into {e.months} months of "
        f"{e.people.place.size:,} accounts; ask for more of either, or leave the detector out "
        "with detectors=[...]"
    )


def _draw(
    e: Economy, instance: Instance, used: NDArray[np.bool_], rng: np.random.Generator
) -> _Drawn | None:
    """Place an instance in the world and in time, and scale it; None if it does not fit."""
    at = np.array([p.at for p in instance.payments], np.int64) // _MINUTE_US
    room = e.n_days - int(at.max()) // MINUTES - 2
    n = len(instance.jurisdictions)
    ends = np.array([(p.originator, p.beneficiary) for p in instance.payments])
    small = int((np.bincount(ends.ravel(), minlength=n) == 1).sum()) >= _FAN
    low, high = np.log(_SMALL_EUROS if small else _LARGE_EUROS)
    amounts = np.array([p.amount for p in instance.payments], np.float64)
    euros = amounts * (np.exp(rng.uniform(low, high)) / amounts.max())
    free = np.bincount(e.people.place[~used], minlength=len(PLACES))
    places = _places(instance.jurisdictions, free, rng)
    if room < 0 or euros.min() < _LEAST_EUROS or places is None:
        return None
    minute = int(rng.integers(0, room + 1)) * MINUTES + int(rng.integers(0, MINUTES)) + at
    return _Drawn(instance, places, minute, euros, small)


def _places(
    codes: tuple[str, ...], free: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64] | None:
    """Draw a place for each jurisdiction, rather one with many shells and accounts to spare.

    Same jurisdictions stay the same and different ones different; definitions see no more of them
    than the borders. None if the world has too few places.
    """
    distinct = list(dict.fromkeys(codes))
    weights = free * np.array([p.shells for p in PLACES], np.float64)
    if len(distinct) > np.count_nonzero(weights):
        return None
    seats = rng.choice(len(PLACES), len(distinct), replace=False, p=weights / weights.sum())
    return seats[[distinct.index(c) for c in codes]].astype(np.int64)


def _cast(
    people: Population,
    background: Rows,
    drawn: _Drawn,
    rng: np.random.Generator,
    used: NDArray[np.bool_],
) -> NDArray[np.int64] | None:
    """Choose an account for each part: in the right place, unused, and quiet at the time."""
    a, b = _window(background, drawn.minute)
    busy = np.bincount(
        np.concatenate([background.src[a:b], background.dst[a:b]]), minlength=people.place.size
    )
    parts = np.array([(p.originator, p.beneficiary) for p in drawn.instance.payments])
    degree = np.bincount(parts.ravel(), minlength=drawn.places.size)
    thin = np.isin(people.role, [ROLES.index(r) for r in _THIN])
    person = people.role == ROLES.index("person")
    taken = used.copy()
    out = np.full(drawn.places.size, -1)
    for part in np.argsort(-degree, kind="stable").tolist():
        fits = person if drawn.small and degree[part] == 1 else thin
        free = ~taken & (people.place == drawn.places[part])
        choice = np.flatnonzero(free & fits)
        if not choice.size:  # a small ledger runs out of companies, and persons are mules
            choice = np.flatnonzero(free & (thin | person))
        if not choice.size:
            return None
        # rather a quiet account, and rather a shell than a company that is known for its trade
        cost = busy[choice] + 2.0 * (people.role[choice] == ROLES.index("company"))
        out[part] = choice[np.argmin(cost + _TASTE * rng.random(choice.size))]
        taken[out[part]] = True
    return out


def _payments(
    drawn: _Drawn,
    accounts: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    local: bool,
    office: bool,
) -> Rows:
    """Return the instance as payments of a ledger, in order of time."""
    day, minute = np.divmod(drawn.minute, MINUTES)
    if office:  # the whole day is pressed into 8 to 18, which keeps the order
        minute = 8 * 60 + minute * 10 // 24
    payments = drawn.instance.payments
    src = accounts[[p.originator for p in payments]]
    dst = accounts[[p.beneficiary for p in payments]]
    made = rows(
        day * MINUTES + minute,
        src,
        dst,
        drawn.euros,
        _PURPOSES[int(rng.integers(len(_PURPOSES)))],
        in_euro=np.full(src.size, not local),
    )
    return made.take(np.argsort(made.minute, kind="stable"))


def _holds(
    e: Economy,
    background: Rows,
    detector: Detector,
    params: Params,
    payments: Rows,
    accounts: NDArray[np.int64],
    holders: NDArray[np.int64],
) -> bool:
    """Tell whether one match, by the definition, has all payments as evidence.

    The definition is asked about the payments amid the other traffic of their accounts, as far as
    it reaches, and of all accounts nearby where it looks at windows: that may join the match but
    must not break it.
    """
    seen = np.zeros(background.minute.size, bool)
    whole = detector.unit == "window"
    reach = max(detector.reach(params.limits())) if whole and detector.reach else 0
    a, b = _window(background, payments.minute, max(_MARGIN, reach // _MINUTE_US))
    seen[a:b] = np.isin(background.src[a:b], accounts) | np.isin(background.dst[a:b], accounts)
    a, b = _window(background, payments.minute)
    seen[a:b] |= whole
    if whole:
        seen &= _in_windows(moments(background), moments(payments), params.limits()[0])
    near = background.take(np.flatnonzero(seen))
    both = join([near, payments])
    order = np.argsort(both.minute, kind="stable")
    view = _view(e, both.take(order), holders)
    own = set(np.flatnonzero(order >= near.minute.size).tolist())
    return any({row for row, *_ in m.evidence} >= own for m in detector.reference(view, params))


def _in_windows(at: NDArray[np.int64], own: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Mark the moments that lie in a window of the calendar grid with all of `own` in it.

    No other window can have a match of all of them, and definitions are slow.
    """
    step = step_of(width)
    first = -((width - int(own.max())) // step) * step
    last = int(own.min()) // step * step
    return (first <= at) & (at <= last + width) & (first <= last)


def _window(background: Rows, minute: NDArray[np.int64], margin: int = _MARGIN) -> tuple[int, int]:
    """Return the slice of the background around these times."""
    ends = [int(minute.min()) - margin, int(minute.max()) + margin]
    first, last = np.searchsorted(background.minute, ends).tolist()
    return int(first), int(last)


def _view(e: Economy, r: Rows, holders: NDArray[np.int64]) -> View:
    """Return payments as the definitions read them."""
    made = legs(r, e.people.place, rate_table(e.n_days))
    codes, ends = np.unique(np.concatenate([r.src, r.dst]), return_inverse=True)
    src, dst = np.split(ends, 2)
    money = np.unique([p.currency for p in PLACES], return_inverse=True)[1]
    place = e.people.place
    columns = (
        moments(r),  # calendar grids and weekdays start where they do in the ledger
        src,
        dst,
        made.sent,
        money[made.sent_place],
        made.received,
        money[made.received_place],
        made.base,
        place[r.src] != place[r.dst],
        place[r.src],
        place[r.dst],
    )
    rows_of = zip(*(c.tolist() for c in columns), strict=True)
    return View([Transfer(i, *x) for i, x in enumerate(rows_of)], holders[codes].tolist())
