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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
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
from xborder_aml.kernels.bundles import MAX_KEPT, Bundles, add_path, insert, make_bundles
from xborder_aml.kernels.edges import Edges, carries, first_after, returned_bp
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_finding,
    begin,
    full,
)

__all__ = ["DETECTOR", "LayeringChain", "chain_depths"]

_UNKNOWN = 2**31  # distance of a chain whose ends cannot be compared: after all others


class Limits(NamedTuple):
    """What the kernel reads of the parameters."""

    gap: int
    min_hops: int
    max_hops: int
    low: int
    high: int
    fx: int
    min_borders: int
    min_holders: int
    strict: int
    k_best: int
    max_matches: int
    max_work: int
    max_degree: int
    depth: NDArray[np.int8]  # (E,) hops that may follow, this one included, up to min_hops


@dataclass(frozen=True, slots=True)
class LayeringChain(Params):
    """Money moves on through account after account."""

    max_gap: str | timedelta = param("5d", "Longest time from one hop to the next.", unit="time")
    min_hops: int = param(3, "Fewest transfers in a chain.", unit="transfers")
    max_hops: int = param(8, "Most transfers in a chain.", unit="transfers")
    min_carried: float = param(0.8, "Least share of a hop that the next sends on.", unit="share")
    max_carried: float = param(1.05, "Largest share of a hop that the next sends on.", unit="share")
    fx_tolerance: float = param(
        0.02, "Widening of shares across currencies, a square root of a day.", unit="share"
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


# -- kernel -------------------------------------------------------------------------------------

_MAX_HOPS, _MAX_MATCHES, _MAX_WORK, _MAX_DEGREE = 0, 1, 2, 3


def follows(edges: Edges, limits: Limits, first: int, then: int) -> bool:
    """Tell whether edge `then`, out of the account that `first` went into, continues it."""
    gap = edges.at[then] - edges.at[first]
    return (
        limits.strict <= gap <= limits.gap
        and edges.beneficiary[then] != edges.originator[then]
        and carries(edges, first, then, limits.low, limits.high, limits.fx)
    )


def depths_out(edges: Edges, limits: Limits, levels: int) -> NDArray[np.int8]:
    """Return how many hops the longest walk from each edge has, itself included, up to `levels`.

    A dynamic programme by rounds: an edge reaches depth k when one that follows it has depth k - 1.
    Rounds rather than one sweep in time order, because edges of one instant may follow one another
    both ways. No more than `max_degree` continuations of an edge are looked at; an edge that has
    more counts as going on, so that a search comes there, meets the cap and tells it.
    """
    n = edges.at.size
    depth = np.ones(n, np.int8)
    for level in range(2, levels + 1):
        for e in range(n):
            if depth[e] != level - 1 or edges.originator[e] == edges.beneficiary[e]:
                continue
            until = edges.at[e] + limits.gap
            slot = edges.onward[e]
            end = edges.out_ptr[edges.beneficiary[e] + 1]
            stop = min(end, slot + limits.max_degree)
            while slot < stop and edges.out_at[slot] <= until:
                then = edges.out_row[slot]
                if depth[then] >= level - 1 and follows(edges, limits, e, then):
                    depth[e] = level
                    break
                slot += 1
            if slot == stop and stop < end and edges.out_at[stop] <= until:
                depth[e] = level
    return depth


def depths_in(edges: Edges, limits: Limits, levels: int) -> NDArray[np.int8]:
    """Return how many hops the longest walk into each edge has, itself included, up to `levels`."""
    n = edges.at.size
    depth = np.ones(n, np.int8)
    for level in range(2, levels + 1):
        reached = depth.copy()
        for e in range(n):
            if depth[e] != level - 1 or edges.originator[e] == edges.beneficiary[e]:
                continue
            first = edges.onward[e]
            end = min(edges.out_ptr[edges.beneficiary[e] + 1], first + limits.max_degree)
            for slot in range(first, end):
                if edges.out_at[slot] - edges.at[e] > limits.gap:
                    break
                then = edges.out_row[slot]
                if reached[then] < level and follows(edges, limits, e, then):
                    reached[then] = level
        depth = reached
    return depth


def sources(
    edges: Edges, limits: Limits, anchor: int, found: NDArray[np.int32], cut: NDArray[np.int64]
) -> int:
    """Collect the distinct originators of edges that the anchor would continue.

    A chain is left-maximal only if all of them are on it. Returns their number, or -1 when there
    are more than a chain can hold; at most `max_degree` edges, the latest, are looked at.
    """
    here = edges.originator[anchor]
    low = edges.in_ptr[here]
    slot = first_after(edges.in_at, low, edges.in_ptr[here + 1], edges.at[anchor]) - 1
    n = 0
    looked = 0
    while slot >= low and edges.at[anchor] - edges.in_at[slot] <= limits.gap:
        if looked == limits.max_degree:
            cut[0] = _MAX_DEGREE
            cut[1] += (
                slot
                + 1
                - first_after(edges.in_at, low, slot + 1, edges.at[anchor] - limits.gap - 1)
            )
            return n
        before = edges.in_row[slot]
        slot -= 1
        looked += 1
        who = edges.originator[before]
        if who == here or who == edges.beneficiary[anchor]:
            continue  # a self-loop, or on every chain from here
        if not follows(edges, limits, before, anchor):
            continue
        known = False
        for i in range(n):
            known = known or found[i] == who
        if known:
            continue
        if n == limits.max_hops - 1:
            return -1
        found[n] = who
        n += 1
    return n


def reports(
    edges: Edges,
    limits: Limits,
    path: NDArray[np.int64],
    hops: int,
    before: NDArray[np.int32],
    n_before: int,
) -> bool:
    """Tell whether a path that cannot go on is a match: long enough, crossing, left-maximal."""
    if hops < limits.min_hops:
        return False
    borders = 0
    holders = 1
    for i in range(hops):
        borders += edges.border[path[i]]
        holder = edges.holder[edges.beneficiary[path[i]]]
        is_new = holder != edges.holder[edges.originator[path[0]]]
        for j in range(i):
            is_new = is_new and holder != edges.holder[edges.beneficiary[path[j]]]
        holders += is_new
    if borders < limits.min_borders or holders < limits.min_holders:
        return False
    for j in range(n_before):
        on_path = False
        for i in range(hops):
            on_path = on_path or edges.beneficiary[path[i]] == before[j]
        if not on_path:
            return False
    return True


def keep(edges: Edges, bundles: Bundles, n: int, path: NDArray[np.int64], hops: int) -> int:
    """Bundle a chain with those that end at the same account; return the number of bundles.

    Returns -1 when a new last account has no room.
    """
    got = returned_bp(edges, path[0], path[hops - 1])
    distance = _UNKNOWN if got < 0 else abs(got - 10_000)
    end = edges.beneficiary[path[hops - 1]]
    k = bundles.hops.size // bundles.kept.size
    for m in range(n):
        if edges.beneficiary[bundles.rows[m * k, bundles.hops[m * k] - 1]] == end:
            insert(bundles, m, False, path, hops, distance)
            return n
    if n == bundles.kept.size:
        return -1
    insert(bundles, n, True, path, hops, distance)
    return n + 1


def explore(
    edges: Edges,
    limits: Limits,
    path: NDArray[np.int64],
    state: NDArray[np.int64],
    before: NDArray[np.int32],
    n_before: int,
    bundles: Bundles,
    cut: NDArray[np.int64],
) -> int:
    """Search all chains from the anchor in ``path[0]``, depth first; return the bundles.

    `state` (max_hops, 3) is the stack: next slot, first slot, and whether the path can go on.
    """
    n = 0
    work = 0
    depth = 1
    start = edges.originator[path[0]]
    state[0, 0] = state[0, 1] = edges.onward[path[0]]
    state[0, 2] = 0
    while depth > 0:
        last = path[depth - 1]
        here = edges.beneficiary[last]
        until = edges.at[last] + limits.gap
        slot = state[depth - 1, 0]
        end = edges.out_ptr[here + 1]
        over = slot == end or edges.out_at[slot] > until
        if not over and slot - state[depth - 1, 1] >= limits.max_degree:
            if cut[0] < 0:
                cut[0] = _MAX_DEGREE
            cut[1] += first_after(edges.out_at, slot, end, until) - slot
            over = True
        if not over and depth == limits.max_hops and state[depth - 1, 2]:
            if cut[0] < 0:
                cut[0] = _MAX_HOPS
            cut[1] += 1
            over = True
        if over:
            goes_on = state[depth - 1, 2] and depth < limits.max_hops
            if not goes_on and reports(edges, limits, path, depth, before, n_before):
                kept = keep(edges, bundles, n, path, depth)
                if kept >= 0:
                    n = kept
                else:
                    if cut[0] < 0:
                        cut[0] = _MAX_MATCHES
                    cut[1] += 1
            depth -= 1
            continue
        if work == limits.max_work:
            if cut[0] < 0:
                cut[0] = _MAX_WORK
            for i in range(depth):
                there = edges.beneficiary[path[i]]
                stop = edges.out_ptr[there + 1]
                cut[1] += max(
                    0,
                    first_after(edges.out_at, state[i, 0], stop, edges.at[path[i]] + limits.gap)
                    - state[i, 0],
                )
            return n
        state[depth - 1, 0] = slot + 1
        work += 1
        row = edges.out_row[slot]
        to = edges.beneficiary[row]
        on_path = to == start
        for i in range(depth):
            on_path = on_path or edges.beneficiary[path[i]] == to
        if on_path or not follows(edges, limits, last, row):
            continue
        state[depth - 1, 2] = 1
        if depth == limits.max_hops or depth + limits.depth[row] < limits.min_hops:
            continue
        path[depth] = row
        state[depth, 0] = state[depth, 1] = edges.onward[row]
        state[depth, 2] = 0
        depth += 1
    return n


def search(edges: Edges, limits: Limits, first: int, last: int, out: Output) -> int:
    """Find the chains of the anchors in ``[first, last)``."""
    bundles = make_bundles(limits.max_matches, limits.k_best, limits.max_hops)
    path = np.empty(limits.max_hops, np.int64)
    state = np.empty((limits.max_hops, 3), np.int64)
    before = np.empty(limits.max_hops, np.int32)
    cut = np.empty(2, np.int64)
    for anchor in range(first, last):
        begin(out, anchor)
        start = edges.originator[anchor]
        if limits.depth[anchor] < limits.min_hops or start == edges.beneficiary[anchor]:
            continue
        cut[0] = -1
        cut[1] = 0
        n_before = sources(edges, limits, anchor, before, cut)
        if n_before < 0:
            continue
        path[0] = anchor
        n = explore(edges, limits, path, state, before, n_before, bundles, cut)
        for m in range(n):
            for place in range(m * limits.k_best, m * limits.k_best + bundles.kept[m]):
                if not add_path(edges, bundles, place, out):
                    return full(out)
                if not add_finding(out, anchor, start, bundles.seen[m]):
                    return full(out)
        if cut[0] >= 0 and not add_cut(out, anchor, start, cut[0], cut[1]):
            return full(out)
    return DONE


follows = jit(follows)
depths_out = jit(depths_out)
depths_in = jit(depths_in)
sources = jit(sources)
reports = jit(reports)
keep = jit(keep)
explore = jit(explore)


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
            distance = _UNKNOWN if share is None else abs(share - 10_000)
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
    search=jit(search),
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
    doc=__doc__ or "",
    prepare=prepare,
)
