"""How money, times and names are written, the same way on the page and in every figure."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import polars as pl

from xborder_aml.jurisdictions.codes import minor_digits

__all__ = [
    "ELSEWHERE",
    "JURISDICTION_COLOURS",
    "OTHER_COLOUR",
    "UNKNOWN",
    "colours",
    "figure_text",
    "money",
    "money_short",
    "plain",
    "plotly_text",
    "shorten",
    "times",
]

UNKNOWN = "??"
"""What stands for a jurisdiction that the ledger does not tell."""

ELSEWHERE = "other"
"""What stands for several jurisdictions that are summed."""

JURISDICTION_COLOURS: tuple[str, ...] = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8C6BB1",
    "#999933",
    "#AA3377",
)
"""Colours that remain distinct for the common forms of colour blindness: six of Okabe and Ito's
[1]_, whose yellow is too faint on white, then violet, olive and purple after Tol [2]_.

References
----------
.. [1] Okabe M., Ito K. "Color universal design", 2008.
.. [2] Tol P. "Colour schemes", SRON/EPS/TN/09-002, issue 3.2, 2021.
"""

OTHER_COLOUR = "#7A828C"
"""Colour of the jurisdictions beyond the palette, and of unknown ones."""

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\N{REPLACEMENT CHARACTER}")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def money(minor: int | None, currency: str | None) -> str:
    """Write an amount of minor units with thousands separators and its currency.

    The digits after the point are those of ISO 4217; no amount is rounded.

    Examples
    --------
    >>> money(123456789, "EUR"), money(-5, "USD"), money(1500, "JPY")
    ('1,234,567.89 EUR', '-0.05 USD', '1,500 JPY')
    >>> money(None, "EUR")
    'no rate'
    """
    if minor is None or currency is None:
        return "no rate"
    digits = minor_digits(currency)
    whole, part = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    fraction = f".{part:0{digits}d}" if digits else ""
    return f"{sign}{whole:,}{fraction} {currency}"


def figure_text(value: int | str, unit: str) -> str:
    """Write a figure of a case for a reader: money, a count, or a day.

    Examples
    --------
    >>> figure_text(123456, "EUR"), figure_text(1200, "count"), figure_text("2024-05-01", "day")
    ('1,234.56 EUR', '1,200', '2024-05-01')
    """
    if isinstance(value, str):
        return value
    return f"{value:,}" if unit in ("count", "ppm") else money(value, unit)


def money_short(minor: int, currency: str) -> str:
    """Write an amount to three figures, without its currency, for tiles and cells.

    Examples
    --------
    >>> money_short(123456789, "EUR"), money_short(99, "EUR"), money_short(0, "JPY")
    ('1.23M', '0.99', '0')
    >>> money_short(99_999_999, "EUR")
    '1M'
    """
    value = abs(minor) / 10 ** minor_digits(currency)
    step = 0
    # Compare the rounded value: 999,999.99 reads "1M", never "1e+03k".
    while float(f"{value:.3g}") >= 1000 and step < 4:
        value /= 1000
        step += 1
    text = f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    return ("-" if minor < 0 else "") + text + ("", "k", "M", "bn", "tn")[step]


def times(transactions: pl.DataFrame) -> list[str]:
    """Write each row's booking time in ISO 8601: a day, an interval of days, or a second (UTC).

    Parameters
    ----------
    transactions
        Rows of the transactions table.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> row = {"executed_at": [datetime(2014, 3, 2, 9, 5, tzinfo=timezone.utc)]}
    >>> nothing = pl.lit(None, pl.Datetime("us", "UTC"))
    >>> times(pl.DataFrame(row).with_columns(resolution=pl.lit("1m"), executed_until=nothing))
    ['2014-03-02 09:05:00']
    """
    day = pl.col("executed_at").dt.strftime("%Y-%m-%d")
    until = pl.col("executed_until").dt.strftime("%Y-%m-%d")
    written = (
        pl.when(pl.col("executed_until").is_not_null() & (until != day))
        .then(pl.format("{}/{}", day, until))
        .when((pl.col("resolution") == "1d").fill_null(False))
        .then(day)
        .otherwise(pl.col("executed_at").dt.strftime("%Y-%m-%d %H:%M:%S"))
    )
    return transactions.select(written.alias("written"))["written"].to_list()


def plain(text: str) -> str:
    r"""Return `text` with its control characters made visible, so that nothing hides in a name.

    Examples
    --------
    >>> plain("A\x00B") == "A\N{REPLACEMENT CHARACTER}B"
    True
    """
    return text.translate(_CONTROLS)


def plotly_text(text: str) -> str:
    """Return `text` fit for a label of plotly, which reads labels as a subset of HTML.

    Markup is escaped, and the text is isolated from its surroundings, so that neither a tag nor a
    right-to-left override in a name can change how the rest of a label reads.

    Examples
    --------
    >>> plotly_text("<b>&").strip("\u2068\u2069")
    '&lt;b&gt;&amp;'
    """
    escaped = html.escape(plain(text), quote=False)
    return f"{_FIRST_STRONG_ISOLATE}{escaped}{_POP_ISOLATE}"


def shorten(text: str, width: int) -> str:
    """Return `text` in at most `width` characters, its middle left out.

    Examples
    --------
    >>> shorten("EE127700333516150001", 9), shorten("EE12", 9)
    ('EE12…0001', 'EE12')
    """
    if len(text) <= width:
        return text
    head = width // 2
    tail = width - head - 1
    return f"{text[:head]}…{text[len(text) - tail :]}"


def colours(
    jurisdictions: Sequence[str], palette: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return a colour for each jurisdiction: the palette's, or the first ones' own, or grey.

    Examples
    --------
    >>> colours(["EE", "??"])
    {'EE': '#0072B2', '??': '#7A828C'}
    """
    if palette is None:
        known = [code for code in jurisdictions if code not in (UNKNOWN, ELSEWHERE)]
        palette = dict(zip(known, JURISDICTION_COLOURS, strict=False))
    return {code: palette.get(code, OTHER_COLOUR) for code in jurisdictions}
