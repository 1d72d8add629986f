"""Bipartite: a set of accounts pays another set, nearly each to each.

**Finds** in each window of a calendar grid a set of senders and a set of receivers in which each
sender pays at least `min_payees` of the receivers and each receiver is paid by at least
`min_payers` of the senders, each pair of one who pays another lying in at least `min_squares`
squares: two senders who both pay the same two receivers. The largest such sets are found by taking
away accounts and pairs that have less until none is left to take; their connected parts are looked
at one by one. A part is a finding if it has at least `min_senders` senders and `min_receivers`
receivers, if at least `min_density` of all its pairs of a sender and a receiver have a payment, and
if at least `min_borders` payments cross a border. A part that is not is peeled further, each side
asking for one partner more, until a part is a finding or nothing is left. All payments of its pairs
are its evidence, and a payment is in one finding of a window. Windows start every half `window`,
and one reports what starts in its first half: what lasts no longer than half a window is seen whole
by one of them.

**Why it matters.** Many who pay many, all of them in a few days, make a net that no account's own
statement shows: layers of mules, a ring of shell companies that invoice each other, or a network
that settles in several places at once. Each bank sees a few payments of a few customers.

**What it does not claim.** That the senders know each other, or that amounts fit together. An
account may be a sender and a receiver; it then counts on both sides, and a group in which all pay
all is found as well. Payments without a known base amount, of nothing, or to oneself are left out.
What lasts longer than half a window may be shown in part, and in two windows. Sets that hang on a
larger net of accounts with as many partners each are peeled with it, and missed.

**False positives.** Companies of one trade that buy from the same suppliers; subsidiaries that
settle with one another; market makers and their brokers; a village and its shops.

**Tuning.** `min_density` and the two numbers of partners decide: raise them before the sizes.
A shorter `window` leaves bursts. An account with more than `max_degree` payments out in a window is
no sender in it, with more payments in no receiver, and the run tells so; shops, employers and tax
offices would otherwise join everybody to everybody.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), the pattern
"bipartite" (here dense; attempts so labelled there may be pairs without any account in common).
Liu, Yuan, Lin, Qin, Zhang, Zhou, Efficient (alpha, beta)-core Computation: an Index-based Approach,
WWW (2019), section 2 (the core of a bipartite graph).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

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
    View,
    basis_points,
    microseconds,
    param,
)
from xborder_aml.kernels.bipartite import BipartiteLimits as Limits
from xborder_aml.kernels.bipartite import bipartite
from xborder_aml.kernels.cores import CoreLimits
from xborder_aml.kernels.grid import step_of

__all__ = ["DETECTOR", "Bipartite"]


@dataclass(frozen=True, slots=True)
class Bipartite(Params):
    """A set of accounts pays another set, nearly each to each.

    Examples
    --------
    >>> Bipartite(min_senders=5).to_dict(caps=False)["min_senders"]
    5
    """

    window: str | timedelta = param("7d", "Length of a window of the calendar grid.", unit="time")
    min_senders: int = param(3, "Fewest senders.", unit="accounts")
    min_receivers: int = param(3, "Fewest receivers.", unit="accounts")
    min_payees: int = param(2, "Fewest receivers that each sender pays.", unit="accounts")
    min_payers: int = param(2, "Fewest senders that pay each receiver.", unit="accounts")
    min_squares: int = param(
        1, "Fewest squares (two that both pay the same two) that each pair lies in."
    )
    min_density: float = param(
        0.7, "Least share of all pairs of a sender and a receiver.", unit="share"
    )
    min_borders: int = param(1, BORDERS)
    max_degree: int = param(
        200, "Payments of one account, on one side, in a window.", unit="edges", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        least = min(self.min_senders, self.min_receivers, self.min_payees, self.min_payers)
        self.require(least >= 1, "numbers of accounts must be at least 1")
        self.require(self.min_density <= 1, "min_density must not exceed 1")
        self.require(self.max_degree >= 1, "max_degree must be at least 1")
        return Limits(
            window=microseconds(self.window, "window"),
            max_degree=self.max_degree,
            core=CoreLimits(
                min_senders=self.min_senders,
                min_middles=0,
                min_receivers=self.min_receivers,
                min_payees=self.min_payees,
                min_payers=self.min_payers,
                min_squares=self.min_squares,
                density=basis_points(self.min_density, "min_density"),
                low=0,
                high=0,
                min_borders=self.min_borders,
            ),
        )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: Bipartite) -> list[Match]:
    """Find the same, from the definition: peel the payments of every window."""
    p = params.limits()
    least = (params.min_payees, params.min_payers, params.min_squares)
    moving = [t for t in view.transfers if t.base and t.originator != t.beneficiary]

    def holds(part: list[Leg]) -> bool:
        return (
            len({leg.tail for leg in part}) >= p.core.min_senders
            and len({leg.head for leg in part}) >= p.core.min_receivers
            and density(part) >= p.core.density
            and sum(leg.transfer.border for leg in part) >= p.core.min_borders
        )

    out = []
    for half, held in grid(moving, p.window):
        legs = [Leg(("sender", t.originator), ("receiver", t.beneficiary), t) for t in held]
        for part in dense_parts(legs, *least, holds):
            rows = sorted(leg.transfer for leg in part)
            if rows[0].at < half:
                evidence = tuple((t.row, 0, t.base or 0) for t in rows)
                out.append(Match(rows[0].row, rows[0].originator, 1, evidence, density(part)))
    return out


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _instance(choose: Choose, pairs: list[tuple[int, int]], times: list[int]) -> Instance:
    """Return payments from senders to receivers, which are numbered on from the senders."""
    n = 1 + max(sender for sender, _ in pairs)
    payments = [
        Payment(at, sender, n + receiver, 1_000 * choose.integer(1, 5_000))
        for at, (sender, receiver) in zip(times, pairs, strict=True)
    ]
    total = n + 1 + max(receiver for _, receiver in pairs)
    return Instance(tuple(payments), tuple(_PLACES[i % len(_PLACES)] for i in range(total)))


def _times(choose: Choose, p: Limits, n: int) -> list[int]:
    """Draw times of n payments: a window's first moment, and the last that its half, or it, has."""
    last = step_of(p.window) if choose.integer(0, 2) else p.window
    return [0, *(choose.integer(0, last) for _ in range(n - 2)), last]


def plant(choose: Choose, params: Bipartite) -> Instance:
    """Draw a ring: each sender pays the next few receivers, so that it is dense enough."""
    p = params.limits()
    pairs = ring(*drawn_ring(choose, p.core))
    return _instance(choose, pairs, _times(choose, p, len(pairs)))


def _block(p: Limits) -> list[tuple[int, int]]:
    """Return all pairs of just enough senders and receivers, the first sender paying just enough.

    Its pairs are the first, so that without any one of them it pays too few.
    """
    senders = max(p.core.min_senders, p.core.min_payers)
    receivers = max(p.core.min_receivers, p.core.min_payees)
    pairs = [(i, k) for i in range(senders) for k in range(receivers)]
    return [(i, k) for i, k in pairs if i or k < p.core.min_payees]


def few_senders(choose: Choose, params: Bipartite) -> Instance | None:
    """Draw one sender too few, each of whom pays all receivers."""
    p = params.limits()
    pairs = [(i - 1, k) for i, k in _block(p) if i]
    if not pairs or p.core.min_payers > p.core.min_senders:
        return None
    return _instance(choose, pairs, _times(choose, p, len(pairs)))


def few_receivers(choose: Choose, params: Bipartite) -> Instance | None:
    """Draw one receiver too few, each paid by all senders."""
    p = params.limits()
    receivers = p.core.min_receivers - 1
    pairs = [(i, k) for i in range(max(p.core.min_senders, 2)) for k in range(receivers)]
    return _instance(choose, pairs, _times(choose, p, len(pairs))) if len(pairs) > 1 else None


def thin(choose: Choose, params: Bipartite) -> Instance | None:
    """Draw just enough senders, one of whom pays one receiver too few."""
    p = params.limits()
    pairs = _block(p)[1:]
    if p.core.min_payees < 2 or p.core.min_payers > p.core.min_senders:
        return None
    return _instance(choose, pairs, _times(choose, p, len(pairs)))


def late(choose: Choose, params: Bipartite) -> Instance | None:
    """Draw a payment that is needed a microsecond after the window."""
    p = params.limits()
    pairs = _block(p)
    if len(pairs) == 1:
        return None
    return _instance(choose, pairs, [p.window + 1, *(0 for _ in pairs[1:])])


def sparse(choose: Choose, params: Bipartite) -> Instance | None:
    """Draw a ring of so many accounts that its pairs are too few of all."""
    p = params.limits()
    if not p.core.density:
        return None
    degree = max(2, p.core.min_payees, p.core.min_payers)
    n = max(p.core.min_senders, p.core.min_receivers, degree * 10_000 // p.core.density + 1)
    pairs = ring(n, degree)
    return _instance(choose, pairs, [0] * len(pairs))


def at_home(choose: Choose, params: Bipartite) -> Instance | None:
    """Draw a dense core that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="bipartite",
    title="Bipartite core",
    version=1,
    params=Bipartite,
    search=bipartite,
    reference=reference,
    plant=plant,
    near_misses={
        "few_senders": few_senders,
        "few_receivers": few_receivers,
        "thin": thin,
        "late": late,
        "sparse": sparse,
        "at_home": at_home,
    },
    roles=(Role("paid", enters=True, leaves=True),),
    caps=("max_degree",),
    doc=__doc__ or "",
    unit="window",
    reach=lambda limits: (step_of(limits.window), limits.window),
    measure=Measure("density", "Share of all pairs of a sender and a receiver.", 1e-4),
    relations=("shift_weeks", "rename_accounts", "shuffle_rows", "rescale_currency"),
    hops=1,
)
