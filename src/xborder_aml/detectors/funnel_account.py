"""Funnel account: a new or resting account that many pay into and that is emptied at once.

**Finds** every burst of deposits into an account that was young or dormant when it began. An
account is young for `young` after its opening; where nobody knows when that was, after its first
payment in the ledger. It is dormant when its payment before lies more than `dormant` back. A burst
starts at a deposit and holds all that came until `window` later, and all that left until `stay`
after that. At least `min_depositors` distinct accounts pay in; at least `min_quick` of what they
paid leaves within `stay` of its coming, matched first in, first out; what left in all is what came,
give or take `max_left`; it is at least `min_rise` times what came in any window of that length that
was over before; and at least `min_borders` of the payments cross a border. Of bursts that start
within `window` of one another the one that brought most is shown, and the earliest of equals. A
burst of more than `max_payments` payments is told among the truncations and not shown. The
findings' `measure` is the number of depositors. Payments that move no money, or an amount that is
unknown in the base currency, count for nothing.

**Why it matters.** Cash that is paid in by many hands in one place and taken out in another has
crossed the country, or a border, without anybody carrying it. The accounts are opened or woken up
for the purpose, often in the name of a mule, and hold nothing between deposits.

**What it does not claim.** That the account is new: a ledger says when it first saw an account, and
in a ledger of a few months that is most of them; give `opened_on` in the accounts table where it is
known. That the depositors act together. That the deposits were cash, or where they were made: only
the jurisdictions of the accounts are seen.

**False positives.** Accounts opened for one purpose: an escrow for a sale, a collection for a gift
or a funeral, a rent deposit, the takings of a festival; a new merchant that is paid out daily.

**Tuning.** Raise `min_depositors` first. A shorter `stay` leaves accounts that are emptied the same
day. `young` and `dormant` of ten years and more ask for nothing but the funnel itself.

References
----------
FinCEN, Update on U.S. Currency Restrictions in Mexico: Funnel Accounts and TBML, FIN-2014-A005
(2014): an account that receives multiple deposits in one geographic area, withdrawn in another with
little time between.
FATF, Professional Money Laundering (2018): money mules and accounts opened for the money of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xborder_aml._jit import jit
from xborder_aml.detectors._oracle import Window, groups, peaks
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
from xborder_aml.detectors.pass_through import replay
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.funnel_account import FunnelLimits, funnel_account
from xborder_aml.kernels.output import Output

__all__ = ["DETECTOR", "FunnelAccount"]

_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class FunnelAccount(Params):
    """A new or resting account that many pay into and that is emptied at once.

    Examples
    --------
    >>> FunnelAccount(min_depositors=10, stay="24h").to_dict()["stay"]
    '1d'
    """

    window: str | timedelta = param("7d", "Longest time from first to last deposit.", unit="time")
    stay: str | timedelta = param("48h", "Longest time that money stays.", unit="time")
    min_depositors: int = param(5, "Fewest distinct payers.", unit="accounts")
    min_quick: float = param(0.8, "Least share that leaves within `stay`.", unit="share")
    max_left: float = param(
        0.05, "Most that what left may differ from what came, either way.", unit="share"
    )
    young: str | timedelta = param("90d", "How long after opening an account is new.", unit="time")
    dormant: str | timedelta = param("90d", "A rest longer than this is dormancy.", unit="time")
    min_rise: float = param(3.0, "Least multiple of what came in any window before.", unit="share")
    min_borders: int = param(1, BORDERS)
    strict_time: bool = param(False, "Ask that a debit be later than the credit it uses.")
    max_payments: int = param(
        1_000, "Most payments of a burst that is shown.", unit="transfers", cap=True
    )

    def limits(self) -> FunnelLimits:
        """Return the kernel's limits, checked."""
        self.require(self.min_depositors >= 1, "min_depositors must be at least 1")
        self.require(self.min_quick <= 1, "min_quick must not exceed 1, since no money is made")
        self.require(self.max_left < 1, "max_left must be below 1, or nothing need leave")
        return FunnelLimits(
            window=microseconds(self.window, "window"),
            stay=microseconds(self.stay, "stay"),
            min_depositors=self.min_depositors,
            quick=basis_points(self.min_quick, "min_quick"),
            left=basis_points(self.max_left, "max_left"),
            young=microseconds(self.young, "young"),
            dormant=microseconds(self.dormant, "dormant"),
            rise=basis_points(self.min_rise, "min_rise"),
            min_borders=self.min_borders,
            strict=int(self.strict_time),
            max_payments=self.max_payments,
        )


# -- kernel -------------------------------------------------------------------------------------


def search(edges: Edges, limits: FunnelLimits, first: int, last: int, out: Output) -> int:
    """Find the funnel accounts among the accounts in ``[first, last)``."""
    return funnel_account(edges, limits, first, last, out)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: FunnelAccount) -> list[Match]:
    """Find the same, from the definition: try the burst from each deposit."""
    transfers = [t for t in view.transfers if t.base and t.originator != t.beneficiary]
    debits_of = groups(transfers, by="originator")
    out = []
    for account, came in groups(transfers, by="beneficiary").items():
        went = debits_of.get(account, [])
        opened = view.opened[account] if view.opened else None
        for w in peaks(bursts(account, came, went, opened, params), params.limits().window):
            depositors = len(
                {view.transfers[r].originator for r, role, _ in w.evidence if not role}
            )
            out.append(Match(w.first.row, account, 1, w.evidence, depositors))
    return out


def bursts(
    account: int,
    came: list[Transfer],
    went: list[Transfer],
    opened: int | None,
    params: FunnelAccount,
) -> list[Window]:
    """Return an account's bursts, overlapping ones and all."""
    p = params.limits()
    born = min(t.at for t in came + went) if opened is None else opened
    used = replay(account, _in_order(came, went, p.strict), p.stay)
    out = []
    firsts = {t.at: t for t in reversed(came)}  # of those at one time, the first stands for all
    for first in firsts.values():
        before = [t.at for t in came + went if t.at < first.at]
        young = first.at - born <= p.young
        dormant = bool(before) and first.at - max(before) > p.dormant
        ins = [t for t in came if first.at <= t.at <= first.at + p.window]
        outs = [t for t in went if p.strict <= t.at - first.at <= p.window + p.stay]
        money = sum(t.base or 0 for t in ins)
        gone = sum(t.base or 0 for t in outs)
        past = [
            sum(t.base or 0 for t in came if then.at <= t.at <= then.at + p.window)
            for then in firsts.values()
            if then.at + p.window < first.at
        ]
        if (
            (young or dormant)
            and len({t.originator for t in ins}) >= p.min_depositors
            and 10_000 * sum(used[t.row] for t in ins) >= p.quick * money
            and 10_000 * abs(gone - money) <= p.left * money
            and 10_000 * money >= p.rise * max(past, default=0)
            and sum(t.border for t in ins + outs) >= p.min_borders
        ):
            evidence = [(t.row, 0, t.base or 0) for t in ins] + [
                (t.row, 1, t.base or 0) for t in outs
            ]
            out.append(Window(first, money, tuple(evidence)))
    return out


def _in_order(came: list[Transfer], went: list[Transfer], strict: int) -> list[Transfer]:
    """Return an account's payments as they happened; at one time credits first, unless strict."""
    events = [(t.at, strict, t.row, t) for t in came]
    events += [(t.at, 1 - strict, t.row, t) for t in went]
    return [t for *_, t in sorted(events)]


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _instance(
    came: list[tuple[int, int]], went: list[tuple[int, int]], opened: int | None = None
) -> Instance:
    """Return (time, amount) into and out of account 0, each from or to an account of its own."""
    payments = [Payment(at, i, 0, money) for i, (at, money) in enumerate(came, 1)]
    payments += [Payment(at, 0, i, money) for i, (at, money) in enumerate(went, 1 + len(came))]
    places = ("EE", *(_PLACES[i % len(_PLACES)] for i in range(len(payments))))
    return Instance(tuple(payments), places, opened=(opened, *(None for _ in payments)))


def _lots(choose: Choose, p: FunnelLimits) -> list[int]:
    """Return as many deposits as it takes, the last as large as the others together."""
    n = max(p.min_depositors, p.min_borders, 2)
    parts = [10_000 * choose.integer(1, 500) for _ in range(n - 1)]
    return [*parts, sum(parts)]


def _share(total: int, bp: int) -> int:
    """Return the least whole amount that is so much of the total."""
    return -(-total * bp // 10_000)


def plant(choose: Choose, params: FunnelAccount) -> Instance:
    """Draw deposits that leave one by one, or most at once and the rest at the last moment."""
    p = params.limits()
    lots = _lots(choose, p)
    total = sum(lots)
    least = max(_share(total, 10_000 - p.left), _share(total, p.quick), total - lots[-1] + 1)
    out = least if choose.integer(0, 1) else choose.integer(least, total)
    opened = None if choose.integer(0, 1) else choose.integer(0, p.young // _DAY)
    if choose.integer(0, 1):
        delay = choose.integer(p.strict, p.stay) if choose.integer(0, 1) else p.stay
        until = p.window if choose.integer(0, 1) else choose.integer(0, p.window)
        times = [0, *sorted(choose.integer(0, until) for _ in lots[2:]), until]
        debits = [(at + delay, money) for at, money in zip(times, lots, strict=True)]
        debits[-1] = (debits[-1][0], lots[-1] - (total - out))
    else:
        times = [0] * len(lots)
        quick = min(out, max(1, _share(total, p.quick)))
        debits = [(p.stay, quick), (p.window + p.stay, out - quick)]
    return _instance(list(zip(times, lots, strict=True)), [d for d in debits if d[1] > 0], opened)


def _at_once(choose: Choose, p: FunnelLimits, after: int = 0) -> tuple[list[int], Instance]:
    """Draw deposits at one time, all of which leave when `stay` is over."""
    lots = _lots(choose, p)
    return lots, _instance([(after, m) for m in lots], [(after + p.stay, sum(lots))])


def few(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw one depositor too few, one of whom pays twice."""
    p = params.limits()
    if p.min_depositors < 2:
        return None
    _, made = _at_once(choose, p)
    payments = tuple(
        x._replace(originator=1) if x.originator >= p.min_depositors else x for x in made.payments
    )
    return made._replace(payments=payments)


def late(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw just enough depositors, the last of whom pays a microsecond after the window."""
    p = params.limits()
    if p.min_depositors < 2 or p.min_borders > p.min_depositors:
        return None
    lots = _lots(choose, p)[: p.min_depositors]
    times = [0] * (len(lots) - 1) + [p.window + 1]
    return _instance(
        list(zip(times, lots, strict=True)),
        [(at + p.stay, money) for at, money in zip(times, lots, strict=True)],
    )


def slow(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw deposits of which a minor unit too little leaves in time, and the rest later."""
    p = params.limits()
    lots = _lots(choose, p)
    quick = _share(sum(lots), p.quick) - 1
    if quick < 1 or p.window < 1:
        return None
    debits = [(p.stay, quick), (p.stay + 1, sum(lots) - quick)]
    return _instance([(0, money) for money in lots], debits)


def kept(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw deposits of which a minor unit too little leaves."""
    p = params.limits()
    lots = _lots(choose, p)
    out = _share(sum(lots), 10_000 - p.left) - 1
    return _instance([(0, money) for money in lots], [(p.stay, out)]) if out > 0 else None


def drained(choose: Choose, params: FunnelAccount) -> Instance:
    """Draw deposits after which a minor unit too much leaves."""
    p = params.limits()
    lots = _lots(choose, p)
    out = sum(lots) * (10_000 + p.left) // 10_000 + 1
    return _instance([(0, money) for money in lots], [(p.stay, out)])


def early(choose: Choose, params: FunnelAccount) -> Instance:
    """Draw a debit a microsecond before the deposits that would cover it."""
    lots = _lots(choose, params.limits())
    return _instance([(1, money) for money in lots], [(0, sum(lots))])


def old(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw a burst at an account that is a microsecond too old and never rested long enough."""
    p = params.limits()
    if p.min_depositors < 2 or p.dormant == 0 or p.young // p.dormant > 100:
        return None
    _, made = _at_once(choose, p, after=p.young + 1)
    life = tuple(Payment(at, 0, 1, 1) for at in range(0, p.young + 1, p.dormant))
    return made._replace(payments=life + made.payments)


def usual(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw a burst that brings a minor unit too little beside what came before."""
    p = params.limits()
    lots, made = _at_once(choose, p, after=p.window + 1)
    if p.rise == 0 or p.min_depositors < 2 or p.window + 1 > p.young:
        return None
    before = Payment(0, 1, 0, sum(lots) * 10_000 // p.rise + 1)
    return made._replace(payments=(before, *made.payments))


def at_home(choose: Choose, params: FunnelAccount) -> Instance | None:
    """Draw a funnel of which no payment crosses a border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="funnel_account",
    title="Funnel account",
    version=1,
    params=FunnelAccount,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={
        "few": few,
        "late": late,
        "slow": slow,
        "kept": kept,
        "drained": drained,
        "early": early,
        "old": old,
        "usual": usual,
        "at_home": at_home,
    },
    roles=(Role("in", enters=True), Role("out", leaves=True)),
    caps=("max_payments",),
    doc=__doc__ or "",
    unit="account",
    measure=Measure("depositors", "Distinct accounts that paid in.", 1.0),
    hops=2,
    # not shift_time: the days on which the planted accounts were opened do not move with it
    relations=("rename_accounts", "shuffle_rows", "rescale_currency", "split_idle"),
)
