"""Base amounts: exact, rounded once, and never at a silent 1.0."""

from __future__ import annotations

import builtins
import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.errors import MissingExtraError, ParameterError, RateMissingError
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.normalise.rates import ECB_MAX_AGE_DAYS, ecb_rates
from xborder_aml.schema import CURRENCY
from xborder_aml.sources import read_ledger

DAY = dt.date(2014, 1, 2)


def ledger(*rows):
    """Make a ledger of (day, amount, currency)."""
    return pl.DataFrame(
        [(day, "A", "B", amount, code) for day, amount, code in rows],
        schema=["executed_at", "originator", "beneficiary", "amount", "currency"],
        orient="row",
    )


def rates(*rows):
    return pl.DataFrame(
        rows, schema={"currency": pl.String, "date": pl.Date, "rate": pl.Float64}, orient="row"
    )


@given(
    units=st.integers(0, 10**12),
    rate=st.floats(1e-4, 1e4, allow_subnormal=False),
    pair=st.permutations(["USD", "JPY", "KWD"]),
)
def test_base_amount_is_the_exact_product_rounded_once(units, rate, pair):
    code, base, _ = pair
    amount = Decimal(units).scaleb(-minor_digits(code))
    read = read_ledger(
        ledger(("2014-01-02", f"{amount:f}", code)),
        base_currency=base,
        rates=rates((code, DAY, rate)),
    )
    with localcontext(prec=60):
        exact = amount * Decimal(repr(rate)) * 10 ** minor_digits(base)
        expected = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
    assert read.transactions["base_minor"].to_list() == [expected]


def test_a_given_rate_holds_until_the_next_one():
    read = read_ledger(
        ledger(
            ("2014-01-02", "100", "USD"),
            ("2014-01-09", "100", "USD"),
            ("2014-01-10", "100", "USD"),
            ("2015-01-01", "100", "EUR"),
        ),
        base_currency="EUR",
        rates=rates(("USD", DAY, 0.5), ("USD", dt.date(2014, 1, 10), 0.25)),
    )
    assert read.transactions["base_minor"].to_list() == [5_000, 5_000, 2_500, 10_000]
    assert read.summary["base_amounts"] == "rates given"


def test_a_missing_rate_names_currencies_and_dates():
    rows = ledger(
        ("2014-01-01", "1", "USD"),
        ("2014-01-05", "1", "RUB"),
        ("2014-03-05", "2", "RUB"),
        ("2014-03-05", "2", "EUR"),
    )
    given_ = rates(("USD", DAY, 0.5))
    with pytest.raises(RateMissingError, match="no rate to EUR for") as error:
        read_ledger(rows, base_currency="EUR", rates=given_)
    assert "RUB (2 transactions, 2014-01-05 to 2014-03-05)" in str(error.value)
    assert "USD (1 transactions, 2014-01-01 to 2014-01-01)" in str(error.value)
    assert "on_missing_rate='keep'" in str(error.value)
    read = read_ledger(rows, base_currency="EUR", rates=given_, on_missing_rate="keep")
    assert read.transactions["base_minor"].to_list() == [None, None, None, 200]
    assert read.transactions["sent_minor"].to_list() == [100, 100, 200, 200]
    assert read.summary["base_amounts_missing"] == 3


def test_a_list_of_missing_rates_is_bounded():
    codes = ["USD", "GBP", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "CHF", "RON", "TRY", "CAD"]
    rows = ledger(*(("2014-01-02", "1", code) for code in codes))
    with pytest.raises(RateMissingError, match="and 2 more currencies"):
        read_ledger(rows, base_currency="EUR", rates=rates(("JPY", DAY, 1.0)))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_is_a_positive_number(rate):
    with pytest.raises(ParameterError, match="a rate is a positive number"):
        read_ledger(
            ledger(("2014-01-02", "1", "USD")), base_currency="EUR", rates=rates(("USD", DAY, rate))
        )


def test_one_rate_a_day():
    with pytest.raises(ParameterError, match="keep one row a currency and date"):
        read_ledger(
            ledger(("2014-01-02", "1", "USD")),
            base_currency="EUR",
            rates=rates(("USD", DAY, 1.0), ("USD", DAY, 2.0)),
        )


def test_rates_need_a_base_currency():
    with pytest.raises(ParameterError, match="without base_currency="):
        read_ledger(ledger(("2014-01-02", "1", "USD")), rates=rates(("USD", DAY, 1.0)))


def test_one_currency_is_its_own_base():
    read = read_ledger(ledger(("2014-01-02", "1.50", "KZT")))
    assert read.transactions["base_minor"].to_list() == [150]
    assert read.summary["base_currency"] == "KZT"


def test_several_currencies_need_a_base():
    with pytest.raises(ParameterError, match="2 currencies \\(EUR, USD\\)"):
        read_ledger(ledger(("2014-01-02", "1", "USD"), ("2014-01-02", "1", "EUR")))


def test_published_rates_of_the_central_bank():
    # 2014-01-02: 1 EUR = 1.3658 USD; the 4th was a Saturday, so the 3rd's rate holds.
    rows = ledger(("2014-01-02", "1000", "USD"), ("2014-01-04", "1000", "USD"))
    read = read_ledger(rows, base_currency="EUR")
    assert read.summary["base_amounts"] == "European Central Bank"
    first, saturday = read.transactions["base_minor"]
    assert first == round(100_000 / 1.3658)
    friday = read_ledger(ledger(("2014-01-03", "1000", "USD")), base_currency="EUR")
    assert friday.transactions["base_minor"].to_list() == [saturday]
    back = read_ledger(ledger(("2014-01-02", "1000", "EUR")), base_currency="USD")
    assert back.transactions["base_minor"].to_list() == [136_580]


def test_a_currency_no_longer_quoted_has_no_rate():
    needed = pl.DataFrame(
        {
            "currency": ["RUB", "RUB", "USD"],
            "date": [
                dt.date(2022, 3, 1),
                dt.date(2022, 3, 2 + ECB_MAX_AGE_DAYS),
                dt.date(1998, 1, 1),
            ],
        },
        schema={"currency": CURRENCY, "date": pl.Date},
    )
    assert ecb_rates(needed, "EUR")["date"].to_list() == [dt.date(2022, 3, 1)]


def test_without_the_package_the_cure_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "currency_converter":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"xborder-aml\[rates\]"):
        read_ledger(ledger(("2014-01-02", "1", "USD")), base_currency="EUR")


def test_a_base_amount_too_large_is_a_reject():
    rows = ledger(("2014-01-02", "90000000000000000", "USD"), ("2014-01-02", "1", "USD"))
    read = read_ledger(rows, base_currency="EUR", rates=rates(("USD", DAY, 1000.0)))
    assert read.rejects.rows() == [(1, None, "base_amount_too_large", "9000000000000000000")]
    assert read.transactions["base_minor"].to_list() == [100_000]


def test_unknown_options_are_named():
    rows = ledger(("2014-01-02", "1", "USD"))
    with pytest.raises(ParameterError, match="'raise' or 'keep'"):
        read_ledger(rows, on_missing_rate="ignore")
    with pytest.raises(ParameterError, match="no ISO 4217 code"):
        read_ledger(rows, base_currency="EURO")
