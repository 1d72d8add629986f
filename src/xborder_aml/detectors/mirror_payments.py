"""Mirror payments: what is paid in one country is paid again in another, and nothing crosses.

**Finds** two links, each all payments of one account to another, whose payments run in pairs: at
most `max_gap` apart, like amounts (the smaller at least `min_alike` of the larger), payers in
different jurisdictions, and payees too. A link is seen in windows of a calendar grid, `window`
long, each overlapping the next by half. The link that starts first is gone through in order of
time, and each payment is paired with the earliest that is left. At least `min_pairs` pairs, and at
least `min_share` of the payments of either link, make a mirror. The four accounts are distinct and
pay each other, across the two links, at most `max_direct` times in the window. Links of fewer than
`min_pairs` payments are left out first. Then a payment tells nothing, and is left out, if more than
`max_like` others in the window are as near and as like to it as the two of a pair.

That they coincide must be unlikely, `max_chance` at most. If the amounts of the second link were
dealt anew among its payments, the pairs to expect are, for each payment of the first, the number of
payments near in time times the share that are alike in amount. The measure is about how likely so
many pairs are with that expectation: ``expected ** n / n!``, a bound of the Poisson tail. Five
pairs, each alike in one time and one amount only, have a chance of 1 in 120.

**Why it matters.** Value crosses a border and no payment does: what a client pays in at home, an
accomplice is paid out abroad. So work mirror trades, hawala and other informal transfer, and
underground banking. No bank sees both sides; only their likeness, again and again, ties them.

**What it does not claim.** That the two sides know each other, or which one pays for the other. The
pairs of one window need not be all: a long mirror is shown in each window where it starts or goes
on. The chance is of one pair of links that is asked about, not of the best of all pairs in the
ledger. Base amounts are compared, so spreads move with the rates of the dates. Payments without a
base amount, of nothing, or from an account to itself are left out.

**False positives.** Groups that pay wages, rents or dividends on the same days in two countries;
hedges and swaps, whose legs mirror each other by contract; subscriptions with like prices, as far
as their order in time is not the same every month.

**Tuning.** More `min_pairs` first, then a higher `min_alike` where rates are exact. A shorter
`max_gap` makes each pair rarer, and a longer `window` leaves room for more. In a dense ledger only
rare amounts tell, which are mostly the large ones; `max_like` says how rare. A link with more than
`max_payments` that tell in a window is not searched, and the run tells so.

References
----------
Financial Conduct Authority (United Kingdom), Final Notice of 30 January 2017 on mirror trades:
shares bought in one country and sold in another at the same time.
FATF, The Role of Hawala and Other Similar Service Providers in Money Laundering and Terrorist
Financing (2013): value that moves without money moving.
Barbour, Holst, Janson, Poisson Approximation (1992): matches under random permutation.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from xborder_aml.kernels.amounts import BP, LIMIT
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.grid import step_of
from xborder_aml.kernels.links import Links, make_links
from xborder_aml.kernels.mirror_payments import MirrorLimits as Limits
from xborder_aml.kernels.mirror_payments import mirror_payments

__all__ = ["DETECTOR", "MirrorPayments"]

_MAX_PAYMENTS = 100_000
_WIDEST = 9_900  # classes of amounts are at least 1 % wide, or there would be too many


@dataclass(frozen=True, slots=True)
class MirrorPayments(Params):
    """What is paid in one country is paid again in another, and nothing crosses.

    Examples
    --------
    >>> MirrorPayments(min_pairs=8).to_dict()["min_pairs"]
    8
    """

    window: str | timedelta = param("60d", "Width of the grid's windows.", unit="time")
    max_gap: str | timedelta = param("48h", "Longest time between the two of a pair.", unit="time")
    min_alike: float = param(
        0.98, "Least share of the larger amount of a pair that the smaller is.", unit="share"
    )
    min_pairs: int = param(5, "Fewest pairs.", unit="pairs")
    min_share: float = param(0.8, "Least share of either link that is paired.", unit="share")
    max_like: int = param(
        50, "Most others that a payment which tells is near and like.", unit="transfers"
    )
    max_direct: int = param(0, "Most payments between the two links.", unit="transfers")
    max_chance: float = param(0.01, "Largest chance of so many pairs.", unit="share")
    across_borders: bool = param(
        True, "Ask that payers, and payees, of a pair be in different jurisdictions."
    )
    max_payments: int = param(
        500, "Payments that tell, of a link in a window.", unit="transfers", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        alike = basis_points(self.min_alike, "min_alike")
        share = basis_points(self.min_share, "min_share")
        self.require(self.min_pairs >= 2, "min_pairs must be at least 2")
        self.require(BP // 2 <= alike <= BP, "min_alike must lie between 0.5 and 1")
        self.require(share <= BP, "min_share must not exceed 1")
        self.require(
            self.min_pairs <= self.max_payments <= _MAX_PAYMENTS,
            f"max_payments must lie between min_pairs and {_MAX_PAYMENTS}",
        )
        none = np.empty(0, np.int64)
        few = np.empty(0, np.int32)
        return Limits(
            width=microseconds(self.window, "window"),
            gap=microseconds(self.max_gap, "max_gap"),
            alike=alike,
            min_pairs=self.min_pairs,
            share=share,
            max_like=self.max_like,
            max_direct=self.max_direct,
            chance=basis_points(self.max_chance, "max_chance"),
            across=int(self.across_borders),
            max_payments=self.max_payments,
            links=Links(none, none, none, few, few),
            classes=none,
        )


def prepare(edges: Edges, limits: Limits) -> Limits:
    """Add the links of the ledger, and the classes of amounts."""
    return limits._replace(links=make_links(edges), classes=amount_classes(limits.alike))


def amount_classes(alike: int) -> NDArray[np.int64]:
    """Return the smallest amount of each class: like amounts lie in one class or in neighbours."""
    least = [1]
    while least[-1] < LIMIT:
        least.append(least[-1] * BP // min(alike, _WIDEST) + 1)
    return np.array(least, np.int64)


# -- oracle -------------------------------------------------------------------------------------

Ends = tuple[int, int]
Link = list[Transfer]


def reference(view: View, params: MirrorPayments) -> list[Match]:
    """Find the same, from the definition: compare all links of every window."""
    p = params.limits()
    transfers = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    step = (p.width + 1) // 2 or 1
    out = []
    for number in sorted({t.at // step for t in transfers}):
        start = number * step
        inside = [t for t in transfers if start <= t.at <= start + p.width]
        known = list(telling_links(inside, p).items())
        for i, (ends, first) in enumerate(known):
            for other_ends, second in known[i + 1 :]:
                match = mirrored(first, second, p)
                if match is None or view.transfers[match.anchor].at >= start + step:
                    continue
                met = [{t.originator, t.beneficiary} for t in inside]
                direct = sum(bool(m & {*ends} and m & {*other_ends}) for m in met)
                if not {*ends} & {*other_ends} and direct <= p.max_direct:
                    out.append(match)
    return out


def telling_links(inside: list[Transfer], p: Limits) -> dict[Ends, Link]:
    """Return the payments that tell by link, the links by their first payment of any kind."""
    links: dict[Ends, Link] = {}
    for t in inside:
        links.setdefault((t.originator, t.beneficiary), []).append(t)
    links = {ends: link for ends, link in links.items() if len(link) >= p.min_pairs}
    pool = sorted((t for link in links.values() for t in link), key=lambda t: t.at)
    times = [t.at for t in pool]

    def tells(t: Transfer) -> bool:
        nearby = pool[bisect_left(times, t.at - p.gap) : bisect_right(times, t.at + p.gap)]
        return sum(like(t, u, p) for u in nearby) <= p.max_like + 1

    tell = {t for t in pool if tells(t)}
    return {ends: [t for t in link if t in tell] for ends, link in links.items()}


def mirrored(first: Link, second: Link, p: Limits) -> Match | None:
    """Return the mirror that two links make, if they do."""
    few, many = sorted((len(first), len(second)))
    if few < p.min_pairs or 10_000 * few < p.share * many:
        return None
    left = list(second)
    pairs: list[tuple[Transfer, Transfer]] = []
    for t in first:
        mate = next((u for u in left if pair(t, u, p)), None)
        if mate is not None:
            left.remove(mate)
            pairs.append((t, mate))
    if len(pairs) < p.min_pairs:
        return None
    if 10_000 * len(pairs) < p.share * max(len(first), len(second)):
        return None
    expected = sum(
        sum(near(t, u, p) for u in second) * sum(like(t, u, p) for u in second) for t in first
    ) / len(second)
    chance = 1.0
    for k in range(1, len(pairs) + 1):
        chance *= expected / k
    chance = min(1.0, chance)
    if chance * 10_000 > p.chance:
        return None
    anchor = min((t for both in pairs for t in both), key=lambda t: t.row)
    evidence = tuple((t.row, side, t.base or 0) for both in pairs for side, t in enumerate(both))
    return Match(anchor.row, anchor.originator, 1, evidence, int(chance * 1e9))


def near(t: Transfer, u: Transfer, p: Limits) -> bool:
    """Tell whether two payments are near in time."""
    return abs(t.at - u.at) <= p.gap


def like(t: Transfer, u: Transfer, p: Limits) -> bool:
    """Tell whether two payments are alike in amount."""
    small, large = sorted((t.base or 0, u.base or 0))
    return 10_000 * small >= p.alike * large


def pair(t: Transfer, u: Transfer, p: Limits) -> bool:
    """Tell whether two payments can be a pair."""
    places = (t.origin, u.origin, t.destination, u.destination)
    apart = min(places) >= 0 and t.origin != u.origin and t.destination != u.destination
    return near(t, u, p) and like(t, u, p) and (apart or not p.across)


# -- examples -----------------------------------------------------------------------------------

_SPARE = 3  # payments of one link are so many gaps apart, so that each is near one of the other's


def _draw(choose: Choose, p: Limits, n: int) -> Instance:
    """Draw n pairs, no two of them alike, most within half a window of the first payment."""
    step = max(1, min(_SPARE * p.gap, p.width // 2 // n))
    turned = choose.integer(0, 1)  # domestic payments in two places, or opposite corridors
    amount = 100_000 * choose.integer(1, 50)
    payments = []
    for i in range(n):
        at = p.gap + i * step
        low, high = -(-amount * p.alike // BP), amount * BP // p.alike
        mirror = (low, high, choose.integer(low, high))[choose.integer(0, 2)]
        gap = (-p.gap, p.gap, choose.integer(-p.gap, p.gap))[choose.integer(0, 2)]
        payments += [Payment(at, 0, 1, amount), Payment(at + gap, 2, 3, mirror)]
        amount = high * BP // p.alike + choose.integer(1, 1_000)
    start = min(x.at for x in payments)
    payments = [x._replace(at=x.at - start) for x in payments]
    return Instance(
        tuple(payments), ("EE", "GB", "GB", "EE") if turned else ("EE", "EE", "GB", "GB")
    )


def plant(choose: Choose, params: MirrorPayments) -> Instance:
    """Draw two links whose payments are all paired; sometimes the last pair ends the window."""
    p = params.limits()
    made = _draw(choose, p, params.min_pairs + choose.integer(0, 2))
    if choose.integer(0, 3):
        return made
    last = max(x.at for x in made.payments[-2:])
    end = tuple(x._replace(at=x.at + p.width - last) for x in made.payments[-2:])
    return made._replace(payments=(*made.payments[:-2], *end))


def few(choose: Choose, params: MirrorPayments) -> Instance:
    """Draw one pair too few."""
    return _draw(choose, params.limits(), params.min_pairs - 1)


def _with_last(made: Instance, **changes: Any) -> Instance:
    """Return the instance with another last payment."""
    return made._replace(payments=(*made.payments[:-1], made.payments[-1]._replace(**changes)))


def late(choose: Choose, params: MirrorPayments) -> Instance:
    """Draw just enough pairs, the last of which is a microsecond too far apart."""
    made = _draw(choose, params.limits(), params.min_pairs)
    return _with_last(made, at=made.payments[-2].at + params.limits().gap + 1)


def unlike(choose: Choose, params: MirrorPayments) -> Instance:
    """Draw just enough pairs, one amount of which is a minor unit too small."""
    p = params.limits()
    made = _draw(choose, p, params.min_pairs)
    return _with_last(made, amount=-(-made.payments[-2].amount * p.alike // BP) - 1)


def one_sided(choose: Choose, params: MirrorPayments) -> Instance | None:
    """Draw just enough pairs, and more payments of one side than leave it mirrored."""
    p = params.limits()
    if p.share == 0:
        return None
    made = _draw(choose, p, params.min_pairs)
    more = params.min_pairs * BP // p.share + 1 - params.min_pairs
    odd = made.payments[0]._replace(amount=1_000)
    return made._replace(payments=(*made.payments, *(odd for _ in range(more))))


def direct(choose: Choose, params: MirrorPayments) -> Instance:
    """Draw a mirror between whose sides one payment too many goes straight."""
    p = params.limits()
    made = _draw(choose, p, params.min_pairs)
    ends = ((0, 2), (2, 1), (3, 0), (1, 3))[choose.integer(0, 3)]
    straight = Payment(choose.integer(0, p.width), *ends, 1_000)
    return made._replace(payments=(*made.payments, *([straight] * (p.max_direct + 1))))


def shared(choose: Choose, params: MirrorPayments) -> Instance:
    """Draw pairs that one account pays, or is paid, on both sides."""
    made = _draw(choose, params.limits(), params.min_pairs)
    ends = {2: 0} if choose.integer(0, 1) else {3: 1}
    payments = tuple(
        x._replace(
            originator=ends.get(x.originator, x.originator),
            beneficiary=ends.get(x.beneficiary, x.beneficiary),
        )
        for x in made.payments
    )
    return made._replace(payments=payments)


def standing(choose: Choose, params: MirrorPayments) -> Instance | None:
    """Draw pairs of one and the same amount, which pair whichever comes first."""
    p = params.limits()
    if p.chance >= BP:
        return None
    made = _draw(choose, p, params.min_pairs)
    return made._replace(payments=tuple(x._replace(amount=70_000) for x in made.payments))


def at_home(choose: Choose, params: MirrorPayments) -> Instance | None:
    """Draw a mirror whose payees are all in one place."""
    if not params.across_borders:
        return None
    made = _draw(choose, params.limits(), params.min_pairs)
    return made._replace(jurisdictions=("EE", "GB", "CY", "GB"))


DETECTOR = Detector(
    name="mirror_payments",
    title="Mirror payments",
    version=1,
    params=MirrorPayments,
    search=mirror_payments,
    reference=reference,
    plant=plant,
    near_misses={
        "few": few,
        "late": late,
        "unlike": unlike,
        "one_sided": one_sided,
        "direct": direct,
        "shared": shared,
        "standing": standing,
        "at_home": at_home,
    },
    roles=(Role("payment", enters=True), Role("mirror", leaves=True)),
    caps=("max_payments", "max_work"),
    doc=__doc__ or "",
    unit="window",
    reach=lambda limits: (step_of(limits.width), limits.width),
    measure=Measure("chance", "About how likely chance is to make so many pairs.", unit=1e-9),
    hops=1,
    prepare=prepare,
    no_borders={"across_borders": False},
    relations=("rename_accounts", "shuffle_rows", "rescale_currency", "split_idle"),
)
