"""Dense flow: money that a few accounts take from shared sources and pass on to shared sinks.

**Finds** layers of accounts between sources and sinks that keep little of what flows through.
Within a `window` of the calendar grid an account is a middle if, of all that came to it and left
it, the smaller is at least `min_retained` of the larger. Of middles, and of others that pay middles
or are paid by them, the network is the largest set in which every middle gets from the set and pays
to the set at least `min_retained` of the larger of its two sums, and every other deals with at
least `min_links` middles of the set. Its payments are those with a middle at one end at least; it
falls into connected parts. Each part is peeled: again and again the account of least worth leaves,
the one that joined last among equals. A middle is worth the smaller of what it gets and pays among
those that are left, less `min_retained` of the larger; another account the money that it deals in.
Of the sets on the way the one whose middles are worth most for each of its accounts is shown, among
those that have at least `min_middles` middles, none of which passes on too little, others that deal
with at least `min_links` middles of the set, payments in and out, and at least `min_borders`
payments that cross a border. That worth an account is the finding's measure.
Windows overlap by half; each reports the flows whose first payment lies in its first half.

**Why it matters.** Professional launderers split a sum over many accounts that each pass it on at
once, often through more than one layer, and gather it again. Each account alone looks like a small
pass-through; that they share where the money comes from and where it goes to is what gives them
away.

**What it does not claim.** That money came before it left: only sums within the window are
compared. That the set is all of the scheme: peeling shows its heart, and leaves out accounts that
move less than the others. That it is the densest set there is, which peeling only approaches. An
account with other business of more than the share it may keep is no middle.

**False positives.** Payroll bureaus and paying agents that fund several accounts; groups that
sweep and fund their subsidiaries; brokers and clearing members; marketplaces that pay out from
several accounts.

**Tuning.** `min_retained` of 0.95 leaves those who keep a fee and nothing more. `min_links` of 1
admits victims who each pay one mule, and with them most of what trade looks like. An account with
more than `max_degree` payments in a window is left out with its payments, and a part of more than
`max_edges` payments is not peeled; both are told.

References
----------
Li, Liu, Li, Hua, Wu, Liu, Liu, Cheng, FlowScope: Spotting Money Laundering Based on Graphs, AAAI 34
(2020), section 4: the metric of a multi-layer flow, which this one divides by 1 + lambda with
min_retained = lambda / (1 + lambda), and the greedy peeling. Here accounts are middles by their own
balance, so that any number of layers is one definition.
Sun, Zhang, Liu, Li, Wang, CubeFlow: Money Laundering Detection with Coupled Tensors, PAKDD (2021):
the same with time as a dimension.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from xborder_aml.detectors._oracle import connected, grid
from xborder_aml.detectors._spec import (
    BORDERS,
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
from xborder_aml.kernels.dense_flow import DenseFlowLimits as Limits
from xborder_aml.kernels.dense_flow import dense_flow

__all__ = ["DETECTOR", "DenseFlow"]


@dataclass(frozen=True, slots=True)
class DenseFlow(Params):
    """Money that a few accounts take from shared sources and pass on to shared sinks.

    Examples
    --------
    >>> DenseFlow(min_middles=5).to_dict(caps=False)["window"]
    '3d'
    """

    window: str | timedelta = param("3d", "Longest time from first to last payment.", unit="time")
    min_middles: int = param(3, "Fewest accounts that pass the money on.", unit="accounts")
    min_links: int = param(2, "Fewest middles that a source or sink deals with.", unit="accounts")
    min_retained: float = param(
        0.8,
        "Least share of its money that a middle takes from the flow and passes on.",
        unit="share",
    )
    min_borders: int = param(1, BORDERS)
    max_degree: int = param(
        200, "Payments in a window of an account that is looked at.", unit="edges", cap=True
    )
    max_edges: int = param(100_000, "Payments of a network that is peeled.", unit="edges", cap=True)

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(
            min(self.min_middles, self.min_links) >= 1,
            "min_middles and min_links must be at least 1",
        )
        self.require(0 < self.min_retained <= 1, "min_retained must lie above 0 and not exceed 1")
        self.require(min(self.max_degree, self.max_edges) >= 1, "caps must be at least 1")
        return Limits(
            window=microseconds(self.window, "window"),
            low=basis_points(self.min_retained, "min_retained"),
            min_middles=self.min_middles,
            min_links=self.min_links,
            min_borders=self.min_borders,
            max_degree=self.max_degree,
            max_edges=self.max_edges,
        )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: DenseFlow) -> list[Match]:
    """Find the same, from the definition: weigh every account anew at each step."""
    p = params.limits()
    out = []
    for half, everything in grid(view.transfers, p.window):
        held = [t for t in everything if t.base and t.originator != t.beneficiary]
        own: dict[int, list[Transfer]] = {a: [] for a in ends_of(held)}
        for t in held:
            own[t.originator].append(t)
            own[t.beneficiary].append(t)
        sums = {a: sums_of(a, transfers) for a, transfers in own.items()}
        middles = {
            a for a, (came, went) in sums.items() if weigh(came, went, p) >= 0 < min(came, went)
        }
        flows = [t for t in held if {t.originator, t.beneficiary} & middles]
        network = held_together(flows, middles, sums, p)
        inside = among(flows, network)
        joined = {a: place for place, a in reversed([*enumerate(ends_of(flows))])}
        for part in connected(network, ((t.originator, t.beneficiary) for t in inside)):
            best = densest(among(inside, part), part, middles, joined, p)
            if best is not None and best[1][0].at < half:
                score, rows = best
                first = rows[0]
                about = first.originator if first.originator in middles else first.beneficiary
                evidence = tuple((t.row, role_of(t, middles), t.base or 0) for t in rows)
                out.append(Match(first.row, about, 1, evidence, int(score)))
    return out


def ends_of(transfers: Iterable[Transfer]) -> list[int]:
    """Return who pays and is paid, payment by payment."""
    return [a for t in transfers for a in (t.originator, t.beneficiary)]


def among(transfers: list[Transfer], accounts: set[int]) -> list[Transfer]:
    """Return the transfers between these accounts."""
    return [t for t in transfers if {t.originator, t.beneficiary} <= accounts]


def partners_of(account: int, transfers: list[Transfer]) -> set[int]:
    """Return who an account deals with."""
    own = (t for t in transfers if account in (t.originator, t.beneficiary))
    return set(ends_of(own)) - {account}


def sums_of(account: int, transfers: list[Transfer]) -> tuple[int, int]:
    """Return the money that came to an account and that went from it."""
    return (
        sum(t.base or 0 for t in transfers if t.beneficiary == account),
        sum(t.base or 0 for t in transfers if t.originator == account),
    )


def weigh(came: int, went: int, p: Limits) -> int:
    """Return what a middle passes on, less what it must (rounded up to a minor unit)."""
    return min(came, went) - -(-max(came, went) * p.low // 10_000)


def held_together(
    flows: list[Transfer], middles: set[int], sums: dict[int, tuple[int, int]], p: Limits
) -> set[int]:
    """Return the largest set in which every account meets its condition."""
    left = set(ends_of(flows))

    def holds(account: int) -> bool:
        own = [t for t in among(flows, left) if account in (t.originator, t.beneficiary)]
        if account in middles:
            return 10_000 * min(sums_of(account, own)) >= p.low * max(sums[account])
        return len(partners_of(account, own) & middles) >= p.min_links

    while failing := {a for a in left if not holds(a)}:
        left -= failing
    return left


def densest(
    flows: list[Transfer], part: set[int], middles: set[int], joined: dict[int, int], p: Limits
) -> tuple[Fraction, list[Transfer]] | None:
    """Return the score and the payments of the best set on the way from a part to nothing."""
    left = set(part)
    best = None
    while left:
        rows = among(flows, left)
        worth = {
            a: weigh(*sums_of(a, rows), p) if a in middles else sum(sums_of(a, rows)) for a in left
        }
        inner = [worth[a] for a in left if a in middles]
        partners = {a: partners_of(a, rows) & middles for a in left - middles}
        score = Fraction(sum(inner), len(left))
        if (
            len(inner) >= p.min_middles
            and min(inner) >= 0
            and all(len(partners[a]) >= p.min_links for a in partners)
            and {role_of(t, middles) for t in rows} >= {0, 2}
            and sum(t.border for t in rows) >= p.min_borders
            and (best is None or score > best[0])
        ):
            best = score, rows
        left.remove(min(left, key=lambda a: (worth[a], -joined[a])))
    return best


def role_of(t: Transfer, middles: set[int]) -> int:
    """Return 0 for money that a middle takes in, 1 from middle to middle, 2 that leaves them."""
    return 0 if t.originator not in middles else (1 if t.beneficiary in middles else 2)


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")


class _Plan(NamedTuple):
    """Layers of middles: each account of a layer pays each of the next one the same."""

    layers: tuple[int, ...]  # accounts of each: sources, middles once or twice, sinks
    times: tuple[tuple[int, int], ...]  # first and last payment from each layer to the next
    money: int  # from the first layer to the next, in all
    passed: int  # from the last middles to the sinks, in all


def _made(choose: Choose, plan: _Plan) -> Instance:
    starts = [sum(plan.layers[:i]) for i in range(len(plan.layers) + 1)]
    payments = []
    for i, (first, last) in enumerate(plan.times):
        pairs = [
            (a, b)
            for a in range(starts[i], starts[i + 1])
            for b in range(starts[i + 1], starts[i + 2])
        ]
        money = plan.passed if i == len(plan.times) - 1 else plan.money
        when = [first, *(choose.integer(first, last) for _ in pairs[2:]), last][: len(pairs)]
        payments += [
            Payment(at, a, b, money // len(pairs)) for at, (a, b) in zip(when, pairs, strict=True)
        ]
    return Instance(
        tuple(payments), tuple(_PLACES[i % len(_PLACES)] for i in range(sum(plan.layers)))
    )


def _plan(choose: Choose, p: Limits, *layers: int) -> _Plan:
    """Draw how much flows and when: shares of each payment are whole, and nothing is kept."""
    parts = 10_000
    for n in layers:
        parts *= n
    money = parts * choose.integer(1, 50)
    cuts = [0, *sorted(choose.integer(0, p.window) for _ in layers[2:]), p.window]
    if choose.integer(0, 2):  # most often far shorter than the window
        cuts = [min(c, p.window // 8 + i) for i, c in enumerate(cuts)]
    return _Plan(layers, tuple(pairwise(cuts)), money, money)


def _least(choose: Choose, p: Limits) -> _Plan:
    return _plan(choose, p, 1, max(p.min_middles, p.min_links), 1)


def plant(choose: Choose, params: DenseFlow) -> Instance:
    """Draw one or two layers of middles that pass on all, or all but what they may keep."""
    p = params.limits()
    n = max(p.min_middles, p.min_links) + choose.integer(0, 1)
    middle = (n,) if choose.integer(0, 2) else (n, n)
    plan = _plan(choose, p, choose.integer(1, 2), *middle, choose.integer(1, 2))
    if choose.integer(0, 1):
        plan = plan._replace(passed=plan.money * p.low // 10_000)
    return _made(choose, plan)


def few_middles(choose: Choose, params: DenseFlow) -> Instance | None:
    """Draw one middle too few."""
    p = params.limits()
    n = p.min_middles - 1
    return _made(choose, _plan(choose, p, 1, n, 1)) if n >= p.min_links else None


def few_links(choose: Choose, params: DenseFlow) -> Instance | None:
    """Draw middles that are each paid by sources of their own, which pay one too few of them."""
    p = params.limits()
    if p.min_links != 2:
        return None
    n = p.min_middles
    made = _made(choose, _plan(choose, p, 1, n, 1))
    payments = [
        x._replace(originator=n + 1 + x.beneficiary) if x.originator == 0 else x
        for x in made.payments
    ]
    places = tuple(_PLACES[i % len(_PLACES)] for i in range(2 * n + 2))
    return Instance(tuple(payments), places)


def leaky(choose: Choose, params: DenseFlow) -> Instance:
    """Draw middles that each pass on a minor unit too little."""
    p = params.limits()
    plan = _least(choose, p)
    n = plan.layers[1]
    least = plan.money // n * p.low // 10_000
    return _made(choose, plan._replace(passed=n * (least - 1)))


def swollen(choose: Choose, params: DenseFlow) -> Instance:
    """Draw middles that each pay a minor unit more than what they got can be a share of."""
    p = params.limits()
    plan = _least(choose, p)
    n = plan.layers[1]
    return _made(choose, plan._replace(passed=n * (plan.money // n * 10_000 // p.low + 1)))


def mixed(choose: Choose, params: DenseFlow) -> Instance | None:
    """Draw middles with other business: a payer each of a minor unit too much, all passed on."""
    p = params.limits()
    if p.min_links < 2:
        return None
    plan = _least(choose, p)
    n = plan.layers[1]
    got = plan.money // n
    more = got * 10_000 // p.low - got + 1
    made = _made(choose, plan._replace(passed=n * (got + more)))
    others = [Payment(0, n + 2 + i, 1 + i, more) for i in range(n)]
    places = tuple(_PLACES[i % len(_PLACES)] for i in range(2 * n + 2))
    return Instance((*made.payments, *others), places)


def late(choose: Choose, params: DenseFlow) -> Instance:
    """Draw middles that pass everything on a microsecond after the window."""
    p = params.limits()
    after = p.window + 1
    return _made(choose, _least(choose, p)._replace(times=((0, 0), (after, after))))


def at_home(choose: Choose, params: DenseFlow) -> Instance | None:
    """Draw a flow that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="dense_flow",
    title="Dense flow",
    version=1,
    params=DenseFlow,
    search=dense_flow,
    reference=reference,
    plant=plant,
    near_misses={
        "few_middles": few_middles,
        "few_links": few_links,
        "leaky": leaky,
        "swollen": swollen,
        "mixed": mixed,
        "late": late,
        "at_home": at_home,
    },
    speaks_for="members",
    roles=(Role("in", enters=True), Role("onward"), Role("out", leaves=True)),
    caps=("max_degree", "max_edges"),
    doc=__doc__ or "",
    unit="window",
    reach=lambda limits: ((limits.window + 1) // 2, limits.window),
    measure=Measure("density", "Minor units passed on above what must be, an account.", 1.0),
    hops=2,
    relations=("rename_accounts", "shuffle_rows", "rescale_currency"),
    coarse={"window": "7d"},
)
