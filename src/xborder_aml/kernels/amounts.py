"""Exact comparisons of amounts: integers and basis points, never floats.

`LIMIT` bounds the sum of all amounts of a graph (checked when it is built). Below it no product
here can leave Int64: that of a share up to `MAX_BP` fits, and larger ones are not multiplied out.
"""

from __future__ import annotations

import math

from xborder_aml._jit import jit

__all__ = [
    "BP",
    "FAR",
    "LIMIT",
    "MAX_BP",
    "at_least",
    "at_most",
    "fx_slack_bp",
    "share_bp",
    "share_down",
    "share_up",
]

BP = 10_000
"""Basis points in one."""
MAX_BP = 100_000
"""Largest share that a parameter may name: ten times."""
FAR = 100_000 * BP
"""Where shares end: a hundred thousand times."""
LIMIT = 2**59
"""No ledger's amounts may sum to this or more (minor units)."""

_DAY = 86_400_000_000


def share_up(whole: int, bp: int) -> int:
    """Return ``ceil(whole * bp / 10_000)``, exactly, for a share up to `MAX_BP`."""
    q = whole // BP  # so that whole * bp, which need not fit, is never formed
    return q * bp + ((whole - q * BP) * bp + BP - 1) // BP


def share_down(whole: int, bp: int) -> int:
    """Return ``floor(whole * bp / 10_000)``, exactly, for a share up to `MAX_BP`."""
    q = whole // BP
    return q * bp + ((whole - q * BP) * bp) // BP


def at_least(part: int, whole: int, bp: int) -> bool:
    """Tell whether ``part >= whole * bp / 10_000``, exactly."""
    return part >= share_up(whole, bp)


def at_most(part: int, whole: int, bp: int) -> bool:
    """Tell whether ``part <= whole * bp / 10_000``, exactly."""
    if bp > MAX_BP and whole // BP > LIMIT // bp:
        return True  # the bound lies above every amount, and its product need not fit
    return part <= share_down(whole, bp)


def share_bp(part: int, whole: int) -> int:
    """Return ``floor(part * 10_000 / whole)``, exactly; 0 when `whole` is 0.

    Long division, a decimal at a time, since the product need not fit. A share of `FAR` or more is
    returned as `FAR`: no bound lies that high.
    """
    if whole <= 0:
        return 0
    out = part // whole
    if out >= FAR // BP:
        return FAR
    rest = part - out * whole
    for _ in range(4):
        rest *= 10
        digit = rest // whole
        rest -= digit * whole
        out = out * 10 + digit
    return out


def fx_slack_bp(bp_per_sqrt_day: int, gap: int) -> int:
    """Return ``floor(bp_per_sqrt_day * sqrt(gap in days))`` for a gap in microseconds.

    The floor is that of the exact value: the float root is only a first guess. Gaps are cut at
    ten years, far beyond any window, so that the square fits in Int64.
    """
    minutes = min(gap, 3650 * _DAY) // 60_000_000
    square = bp_per_sqrt_day * bp_per_sqrt_day * minutes // 1440
    root = int(math.sqrt(square))
    while root * root > square:
        root -= 1
    while (root + 1) * (root + 1) <= square:
        root += 1
    return root


share_up = jit(share_up)
share_down = jit(share_down)
at_least = jit(at_least)
at_most = jit(at_most)
share_bp = jit(share_bp)
fx_slack_bp = jit(fx_slack_bp)
