"""Stack: a set of accounts pays a second set, which pays a third.

**Finds** in each window of a calendar grid a set of senders, a set of middles and a set of
receivers, two layers like those of `bipartite` that share the middles: each sender pays at least
`min_payees` of the middles, each middle is paid by at least `min_payers` of the senders and pays at
least `min_payees` of the receivers, and each receiver is paid by at least `min_payers` of the
middles. A payment to a middle counts if the middle pays somebody later in the window, and a payment
by it counts if somebody paid it earlier. Each pair lies in at least `min_squares` squares: two
accounts that both pay the same two. The largest such sets are found by taking away accounts and
pairs that have less until none is left to take; their connected parts are looked at one by one. A
part is a finding if it has at least `min_senders`, `min_middles` and `min_receivers` accounts, if
in each layer at least `min_density` of all pairs have a payment, if the second layer moves between
`min_retained` and `max_retained` of what the first does, if no payment stands in both layers, and
if at least `min_borders` payments cross a border. A part that is not is peeled further, each side
asking for one partner more, until a part is a finding or nothing is left. Windows start every half
`window`, and one reports what starts in its first half: what lasts no longer than half a window is
seen whole by one of them.

**Why it matters.** A second layer is what makes a net of accounts a machine: who pays in never pays
those who are paid out, and whoever asks a middle meets several senders and several receivers for
each sum. It is the layering of mule networks and of shell companies that invoice in circles.

**What it does not claim.** That one sum can be followed through a middle, or that every middle
passes on what it is paid: only the layers as a whole are weighed. An account may stand on more than
one side. Payments without a known base amount, of nothing, or to oneself are left out. What lasts
longer than half a window may be shown in part, and in two windows. Sets that hang on a larger net
of accounts with as many partners each are peeled with it, and missed.

**False positives.** Wholesalers between makers and shops; brokers and clearing members; agents who
collect for several principals; subsidiaries between a group's two holding companies.

**Tuning.** The share retained and `min_density` decide: trade adds a margin and buys from many, a
layer made for passing on does neither. A shorter `window` leaves bursts. An account with more than
`max_degree` payments out in a window pays nobody in it, with more payments in it is paid by nobody,
and the run tells so.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), the pattern
"stack" (here dense and conserved; attempts so labelled there may be chains without any account in
common).
Li et al., FlowScope: Spotting Money Laundering Based on Graphs, AAAI 34 (2020), section 1 (dense
flows through a layer of middle accounts that keep little).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from xborder_aml.detectors._cores import drawn_ring, ring
from xborder_aml.detectors._oracle import Leg, dense_parts, density, grid
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
from xborder_aml.kernels.cores import CoreLimits
from xborder_aml.kernels.grid import step_of
from xborder_aml.kernels.stack import StackLimits as Limits
from xborder_aml.kernels.stack import stack

__all__ = ["DETECTOR", "Stack"]


@dataclass(frozen=True, slots=True)
class Stack(Params):
    """A set of accounts pays a second set, which pays a third.

    Examples
    --------
    >>> Stack(min_middles=5).to_dict(caps=False)["min_middles"]
    5
    """

    window: str | timedelta = param("14d", "Length of a window of the calendar grid.", unit="time")
    min_senders: int = param(2, "Fewest senders.", unit="accounts")
    min_middles: int = param(3, "Fewest middles.", unit="accounts")
    min_receivers: int = param(2, "Fewest receivers.", unit="accounts")
    min_payees: int = param(2, "Fewest accounts of the next side that each pays.", unit="accounts")
    min_payers: int = param(2, "Fewest accounts of the side before that pay each.", unit="accounts")
    min_squares: int = param(
        1, "Fewest squares (two that both pay the same two) that each pair lies in."
    )
    min_density: float = param(0.7, "Least share of all pairs of each layer.", unit="share")
    min_retained: float = param(
        0.8, "Least share of the first layer's sum in the second.", unit="share"
    )
    max_retained: float = param(
        1.05, "Largest share of the first layer's sum in the second.", unit="share"
    )
    min_borders: int = param(1, BORDERS)
    strict_time: bool = param(False, "Ask that a middle pay later than it is paid.")
    max_degree: int = param(
        200, "Payments of one account, on one side, in a window.", unit="edges", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        sizes = (self.min_senders, self.min_middles, self.min_receivers)
        least = min(*sizes, self.min_payees, self.min_payers)
        self.require(least >= 1, "numbers of accounts must be at least 1")
        self.require(self.min_density <= 1, "min_density must not exceed 1")
        self.require(self.min_retained <= self.max_retained, "min_retained exceeds max_retained")
        self.require(self.max_degree >= 1, "max_degree must be at least 1")
        return Limits(
            window=microseconds(self.window, "window"),
            strict=int(self.strict_time),
            max_degree=self.max_degree,
            core=CoreLimits(
                min_senders=self.min_senders,
                min_middles=self.min_middles,
                min_receivers=self.min_receivers,
                min_payees=self.min_payees,
                min_payers=self.min_payers,
                min_squares=self.min_squares,
                density=basis_points(self.min_density, "min_density"),
                low=basis_points(self.min_retained, "min_retained"),
                high=basis_points(self.max_retained, "max_retained"),
                min_borders=self.min_borders,
            ),
        )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: Stack) -> list[Match]:
    """Find the same, from the definition: peel the two layers of every window."""
    p = params.limits()
    least = (params.min_payees, params.min_payers, params.min_squares)
    moving = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    out = []
    for half, held in grid(moving, p.window):
        for part in dense_parts(_legs(held, p), *least, lambda own: _holds(own, p.core)):
            layers = _layers(part)
            anchor = min(t for layer in layers for t in layer)
            if anchor.at < half:
                evidence = [
                    (t.row, role, t.base or 0) for role in (0, 1) for t in sorted(layers[role])
                ]
                out.append(Match(anchor.row, anchor.originator, 1, tuple(evidence), _dense(part)))
    return out


def _legs(held: list[Transfer], p: Limits) -> list[Leg]:
    """Return the legs to middles that pay later, and from middles that were paid earlier."""
    paid = {t.beneficiary: t.at for t in reversed(held)}  # first time, since the last to be set
    pays = {t.originator: t.at for t in held}  # last time
    legs = []
    for t in held:
        payer, payee = t.originator, t.beneficiary
        if payee in pays and t.at + p.strict <= pays[payee]:
            legs.append(Leg(("sender", payer), ("middle", payee), t))
        if payer in paid and paid[payer] + p.strict <= t.at:
            legs.append(Leg(("middle", payer), ("receiver", payee), t))
    return legs


def _layers(part: list[Leg]) -> tuple[list[Transfer], list[Transfer]]:
    """Return the payments of the first layer and of the second."""
    first = [leg.transfer for leg in part if leg.head[0] == "middle"]
    return first, [leg.transfer for leg in part if leg.tail[0] == "middle"]


def _dense(part: list[Leg]) -> int:
    """Return the density of the layer that is less dense."""
    return min(density([leg for leg in part if (leg.head[0] == "middle") == up]) for up in (1, 0))


def _holds(part: list[Leg], p: CoreLimits) -> bool:
    """Tell whether a part of the core meets every condition."""
    nodes = {node for leg in part for node in (leg.tail, leg.head)}
    least = {"sender": p.min_senders, "middle": p.min_middles, "receiver": p.min_receivers}
    if any(sum(side == s for s, _ in nodes) < n for side, n in least.items()):
        return False
    first, second = _layers(part)
    came, left = (sum(t.base or 0 for t in layer) for layer in (first, second))
    return (
        _dense(part) >= p.density
        and p.low * came <= 10_000 * left <= p.high * came
        and not set(first) & set(second)
        and sum(t.border for t in first + second) >= p.min_borders
    )


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")
_Pairs = list[tuple[int, int]]


def _instance(first: _Pairs, second: _Pairs, times: list[int], money: list[int]) -> Instance:
    """Return payments of two layers; middles are numbered on from senders, then receivers."""
    middles = 1 + max(a for a, _ in first)
    receivers = middles + 1 + max(*(b for _, b in first), *(a for a, _ in second))
    ends = [(a, middles + b) for a, b in first]
    ends += [(middles + a, receivers + b) for a, b in second]
    rows = zip(times, ends, money, strict=True)
    n = receivers + 1 + max(b for _, b in second)
    return Instance(
        tuple(Payment(at, a, b, amount) for at, (a, b), amount in rows),
        tuple(_PLACES[i % len(_PLACES)] for i in range(n)),
    )


def _money(choose: Choose, n_first: int, n_second: int, share: int) -> list[int]:
    """Draw a second layer that moves so much of the first, in basis points."""
    came = [10_000 * n_second * choose.integer(100, 5_000) for _ in range(n_first)]
    each = sum(came) // 10_000 // n_second * share
    return [*came, *(each for _ in range(n_second))]


def _share(choose: Choose, p: CoreLimits) -> int:
    """Draw the share retained, in basis points: often one of its bounds."""
    low = max(1, p.low)
    return (low, p.high, choose.integer(low, p.high))[choose.integer(0, 2)]


def _times(choose: Choose, p: Limits, n_first: int, n_second: int) -> list[int]:
    """Draw times of two layers, the first from 0 on, the second up to half a window or a whole."""
    last = step_of(p.window) if choose.integer(0, 2) else p.window
    middle = choose.integer(0, last - p.strict)
    first = [0, *(choose.integer(0, middle) for _ in range(n_first - 1))]
    second = [choose.integer(middle + p.strict, last) for _ in range(n_second - 1)]
    return [*first, *second, last]


def plant(choose: Choose, params: Stack) -> Instance:
    """Draw two rings, one after the other, that share their middles."""
    p = params.limits()
    pairs = ring(*drawn_ring(choose, p.core))
    n = len(pairs)
    money = _money(choose, n, n, _share(choose, p.core))
    return _instance(pairs, pairs, _times(choose, p, n, n), money)


class _Plan(NamedTuple):
    """Two layers of just enough accounts in which all pay all of the next."""

    first: _Pairs
    second: _Pairs


def _block(p: CoreLimits, senders: int = 0, middles: int = 0, receivers: int = 0) -> _Plan:
    """Return two layers of just enough accounts, or so many more or fewer, all paying all."""
    sizes = (
        max(p.min_senders, p.min_payers) + senders,
        max(p.min_middles, p.min_payers, p.min_payees) + middles,
        max(p.min_receivers, p.min_payees) + receivers,
    )
    first = [(a, b) for a in range(sizes[0]) for b in range(sizes[1])]
    return _Plan(first, [(a, b) for a in range(sizes[1]) for b in range(sizes[2])])


def _drawn(choose: Choose, p: Limits, plan: _Plan) -> Instance | None:
    """Draw times and amounts of a plan; None if a layer is empty."""
    n_first, n_second = len(plan.first), len(plan.second)
    if not n_first or not n_second:
        return None
    money = _money(choose, n_first, n_second, _share(choose, p.core))
    return _instance(*plan, _times(choose, p, n_first, n_second), money)


def few_senders(choose: Choose, params: Stack) -> Instance | None:
    """Draw one sender too few."""
    p = params.limits()
    return _drawn(choose, p, _block(p.core, senders=-1))


def few_middles(choose: Choose, params: Stack) -> Instance | None:
    """Draw one middle too few."""
    p = params.limits()
    return _drawn(choose, p, _block(p.core, middles=-1))


def few_receivers(choose: Choose, params: Stack) -> Instance | None:
    """Draw one receiver too few."""
    p = params.limits()
    return _drawn(choose, p, _block(p.core, receivers=-1))


def thin(choose: Choose, params: Stack) -> Instance | None:
    """Draw just enough middles, one of which pays one receiver too few."""
    p = params.limits()
    plan = _block(p.core)
    kept = [(a, b) for a, b in plan.second if a or b < p.core.min_payees - 1]
    return _drawn(choose, p, plan._replace(second=kept)) if p.core.min_payees > 1 else None


def sparse(choose: Choose, params: Stack) -> Instance | None:
    """Draw rings of so many accounts that their pairs are too few of all."""
    p = params.limits()
    if not p.core.density:
        return None
    degree = max(2, p.core.min_payees, p.core.min_payers)
    sizes = (p.core.min_senders, p.core.min_middles, p.core.min_receivers)
    pairs = ring(max(*sizes, degree * 10_000 // p.core.density + 1), degree)
    return _apart(choose, p, _Plan(pairs, pairs), (0, p.window))


def _apart(
    choose: Choose, p: Limits, plan: _Plan, times: tuple[int, int], odd: int | None = None
) -> Instance:
    """Draw a plan whose layers have these times; its first middle pays at the odd one, if any."""
    at = [times[0]] * len(plan.first)
    at += [times[1] if a or odd is None else odd for a, _ in plan.second]
    money = _money(choose, len(plan.first), len(plan.second), _share(choose, p.core))
    return _instance(*plan, at, money)


def late(choose: Choose, params: Stack) -> Instance:
    """Draw a middle that pays a microsecond after the window."""
    p = params.limits()
    return _apart(choose, p, _block(p.core), (0, p.window), odd=p.window + 1)


def unordered(choose: Choose, params: Stack) -> Instance:
    """Draw a middle that pays a microsecond too early."""
    p = params.limits()
    return _apart(choose, p, _block(p.core), (1, p.window), odd=p.strict)


def leaky(choose: Choose, params: Stack) -> Instance | None:
    """Draw a second layer of one minor unit too little."""
    p = params.limits()
    return _moving(choose, p, p.core.low, -1) if p.core.low else None


def swollen(choose: Choose, params: Stack) -> Instance:
    """Draw a second layer of one minor unit too much."""
    p = params.limits()
    return _moving(choose, p, p.core.high, 1)


def _moving(choose: Choose, p: Limits, share: int, more: int) -> Instance:
    """Draw a block without an account to spare, that moves so much more than a share."""
    plan = _block(p.core)
    n_first, n_second = len(plan.first), len(plan.second)
    *money, last = _money(choose, n_first, n_second, share)
    return _instance(*plan, _times(choose, p, n_first, n_second), [*money, last + more])


def at_home(choose: Choose, params: Stack) -> Instance | None:
    """Draw a stack that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="stack",
    title="Stack of two layers",
    version=1,
    params=Stack,
    search=stack,
    reference=reference,
    plant=plant,
    near_misses={
        "few_senders": few_senders,
        "few_middles": few_middles,
        "few_receivers": few_receivers,
        "thin": thin,
        "sparse": sparse,
        "late": late,
        "unordered": unordered,
        "leaky": leaky,
        "swollen": swollen,
        "at_home": at_home,
    },
    roles=(Role("first", enters=True), Role("second", leaves=True)),
    caps=("max_degree",),
    doc=__doc__ or "",
    unit="window",
    reach=lambda limits: (step_of(limits.window), limits.window),
    measure=Measure("density", "Share of all pairs, in the layer that has fewer of them.", 1e-4),
    relations=("shift_weeks", "rename_accounts", "shuffle_rows", "rescale_currency"),
    hops=2,
)
