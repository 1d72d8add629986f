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
from typing import Literal

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
from xborder_aml.kernels.bundles import MAX_KEPT
from xborder_aml.kernels.round_trip import RoundTripLimits as Limits
from xborder_aml.kernels.round_trip import round_trip

__all__ = ["DETECTOR", "RoundTrip"]


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
        0.01, "Widening of shares across currencies, a square root of a day.", unit="share"
    )
    strict_time: bool = param(False, "Ask that each hop be later than the one before.")
    k_best: int = param(1, "Instances shown of one first transfer and circle of accounts.")
    max_matches: int = param(100, "Circles of accounts kept an anchor.", cap=True)
    max_work: int = param(50_000, "Edges followed an anchor.", unit="edges", cap=True)
    max_degree: int = param(1_000, "Edges followed out of one account.", unit="edges", cap=True)

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
    search=round_trip,
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
    reach=lambda limits: (0, limits.window),
    coarse={"window": "90d"},
)
