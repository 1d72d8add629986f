"""Random walk: money wanders from account to account, the next payment always its next step.

**Finds** walks of at least `min_hops` transfers in which each is the next step of the one before. A
transfer *follows* another if it leaves the account that the other went into, not before it and
within `max_gap`, and sends on a like amount. Of several followers the first counts, of several
transfers that are followed the last, and of those at one moment the one with the smaller id comes
first; two transfers are *linked* if each is the other's. So every transfer is linked to at most one
on either side, and lies on one walk. A walk is reported whole: it may pass an account again, but
must end at another account than it began at, and go through the hands of at least `min_holders`
holders.

**Why it matters.** Money that is moved from mule to mule has no plan that a shape could give away:
no fan, no ring. What stays is the haste: every account passes on what came in by the next payment
that it makes. IBM's AMLworld generator calls this pattern *random*.

**What it does not claim.** That the money is the same money. A busy account links payments that
have nothing to do with one another, because something like each of them is always next. A
`layering_chain` shows every path that money may have taken through distinct accounts; a walk is the
one path that it took if no account waited.

**False positives.** Supply chains, agents and payment processors; any account with many payments of
like size.

**Tuning.** `min_hops` tells most: chance links two transfers easily, and six in a row seldom.
Narrow the shares and shorten `max_gap` on busy ledgers. A walk that reaches `max_hops` and goes on
is shown up to there and told as cut.

References
----------
Altman et al., Realistic Synthetic Financial Transactions for Anti-Money Laundering Models, NeurIPS
Datasets and Benchmarks (2023), laundering pattern "random".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xborder_aml.detectors._oracle import carried, groups
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
from xborder_aml.kernels.random_walk import RandomWalkLimits as Limits
from xborder_aml.kernels.random_walk import random_walk

__all__ = ["DETECTOR", "RandomWalk"]


@dataclass(frozen=True, slots=True)
class RandomWalk(Params):
    """Money wanders from account to account, step by next step."""

    max_gap: str | timedelta = param("2d", "Longest time from one step to the next.", unit="time")
    min_hops: int = param(3, "Fewest transfers in a walk.", unit="transfers")
    max_hops: int = param(12, "Most transfers in a walk.", unit="transfers")
    min_carried: float = param(0.8, "Least share of a step that the next sends on.", unit="share")
    max_carried: float = param(1.2, "Largest share of a step that the next sends on.", unit="share")
    fx_tolerance: float = param(
        0.01, "Widening of shares across currencies, a square root of a day.", unit="share"
    )
    min_borders: int = param(1, BORDERS)
    min_holders: int = param(
        3,
        "Fewest distinct holders on a walk; an account without a known holder has one of its own.",
    )
    strict_time: bool = param(False, "Ask that each step be later than the one before.")
    max_degree: int = param(
        200, "Edges looked at for the next step or the last one.", unit="edges", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(2 <= self.min_hops <= self.max_hops, "2 <= min_hops <= max_hops must hold")
        self.require(self.max_hops <= 100, "max_hops must not exceed 100")
        self.require(self.min_carried <= self.max_carried, "min_carried exceeds max_carried")
        self.require(
            self.min_holders <= self.min_hops + 1,
            "min_holders must not exceed min_hops + 1, the accounts of the shortest walk",
        )
        self.require(self.max_degree >= 1, "caps must be at least 1")
        return Limits(
            gap=microseconds(self.max_gap, "max_gap"),
            min_hops=self.min_hops,
            max_hops=self.max_hops,
            low=basis_points(self.min_carried, "min_carried"),
            high=basis_points(self.max_carried, "max_carried"),
            fx=basis_points(self.fx_tolerance, "fx_tolerance"),
            min_borders=self.min_borders,
            min_holders=self.min_holders,
            strict=int(self.strict_time),
            max_degree=self.max_degree,
        )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: RandomWalk) -> list[Match]:
    """Find the same, from the definition: link each transfer to its next step, and walk."""
    p = params.limits()
    real = [t for t in view.transfers if t.originator != t.beneficiary]
    leaving, entering = groups(real, by="originator"), groups(real, by="beneficiary")

    def follows(then: Transfer, first: Transfer) -> bool:
        on_time = p.strict <= then.at - first.at <= p.gap
        return on_time and carried(first, then, p.low, p.high, p.fx)

    def next_step(first: Transfer) -> Transfer | None:
        """Return the first follower, if `first` is the last transfer that it follows."""
        fits = [t for t in leaving.get(first.beneficiary, ()) if follows(t, first)]
        if not fits:
            return None
        then = fits[0]  # groups are in the order of time, then of id
        last = [t for t in entering[then.originator] if follows(then, t)][-1]
        return then if last == first else None

    link = {t: step for t in real if (step := next_step(t)) is not None}
    linked_to = set(link.values())
    out = []
    for start in real:
        if start in linked_to:
            continue  # its walk begins earlier; a circle of links, all at one moment, nowhere
        walk = [start]
        while walk[-1] in link and len(walk) < p.max_hops:
            walk.append(link[walk[-1]])
        accounts = [start.originator, *(t.beneficiary for t in walk)]
        crossed = sum(t.border for t in walk)
        holders = len({view.holder[a] for a in accounts})
        enough = crossed >= p.min_borders and holders >= p.min_holders
        if len(walk) >= p.min_hops and enough and accounts[-1] != accounts[0]:
            roles = (0, *(1,) * (len(walk) - 2), 2)
            evidence = tuple(
                (t.row, role, -1 if t.base is None else t.base)
                for t, role in zip(walk, roles, strict=True)
            )
            out.append(Match(start.row, start.originator, 1, evidence))
    return out


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _walk(choose: Choose, params: RandomWalk, hops: int, accounts: list[int]) -> Instance:
    p = params.limits()
    amount = choose.integer(100_000, 50_000_000)
    at = 0
    payments = []
    for i in range(hops):
        payments.append(Payment(at, accounts[i], accounts[i + 1], amount))
        least = max(p.low, 9_000)
        amount = -(-amount * choose.integer(least, min(p.high, 10_000)) // 10_000)
        at += choose.integer(1, max(1, p.gap)) if choose.integer(0, 1) else p.gap
    places = tuple(_PLACES[i % len(_PLACES)] for i in range(max(accounts) + 1))
    return Instance(tuple(payments), places)


def plant(choose: Choose, params: RandomWalk) -> Instance:
    """Draw a walk of `min_hops` transfers or a few more, which may pass an account again."""
    p = params.limits()
    hops = choose.integer(p.min_hops, min(p.max_hops, p.min_hops + 4))
    accounts = list(range(hops + 1))
    back = hops - 2
    if hops + 1 > p.min_holders and back > 0 and choose.integer(0, 1):
        accounts[hops - 1] = choose.integer(0, back - 1)
        accounts[hops] = hops - 1
    elif choose.integer(0, 1):  # all at one moment
        made = _walk(choose, params, hops, accounts)
        if not p.strict:
            return made._replace(payments=tuple(q._replace(at=0) for q in made.payments))
    return _walk(choose, params, hops, accounts)


def short(choose: Choose, params: RandomWalk) -> Instance:
    """Draw a walk with one transfer too few."""
    return _walk(choose, params, params.min_hops - 1, list(range(params.min_hops)))


def _shortest(choose: Choose, params: RandomWalk) -> Instance:
    return _walk(choose, params, params.min_hops, list(range(params.min_hops + 1)))


def late(choose: Choose, params: RandomWalk) -> Instance:
    """Draw a shortest walk whose last step waits a microsecond too long."""
    made = _shortest(choose, params)
    *rest, last = made.payments
    return made._replace(payments=(*rest, last._replace(at=rest[-1].at + params.limits().gap + 1)))


def leaky(choose: Choose, params: RandomWalk) -> Instance | None:
    """Draw a shortest walk whose last step sends on a minor unit too little."""
    made = _shortest(choose, params)
    *rest, last = made.payments
    least = -(-rest[-1].amount * params.limits().low // 10_000)
    if least == 0:
        return None
    return made._replace(payments=(*rest, last._replace(amount=least - 1)))


def swollen(choose: Choose, params: RandomWalk) -> Instance:
    """Draw a shortest walk whose last step sends on a minor unit too much."""
    made = _shortest(choose, params)
    *rest, last = made.payments
    most = rest[-1].amount * params.limits().high // 10_000
    return made._replace(payments=(*rest, last._replace(amount=most + 1)))


def early(choose: Choose, params: RandomWalk) -> Instance:
    """Draw a shortest walk whose last step comes a microsecond before the one that feeds it."""
    made = _shortest(choose, params)
    *rest, last = (q._replace(at=q.at + 1) for q in made.payments)
    return made._replace(payments=(*rest, last._replace(at=rest[-1].at - 1)))


def overtaken(choose: Choose, params: RandomWalk) -> Instance | None:
    """Draw a shortest walk whose second account first makes another payment of the same size."""
    if params.min_hops < 3:
        return None  # the other payment makes a walk of its own
    made = _shortest(choose, params)
    first, *rest = made.payments
    sooner = choose.integer(0, 1) if rest[0].at > 1 else 0  # else the smaller id is first
    other = Payment(rest[0].at - sooner, 1, len(made.jurisdictions), first.amount)
    return made._replace(
        payments=(first, other, *rest),
        jurisdictions=(*made.jurisdictions, "SE"),
    )


def closed(choose: Choose, params: RandomWalk) -> Instance | None:
    """Draw a shortest walk that ends where it began: a round trip."""
    if params.min_hops < max(3, params.min_holders):
        return None
    hops = params.min_hops
    return _walk(choose, params, hops, [*range(hops), 0])


def one_owner(choose: Choose, params: RandomWalk) -> Instance | None:
    """Draw a walk among the accounts of one holder too few: a treasury sweep."""
    if params.min_holders < 2:
        return None
    made = plant(choose, params)
    few = params.min_holders - 1
    return made._replace(holders=tuple(i % few for i in range(len(made.jurisdictions))))


def at_home(choose: Choose, params: RandomWalk) -> Instance | None:
    """Draw a walk that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="random_walk",
    title="Random walk",
    version=1,
    params=RandomWalk,
    search=random_walk,
    reference=reference,
    plant=plant,
    near_misses={
        "short": short,
        "late": late,
        "leaky": leaky,
        "swollen": swollen,
        "early": early,
        "overtaken": overtaken,
        "closed": closed,
        "one_owner": one_owner,
        "at_home": at_home,
    },
    roles=(Role("first", enters=True), Role("step"), Role("last", leaves=True)),
    caps=("max_hops", "max_degree"),
    reach=lambda limits: (limits.gap, limits.max_hops * limits.gap),
    doc=__doc__ or "",
)
