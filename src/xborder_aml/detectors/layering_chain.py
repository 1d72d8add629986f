"""Layering chain: money moves on, account after account, without coming to rest.

**Finds** time-respecting paths of at least `min_hops` transfers through distinct accounts, each hop
within `max_gap` of the one before and sending on a like amount, that pass through the hands of at
least `min_holders` holders and can be made no longer at either end. Of all such paths with the same
first transfer and the same last account, the best are shown (most hops; then the amount that
arrives closest to the amount that left; then the smallest rows) with the number of paths beside
them.

**Why it matters.** Layering puts distance between money and its source: each hop adds a bank, a
border and an authority to ask. The hops of one chain are reported by different institutions, and
only together do they show that nobody kept the money.

**What it does not claim.** That every hop carries the same money, or that an account in the middle
knew. A path through a busy account may join two unrelated payments of like size.

**False positives.** Supply chains that pay on receipt; agents, notaries and payment processors;
correspondent banking booked as customer transfers; treasury centres, where the accounts table does
not say that the accounts have one owner.

**Tuning.** Amounts prune most: narrow `min_carried` and `max_carried` first. `max_gap` shorter than
two days asks for haste. A path that reaches `max_hops` and could go on is shown and told as cut.

References
----------
FATF, Professional Money Laundering (2018), section on layering through networks of companies.
Li et al., FlowScope: Spotting Money Laundering Based on Graphs, AAAI 34 (2020), section 1 (chains
of high-volume transfers that leave little behind).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from xborder_aml.detectors._oracle import carried, groups, returned
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
from xborder_aml.kernels.bundles import MAX_KEPT
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.layering_chain import UNKNOWN, depths_in, depths_out, layering_chain
from xborder_aml.kernels.layering_chain import LayeringChainLimits as Limits

__all__ = ["DETECTOR", "LayeringChain", "chain_depths"]


@dataclass(frozen=True, slots=True)
class LayeringChain(Params):
    """Money moves on through account after account."""

    max_gap: str | timedelta = param("5d", "Longest time from one hop to the next.", unit="time")
    min_hops: int = param(3, "Fewest transfers in a chain.", unit="transfers")
    max_hops: int = param(8, "Most transfers in a chain.", unit="transfers")
    min_carried: float = param(0.8, "Least share of a hop that the next sends on.", unit="share")
    max_carried: float = param(1.05, "Largest share of a hop that the next sends on.", unit="share")
    fx_tolerance: float = param(
        0.01, "Widening of shares across currencies, a square root of a day.", unit="share"
    )
    min_borders: int = param(1, BORDERS)
    min_holders: int = param(
        3,
        "Fewest distinct holders on a chain; an account without a known holder has one of its own.",
    )
    strict_time: bool = param(False, "Ask that each hop be later than the one before.")
    k_best: int = param(1, "Chains shown for one first transfer and last account.")
    max_matches: int = param(20, "Last accounts kept an anchor.", cap=True)
    max_work: int = param(5_000, "Edges followed an anchor.", unit="edges", cap=True)
    max_degree: int = param(200, "Edges followed at one account.", unit="edges", cap=True)

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(2 <= self.min_hops <= self.max_hops, "2 <= min_hops <= max_hops must hold")
        self.require(self.max_hops <= 32, "max_hops must not exceed 32")
        self.require(self.min_carried <= self.max_carried, "min_carried exceeds max_carried")
        self.require(
            self.min_holders <= self.min_hops + 1,
            "min_holders must not exceed min_hops + 1, the accounts of the shortest chain",
        )
        self.require(1 <= self.k_best <= 100, "k_best must lie between 1 and 100")
        self.require(
            min(self.max_matches, self.max_work, self.max_degree) >= 1, "caps must be at least 1"
        )
        self.require(
            self.max_matches * self.k_best <= MAX_KEPT,
            f"max_matches * k_best must not exceed {MAX_KEPT:,}",
        )
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
            k_best=self.k_best,
            max_matches=self.max_matches,
            max_work=self.max_work,
            max_degree=self.max_degree,
            depth=np.empty(0, np.int8),
        )


def prepare(edges: Edges, limits: Limits) -> Limits:
    """Add the depth of every edge, so that the search starts only where a chain can follow."""
    return limits._replace(depth=depths_out(edges, limits, limits.min_hops))


def chain_depths(edges: Edges, params: LayeringChain) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the hops of the longest walk into and out of every edge, itself included.

    Walks obey the gaps and amounts of `params` and may visit an account again; both are cut at
    `max_hops`. Nothing is enumerated: O(compatible pairs) a hop. Where more than `max_degree`
    transfers could continue an edge, depth_out is an upper bound and depth_in a lower one.

    Returns
    -------
    depth_in, depth_out
        Shape (E,), from 1 to ``params.max_hops``.
    """
    limits = params.limits()
    return (
        depths_in(edges, limits, limits.max_hops),
        depths_out(edges, limits, limits.max_hops),
    )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: LayeringChain) -> list[Match]:
    """Find the same, from the definition: walk every path, keep those that cannot be longer."""
    p = params.limits()
    real = [t for t in view.transfers if t.originator != t.beneficiary]
    leaving, entering = groups(real, by="originator"), groups(real, by="beneficiary")
    found: dict[tuple[int, int], list[tuple[int, int, tuple[int, ...]]]] = {}

    def continues(first: Transfer, then: Transfer) -> bool:
        on_time = p.strict <= then.at - first.at <= p.gap
        return on_time and carried(first, then, p.low, p.high, p.fx)

    def walk(path: list[Transfer]) -> None:
        on_path = {path[0].originator, *(t.beneficiary for t in path)}
        onward = [
            t
            for t in leaving.get(path[-1].beneficiary, ())
            if t.beneficiary not in on_path and continues(path[-1], t)
        ]
        if onward and len(path) < p.max_hops:
            for t in onward:
                walk([*path, t])
            return
        longer = any(
            t.originator not in on_path and continues(t, path[0])
            for t in entering.get(path[0].originator, ())
        )
        crossed = sum(t.border for t in path)
        holders = len({view.holder[account] for account in on_path})
        enough = crossed >= p.min_borders and holders >= p.min_holders
        if len(path) >= p.min_hops and enough and not longer:
            share = returned(path[0], path[-1])
            distance = UNKNOWN if share is None else abs(share - 10_000)
            key = (path[0].row, path[-1].beneficiary)
            chain = (-len(path), distance, tuple(t.row for t in path))
            found.setdefault(key, []).append(chain)

    for t in real:
        walk([t])
    base = {t.row: -1 if t.base is None else t.base for t in real}
    start = {t.row: t.originator for t in real}
    out = []
    for (anchor, _), chains in found.items():
        for _, _, rows in sorted(chains)[: p.k_best]:
            roles = (0, *(1,) * (len(rows) - 2), 2)
            evidence = tuple((r, role, base[r]) for r, role in zip(rows, roles, strict=True))
            out.append(Match(anchor, start[anchor], len(chains), evidence))
    return out


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _chain(choose: Choose, params: LayeringChain, hops: int) -> Instance:
    p = params.limits()
    amount = choose.integer(100_000, 50_000_000)
    at = 0
    payments = []
    for i in range(hops):
        payments.append(Payment(at, i, i + 1, amount))
        # every other draw sits on a bound, since bounds are where kernels go wrong
        share = choose.integer(p.low, min(p.high, 10_000)) if choose.integer(0, 1) else p.low
        amount = -(-amount * share // 10_000)
        at += choose.integer(p.strict, p.gap) if choose.integer(0, 1) else p.gap
    return Instance(tuple(payments), tuple(_PLACES[i % len(_PLACES)] for i in range(hops + 1)))


def plant(choose: Choose, params: LayeringChain) -> Instance:
    """Draw a chain of between `min_hops` and `max_hops` transfers."""
    p = params.limits()
    return _chain(choose, params, choose.integer(p.min_hops, min(p.max_hops, p.min_hops + 4)))


def short(choose: Choose, params: LayeringChain) -> Instance:
    """Draw a chain with one transfer too few."""
    return _chain(choose, params, params.min_hops - 1)


def late(choose: Choose, params: LayeringChain) -> Instance:
    """Draw a shortest chain whose last hop waits a microsecond too long."""
    made = _chain(choose, params, params.min_hops)
    *rest, last = made.payments
    return made._replace(payments=(*rest, last._replace(at=rest[-1].at + params.limits().gap + 1)))


def leaky(choose: Choose, params: LayeringChain) -> Instance | None:
    """Draw a shortest chain whose last hop sends on a minor unit too little."""
    made = _chain(choose, params, params.min_hops)
    *rest, last = made.payments
    least = -(-rest[-1].amount * params.limits().low // 10_000)
    if least == 0:
        return None
    return made._replace(payments=(*rest, last._replace(amount=least - 1)))


def swollen(choose: Choose, params: LayeringChain) -> Instance:
    """Draw a shortest chain whose last hop sends on a minor unit too much."""
    made = _chain(choose, params, params.min_hops)
    *rest, last = made.payments
    most = rest[-1].amount * params.limits().high // 10_000
    return made._replace(payments=(*rest, last._replace(amount=most + 1)))


def early(choose: Choose, params: LayeringChain) -> Instance:
    """Draw a shortest chain whose last hop comes a microsecond before the one that feeds it."""
    made = _chain(choose, params, params.min_hops)
    *rest, last = (q._replace(at=q.at + 1) for q in made.payments)
    return made._replace(payments=(*rest, last._replace(at=rest[-1].at - 1)))


def revisits(choose: Choose, params: LayeringChain) -> Instance:
    """Draw a shortest chain whose last hop goes back to the account before."""
    made = _chain(choose, params, params.min_hops)
    *rest, last = made.payments
    return made._replace(payments=(*rest, last._replace(beneficiary=rest[-1].originator)))


def one_owner(choose: Choose, params: LayeringChain) -> Instance | None:
    """Draw a chain among the accounts of one holder too few: a treasury sweep."""
    if params.min_holders < 2:
        return None
    made = plant(choose, params)
    few = params.min_holders - 1
    return made._replace(holders=tuple(i % few for i in range(len(made.jurisdictions))))


def at_home(choose: Choose, params: LayeringChain) -> Instance | None:
    """Draw a chain that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="layering_chain",
    title="Layering chain",
    version=1,
    params=LayeringChain,
    search=layering_chain,
    reference=reference,
    plant=plant,
    near_misses={
        "short": short,
        "late": late,
        "leaky": leaky,
        "swollen": swollen,
        "early": early,
        "revisits": revisits,
        "one_owner": one_owner,
        "at_home": at_home,
    },
    roles=(Role("first", enters=True), Role("hop"), Role("last", leaves=True)),
    caps=("max_hops", "max_matches", "max_work", "max_degree"),
    reach=lambda limits: (limits.gap, limits.max_hops * limits.gap),
    doc=__doc__ or "",
    prepare=prepare,
)
