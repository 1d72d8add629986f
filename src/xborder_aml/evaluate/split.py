"""Temporal splits by name: who learns from what, and what is left out so that nothing leaks.

Every split follows three rules. Time: a row is learnt from only if it was booked before the rows
that are scored. Embargo: the last rows of an earlier part, as long as the embargo, are left out, so
that no window reaches across. Cases: a case belongs whole to the last part that it reaches, and its
rows in earlier parts are left out there. All that is left out is taken from the earlier part: the
test rows are always those of the published protocol, all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detectors._spec import microseconds
from xborder_aml.errors import DataError, ParameterError, did_you_mean
from xborder_aml.evaluate.dataset import Dataset

__all__ = ["CASE", "EMBARGO", "LATER", "SPLITS", "TEST", "TRAIN", "VALIDATION", "Fold", "folds"]

TRAIN, VALIDATION, TEST = 0, 1, 2
EMBARGO, CASE, LATER = -1, -2, -3
"""Why a row is in no part: within the embargo; its case goes on in a later part; after the test."""

SPLITS: Mapping[str, str] = MappingProxyType(
    {
        "rows-60-20-20": "The first 60% of rows, the next 20% and the last 20%, exactly.",
        "days-amlworld": "Whole days; the largest relative error against 60/20/20 is least.",
        "rolling-origin-3": "The last 40% of rows in 3 tests, each after a validation as long; "
        "any number from 2 to 10 may stand for the 3.",
    }
)
"""Splits by name."""

_ROLLING = re.compile(r"rolling-origin(?:-(\d+))?")
_SHARES = np.array([0.6, 0.2, 0.2])


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of a ledger's rows, which stand in canonical order.

    Parameters
    ----------
    split
        Name of the split.
    number
        1 for the first fold of it.
    parts
        `TRAIN`, `VALIDATION`, `TEST`, or why the row is in none of them, shape (E,).
    ends
        Rows before the end of training, validation and test.
    """

    split: str
    number: int
    parts: NDArray[np.int8]
    ends: tuple[int, int, int]

    def counts(self) -> dict[str, int]:
        """Return how many rows are in each part, and left out for each reason."""
        names = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
        names |= {"embargo": EMBARGO, "case_goes_on": CASE, "later": LATER}
        return {name: int((self.parts == code).sum()) for name, code in names.items()}


def folds(
    data: Dataset, split: str = "rows-60-20-20", embargo: str | timedelta = "1d"
) -> list[Fold]:
    """Divide a dataset's rows.

    Parameters
    ----------
    split
        One of `SPLITS`.
    embargo
        Look-back plus look-ahead of what is computed from the rows, like ``"1d"``. A row of an
        earlier part stays only if more time than that lies between it and the next part.

    Raises
    ------
    ParameterError
        If there is no such split.
    DataError
        If a part has no row left.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> data = xb.evaluate.load_dataset("demo")
    >>> [fold] = folds(data, "rows-60-20-20")
    >>> fold.counts()["test"] == data.transactions.height - fold.ends[1]
    True
    """
    length = microseconds(embargo, "embargo")
    at = data.transactions["executed_at"].to_physical().to_numpy()
    case = data.cases().rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    out = []
    for number, ends in enumerate(_ends(split, at), 1):
        parts = _parts(at, case, ends, length)
        fold = Fold(split, number, parts, ends)
        empty = [name for name, n in list(fold.counts().items())[:3] if n == 0]
        if empty:
            raise DataError(
                f"dataset {data.name!r}, split {split!r}, fold {number}: no row is left in "
                f"{', '.join(empty)} after the embargo of {embargo}; take a shorter embargo or a "
                "longer ledger"
            )
        out.append(fold)
    return out


def _ends(split: str, at: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    n = at.size
    if split == "rows-60-20-20":
        return [(n * 6 // 10, n * 8 // 10, n)]
    if split == "days-amlworld":
        return [(*_whole_days(at), n)]
    rolling = _ROLLING.fullmatch(split)
    k = int(rolling[1] or 3) if rolling else 0
    if not 2 <= k <= 10:
        raise ParameterError(
            f"there is no split {split!r}{did_you_mean(split, SPLITS)}; the splits are "
            f"{', '.join(SPLITS)}, with any number from 2 to 10 in the last"
        )
    cuts = [n * 6 // 10 + (n - n * 6 // 10) * i // k for i in range(k + 1)]
    step = cuts[1] - cuts[0]
    return [(cuts[i] - step, cuts[i], cuts[i + 1]) for i in range(k)]


def _whole_days(at: NDArray[np.int64]) -> tuple[int, int]:
    """Return the cuts between days whose largest relative error against 60/20/20 is least.

    References
    ----------
    Altman et al., Realistic Synthetic Financial Transactions for Anti-Money Laundering Models,
    NeurIPS 2023, Datasets and Benchmarks (the split of its code).
    """
    days = at // 86_400_000_000
    sums = np.concatenate([[0], np.cumsum(np.bincount(days - days[0]))])
    i, j = np.triu_indices(sums.size - 1)
    sizes = np.stack([sums[i], sums[j] - sums[i], sums[-1] - sums[j]])
    error = np.abs(sizes / at.size - _SHARES[:, None]) / _SHARES[:, None]
    best = int(np.argmin(error.max(axis=0)))
    return int(sums[i[best]]), int(sums[j[best]])


def _parts(
    at: NDArray[np.int64], case: NDArray[np.int64], ends: tuple[int, int, int], embargo: int
) -> NDArray[np.int8]:
    row = np.arange(at.size)
    parts = np.searchsorted(np.array(ends), row, side="right").astype(np.int8)
    parts[parts > TEST] = LATER
    for part in (TRAIN, VALIDATION):
        if ends[part] < at.size:
            near = (parts == part) & (at >= at[ends[part]] - embargo)
            parts[near] = EMBARGO
    last = np.full(int(case.max(initial=0)) + 1, LATER, np.int8)
    np.maximum.at(last, case, parts)
    parts[(case > 0) & (parts >= 0) & (parts < last[case])] = CASE
    return parts
