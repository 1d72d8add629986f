"""Split match: one payment in, many out that sum to it; or many in, one out.

**Finds** every payment into an account, the whole, that payments out of it within `window`
afterwards sum to, within a fee: together they pass on between `min_retained` and `max_retained` of
it. And the mirror image: every payment out that payments in within `window` before it sum to. The
parts are at least `min_parts` payments that follow one another on their side of the account, a run.
Only where no run matches, and there are at most `max_free` payments to choose from, may they be any
of them. Whole and parts cross at least `min_borders` borders. Of several matches of one whole the
nearest sum is shown, the earliest of equals, with the number of them beside it.

Much matches by chance: among 8 random payments some subset comes within 1 % of a random sum four
times in ten. So each match carries its chance, `measure`: of 1,000 other wholes, spread evenly from
half of the true one to twice it, the share that some run (or, if it took one, some subset) of the
very same payments would have matched as well. Matches whose chance exceeds `max_chance` are left
out, and so are wholes with more than `max_candidates` payments to choose from, of which some run
always fits.

**Why it matters.** To break one sum into several, or to put it together again, hides it from
whoever looks for its amount. It is what a mule does with a large transfer, and what an account does
that collects the parts of a price. Amounts that add up tie payments together that nothing else
does.

**What it does not claim.** That the parts were paid with the whole: money in one account is mixed.
The chance speaks of evenly spread amounts; round ones meet more often than it says, and so do the
standing payments of a budget. A payment may be a part of several wholes. Amounts are base amounts;
payments without one, of nothing, or from an account to itself are left out.

**False positives.** A salary that goes to rent and savings; agents, notaries and marketplaces that
pay out what they were paid, less a fee; invoices paid in instalments; cash pools of one group.

**Tuning.** `max_chance` decides most. A narrower fee leaves fewer matches and makes each worth
more; ledgers in several currencies need a wider one. `max_free=0` leaves runs only.

References
----------
Karp, Reducibility among Combinatorial Problems, in Complexity of Computer Computations (1972):
the subset sum problem, which only small sets of candidates allow to be searched whole.
FATF, Professional Money Laundering (2018): accounts opened for the money of others to move through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

from xborder_aml.detectors._oracle import groups
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
from xborder_aml.kernels.amounts import BP
from xborder_aml.kernels.split_match import STEP, split_match
from xborder_aml.kernels.split_match import SplitMatchLimits as Limits

__all__ = ["DETECTOR", "SplitMatch"]

_MAX_FREE = 20
_MAX_CANDIDATES = 1_000


@dataclass(frozen=True, slots=True)
class SplitMatch(Params):
    """One payment in, many out that sum to it; or many in, one out.

    Examples
    --------
    >>> SplitMatch(min_retained=0.995).to_dict()["min_retained"]
    0.995
    """

    window: str | timedelta = param("48h", "Longest time between whole and parts.", unit="time")
    min_parts: int = param(3, "Fewest payments that sum to the whole.", unit="transfers")
    min_retained: float = param(0.99, "Least share of what came in that went out.", unit="share")
    max_retained: float = param(1.0, "Largest share of what came in that went out.", unit="share")
    max_candidates: int = param(50, "Most payments to choose runs from.", unit="transfers")
    max_free: int = param(12, "Most payments to choose any from.", unit="transfers")
    max_chance: float = param(
        0.05, "Largest share of other wholes that would match too.", unit="share"
    )
    min_borders: int = param(1, BORDERS)
    strict_time: bool = param(False, "Ask that debits be later than the credits they match.")

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        low = basis_points(self.min_retained, "min_retained")
        high = basis_points(self.max_retained, "max_retained")
        chance = basis_points(self.max_chance, "max_chance") // 10
        self.require(self.min_parts >= 2, "min_parts must be at least 2")
        self.require(low <= high, "min_retained exceeds max_retained")
        self.require(
            BP // 2 <= low and high <= 2 * BP,
            "min_retained and max_retained, which allow for a fee, must lie between 0.5 and 2",
        )
        self.require(
            self.max_free <= _MAX_FREE, f"max_free must not exceed {_MAX_FREE}: subsets are many"
        )
        self.require(
            self.min_parts <= self.max_candidates <= _MAX_CANDIDATES,
            f"max_candidates must lie between min_parts and {_MAX_CANDIDATES}",
        )
        self.require(
            _band(low, high) <= chance,
            f"max_chance must be at least {_band(low, high) / 1_000}, which is the chance of a "
            "single sum with this fee",
        )
        return Limits(
            window=microseconds(self.window, "window"),
            low=low,
            high=high,
            min_parts=self.min_parts,
            max_candidates=self.max_candidates,
            max_free=self.max_free,
            chance=chance,
            min_borders=self.min_borders,
            strict=int(self.strict_time),
        )


def _band(low: int, high: int) -> int:
    """Return the most targets that a sum which matches the whole matches."""
    return BP * (high - low) // low // STEP + 1


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: SplitMatch) -> list[Match]:
    """Find the same, from the definition: try every run, then every subset, of each whole."""
    p = params.limits()
    transfers = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    came = groups(transfers, by="beneficiary")
    went = groups(transfers, by="originator")
    out = []
    for account in sorted(came.keys() & went.keys()):
        for whole in came[account]:
            later = [t for t in went[account] if p.strict <= t.at - whole.at <= p.window]
            out += matched(whole, later, account, p)
        for whole in went[account]:
            before = [t for t in came[account] if p.strict <= whole.at - t.at <= p.window]
            out += matched(whole, before, account, p)
    return out


Parts = tuple[Transfer, ...]


def matched(whole: Transfer, candidates: list[Transfer], account: int, p: Limits) -> list[Match]:
    """Return the match of one whole, if there is one."""
    n = len(candidates)
    if not p.min_parts <= n <= p.max_candidates:
        return []
    merge = whole.originator == account

    def fits(parts: Parts) -> bool:
        crossed = whole.border + sum(t.border for t in parts)
        return crossed >= p.min_borders and alike(money(parts), money([whole]), merge, p)

    tried = list(runs(candidates, p.min_parts))
    found = [parts for parts in tried if fits(parts)]
    if not found and n <= p.max_free:
        tried = [c for k in range(p.min_parts, n + 1) for c in combinations(candidates, k)]
        found = [parts for parts in tried if fits(parts)]
    if not found:
        return []
    chance = struck((money(parts) for parts in tried), money([whole]), merge, p)
    if chance > p.chance:
        return []
    best = min(found, key=lambda x: (abs(money([whole]) - money(x)), [t.row for t in x]))
    came, went = (best, (whole,)) if merge else ((whole,), best)
    evidence = [(t.row, 0, money([t])) for t in came] + [(t.row, 1, money([t])) for t in went]
    anchor = min(row for row, _, _ in evidence)
    return [Match(anchor, account, len(found), tuple(evidence), chance)]


def money(parts: Iterable[Transfer]) -> int:
    """Return a sum of base amounts."""
    return sum(t.base or 0 for t in parts)


def runs(candidates: list[Transfer], least: int) -> Iterator[Parts]:
    """Yield the runs of at least so many."""
    for first in range(len(candidates)):
        for end in range(first + least, len(candidates) + 1):
            yield tuple(candidates[first:end])


def alike(parts: int, whole: int, merge: bool, p: Limits) -> bool:
    """Tell whether what went out is what came in, within the fee."""
    came, went = (parts, whole) if merge else (whole, parts)
    return p.low * came <= 10_000 * went <= p.high * came


def struck(sums: Iterable[int], whole: int, merge: bool, p: Limits) -> int:
    """Return how many of 1,000 other wholes, in basis points of the true one, would match."""
    shares = {10_000 * total // whole for total in sums}
    targets = range(5_000, 20_000, 15)
    return sum(any(alike(share, other, merge, p) for share in shares) for other in targets)


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")
_LONE = 1  # the partner who sends or receives the whole


def _bounds(total: int, merge: bool, p: Limits) -> tuple[int, int]:
    """Return the smallest and the largest whole that parts of this sum match."""
    if merge:
        return -(-total * p.low // BP), total * p.high // BP
    return -(-total * BP // p.high), total * BP // p.low


def _instance(at: int, whole: int, parts: list[tuple[int, int]], merge: bool) -> Instance:
    """Return a whole and parts, (time, amount), of account 0; merged, all is turned round."""
    legs = [(at, _LONE, whole), *((t, i, money) for i, (t, money) in enumerate(parts, _LONE + 1))]
    end = max(t for t, _, _ in legs)
    payments = [
        Payment(end - t if merge else t, *((0, i) if merge == (i == _LONE) else (i, 0)), money)
        for t, i, money in legs
    ]
    places = ("EE", *(_PLACES[i % len(_PLACES)] for i in range(len(legs))))
    return Instance(tuple(payments), places)


def _draw(
    choose: Choose, p: Limits, n: int, off: int = 0, first: int | None = None, late: int = 0
) -> Instance:
    """Draw a whole and `n` parts of it.

    Parameters
    ----------
    off
        The whole is so much too large, or if negative too small, to match.
    first, late
        The time of the first part after the whole, and how much too late the last one is.
    """
    merge = bool(choose.integer(0, 1))
    amounts = [10_000 * choose.integer(50, 500) + choose.integer(0, 99) for _ in range(n)]
    low, high = _bounds(sum(amounts), merge, p)
    whole = (low, high, choose.integer(low, high))[choose.integer(0, 2)]
    if off:
        whole = high + off if off > 0 else low + off
    start = choose.integer(p.strict, p.window) if first is None else first
    end = p.window if choose.integer(0, 1) else choose.integer(max(start, p.strict), p.window)
    middle = sorted(choose.integer(max(start, 0), end) for _ in range(n - 2))
    times = [start, *middle, p.window + late if late else end][-n:]
    shift = max(0, -start)
    parts = [(t + shift, money) for t, money in zip(times, amounts, strict=True)]
    return _instance(shift, whole, parts, merge)


def plant(choose: Choose, params: SplitMatch) -> Instance:
    """Draw a whole and enough parts, but no more than leave chance unlikely."""
    p = params.limits()
    most = p.min_parts
    band = _band(p.low, p.high)
    while most < p.min_parts + 2 and _runs(most + 1 - p.min_parts) * band <= p.chance:
        most += 1
    n = choose.integer(p.min_parts, min(most, p.max_candidates))
    return _draw(choose, p, max(n, p.min_borders - 1))


def _runs(more: int) -> int:
    """Return how many runs there are of so many parts more than the fewest."""
    return (more + 1) * (more + 2) // 2


def few(choose: Choose, params: SplitMatch) -> Instance:
    """Draw one part too few."""
    return _draw(choose, params.limits(), params.min_parts - 1)


def late(choose: Choose, params: SplitMatch) -> Instance:
    """Draw just enough parts, of which the last is a microsecond too far from the whole."""
    return _draw(choose, params.limits(), params.min_parts, late=1)


def unordered(choose: Choose, params: SplitMatch) -> Instance:
    """Draw just enough parts, one of which lies on the wrong side of the whole."""
    p = params.limits()
    return _draw(choose, p, p.min_parts, first=p.strict - 1)


def too_small(choose: Choose, params: SplitMatch) -> Instance:
    """Draw a whole of one minor unit too little."""
    return _draw(choose, params.limits(), params.min_parts, off=-1)


def too_large(choose: Choose, params: SplitMatch) -> Instance:
    """Draw a whole of one minor unit too much."""
    return _draw(choose, params.limits(), params.min_parts, off=1)


def at_home(choose: Choose, params: SplitMatch) -> Instance | None:
    """Draw a whole and parts that cross no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="split_match",
    title="Split match",
    version=1,
    params=SplitMatch,
    search=split_match,
    reference=reference,
    plant=plant,
    near_misses={
        "few": few,
        "late": late,
        "unordered": unordered,
        "too_small": too_small,
        "too_large": too_large,
        "at_home": at_home,
    },
    roles=(Role("in", enters=True), Role("out", leaves=True)),
    caps=(),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, limits.window),
    measure=Measure("chance", "Share of other wholes that would have matched too.", unit=1e-3),
    hops=2,
    coarse={"window": "72h"},
)
