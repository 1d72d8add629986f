"""What `fan_in` and `fan_out` share: one is the other with every transfer turned round."""

from __future__ import annotations

from typing import Literal

from xborder_aml.detectors._oracle import Window, groups, peaks
from xborder_aml.detectors._spec import Choose, Instance, Match, Payment, View
from xborder_aml.kernels.fan import FanLimits

__all__ = ["fans", "few", "gathered", "late", "own_account", "turned"]

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")


def fans(view: View, p: FanLimits, centre: Literal["originator", "beneficiary"]) -> list[Match]:
    """Find the fans around each account, from the definition: try the window from each transfer."""
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


def gathered(choose: Choose, p: FanLimits) -> Instance:
    """Draw payments from enough payers, some of whom pay twice; often exactly a window long."""
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


def few(choose: Choose, p: FanLimits) -> Instance:
    """Draw enough payments, from one payer too few."""
    n = p.min_counterparties - 1
    payers = [*range(1, n + 1), choose.integer(1, n), choose.integer(1, n)]
    return _instance(choose, [choose.integer(0, p.window) for _ in payers], payers)


def late(choose: Choose, p: FanLimits) -> Instance:
    """Draw just enough payers, the last of whom pays a microsecond after the window."""
    n = p.min_counterparties
    times = [0, *(choose.integer(0, p.window) for _ in range(n - 2)), p.window + 1]
    return _instance(choose, times, list(range(1, n + 1)))


def own_account(choose: Choose, p: FanLimits) -> Instance:
    """Draw just enough payers, where one is the account itself."""
    n = p.min_counterparties
    return _instance(choose, [choose.integer(0, p.window) for _ in range(n)], list(range(n)))


def turned(made: Instance) -> Instance:
    """Return the instance with every payment turned round."""
    payments = tuple(
        x._replace(originator=x.beneficiary, beneficiary=x.originator) for x in made.payments
    )
    return made._replace(payments=payments)
