"""Amounts to the last minor unit, times to the microsecond, and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.normalise import Conventions, fields

CODES = ("USD", "JPY", "KWD", "CLF", "BTC", "ETH", "USDT")


def minor(values, code="USD", decimal=".", dtype=None):
    """Read a column of amounts as the row plan does: (minor units, rounded)."""
    frame = pl.DataFrame({"a": pl.Series(values, dtype=dtype)})
    cleaned, _ = fields.clean_amount("a", frame.schema["a"], decimal)
    frame = frame.with_columns(a=cleaned, step=fields.minor_step(pl.lit(code)))
    units, rounded, number = fields.amount("a", "step")
    out = frame.select(units=units, rounded=rounded, number=number)
    return out["units"].to_list(), out["rounded"].to_list(), out["number"].to_list()


def at(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


def instant(text, **conventions):
    return (
        pl.DataFrame({"t": [text]})
        .select(fields.time("t", pl.String(), Conventions(**conventions)))
        .item()
    )


@given(
    digits=st.integers(-(10**17), 10**17),
    places=st.integers(0, 12),
    code=st.sampled_from(CODES),
)
def test_text_becomes_minor_units_as_decimal_arithmetic_says(digits, places, code):
    value = Decimal(digits).scaleb(-places)
    scaled = value.scaleb(minor_digits(code))
    expected = int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))
    units, rounded, _ = minor([f"{value:f}"], code)
    if abs(expected) < 2**63:
        assert units == [expected]
        assert rounded == [scaled != expected]
    else:
        assert units == [None]


@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_a_binary_float_stands_for_its_shortest_text(value):
    expected = Decimal(repr(value)).scaleb(2).to_integral_value(rounding=ROUND_HALF_EVEN)
    assert minor([value], dtype=pl.Float64)[0] == [int(expected)]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("5.689852347E7", 5_689_852_347),
        ("-2e+05", -20_000_000),
        ("$431,762.31", 43_176_231),
        ("-$3", -300),
        ("€1 234.5", 123_450),
        ("1'234'567.89", 123_456_789),
        (" 12 ", 1_200),
        ("0.125", 12),
        ("0.135", 14),
        ("-0.125", -12),
        ("0.12500000000000000000000000001", 13),
        ("92233720368547758.07", 2**63 - 1),
    ],
)
def test_spellings_of_an_amount(text, units):
    assert minor([text])[0] == [units]


@pytest.mark.parametrize("text", ["1,5", "1.234,5", "12,34,567", "abc", "1_000", "--1", "1 2"])
def test_a_text_that_is_no_amount_is_not_guessed(text):
    units, _, number = minor([text])
    assert (units, number) == ([None], [False])


@pytest.mark.parametrize("text", ["92233720368547758.08", "1e30", "99999999999999999999999999999"])
def test_a_number_that_does_not_fit_is_still_a_number(text):
    units, _, number = minor([text])
    assert (units, number) == ([None], [True])


def test_decimal_comma():
    assert minor(["1.234,56", "1234,5", "7"], decimal=",")[0] == [123_456, 123_450, 700]


def test_whole_numbers_and_decimals_keep_their_value():
    assert minor([3, None], "JPY", dtype=pl.Int64)[0] == [3, None]
    assert minor([Decimal("3.45")], dtype=pl.Decimal(10, 2))[0] == [345]
    assert minor([float("nan")], dtype=pl.Float64)[0] == [None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2012-06-30", at(2012, 6, 30)),
        ("2025-01-01 00:05:00", at(2025, 1, 1, 0, 5)),
        ("2025-01-01 00:05:00.25", at(2025, 1, 1, 0, 5, 0, 250_000)),
        ("2025-01-01T00:05", at(2025, 1, 1, 0, 5)),
        ("2022/09/01 00:06", at(2022, 9, 1, 0, 6)),
        ("2021-01-01T00:00:00Z", at(2021, 1, 1)),
        ("2021-01-01T01:30:00.5+02:00", at(2020, 12, 31, 23, 30, 0, 500_000)),
        ("Mar 5, 2015", at(2015, 3, 5)),
    ],
)
def test_layouts_of_a_time(text, expected):
    assert instant(text) == expected


@pytest.mark.parametrize("text", ["2025-02-30", "yesterday", "2025-01-01 25:00:00", "2025"])
def test_a_text_that_is_no_time_is_null(text):
    assert instant(text) is None


def test_mixed_layouts_in_one_column():
    texts = ["2025-01-01 00:05:00", "2025-01-01 00:05:00.000001", "2025-01-01", None, "x"]
    read = pl.DataFrame({"t": texts}).select(fields.time("t", pl.String(), Conventions()))
    assert read["t"].dt.epoch("us").to_list() == [
        1_735_689_900_000_000,
        1_735_689_900_000_001,
        1_735_689_600_000_000,
        None,
        None,
    ]


def test_a_zone_moves_the_clock_but_not_dates_nor_zoned_times():
    zone = "Europe/Tallinn"
    assert instant("2025-01-01 12:00:00", timezone=zone).hour == 10
    assert instant("2025-01-01 12:00:00Z", timezone=zone).hour == 12
    assert instant("2025-01-01", timezone=zone) == at(2025, 1, 1)
    assert instant("2025-03-30 03:30:00", timezone=zone) is None  # the clock skipped it
    assert instant("2025-10-26 03:30:00", timezone=zone).hour == 0  # the earlier of two


def test_a_given_format_and_numbers():
    assert instant("31/12/2014", time_format="%d/%m/%Y") == at(2014, 12, 31)
    assert instant("86400", time_unit="s") == at(1970, 1, 2)
    assert instant("7", time_unit="d", epoch="2021-01-01") == at(2021, 1, 8)


@pytest.mark.parametrize("text", ["31/12/2014", "1.2.2014 10:00", "01-02-14"])
def test_day_and_month_are_never_guessed(text):
    with pytest.raises(ParameterError, match=r"time_format='%d/%m/%Y'"):
        fields.refuse_ambiguous_times(pl.Series(["2014-01-01", text]), "booked")


def test_numbers_for_times_need_a_unit():
    with pytest.raises(ParameterError, match="time_unit='s'"):
        fields.refuse_ambiguous_times(pl.Series([1_600_000_000]), "step")
    with pytest.raises(ParameterError, match="one of us, ms, s, m, h, d"):
        instant("7", time_unit="week")
    with pytest.raises(ParameterError, match="write it as a date"):
        instant("7", time_unit="d", epoch="January")


def test_labels_and_instruments():
    frame = pl.DataFrame({"b": ["True", "0", "yes", "perhaps", None]})
    assert frame.select(fields.boolean("b", pl.String())).to_series().to_list() == [
        True,
        False,
        True,
        None,
        None,
    ]
    frame = pl.DataFrame({"i": ["ACH", "Credit Card", "Cheque", "barter", None]})
    assert frame.select(fields.instrument("i", pl.String())).to_series().to_list() == [
        "wire",
        "card",
        "cheque",
        "other",
        None,
    ]
