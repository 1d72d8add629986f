"""Exchange rates as exact fractions, and base amounts by one half-even rounding.

A rate is a ratio of two integers taken from decimal text: the publisher's, or the shortest text
of a float. A base amount is ``sent_minor * numerator / denominator`` in 128-bit integers, rounded
half to even once; it is the same on every machine and for any grouping of the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from xborder_aml.errors import MissingExtraError, ParameterError, RateMissingError
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.normalise.fields import half_even
from xborder_aml.schema import CURRENCY, RATES

__all__ = ["constant_rates", "convert", "ecb_rates", "given_rates", "refuse_missing"]

# The European Central Bank publishes on its business days; the longest gap of its history is
# five days. A rate that is older than this belongs to a currency that it no longer quotes.
ECB_MAX_AGE_DAYS = 7

# |sent_minor| < 2^63 times this stays inside Int128.
_MAX_TERM = 10**19

_FRACTIONS: dict[str, Any] = {
    "currency": CURRENCY,
    "date": pl.Date,
    "num": pl.Int128,
    "den": pl.Int128,
}


def given_rates(needed: pl.DataFrame, rates: pl.DataFrame, base: str) -> pl.DataFrame:
    """Look up a user's rates: each holds from its date until the next row of its currency.

    Parameters
    ----------
    needed
        Distinct (currency, date) of the ledger.
    rates
        Table `schema.RATES`: units of `base` for one unit of the currency.
    base
        Base currency.

    Raises
    ------
    ParameterError
        If a rate is not a positive number, or two rows give a currency two rates on a date.
    """
    table = RATES.conform(rates).sort("currency", "date")
    bad = table.filter((pl.col("rate") > 0).not_() | pl.col("rate").is_finite().not_())
    if bad.height:
        row = bad.row(0, named=True)
        raise ParameterError(
            f"rates: {row['currency']} on {row['date']} is {row['rate']}; a rate is a positive "
            f"number of {base} for one unit of the currency"
        )
    double = table.filter(table.select("currency", "date").is_duplicated())
    if double.height:
        row = double.row(0, named=True)
        raise ParameterError(
            f"rates: {row['currency']} has {double.height} rows that share a date, such as "
            f"{row['date']}; keep one row a currency and date"
        )
    found = (
        needed.sort("currency", "date")
        .join_asof(table, on="date", by="currency", strategy="backward", check_sortedness=False)
        .drop_nulls("rate")
    )
    return _fractions(
        (currency, date, Fraction(repr(rate)), base)
        for currency, date, rate in found.select("currency", "date", "rate").iter_rows()
    )


def constant_rates(needed: pl.DataFrame, rates: Mapping[str, str], base: str) -> pl.DataFrame:
    """Look up a generator's constant rates: decimal text in units of one common currency."""
    unit = Fraction(rates[base]) if base in rates else None
    return _fractions(
        (currency, date, Fraction(rates[currency]) / unit, base)
        for currency, date in needed.sort("currency", "date").iter_rows()
        if unit is not None and currency in rates
    )


def ecb_rates(needed: pl.DataFrame, base: str) -> pl.DataFrame:
    """Look up the European Central Bank's reference rates, carried by `currencyconverter`.

    The rate of a date is the last one published on or before it, at most
    `ECB_MAX_AGE_DAYS` days old.

    Raises
    ------
    MissingExtraError
        If the package is not installed.

    References
    ----------
    European Central Bank, Euro foreign exchange reference rates.
    """
    try:
        from currency_converter import CurrencyConverter, RateNotFoundError
    except ImportError as error:
        raise MissingExtraError(
            "currencyconverter", "rates", "Conversion at the European Central Bank's rates"
        ) from error
    published = CurrencyConverter(decimal=True)

    def per_euro(currency: str, date: dt.date) -> Fraction | None:
        if currency == "EUR":
            return Fraction(1)
        if currency not in published.currencies:
            return None
        for age in range(ECB_MAX_AGE_DAYS + 1):
            try:
                day = date - dt.timedelta(days=age)
                return Fraction(published.convert(1, "EUR", currency, date=day))
            except RateNotFoundError:
                continue
        return None

    bases = {date: per_euro(base, date) for date in needed["date"].unique().sort()}
    rows = []
    for currency, date in needed.sort("currency", "date").iter_rows():
        rate, of_base = per_euro(currency, date), bases[date]
        if rate is not None and of_base is not None:
            rows.append((currency, date, of_base / rate, base))
    return _fractions(rows)


def convert(rows: pl.DataFrame, found: pl.DataFrame, base: str) -> pl.DataFrame:
    """Add ``base_minor`` (Int64) and ``has_rate`` to rows, which keep their order.

    Parameters
    ----------
    rows
        With ``sent_minor``, ``sent_currency`` and ``date``.
    found
        Fractions by currency and date; the base currency needs none.
    base
        Base currency.
    """
    joined = rows.join(
        found,
        left_on=["sent_currency", "date"],
        right_on=["currency", "date"],
        how="left",
        maintain_order="left",
    )
    product = pl.col("sent_minor").cast(pl.Int128) * pl.col("num")
    quotient, _ = half_even(product, pl.col("den"))
    is_base = pl.col("sent_currency") == base
    return joined.with_columns(
        base_minor=pl.when(is_base)
        .then(pl.col("sent_minor"))
        .otherwise(quotient.cast(pl.Int64, strict=False)),
        has_rate=is_base | pl.col("num").is_not_null(),
    ).drop("num", "den")


def refuse_missing(missing: pl.DataFrame, base: str) -> None:
    """Raise for rows without a rate, listing currencies and dates.

    Raises
    ------
    RateMissingError
        Always, when `missing` has rows.
    """
    if not missing.height:
        return
    spans = (
        missing.group_by("sent_currency")
        .agg(pl.len(), first=pl.col("date").min(), last=pl.col("date").max())
        .sort(pl.col("sent_currency").cast(pl.String))
    )
    shown = [
        f"{currency} ({n} transactions, {first} to {last})"
        for currency, n, first, last in spans.head(10).iter_rows()
    ]
    more = f" and {spans.height - 10} more currencies" if spans.height > 10 else ""
    raise RateMissingError(
        f"no rate to {base} for {', '.join(shown)}{more}; pass rates=, a table of currency, date "
        "and rate, or on_missing_rate='keep' to keep these transactions without a base amount"
    )


def _fractions(rows: Iterable[tuple[str, dt.date, Fraction, str]]) -> pl.DataFrame:
    """Turn rates between units into fractions between minor units."""
    out = []
    for currency, date, rate, base in rows:
        minor = rate * Fraction(10) ** (minor_digits(base) - minor_digits(currency))
        if minor.numerator >= _MAX_TERM or minor.denominator >= _MAX_TERM**2 // 10:
            raise ParameterError(
                f"rates: {float(rate)!r} {base} for one {currency} on {date} has too many digits "
                "to be applied exactly; round it to 15 significant digits"
            )
        out.append((currency, date, minor.numerator, minor.denominator))
    return pl.DataFrame(out, schema=_FRACTIONS, orient="row")
