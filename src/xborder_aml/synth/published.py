"""The published statistics of the data sets that presets stand for, and how near a ledger comes.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023).
Oztas, Cetinkaya, Adedoyin, Budka, Aksu, Dogan, Enhancing Anti-Money Laundering: Development of a
Synthetic Transaction Monitoring Dataset, ICEBE (2023), for SAML-D.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import ParameterError
from xborder_aml.synth.attempts import SIZE_BINS
from xborder_aml.synth.presets import AMLWORLD_ACTIVITY, PRESETS
from xborder_aml.synth.spec import Attempts

__all__ = [
    "COUNTED",
    "NEAR",
    "PUBLISHED",
    "Seen",
    "check_published",
    "chi_square_p",
    "published_of",
    "seen_of",
]

NEAR = 0.05
"""A statistic is met within so much of the published one."""

CHECK: dict[str, Any] = {
    "statistic": pl.String,
    "published": pl.Float64,
    "generated": pl.Float64,
    "deviation": pl.Float64,
    "p_value": pl.Float64,
    "is_met": pl.Boolean,
}
"""Columns: a deviation is relative; a p-value is of a chi-square test, met from 0.05 on."""

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "amlworld-hi-small": {
        "days": 10,
        "accounts": 515_088,
        "transactions": 5_078_345,
        "transactions a laundering": 981,
    },
    "amlworld-li-small": {
        "days": 10,
        "accounts": 705_907,
        "transactions": 6_924_049,
        "transactions a laundering": 1_942,
    },
    "saml-d": {
        "accounts": 855_460,
        "transactions": 9_504_852,
        "transactions a laundering": 1 / 0.001039,
    },
}
"""Counts by preset."""

_FORMATS = {
    "cheque": 0.395, "card": 0.283, "ach": 0.123, "cash": 0.102, "reinvestment": 0.041,
    "wire": 0.036, "crypto": 0.020,
}  # fmt: skip
_INSTRUMENTS = {
    "cheque": 0.395, "card": 0.283, "wire": 0.159, "cash": 0.102, "securities": 0.041,
    "crypto": 0.020,
}  # fmt: skip
_WITH_ATTEMPTS = "amlworld-hi-small"  # the only one whose attempts are published by family
_SALARIED, _PENSIONED = 0.625, 0.183


@dataclass(frozen=True, slots=True)
class Seen:
    """What is counted of a ledger for the comparison.

    Parameters
    ----------
    n_days, n_transactions, n_laundering
        Counts.
    per_account
        Transactions of each account that has any, an account's payment to itself once.
    formats
        Share of each payment format, or of each instrument where the ledger does not tell more.
    sizes, sinks
        By family, the size of each attempt, and of its second side for a gather-scatter.
    salaried, pensioned
        Shares of persons who have a salary, or a pension; None where the ledger does not tell.
    """

    n_days: int
    n_transactions: int
    n_laundering: int
    per_account: NDArray[np.int64]
    formats: Mapping[str, float]
    sizes: Mapping[str, Sequence[int]]
    sinks: Mapping[str, Sequence[int]]
    salaried: float | None = None
    pensioned: float | None = None


COUNTED = [
    "transaction_id", "executed_at", "originator", "beneficiary", "instrument", "is_illicit",
]  # fmt: skip
"""Columns of the transactions that are counted."""


def seen_of(
    transactions: pl.DataFrame, patterns: pl.DataFrame, summary: Mapping[str, Any] | None = None
) -> Seen:
    """Count what is compared.

    Parameters
    ----------
    transactions
        As `xborder_aml.schema.TRANSACTIONS` declares it; no more columns are needed than `COUNTED`.
    patterns
        As `generate` returns it: the attempts.
    summary
        As `generate` returns it; what it tells beyond the tables is then compared too.
    """
    told = summary or {}
    t = transactions
    other = pl.col("originator") != pl.col("beneficiary")
    ends = pl.concat([t["originator"], t.filter(other)["beneficiary"].rename("originator")])
    days = t["executed_at"].dt.date()
    formats = told.get("formats")
    if formats is None:
        counted = t["instrument"].cast(pl.String).value_counts(normalize=True)
        formats = dict(counted.iter_rows())
    sizes: dict[str, list[int]] = {}
    sinks: dict[str, list[int]] = {}
    for family, ends_of in _attempts(transactions, patterns):
        first, second = _size(family, ends_of)
        sizes.setdefault(family, []).append(first)
        if second:
            sinks.setdefault(family, []).append(second)
    return Seen(
        days.n_unique(),
        t.height,
        int(told["laundering"]) if told else int(t["is_illicit"].fill_null(False).sum()),
        ends.value_counts()["count"].to_numpy().astype(np.int64),
        formats,
        sizes,
        sinks,
        told.get("salaried"),
        told.get("pensioned"),
    )


def _attempts(
    transactions: pl.DataFrame, patterns: pl.DataFrame
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield family and ends of the payments of each attempt."""
    wanted = patterns.filter(pl.col("pattern").is_not_null(), kind="laundering")
    ids = wanted.select("case_id", "pattern", transaction_id="transaction_ids").explode(
        "transaction_id"
    )
    rows = ids.join(
        transactions.select("transaction_id", "originator", "beneficiary"), on="transaction_id"
    )
    for (_, family), part in rows.group_by("case_id", "pattern", maintain_order=True):
        yield str(family), list(part.select("originator", "beneficiary").iter_rows())


def _size(family: str, ends: list[tuple[str, str]]) -> tuple[int, int]:
    """Return the size of an attempt as its family counts it, and of its second side."""
    if family in ("stack", "scatter_gather"):
        return -(-len(ends) // 2), 0
    if family == "random":
        return len({a for pair in ends for a in pair}), 0
    if family == "gather_scatter":
        hub = Counter(a for pair in ends for a in pair).most_common(1)[0][0]
        return sum(b == hub for _, b in ends), sum(a == hub for a, _ in ends)
    return len(ends), 0


def chi_square_p(counts: Sequence[float], shares: Sequence[float]) -> float:
    """Return the chance of counts so far from the shares, by Pearson's chi-square test.

    Examples
    --------
    >>> round(chi_square_p([10, 10, 10], [1, 1, 1]), 3)
    1.0
    >>> chi_square_p([30, 0, 0], [1, 1, 1]) < 1e-6
    True
    """
    n, total = sum(counts), sum(shares)
    x = sum((c - n * s / total) ** 2 / (n * s / total) for c, s in zip(counts, shares, strict=True))
    k = len(counts) - 1
    half = x / 2
    # the upper tail of the gamma distribution, from its closed form at 1 or 1/2 in steps of one
    if k % 2 == 0:
        a, tail, term = 1.0, math.exp(-half), half * math.exp(-half)
    else:
        a, tail = 0.5, math.erfc(math.sqrt(half))
        term = 2 * math.sqrt(half / math.pi) * math.exp(-half)
    while a < k / 2:
        tail += term
        a += 1
        term *= half / a
    return min(1.0, tail)


def published_of(name: str) -> Mapping[str, float]:
    """Return the published counts of a data set.

    Raises
    ------
    ParameterError
        If none of that name are kept.
    """
    if name not in PUBLISHED:
        raise ParameterError(
            f"no published statistics are kept for {name!r}; there are {', '.join(PUBLISHED)}"
        )
    return PUBLISHED[name]


def check_published(name: str, seen: Seen) -> pl.DataFrame:
    """Return each published statistic of a data set beside that of a ledger: `CHECK`.

    Raises
    ------
    ParameterError
        If no statistics of that name are kept.
    """
    published = published_of(name)
    spec = PRESETS[name]
    rows = _counts(published, seen)
    if spec.attempts:
        formats = _FORMATS if "ach" in seen.formats else _INSTRUMENTS
        rows += [_near(f"share of {k}", v, seen.formats.get(k, 0.0)) for k, v in formats.items()]
        if seen.salaried is not None and seen.pensioned is not None:
            rows.append(_near("share of persons salaried", _SALARIED, seen.salaried))
            rows.append(_near("share of persons pensioned", _PENSIONED, seen.pensioned))
        rows += _activity(seen)
        for family, wanted in spec.attempts if name == _WITH_ATTEMPTS else ():
            rows += _family(family, wanted, seen)
    return pl.DataFrame(rows, schema=CHECK, orient="row")


_Row = tuple[str, float | None, float | None, float | None, float | None, bool]


def _near(statistic: str, published: float, generated: float) -> _Row:
    off = generated / published - 1 if published else float(generated != 0)
    return statistic, float(published), float(generated), off, None, abs(off) <= NEAR


def _counts(published: Mapping[str, float], seen: Seen) -> list[_Row]:
    mine = {
        "days": seen.n_days,
        "accounts": seen.per_account.size,
        "transactions": seen.n_transactions,
        "transactions a laundering": seen.n_transactions / max(1, seen.n_laundering),
    }
    return [_near(key, value, mine[key]) for key, value in published.items()]


def _activity(seen: Seen) -> list[_Row]:
    """Compare how many transactions accounts have a year, in the published bins.

    In a few days nobody has less than one: bins that so short a time cannot tell apart are one.
    """
    least = 365 / seen.n_days
    bins: list[tuple[float, float, float]] = []
    for low, high, share in AMLWORLD_ACTIVITY[:-1]:
        if bins and (bins[-1][1] < least or low < least):
            bins[-1] = (bins[-1][0], high, bins[-1][2] + share)
        else:
            bins.append((low, high, share))
    total = sum(share for *_, share in bins)
    rate = seen.per_account * 365 / seen.n_days
    out = []
    for i, (low, high, share) in enumerate(bins):
        inside = (rate > (low if i else 0)) & (rate <= high)
        name = f"share of accounts with ({low:,g}, {high:,g}] transactions a year"
        out.append(_near(name, share / total, float(inside.mean())))
    return out


def _family(family: str, wanted: Attempts, seen: Seen) -> list[_Row]:
    """Compare number, transactions and sizes of a family's attempts."""
    sizes = seen.sizes.get(family, ())
    rows = [
        _near(f"{family}: attempts", wanted.n, len(sizes)),
        _near(f"{family}: transactions", wanted.n_transactions, _transactions(family, seen)),
    ]
    for what, published, mine in (
        ("sizes", wanted.sizes, sizes),
        ("sinks", wanted.sinks, seen.sinks.get(family, ())),
    ):
        if published is not None and mine:
            counts = [sum(low <= s <= high for s in mine) for low, high in SIZE_BINS]
            p = chi_square_p(counts, published)
            rows.append((f"{family}: {what}", None, None, None, p, p >= NEAR))
    return rows


def _transactions(family: str, seen: Seen) -> int:
    each = {"stack": 2, "scatter_gather": 2}.get(family, 1)
    first, second = seen.sizes.get(family, ()), seen.sinks.get(family, ())
    return each * sum(first) + sum(second) - (len(first) if family == "random" else 0)
