"""Shares are exact, for products that do not fit in Int64, too."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from xborder_aml.kernels.shares import apportion, multiply_divide, nth_largest

AMOUNT = st.one_of(st.integers(0, 40), st.integers(0, 2**59 - 1))


@given(AMOUNT, AMOUNT, st.one_of(st.integers(1, 40), st.integers(1, 2**59 - 1)))
def test_a_product_is_divided_exactly(a, b, m):
    assume(a * b // m < 2**62)
    assert multiply_divide(a, b, m) == divmod(a * b, m)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12), st.data())
def test_the_nth_largest_is_that_of_the_sorted_list(values, data):
    k = data.draw(st.integers(1, len(values)))
    assert nth_largest(np.array(values), len(values), k) == sorted(values, reverse=True)[k - 1]


@given(st.lists(st.integers(0, 2**55), min_size=1, max_size=9), st.data())
def test_shares_sum_and_are_within_a_unit_of_exact(parts, data):
    whole = sum(parts)
    assume(whole > 0)
    total = data.draw(st.one_of(st.integers(0, 20), st.integers(0, 2**58)))
    share = np.zeros(len(parts), np.int64)
    scratch = np.empty((2, len(parts)), np.int64)
    apportion(total, np.array(parts), len(parts), whole, share, scratch)
    assert sum(share.tolist()) == total
    exact = [Fraction(p * total, whole) for p in parts]
    assert all(abs(s - x) < 1 for s, x in zip(share.tolist(), exact, strict=True))
    up = [x - int(x) for s, x in zip(share.tolist(), exact, strict=True) if s > x]
    down = [x - int(x) for s, x in zip(share.tolist(), exact, strict=True) if s < x]
    assert not up or not down or min(up) >= max(down)
