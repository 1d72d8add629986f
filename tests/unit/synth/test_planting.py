"""How an instance gets its accounts: places, holders, quiet ones first."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from xborder_aml.detectors import round_trip
from xborder_aml.detectors._spec import Choose, Instance, Params, Payment
from xborder_aml.errors import DataError
from xborder_aml.synth import planting
from xborder_aml.synth.economy import Economy, flows
from xborder_aml.synth.rows import Rows, join
from xborder_aml.synth.world import MINUTES, PLACES

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def background(small_economy: Economy) -> Rows:
    r = join(list(flows(small_economy).values()))
    return r.take(np.argsort(r.minute, kind="stable"))


def detector_that_plants(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a detector that always draws this instance in the place of the round trip."""

    def plant(choose: Choose, params: Params) -> Instance:
        return instance

    made = dataclasses.replace(round_trip.DETECTOR, plant=plant)
    monkeypatch.setattr(planting, "detector_of", lambda name: made)


def trip(days: int, holders: tuple[int, ...] | None, last: int) -> Instance:
    payments = (Payment(0, 0, 1, 100_000), Payment(days * DAY, 1, last, 100_000))
    return Instance(payments, ("EE", "GB", "CY")[: last + 1 if last else 2], holders)


def test_a_trip_that_closes_on_the_holder_gets_one_holder_for_both_ends(
    small_economy: Economy, background: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector_that_plants(trip(3, (0, 1, 0), last=2), monkeypatch)
    (case,) = planting.plant_cases(small_economy, background, ["round_trip"], 1)
    assert case.holders[0] == case.holders[2] == case.accounts[0]
    assert case.holders[1] == case.accounts[1]
    assert np.unique(case.accounts).size == 3
    assert np.unique(small_economy.people.place[case.accounts]).size == 3


def test_without_a_common_holder_the_same_payments_are_no_instance(
    small_economy: Economy, background: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector_that_plants(trip(3, None, last=2), monkeypatch)
    with pytest.raises(DataError, match="none of 200 instances of round_trip fits"):
        planting.plant_cases(small_economy, background, ["round_trip"], 1)


def test_the_end_of_the_window_is_still_inside_it(
    small_economy: Economy, background: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector_that_plants(trip(30, None, last=0), monkeypatch)
    (case,) = planting.plant_cases(small_economy, background, ["round_trip"], 1)
    assert np.diff(case.payments.minute).tolist() == [30 * MINUTES]


def test_an_instance_longer_than_the_ledger_does_not_fit(
    small_economy: Economy, background: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector_that_plants(trip(small_economy.n_days, None, last=0), monkeypatch)
    with pytest.raises(DataError, match="fits into 3 months"):
        planting.plant_cases(small_economy, background, ["round_trip"], 1)


def test_parts_in_one_place_are_played_by_different_accounts(
    small_economy: Economy, background: Rows
) -> None:
    people = small_economy.people
    ring = tuple(Payment(i, i, (i + 1) % 6, 100) for i in range(6))
    drawn = planting._Drawn(
        Instance(ring, ("EE",) * 6),
        np.full(6, [p.code for p in PLACES].index("EE")),
        np.arange(6),
        np.full(6, 1_000.0),
        small=False,
    )
    used = np.zeros(people.place.size, bool)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        accounts = planting._cast(people, background, drawn, rng, used)
        assert accounts is not None
        assert np.unique(accounts).size == 6
        assert (people.place[accounts] == drawn.places).all()


def test_there_is_no_cast_where_everyone_is_taken(small_economy: Economy, background: Rows) -> None:
    people = small_economy.people
    pair = Instance((Payment(0, 0, 1, 100),), ("EE", "GB"))
    drawn = planting._Drawn(pair, np.array([0, 1]), np.zeros(1, np.int64), np.ones(1), small=False)
    everyone = np.ones(people.place.size, bool)
    rng = np.random.default_rng(1)
    assert planting._cast(people, background, drawn, rng, everyone) is None
