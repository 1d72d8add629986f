"""U-turn: money leaves a country and is back, through another, within two banking days.

**Finds** every time-respecting path of 2 to `max_hops` transfers whose first leaves a country and
whose last comes back into it, all accounts in between lying in other countries and belonging to
others; whose every hop sends on a like amount; that returns most of what left; and that ends at the
account that it began at, or at one of the same holder, or (`close_on="country"`) at any account of
the country. All of it takes no more than `window` of weekday time: the clock stands still from
Saturday 00:00 to Monday 00:00 UTC, so that two days from a Friday noon end on the Tuesday noon.
Parallel transfers are bundled: one finding a first transfer and row of accounts, showing the
instance that returns the amount closest to what left, with the number of instances beside it.

**Why it matters.** Money that only turns round abroad was sent there for the sake of the journey:
to come back as a foreign investment, a loan or an export receipt, or to put a bank in another
country between two accounts at home. The speed is what trade does not need.

**What it does not claim.** That the money is the same money, or that anyone meant it to return. The
country is that of the account, not of the person. With ``close_on="country"`` nothing but amount
and time joins the two ends.

**False positives.** Returned and corrected payments; foreign exchange and money market deals that
settle abroad; payment processors and card acquirers that collect in one country and pay out in
another; cash pooling where the accounts table does not say that the accounts have one owner.

**Tuning.** `window` counts every weekday: bank holidays differ from country to country and are not
known here, and where the weekend is not Saturday and Sunday one more day does no harm.
``close_on="account"`` is strictest. Two transfers of one moment have no order, so on a ledger of
dates a payment there and back on one day is a U-turn of both its ends; `strict_time` leaves them
out. A longer way home is a `round_trip`.

References
----------
FATF, Professional Money Laundering (2018), section on the stages of a laundering scheme (layering
through accounts abroad, and return to the client).
Office of Foreign Assets Control, 31 CFR 560.516 ("U-turn" transfers, revoked on 10 November 2008):
where the word comes from, for payments that began and ended outside the country they went through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from xborder_aml.detectors._oracle import carried, groups, returned, slack_bp
from xborder_aml.detectors._spec import (
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
from xborder_aml.kernels.u_turn import ACCOUNT, COUNTRY, HOLDER, u_turn
from xborder_aml.kernels.u_turn import UTurnLimits as Limits

__all__ = ["DETECTOR", "UTurn"]

_CLOSE_ON = {"account": ACCOUNT, "holder": HOLDER, "country": COUNTRY}
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class UTurn(Params):
    """Money leaves a country and is back in it after a banking day or two."""

    window: str | timedelta = param(
        "2d", "Longest time from first to last transfer, weekends not counted.", unit="time"
    )
    max_hops: int = param(3, "Most transfers in a U-turn.", unit="transfers")
    close_on: Literal["holder", "account", "country"] = param(
        "holder", "What the money must come back to."
    )
    min_returned: float = param(0.9, "Least share of what left that comes back.", unit="share")
    max_returned: float = param(1.05, "Largest share of what left that comes back.", unit="share")
    min_carried: float = param(0.9, "Least share of a hop that the next sends on.", unit="share")
    max_carried: float = param(1.05, "Largest share of a hop that the next sends on.", unit="share")
    fx_tolerance: float = param(
        0.01, "Widening of shares across currencies, a square root of a day.", unit="share"
    )
    strict_time: bool = param(False, "Ask that each hop be later than the one before.")
    max_matches: int = param(100, "Rows of accounts kept an anchor.", cap=True)
    max_work: int = param(5_000, "Edges followed an anchor.", unit="edges", cap=True)
    max_degree: int = param(
        200,
        "Edges out of an account in view; one with more is not gone through.",
        unit="edges",
        cap=True,
    )

    def limits(self) -> Limits:
        """Return the kernel's limits, checked."""
        self.require(2 <= self.max_hops <= 8, "max_hops must lie between 2 and 8")
        self.require(self.close_on in _CLOSE_ON, "close_on is 'account', 'holder' or 'country'")
        self.require(self.min_returned <= self.max_returned, "min_returned exceeds max_returned")
        self.require(self.min_carried <= self.max_carried, "min_carried exceeds max_carried")
        self.require(
            min(self.max_matches, self.max_work, self.max_degree) >= 1, "caps must be at least 1"
        )
        self.require(self.max_matches <= MAX_KEPT, f"max_matches must not exceed {MAX_KEPT:,}")
        return Limits(
            window=microseconds(self.window, "window"),
            max_hops=self.max_hops,
            low=basis_points(self.min_carried, "min_carried"),
            high=basis_points(self.max_carried, "max_carried"),
            returned_low=basis_points(self.min_returned, "min_returned"),
            returned_high=basis_points(self.max_returned, "max_returned"),
            fx=basis_points(self.fx_tolerance, "fx_tolerance"),
            close_on=_CLOSE_ON[self.close_on],
            strict=int(self.strict_time),
            max_matches=self.max_matches,
            max_work=self.max_work,
            max_degree=self.max_degree,
        )


def reach(limits: Limits) -> tuple[int, int]:
    """Return how far a U-turn goes: its window, and every weekend that may lie in it."""
    return 0, limits.window + 2 * _DAY * (limits.window // (5 * _DAY) + 1)


# -- oracle -------------------------------------------------------------------------------------


def weekday_time(start: int, end: int) -> int:
    """Return how much of the time from `start` to `end` lies on a Monday to Friday (UTC)."""
    spent, at = 0, start
    while at < end:
        day = at // _DAY
        midnight = min(end, (day + 1) * _DAY)
        if (day + 3) % 7 < 5:  # day 0, 1 January 1970, was a Thursday
            spent += midnight - at
        at = midnight
    return spent


def reference(view: View, params: UTurn) -> list[Match]:
    """Find the same, from the definition: walk every path abroad and see what comes back."""
    p = params.limits()
    leaving = groups(view.transfers, by="originator")
    found: dict[tuple[int, ...], list[tuple[int, tuple[int, ...]]]] = {}

    def comes_home(path: list[Transfer]) -> bool:
        start, end = path[0].originator, path[-1].beneficiary
        if params.close_on == "country":
            return end not in [t.beneficiary for t in path[:-1]]
        if params.close_on == "holder":
            return view.holder[end] == view.holder[start]
        return end == start

    def close(path: list[Transfer]) -> None:
        first, last = path[0], path[-1]
        share = returned(first, last)
        one_currency = first.sent_currency == last.received_currency
        slack = 0 if one_currency else slack_bp(p.fx, last.at - first.at)
        if share is None or not p.returned_low - slack <= share <= p.returned_high + slack:
            return
        accounts = (first.row, *(t.beneficiary for t in path))
        found.setdefault(accounts, []).append((abs(share - 10_000), tuple(t.row for t in path)))

    def walk(path: list[Transfer]) -> None:
        first, last = path[0], path[-1]
        for t in leaving.get(last.beneficiary, ()):
            if t.at < last.at + p.strict or not carried(last, t, p.low, p.high, p.fx):
                continue
            if weekday_time(first.at, t.at) > p.window:
                continue
            if t.destination == first.origin:
                if t.border and comes_home([*path, t]):
                    close([*path, t])
            elif may_pass(path, t) and len(path) + 2 <= p.max_hops:
                walk([*path, t])

    def may_pass(path: list[Transfer], t: Transfer) -> bool:
        own = view.holder[t.beneficiary] == view.holder[path[0].originator]
        again = t.beneficiary in [e.beneficiary for e in path]
        return t.destination >= 0 and not own and not again

    for t in view.transfers:
        if t.border and view.holder[t.originator] != view.holder[t.beneficiary]:
            walk([t])
    base = {t.row: -1 if t.base is None else t.base for t in view.transfers}
    start = {t.row: t.originator for t in view.transfers}
    out = []
    for accounts, instances in found.items():
        _, rows = min(instances)
        roles = (0, *(1,) * (len(rows) - 2), 2)
        evidence = tuple((r, role, base[r]) for r, role in zip(rows, roles, strict=True))
        out.append(Match(rows[0], start[accounts[0]], len(instances), evidence))
    return out


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _after(start: int, window: int) -> int:
    """Return the last moment within `window` of weekday time, midnight after midnight."""
    end = start + window
    while True:
        more = window - weekday_time(start, end)
        at_weekend = more == 0 and weekday_time(end, end + 1) == 0
        if more == 0 and not at_weekend:
            return end
        end = (end // _DAY + 1) * _DAY if at_weekend else end + more


def plant(choose: Choose, params: UTurn) -> Instance:
    """Draw a U-turn: a like amount out of account 0's country, and back, on any day of the week."""
    p = params.limits()
    hops = choose.integer(2, min(p.max_hops, len(_PLACES)))
    least = max(p.low, 10_000 - max(0, 10_000 - p.returned_low) // hops)
    amount = choose.integer(100_000, 50_000_000)
    begin = choose.integer(0, 6) * _DAY + choose.integer(0, 23) * (_DAY // 24)
    at = begin
    payments = []
    for i in range(hops):
        payments.append(Payment(at, i, (i + 1) % hops, amount))
        amount = -(-amount * choose.integer(least, 10_000) // 10_000)
        at += choose.integer(p.strict, p.window // hops)
    if choose.integer(0, 1):  # the window is closed: its very end counts
        payments[-1] = payments[-1]._replace(at=_after(begin, p.window))
    ends_elsewhere = params.close_on != "account" and choose.integer(0, 1)
    if not ends_elsewhere:
        return Instance(tuple(payments), _PLACES[:hops])
    payments[-1] = payments[-1]._replace(beneficiary=hops)
    same = 0 if params.close_on == "holder" else hops
    return Instance(tuple(payments), (*_PLACES[:hops], _PLACES[0]), (*range(hops), same))


def late(choose: Choose, params: UTurn) -> Instance:
    """Draw a U-turn whose last transfer comes a microsecond after the window."""
    made = plant(choose, params)
    end = _after(made.payments[0].at, params.limits().window)
    last = made.payments[-1]._replace(at=end + 1)
    return made._replace(payments=(*made.payments[:-1], last))


def leaky(choose: Choose, params: UTurn) -> Instance | None:
    """Draw a U-turn that returns one minor unit too little."""
    made = plant(choose, params)
    least = -(-made.payments[0].amount * params.limits().returned_low // 10_000)
    if least == 0:
        return None
    last = made.payments[-1]._replace(amount=least - 1)
    return made._replace(payments=(*made.payments[:-1], last))


def early(choose: Choose, params: UTurn) -> Instance | None:
    """Draw a U-turn of three transfers whose second comes after its third."""
    p = params.limits()
    if p.max_hops < 3 or p.window < 2:
        return None
    amount = choose.integer(100_000, 50_000_000)
    payments = (Payment(0, 0, 1, amount), Payment(2, 1, 2, amount), Payment(1, 2, 0, amount))
    return Instance(payments, ("EE", "GB", "GB"))


def one_way(choose: Choose, params: UTurn) -> Instance:
    """Draw a path that ends in a third country."""
    made = plant(choose, params)
    end = len(made.jurisdictions)
    last = made.payments[-1]._replace(beneficiary=end)
    holders = None if made.holders is None else (*made.holders, end)
    return Instance((*made.payments[:-1], last), (*made.jurisdictions, "SE"), holders)


def not_home(choose: Choose, params: UTurn) -> Instance | None:
    """Draw a path that ends at a stranger of the same country."""
    if params.close_on == "country":
        return None
    made = one_way(choose, params)
    return made._replace(jurisdictions=(*made.jurisdictions[:-1], made.jurisdictions[0]))


def own_account(choose: Choose, params: UTurn) -> Instance:
    """Draw a U-turn through an account abroad of the same holder."""
    made = plant(choose, params)
    holders = list(made.holders or range(len(made.jurisdictions)))
    holders[1] = holders[0]
    return made._replace(holders=tuple(holders))


def at_home(choose: Choose, params: UTurn) -> Instance:
    """Draw a U-turn that never leaves the country."""
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="u_turn",
    title="U-turn",
    version=1,
    params=UTurn,
    search=u_turn,
    reference=reference,
    plant=plant,
    near_misses={
        "late": late,
        "leaky": leaky,
        "early": early,
        "one_way": one_way,
        "not_home": not_home,
        "own_account": own_account,
        "at_home": at_home,
    },
    roles=(Role("leave", enters=True), Role("hop"), Role("return", leaves=True)),
    caps=("max_matches", "max_work", "max_degree"),
    doc=__doc__ or "",
    reach=reach,
    # moved by days, a ledger has its weekends elsewhere
    relations=("shift_weeks", "rename_accounts", "shuffle_rows", "rescale_currency"),
    no_borders={},
)
