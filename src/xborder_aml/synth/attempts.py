"""AMLworld's families of laundering attempts, in the sizes that its authors publish.

They run through accounts of the economy that have other business, all of one currency, in no more
days than AMLworld's take. Amounts are drawn one by one, as there.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), section 3.
Suzumura and Kanezashi, AMLSim (2021), for the shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xborder_aml.errors import DataError
from xborder_aml.synth.docket import DAY_US, LAUNDERING, Docket
from xborder_aml.synth.society import rng_of
from xborder_aml.synth.spec import ROLES, Attempts

__all__ = ["SIZE_BINS", "add_attempts", "add_loose", "draw_sizes"]

SIZE_BINS = ((1, 2), (3, 4), (5, 8), (9, 12), (13, 18))
"""Sizes of an attempt, bin by bin: (1,2] counts an attempt of one too."""
_TRIES = 500
_MEDIAN = 8_000_00
_SIGMA = 1.3

_Edges = list[tuple[int, int, float]]  # from, to, and when as a share of the attempt's days
_Shape = Callable[[int, int, np.random.Generator], _Edges]


def _fan_out(n: int, _: int, rng: np.random.Generator) -> _Edges:
    return [(0, i + 1, t) for i, t in enumerate(np.sort(rng.random(n)))]


def _fan_in(n: int, _: int, rng: np.random.Generator) -> _Edges:
    return [(i + 1, 0, t) for i, t in enumerate(np.sort(rng.random(n)))]


def _cycle(n: int, _: int, rng: np.random.Generator) -> _Edges:
    return [(i, (i + 1) % n, t) for i, t in enumerate(np.sort(rng.random(n)))]


def _random(n: int, _: int, rng: np.random.Generator) -> _Edges:
    return [(i, i + 1, t) for i, t in enumerate(np.sort(rng.random(n - 1)))]


def _bipartite(n: int, _: int, rng: np.random.Generator) -> _Edges:
    return [(2 * i, 2 * i + 1, t) for i, t in enumerate(rng.random(n))]


def _stack(n: int, _: int, rng: np.random.Generator) -> _Edges:
    out = []
    for i, (a, b) in enumerate(np.sort(rng.random((n, 2)), axis=1)):
        out += [(3 * i, 3 * i + 1, a), (3 * i + 1, 3 * i + 2, b)]
    return out


def _scatter_gather(n: int, _: int, rng: np.random.Generator) -> _Edges:
    out = []
    for i, (a, b) in enumerate(np.sort(rng.random((n, 2)), axis=1)):
        out += [(0, i + 2, a), (i + 2, 1, b)]
    return out


def _gather_scatter(n: int, m: int, rng: np.random.Generator) -> _Edges:
    out = [(i + 1, 0, 0.5 * t) for i, t in enumerate(rng.random(n))]
    return out + [(0, n + i + 1, 0.5 + 0.5 * t) for i, t in enumerate(rng.random(m))]


class _Family(NamedTuple):
    shape: _Shape
    days: float  # most
    each: int = 1  # transactions of a size: so many times it,
    less: int = 0  # less so many
    least: int = 1


_FAMILIES = {
    "fan_out": _Family(_fan_out, 4.0),
    "fan_in": _Family(_fan_in, 4.0),
    "cycle": _Family(_cycle, 4.0, least=2),
    "random": _Family(_random, 4.0, less=1, least=2),
    "bipartite": _Family(_bipartite, 2.0),
    "stack": _Family(_stack, 5.0, each=2),
    "scatter_gather": _Family(_scatter_gather, 4.0, each=2),
    "gather_scatter": _Family(_gather_scatter, 7.9),
}


def draw_sizes(
    n: int, total: int, weights: tuple[int, ...], least: int, rng: np.random.Generator
) -> list[int]:
    """Draw sizes of attempts from the published bins so that they sum to the published total.

    The number in each bin is what the weights say, to rounding, or else what chance gives; where in
    its bin a size lies is drawn, and moved inside of the bin until the sum is right.

    Raises
    ------
    DataError
        If no sizes in these bins have such a sum.
    """
    share = np.array(weights) / sum(weights)
    for attempt in range(_TRIES):
        # ever looser about the bins: rounding at first, chance later
        if attempt < _TRIES // 10:
            counts = np.floor(np.cumsum(share) * n + rng.random())
            counts = np.diff(np.minimum(counts, n), prepend=0.0)
            counts[-1] += n - counts.sum()
        else:
            counts = rng.multinomial(n, share)
        bins = np.repeat(np.arange(len(SIZE_BINS)), counts.astype(np.int64))
        low = np.maximum(np.array([b[0] for b in SIZE_BINS])[bins], least)
        high = np.array([b[1] for b in SIZE_BINS])[bins]
        size = rng.integers(low, high + 1)
        for i in rng.permutation(n):
            size[i] = np.clip(size[i] + total - size.sum(), low[i], high[i])
        if size.sum() == total:
            return [int(s) for s in rng.permutation(size)]
    raise DataError(
        f"{n} attempts of the sizes asked for cannot have {total} transactions; change either"
    )


def add_attempts(docket: Docket, seed: int) -> None:
    """Plan the attempts that the specification asks for."""
    pools = _Pools(docket)
    for name, wanted in docket.spec.attempts:
        family = _FAMILIES[name]
        rng = rng_of(seed, f"attempts {name}")
        firsts, seconds = _sizes(wanted, family, rng)
        for n, m in zip(firsts, seconds, strict=True):
            edges = family.shape(n, m, rng)
            accounts = pools.draw(1 + max(max(a, b) for a, b, _ in edges), rng)
            case = docket.open_case(LAUNDERING, name, f"an attempt of {len(edges)} transactions")
            span = min(family.days, docket.spec.days) * rng.uniform(0.5, 1.0)
            begin = rng.uniform(0, docket.spec.days - span)
            paid: set[int] = set()
            for a, b, t in sorted(edges, key=lambda e: e[2]):
                at = int((begin + span * t) * DAY_US)
                amount = int(_MEDIAN * np.exp(_SIGMA * rng.standard_normal()))
                docket.pay(case, at, accounts[a], accounts[b], amount,
                           is_origin=a not in paid, form="ach", pattern=name)  # fmt: skip
                paid.add(b)


def _sizes(
    wanted: Attempts, family: _Family, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Return the sizes of both sides; the second is zero but for gather-scatters."""
    n, total = wanted.n, wanted.n_transactions
    if wanted.sinks is None:
        total = (total + family.less * n) // family.each
        return draw_sizes(n, total, wanted.sizes, family.least, rng), [0] * n
    first = draw_sizes(n, total // 2, wanted.sizes, family.least, rng)
    return first, draw_sizes(n, total - total // 2, wanted.sinks, family.least, rng)


class _Pools:
    """Persons and companies by currency: who can take part in an attempt."""

    def __init__(self, docket: Docket) -> None:
        society = docket.society
        lived = np.isin(society.role, [ROLES.index(r) for r in ("person", "company")])
        accounts = np.flatnonzero(lived)
        money = society.currency[accounts]
        self._of = [accounts[money == c] for c in range(len(docket.money.codes))]
        self._size = np.array([pool.size for pool in self._of])

    def draw(self, n: int, rng: np.random.Generator) -> list[int]:
        """Draw accounts of one currency, which is likelier the more accounts it has.

        Raises
        ------
        DataError
            If no currency has enough.
        """
        weight = np.where(self._size >= 2 * n, self._size, 0)
        if not weight.any():
            raise DataError(
                f"an attempt needs {n} accounts of one currency and there are not so many persons "
                "and companies; ask for more accounts, or for no attempts"
            )
        pool = self._of[rng.choice(weight.size, p=weight / weight.sum())]
        picked: list[int] = rng.choice(pool.size, n, replace=False, shuffle=False).tolist()
        return [int(pool[i]) for i in rng.permutation(picked)]


def add_loose(docket: Docket, seed: int) -> None:
    """Plan laundering transactions that belong to no pattern."""
    rng, pools = rng_of(seed, "loose"), _Pools(docket)
    for _ in range(docket.spec.loose):
        case = docket.open_case(LAUNDERING, None, "proceeds outside of any pattern")
        a, b = pools.draw(2, rng)
        amount = int(_MEDIAN * np.exp(_SIGMA * rng.standard_normal()))
        form = ("ach", "cheque", "cash", "card")[int(rng.integers(4))]
        at = int(rng.uniform(0, docket.spec.days) * DAY_US)
        docket.pay(case, at, a, b, amount, is_origin=True, form=form)
