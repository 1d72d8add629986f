"""Gather-scatter: many accounts pay one, which then pays many.

**Finds** every account that at least `min_sources` distinct accounts pay and that afterwards pays
at least `min_destinations` distinct accounts, all within `window`, passing on between
`min_retained` and `max_retained` of what it gathered, with at least `min_borders` of these payments
crossing a border. A window starts at a payment to the account and holds all of its payments, in and
out, from then until `window` later. It is split at the time of one of the payments in: what came
until then is the gather, what left from then on is the scatter. Of the splits that meet every
condition the one whose two sums are nearest counts, the earliest of equals. Of windows that start
within `window` of one another the one with the most counterparties is shown, and the earliest of
equals. So the findings of one account never share a payment, and no money is counted twice.

**Why it matters.** Gathering and scattering in one account cuts the link between those who paid and
those who are paid: it is the hub of mule networks, of hawala-like settlement and of laundromats.

**What it does not claim.** That any one payee is paid with any one payer's money, or that payers or
payees belong together. Counterparties are accounts: two of one holder count twice. Payments without
a known base amount, of nothing, or to itself are left out. That there was no other time: a window
hides those near it that it beats, even when it is itself hidden, so a steady stream is shown only
where it is strongest, or where it starts.

**False positives.** Payroll and supplier runs after customers paid; marketplaces, escrow and client
accounts; collecting societies; lotteries and crowdfunding; treasury accounts of one group.

**Tuning.** `min_sources` and `min_destinations` decide most; the share retained decides the rest,
since an account with other business in the same days passes on another share. A shorter `window`
leaves bursts. An account with more than `max_edges` payments in a window is searched only in the
first of them, and the run tells so: such an account is better named than searched.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), the pattern
"gather-scatter" (here with a window, thresholds, conserved sums and borders).
FFIEC, BSA/AML Examination Manual, Appendix F "Red Flags", Funds Transfers: many incoming transfers
that almost immediately, all or most of them, are wired to another city or country.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xborder_aml.detectors._oracle import Window, groups, peaks
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
from xborder_aml.kernels.gather_scatter import GatherScatterLimits as Limits
from xborder_aml.kernels.gather_scatter import gather_scatter

__all__ = ["DETECTOR", "GatherScatter"]


@dataclass(frozen=True, slots=True)
class GatherScatter(Params):
    """Many accounts pay one, which then pays many.

    Examples
    --------
    >>> GatherScatter(min_sources=5).to_dict(caps=False)["min_sources"]
    5
    """

    window: str | timedelta = param("7d", "Longest time from first to last payment.", unit="time")
    min_sources: int = param(3, "Fewest distinct payers.", unit="accounts")
    min_destinations: int = param(3, "Fewest distinct payees.", unit="accounts")
    min_retained: float = param(0.8, "Least share of the gathered that is passed on.", unit="share")
    max_retained: float = param(
        1.05, "Largest share of the gathered that is passed on.", unit="share"
    )
    min_borders: int = param(1, BORDERS)
    strict_time: bool = param(False, "Ask that the scatter be later than the gather.")
    max_edges: int = param(500, "Payments looked at in a window.", unit="edges", cap=True)

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(
            min(self.min_sources, self.min_destinations) >= 2,
            "min_sources and min_destinations must be at least 2",
        )
        self.require(self.min_retained <= self.max_retained, "min_retained exceeds max_retained")
        self.require(self.max_edges >= 1, "max_edges must be at least 1")
        return Limits(
            window=microseconds(self.window, "window"),
            min_sources=self.min_sources,
            min_destinations=self.min_destinations,
            low=basis_points(self.min_retained, "min_retained"),
            high=basis_points(self.max_retained, "max_retained"),
            min_borders=self.min_borders,
            strict=int(self.strict_time),
            max_edges=self.max_edges,
        )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: GatherScatter) -> list[Match]:
    """Find the same, from the definition: try every split of every window."""
    p = params.limits()
    transfers = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    paid_by = groups(transfers, by="originator")
    out = []
    for account, came in groups(transfers, by="beneficiary").items():
        candidates = []
        for first in came:
            held = [t for t in came if first.at <= t.at <= first.at + p.window]
            left = [t for t in paid_by.get(account, ()) if first.at <= t.at <= first.at + p.window]
            best = min(
                (s for t in held if (s := split_at(t.at, held, left, p)) is not None), default=None
            )
            if best is not None:
                _, _, score, gather, scatter = best
                evidence = [(t.row, 0, t.base or 0) for t in gather]
                evidence += [(t.row, 1, t.base or 0) for t in scatter]
                candidates.append(Window(first, score, tuple(evidence)))
        out += [Match(w.first.row, account, 1, w.evidence) for w in peaks(candidates, p.window)]
    return out


Split = tuple[int, int, int, list[Transfer], list[Transfer]]


def split_at(at: int, came: list[Transfer], left: list[Transfer], p: Limits) -> Split | None:
    """Return how far apart the sums of a split are, its time, score and two sides; None if not."""
    gather = [t for t in came if t.at <= at]
    scatter = [t for t in left if t.at >= at + p.strict]
    sources = {t.originator for t in gather}
    destinations = {t.beneficiary for t in scatter}
    money = sum(t.base or 0 for t in gather)
    passed = sum(t.base or 0 for t in scatter)
    if (
        len(sources) >= p.min_sources
        and len(destinations) >= p.min_destinations
        and p.low * money <= 10_000 * passed <= p.high * money
        and sum(t.border for t in gather + scatter) >= p.min_borders
    ):
        return abs(money - passed), at, len(sources) + len(destinations), gather, scatter
    return None


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")
_Leg = tuple[int, int, int]  # time, partner, amount


def _instance(came: list[_Leg], left: list[_Leg]) -> Instance:
    """Return the payments into and out of account 0, among the partners 1, 2, ..."""
    payments = [Payment(at, partner, 0, money) for at, partner, money in came]
    payments += [Payment(at, 0, partner, money) for at, partner, money in left]
    n = max(partner for _, partner, _ in came + left)
    return Instance(tuple(payments), ("EE", *(_PLACES[i % len(_PLACES)] for i in range(n))))


def _legs(choose: Choose, times: list[int], partners: list[int], money: int) -> list[_Leg]:
    """Return payments of positive amounts that sum to `money`, if that is enough for them."""
    n = len(times)
    parts = [choose.integer(1, max(1, money // n)) for _ in range(n - 1)]
    return list(zip(times, partners, [*parts, money - sum(parts)], strict=True))


def _draw(choose: Choose, p: Limits, n_in: int, n_out: int, retained: int) -> Instance:
    """Draw a gather that is enough from its last time on only, and a scatter after it."""
    gathered = 10_000 * choose.integer(100, 5_000)
    passed = max(n_out, gathered * retained // 10_000)
    when = choose.integer(0, p.window - p.strict)
    early = sorted(choose.integer(0, when) for _ in range(p.min_sources - 2))
    times = [0, *early, *(when for _ in range(n_in - p.min_sources + 1))]
    after = when + p.strict  # both bounds are closed: they count
    first = after if choose.integer(0, 1) else choose.integer(after, p.window)
    last = p.window if choose.integer(0, 1) else choose.integer(first, p.window)
    later = [first, *(choose.integer(first, last) for _ in range(n_out - 2)), last]
    return _instance(
        _legs(choose, times, list(range(1, n_in + 1)), gathered),
        _legs(choose, later, list(range(n_in + 1, n_in + n_out + 1)), passed),
    )


def _retained(choose: Choose, p: Limits) -> int:
    """Draw the share passed on, in basis points: often one of its bounds."""
    return (p.low, p.high, choose.integer(p.low, p.high))[choose.integer(0, 2)]


def plant(choose: Choose, params: GatherScatter) -> Instance:
    """Draw payments from enough accounts to account 0, and then from it to enough accounts."""
    p = params.limits()
    n_in = max(p.min_sources, p.min_borders // 2) + choose.integer(0, 2)
    n_out = max(p.min_destinations, -(-p.min_borders // 2)) + choose.integer(0, 2)
    return _draw(choose, p, n_in, n_out, _retained(choose, p))


def _least(choose: Choose, p: Limits) -> Instance:
    """Draw a gather-scatter of just enough accounts on either side."""
    return _draw(choose, p, p.min_sources, p.min_destinations, _retained(choose, p))


def few_sources(choose: Choose, params: GatherScatter) -> Instance:
    """Draw one payer too few: the last payment in comes from the first payer."""
    p = params.limits()
    made = _least(choose, p)
    payments = list(made.payments)
    payments[p.min_sources - 1] = payments[p.min_sources - 1]._replace(originator=1)
    return made._replace(payments=tuple(payments))


def few_destinations(choose: Choose, params: GatherScatter) -> Instance:
    """Draw one payee too few: the last payment out goes to the first payee."""
    p = params.limits()
    made = _least(choose, p)
    last = made.payments[-1]._replace(beneficiary=p.min_sources + 1)
    return made._replace(payments=(*made.payments[:-1], last))


def late(choose: Choose, params: GatherScatter) -> Instance:
    """Draw just enough payees, the last of whom is paid a microsecond after the window."""
    p = params.limits()
    made = _least(choose, p)
    return made._replace(
        payments=(*made.payments[:-1], made.payments[-1]._replace(at=p.window + 1))
    )


def _passing(choose: Choose, p: Limits, gathered: int, passed: int) -> Instance | None:
    """Draw a gather and a scatter of just enough accounts and these sums, a window apart."""
    n_in, n_out = p.min_sources, p.min_destinations
    if passed < n_out:
        return None
    return _instance(
        _legs(choose, [0] * n_in, list(range(1, n_in + 1)), gathered),
        _legs(choose, [p.window] * n_out, list(range(n_in + 1, n_in + n_out + 1)), passed),
    )


def unordered(choose: Choose, params: GatherScatter) -> Instance | None:
    """Draw just enough payees, one of whom is paid a microsecond before the last payment in."""
    p = params.limits()
    gathered = 10_000 * choose.integer(100, 5_000)
    made = _passing(choose, p, gathered, gathered * _retained(choose, p) // 10_000)
    if made is None or p.window < 2:
        return None
    payments = list(made.payments)
    payments[p.min_sources - 1] = payments[p.min_sources - 1]._replace(at=2)
    payments[p.min_sources] = payments[p.min_sources]._replace(at=1)
    return made._replace(payments=tuple(payments))


def leaky(choose: Choose, params: GatherScatter) -> Instance | None:
    """Draw a scatter of one minor unit too little."""
    p = params.limits()
    gathered = choose.integer(1_000_000, 50_000_000)
    return _passing(choose, p, gathered, -(-gathered * p.low // 10_000) - 1)


def swollen(choose: Choose, params: GatherScatter) -> Instance | None:
    """Draw a scatter of one minor unit too much."""
    p = params.limits()
    gathered = choose.integer(1_000_000, 50_000_000)
    return _passing(choose, p, gathered, gathered * p.high // 10_000 + 1)


def at_home(choose: Choose, params: GatherScatter) -> Instance | None:
    """Draw a gather-scatter that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="gather_scatter",
    title="Gather-scatter",
    version=1,
    params=GatherScatter,
    search=gather_scatter,
    reference=reference,
    plant=plant,
    near_misses={
        "few_sources": few_sources,
        "few_destinations": few_destinations,
        "late": late,
        "unordered": unordered,
        "leaky": leaky,
        "swollen": swollen,
        "at_home": at_home,
    },
    roles=(Role("in", enters=True), Role("out", leaves=True)),
    caps=("max_edges",),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, 2 * limits.window),
    hops=2,
)
