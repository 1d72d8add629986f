"""Planted cases: instances that detectors draw themselves, put onto accounts of the economy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Detector, Instance, Params, Transfer, View
from xborder_aml.errors import DataError
from xborder_aml.synth.economy import Economy
from xborder_aml.synth.plant import Seeded
from xborder_aml.synth.population import ROLES, Population
from xborder_aml.synth.rows import Rows, legs, rows
from xborder_aml.synth.world import MINUTES, PLACES, rate_table, stream

__all__ = ["Case", "plant_cases"]

_MINUTE_US = 60_000_000
_MARGIN = 7 * MINUTES  # a case keeps away from its accounts' other traffic, where it can
_DRAWS = 40
_FAN = 4  # so many accounts with one payment each: small sums from many people
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
    holders: tuple[int, ...]  # for each account, the place in `accounts` of its owner's first
    why: str


class _Drawn(NamedTuple):
    """An instance with its amounts and times as a ledger would have them."""

    instance: Instance
    places: NDArray[np.int64]
    minute: NDArray[np.int64]
    euros: NDArray[np.float64]
    small: bool


def plant_cases(
    e: Economy, background: Rows, detectors: Iterable[str], n_cases: int
) -> list[Case]:
    """Return `n_cases` of each detector, no account in two of them.

    An instance is scaled to plausible amounts, moved into office hours, and paid in the currencies
    of its accounts. Rounding and exchange can break a condition that was met with nothing to
    spare, so each is checked by the detector's own definition, and made plainer or drawn again
    until it holds.

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
        drawn = _draw(e, detector.plant(Seeded(int(rng.integers(2**31))), params), rng)
        if drawn is None:
            continue
        accounts = _cast(e.people, background, drawn, rng, used)
        if accounts is None:
            continue
        for local, office in ((True, True), (False, True), (False, False)):
            payments = _payments(drawn, accounts, rng, local=local, office=office)
            if _holds(e, detector, params, payments, accounts, drawn.instance.holders):
                path = ", ".join(dict.fromkeys(PLACES[p].code for p in drawn.places))
                n = payments.minute.size
                why = f"{detector.title} of {n} payments, drawn by its own definition: {path}"
                holders = drawn.instance.holders or tuple(range(accounts.size))
                firsts = tuple(holders.index(h) for h in holders)
                return Case(detector.name, label, payments, accounts, firsts, why)
    raise DataError(
        f"none of {_DRAWS} instances of {detector.name} fits into {e.months} months of "
        f"{e.people.place.size:,} accounts; ask for more of either, or leave the detector out "
        "with detectors=[...]"
    )


def _draw(e: Economy, instance: Instance, rng: np.random.Generator) -> _Drawn | None:
    """Place an instance in time, and scale it; None if the ledger is too short for it."""
    at = np.array([p.at for p in instance.payments], np.int64) // _MINUTE_US
    room = e.n_days - int(at.max()) // MINUTES - 2
    if room < 0:
        return None
    n = len(instance.jurisdictions)
    ends = np.array([(p.originator, p.beneficiary) for p in instance.payments])
    small = int((np.bincount(ends.ravel(), minlength=n) == 1).sum()) >= _FAN
    low, high = np.log(_SMALL_EUROS if small else _LARGE_EUROS)
    amounts = np.array([p.amount for p in instance.payments], np.float64)
    euros = amounts * (np.exp(rng.uniform(low, high)) / amounts.max())
    minute = int(rng.integers(0, room + 1)) * MINUTES + int(rng.integers(0, MINUTES)) + at
    return _Drawn(instance, _places(instance.jurisdictions), minute, euros, small)


def _places(codes: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the places of jurisdictions; one that the world lacks takes another's seat.

    Different jurisdictions stay different, for that is what borders are made of.
    """
    known = [p.code for p in PLACES]
    free = iter([p for p in known if p not in codes])
    seat = {c: c if c in known else next(free, known[0]) for c in dict.fromkeys(codes)}
    return np.array([known.index(seat[c]) for c in codes], np.int64)


def _cast(
    people: Population,
    background: Rows,
    drawn: _Drawn,
    rng: np.random.Generator,
    used: NDArray[np.bool_],
) -> NDArray[np.int64] | None:
    """Choose an account for each part: in the right place, unused, and quiet at the time."""
    window = [int(drawn.minute.min()) - _MARGIN, int(drawn.minute.max()) + _MARGIN]
    a, b = np.searchsorted(background.minute, window)
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
        choice = np.flatnonzero(fits & ~taken & (people.place == drawn.places[part]))
        if not choice.size:
            return None
        # a company is known for its trade: rather a quiet one, and rather a shell
        cost = busy[choice] + 2.0 * (people.role[choice] == ROLES.index("company"))
        out[part] = choice[np.argmin(cost + rng.random(choice.size))]
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
    detector: Detector,
    params: Params,
    payments: Rows,
    accounts: NDArray[np.int64],
    holders: tuple[int, ...] | None,
) -> bool:
    """Tell whether the payments, alone, are one match by the definition, with all as evidence."""
    made = legs(payments, e.people.place, rate_table(e.n_days))
    part = {account: i for i, account in enumerate(accounts.tolist())}
    money = np.unique([p.currency for p in PLACES], return_inverse=True)[1]
    place = e.people.place
    transfers = [
        Transfer(i, at * _MINUTE_US, part[src], part[dst], *amounts, border)
        for i, (at, src, dst, *amounts, border) in enumerate(
            zip(
                payments.minute.tolist(),
                payments.src.tolist(),
                payments.dst.tolist(),
                made.sent.tolist(),
                money[made.sent_place].tolist(),
                made.received.tolist(),
                money[made.received_place].tolist(),
                made.base.tolist(),
                (place[payments.src] != place[payments.dst]).tolist(),
                strict=True,
            )
        )
    ]
    view = View(transfers, list(holders or range(accounts.size)))
    whole = set(range(len(transfers)))
    return any({row for row, *_ in m.evidence} == whole for m in detector.reference(view, params))
