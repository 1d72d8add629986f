"""What `fan_in` and `fan_out` share: one is the other with every transfer turned round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Literal

from xborder_aml.detectors._oracle import Window, groups, peaks
from xborder_aml.detectors._spec import (
    BORDERS,
    Choose,
    Instance,
    Match,
    Params,
    Payment,
    View,
    microseconds,
    param,
)
from xborder_aml.kernels.fan import FanLimits

__all__ = ["NEAR_MISSES", "Fan", "fans", "gathered", "turned", "turned_miss"]

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")


@dataclass(frozen=True, slots=True)
class Fan(Params):
    """The parameters of either fan."""

    window: str | timedelta = param("72h", "Longest time from first to last payment.", unit="time")
    min_counterparties: int = param(4, "Fewest distinct counterparties.", unit="accounts")
    min_borders: int = param(1, BORDERS)
    max_payments: int = param(
        1_000, "Most payments of a window that is shown.", unit="transfers", cap=True
    )

    def limits(self) -> FanLimits:
        """Return the kernel's limits, checked."""
        self.require(self.min_counterparties >= 2, "min_counterparties must be at least 2")
        self.require(self.max_payments >= 1, "max_payments must be at least 1")
        return FanLimits(
            window=microseconds(self.window, "window"),
            min_counterparties=self.min_counterparties,
            min_borders=self.min_borders,
            max_payments=self.max_payments,
        )


def fans(view: View, p: FanLimits, centre: Literal["originator", "beneficiary"]) -> list[Match]:
    """Find the fans around each account: try the window from each payment."""
    partner = "originator" if centre == "beneficiary" else "beneficiary"
    transfers = [t for t in view.transfers if t.originator != t.beneficiary]
    out = []
    for account, own in groups(transfers, by=centre).items():
        candidates = []
        for first in own:
            held = [t for t in own if first.at <= t.at <= first.at + p.window]
            count = len({getattr(t, partner) for t in held})
            if count >= p.min_counterparties and sum(t.border for t in held) >= p.min_borders:
                evidence = tuple((t.row, 0, -1 if t.base is None else t.base) for t in held)
                candidates.append(Window(first, count, evidence))
        out += [Match(w.first.row, account, 1, w.evidence) for w in peaks(candidates, p.window)]
    return out


# -- examples: payments into account 0 ----------------------------------------------------------


def _instance(choose: Choose, times: list[int], payers: list[int]) -> Instance:
    payments = tuple(
        Payment(at, payer, 0, choose.integer(1, 5_000_000))
        for at, payer in zip(times, payers, strict=True)
    )
    places = ("EE", *(_PLACES[i % len(_PLACES)] for i in range(max(payers))))
    return Instance(payments, places)


def gathered(choose: Choose, params: Fan) -> Instance:
    """Draw enough counterparties, some of whom pay twice; often exactly a window long."""
    p = params.limits()
    least = max(p.min_counterparties, p.min_borders)
    n = choose.integer(least, least + 3)
    payers = list(range(1, n + 1))
    payers += [choose.integer(1, n) for _ in range(choose.integer(0, 2))]
    times = sorted(choose.integer(0, p.window) for _ in payers)
    times[0] = 0
    if choose.integer(0, 1):  # the window is closed: its very end counts
        times[-1] = p.window
        payers = payers[:n]
        times = [*times[: n - 1], p.window]
    return _instance(choose, times, payers)


def few(choose: Choose, params: Fan) -> Instance:
    """Draw enough payments, with one counterparty too few."""
    p = params.limits()
    n = p.min_counterparties - 1
    payers = [*range(1, n + 1), choose.integer(1, n), choose.integer(1, n)]
    return _instance(choose, [choose.integer(0, p.window) for _ in payers], payers)


def late(choose: Choose, params: Fan) -> Instance:
    """Draw just enough counterparties, the last of whom comes a microsecond after the window."""
    p = params.limits()
    n = p.min_counterparties
    times = [0, *(choose.integer(0, p.window) for _ in range(n - 2)), p.window + 1]
    return _instance(choose, times, list(range(1, n + 1)))


def own_account(choose: Choose, params: Fan) -> Instance:
    """Draw just enough counterparties, where one is the account itself."""
    p = params.limits()
    n = p.min_counterparties
    return _instance(choose, [choose.integer(0, p.window) for _ in range(n)], list(range(n)))


def at_home(choose: Choose, params: Fan) -> Instance | None:
    """Draw a fan of which no payment crosses a border."""
    if params.min_borders < 1:
        return None
    made = gathered(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


Miss = Callable[[Choose, Fan], Instance | None]
NEAR_MISSES: dict[str, Miss] = {
    "few": few,
    "late": late,
    "own_account": own_account,
    "at_home": at_home,
}


def turned(made: Instance) -> Instance:
    """Return the instance with every payment turned round."""
    payments = tuple(
        x._replace(originator=x.beneficiary, beneficiary=x.originator) for x in made.payments
    )
    return made._replace(payments=payments)


def turned_miss(miss: Miss) -> Miss:
    """Return a way to draw the same near miss with every payment turned round."""

    @wraps(miss)
    def drawn(choose: Choose, params: Fan) -> Instance | None:
        made = miss(choose, params)
        return None if made is None else turned(made)

    return drawn
