"""Where a generator that knows the truth put the money, the bounds say that it can be."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks.truth import by_rule, error_of, setting_of, traced_by, within
from xborder_aml.synth.ledger import generate
from xborder_aml.tracing import RULES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def setting():
    return setting_of(generate("tiny", seed=1, n_accounts=200, n_transactions=10_000))


@pytest.fixture(scope="module")
def traced(setting):
    return {rule: traced_by(setting, rule) for rule in RULES if rule != "poison"}


@pytest.fixture(scope="module")
def bounds(setting, traced):
    return traced["fifo"].bounds(setting.truth["account"].unique().sort())


def test_the_bounds_hold_the_truth_of_a_made_ledger(setting, bounds):
    held = within(setting.truth, bounds)
    assert held.len() >= setting.truth.height > 20
    assert held.all()


@pytest.mark.parametrize("end", ["high_minor", "low_minor"])
def test_one_unit_beyond_a_bound_is_noticed(setting, bounds, end):
    beyond = 1 if end == "high_minor" else -1
    limits = bounds.select("claim", "account", limit=pl.col(end) + beyond)
    first = setting.truth.head(1).join(limits, on=["claim", "account"]).with_columns(truth="limit")
    moved = pl.concat([first.drop("limit"), setting.truth[1:]])
    assert within(moved, bounds).to_list().count(False) == 1


def test_money_in_an_account_that_it_cannot_have_reached_is_noticed(setting, bounds):
    place = {"claim": "no such claim", "account": bounds["account"][0], "currency": "EUR"}
    stray = pl.DataFrame([{**place, "truth": 1}])
    assert not within(pl.concat([setting.truth, stray]), bounds).all()


def test_every_rule_is_within_the_bounds_and_off_the_truth_by_some(setting, traced, bounds):
    for rule, each in traced.items():
        assert each.minted.is_empty()
        assert within(by_rule(each.holdings), bounds).all(), rule
        assert 0 <= error_of(each.holdings, setting)["share"] < 0.5


def test_the_error_counts_each_unit_in_a_wrong_account_once(setting):
    exact = setting.truth.rename({"truth": "amount_minor"})
    assert error_of(exact, setting)["share"] == 0
    lost = exact.with_columns(
        amount_minor=pl.when(pl.int_range(pl.len()) == 0).then(0).otherwise("amount_minor")
    )
    told = error_of(lost, setting)
    assert told["worst"]["account"] == exact["account"][0]
    away = exact.with_columns(claim=pl.lit("none"))
    assert error_of(away, setting)["share"] == pytest.approx(1, rel=1e-6)
