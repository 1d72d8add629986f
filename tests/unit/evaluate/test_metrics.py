"""Metrics against scikit-learn and against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from xborder_aml.evaluate import metrics as m
from xborder_aml.evaluate.bootstrap import Blocks, draw_weights, holm, interval, paired

units = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=2, max_size=40
).filter(lambda rows: 0 < sum(r[0] for r in rows) < len(rows))


def arrays(rows):
    labels, scores, weights = (np.array(c) for c in zip(*rows, strict=True))
    return labels.astype(bool), scores.astype(float), weights.astype(float)


@given(units)
def test_average_precision_is_that_of_scikit_learn(rows):
    y, s, w = arrays(rows)
    assert m.average_precision(y, s) == pytest.approx(sk.average_precision_score(y, s))
    if w @ y > 0:
        assert m.average_precision(y, s, w) == pytest.approx(
            sk.average_precision_score(y, s, sample_weight=w)
        )


@given(units)
def test_weights_stand_for_repeated_units(rows):
    y, s, w = arrays(rows)
    again = np.repeat(np.arange(y.size), w.astype(int))
    if y[again].any():
        assert m.average_precision(y, s, w) == pytest.approx(
            m.average_precision(y[again], s[again])
        )


@given(units, st.integers(0, 7))
def test_f1_precision_and_recall_are_those_of_scikit_learn(rows, cut):
    y, s, w = arrays(rows)
    if not w.any():
        return
    alerts = s >= cut
    given_nan = {"sample_weight": w, "zero_division": np.nan}
    for ours, theirs in (
        (m.precision, sk.precision_score),
        (m.recall, sk.recall_score),
        (m.f1, sk.f1_score),
    ):
        assert ours(y, alerts, w) == pytest.approx(theirs(y, alerts, **given_nan), nan_ok=True)


@given(units)
def test_no_threshold_beats_the_best_one(rows):
    y, s, _ = arrays(rows)
    ones = np.ones(y.size)
    best = m.f1(y, s >= m.best_threshold(y, s), ones)
    assert best == pytest.approx(max(m.f1(y, s >= t, ones) for t in s))


@given(units, st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_the_threshold_at_a_false_positive_rate_keeps_it_and_is_the_lowest(rows, rate):
    y, s, _ = arrays(rows)
    t = m.threshold_at_fpr(y, s, rate)
    assert ((s >= t) & ~y).sum() <= rate * (~y).sum()
    lower = s[s < t]
    if lower.size:
        assert ((s >= lower.max()) & ~y).sum() > rate * (~y).sum()


def test_what_is_not_named_is_never_found():
    y = np.array([True, True, False])
    s = np.array([1.0, -np.inf, -np.inf])
    assert m.average_precision(y, s) == 0.5
    assert m.top_alerts(s, 3).tolist() == [True, False, False]
    assert m.daily_alerts(s, np.zeros(3, np.int64), 3).tolist() == [True, False, False]


@given(units, st.integers(1, 4))
def test_daily_alerts_are_the_best_of_each_day(rows, per_day):
    _, s, days = arrays(rows)
    days = days.astype(np.int64)
    alerts = m.daily_alerts(s, days, per_day)
    for day in set(days.tolist()):
        own = days == day
        assert alerts[own].sum() == min(per_day, own.sum())
        if (own & ~alerts).any():
            assert s[own & alerts].min() >= s[own & ~alerts].max()


def test_calibration_by_hand():
    y = np.array([True, False, True, False])
    p = np.array([0.8, 0.4, 0.6, 0.2])
    ones = np.ones(4)
    assert m.brier(y, p, ones) == pytest.approx(sk.brier_score_loss(y, p))
    bins = np.array([1, 0, 1, 0])
    # bin 0 says .3 on average and holds none; bin 1 says .7 and holds all
    assert m.calibration_error(bins, y, p, ones) == pytest.approx(0.3)


def test_cases_are_drawn_whole_and_the_same_for_every_method():
    few = Blocks(np.array([0, 0, 1, 2, 2]), 2, 1)
    many = Blocks(np.array([0, 0, 1, 2, 3, 4]), 2, 3)
    for draw in range(20):
        a, b = (draw_weights(x, 5, "name", draw) for x in (few, many))
        assert a[0] == a[1]
        assert a[3] == a[4] == 1  # the only block of its kind
        assert a[:3].tolist() == b[:3].tolist()
        assert a[0] + a[2] == 2
        assert b[3:].sum() == 3


def test_intervals_and_tests_by_hand():
    assert interval(np.array([np.nan, np.nan])) == pytest.approx((np.nan, np.nan), nan_ok=True)
    a, b = np.array([0.4, 0.5, 0.6, 0.3]), np.array([0.3, 0.4, 0.7, 0.2])
    # the differences .1, .1, -.1, .1 have a standard deviation of .1: one of them is p = .317
    assert paired(0.5, 0.4, a, b).p_value == pytest.approx(0.3173, abs=1e-4)
    assert paired(0.5, 0.5, a, a).p_value == 1.0
    assert paired(0.4, 0.5, b, a).difference == pytest.approx(-0.1)
    assert holm([0.04, 0.01]) == pytest.approx([0.04, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_monotone_and_between_the_raw_and_bonferroni(p):
    adjusted = holm(p)
    assert all(a >= b - 1e-12 for a, b in zip(adjusted, p, strict=True))
    assert (
        all(a <= min(1.0, len(p) * b) + 1e-12 for a, b in zip(adjusted, p, strict=True) if b > 0)
        or len(set(p)) > 1
    )
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= -1e-12).all()
