"""Scatter-gather: one account pays many, who all pay one.

**Finds** every pair of accounts, a source and a target, with at least `min_middles` middles between
them, all within `window`: the source pays the middle, and the middle then pays the target between
`min_carried` and `max_carried` of that payment, no earlier than it was paid. Of all that the source
paid these middles the target gets between `min_retained` and `max_retained`, and at least
`min_borders` of the payments cross a border. A window starts at a payment by the source and holds
what comes until `window` later; of each middle it holds the first payment that is sent on, and the
first payment that sends it on. Of windows between the same two accounts that start within `window`
of one another the one with the most middles is shown, and the earliest of equals. So the findings
of one pair never share a payment.

**Why it matters.** One large transfer is a question; many small ones through accounts that have
nothing to do with each other are not, until they meet again. It is how mules are used, how limits
of reporting are kept under, and how the origin of a sum is lost between two accounts of one owner.

**What it does not claim.** That the middles know each other, or that source and target have one
owner. A middle that sends on in parts, or several payments in one, is not seen here. Amounts are
base amounts; payments without one, of nothing, or to oneself are left out. One payment by a source
may stand in findings with several targets.

**False positives.** Wages and the one landlord, tax office or card company that all who earn them
pay; dealers who buy from a wholesaler on behalf of one customer; dividends that are paid in again;
accounts of one group that its treasury feeds and sweeps.

**Tuning.** The shares decide most: rents and taxes are a part of wages, a mule sends on nearly all,
so raise `min_carried` first, then `min_middles`. The window is the time of the whole pattern and
not of each middle. An account with more than `max_degree` payments out, or in, in a window is no
source, middle or target there, and the run tells so: such an account is better named than searched.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), the pattern
"scatter-gather" (here with a window, conserved amounts and borders).
FATF, Professional Money Laundering (2018), section on money mule networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from xborder_aml.detectors._oracle import Window, groups, peaks
from xborder_aml.detectors._spec import (
    BORDERS,
    Choose,
    Detector,
    Instance,
    Match,
    Params,
    Payment,
    Role,
    Transfer,
    View,
    basis_points,
    microseconds,
    param,
)
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.scatter_gather import ScatterGatherLimits as Limits
from xborder_aml.kernels.scatter_gather import prepare_slots, scatter_gather

__all__ = ["DETECTOR", "ScatterGather"]


@dataclass(frozen=True, slots=True)
class ScatterGather(Params):
    """One account pays many, who all pay one.

    Examples
    --------
    >>> ScatterGather(window="48h").to_dict(caps=False)["window"]
    '2d'
    """

    window: str | timedelta = param("4d", "Longest time from first to last payment.", unit="time")
    min_middles: int = param(3, "Fewest distinct accounts between.", unit="accounts")
    min_carried: float = param(
        0.8, "Least share of a payment that its middle sends on.", unit="share"
    )
    max_carried: float = param(
        1.25, "Largest share of a payment that its middle sends on.", unit="share"
    )
    min_retained: float = param(0.9, "Least share of the whole that arrives.", unit="share")
    max_retained: float = param(1.1, "Largest share of the whole that arrives.", unit="share")
    min_borders: int = param(1, BORDERS)
    strict_time: bool = param(False, "Ask that a middle pay later than it is paid.")
    max_degree: int = param(
        200, "Payments followed at one account in a window.", unit="edges", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(self.min_middles >= 2, "min_middles must be at least 2")
        self.require(self.min_carried <= self.max_carried, "min_carried exceeds max_carried")
        self.require(self.min_retained <= self.max_retained, "min_retained exceeds max_retained")
        self.require(
            max(self.min_carried, self.min_retained) <= min(self.max_carried, self.max_retained),
            "the shares carried and retained must have one in common",
        )
        self.require(self.max_degree >= 1, "max_degree must be at least 1")
        return Limits(
            window=microseconds(self.window, "window"),
            min_middles=self.min_middles,
            low=basis_points(self.min_carried, "min_carried"),
            high=basis_points(self.max_carried, "max_carried"),
            low_total=basis_points(self.min_retained, "min_retained"),
            high_total=basis_points(self.max_retained, "max_retained"),
            min_borders=self.min_borders,
            strict=int(self.strict_time),
            max_degree=self.max_degree,
            to=np.empty(0, np.int32),
            money=np.empty(0, np.int64),
        )


def prepare(edges: Edges, limits: Limits) -> Limits:
    """Add what the search reads of each slot."""
    to = np.empty(edges.at.size, np.int32)
    money = np.empty(edges.at.size, np.int64)
    prepare_slots(edges, limits.window, limits.max_degree, to, money)
    return limits._replace(to=to, money=money)


# -- oracle -------------------------------------------------------------------------------------

_Wedge = tuple[Transfer, Transfer]  # into a middle, and out of it


def reference(view: View, params: ScatterGather) -> list[Match]:
    """Find the same, from the definition: try every window between every two accounts."""
    p = params.limits()
    transfers = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    paid_by = groups(transfers, by="originator")
    out = []
    for source, scatter in paid_by.items():
        between: dict[int, list[_Wedge]] = {}
        for one in scatter:
            for then in paid_by.get(one.beneficiary, ()):
                if then.beneficiary != source and _sends_on(one, then, p):
                    between.setdefault(then.beneficiary, []).append((one, then))
        for wedges in between.values():
            candidates = [
                window for at in {one.at for one, _ in wedges} if (window := _window(at, wedges, p))
            ]
            found = peaks(candidates, p.window)
            out += [Match(w.first.row, source, 1, w.evidence) for w in found]
    return out


def _sends_on(one: Transfer, then: Transfer, p: Limits) -> bool:
    money, on = one.base or 0, then.base or 0
    in_time = p.strict <= then.at - one.at <= p.window
    return in_time and p.low * money <= 10_000 * on <= p.high * money


def _window(at: int, wedges: list[_Wedge], p: Limits) -> Window | None:
    """Return the window that starts at a time, if it meets every condition."""
    held = [(a, b) for a, b in wedges if at <= a.at and b.at <= at + p.window]
    first: dict[int, _Wedge] = {}
    for a, b in sorted(held):
        first.setdefault(a.beneficiary, (a, b))
    scattered = sum(a.base or 0 for a, _ in first.values())
    gathered = sum(b.base or 0 for _, b in first.values())
    if (
        len(first) >= p.min_middles
        and p.low_total * scattered <= 10_000 * gathered <= p.high_total * scattered
        and sum(a.border + b.border for a, b in first.values()) >= p.min_borders
    ):
        rows = [
            (t.row, role, t.base or 0) for pair in first.values() for role, t in enumerate(pair)
        ]
        return Window(min(a for a, _ in first.values()), len(first), tuple(rows))
    return None


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")
_Leg = tuple[int, int, int, int]  # time and amount in, time and amount out


def _instance(legs: list[_Leg]) -> Instance:
    """Return payments from account 0 through the middles 2, 3, ... to account 1."""
    payments: list[Payment] = []
    for middle, (at, money, later, on) in enumerate(legs, 2):
        payments += [Payment(at, 0, middle, money), Payment(later, middle, 1, on)]
    places = ("EE", "SE", *(_PLACES[i % len(_PLACES)] for i in range(len(legs))))
    return Instance(tuple(payments), places)


def _share(choose: Choose, p: Limits) -> int:
    """Draw a share that may be carried and retained, in basis points: often a bound of it."""
    low, high = max(p.low, p.low_total, 1), min(p.high, p.high_total)
    return (low, high, choose.integer(low, high))[choose.integer(0, 2)]


def _draw(choose: Choose, p: Limits, n: int) -> list[_Leg]:
    """Draw the legs of n middles: the first is paid at 0 and the last pays at the window's end."""
    share = _share(choose, p)
    legs = []
    for i in range(n):
        at = choose.integer(0, p.window - p.strict) if i else 0
        later = choose.integer(at + p.strict, p.window) if i < n - 1 else p.window
        money = choose.integer(100, 5_000)
        legs.append((at, 10_000 * money, later, share * money))
    return legs


def plant(choose: Choose, params: ScatterGather) -> Instance:
    """Draw enough middles between accounts 0 and 1."""
    p = params.limits()
    n = max(p.min_middles, -(-p.min_borders // 2))
    return _instance(_draw(choose, p, n + choose.integer(0, 2)))


def few_middles(choose: Choose, params: ScatterGather) -> Instance:
    """Draw one middle too few: the last two pairs of payments have the same."""
    p = params.limits()
    made = _instance(_draw(choose, p, p.min_middles))
    *payments, first, then = made.payments
    same = p.min_middles
    last = (first._replace(beneficiary=same), then._replace(originator=same))
    return made._replace(payments=(*payments, *last))


def late(choose: Choose, params: ScatterGather) -> Instance:
    """Draw just enough middles, the last of which pays a microsecond after the window."""
    p = params.limits()
    *legs, (at, money, later, on) = _draw(choose, p, p.min_middles)
    return _instance([*legs, (at, money, later + 1, on)])


def unordered(choose: Choose, params: ScatterGather) -> Instance | None:
    """Draw just enough middles, the last of which pays a microsecond too early."""
    p = params.limits()
    *legs, (_, money, _, on) = _draw(choose, p, p.min_middles)
    at = choose.integer(1, p.window) if p.window else 0
    return _instance([*legs, (at, money, at + p.strict - 1, on)]) if at else None


def _carrying(choose: Choose, p: Limits, last: int) -> Instance:
    """Draw just enough middles, the last of which sends on so much of 1,000,000."""
    *legs, (at, _, later, _) = _draw(choose, p, p.min_middles)
    return _instance([*legs, (at, 1_000_000, later, last)])


def leaky(choose: Choose, params: ScatterGather) -> Instance | None:
    """Draw a middle that sends on one minor unit too little."""
    p = params.limits()
    return _carrying(choose, p, 100 * p.low - 1) if p.low else None


def swollen(choose: Choose, params: ScatterGather) -> Instance:
    """Draw a middle that sends on one minor unit too much."""
    p = params.limits()
    return _carrying(choose, p, 100 * p.high + 1)


def _arriving(choose: Choose, p: Limits, share: int, more: int) -> Instance | None:
    """Draw just enough middles that all send on a share, one of them so much more."""
    legs = [
        (at, money, later, money * share // 10_000)
        for at, money, later, _ in _draw(choose, p, p.min_middles)
    ]
    *legs, (at, money, later, on) = legs
    return _instance([*legs, (at, money, later, on + more)])


def short(choose: Choose, params: ScatterGather) -> Instance | None:
    """Draw middles that each send on enough, and together one minor unit too little."""
    p = params.limits()
    return _arriving(choose, p, p.low_total, -1) if p.low < p.low_total else None


def excessive(choose: Choose, params: ScatterGather) -> Instance | None:
    """Draw middles of which none sends on too much, and all together one minor unit too much."""
    p = params.limits()
    return _arriving(choose, p, p.high_total, 1) if p.high_total < p.high else None


def homeward(choose: Choose, params: ScatterGather) -> Instance:
    """Draw middles that pay the source itself."""
    made = plant(choose, params)
    back = (q._replace(beneficiary=0) if q.beneficiary == 1 else q for q in made.payments)
    return made._replace(payments=tuple(back))


def at_home(choose: Choose, params: ScatterGather) -> Instance | None:
    """Draw a scatter-gather that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="scatter_gather",
    title="Scatter-gather",
    version=1,
    params=ScatterGather,
    search=scatter_gather,
    reference=reference,
    plant=plant,
    near_misses={
        "few_middles": few_middles,
        "late": late,
        "unordered": unordered,
        "leaky": leaky,
        "swollen": swollen,
        "short": short,
        "excessive": excessive,
        "homeward": homeward,
        "at_home": at_home,
    },
    roles=(Role("scatter", enters=True), Role("gather", leaves=True)),
    caps=("max_degree",),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, 3 * limits.window),
    prepare=prepare,
    hops=2,
)
