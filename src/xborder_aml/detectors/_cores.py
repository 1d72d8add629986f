"""How to draw a dense core: what the examples of bipartite and stack share."""

from __future__ import annotations

from xborder_aml.detectors._spec import Choose
from xborder_aml.kernels.cores import CoreLimits

__all__ = ["drawn_ring", "ring"]


def ring(n: int, degree: int) -> list[tuple[int, int]]:
    """Return pairs of n payers and n payees in which each has `degree` partners."""
    return [(i, (i + k) % n) for i in range(n) for k in range(degree)]


def drawn_ring(choose: Choose, p: CoreLimits) -> tuple[int, int]:
    """Draw a number of accounts on each side and a degree for a ring that is dense enough."""
    least = max(2 + p.min_squares, p.min_payees, p.min_payers)
    n = max(least, p.min_senders, p.min_middles, p.min_receivers, p.min_borders)
    n += choose.integer(0, 1)
    return n, choose.integer(max(least, -(-p.density * n // 10_000)), n)
