"""The world: whole numbers, exact money, days of the week."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.jurisdictions.codes import JURISDICTIONS, minor_digits
from xborder_aml.synth import world


def test_places_are_known_in_order_and_count_money_in_hundredths() -> None:
    codes = [p.code for p in world.PLACES]
    assert codes == sorted(set(codes))
    assert set(codes) <= set(JURISDICTIONS)
    assert {minor_digits(p.currency) for p in world.PLACES} == {2}


@given(
    st.integers(0, 500),
    st.lists(st.integers(1, 30), min_size=1, max_size=12),
    st.integers(0, 2),
)
def test_allotting_gives_near_shares_that_sum_up(
    total: int, weights: list[int], least: int
) -> None:
    given_out = world.allot(total, np.array(weights), least=least)
    exact = [Fraction(total * w, sum(weights)) for w in weights]
    assert given_out.sum() >= total
    if least == 0:
        assert given_out.sum() == total
    for n, share in zip(given_out.tolist(), exact, strict=True):
        assert n >= least
        assert n == least or abs(n - share) < 1


def test_gravity_sends_nothing_home_and_more_to_the_near() -> None:
    pull = np.diff(world.gravity(), axis=1, prepend=0.0)
    at = {p.code: i for i, p in enumerate(world.PLACES)}
    assert pull.min() >= 0
    assert np.allclose(pull.sum(axis=1), 1)
    assert np.diag(pull).tolist() == [0.0] * len(world.PLACES)
    # Latvia and Lithuania trade as much as one another, and are not equally far
    assert pull[at["EE"], at["LV"]] > pull[at["EE"], at["LT"]] > pull[at["HK"], at["LT"]]


def test_weekdays_and_months_are_those_of_the_calendar() -> None:
    days = np.arange(800)
    wanted = [(world.START + timedelta(days=int(d))).weekday() for d in days]
    assert world.weekday(days).tolist() == wanted
    firsts = [world.START + timedelta(days=int(d)) for d in world.month_starts(14)]
    assert firsts[0] == world.START
    assert {d.day for d in firsts} == {1}
    assert firsts[-1] == date(2026, 3, 1)


@given(st.integers(1, 10**10), st.integers(1, 2 * 10**6))
def test_money_is_exchanged_exactly_with_ties_to_even(minor: int, rate: int) -> None:
    got = int(world.to_euro(np.array([minor]), np.array([rate]))[0])
    assert got == round(Fraction(minor * rate, 1_000_000))
    back = int(world.from_euro(np.array([minor]), np.array([rate]))[0])
    assert back == round(Fraction(minor * 1_000_000, rate))


def test_rates_swing_by_little_and_the_euro_is_one() -> None:
    table = world.rates(181)
    euro = table.filter(pl.col("currency") == "EUR")["rate"]
    assert euro.unique().to_list() == [1.0]
    spread = table.group_by("currency").agg(
        swing=pl.col("rate").max() / pl.col("rate").min(), days=pl.len()
    )
    assert spread["swing"].max() < 1.05
    assert spread.filter(pl.col("currency") != "EUR")["swing"].min() > 1.01
    assert spread["days"].unique().to_list() == [26]


def test_parts_of_the_economy_have_streams_of_their_own() -> None:
    one, again = world.stream(7, "rent").random(4), world.stream(7, "rent").random(4)
    assert one.tolist() == again.tolist()
    assert one.tolist() != world.stream(7, "cards").random(4).tolist()
    assert one.tolist() != world.stream(8, "rent").random(4).tolist()


def test_half_even_needs_no_even_denominator() -> None:
    assert world.half_even(np.array([1, 3, 4, 5]), np.array([3, 2, 8, 2])).tolist() == [0, 2, 0, 2]


@pytest.mark.parametrize("months", [1, 12, 13])
def test_a_ledger_has_as_many_months_as_asked(months: int) -> None:
    assert world.month_starts(months).size == months + 1
