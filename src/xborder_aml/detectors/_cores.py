"""What bipartite and stack share: the oracle of dense cores, and how to draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from xborder_aml.detectors._spec import Choose, Transfer
from xborder_aml.kernels.cores import CoreLimits

__all__ = ["Leg", "dense_parts", "density", "drawn_ring", "ring", "windows_of"]

Node = tuple[str, int]  # a side, and an account on it


class Leg(NamedTuple):
    """A payment from a node of one side to one of the next."""

    tail: Node
    head: Node
    transfer: Transfer


# -- oracle -------------------------------------------------------------------------------------


def windows_of(transfers: list[Transfer], width: int) -> Iterator[tuple[range, list[Transfer]]]:
    """Yield the calendar's windows: the times of its first half, and the transfers of the whole."""
    step = max(1, (width + 1) // 2)
    for number in sorted({t.at // step for t in transfers}):
        start = number * step
        held = [t for t in transfers if start <= t.at <= start + width]
        yield range(start, start + step), held


def dense_parts(
    legs: list[Leg], p: CoreLimits, holds: Callable[[list[Leg]], bool]
) -> list[list[Leg]]:
    """Return the parts of the core that hold, peeling on where they do not."""
    found = []
    payees, payers = p.min_payees, p.min_payers
    while legs:
        rest = []
        for part in _parts(_core(legs, payees, payers)):
            if holds(part):
                found.append(part)
            else:
                rest += part
        legs, payees, payers = rest, payees + 1, payers + 1
    return found


def _core(legs: list[Leg], payees: int, payers: int) -> list[Leg]:
    """Drop legs at nodes that have too few partners on one of their sides, until none is."""

    def enough(node: Node) -> bool:
        pays = {leg.head for leg in legs if leg.tail == node}
        paid_by = {leg.tail for leg in legs if leg.head == node}
        return (node[0] == "receiver" or len(pays) >= payees) and (
            node[0] == "sender" or len(paid_by) >= payers
        )

    while True:
        kept = [leg for leg in legs if enough(leg.tail) and enough(leg.head)]
        if len(kept) == len(legs):
            return kept
        legs = kept


def _parts(legs: list[Leg]) -> list[list[Leg]]:
    """Return the legs of each connected component."""
    parts: list[tuple[set[Node], list[Leg]]] = []
    for leg in legs:
        joined: tuple[set[Node], list[Leg]] = ({leg.tail, leg.head}, [leg])
        apart = []
        for nodes, own in parts:
            if nodes & {leg.tail, leg.head}:
                joined = (joined[0] | nodes, own + joined[1])
            else:
                apart.append((nodes, own))
        parts = [*apart, joined]
    return [own for _, own in parts]


def density(legs: list[Leg]) -> int:
    """Return in basis points how many pairs of payer and payee there are, of all possible."""
    tails, heads = {leg.tail for leg in legs}, {leg.head for leg in legs}
    return 10_000 * len({(leg.tail, leg.head) for leg in legs}) // (len(tails) * len(heads))


# -- examples -----------------------------------------------------------------------------------


def ring(n: int, degree: int) -> list[tuple[int, int]]:
    """Return pairs of n payers and n payees in which each has `degree` partners."""
    return [(i, (i + k) % n) for i in range(n) for k in range(degree)]


def drawn_ring(choose: Choose, p: CoreLimits) -> tuple[int, int]:
    """Draw a number of accounts on each side and a degree for a ring that is dense enough."""
    least = max(2, p.min_payees, p.min_payers)
    n = max(least, p.min_senders, p.min_middles, p.min_receivers, p.min_borders)
    n += choose.integer(0, 1)
    return n, choose.integer(max(least, -(-p.density * n // 10_000)), n)
