from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml import schema
from xborder_aml.jurisdictions.codes import CURRENCIES, minor_digits
from xborder_aml.report import formats


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(CURRENCIES))
def test_money_keeps_every_digit(minor: int, currency: str) -> None:
    number, code = formats.money(minor, currency).split(" ")
    whole, _, fraction = number.replace(",", "").partition(".")
    assert code == currency
    assert len(fraction) == minor_digits(currency)
    assert int(whole + fraction) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (0, "EUR", "0"),
        (99, "EUR", "0.99"),
        (99_999, "EUR", "1k"),
        (123_456_700, "EUR", "1.23M"),
        (-99_999_999_999, "EUR", "-1bn"),
        (1_500, "JPY", "1.5k"),
        (5 * 10**17, "EUR", "5,000tn"),
    ],
)
def test_short_money_rounds_across_a_step(minor: int, currency: str, written: str) -> None:
    assert formats.money_short(minor, currency) == written


def test_times_say_no_more_than_the_source_knew() -> None:
    at = datetime(2014, 3, 2, 0, 0, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "executed_at": [at, at, at, at],
            "executed_until": [None, None, datetime(2014, 3, 9, tzinfo=UTC), at],
            "resolution": ["1d", "1s", "1d", None],
        },
        schema_overrides={
            name: schema.TRANSACTIONS.dtypes[name]
            for name in ("executed_at", "executed_until", "resolution")
        },
    )
    assert formats.times(rows) == [
        "2014-03-02",
        "2014-03-02 00:00:00",
        "2014-03-02/2014-03-09",
        "2014-03-02 00:00:00",
    ]


@given(st.text(), st.integers(3, 40))
def test_shortened_text_keeps_its_ends(text: str, width: int) -> None:
    short = formats.shorten(text, width)
    assert len(short) <= width
    assert short[0:1] == text[0:1]
    assert short[-1:] == text[-1:]
    assert (short == text) == (len(text) <= width or short == text)


@given(st.text())
def test_a_label_holds_no_markup_and_closes_its_isolate(text: str) -> None:
    label = formats.plotly_text(text)
    assert "<" not in label
    assert ">" not in label
    assert (label[0], label[-1]) == ("\u2068", "\u2069")


def test_a_colour_is_own_until_the_palette_ends() -> None:
    codes = ["??", *schema.JURISDICTION.categories.to_list()[:12], formats.ELSEWHERE]
    paint = formats.colours(codes)
    own = [c for c in paint.values() if c != formats.OTHER_COLOUR]
    assert own == list(formats.JURISDICTION_COLOURS)
    assert paint["??"] == paint[formats.ELSEWHERE] == formats.OTHER_COLOUR
    assert formats.colours(["EE", "LV"], {"LV": "red"}) == {"EE": formats.OTHER_COLOUR, "LV": "red"}
