"""How like another a ledger is: distances of distributions, with intervals.

Two ledgers are compared by what does not depend on their size or their names: how busy accounts
are, how many partners they have, how large payments are, how long an account waits between two,
how often payment is mutual, which corridors are used, when people pay, by what means, and how many
transactions a labelled case has.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError, DatasetUnavailableError
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.sources import read_ledger
from xborder_aml.synth.society import rng_of

__all__ = [
    "FIDELITY",
    "Fidelity",
    "Profile",
    "compare_ledgers",
    "find_ledger",
    "open_ledger",
    "profile_of",
]

_Floats = NDArray[np.float64]
_MOST = 20_000  # values of a distribution that are compared
_DRAWS = 200
_LEVEL = (2.5, 97.5)

FIDELITY: dict[str, Any] = {
    "statistic": pl.String,
    "measure": pl.String,
    "distance": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "generated": pl.Float64,
    "reference": pl.Float64,
}
"""Columns: `distance` is 0 for alike and at most 1, with its 95 percent bootstrap interval.

``ks``: the largest difference of two cumulative distributions, whose medians stand beside it.
``tv``: half the sum of the absolute differences of shares, beside the largest share of each.
``difference``: of two shares.
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is compared of a ledger: samples of distributions, and counts by kind."""

    samples: Mapping[str, _Floats]
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Two profiles and their distances, as `FIDELITY` declares them."""

    table: pl.DataFrame
    generated: Profile
    reference: Profile


def find_ledger(path: str | os.PathLike[str]) -> Path:
    """Return the file of a ledger: the path itself, or the one ledger in that folder.

    Raises
    ------
    DatasetUnavailableError
        If there is none, or more than one.
    """
    place = Path(path)
    if place.is_file():
        return place
    if not place.is_dir():
        raise DatasetUnavailableError(
            f"there is no ledger {str(place)!r}; name a file, or a folder that `xborder-aml synth` "
            "wrote"
        )
    known = [*sorted(place.glob("transactions.parquet")), *sorted(place.glob("*_Trans.csv"))]
    if len(known) != 1:
        has = ", ".join(p.name for p in known) or "no transactions.parquet and no *_Trans.csv"
        raise DatasetUnavailableError(
            f"the folder {str(place)!r} holds {has}; name the ledger's file"
        )
    return known[0]


def open_ledger(path: str | os.PathLike[str]) -> pl.DataFrame:
    """Read a ledger to compare with: a folder that `write_ledger` wrote, or any file.

    A Parquet file with the canonical columns is taken as it is; AMLworld's files are known by
    their names; anything else is read as the source ``generic``.

    Raises
    ------
    DatasetUnavailableError
        If there is nothing there, or more than one.
    """
    place = find_ledger(path)
    if place.suffix == ".parquet":
        frame = pl.read_parquet(place)
        if {"transaction_id", "base_minor", "originator"} <= set(frame.columns):
            return TRANSACTIONS.conform(frame)
        return read_ledger(frame).transactions
    source = "amlworld" if place.name.endswith("_Trans.csv") else "generic"
    return read_ledger(place, source=source).transactions


def profile_of(transactions: pl.DataFrame, seed: int = 0) -> Profile:
    """Return what is compared of a ledger.

    Raises
    ------
    DataError
        If it has fewer than two transactions.
    """
    if transactions.height < 2:
        raise DataError(f"a ledger of {transactions.height} transactions cannot be compared")
    t = transactions
    ends = pl.concat(
        [
            t.select("executed_at", account="originator"),
            t.filter(pl.col("originator") != pl.col("beneficiary")).select(
                "executed_at", account="beneficiary"
            ),
        ]
    ).sort("account", "executed_at")
    wait = ends.select(
        pl.col("executed_at").diff().over("account").dt.total_seconds().drop_nulls() / 3600
    ).to_series()
    when = t["executed_at"].dt.timestamp("us").to_numpy()
    days = max(1.0, float(when.max() - when.min()) / 86_400e6)
    pairs = (
        t.select("originator", "beneficiary")
        .unique()
        .filter(pl.col("originator") != pl.col("beneficiary"))
    )
    swapped = pairs.rename({"originator": "beneficiary", "beneficiary": "originator"})
    mutual = pairs.join(swapped, on=["originator", "beneficiary"], how="semi").height
    samples = {
        "transactions of an account a year": ends["account"].value_counts()["count"] * 365 / days,
        "payees of an account": pairs["originator"].value_counts()["count"],
        "payers of an account": pairs["beneficiary"].value_counts()["count"],
        "amount in the base currency": t["base_minor"].drop_nulls() / 100,
        "hours between an account's transactions": wait,
        "transactions of a labelled case": t.drop_nulls("label_case")["label_case"]
        .value_counts()["count"],
    }  # fmt: skip
    counts = {
        "pairs that pay each other": {"yes": mutual, "no": pairs.height - mutual},
        "corridors": _corridors(t),
        "instruments": _counted(t["instrument"].cast(pl.String)),
        "hours of the day": _counted(t["executed_at"].dt.hour().cast(pl.String)),
        "days of the week": _counted(t["executed_at"].dt.weekday().cast(pl.String)),
        "currencies": _counted(t["sent_currency"].cast(pl.String)),
    }
    rng = rng_of(seed, "fidelity")
    return Profile({name: _sample(s, rng) for name, s in samples.items() if s.len()},
                   {name: c for name, c in counts.items() if c})  # fmt: skip


def _sample(values: pl.Series, rng: np.random.Generator) -> _Floats:
    out = values.sort().to_numpy().astype(np.float64)
    return np.sort(rng.choice(out, _MOST, replace=False)) if out.size > _MOST else out


def _counted(values: pl.Series) -> dict[str, int]:
    return dict(values.drop_nulls().value_counts().sort(values.name).iter_rows())


def _corridors(t: pl.DataFrame) -> dict[str, int]:
    known = t.drop_nulls(["originator_jurisdiction", "beneficiary_jurisdiction"])
    names = known.select(
        pl.format("{}>{}", "originator_jurisdiction", "beneficiary_jurisdiction").alias("corridor")
    )
    return _counted(names.to_series())


def compare_ledgers(generated: pl.DataFrame, reference: pl.DataFrame, *, seed: int = 0) -> Fidelity:
    """Compare two ledgers.

    What one of them does not tell is left out. Intervals come from resampling both, value by value,
    which takes values for independent: payments of one account are not, so the truth is wider.

    Parameters
    ----------
    generated, reference
        Tables as `xborder_aml.schema.TRANSACTIONS` declares it.
    seed
        Of the resampling.

    Examples
    --------
    >>> from xborder_aml import example_ledger
    >>> same = compare_ledgers(example_ledger(), example_ledger())
    >>> same.table["distance"].max()
    0.0
    """
    mine, theirs = profile_of(generated, seed), profile_of(reference, seed)
    rng = rng_of(seed, "bootstrap")
    rows: list[tuple[Any, ...]] = []
    for name in mine.samples:
        if name in theirs.samples:
            a, b = mine.samples[name], theirs.samples[name]
            seen = _ks(a, b)
            drawn = np.array([_ks(_again(a, rng), _again(b, rng)) for _ in range(_DRAWS)])
            low, high = _interval(seen, drawn)
            rows.append((name, "ks", seen, low, high, np.median(a), np.median(b)))
    for name in mine.counts:
        if name in theirs.counts:
            rows.append((name, *_shares(mine.counts[name], theirs.counts[name], rng)))
    home = [_home(p) for p in (mine, theirs)]
    if home[0] is not None and home[1] is not None:
        rows.append(("share that stays at home", *_difference(home[0], home[1], rng)))
    return Fidelity(pl.DataFrame(rows, schema=FIDELITY, orient="row"), mine, theirs)


def _again(values: _Floats, rng: np.random.Generator) -> _Floats:
    return np.sort(values[rng.integers(0, values.size, values.size)])


def _ks(a: _Floats, b: _Floats) -> float:
    """Return the largest difference of two cumulative distributions, of sorted values."""
    both = np.concatenate([a, b])
    below_a = np.searchsorted(a, both, side="right") / a.size
    below_b = np.searchsorted(b, both, side="right") / b.size
    return float(np.abs(below_a - below_b).max())


def _shares(
    a: Mapping[str, int], b: Mapping[str, int], rng: np.random.Generator
) -> tuple[str, float, float, float, float, float]:
    if set(a) | set(b) == {"yes", "no"}:
        return _difference((a["yes"], a["yes"] + a["no"]), (b["yes"], b["yes"] + b["no"]), rng)
    names = sorted(set(a) | set(b))
    counts = [np.array([c.get(name, 0) for name in names], np.float64) for c in (a, b)]
    p, q = (c / c.sum() for c in counts)
    drawn = [
        rng.multinomial(int(c.sum()), s, _DRAWS) / c.sum()
        for c, s in zip(counts, (p, q), strict=True)
    ]
    seen = float(0.5 * np.abs(p - q).sum())
    low, high = _interval(seen, 0.5 * np.abs(drawn[0] - drawn[1]).sum(axis=1))
    return "tv", seen, low, high, float(p.max()), float(q.max())


def _interval(seen: float, drawn: _Floats) -> tuple[float, float]:
    """Return a distance's interval; what resampling adds to every distance is taken off."""
    low, high = np.clip(seen + np.percentile(drawn - drawn.mean(), _LEVEL), 0.0, 1.0)
    return float(low), float(high)


def _difference(
    a: tuple[int, int], b: tuple[int, int], rng: np.random.Generator
) -> tuple[str, float, float, float, float, float]:
    p, q = a[0] / a[1], b[0] / b[1]
    drawn = rng.binomial(a[1], p, _DRAWS) / a[1] - rng.binomial(b[1], q, _DRAWS) / b[1]
    low, high = np.percentile(drawn, _LEVEL)
    # the sign says nothing about likeness; an interval about 0 begins there
    ends = sorted((abs(low), abs(high)))
    return "difference", abs(p - q), 0.0 if low <= 0 <= high else ends[0], ends[1], p, q


def _home(profile: Profile) -> tuple[int, int] | None:
    corridors = profile.counts.get("corridors")
    if not corridors:
        return None
    stays = sum(n for name, n in corridors.items() if name[:2] == name[3:])
    return stays, sum(corridors.values())
