"""Structuring beyond what every detector promises."""

from __future__ import annotations

from fractions import Fraction
from math import comb, log10
from typing import Any

import numpy as np
import polars as pl
import pytest

from xborder_aml.detection import detect
from xborder_aml.detectors._spec import Instance, Payment
from xborder_aml.detectors._trials import EXACT, fewest_trials, log_cutoff, surprise
from xborder_aml.detectors.structuring import DETECTOR, Structuring, chance
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.synth.plant import instance_tables
from xborder_aml.testing import check_detector

OWN = Structuring(threshold_minor=100_000, currency="EUR", fair=0.5)


def graph(
    amounts: list[int],
    places: tuple[str, str] = ("US", "US"),
    currency: str = "USD",
    instrument: str | None = "cash",
    turned: bool = False,
    day: int = 0,
) -> TransactionGraph:
    """Payments an hour apart into account 0 (or out of it), each from an account of its own."""
    pairs = [(0, i) if turned else (i, 0) for i in range(1, len(amounts) + 1)]
    payments = tuple(
        Payment(i * 3_600_000_000, a, b, money, instrument)
        for i, (money, (a, b)) in enumerate(zip(amounts, pairs, strict=True))
    )
    home, away = places
    made = Instance(payments, (home, *[away] * len(amounts)), currency=currency)
    return TransactionGraph(*instance_tables(made, start=day * 86_400_000_000))


def n_found(g: TransactionGraph, spec: Structuring | None = None) -> int:
    return len(detect(g, spec or Structuring()))


def test_threshold_that_random_ledgers_meet() -> None:
    loose = Structuring.from_dict({**OWN.to_dict(), "window": "4h", "max_false": 0.4, "near": 0.8})
    out = Structuring.from_dict({**loose.to_dict(), "paid_in": False, "fair": 0.3})
    check_detector(DETECTOR, [out, loose], examples=15)


def test_what_a_finding_says() -> None:
    row = detect(graph([950_000] * 7), Structuring(fair=0.5)).findings.row(0, named=True)
    assert row["account"] == "a000"
    assert row["n_transactions"] == 7
    assert row["amount_in_minor"] == 7 * 950_000
    assert row["amount_out_minor"] is None
    assert row["measure"] == pytest.approx(2.107)  # 1 in 128


@pytest.mark.parametrize(
    ("amount", "found"), [(699_999, 0), (700_001, 1), (1_000_000, 1), (1_000_001, 0)]
)
def test_more_than_ten_thousand_dollars_are_reported(amount: int, found: int) -> None:
    assert n_found(graph([amount] * 6)) == found


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ({}, 1),
        ({"currency": "EUR"}, 0),
        ({"instrument": "wire"}, 0),
        ({"instrument": None}, 0),
        ({"places": ("SG", "US")}, 0),
        ({"turned": True, "places": ("SG", "US")}, 0),
        ({"places": ("CA", "CA"), "currency": "CAD"}, 1),
        ({"places": ("CA", "CA"), "currency": "CAD", "instrument": "wire"}, 0),
        ({"places": ("CA", "US"), "currency": "CAD", "instrument": "wire"}, 1),
        ({"places": ("CA", "US"), "currency": "CAD", "instrument": "wire", "turned": True}, 1),
    ],
)
def test_a_rule_holds_where_and_for_what_it_says(case: dict[str, Any], found: int) -> None:
    assert n_found(graph([950_000] * 6, **case)) == found


@pytest.mark.parametrize(
    ("place", "day", "found"),
    [("EE", 20_086, 0), ("EE", 20_087, 1), ("CH", 20_087, 0)],  # from 2024-12-30 on, in the Union
)
def test_a_rule_holds_from_its_day_on(place: str, day: int, found: int) -> None:
    case = {"currency": "EUR", "instrument": "wire", "turned": True, "day": day}
    assert n_found(graph([95_000] * 6, places=(place, "US"), **case)) == found


def test_payments_above_the_threshold_speak_against_it() -> None:
    below = [90_000] * 6
    assert n_found(graph(below, currency="EUR"), OWN) == 1
    assert n_found(graph([*below, 100_000], currency="EUR"), OWN) == 0
    assert n_found(graph([*below, 142_857], currency="EUR"), OWN) == 0
    assert n_found(graph([*below, 142_858], currency="EUR"), OWN) == 1  # too far to speak


def test_one_of_many_accounts_needs_stronger_evidence() -> None:
    """Beside nine accounts of six even payments each, 1 in 64 is no discovery, 1 in 2,048 is."""
    crowd = [
        Payment(i * 3_600_000_000, 100, 1 + account, 90_000 if i % 2 else 110_000)
        for account in range(9)
        for i in range(6)
    ]

    def found(n: int) -> int:
        crowding = [Payment(i * 3_600_000_000, 100, 0, 90_000) for i in range(n)]
        made = Instance((*crowd, *crowding), ("EE",) * 101)
        return n_found(TransactionGraph(*instance_tables(made)), OWN)

    assert (found(6), found(11)) == (0, 1)


@pytest.mark.parametrize("fair", [3_000, 6_000])
@pytest.mark.parametrize(("hits", "trials"), [(6, 6), (9, 11), (700, EXACT), (1, 5)])
def test_surprise_is_the_definitions_chance(hits: int, trials: int, fair: int) -> None:
    exact = chance(hits, trials, Fraction(fair, 10_000))
    assert 10 ** -surprise(hits, trials, fair) == pytest.approx(float(exact), rel=1e-9)


def test_beyond_exactness_chance_is_bounded_from_above() -> None:
    fair, n, hits = Fraction(6, 10), EXACT + 100, 750
    tail = sum(comb(n, i) * fair**i * (1 - fair) ** (n - i) for i in range(hits, n + 1))
    assert tail < chance(hits, n, fair) < 100 * tail
    assert surprise(hits, n, 6_000) == pytest.approx(-log10(chance(hits, n, fair)))
    assert surprise(n, n, 6_000) == pytest.approx(-n * log10(0.6))


def test_fewest_trials_and_discoveries() -> None:
    assert [fewest_trials(6_000, 500), fewest_trials(6_000, 4_000)] == [6, 2]
    assert log_cutoff(np.array([]), 500) == np.inf
    assert log_cutoff(np.array([1.2, 1.0]), 500) == np.inf
    # the second is a discovery because the third is
    assert log_cutoff(np.array([3.0, 1.4, 1.31]), 500) == pytest.approx(1.31)


def test_hub_ends_and_is_judged_whole(hub: TransactionGraph) -> None:
    spec = Structuring(threshold_minor=1_007, currency="EUR")
    found = detect(hub, spec).findings.filter(account="hub")
    assert found["n_transactions"].to_list() == [100_000]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"near": 1.0}, "near must lie between 0 and 1"),
        ({"near": 0.3}, "min_payments \\* near must be 1 or more"),
        ({"fair": 0.95}, "fair must lie above 0"),
        ({"max_false": 0.5}, "max_false must lie above 0"),
        ({"threshold_minor": 2**60}, "threshold_minor must be below"),
        ({"currency": "EURO"}, "currency='EURO' is no ISO 4217 code .did you mean 'EUR'"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        Structuring(**values)


def test_rows_without_base_amount_are_judged_by_their_own() -> None:
    g = graph([950_000] * 6)
    bare = g.transactions.with_columns(base_minor=pl.lit(None, pl.Int64))
    assert n_found(TransactionGraph(bare, g.accounts)) == 1
