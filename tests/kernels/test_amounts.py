"""Amount comparisons against exact fractions, up to the largest amounts that a graph may hold."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xborder_aml.kernels.amounts import (
    BP,
    FAR,
    LIMIT,
    MAX_BP,
    at_least,
    at_most,
    fx_slack_bp,
    share_bp,
)

DAY = 86_400_000_000
WIDEST = MAX_BP + fx_slack_bp(MAX_BP, 3650 * DAY)

amounts = st.one_of(
    st.integers(0, 200), st.integers(0, LIMIT - 1), st.integers(LIMIT - 20_000, LIMIT - 1)
)
shares = st.one_of(
    st.integers(0, 3), st.integers(0, MAX_BP), st.just(MAX_BP), st.integers(0, WIDEST)
)


@given(amounts, amounts, st.one_of(st.integers(0, 3), st.integers(0, MAX_BP), st.just(MAX_BP)))
@example(LIMIT - 1, LIMIT - 1, BP)
@example(0, 0, 0)
def test_at_least_is_exact(part: int, whole: int, bp: int) -> None:
    assert at_least(part, whole, bp) == (Fraction(part) >= Fraction(whole * bp, BP))


@given(amounts, amounts, shares)
@example(LIMIT - 1, LIMIT - 1, BP)
@example(LIMIT - 1, LIMIT - 1, WIDEST)
@example(1, LIMIT - 1, 200_000)
def test_at_most_is_exact(part: int, whole: int, bp: int) -> None:
    assert at_most(part, whole, bp) == (Fraction(part) <= Fraction(whole * bp, BP))


@given(amounts, st.integers(0, MAX_BP))
def test_bounds_are_tight(whole: int, bp: int) -> None:
    least = -(-whole * bp // BP)
    most = whole * bp // BP
    assert at_least(least, whole, bp)
    assert not at_least(least - 1, whole, bp)
    assert at_most(most, whole, bp)
    assert not at_most(most + 1, whole, bp)


@given(amounts, amounts)
@example(LIMIT - 1, 1)
@example(LIMIT - 1, LIMIT - 1)
@example(0, 0)
def test_share_is_the_floor_of_the_fraction(part: int, whole: int) -> None:
    wanted = min(FAR, math.floor(Fraction(part * BP, whole))) if whole else 0
    assert share_bp(part, whole) == wanted


def test_a_huge_share_does_not_wrap_into_bounds() -> None:
    # 10_000 * part is 16 * 600 modulo 2**64, which a wrapping product would call 9,600 basis points
    part = 600 * pow(625, -1, 2**60) % 2**60
    assert part < LIMIT
    assert (part * BP) % 2**64 == 9_600
    assert share_bp(part, 1) == FAR


@given(st.integers(0, MAX_BP), st.integers(0, 4000 * DAY))
@example(MAX_BP, 3650 * DAY)
@example(200, DAY)
def test_slack_is_the_floor_of_the_root(bp: int, gap: int) -> None:
    minutes = min(gap, 3650 * DAY) // 60_000_000
    assert fx_slack_bp(bp, gap) == math.isqrt(bp * bp * minutes // 1440)


@given(st.integers(1, 60))
def test_slack_is_exact_at_squares(days: int) -> None:
    """Where a rounded root would be one off: a minute before, at and after a perfect square."""
    for minutes in (days * days * 1440 - 1, days * days * 1440, days * days * 1440 + 1):
        assert fx_slack_bp(200, minutes * 60_000_000) == math.isqrt(200**2 * minutes // 1440)


@pytest.mark.parametrize("days", [1, 4, 9, 100])
def test_slack_grows_with_the_root_of_time(days: int) -> None:
    assert fx_slack_bp(200, days * DAY) == 200 * math.isqrt(days)
