"""Expressions that read one field: text, amounts, times, currencies, instruments, labels.

All are vectorised and give null where a text cannot be read; the caller turns that null into a
reject. No amount ever passes through a binary float on its way to minor units.
"""

from __future__ import annotations

import polars as pl

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions import CURRENCIES, minor_digits
from xborder_aml.normalise.raw import Conventions
from xborder_aml.schema import INSTRUMENT, INSTRUMENTS

__all__ = [
    "amount",
    "boolean",
    "clean",
    "clean_amount",
    "currency",
    "half_even",
    "instrument",
    "integer",
    "minor_step",
    "refuse_ambiguous_times",
    "text",
    "time",
]

# Exact spellings only: Null is also a surname.
NULL_TEXTS = ("", "null", "NULL", "None", "nan", "NaN", "N/A", "n/a")

# Decimals up to which a rounded amount is told from an exact one.
_SCALE = 18
_STEPS = {code: 10 ** (_SCALE - minor_digits(code)) for code in CURRENCIES}

# An amount with a sign, a currency sign or grouped thousands. Groups must be whole: "1,5" is
# not fifteen, it is an unreadable amount.
_DECORATED = r"^[+-]?[$€£¥]?[+-]?(?:\d{1,3}(?:[,' \u00a0]\d{3})+|\d+)(?:\.\d*)?$"

_TRUE = ("true", "1", "1.0", "yes", "y", "t")
_FALSE = ("false", "0", "0.0", "no", "n", "f")

_INSTRUMENT_WORDS: dict[str, str] = {
    **{name: name for name in INSTRUMENTS},
    "ach": "wire",
    "sepa": "wire",
    "swift": "wire",
    "transfer": "wire",
    "cross-border": "wire",
    "credit card": "card",
    "debit card": "card",
    "check": "cheque",
    "deposit": "cash",
    "withdrawal": "cash",
    "cash deposit": "cash",
    "cash withdrawal": "cash",
    "cash_in": "cash",
    "cash_out": "cash",
    "bitcoin": "crypto",
    "reinvestment": "securities",
}

_AMBIGUOUS_TIME = r"^\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}(?:\D|$)"

# Tried in turn, each on what the ones before left; the usual ledger has one of the first four.
_CLOCKS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f")
_DATES = ("%Y-%m-%d", "%b %d, %Y")
_ZONED = "%Y-%m-%d %H:%M:%S%.f%z"
_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 10**6,
    "m": 60 * 10**6,
    "h": 3_600 * 10**6,
    "d": 86_400 * 10**6,
}


def clean(column: str, dtype: pl.DataType) -> tuple[pl.Expr, pl.DataType]:
    """Return a column with all that spells a missing value as null, and its type then.

    Text is trimmed; NaN is missing; other types stay as they are.
    """
    if dtype.is_float():
        return pl.col(column).fill_nan(None), dtype
    if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        return pl.col(column), dtype
    trimmed = _string(column, dtype).str.strip_chars()
    return pl.when(trimmed.is_in(NULL_TEXTS).not_()).then(trimmed), pl.String()


def clean_amount(column: str, dtype: pl.DataType, decimal: str) -> tuple[pl.Expr, pl.DataType]:
    """Return an amount column as whole numbers, decimals or plain decimal text, and its type.

    A binary float becomes its shortest decimal text; currency signs and whole groups of
    thousands are taken out of text.
    """
    if dtype.is_integer() or dtype.is_decimal():
        return pl.col(column), dtype
    cleaned, found = clean(column, dtype)
    if found.is_float():
        return cleaned.cast(pl.String), pl.String()
    if decimal == ",":
        cleaned = cleaned.str.replace_all(".", "'", literal=True).str.replace_all(
            ",", ".", literal=True
        )
    odd = pl.when(cleaned.str.contains(r"[^0-9.eE+\-]")).then(cleaned)
    bare = pl.when(odd.str.contains(_DECORATED)).then(odd).str.replace_all(r"[^0-9.\-]", "")
    return pl.coalesce(bare, cleaned), pl.String()


def text(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a cleaned column as text."""
    return _string(column, dtype)


def minor_step(currency_code: pl.Expr) -> pl.Expr:
    """Return one minor unit of each currency in steps of 10^-18, Int64."""
    return currency_code.replace_strict(_STEPS, default=None, return_dtype=pl.Int64)


def half_even(numerator: pl.Expr, denominator: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Divide two Int128 columns: the quotient rounded half to even, and the remainder."""
    floor = numerator // denominator
    rest = numerator - floor * denominator
    up = (rest * 2 > denominator) | ((rest * 2 == denominator) & (floor % 2 == 1))
    return floor + up.cast(pl.Int128), rest


def amount(column: str, step: str | None) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Read a cleaned amount into minor units of its currency, rounding once, half to even.

    Parameters
    ----------
    column
        Column of `clean_amount`.
    step
        Column of `minor_step`; None where every currency has two decimals.

    Returns
    -------
    tuple of Expr
        Minor units (Int64; null if unreadable or out of range), whether digits beyond the minor
        unit were rounded away, and whether the text is a number at all.
    """
    value = pl.col(column)
    if step is None:
        width: pl.Expr = pl.lit(10 ** (_SCALE - 2), pl.Int64)
        minor = _minor(value, 2)
    else:
        width = pl.col(step)
        # Each class of currencies is read with its own number of decimals: text to decimal
        # rounds half-even and exactly, whatever the length of the text.
        minor = pl.coalesce(
            _minor(pl.when(width == 10 ** (_SCALE - digits)).then(value), digits)
            for digits in sorted({minor_digits(code) for code in CURRENCIES})
        )
    fine = value.cast(pl.Decimal(38, _SCALE), strict=False).to_physical()
    rounded = (fine != minor.cast(pl.Int128) * width).fill_null(value=False)
    number = value.cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    return minor, rounded, number


def _minor(value: pl.Expr, digits: int) -> pl.Expr:
    exact = value.cast(pl.Decimal(38, digits), strict=False).to_physical()
    return exact.cast(pl.Int64, strict=False)


def currency(column: str, dtype: pl.DataType, names: dict[str, str]) -> pl.Expr:
    """Return the ISO 4217 code that each text stands for, as text, null if it is none."""
    known = {**{code: code for code in CURRENCIES}, **names}
    return (
        text(column, dtype)
        .str.to_uppercase()
        .replace_strict(known, default=None, return_dtype=pl.String)
    )


def instrument(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return the instrument of each text: `other` for an unknown one, null for none."""
    word = text(column, dtype).str.to_lowercase()
    known = word.replace_strict(_INSTRUMENT_WORDS, default="other", return_dtype=pl.String)
    return pl.when(word.is_not_null()).then(known).cast(INSTRUMENT)


def boolean(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a label: true, 1, yes and false, 0, no in any case; null for another text."""
    if dtype == pl.Boolean:
        return pl.col(column)
    word = text(column, dtype).str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)


def integer(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return whole numbers, also of texts such as ``12`` and ``12.0``; null for another text."""
    if dtype.is_integer():
        return pl.col(column).cast(pl.Int64, strict=False)
    word = text(column, dtype).str.replace(r"\.0+$", "")
    return word.cast(pl.Int64, strict=False)


def time(column: str, dtype: pl.DataType, conventions: Conventions) -> pl.Expr:
    """Read times into microseconds UTC; a date is its midnight.

    Text is ISO 8601 (``T`` or a space, with or without seconds, fraction and zone), the same with
    slashes, or ``Mar 5, 2015``, unless ``time_format`` says otherwise. Numbers count
    ``time_unit`` from ``epoch``.

    Raises
    ------
    ParameterError
        If the column holds numbers and no ``time_unit`` is given, or an option is malformed.
    """
    if dtype == pl.Date:
        return pl.col(column).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(dtype, pl.Datetime):
        naive = pl.col(column).dt.cast_time_unit("us")
        if dtype.time_zone is None:
            return _localise(naive, conventions.timezone)
        return naive.dt.convert_time_zone("UTC")
    if dtype.is_numeric() or conventions.time_unit is not None:
        return _steps(column, dtype, conventions)
    word = text(column, dtype)
    if conventions.time_format is not None:
        return _formatted(word, conventions)
    return _recognised(word, conventions.timezone)


def refuse_ambiguous_times(sample: pl.Series, header: str) -> None:
    """Refuse texts that could be day/month or month/day, or that are bare numbers.

    Raises
    ------
    ParameterError
        If a text of the sample needs an option to be read.
    """
    texts = sample.cast(pl.String).str.strip_chars()
    ambiguous = texts.filter(texts.str.contains(_AMBIGUOUS_TIME))
    if ambiguous.len():
        raise ParameterError(
            f"column {header!r} holds times such as {ambiguous[0]!r}, which may be day/month or "
            "month/day; say which with time_format, e.g. time_format='%d/%m/%Y' or "
            "time_format='%m/%d/%Y'"
        )
    numbers = texts.filter(texts.str.contains(r"^-?\d+(?:\.\d+)?$"))
    if numbers.len():
        raise ParameterError(
            f"column {header!r} holds numbers such as {numbers[0]!r} for times; say what they "
            "count with time_unit (one of us, ms, s, m, h, d) and epoch, e.g. time_unit='s' for "
            "Unix time, or give a time_format such as '%Y%m%d'"
        )


def _steps(column: str, dtype: pl.DataType, conventions: Conventions) -> pl.Expr:
    unit = conventions.time_unit
    if unit not in _UNITS:
        raise ParameterError(
            f"time_unit is {unit!r}; times that are numbers need one of {', '.join(_UNITS)}, "
            "and an epoch if they do not count from 1970-01-01"
        )
    try:
        start = pl.Series([conventions.epoch]).str.to_datetime("%Y-%m-%d", time_unit="us")
    except pl.exceptions.PolarsError as error:
        raise ParameterError(
            f"epoch is {conventions.epoch!r}; write it as a date, e.g. '2021-01-01'"
        ) from error
    if dtype.is_float():
        # A float column whose numbers are whole, as pandas makes of integers with gaps.
        count = pl.col(column).cast(pl.Int64, strict=False)
    else:
        count = integer(column, dtype)
    steps = count * _UNITS[unit] + int(start.to_physical()[0])
    return steps.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _formatted(word: pl.Expr, conventions: Conventions) -> pl.Expr:
    layout = conventions.time_format or ""
    if "%z" in layout or "%#z" in layout:
        return word.str.to_datetime(layout, strict=False, time_unit="us").dt.convert_time_zone(
            "UTC"
        )
    has_clock = any(code in layout for code in ("%H", "%I", "%T", "%R", "%c", "%s"))
    if not has_clock:
        return _midnight(word.str.to_date(layout, strict=False))
    naive = word.str.to_datetime(layout, strict=False, time_unit="us")
    return _localise(naive, conventions.timezone)


def _recognised(word: pl.Expr, timezone: str) -> pl.Expr:
    def read(texts: pl.Series) -> pl.Series:
        return _read_times(texts, timezone)

    return word.map_batches(read, return_dtype=pl.Datetime("us", "UTC"), is_elementwise=True)


def _read_times(texts: pl.Series, timezone: str) -> pl.Series:
    """Read texts in the known layouts, each tried on what the ones before left.

    As one expression of all layouts this took four times as long: polars evaluates every branch
    on every row.
    """
    frame = texts.alias("text").to_frame()
    even = (
        pl.col("text").str.replace_all("/", "-", literal=True).str.replace("T", " ", literal=True)
    )
    ends_z = pl.col("text").str.ends_with("Z")
    frame = frame.select("text", even=even.str.strip_suffix("Z"), is_utc=ends_z)
    local = _localise(pl.col("time"), timezone)
    if timezone != "UTC":
        local = pl.when("is_utc").then(_localise(pl.col("time"), "UTC")).otherwise(local)
    readers = [
        *((_clock("even", layout), local) for layout in _CLOCKS),
        (_date("even", _DATES[0]), _midnight(pl.col("time"))),
        (_clock("even", _ZONED), pl.col("time").dt.convert_time_zone("UTC")),
        (_date("text", _DATES[1]), _midnight(pl.col("time"))),
    ]
    out = pl.Series("time", [None], pl.Datetime("us", "UTC")).new_from_index(0, texts.len())
    for parse, place in readers:
        left = out.is_null() & texts.is_not_null()
        if not left.any():
            break
        tried = frame.with_columns(
            pl.when(left).then(pl.col("text")), pl.when(left).then(pl.col("even"))
        )
        found = tried.with_columns(time=parse).select(place.alias("time")).to_series()
        out = out.zip_with(left.not_(), found)
    return out


def _clock(column: str, layout: str) -> pl.Expr:
    return pl.col(column).str.to_datetime(layout, strict=False, time_unit="us")


def _date(column: str, layout: str) -> pl.Expr:
    return pl.col(column).str.to_date(layout, strict=False)


def _midnight(date: pl.Expr) -> pl.Expr:
    return date.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _localise(naive: pl.Expr, timezone: str) -> pl.Expr:
    """Read wall-clock times of a zone: the earlier of two, null for one that never was."""
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    return naive.dt.replace_time_zone(
        timezone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")


def _string(column: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(column) if dtype == pl.String else pl.col(column).cast(pl.String)
