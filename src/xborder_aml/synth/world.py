"""The world of the synthetic economy: jurisdictions, how much they trade, their money and days."""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.schema import RATES

__all__ = [
    "MINUTES",
    "PLACES",
    "START",
    "Place",
    "allot",
    "from_euro",
    "gravity",
    "half_even",
    "month_starts",
    "rate_table",
    "rates",
    "stream",
    "to_euro",
    "weekday",
]

START = date(2025, 1, 1)
"""First day of every synthetic ledger."""
MINUTES = 24 * 60
"""Minutes in a day: times count in minutes from the start."""

_WEEK = 7
_MICRO = 1_000_000  # rates are whole millionths, so that conversion is exact
_RADIUS_KM = 6371.0
_NEAR_KM = 250.0  # trade does not grow without bound as neighbours come closer


class Place(NamedTuple):
    """A jurisdiction of the synthetic world."""

    code: str
    currency: str
    people: int  # share of persons, any unit
    trade: int  # share of companies, any unit
    shells: int  # share of thinly used companies, any unit
    latitude: float  # degrees, of the largest city
    longitude: float  # degrees


PLACES: tuple[Place, ...] = (
    Place("AE", "AED", 6, 8, 10, 25.2, 55.3),
    Place("CH", "CHF", 7, 8, 5, 47.4, 8.5),
    Place("CY", "EUR", 4, 4, 14, 34.7, 33.0),
    Place("CZ", "CZK", 6, 5, 2, 50.1, 14.4),
    Place("DE", "EUR", 14, 14, 2, 52.5, 13.4),
    Place("DK", "DKK", 8, 7, 3, 55.7, 12.6),
    Place("EE", "EUR", 14, 10, 8, 59.4, 24.8),
    Place("FI", "EUR", 10, 8, 1, 60.2, 24.9),
    Place("GB", "GBP", 13, 14, 12, 51.5, -0.1),
    Place("HK", "HKD", 6, 8, 10, 22.3, 114.2),
    Place("LT", "EUR", 8, 6, 4, 54.7, 25.3),
    Place("LV", "EUR", 9, 6, 8, 56.9, 24.1),
    Place("NL", "EUR", 7, 8, 3, 52.4, 4.9),
    Place("PL", "PLN", 9, 7, 2, 52.2, 21.0),
    Place("SE", "SEK", 8, 8, 1, 59.3, 18.1),
    Place("TR", "TRY", 6, 5, 3, 41.0, 29.0),
    Place("US", "USD", 6, 8, 4, 40.7, -74.0),
)
"""In the order of their codes. Every currency's minor unit is a hundredth."""

# Euros for one unit at the start, in millionths; invented, near the truth of the time.
_ANCHORS = {
    "AED": 262_000,
    "CHF": 1_064_000,
    "CZK": 39_700,
    "DKK": 134_100,
    "EUR": _MICRO,
    "GBP": 1_205_000,
    "HKD": 124_000,
    "PLN": 234_000,
    "SEK": 87_300,
    "TRY": 27_200,
    "USD": 963_000,
}
_CURRENCIES = tuple(_ANCHORS)


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one part of the economy.

    Each part has a stream of its own, so that a new part leaves the others as they were.
    """
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))


def allot(total: int, weights: NDArray[np.int64], least: int = 1) -> NDArray[np.int64]:
    """Return whole numbers near ``total * weights / sum``, none below `least`.

    They sum to `total`, or to a little more where `least` asks for it.

    Examples
    --------
    >>> allot(10, np.array([1, 1, 3])).tolist()
    [2, 2, 6]
    """
    share = total * weights / weights.sum()
    out = np.floor(share).astype(np.int64)
    largest = np.argsort(out - share, kind="stable")  # ascending: largest remainder first
    out[largest[: total - int(out.sum())]] += 1
    return np.asarray(np.maximum(out, least))


def gravity() -> NDArray[np.float64]:
    """Return where cross-border money goes from each place, cumulative along rows.

    The share of a partner is proportional to its trade and falls with distance, the plainest form
    of the gravity model; no place trades abroad with itself.

    Returns
    -------
    NDArray
        Shape (P, P): row p rises to 1.

    References
    ----------
    Tinbergen, Shaping the World Economy (1962), appendix VI.
    """
    spot = np.radians([(p.latitude, p.longitude) for p in PLACES])
    height, turn = spot[:, 0], spot[:, 1]
    cosine = np.sin(height)[:, None] * np.sin(height) + np.cos(height)[:, None] * np.cos(
        height
    ) * np.cos(turn[:, None] - turn)
    distance = _RADIUS_KM * np.arccos(np.clip(cosine, -1.0, 1.0))
    pull = np.array([p.trade for p in PLACES]) / np.maximum(distance, _NEAR_KM) ** 0.7
    np.fill_diagonal(pull, 0.0)
    out = np.cumsum(pull / pull.sum(axis=1, keepdims=True), axis=1)
    out[:, -1] = 1.0
    return np.asarray(out)


# -- days ---------------------------------------------------------------------------------------


def weekday(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 (Monday) to 6 for days counted from the start."""
    return (day + START.weekday()) % _WEEK


def month_starts(months: int) -> NDArray[np.int64]:
    """Return the first day of each month and of the one after, counted from the start.

    Examples
    --------
    >>> month_starts(2).tolist()
    [0, 31, 59]
    """
    firsts = [date(START.year + m // 12, m % 12 + 1, 1) for m in range(months + 1)]
    return np.array([(first - START).days for first in firsts], np.int64)


# -- money --------------------------------------------------------------------------------------


def rate_table(n_days: int) -> NDArray[np.int64]:
    """Return millionths of a euro for one unit, by week and place, shape (weeks, P).

    Each currency swings about its start by one percent in a quarter, out of step with the others.
    """
    weeks = np.arange(n_days // _WEEK + 1)
    swing = np.sin(2 * np.pi * (weeks[:, None] / 13 + np.arange(len(_CURRENCIES)) / 11))
    swing -= swing[0]
    anchors = np.array(list(_ANCHORS.values()), np.int64)
    by_currency = np.rint(anchors * (1 + 0.01 * swing)).astype(np.int64)
    by_currency[:, _CURRENCIES.index("EUR")] = _MICRO
    return by_currency[:, [_CURRENCIES.index(p.currency) for p in PLACES]]


def rates(n_days: int) -> pl.DataFrame:
    """Return the same rates as the table that `read_transactions` takes."""
    table = rate_table(n_days)
    at = {p.currency: i for i, p in enumerate(PLACES)}
    rows = [
        (currency, START + timedelta(days=_WEEK * week), int(table[week, at[currency]]) / _MICRO)
        for currency in sorted(at)
        for week in range(table.shape[0])
    ]
    return RATES.conform(pl.DataFrame(rows, schema=RATES.dtypes, orient="row"))


def half_even(
    numerator: NDArray[np.int64], denominator: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """Return the quotient of positive whole numbers, ties to even.

    Examples
    --------
    >>> half_even(np.array([5, 7, 8]), 2).tolist()
    [2, 4, 4]
    """
    whole, rest = np.divmod(numerator, denominator)
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (whole & 1 == 1))
    return np.asarray(whole + up)


def to_euro(minor: NDArray[np.int64], rate: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return euro cents for minor units at a rate in millionths."""
    return half_even(minor * rate, _MICRO)


def from_euro(cents: NDArray[np.int64], rate: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return minor units for euro cents at a rate in millionths."""
    return half_even(cents * _MICRO, rate)
