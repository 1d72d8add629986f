"""Round trip: money leaves an account, passes through others, and comes back.

**Finds** every time-respecting closed walk of 2 to `max_hops` transfers that starts at an account
and ends at the same account, or at another account of the same holder; that visits no account
twice in between; whose every hop sends on a like amount; and that returns most of what left.
Parallel transfers are bundled: one finding an anchor and circle of accounts (or the `k_best`),
showing the instance that returns the amount closest to what left, with the number of instances
beside it.

**Why it matters.** Money that returns to where it started has no commercial reason to travel. A
loan or an investment from abroad that is the lender's own money come home gives illicit funds a
lawful look and is hard to see from any one bank.

**What it does not claim.** That the money is the same money: it says that amounts and times allow
it. It does not trace a value through balances, and it says nothing about why.

**False positives.** Refunds and returned payments (two hops, same amount, same pair); treasury
sweeps within one group; swap and repo legs; marketplaces that pay out to sellers who also buy.

**Tuning.** `window` and `max_hops` widen the search; amounts prune more than either. For data with
dates only, ask for 90 days. `min_borders=2` leaves trips that truly go abroad and come back.

References
----------
FATF/Egmont Group, Trade-Based Money Laundering: Risk Indicators (2021), "circular" transactions.
Kumar, Calders, 2SCENT: An Efficient Algorithm to Enumerate All Simple Temporal Cycles, PVLDB 11(11)
(2018), section 3 (the temporal cycle; here with non-strict time, amounts and holders).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

import numpy as np

from xborder_aml._jit import jit
from xborder_aml.detectors._oracle import carried, groups, returned, slack_bp
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
from xborder_aml.kernels.amounts import fx_slack_bp
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

__all__ = ["DETECTOR", "RoundTrip"]


class Limits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    max_hops: int
    low: int
    high: int
    returned_low: int
    returned_high: int
    fx: int
    min_borders: int
    by_holder: int
    strict: int
    k_best: int
    max_matches: int
    max_work: int
    max_degree: int


@dataclass(frozen=True, slots=True)
class RoundTrip(Params):
    """Money leaves an account and comes back to it, or to its holder."""

    window: str | timedelta = param("30d", "Longest time from first to last transfer.", unit="time")
    max_hops: int = param(8, "Most transfers in a trip.", unit="transfers")
    close_on: Literal["holder", "account"] = param("holder", "What the money must come back to.")
    min_borders: int = param(1, BORDERS)
    min_returned: float = param(0.85, "Least share of what left that comes back.", unit="share")
    max_returned: float = param(1.15, "Largest share of what left that comes back.", unit="share")
    min_carried: float = param(0.8, "Least share of a hop that the next sends on.", unit="share")
    max_carried: float = param(1.2, "Largest share of a hop that the next sends on.", unit="share")
    fx_tolerance: float = param(
        0.02, "Widening of shares across currencies, a square root of a day.", unit="share"
    )
    strict_time: bool = param(False, "Ask that each hop be later than the one before.")
    k_best: int = param(1, "Instances shown of one first transfer and circle of accounts.")
    max_matches: int = param(100, "Circles of accounts kept an anchor.", cap=True)
    max_work: int = param(10_000, "Edges followed an anchor.", unit="edges", cap=True)
    max_degree: int = param(500, "Edges followed out of one account.", unit="edges", cap=True)

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(2 <= self.max_hops <= 32, "max_hops must lie between 2 and 32")
        self.require(1 <= self.k_best <= 100, "k_best must lie between 1 and 100")
        self.require(self.close_on in ("holder", "account"), "close_on is 'holder' or 'account'")
        self.require(self.min_returned <= self.max_returned, "min_returned exceeds max_returned")
        self.require(self.min_carried <= self.max_carried, "min_carried exceeds max_carried")
        self.require(
            min(self.max_matches, self.max_work, self.max_degree) >= 1, "caps must be at least 1"
        )
        self.require(
            self.max_matches * self.k_best <= MAX_KEPT,
            f"max_matches * k_best must not exceed {MAX_KEPT:,}",
        )
        return Limits(
            window=microseconds(self.window, "window"),
            max_hops=self.max_hops,
            low=basis_points(self.min_carried, "min_carried"),
            high=basis_points(self.max_carried, "max_carried"),
            returned_low=basis_points(self.min_returned, "min_returned"),
            returned_high=basis_points(self.max_returned, "max_returned"),
            fx=basis_points(self.fx_tolerance, "fx_tolerance"),
            min_borders=self.min_borders,
            by_holder=int(self.close_on == "holder"),
            strict=int(self.strict_time),
            k_best=self.k_best,
            max_matches=self.max_matches,
            max_work=self.max_work,
            max_degree=self.max_degree,
        )


# -- kernel -------------------------------------------------------------------------------------

_MAX_MATCHES, _MAX_WORK, _MAX_DEGREE = 0, 1, 2
_FEW = 64  # returning transfers looked at before a search is begun


def gap_to_full(edges: Edges, limits: Limits, anchor: int, last: int) -> int:
    """Return how far from all that left edge `last` returns, in basis points; -1 out of bounds."""
    got = returned_bp(edges, anchor, last)
    slack = 0
    if edges.sent_currency[anchor] != edges.received_currency[last]:
        slack = fx_slack_bp(limits.fx, edges.at[last] - edges.at[anchor])
    if got < max(0, limits.returned_low - slack) or got > limits.returned_high + slack:
        return -1
    return abs(got - 10_000)


def hopeless(edges: Edges, limits: Limits, anchor: int) -> bool:
    """Tell cheaply that no trip starts here: nothing goes on, or nothing like it comes back.

    Of the transfers that come back a few are looked at: on real ledgers most anchors end here.
    """
    until = edges.at[anchor] + limits.window
    there = edges.beneficiary[anchor]
    slot = edges.onward[anchor]
    if slot == edges.out_ptr[there + 1] or edges.out_at[slot] > until:
        return True
    home = edges.originator[anchor]
    if limits.by_holder and not edges.alone[home]:
        return False
    end = edges.in_ptr[home + 1]
    slot = first_after(edges.in_at, edges.in_ptr[home], end, edges.at[anchor] - 1)
    few = min(end, slot + _FEW)
    while slot < few and edges.in_at[slot] <= until:
        if gap_to_full(edges, limits, anchor, edges.in_row[slot]) >= 0:
            return False
        slot += 1
    return bool(slot == end or edges.in_at[slot] > until)


def closes(edges: Edges, limits: Limits, anchor: int, path: np.ndarray, hops: int) -> int:
    """Return how far from all that left a closed path returns, in basis points; -1: no match."""
    last = path[hops - 1]
    distance = gap_to_full(edges, limits, anchor, last)
    if distance < 0:
        return -1
    borders = 0
    lowest = anchor
    for i in range(hops):
        borders += edges.border[path[i]]
        lowest = min(lowest, path[i])
    if borders < limits.min_borders:
        return -1
    rotates = edges.beneficiary[last] == edges.originator[anchor]
    if rotates and edges.at[last] == edges.at[anchor] and lowest != anchor:
        return -1  # all at one time: only the rotation from the smallest id counts
    return distance


def keep(edges: Edges, bundles: Bundles, n: int, path: np.ndarray, hops: int, distance: int) -> int:
    """Bundle a closed path with those of the same accounts; return the number of bundles.

    Returns -1 when a new circle has no room.
    """
    k = bundles.hops.size // bundles.kept.size
    for m in range(n):
        if bundles.hops[m * k] != hops:
            continue
        same = True
        for i in range(hops):
            if edges.beneficiary[bundles.rows[m * k, i]] != edges.beneficiary[path[i]]:
                same = False
                break
        if same:
            insert(bundles, m, False, path, hops, distance)
            return n
    if n == bundles.kept.size:
        return -1
    insert(bundles, n, True, path, hops, distance)
    return n + 1


def explore(
    edges: Edges,
    limits: Limits,
    anchor: int,
    path: np.ndarray,
    slots: np.ndarray,
    bundles: Bundles,
    cut: np.ndarray,
) -> int:
    """Search all trips from one anchor, depth first; return the number of bundles.

    `path` and `slots` (max_hops,) are the stack. `cut` takes the first cap reached (-1: none) and
    the edges in view that were not followed.
    """
    until = edges.at[anchor] + limits.window
    home = edges.originator[anchor]
    owner = edges.holder[home]
    n = 0
    work = 0
    depth = 1
    path[0] = anchor
    slots[0] = edges.onward[anchor]
    first = edges.onward[anchor]
    cut[0] = -1
    cut[1] = 0
    base = np.empty(limits.max_hops, np.int64)  # first slot looked at on each level
    base[0] = first
    while depth > 0:
        here = edges.beneficiary[path[depth - 1]]
        end = edges.out_ptr[here + 1]
        slot = slots[depth - 1]
        if slot == end or edges.out_at[slot] > until:
            depth -= 1
            continue
        if slot - base[depth - 1] >= limits.max_degree:
            if cut[0] < 0:
                cut[0] = _MAX_DEGREE
            cut[1] += first_after(edges.out_at, slot, end, until) - slot
            depth -= 1
            continue
        if work == limits.max_work:
            if cut[0] < 0:
                cut[0] = _MAX_WORK
            for level in range(depth):
                there = edges.beneficiary[path[level]]
                stop = edges.out_ptr[there + 1]
                cut[1] += first_after(edges.out_at, slots[level], stop, until) - slots[level]
            return n
        slots[depth - 1] = slot + 1
        work += 1
        row = edges.out_row[slot]
        if limits.strict and edges.out_at[slot] == edges.at[path[depth - 1]]:
            continue
        if not carries(edges, path[depth - 1], row, limits.low, limits.high, limits.fx):
            continue
        to = edges.beneficiary[row]
        if to == home or (limits.by_holder and edges.holder[to] == owner):
            path[depth] = row
            distance = closes(edges, limits, anchor, path, depth + 1)
            if distance >= 0:
                kept = keep(edges, bundles, n, path, depth + 1, distance)
                if kept >= 0:
                    n = kept
                else:
                    if cut[0] < 0:
                        cut[0] = _MAX_MATCHES
                    cut[1] += 1
            continue
        if depth + 2 > limits.max_hops:
            continue
        seen = False
        for level in range(depth):
            if edges.beneficiary[path[level]] == to:
                seen = True
                break
        if seen:
            continue
        path[depth] = row
        slots[depth] = edges.onward[row]
        base[depth] = edges.onward[row]
        depth += 1
    return n


def search(edges: Edges, limits: Limits, first: int, last: int, out: Output) -> int:
    """Find the round trips of the anchors in ``[first, last)``."""
    path = np.empty(limits.max_hops, np.int64)
    slots = np.empty(limits.max_hops, np.int64)
    bundles = make_bundles(limits.max_matches, limits.k_best, limits.max_hops)
    cut = np.empty(2, np.int64)
    for anchor in range(first, last):
        begin(out, anchor)
        home = edges.originator[anchor]
        there = edges.beneficiary[anchor]
        if home == there or (limits.by_holder and edges.holder[home] == edges.holder[there]):
            continue
        if hopeless(edges, limits, anchor):
            continue
        n = explore(edges, limits, anchor, path, slots, bundles, cut)
        for m in range(n):
            for place in range(m * limits.k_best, m * limits.k_best + bundles.kept[m]):
                if not add_path(edges, bundles, place, out):
                    return full(out)
                if not add_finding(out, anchor, home, bundles.seen[m]):
                    return full(out)
        if cut[0] >= 0 and not add_cut(out, anchor, home, cut[0], cut[1]):
            return full(out)
    return DONE


gap_to_full = jit(gap_to_full)
hopeless = jit(hopeless)
closes = jit(closes)
keep = jit(keep)
explore = jit(explore)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: RoundTrip) -> list[Match]:
    """Find the same, from the definition: walk every path and test what comes back."""
    p = params.limits()
    leaving = groups(view.transfers, by="originator")
    found: dict[tuple[int, ...], list[tuple[int, tuple[int, ...]]]] = {}

    def home(account: int, start: int) -> bool:
        same = p.by_holder and view.holder[account] == view.holder[start]
        return account == start or bool(same)

    def walk(path: list[Transfer]) -> None:
        first, last = path[0], path[-1]
        start = first.originator
        if len(path) > 1 and home(last.beneficiary, start):
            share = returned(first, last)
            rotates = last.beneficiary == start and last.at == first.at
            ties = rotates and min(t.row for t in path) != first.row
            crossed = sum(t.border for t in path)
            slack = (
                0
                if first.sent_currency == last.received_currency
                else slack_bp(p.fx, last.at - first.at)
            )
            if (
                share is not None
                and p.returned_low - slack <= share <= p.returned_high + slack
                and crossed >= p.min_borders
                and not ties
            ):
                circle = (first.row, *(t.beneficiary for t in path))
                rows = tuple(t.row for t in path)
                found.setdefault(circle, []).append((abs(share - 10_000), rows))
            return
        if len(path) == p.max_hops or home(last.beneficiary, start):
            return
        if last.beneficiary in [t.beneficiary for t in path[:-1]]:
            return
        for t in leaving.get(last.beneficiary, ()):
            late = t.at <= last.at if p.strict else t.at < last.at
            if late or t.at > first.at + p.window:
                continue
            if carried(last, t, p.low, p.high, p.fx):
                walk([*path, t])

    for t in view.transfers:
        if not home(t.beneficiary, t.originator):
            walk([t])
    base = {t.row: -1 if t.base is None else t.base for t in view.transfers}
    by_row = {t.row: t for t in view.transfers}
    out = []
    for circle, instances in found.items():
        for _, rows in sorted(instances)[: p.k_best]:
            roles = (0, *(1,) * (len(rows) - 2), 2)
            evidence = tuple((r, role, base[r]) for r, role in zip(rows, roles, strict=True))
            start = by_row[circle[0]].originator
            out.append(Match(circle[0], start, len(instances), evidence))
    return out


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")


def plant(choose: Choose, params: RoundTrip) -> Instance:
    """Draw a round trip: a like amount, hop by hop, back to account 0."""
    p = params.limits()
    hops = choose.integer(2, min(p.max_hops, len(_PLACES)))
    step = p.window // hops
    low = max(p.low, 10_000 - max(0, 10_000 - p.returned_low) // hops)
    amount = choose.integer(100_000, 50_000_000)
    at = 0
    payments = []
    for i in range(hops):
        payments.append(Payment(at, i, (i + 1) % hops, amount))
        amount = -(-amount * choose.integer(low, 10_000) // 10_000)
        at += choose.integer(p.strict, step)
    if choose.integer(0, 1):  # the window is closed: its very end counts
        payments[-1] = payments[-1]._replace(at=p.window)
    return Instance(tuple(payments), _PLACES[:hops])


def late(choose: Choose, params: RoundTrip) -> Instance:
    """Draw a round trip whose last transfer comes a microsecond after the window."""
    made = plant(choose, params)
    last = made.payments[-1]._replace(at=params.limits().window + 1)
    return made._replace(payments=(*made.payments[:-1], last))


def leaky(choose: Choose, params: RoundTrip) -> Instance | None:
    """Draw a round trip that returns one minor unit too little."""
    p = params.limits()
    made = plant(choose, params)
    least = -(-made.payments[0].amount * p.returned_low // 10_000)
    if least == 0:
        return None
    last = made.payments[-1]._replace(amount=least - 1)
    return made._replace(payments=(*made.payments[:-1], last))


def unordered(choose: Choose, params: RoundTrip) -> Instance | None:
    """Draw a circle whose second transfer comes after its last: no rotation is in order."""
    p = params.limits()
    if p.max_hops < 3 or p.window < 2:
        return None
    amount = choose.integer(100_000, 50_000_000)
    payments = (Payment(0, 0, 1, amount), Payment(2, 1, 2, amount), Payment(1, 2, 0, amount))
    return Instance(payments, _PLACES[:3])


def not_home(choose: Choose, params: RoundTrip) -> Instance:
    """Draw a chain that ends at a stranger."""
    made = plant(choose, params)
    hops = len(made.payments)
    last = made.payments[-1]._replace(beneficiary=hops)
    return made._replace(
        payments=(*made.payments[:-1], last), jurisdictions=(*made.jurisdictions, "GB")
    )


def at_home(choose: Choose, params: RoundTrip) -> Instance | None:
    """Draw a round trip that crosses one border too few."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="round_trip",
    title="Round trip",
    version=1,
    params=RoundTrip,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={
        "late": late,
        "leaky": leaky,
        "unordered": unordered,
        "not_home": not_home,
        "at_home": at_home,
    },
    roles=(Role("leave", enters=True), Role("hop"), Role("return", leaves=True)),
    caps=("max_matches", "max_work", "max_degree"),
    doc=__doc__ or "",
    coarse={"window": "90d"},
)
