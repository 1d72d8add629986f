"""The definition of every tracing rule, in plain Python: slow, short, and sharing no code.

A pocket is a list of lots ``[claim, amount, step]``, oldest first; clean money has the claim None.
Rules that keep no lots see the same list added up by claim. Tests compare `trace` with this, and
an examiner can re-derive a trace with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

__all__ = ["Move", "Outcome", "largest_remainder", "order_moves", "reference_trace"]

Claim = int | None
Pocket = tuple[str, str]
Piece = tuple[Claim, int]


class Move(NamedTuple):
    """A transaction: what leaves one pocket (account, currency) and what enters another."""

    transaction_id: int
    at: Any
    source: Pocket
    target: Pocket
    sent: int
    received: int
    is_sink: bool = False
    returns: int | None = None
    seeds: tuple[tuple[int, int], ...] = ()  # claim, amount


class Outcome(NamedTuple):
    """What a trace comes to."""

    held: dict[tuple[int, Pocket], int]  # claim, pocket -> amount
    flows: dict[tuple[int, int, bool], tuple[int, int, int]]  # id, claim, seed -> drawn, came, lost
    minted: dict[int, int]  # transaction_id -> amount
    balance: dict[Pocket, int]


def largest_remainder(total: int, parts: Sequence[int]) -> list[int]:
    """Divide a total in proportion to parts.

    Examples
    --------
    >>> largest_remainder(10, [1, 1, 1])
    [4, 3, 3]
    """
    whole = sum(parts)
    exact = [Fraction(total * part, whole) if whole else Fraction(0) for part in parts]
    shares = [int(x) for x in exact]
    by_fraction = sorted(range(len(parts)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_fraction[: total - sum(shares) if whole else 0]:
        shares[i] += 1
    return shares


def order_moves(moves: list[Move], order: str, *, largest_first: bool = False) -> list[Move]:
    """Order moves of the same time, which are given in the order of the ledger."""
    groups: dict[Any, list[Move]] = defaultdict(list)
    for move in moves:
        groups[move.at].append(move)
    out = []
    for group in groups.values():
        ordered = group if order == "ledger" else _when_ready(group, order)
        out += _batches(ordered) if largest_first else ordered
    return out


def _when_ready(group: list[Move], order: str) -> list[Move]:
    """Take moves whose account has its other side done, in the order in which they became so."""

    def ends(move: Move) -> tuple[str, str]:
        """Return the account that a move waits for, and the one that it frees."""
        pair = move.source[0], move.target[0]
        return pair if order == "credits_first" else pair[::-1]

    def is_ready(move: Move) -> bool:
        account = ends(move)[0]
        return not any(ends(m)[1] == account != ends(m)[0] for m in left + queue)

    left, queue, out = list(group), list[Move](), list[Move]()
    queue = [m for m in group if is_ready(m)]
    left = [m for m in group if m not in queue]
    while queue or left:
        if not queue:
            queue.append(left.pop(0))
        move = queue.pop(0)
        out.append(move)
        ready = [m for m in left if ends(m)[0] == ends(move)[1] and is_ready(m)]
        left = [m for m in left if m not in ready]
        queue += ready
    return out


def _batches(group: list[Move]) -> list[Move]:
    """Put the debits of each pocket in order of size, in the places that they have."""
    out = list(group)
    for pocket in {m.source for m in group}:
        places = [i for i, m in enumerate(group) if m.source == pocket]
        largest = sorted((group[i] for i in places), key=lambda m: -m.sent)
        for i, move in zip(places, largest, strict=True):
            out[i] = move
    return out


def _take(lots: list[list[Any]], amount: int, newest: bool) -> list[Piece]:
    """Take lots from one end of a pocket."""
    pieces: list[Piece] = []
    for lot in lots[::-1] if newest else list(lots):
        piece = min(lot[1], amount)
        if piece > 0:
            lot[1] -= piece
            amount -= piece
            pieces.append((lot[0], piece))
    lots[:] = [lot for lot in lots if lot[1] > 0]
    return _joined(pieces)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Join clean pieces that follow each other."""
    out: list[Piece] = []
    for claim, amount in pieces:
        if out and claim is None and out[-1][0] is None:
            out[-1] = (None, out[-1][1] + amount)
        else:
            out.append((claim, amount))
    return out


def _added_up(pieces: list[Piece]) -> list[Piece]:
    """Add pieces up by claim, clean money last."""
    sums: dict[Claim, int] = defaultdict(int)
    for claim, amount in pieces:
        sums[claim] += amount
    return sorted(sums.items(), key=lambda x: (x[0] is None, x[0]))


def _mixture(lots: list[list[Any]], amount: int, rule: str) -> dict[Claim, int]:
    """Say how much of each claim leaves with an amount, clean money under None."""
    held: dict[Claim, int] = defaultdict(int)
    for claim, there, _ in lots:
        held[claim] += there
    claims = sorted(c for c in held if c is not None)
    stained = sum(held[c] for c in claims)
    if rule == "pro_rata":
        shares = largest_remainder(amount, [held[c] for c in [*claims, None]])
        return dict(zip([*claims, None], shares, strict=True))
    dirty = max(0, amount - held[None]) if rule == "clean_first" else min(amount, stained)
    out: dict[Claim, int] = dict(
        zip(claims, largest_remainder(dirty, [held[c] for c in claims]), strict=True)
    )
    return {**out, None: amount - dirty}


def _out_of(lots: list[list[Any]], wanted: Mapping[Claim, int]) -> list[Piece]:
    """Take an amount of each claim, oldest first, by claim with clean money last."""
    pieces: list[Piece] = []
    for claim in sorted(wanted, key=lambda c: (c is None, c)):
        own = [lot for lot in lots if lot[0] == claim]
        taken = sum(a for _, a in _take(own, wanted[claim], newest=False))
        pieces += [(claim, taken)] if taken else []
    lots[:] = [lot for lot in lots if lot[1] > 0]
    return pieces


def _draw(move: Move, lots: list[list[Any]], rule: str, brought: dict[int, list[Piece]]) -> Any:
    """Take what a move sends out of its pocket, whose balance covers it."""
    by_lots = rule in ("fifo", "lifo")
    pieces: list[Piece] = []
    original = brought.get(move.returns) if move.returns is not None else None
    if original is not None and by_lots:
        own = [lot for lot in lots if lot[2] == move.returns]
        pieces = _take(own, move.sent, rule == "lifo")
        lots[:] = [lot for lot in lots if lot[1] > 0]
    elif original is not None:
        sums = _added_up(original)
        shares = largest_remainder(min(move.sent, sum(a for _, a in sums)), [a for _, a in sums])
        pieces = _out_of(lots, {c: x for (c, _), x in zip(sums, shares, strict=True)})
    rest = move.sent - sum(a for _, a in pieces)
    if by_lots:
        return _joined(pieces + _take(lots, rest, rule == "lifo"))
    return _added_up(pieces + _out_of(lots, _mixture(lots, rest, rule)))


def reference_trace(
    moves: Sequence[Move], rule: str, opening: Mapping[Pocket, int] | None = None
) -> Outcome:
    """Trace moves in the order given.

    Parameters
    ----------
    opening
        Clean money that pockets begin with.
    """
    pockets: dict[Pocket, list[list[Any]]] = defaultdict(list)
    for pocket, amount in (opening or {}).items():
        pockets[pocket].append([None, amount, None])
    flows: dict[tuple[int, int, bool], tuple[int, int, int]] = {}
    brought: dict[int, list[Piece]] = {}
    minted: dict[int, int] = {}
    for move in moves:
        lots = pockets[move.source]
        short = move.sent - sum(lot[1] for lot in lots)
        if short > 0:
            minted[move.transaction_id] = short
        is_mixed = any(lot[0] is not None for lot in lots)
        place = 0 if rule == "lifo" else len(lots)
        lots[place:place] = [[None, short, None]] if short > 0 else []
        is_return = move.returns in brought and is_mixed
        pieces = _draw(move if is_mixed else move._replace(returns=None), lots, rule, brought)
        if not is_mixed:
            pieces = [(None, move.sent)] if move.sent else []
        came, lost = _arrive(move, pieces)
        for (claim, drawn), c, x in zip(pieces, came, lost, strict=False):
            if claim is not None:
                before = flows.get((move.transaction_id, claim, False), (0, 0, 0))
                sums = before[0] + drawn, before[1] + c, before[2] + x
                flows[move.transaction_id, claim, False] = sums
        claims = [p[0] for p in pieces] + [None] * (len(came) - len(pieces))
        arrived = [(k, c - x) for k, c, x in zip(claims, came, lost, strict=True)]
        if move.is_sink:
            arrived = [(None, move.received)]
        seeds: list[Piece] = list(move.seeds)
        for claim, amount in move.seeds:
            flows[move.transaction_id, claim, True] = (0, amount, 0)
        brought[move.transaction_id] = seeds + arrived
        added = [[k, a, move.transaction_id] for k, a in [*seeds, *arrived] if a > 0]
        target = pockets[move.target]
        if not is_return or rule not in ("fifo", "lifo"):
            target += added
        elif rule == "fifo":
            target[:0] = [[k, a, move.transaction_id] for k, a in [*arrived, *seeds] if a > 0]
        else:
            target += [[k, a, move.transaction_id] for k, a in [*seeds[::-1], *arrived[::-1]] if a]
    held: dict[tuple[int, Pocket], int] = defaultdict(int)
    for pocket, lots in pockets.items():
        for claim, amount, _ in lots:
            if claim is not None:
                held[claim, pocket] += amount
    balance = {pocket: sum(lot[1] for lot in lots) for pocket, lots in pockets.items()}
    return Outcome(dict(held), flows, minted, balance)


def _arrive(move: Move, pieces: list[Piece]) -> tuple[list[int], list[int]]:
    """Return what of each piece arrives, and what of that goes no further."""
    drawn = [amount for _, amount in pieces]
    if move.source[1] == move.target[1] and move.received >= move.sent:
        came = list(drawn)
        excess = move.received - move.sent  # more came than was sent: clean
        if excess and pieces and pieces[-1][0] is None:
            came[-1] += excess
        elif excess:
            came.append(excess)
    elif drawn:
        came = largest_remainder(move.received, drawn)
    else:
        came = [move.received] if move.received else []
    claimed = sum(amount for _, amount in move.seeds)
    if move.is_sink:
        return came, came
    return came, largest_remainder(claimed, came)
