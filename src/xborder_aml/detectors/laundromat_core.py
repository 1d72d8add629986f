"""Laundromat core: a group of pass-through accounts that turn over money among themselves.

**Finds** groups of accounts that keep nothing, pay one another, and stand between outsiders. An
account passes on what it is paid if, of the larger of what came to it and what left it within
`window`, at least `min_share` is debits that use up credits of at most `max_dwell` before them,
first in, first out; and if it is paid by more than one account and pays more than one, since
otherwise it only serves that one, or hands back what it got. Such accounts belong to one group if
they pay one another, directly or through others of the group. A group is a core if its accounts
have at least `min_holders` holders; its payments, in, out and inside, touch at least
`min_countries` countries; at least `min_sources` holders from outside pay it, of whom at least
`min_paid_back` are paid by it too; and what it turns over inside is at least `min_turnover` times
its net, the difference between what came from outside and what left for outside. The evidence is
every payment of the group, and the measure its turnover inside in times of its net. Windows are
those of the calendar grid, which overlap by half; each reports the cores whose first payment lies
in its first half.

**Why it matters.** The laundromats that became known had at their heart a few shell companies with
accounts at one or two banks. Money of many origins was mixed there, sent round among the shells so
that each statement shows trade between strangers, and handed on; and some who paid in were among
those who were paid. Each payment alone looks like business. The group does not, since business
keeps something.

**What it does not claim.** That holders outside knew what the core was, or that sources which are
paid back get their own money. Balances, cash and interest are not seen. Shells that never pay one
another are not one group, and one that keeps money for longer than `max_dwell` is none.

**False positives.** Payment institutions and their client accounts; clearing and settlement
accounts; a group's treasury centre whose accounts are not known to have one owner; brokers.

**Tuning.** `window` must hold the life of the scheme, since what counts is what is left when all is
done: the schemes whose books became public ran for two to four years. `max_dwell` separates shells
from trading companies: on a real ledger of such a scheme the four known shells passed on 94 % or
more within three days, and the next account that pays and is paid 56 %. Payment institutions join
what has nothing to do with one another; a group of more than `max_edges` payments is told and left
out.

References
----------
OCCRP, The Azerbaijani Laundromat (2017), and The Russian Laundromat Exposed (2017): core companies,
their sources and their payees.
FATF and Egmont Group, Concealment of Beneficial Ownership (2018), on shell companies that pass
money through.
Glover, Maximum Matching in a Convex Bipartite Graph, Naval Research Logistics Quarterly 14 (1967)
313-316: why first in, first out matches the most when all lots last equally long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from xborder_aml.detectors._oracle import connected, grid
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
from xborder_aml.kernels.laundromat_core import LaundromatCoreLimits as Limits
from xborder_aml.kernels.laundromat_core import laundromat_core

__all__ = ["DETECTOR", "LaundromatCore"]


@dataclass(frozen=True, slots=True)
class LaundromatCore(Params):
    """A group of pass-through accounts that turn over money among themselves.

    Examples
    --------
    >>> LaundromatCore(min_turnover=20).to_dict(caps=False)["max_dwell"]
    '7d'
    """

    window: str | timedelta = param("1460d", "Longest time from first to last.", unit="time")
    max_dwell: str | timedelta = param(
        "7d", "Longest time from a credit to the debits that pass it on.", unit="time"
    )
    min_share: float = param(
        0.9, "Least share of an account's money that is passed on.", unit="share"
    )
    min_holders: int = param(
        3,
        "Fewest distinct holders in a group; an account without a known holder has one of its own.",
    )
    min_countries: int = param(3, "Fewest known jurisdictions that the payments touch.")
    min_sources: int = param(2, "Fewest holders outside that pay the group.")
    min_paid_back: int = param(1, "Fewest of these that are paid by the group.")
    min_turnover: int = param(
        10, "Least turnover inside the group, in times of what came to it and did not leave."
    )
    strict_time: bool = param(False, "Ask that a debit be later than the credit it passes on.")
    max_edges: int = param(
        200_000, "Payments of a group that is looked at.", unit="edges", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        window = microseconds(self.window, "window")
        dwell = microseconds(self.max_dwell, "max_dwell")
        self.require(1 <= dwell <= window, "max_dwell must lie between 1us and window")
        self.require(0 < self.min_share <= 1, "min_share must lie above 0 and not exceed 1")
        self.require(self.min_holders >= 2, "min_holders must be at least 2: they pay each other")
        self.require(
            self.min_paid_back <= self.min_sources, "min_paid_back must not exceed min_sources"
        )
        self.require(self.max_edges >= 1, "max_edges must be at least 1")
        return Limits(
            window=window,
            dwell=dwell,
            share=basis_points(self.min_share, "min_share"),
            min_holders=self.min_holders,
            min_countries=self.min_countries,
            min_sources=self.min_sources,
            min_paid_back=self.min_paid_back,
            min_turnover=self.min_turnover,
            strict=int(self.strict_time),
            max_edges=self.max_edges,
        )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: LaundromatCore) -> list[Match]:
    """Find the same, from the definition: try every group of pass-through accounts."""
    p = params.limits()
    out = []
    for middle, everything in grid(view.transfers, p.window):
        held = [t for t in everything if t.base and t.originator != t.beneficiary]
        accounts = {a for t in held for a in (t.originator, t.beneficiary)}
        passing = {a for a in accounts if passes_on(a, held, p)}
        for group in connected(passing, ((t.originator, t.beneficiary) for t in held)):
            rows = [t for t in held if t.originator in group or t.beneficiary in group]
            measure = turnover(rows, group, view.holder, p)
            if rows[0].at < middle and measure is not None:
                about = next(a for a in (rows[0].originator, rows[0].beneficiary) if a in group)
                evidence = tuple((t.row, role_of(t, group), t.base or 0) for t in rows)
                out.append(Match(rows[0].row, about, 1, evidence, measure))
    return out


def passes_on(account: int, held: list[Transfer], p: Limits) -> bool:
    """Tell whether an account passes on enough of its money, first in, first out."""
    came = [t for t in held if t.beneficiary == account]
    went = [t for t in held if t.originator == account]
    left = {t.row: t.base or 0 for t in came}
    passed = 0
    for debit in went:
        need = debit.base or 0
        for credit in came:
            if p.strict <= debit.at - credit.at <= p.dwell:
                part = min(need, left[credit.row])
                left[credit.row] -= part
                need -= part
                passed += part
    most = max(sum(t.base or 0 for t in side) for side in (came, went))
    partners = {t.originator for t in came}, {t.beneficiary for t in went}
    return min(map(len, partners)) > 1 and 10_000 * passed >= p.share * most


def turnover(rows: list[Transfer], group: set[int], holder: list[int], p: Limits) -> int | None:
    """Return the turnover inside in basis points of the net; None if this is no core."""
    inside, came, left = (
        [t for t in rows if (t.originator in group, t.beneficiary in group) == where]
        for where in ((True, True), (False, True), (True, False))
    )
    money = sum(t.base or 0 for t in inside)
    net = abs(sum(t.base or 0 for t in came) - sum(t.base or 0 for t in left))
    owners = {holder[a] for a in group}
    sources = {holder[t.originator] for t in came} - owners
    paid_back = {holder[t.beneficiary] for t in left} & sources
    countries = {c for t in rows for c in (t.origin, t.destination) if c >= 0}
    if (
        money > 0
        and money >= p.min_turnover * net
        and len(owners) >= p.min_holders
        and len(countries) >= p.min_countries
        and len(sources) >= p.min_sources
        and len(paid_back) >= p.min_paid_back
    ):
        return min(10**9, 10_000 * money // net) if net else 10**9
    return None


def role_of(t: Transfer, group: set[int]) -> int:
    """Return 0 for money that enters the group, 1 inside of it, 2 for money that leaves it."""
    return 0 if t.originator not in group else (1 if t.beneficiary in group else 2)


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK", "SE", "PL", "FI", "NO")


class _Plan(NamedTuple):
    """Rounds of money: a source pays the first member, each pays the next, the last pays out.

    Every other round runs from the last member to the first.
    """

    members: int
    sources: int
    paid_back: int  # rounds that end with their source; the others end with one more account
    gap: int  # from one payment of a round to the next
    starts: tuple[int, ...]  # of each round
    money: int  # of each payment
    stays: tuple[int, ...]  # extra credit of each member, which nobody passes on
    turns: bool = True  # every other round runs the other way


def _length(members: int, gap: int) -> int:
    """Return how long a round takes: a source that is paid back is so later than it pays."""
    return max(1, members * gap)


def _made(plan: _Plan) -> Instance:
    sink = plan.members + plan.sources
    payments = []
    for i, start in enumerate(plan.starts):
        source = plan.members + i
        last = source if i < plan.paid_back else sink
        members = range(plan.members)[:: -1 if plan.turns and i % 2 else 1]
        path = (source, *members, last)
        times = [start + h * plan.gap for h in range(plan.members)]
        times.append(start + _length(plan.members, plan.gap))
        payments += [Payment(at, path[h], path[h + 1], plan.money) for h, at in enumerate(times)]
    payments += [
        Payment(plan.starts[0], plan.members, m, extra)
        for m, extra in enumerate(plan.stays)
        if extra
    ]
    n = sink + (plan.paid_back < plan.sources)
    return Instance(tuple(payments), tuple(_PLACES[i % len(_PLACES)] for i in range(n)))


def _plan(choose: Choose, p: Limits, members: int, sources: int, paid_back: int) -> _Plan:
    """Draw rounds that keep nothing: the first starts at 0, the last may end with the window."""
    most = min(p.dwell, p.window // (members + 1))
    gap = (most, p.strict, choose.integer(p.strict, most))[choose.integer(0, 2)]
    room = p.window - _length(members, gap)
    reach = room if choose.integer(0, 2) == 0 else min(room, 3 * most)
    starts = [0, *(choose.integer(0, reach) for _ in range(sources - 1))]
    if sources > 1 and choose.integer(0, 3) == 0:
        starts[-1] = room
    money = 10_000 * choose.integer(100, 50_000)
    return _Plan(members, sources, paid_back, gap, tuple(starts), money, (0,) * members)


def _least(choose: Choose, p: Limits) -> _Plan:
    return _plan(choose, p, p.min_holders, max(2, p.min_sources), p.min_paid_back)


def _stays(plan: _Plan, p: Limits) -> tuple[int, int]:
    """Return the most that may stay with one member, and in the whole core."""
    came = plan.sources * plan.money
    inside = (plan.members - 1) * came
    return came * 10_000 // p.share - came, inside // max(1, p.min_turnover)


def plant(choose: Choose, params: LaundromatCore) -> Instance:
    """Draw a core of just enough holders or some more, which keeps nothing or what it may."""
    p = params.limits()
    members = p.min_holders + choose.integer(0, 2)
    sources = max(2, p.min_sources, p.min_countries - members) + choose.integer(0, 2)
    plan = _plan(choose, p, members, sources, choose.integer(p.min_paid_back, sources))
    one, all_ = _stays(plan, p)
    extra = (0, min(one, all_), choose.integer(0, min(one, all_)))[choose.integer(0, 2)]
    at = choose.integer(0, members - 1)
    return _made(plan._replace(stays=tuple(extra if m == at else 0 for m in range(members))))


def slow(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core that passes everything on a microsecond too late."""
    p = params.limits()
    plan = _least(choose, p)
    if (plan.members + 1) * (p.dwell + 1) > p.window:
        return None
    return _made(plan._replace(gap=p.dwell + 1, starts=(0,) * plan.sources))


def unordered(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core that pays a microsecond before it is paid, as far as a round can run so."""
    p = params.limits()
    plan = _least(choose, p)
    if plan.members > p.window or p.share <= 5_000:
        return None  # rounds in the other direction pay for up to half
    made = _made(plan._replace(gap=1, starts=(0,) * plan.sources))
    return made._replace(payments=tuple(x._replace(at=plan.members - x.at) for x in made.payments))


def kept(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core of which one member keeps a minor unit too much."""
    p = params.limits()
    plan = _least(choose, p)
    one, all_ = _stays(plan, p)
    if one + 1 > all_:
        return None
    return _made(plan._replace(stays=(one + 1, *(0 for _ in range(plan.members - 1)))))


def leaky(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core that keeps a minor unit too much, though no member does."""
    p = params.limits()
    plan = _least(choose, p)
    one, all_ = _stays(plan, p)
    if p.min_turnover == 0 or plan.members * one < all_ + 1:
        return None
    stays = [min(one, max(0, all_ + 1 - m * one)) for m in range(plan.members)]
    return _made(plan._replace(stays=tuple(stays)))


def single_file(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core in which all but the outer members pay one account and are paid by one."""
    p = params.limits()
    return _made(_least(choose, p)._replace(turns=False)) if p.min_holders > 2 else None


def one_holder_short(choose: Choose, params: LaundromatCore) -> Instance:
    """Draw a core of which two members have one holder."""
    made = _made(_least(choose, params.limits()))
    return made._replace(holders=(0, 0, *range(2, len(made.jurisdictions))))


def few_sources(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core of which two sources have one holder."""
    p = params.limits()
    if p.min_sources < 2 or p.min_paid_back == p.min_sources:
        return None
    made = _made(_least(choose, p))
    holders = list(range(len(made.jurisdictions)))
    last = p.min_holders + p.min_sources - 1
    holders[last] = p.min_holders
    return made._replace(holders=tuple(holders))


def own_money(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core of which one source is a member's holder."""
    p = params.limits()
    if p.min_sources < 1 or p.min_paid_back == p.min_sources:
        return None
    made = _made(_least(choose, p))
    holders = list(range(len(made.jurisdictions)))
    holders[p.min_holders + p.min_sources - 1] = 0
    return made._replace(holders=tuple(holders))


def not_paid_back(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core that pays back one source too few."""
    p = params.limits()
    if p.min_paid_back < 1:
        return None
    return _made(_least(choose, p)._replace(paid_back=p.min_paid_back - 1))


def few_countries(choose: Choose, params: LaundromatCore) -> Instance | None:
    """Draw a core whose payments touch one country too few."""
    p = params.limits()
    if not 2 <= p.min_countries <= len(_PLACES):
        return None
    made = _made(_least(choose, p))
    n = len(made.jurisdictions)
    few = tuple(_PLACES[i % (p.min_countries - 1)] for i in range(n))
    return made._replace(jurisdictions=few)


DETECTOR = Detector(
    name="laundromat_core",
    title="Laundromat core",
    version=1,
    params=LaundromatCore,
    search=laundromat_core,
    reference=reference,
    plant=plant,
    near_misses={
        "slow": slow,
        "unordered": unordered,
        "kept": kept,
        "leaky": leaky,
        "single_file": single_file,
        "one_holder_short": one_holder_short,
        "few_sources": few_sources,
        "own_money": own_money,
        "not_paid_back": not_paid_back,
        "few_countries": few_countries,
    },
    speaks_for="members",
    roles=(Role("in", enters=True), Role("inside"), Role("out", leaves=True)),
    caps=("max_edges",),
    doc=__doc__ or "",
    unit="window",
    reach=lambda limits: ((limits.window + 1) // 2, limits.window),
    measure=Measure(
        "turnover", "Money moved inside the core, in times of what stayed in it.", 1e-4
    ),
    hops=2,
    relations=("rename_accounts", "shuffle_rows", "rescale_currency"),
    no_borders={"min_countries": 0},
)
