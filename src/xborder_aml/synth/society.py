"""The accounts of an economy: how busy, what for, where, whose, and with what money."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.synth.paydays import CYCLES, due_table
from xborder_aml.synth.spec import ROLES, Bin, LedgerSpec

__all__ = ["Money", "Society", "bank_of", "first_days", "money_of", "rng_of", "settle_society"]

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]

QUIET = 6
"""Accounts of up to so many transactions in the period are second accounts."""
_YEARS_OPEN = 12
_BY = {"person": "people", "quiet": "people", "merchant": "people", "landlord": "people",
       "fund": "people", "wallet": "people", "shell": "shells"}  # fmt: skip
# How much a role is drawn to busy accounts: the logarithm of its activity times this decides, with
# noise, who becomes what.
_BUSY = {"hub": 40.0, "bank": 1.0, "marketplace": 1.0, "fund": 0.7, "treasury": 1.0,
         "merchant": 0.7, "landlord": 0.3, "company": 0.7, "subsidiary": 0.5, "seller": 0.1,
         "wallet": 0.1, "person": 0.0}  # fmt: skip

_PERSONS = 0.45
"""Share of busy accounts that persons are likely to be: it need not be right."""

_INSET = 1.16
"""Busy accounts are meant to keep so far, as a factor, from the edges of their bins."""

_EVERYWHERE = ("bank", "fund", "landlord", "merchant")
"""Roles that every place has, if there are accounts enough."""


def rng_of(seed: int, name: str, block: int = 0) -> np.random.Generator:
    """Return the random numbers of one part of the making, counted and not passed on.

    Each part has a key and each block of it a place of its own, so that no part and no thread
    changes another's numbers.
    """
    key = [seed & (2**64 - 1), zlib.crc32(name.encode())]
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, block]))


@dataclass(frozen=True, slots=True)
class Money:
    """Currencies of a ledger, C of them, and what they are worth."""

    codes: tuple[str, ...]
    num: _Ints  # (C,) base minor units for a minor unit of the currency, a fraction
    den: _Ints  # (C,)
    step: _Ints  # (C,) amounts are multiples of so many minor units

    def to_base(self, minor: _Ints, currency: _Ints) -> _Ints:
        """Return base minor units, rounded half to even, exactly."""
        num, den = self.num[currency], self.den[currency]
        whole, rest = np.divmod(minor, den)
        more, left = np.divmod(rest * num, den)
        up = (2 * left > den) | ((2 * left == den) & ((whole * num + more) & 1 == 1))
        return np.asarray(whole * num + more + up)

    def from_base(self, minor: _Floats | _Ints, currency: _Ints) -> _Ints:
        """Return minor units of the currencies worth about so much, at least one step."""
        step = self.step[currency]
        worth = np.asarray(minor, np.float64) * (self.den[currency] / self.num[currency])
        steps: _Ints = np.maximum(np.rint(worth / step), 1).astype(np.int64)
        return steps * step

    def cross(self, spread_bp: int) -> _Floats:
        """Return what a minor unit of the row's currency buys of the column's, shape (C, C)."""
        value = self.num / self.den
        out = value[:, None] / value[None, :] * (1 - spread_bp / 10_000)
        np.fill_diagonal(out, 1.0)
        return np.asarray(out)


def money_of(spec: LedgerSpec) -> Money:
    """Return the currencies of a specification."""
    codes = tuple(code for code, _ in spec.rates)
    rates = [
        Fraction(rate) * Fraction(10) ** (minor_digits(spec.base_currency) - minor_digits(code))
        for code, rate in spec.rates
    ]
    # AMLworld writes six decimals of a bitcoin and a ledger that it holds must survive the trip
    step = [100 if code == "BTC" else 1 for code in codes]
    return Money(
        codes,
        np.array([r.numerator for r in rates], np.int64),
        np.array([r.denominator for r in rates], np.int64),
        np.array(step, np.int64),
    )


@dataclass(frozen=True, slots=True)
class Society:
    """Accounts, A of them."""

    role: NDArray[np.int8]  # (A,) place in ROLES
    place: _Ints  # (A,) place in the specification's places
    holder: _Ints  # (A,) an account of the same owner, his main one
    currency: _Ints  # (A,)
    bank: _Ints  # (A,)
    activity: _Ints  # (A,) transactions in the period that it is meant to have
    opened: _Ints  # (A,) days from the start, negative for before
    closed: _Ints  # (A,) days from the start, the period's length or more for still open

    def of(self, role: str) -> _Ints:
        """Return all accounts of a role."""
        return np.flatnonzero(self.role == ROLES.index(role))


def settle_society(spec: LedgerSpec, seed: int) -> Society:
    """Return the accounts that a specification asks for."""
    rng = rng_of(seed, "society")
    activity = _activity(spec, rng)
    role = _roles(spec, activity, rng)
    place = _places(spec, role, rng)
    holder = _holders(role, place, rng)
    place[role == ROLES.index("quiet")] = place[holder][role == ROLES.index("quiet")]
    codes = [code for code, _ in spec.rates]
    currency = np.array([codes.index(p.currency) for p in spec.places])[place]
    if "BTC" in codes:
        currency[role == ROLES.index("wallet")] = codes.index("BTC")
    bank = bank_of(rng, place, role.size)
    n = role.size
    opened = first_days(rng, n)
    closed = np.full(n, spec.days)
    simple = np.isin(role, [ROLES.index(r) for r in ("person", "quiet", "company", "seller")])
    fresh, gone = rng.random(n), rng.random(n)
    new = simple & (fresh < spec.churn)
    opened[new] = rng.integers(0, max(1, spec.days // 2), n)[new]
    left = simple & (gone < spec.churn)
    closed[left] = rng.integers(spec.days // 2, spec.days + 1, n)[left]
    return Society(role, place, holder, currency, bank, activity, opened, np.maximum(closed, 1))


def first_days(rng: np.random.Generator, n: int) -> _Ints:
    """Draw when accounts were opened that are there when a ledger starts: days, negative."""
    return np.asarray(-rng.integers(1, _YEARS_OPEN * 365, n))


def bank_of(rng: np.random.Generator, place: _Ints, n_accounts: int) -> _Ints:
    """Draw a bank of its place for each account: each place has some, of which the first are large.

    Parameters
    ----------
    n_accounts
        Accounts of the economy: the more there are, the more banks each place has.
    """
    n_banks = max(2, round(n_accounts**0.5 / 6))
    return np.asarray(place * n_banks + np.floor(rng.random(place.size) ** 2 * n_banks), np.int64)


def _activity(spec: LedgerSpec, rng: np.random.Generator) -> _Ints:
    """Return how many transactions each account has: shares by bin, and the mean that is asked.

    Inside the bins of busy accounts one exponent decides whether they crowd at the low or at the
    high end; it is what makes the mean right.
    """
    shares = np.array([b.share for b in spec.activity])
    counts = np.floor(np.cumsum(shares) / shares.sum() * spec.n_accounts + 0.5)
    bin_of = np.searchsorted(counts, np.arange(spec.n_accounts), side="right")
    bounds = np.array([_counts(b, spec.days) for b in spec.activity])
    low, high = bounds[bin_of].T
    u = rng.random(spec.n_accounts)
    self_share = dict(spec.quiet_flows).get("reinvestment", 0.0)

    def drawn(theta: float) -> _Ints:
        power = np.where(high > QUIET, theta, 1.0)
        span = np.log((high + 1) / low)
        made: _Ints = np.minimum(np.floor(low * np.exp(span * u**power)), high).astype(np.int64)
        return made

    def missing(theta: float) -> float:
        made = drawn(theta)
        alone = made[made <= QUIET].sum() * self_share
        return float(2 * spec.n_transactions - alone - made.sum())

    few, many = 1e-3, 1e3  # many: all at the low end
    if missing(few) > 0.02 * spec.n_transactions or missing(many) < -0.02 * spec.n_transactions:
        raise ParameterError(
            f"{spec.n_transactions:,} transactions of {spec.n_accounts:,} accounts do not go with "
            f"the activity bins, which give {drawn(many).sum() // 2:,} to "
            f"{drawn(few).sum() // 2:,}; change the bins' shares"
        )
    for _ in range(50):
        middle = (few * many) ** 0.5
        few, many = (few, middle) if missing(middle) > 0 else (middle, many)
    made: _Ints = rng.permutation(drawn(few))
    return made


def _counts(b: Bin, days: int) -> tuple[int, int]:
    """Return the fewest and most transactions in so many days that a bin's yearly rates mean."""
    high = int(b.high * days / 365)
    low = int(b.low * days / 365) + 1
    if low > QUIET and int(high / _INSET) >= int(low * _INSET) + 1:
        low, high = int(low * _INSET) + 1, int(high / _INSET)
    return (max(1, high), max(1, high)) if high < low else (low, high)


def _roles(spec: LedgerSpec, activity: _Ints, rng: np.random.Generator) -> NDArray[np.int8]:
    """Give each account a role: the quiet ones are second accounts; the rest by what flows need.

    A role gets so many accounts that their activity is about what its flows ask of it.
    """
    role = np.full(activity.size, ROLES.index("quiet"), np.int8)
    busy = np.flatnonzero(activity > QUIET)
    need = dict.fromkeys(ROLES, 0.0)
    due = due_table(spec)
    for flow in spec.flows:
        share = flow.share
        if flow.cycle is not None:  # a share of the persons
            times = due[CYCLES.index(flow.cycle)].sum() / due.shape[2]
            share *= _PERSONS * busy.size * times / spec.n_transactions
        need[flow.payer] += share
        need[flow.payee] += share
        if flow.via:
            need["bank"] += share
    asked = sum(need.values())
    log = np.log(activity[busy])
    left = np.ones(busy.size, bool)
    for name, taste in _BUSY.items():
        if need[name] == 0:
            continue
        if name == "person":
            role[busy[left]] = ROLES.index(name)
            break
        key = np.where(left, taste * log - np.log(rng.exponential(size=busy.size)), -np.inf)
        order = np.argsort(-key, kind="stable")[: int(left.sum())]
        budget = activity[busy[left]].sum() * need[name] / asked  # of what is not yet given out
        upto = int(np.searchsorted(np.cumsum(activity[busy[order]]), budget, side="right"))
        least = min(len(spec.places), busy.size // 25) if name in _EVERYWHERE else 2
        idle = order[max(upto, order.size - max(0, least - upto)) :]
        chosen = np.concatenate([order[:upto], idle])
        role[busy[chosen]] = ROLES.index(name)
        left[chosen] = False
        asked -= need[name]
    return role


def _places(spec: LedgerSpec, role: NDArray[np.int8], rng: np.random.Generator) -> _Ints:
    """Put accounts into places: persons where people live, companies where trade is."""
    place = np.zeros(role.size, np.int64)
    for number, name in enumerate(ROLES):
        here = np.flatnonzero(role == number)
        weight = np.array([getattr(p, _BY.get(name, "trade")) for p in spec.places], np.float64)
        # dealt out, and not drawn, so that each place gets its share
        edges = np.cumsum(weight) / weight.sum() * here.size
        dealt = np.searchsorted(edges, np.arange(here.size) + 0.5)
        place[here] = rng.permutation(np.minimum(dealt, weight.size - 1))
    return place


def _holders(role: NDArray[np.int8], place: _Ints, rng: np.random.Generator) -> _Ints:
    """Give second accounts to persons and subsidiaries to groups."""
    holder = np.arange(role.size)
    persons = np.flatnonzero(role == ROLES.index("person"))
    quiet = np.flatnonzero(role == ROLES.index("quiet"))
    if persons.size:
        holder[quiet] = persons[rng.integers(0, persons.size, quiet.size)]
    daughters = np.flatnonzero(role == ROLES.index("subsidiary"))
    mothers = np.flatnonzero(role == ROLES.index("treasury"))
    if mothers.size:
        # dealt out along the places, so that most groups are at home in one and some in two
        line = mothers[np.argsort(place[mothers], kind="stable")]
        dealt = np.arange(daughters.size) * mothers.size // max(daughters.size, 1)
        holder[daughters[np.argsort(place[daughters], kind="stable")]] = line[dealt]
    return holder
