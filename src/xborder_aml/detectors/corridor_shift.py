"""Corridor shift: far more money flows from one country to another than did before.

**Finds** every corridor (an ordered pair of jurisdictions) and period of the calendar in which at
least `min_transactions` payments carry far more money than the corridor was used to. Periods are
`period` long and count from 1970-01-01. The past is those of the `history` periods before in which
any money flowed, and there must be `min_periods` of them; nothing later is read, so that the
finding could have been made at the period's end. The flow must be at least `min_rise` times the
past's median, and its logarithm at least `min_z` robust standard deviations above the median's:
1.4826 times the median absolute deviation of the past's logarithms from it. Of an even number the
lower median of the flows is taken, and the upper one of the deviations. Payments from an account to
itself, and those that move no money or an amount that is unknown in the base currency, count for
nothing. The finding's account is the one that most of the period's money came from or went to. Its
evidence is the period's payments; of more than `max_evidence` the first and the largest. The
findings' `measure` is z, at most 1,000.

**Why it matters.** New laundering schemes show as money on a route where there was none: the
non-resident business of a few banks was seen in national payment statistics years before it was
seen in any account.

**What it does not claim.** That any one payment, or the account named, is suspicious: a corridor is
a place to look. A scheme that was there from the ledger's beginning is its own normal. Falls are
not found. z is no probability, since flows are not normal and neighbouring periods not independent.

**False positives.** A large deal, a season, a new customer, a currency's fall, war and sanctions
that divert trade; the first full months of a ledger that grows.

**Tuning.** Raise `min_rise` and `min_transactions` where small corridors crowd the list: with few
payments a period, flows differ by much without a reason. A `period` of whole weeks holds as many
weekends every time; shorter ones mistake paydays for shifts. The first `min_periods` periods of a
ledger can show nothing.

References
----------
Iglewicz, Hoaglin, How to Detect and Handle Outliers, ASQC Quality Press (1993): the modified
z-score, and 3.5 as its limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_high, median_low

from xborder_aml._jit import jit
from xborder_aml.detectors._spec import (
    Choose,
    Detector,
    Instance,
    Match,
    Measure,
    Params,
    Payment,
    Role,
    Transfer,
    View,
    basis_points,
    microseconds,
    param,
)
from xborder_aml.kernels.corridor_shift import Corridors, ShiftLimits, corridor_shift, corridors
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output

__all__ = ["DETECTOR", "CorridorShift"]


@dataclass(frozen=True, slots=True)
class CorridorShift(Params):
    """Far more money flows from one country to another than did before.

    Examples
    --------
    >>> CorridorShift(period="7d", history=26).to_dict()["history"]
    26
    """

    period: str | timedelta = param("28d", "Length of a period.", unit="time")
    history: int = param(12, "Periods before that are looked at.", unit="periods")
    min_periods: int = param(6, "Fewest of them with any money.", unit="periods")
    min_z: float = param(3.5, "Fewest robust standard deviations above the past.")
    min_rise: float = param(2.0, "Least multiple of the past's median flow.", unit="share")
    min_transactions: int = param(3, "Fewest payments in the period.", unit="transfers")
    max_evidence: int = param(
        200, "Most payments that a finding shows.", unit="transfers", cap=True
    )

    def limits(self) -> ShiftLimits:
        """Return the kernel's limits, checked."""
        period = microseconds(self.period, "period")
        self.require(period > 0, "period must be longer than nothing")
        self.require(1 <= self.min_periods <= self.history, "min_periods must be 1 to history")
        self.require(self.history <= 1_000, "history must not exceed 1,000 periods")
        self.require(self.max_evidence >= 1, "max_evidence must be at least 1")
        return ShiftLimits(
            period=period,
            history=self.history,
            min_periods=self.min_periods,
            z=basis_points(self.min_z, "min_z"),
            rise=basis_points(self.min_rise, "min_rise"),
            min_transactions=self.min_transactions,
            max_evidence=self.max_evidence,
        )


# -- kernel -------------------------------------------------------------------------------------


def prepare(edges: Edges, limits: ShiftLimits) -> Corridors:
    """Sort the payments by corridor, once."""
    return corridors(edges, limits)


def search(edges: Edges, limits: Corridors, first: int, last: int, out: Output) -> int:
    """Find the shifts whose first payment is an edge in ``[first, last)``."""
    return corridor_shift(edges, limits, first, last, out)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: CorridorShift) -> list[Match]:
    """Find the same, from the definition: each period of each corridor against those before."""
    p = params.limits()
    flows: dict[tuple[int, int], dict[int, list[Transfer]]] = {}
    for t in view.transfers:
        if t.border and t.base and t.originator != t.beneficiary:
            periods = flows.setdefault((t.origin, t.destination), {})
            periods.setdefault(t.at // p.period, []).append(t)
    out = []
    for periods in flows.values():
        money = {k: sum(t.base or 0 for t in held) for k, held in periods.items()}
        for k, held in periods.items():
            past = [money[i] for i in range(k - p.history, k) if i in money]
            if len(past) >= p.min_periods and len(held) >= p.min_transactions:
                measure = departs(money[k], past, p)
                if measure is not None:
                    evidence = tuple((t.row, 0, t.base or 0) for t in held)
                    out.append(Match(held[0].row, busiest(held), 1, evidence, measure))
    return out


def departs(now: int, past: list[int], p: ShiftLimits) -> int | None:
    """Return thousandths of z that `now` lies above the past, or None where it is not enough."""
    middle = median_low(past)
    spread = 1.4826 * median_high([abs(math.log(float(x) / float(middle))) for x in past])
    above = math.log(float(now) / float(middle))
    if 10_000 * now < p.rise * middle or 10_000 * above < p.z * spread:
        return None
    return math.floor(1_000 * above / spread) if 1_000 * spread > above else 1_000_000


def busiest(held: Iterable[Transfer]) -> int:
    """Return the account with most money on either side; of equals the one that comes first."""
    sums: dict[int, int] = {}
    for t in held:
        for account in (t.originator, t.beneficiary):
            sums[account] = sums.get(account, 0) + (t.base or 0)
    return max(sums, key=lambda account: sums[account])


# -- examples: payments from account 0 to account 1, and others between the same countries --------


def _instance(
    p: ShiftLimits, past: list[int], now: list[tuple[int, int]], gap: int = 0
) -> Instance:
    """Return one payment in each past period, then `now`: times in its period, and amounts."""
    before = [Payment(k * p.period + k, 0, 1, money) for k, money in enumerate(past)]
    start = (len(past) + gap) * p.period
    payments = [Payment(start + at, 2 * i, 2 * i + 1, m) for i, (at, m) in enumerate(now)]
    places = ("EE", "CY") * max(1, len(now))
    return Instance((*before, *payments), places, n_before=len(before))


def _now(choose: Choose, p: ShiftLimits, total: int) -> list[tuple[int, int]]:
    """Draw as few payments as it takes, of such a total; the last often ends the period."""
    n = max(1, p.min_transactions)
    last = p.period - 1 if choose.integer(0, 1) else choose.integer(0, p.period - 1)
    times = sorted(choose.integer(0, last) for _ in range(n - 1))
    share = max(1, total // n)
    return [*((at, share) for at in times), (last, max(1, total - share * (n - 1)))]


def _least(p: ShiftLimits, middle: int) -> int:
    """Return the least flow that is `min_rise` times so much."""
    return max(1, -(-middle * p.rise // 10_000))


def plant(choose: Choose, params: CorridorShift) -> Instance:
    """Draw an even past and a rise that just suffices, or an uneven one and a large rise."""
    p = params.limits()
    n = choose.integer(p.min_periods, p.history)
    usual = 100_000 * choose.integer(1, 50)
    if choose.integer(0, 1):
        return _instance(p, [usual] * n, _now(choose, p, _least(p, usual)))
    past = [usual + usual * choose.integer(-5, 5) // 100 for _ in range(n)]
    far = math.exp(p.z / 10_000 * 1.4826 * 0.1055)  # log(105 / 95) is below .1055
    return _instance(p, past, _now(choose, p, math.ceil(far * _least(p, usual * 21 // 20)) + 1))


def _even(choose: Choose, p: ShiftLimits, n: int) -> tuple[list[int], int]:
    """Return an even past of `n` periods and the least flow that rises enough above it."""
    usual = 100_000 * choose.integer(1, 50)
    return [usual] * n, _least(p, usual)


def young(choose: Choose, params: CorridorShift) -> Instance:
    """Draw a past with one period too few."""
    p = params.limits()
    past, enough = _even(choose, p, p.min_periods)
    return _instance(p, past[1:], _now(choose, p, enough))


def forgotten(choose: Choose, params: CorridorShift) -> Instance:
    """Draw a past of which one period too few is remembered."""
    p = params.limits()
    past, enough = _even(choose, p, p.min_periods)
    return _instance(p, past, _now(choose, p, enough), gap=p.history - p.min_periods + 1)


def few(choose: Choose, params: CorridorShift) -> Instance | None:
    """Draw one payment too few."""
    p = params.limits()
    if p.min_transactions < 2:
        return None
    past, enough = _even(choose, p, p.min_periods)
    return _instance(p, past, [(0, enough), *_now(choose, p, enough)[: p.min_transactions - 2]])


def late(choose: Choose, params: CorridorShift) -> Instance | None:
    """Draw just enough payments, the last of which comes a microsecond after the period."""
    p = params.limits()
    if p.min_transactions < 2:
        return None
    past, enough = _even(choose, p, p.min_periods)
    *others, (_, money) = _now(choose, p, enough)
    return _instance(p, past, [*others, (p.period, money)])


def low(choose: Choose, params: CorridorShift) -> Instance | None:
    """Draw a flow that is a minor unit too small."""
    p = params.limits()
    past, enough = _even(choose, p, p.min_periods)
    return _instance(p, past, _now(choose, p, enough - 1)) if enough > p.min_transactions else None


def restless(choose: Choose, params: CorridorShift) -> Instance | None:
    """Draw a past that knew eight times more and eight times less, and a rise that suffices."""
    p = params.limits()
    n = p.min_periods
    if n < 2 or p.z < 15_000:  # 1.5 * 1.4826 * log(8) is more than ten times eight could reach
        return None
    usual = 100_000 * choose.integer(1, 50)
    past = [(usual // 8, usual, 8 * usual)[i % 3] for i in range(n)]
    return _instance(p, past, _now(choose, p, _least(p, usual)))


def at_home(choose: Choose, params: CorridorShift) -> Instance:
    """Draw a rise inside one country."""
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="corridor_shift",
    title="Corridor shift",
    version=1,
    params=CorridorShift,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={
        "young": young,
        "forgotten": forgotten,
        "few": few,
        "late": late,
        "low": low,
        "restless": restless,
        "at_home": at_home,
    },
    roles=(Role("payment", enters=True),),
    caps=("max_evidence",),
    doc=__doc__ or "",
    speaks_for="nobody",
    reach=lambda limits: ((limits.history + 1) * limits.period, limits.period),
    measure=Measure("z", "Robust standard deviations above the past.", 1e-3),
    hops=1,
    # periods lie on the calendar, so neither shift_time nor split_idle
    relations=("rename_accounts", "shuffle_rows", "rescale_currency"),
    prepare=prepare,
    no_borders={},
)
