"""Pass-through: what an account receives leaves it again within a short time.

**Finds** every stretch of an account's life in which at least `min_share` of what came in went out
again within `window`. Each credit is a lot; each debit uses up the oldest lots that came at most
`window` before it, first in, first out. A stretch ends where the account rests for longer than
`window`, which no lot outlives, so stretches do not depend on one another. At least `min_credits`
credits must be passed on, wholly or in part, and at least `min_borders` of the transfers that the
money came and went by must cross a border. The evidence is those transfers, credits first, each
with the part of its amount that was matched: what came in equals what went out. A stretch that
would show more than `max_payments` of them is told among the truncations and not shown.

**Why it matters.** An account that money only passes through adds distance, not business: the mark
of mules, shell companies and the accounts that professional launderers rent out.

**What it does not claim.** That the money going out is the money that came in, since money in one
account is mixed: it says how much of it can be. First in, first out matches as much as any rule
can (Glover: give each debit, in order of time, the lots that expire first), so the share found is
an upper bound and a stretch that is not found passes on too little under every rule. Balances,
interest and cash are not seen.

**False positives.** Clearing, escrow and client accounts; payment processors and marketplaces;
treasury sweeps within one group; households whose salary goes to rent and a savings account.

**Tuning.** Raise `min_share` to 0.95 for accounts that keep a fee and nothing else, and
`min_credits` to ask for a habit; shorten `window` for mules. Ledgers with dates and no times get 72
hours: they hold booking dates, and what comes on a Friday leaves on a Monday. An account that never
rests has one stretch: the longest of a real laundromat holds 3,400 transfers, and those that
`max_payments` leaves out are better named than listed.

References
----------
Glover, Maximum Matching in a Convex Bipartite Graph, Naval Research Logistics Quarterly 14 (1967)
313-316: why first in, first out matches the most when all lots last equally long.
FFIEC, BSA/AML Examination Manual, Appendix F "Red Flags", Funds Transfers: many incoming transfers
that almost immediately, all or most of them, are wired to another city or country.
FATF, Professional Money Laundering (2018): accounts opened for the money of others to move through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from xborder_aml._jit import jit
from xborder_aml.detectors._oracle import groups
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
from xborder_aml.kernels.amounts import at_least
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.lots import Side, first_in_first_out
from xborder_aml.kernels.output import (
    DONE,
    Output,
    add_cut,
    add_evidence,
    add_finding,
    begin,
    full,
)
from xborder_aml.kernels.windows import rows_of, widest

__all__ = ["DETECTOR", "PassThrough"]


class Limits(NamedTuple):
    """What the kernel reads of the parameters."""

    window: int
    share: int
    min_credits: int
    min_borders: int
    strict: int
    max_payments: int


@dataclass(frozen=True, slots=True)
class PassThrough(Params):
    """What an account receives leaves it again within a short time.

    Examples
    --------
    >>> PassThrough(window="24h", min_share=0.95).to_dict()["min_share"]
    0.95
    """

    window: str | timedelta = param("48h", "Longest time that money stays.", unit="time")
    min_share: float = param(0.8, "Least share of what came in that is passed on.", unit="share")
    min_credits: int = param(2, "Fewest credits passed on, wholly or in part.", unit="transfers")
    min_borders: int = param(1, BORDERS)
    strict_time: bool = param(False, "Ask that a debit be later than the credit it uses.")
    max_payments: int = param(
        10_000, "Most payments of a stretch that is shown.", unit="transfers", cap=True
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(self.min_share <= 1, "min_share must not exceed 1, since no money is made")
        self.require(self.min_credits >= 1, "min_credits must be at least 1")
        self.require(self.max_payments >= 1, "max_payments must be at least 1")
        return Limits(
            window=microseconds(self.window, "window"),
            share=basis_points(self.min_share, "min_share"),
            min_credits=self.min_credits,
            min_borders=self.min_borders,
            strict=int(self.strict_time),
            max_payments=self.max_payments,
        )


# -- kernel -------------------------------------------------------------------------------------


def rest(
    edges: Edges, limits: Limits, credit: Side, c: int, n_in: int, debit: Side, d: int, n_out: int
) -> tuple[int, int]:
    """Return where the stretch ends that starts at credit `c` and debit `d`."""
    last = -1
    while c < n_in or d < n_out:
        comes = d == n_out or (c < n_in and edges.at[credit.row[c]] <= edges.at[debit.row[d]])
        now = edges.at[credit.row[c]] if comes else edges.at[debit.row[d]]
        if last >= 0 and now - edges.at[last] > limits.window:
            break
        if comes:
            last = credit.row[c]
            c += 1
        else:
            last = debit.row[d]
            d += 1
    return c, d


def passes(
    edges: Edges, limits: Limits, credit: Side, c: int, c_end: int, debit: Side, d: int, d_end: int
) -> tuple[int, int]:
    """Return the row of the first credit passed on if the stretch is a match, else -1.

    And how many of its payments were matched.
    """
    anchor = -1
    came = 0
    matched = 0
    n_credits = 0
    n_debits = 0
    borders = 0
    for i in range(c, c_end):
        came += edges.base[credit.row[i]]
        matched += credit.used[i]
        if credit.used[i] > 0:
            n_credits += 1
            borders += edges.border[credit.row[i]]
            if anchor < 0:
                anchor = credit.row[i]
    for i in range(d, d_end):
        if debit.used[i] > 0:
            n_debits += 1
            borders += edges.border[debit.row[i]]
    if n_credits < limits.min_credits or borders < limits.min_borders:
        return -1, n_credits + n_debits
    return (anchor if at_least(matched, came, limits.share) else -1), n_credits + n_debits


def add_used(out: Output, side: Side, first: int, last: int, role: int) -> bool:
    """Add the matched rows of one side as evidence."""
    for i in range(first, last):
        if side.used[i] > 0 and not add_evidence(out, side.row[i], role, side.used[i]):
            return False
    return True


def search(edges: Edges, limits: Limits, first: int, last: int, out: Output) -> int:
    """Find the pass-throughs of the accounts in ``[first, last)``."""
    room = widest(edges.in_ptr, first, last)
    credit = Side(np.empty(room, np.int64), np.empty(room, np.int64))
    room = widest(edges.out_ptr, first, last)
    debit = Side(np.empty(room, np.int64), np.empty(room, np.int64))
    for account in range(first, last):
        begin(out, account)
        n_in = rows_of(edges, edges.in_ptr, edges.in_row, account, 1, credit.row)
        n_out = rows_of(edges, edges.out_ptr, edges.out_row, account, 1, debit.row)
        if n_in < limits.min_credits or n_out == 0:
            continue
        first_in_first_out(edges, limits.window, limits.strict, credit, n_in, debit, n_out)
        c = 0
        d = 0
        while c < n_in or d < n_out:
            c_end, d_end = rest(edges, limits, credit, c, n_in, debit, d, n_out)
            anchor, n_used = passes(edges, limits, credit, c, c_end, debit, d, d_end)
            left = n_used - limits.max_payments
            if anchor >= 0 and left > 0:
                if not add_cut(out, anchor, account, 0, left):
                    return full(out)
            elif anchor >= 0 and not (
                add_used(out, credit, c, c_end, 0)
                and add_used(out, debit, d, d_end, 1)
                and add_finding(out, anchor, account, 1)
            ):
                return full(out)
            c = c_end
            d = d_end
    return DONE


rest = jit(rest)
passes = jit(passes)
add_used = jit(add_used)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: PassThrough) -> list[Match]:
    """Find the same, from the definition: replay each account's life, event by event."""
    p = params.limits()
    transfers = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    credits_of = groups(transfers, by="beneficiary")
    debits_of = groups(transfers, by="originator")
    out = []
    for account, came in credits_of.items():
        events = [(t.at, p.strict, t.row, t) for t in came]
        events += [(t.at, 1 - p.strict, t.row, t) for t in debits_of.get(account, ())]
        stretches: list[list[Transfer]] = []
        for _, _, _, t in sorted(events):
            if not stretches or t.at - stretches[-1][-1].at > p.window:
                stretches.append([])
            stretches[-1].append(t)
        for stretch in stretches:
            used = replay(account, stretch, p.window)
            total = sum(t.base or 0 for t in stretch if t.beneficiary == account)
            lots = [t for t in stretch if used[t.row] and t.beneficiary == account]
            paid = [t for t in stretch if used[t.row] and t.originator == account]
            if (
                len(lots) >= p.min_credits
                and 10_000 * sum(used[t.row] for t in lots) >= p.share * total
                and sum(t.border for t in lots + paid) >= p.min_borders
            ):
                evidence = [(t.row, 0, used[t.row]) for t in lots]
                evidence += [(t.row, 1, used[t.row]) for t in paid]
                out.append(Match(lots[0].row, account, 1, tuple(evidence)))
    return out


def replay(account: int, events: list[Transfer], window: int) -> dict[int, int]:
    """Return how much of each transfer is matched, when debits use up the oldest lots."""
    used = {t.row: 0 for t in events}
    lots: list[Transfer] = []
    for t in events:
        if t.beneficiary == account:
            lots.append(t)
            continue
        for lot in lots:
            if t.at - lot.at <= window:
                part = min((t.base or 0) - used[t.row], (lot.base or 0) - used[lot.row])
                used[lot.row] += part
                used[t.row] += part
    return used


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _instance(came: list[tuple[int, int]], went: list[tuple[int, int]]) -> Instance:
    """Return (time, amount) into and out of account 0, each from or to an account of its own."""
    payments = [Payment(at, i, 0, money) for i, (at, money) in enumerate(came, 1)]
    payments += [Payment(at, 0, i, money) for i, (at, money) in enumerate(went, 1 + len(came))]
    places = ("EE", *(_PLACES[i % len(_PLACES)] for i in range(len(payments))))
    return Instance(tuple(payments), places)


def _split(choose: Choose, total: int, n: int) -> list[int]:
    """Return `n` positive amounts that sum to `total`, which is at least `n`."""
    parts = [choose.integer(1, total // n) for _ in range(n - 1)]
    return [*parts, total - sum(parts)]


def _lots(choose: Choose, n: int) -> list[int]:
    """Return `n` amounts of which the last is as much as the others together."""
    parts = [10_000 * choose.integer(1, 500) for _ in range(n - 1)]
    return [*parts, sum(parts) or 10_000]


def plant(choose: Choose, params: PassThrough) -> Instance:
    """Draw credits that leave again: all at once, or one after another."""
    p = params.limits()
    n = max(p.min_credits, p.min_borders // 2) + choose.integer(0, 2)
    lots = _lots(choose, n)
    total = sum(lots)
    least = max(-(-total * p.share // 10_000), total - lots[-1] + 1)
    out = least if choose.integer(0, 1) else choose.integer(least, total)
    m = choose.integer(1, 3) + p.min_borders // 2
    if choose.integer(0, 1):  # one after another; the window is closed: its very end counts
        step = choose.integer(p.strict, p.window) if choose.integer(0, 1) else p.window
        pause = choose.integer(0, p.window)
        times = [i * (step + pause) for i in range(n)]
        debits = [(at + step, money) for at, money in zip(times, lots, strict=True)]
        debits[-1] = (debits[-1][0], out - sum(lots[:-1]))
    else:
        until = choose.integer(0, p.window - p.strict)
        times = [0, *sorted(choose.integer(0, until) for _ in range(n - 1))]
        late = choose.integer(0, 1)
        debits = [
            (p.window if late else choose.integer(until + p.strict, p.window), money)
            for money in _split(choose, out, min(m, out))
        ]
    return _instance(list(zip(times, lots, strict=True)), debits)


def _at_once(choose: Choose, p: Limits, n: int, at: int, out: int | None = None) -> Instance:
    """Draw `n` credits at time 0 and one debit."""
    lots = _lots(choose, n)
    return _instance([(0, money) for money in lots], [(at, sum(lots) if out is None else out)])


def late(choose: Choose, params: PassThrough) -> Instance:
    """Draw credits that leave a microsecond after the window."""
    p = params.limits()
    return _at_once(choose, p, max(p.min_credits, p.min_borders), p.window + 1)


def unordered(choose: Choose, params: PassThrough) -> Instance:
    """Draw a debit a microsecond before the credits that would cover it."""
    p = params.limits()
    made = _at_once(choose, p, max(p.min_credits, p.min_borders), 0)
    *came, went = made.payments
    return made._replace(payments=(*(x._replace(at=1) for x in came), went))


def kept(choose: Choose, params: PassThrough) -> Instance | None:
    """Draw credits of which one minor unit too little leaves."""
    p = params.limits()
    lots = _lots(choose, max(p.min_credits, p.min_borders))
    least = -(-sum(lots) * p.share // 10_000)
    if least < 2:
        return None
    return _instance([(0, money) for money in lots], [(p.window, least - 1)])


def few(choose: Choose, params: PassThrough) -> Instance | None:
    """Draw one credit too few, passed on in full."""
    p = params.limits()
    if p.min_credits < 2:
        return None
    return _at_once(choose, p, p.min_credits - 1, p.window)


def at_home(choose: Choose, params: PassThrough) -> Instance | None:
    """Draw a pass-through that crosses no border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="pass_through",
    title="Pass-through",
    version=1,
    params=PassThrough,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={
        "late": late,
        "unordered": unordered,
        "kept": kept,
        "few": few,
        "at_home": at_home,
    },
    roles=(Role("in", enters=True), Role("out", leaves=True)),
    caps=("max_payments",),
    doc=__doc__ or "",
    unit="account",
    hops=2,
    coarse={"window": "72h"},
)
