"""Draw a planted instance: accounts as lanes, time to the right, a payment as an arrow between."""

from __future__ import annotations

import random
from html import escape
from typing import Any

_LANE = 46
_LEFT = 120
_TOP = 28
_STEP = 74  # room for an amount and a time beside each payment
_WIDE = 960  # more payments than this holds move closer, without amounts
_MAX_PAYMENTS = 14


class Seeded:
    """Choices that are the same in every build."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


def example(detector: Any) -> Any:
    """Return the first instance that is rich enough to show and small enough to read."""
    drawn = [detector.plant(Seeded(seed), detector.params()) for seed in range(40)]
    fitting = [d for d in drawn if 3 <= len(d.payments) <= _MAX_PAYMENTS]
    if not fitting:
        return min(drawn, key=lambda d: len(d.payments))
    return max(fitting, key=lambda d: (min(len(d.payments), 8), min(len(d.jurisdictions), 6)))


def elapsed(us: int) -> str:
    """Return microseconds as a short text, like 2 d 2 h.

    >>> elapsed(180_000_000_000)
    '2 d 2 h'
    >>> elapsed(28_800_000_000)
    '8 h'
    """
    minutes = us // 60_000_000
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


def svg(instance: Any) -> str:
    """Return the picture as inline SVG; colours come from the style sheet."""
    payments = sorted(instance.payments)
    n = len(instance.jurisdictions)
    step = min(_STEP, _WIDE // len(payments))
    width = _LEFT + step * len(payments) + _STEP
    height = _TOP + _LANE * n + 22
    out = [f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img">']
    out.append("<title>A planted instance: lanes are accounts, arrows are payments</title>")
    for account, jurisdiction in enumerate(instance.jurisdictions):
        y = _TOP + _LANE * account
        out.append(f'<line class="lane" x1="{_LEFT}" x2="{width - 10}" y1="{y}" y2="{y}"/>')
        out.append(
            f'<text x="8" y="{y + 5}" font-size="14">account {account}'
            f'<tspan class="muted" dx="6">{escape(jurisdiction)}</tspan></text>'
        )
    for i, payment in enumerate(payments):
        x = _LEFT + 24 + step * i
        out.extend(_arrow(instance, payment, x))
        if step == _STEP:
            out.append(_amount(payment, x))
        if i % -(-_STEP // step) == 0:
            clock = f'x="{x}" y="{height - 4}" font-size="11" text-anchor="middle"'
            out.append(f'<text class="muted" {clock}>{elapsed(payment.at)}</text>')
    out.append("</svg>")
    return "\n".join(out)


def _amount(payment: Any, x: int) -> str:
    y = _TOP + _LANE * (payment.originator + payment.beneficiary) / 2 + 4
    return (
        f'<text class="amount" x="{x + 7}" y="{y}" font-size="12">{payment.amount // 100:,}</text>'
    )


def _arrow(instance: Any, payment: Any, x: int) -> list[str]:
    top, end = (_TOP + _LANE * a for a in (payment.originator, payment.beneficiary))
    places = instance.jurisdictions
    crosses = places[payment.originator] != places[payment.beneficiary]
    cls = " cross" if crosses else ""
    down = 1 if end > top else -1
    tip = end - down * 2
    line = f'x1="{x}" x2="{x}" y1="{top}" y2="{tip - down * 8}"'
    return [
        f'<circle class="head{cls}" cx="{x}" cy="{top}" r="4"/>',
        f'<line class="pay{cls}" stroke-width="2.5" {line}/>',
        f'<path class="head{cls}" d="M{x} {tip} l-5 {-down * 10} h10 z"/>',
    ]
