"""What the oracles share: plain Python on plain tuples, with whole numbers of any size.

Nothing here is used by a kernel, and nothing of a kernel is used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Literal, NamedTuple, TypeVar

from xborder_aml.detectors._spec import Transfer

__all__ = [
    "Leg",
    "Window",
    "carried",
    "connected",
    "dense_parts",
    "density",
    "grid",
    "groups",
    "peaks",
    "returned",
    "slack_bp",
]

_T = TypeVar("_T")


def groups(
    transfers: Iterable[Transfer], by: Literal["originator", "beneficiary"]
) -> dict[int, list[Transfer]]:
    """Return the transfers of each account, in canonical order."""
    out: dict[int, list[Transfer]] = {}
    for t in transfers:
        out.setdefault(getattr(t, by), []).append(t)
    return out


def slack_bp(bp_per_sqrt_day: int, gap: int) -> int:
    """Return the widening, in basis points, for a gap in microseconds (whole minutes count)."""
    minutes = min(abs(gap), 3650 * 86_400_000_000) // 60_000_000
    return math.isqrt(bp_per_sqrt_day**2 * minutes // 1440)


def carried(first: Transfer, then: Transfer, low: int, high: int, fx: int) -> bool:
    """Tell whether `then` sends on between `low` and `high` basis points of `first`."""
    if first.received_currency == then.sent_currency:
        whole, part = first.received, then.sent
    elif first.base is None or then.base is None:
        return False
    else:
        whole, part = first.base, then.base
        slack = slack_bp(fx, then.at - first.at)
        low, high = max(0, low - slack), high + slack
    return low * whole <= 10_000 * part <= high * whole


def returned(first: Transfer, last: Transfer) -> int | None:
    """Return the whole basis points of what `first` sent that `last` delivers, up to 10**9."""
    if first.sent_currency == last.received_currency:
        whole, part = first.sent, last.received
    elif first.base is None or last.base is None:
        return None
    else:
        whole, part = first.base, last.base
    return min(10**9, math.floor(Fraction(10_000 * part, whole))) if whole else 0


class Window(NamedTuple):
    """A candidate: the transfer that its window starts at, how strong it is, and its evidence."""

    first: Transfer
    score: int
    evidence: tuple[tuple[int, int, int], ...]


def peaks(windows: list[Window], length: int) -> list[Window]:
    """Return the candidates of one account that no candidate within `length` of them beats."""

    def beats(one: Window, other: Window) -> bool:
        if abs(one.first.at - other.first.at) > length:
            return False
        return (one.score, -one.first.row) > (other.score, -other.first.row)

    return [w for w in windows if not any(beats(o, w) for o in windows)]


def grid(transfers: list[Transfer], width: int) -> Iterator[tuple[int, list[Transfer]]]:
    """Yield each window of the calendar grid: the end of its first half, and its transfers."""
    step = max(1, (width + 1) // 2)
    for start in sorted({t.at // step * step for t in transfers}):
        yield start + step, [t for t in transfers if start <= t.at <= start + width]


def connected(members: set[_T], pairs: Iterable[tuple[_T, _T]]) -> list[set[_T]]:
    """Return the members in groups: pairs of two members join, directly or through others."""
    joined = [{m} for m in members]
    for a, b in pairs:
        if a in members and b in members:
            touched = [g for g in joined if a in g or b in g]
            joined = [g for g in joined if g not in touched] + [set[_T]().union(*touched)]
    return joined


Node = tuple[str, int]  # a side, "sender", "middle" or "receiver", and an account on it


class Leg(NamedTuple):
    """A payment from a node of one side to one of the next."""

    tail: Node
    head: Node
    transfer: Transfer


def dense_parts(
    legs: list[Leg], payees: int, payers: int, squares: int, holds: Callable[[list[Leg]], bool]
) -> list[list[Leg]]:
    """Return the parts of the core that hold, peeling those on that do not."""
    found = []
    while legs:
        rest = []
        core = _core(legs, payees, payers, squares)
        nodes = {node for leg in core for node in (leg.tail, leg.head)}
        for part in connected(nodes, [(leg.tail, leg.head) for leg in core]):
            own = [leg for leg in core if leg.tail in part]
            if holds(own):
                found.append(own)
            else:
                rest += own
        legs, payees, payers = rest, payees + 1, payers + 1
    return found


def _core(legs: list[Leg], payees: int, payers: int, squares: int) -> list[Leg]:
    """Drop legs at nodes with too few partners, and in too few squares, until there are none."""
    while True:
        pays: dict[Node, set[Node]] = {}
        paid_by: dict[Node, set[Node]] = {}
        for leg in legs:
            pays.setdefault(leg.tail, set()).add(leg.head)
            paid_by.setdefault(leg.head, set()).add(leg.tail)
        short = {
            node
            for node in {*pays, *paid_by}
            if (node[0] != "receiver" and len(pays.get(node, ())) < payees)
            or (node[0] != "sender" and len(paid_by.get(node, ())) < payers)
        }
        kept = [
            leg
            for leg in legs
            if leg.tail not in short
            and leg.head not in short
            and _squares(leg, pays, paid_by) >= squares
        ]
        if len(kept) == len(legs):
            return legs
        legs = kept


def _squares(leg: Leg, pays: dict[Node, set[Node]], paid_by: dict[Node, set[Node]]) -> int:
    """Return how many other payers of the payee pay how many other payees of the payer, summed."""
    others = paid_by[leg.head] - {leg.tail}
    return sum(len((pays[leg.tail] & pays[other]) - {leg.head}) for other in others)


def density(legs: list[Leg]) -> int:
    """Return in basis points how many pairs of payer and payee there are, of all possible."""
    tails, heads = {leg.tail for leg in legs}, {leg.head for leg in legs}
    return 10_000 * len({(leg.tail, leg.head) for leg in legs}) // (len(tails) * len(heads))
