"""The features' definitions in plain Python, which the kernels are held to.

Each function reads a ledger as a list of `Payment`, in canonical order, and the row to describe; it
is short, slow, and shares nothing with the kernels.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "Payment",
    "chain_depths",
    "describe",
    "fan_degree",
    "hop_cycles",
    "in_window",
    "running",
    "scatter_gathers",
    "temporal_cycles",
    "vertex_statistics",
]


class Payment(NamedTuple):
    """One transaction; its place in the list is its place in canonical order."""

    at: int
    originator: int
    beneficiary: int
    base: int | None = None
    corridor: int | None = None


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


def vertex_statistics(
    payments: Sequence[Payment], row: int, window: int, max_sample: int
) -> list[tuple[int, int, list[float], list[float]]]:
    """Return fan, degree and the moments of amounts and ages, of each account and direction."""
    own = payments[row]
    out = []
    for account in (own.originator, own.beneficiary):
        for side, other in (("originator", "beneficiary"), ("beneficiary", "originator")):
            seen = [p for p in in_window(payments, row, window) if getattr(p, side) == account]
            seen = seen[-max_sample:] if own.originator != own.beneficiary else []
            amounts = [p.base for p in seen if p.base is not None]
            ages = [(own.at - p.at) / 1e6 for p in seen]
            fan = len({getattr(p, other) for p in seen})
            out.append((fan, len(seen), describe(amounts), describe(ages)))
    return out


def describe(values: Sequence[float]) -> list[float]:
    """Return sum, mean, least, greatest, median, variance, skewness and kurtosis; 0 for none."""
    if not values:
        return [0.0] * 8
    n = len(values)
    mean = sum(values) / n
    m2, m3, m4 = (sum((v - mean) ** k for v in values) / n for k in (2, 3, 4))
    flat = min(values) == max(values)
    return [
        sum(values),
        mean,
        min(values),
        max(values),
        statistics.median(values),
        0.0 if flat else m2,
        0.0 if flat else m3 / math.sqrt(m2) ** 3,
        0.0 if flat else m4 / m2**2,
    ]


def chain_depths(
    payments: Sequence[Payment], max_gap: int, low: float, high: float, *, strict: bool
) -> list[int]:
    """Return the hops of the longest chain of like amounts that each row ends."""
    depths: list[int] = []
    for p in payments:
        before = [0]
        for q, depth in zip(payments, depths, strict=False):
            if q.beneficiary != p.originator or not 0 <= p.at - q.at <= max_gap:
                continue
            loop = p.originator == p.beneficiary or q.originator == q.beneficiary
            if loop or p.base is None or q.base is None or (strict and p.at == q.at):
                continue
            if low * q.base <= p.base <= high * q.base:
                before.append(depth)
        depths.append(1 + max(before))
    return depths


def running(payments: Sequence[Payment], row: int) -> dict[str, float | None]:
    """Return what a row continues: its pair, its accounts' ports and balances, its corridor."""
    own, past = payments[row], payments[:row]
    u, v = own.originator, own.beneficiary
    pair = [p for p in past if (p.originator, p.beneficiary) == (u, v)]
    between = [p for p in past if p.originator != p.beneficiary]

    def ordinal(mine: int, side: str, other: str) -> int:
        met = [getattr(p, other) for p in between if getattr(p, side) == mine]
        order = list(dict.fromkeys([*met, getattr(own, other)]))
        return 0 if u == v else order.index(getattr(own, other)) + 1

    def gap(some: Sequence[Payment]) -> float | None:
        return (own.at - max(p.at for p in some)) / 1e6 if some else None

    def balance(account: int) -> int:
        moved = [((p.beneficiary == account) - (p.originator == account), p.base) for p in past]
        return sum(sign * (base or 0) for sign, base in moved)

    def age(account: int) -> float | None:
        met = [p.at for p in past if account in (p.originator, p.beneficiary)]
        return (own.at - min(met)) / 1e6 if met else None

    total = sum(p.base or 0 for p in pair)
    ratio = own.base / (total / len(pair)) if pair and total and own.base is not None else None
    known = [p.corridor for p in past if p.corridor is not None]
    nth = None if own.corridor is None else known.count(own.corridor) + 1
    return {
        "pair_ordinal": len(pair) + 1,
        "pair_total": total,
        "pair_ratio": ratio,
        "pair_gap": gap(pair),
        "payee_ordinal": ordinal(u, "originator", "beneficiary"),
        "payer_ordinal": ordinal(v, "beneficiary", "originator"),
        "originator_sent_gap": gap([p for p in between if p.originator == u]),
        "originator_received_gap": gap([p for p in between if p.beneficiary == u]),
        "beneficiary_sent_gap": gap([p for p in between if p.originator == v]),
        "beneficiary_received_gap": gap([p for p in between if p.beneficiary == v]),
        "originator_age": age(u),
        "beneficiary_age": age(v),
        "originator_balance": balance(u),
        "beneficiary_balance": balance(v),
        "corridor_ordinal": nth or 0,
        "corridor_rarity": None if nth is None else math.log((len(known) + 1) / nth),
    }
