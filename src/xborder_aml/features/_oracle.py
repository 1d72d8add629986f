"""The features' definitions in plain Python, which the kernels are held to.

Each function reads a ledger as a list of `Payment`, in canonical order, and the row to describe; it
is short, slow, and shares nothing with the kernels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "Payment",
    "fan_degree",
    "hop_cycles",
    "in_window",
    "scatter_gathers",
    "temporal_cycles",
]


class Payment(NamedTuple):
    """One transaction; its place in the list is its place in canonical order."""

    at: int
    originator: int
    beneficiary: int
    base: int | None = None


def in_window(payments: Sequence[Payment], row: int, window: int) -> list[Payment]:
    """Return a row and the earlier ones in its window, without self-loops."""
    return [
        p
        for p in payments[: row + 1]
        if p.at >= payments[row].at - window and p.originator != p.beneficiary
    ]


def fan_degree(payments: Sequence[Payment], row: int, window: int) -> tuple[int, int, int, int]:
    """Return degree and fan in of the beneficiary, degree and fan out of the originator."""
    own = payments[row]
    if own.originator == own.beneficiary:
        return 0, 0, 0, 0
    seen = in_window(payments, row, window)
    payers = [p.originator for p in seen if p.beneficiary == own.beneficiary]
    payees = [p.beneficiary for p in seen if p.originator == own.originator]
    return len(payers), len(set(payers)), len(payees), len(set(payees))


def temporal_cycles(
    payments: Sequence[Payment], row: int, window: int, *, strict: bool
) -> Counter[int]:
    """Return, by length, the account cycles that a row closes with some time-respecting path."""
    own = payments[row]
    earlier = [
        p for k, p in enumerate(payments[:row]) if own.at - window <= p.at <= own.at and k != row
    ]
    found: set[tuple[int, ...]] = set()

    def back(path: tuple[int, ...], at: int) -> None:
        for p in earlier:
            in_time = p.at < at if strict else p.at <= at
            if p.beneficiary != path[-1] or not in_time:
                continue
            if p.originator == own.beneficiary and path[-1] != own.beneficiary:
                found.add(path)
            elif p.originator not in path and p.originator != own.beneficiary:
                back((*path, p.originator), p.at)

    if own.originator != own.beneficiary:
        back((own.originator,), own.at)
    return Counter(len(path) + 1 for path in found)


def hop_cycles(payments: Sequence[Payment], row: int, window: int, max_hops: int) -> Counter[int]:
    """Return, by length, the cycles through a row in the graph of its window."""
    own = payments[row]
    pays = {(p.originator, p.beneficiary) for p in in_window(payments, row, window)}
    found: Counter[int] = Counter()

    def on(path: tuple[int, ...]) -> None:
        for payer, payee in pays:
            if payer != path[-1]:
                continue
            if payee == own.originator:
                found[len(path) + 1] += 1
            elif payee not in path and len(path) + 1 < max_hops:
                on((*path, payee))

    if own.originator != own.beneficiary:
        on((own.beneficiary,))
    return found


def scatter_gathers(payments: Sequence[Payment], row: int, window: int) -> Counter[int]:
    """Return, by number of middles, the scatter-gathers in a row's window that it is part of."""
    own = payments[row]
    pays = {(p.originator, p.beneficiary) for p in in_window(payments, row, window)}
    accounts = {a for pair in pays for a in pair}

    def middles(source: int, target: int) -> set[int]:
        return {m for m in accounts if (source, m) in pays and (m, target) in pays}

    found: Counter[int] = Counter()
    for other in accounts:
        scatters = middles(own.originator, other)
        if other != own.originator and own.beneficiary in scatters and len(scatters) > 1:
            found[len(scatters)] += 1
        gathers = middles(other, own.beneficiary)
        if other != own.beneficiary and own.originator in gathers and len(gathers) > 1:
            found[len(gathers)] += 1
    return found if own.originator != own.beneficiary else Counter()
