"""U-turns by hand: countries, weekends, what counts as home, and caps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import xborder_aml as xb
from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Instance, Payment
from xborder_aml.detectors.u_turn import reach, weekday_time
from xborder_aml.kernels.u_turn import banking_end
from xborder_aml.synth.plant import instance_tables
from xborder_aml.testing import check_detector

DAY = 86_400_000_000
HOUR = DAY // 24
START = datetime(1970, 1, 1, tzinfo=UTC)  # a Thursday


def graph_of(
    *payments: tuple[float, int, int, int],
    places: tuple[str, ...] = ("EE", "GB", "CY", "EE"),
    holders: tuple[int, ...] | None = None,
) -> xb.TransactionGraph:
    """A graph of (hours since a Thursday's midnight, originator, beneficiary, amount)."""
    rows = tuple(Payment(round(h * HOUR), a, b, money) for h, a, b, money in payments)
    return xb.TransactionGraph(*instance_tables(Instance(rows, places, holders)))


def rows(graph: xb.TransactionGraph, **given: object) -> list[list[int]]:
    found = xb.detect(graph, xb.UTurn(**given))
    return (
        found.evidence.group_by("finding_id", maintain_order=True)
        .agg("transaction_id")["transaction_id"]
        .to_list()
    )


def moment(us: int) -> datetime:
    return START + timedelta(microseconds=us)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("1970-01-01T10:00", 1, "1970-01-02T10:00"),  # Thursday to Friday
        ("1970-01-02T10:00", 2, "1970-01-06T10:00"),  # Friday to Tuesday
        ("1970-01-03T10:00", 2, "1970-01-07T00:00"),  # all Saturday is Monday's midnight
        ("1970-01-04T23:59", 2, "1970-01-07T00:00"),
        ("1970-01-05T00:00", 5, "1970-01-12T00:00"),  # used up at the weekend, whose end counts
        ("1969-12-26T10:00", 2, "1969-12-30T10:00"),  # before 1970, too
        ("1970-01-02T10:00", 10, "1970-01-16T10:00"),
    ],
)
def test_weekends_take_no_time(start: str, days: int, end: str) -> None:
    at, last = (
        round(datetime.fromisoformat(x).replace(tzinfo=UTC).timestamp() * 1e6) for x in (start, end)
    )
    window = days * DAY
    assert moment(banking_end(at, window)) == moment(last)
    assert weekday_time(at, last) == window
    assert weekday_time(at, last + 1) > window


@pytest.mark.parametrize("window", [0, 1, HOUR, 2 * DAY, 5 * DAY, 5 * DAY + 1, 11 * DAY])
def test_no_window_goes_beyond_its_reach(window: int) -> None:
    limits = xb.UTurn(window="0d").limits()._replace(window=window)
    ahead = [banking_end(t, window) - t for t in range(0, 14 * DAY, 6 * HOUR)]
    assert max(ahead) <= reach(limits)[1]
    assert min(ahead) >= window


def test_out_and_back_over_a_weekend() -> None:
    friday, tuesday = 24 + 12, 5 * 24 + 12
    assert rows(graph_of((friday, 0, 1, 1_000), (tuesday, 1, 0, 950))) == [[0, 1]]
    assert rows(graph_of((friday, 0, 1, 1_000), (tuesday + 0.001, 1, 0, 950))) == []


def test_through_two_countries() -> None:
    trip = ((0, 0, 1, 1_000), (5, 1, 2, 1_000), (9, 2, 0, 1_000))
    assert rows(graph_of(*trip)) == [[0, 1, 2]]
    assert rows(graph_of(*trip), max_hops=2) == []


def test_what_counts_as_home() -> None:
    trip = ((0, 0, 1, 1_000), (5, 1, 3, 1_000))
    own, strange = (graph_of(*trip, holders=(0, 1, 2, h)) for h in (0, 3))
    assert rows(own, close_on="holder") == [[0, 1]]
    assert rows(own, close_on="account") == []
    assert rows(strange, close_on="holder") == []
    assert rows(strange, close_on="country") == [[0, 1]]


def test_ones_own_account_abroad_is_no_other_country() -> None:
    trip = ((0, 0, 1, 1_000), (5, 1, 0, 1_000))
    assert rows(graph_of(*trip, holders=(0, 0, 2, 3))) == []


def test_a_stop_at_home_ends_the_way() -> None:
    """Money that is back in the country at a stranger's does not go on to its owner."""
    trip = ((0, 0, 1, 1_000), (5, 1, 3, 1_000), (6, 3, 2, 1_000), (7, 2, 0, 1_000))
    assert rows(graph_of(*trip), max_hops=4) == []


def test_kept_amounts_are_closed_bounds() -> None:
    out = (0, 0, 1, 1_000)
    for amount, found in ((900, True), (899, False), (1_050, True), (1_051, False)):
        assert bool(rows(graph_of(out, (5, 1, 0, amount)))) == found


def test_parallel_ways_are_one_finding() -> None:
    found = xb.detect(
        graph_of((0, 0, 1, 1_000), (1, 1, 0, 950), (2, 1, 0, 1_000), (3, 1, 0, 990)), xb.UTurn()
    )
    assert found.findings["multiplicity"].to_list() == [3]
    assert found.evidence["transaction_id"].to_list() == [0, 2]


@pytest.mark.parametrize(
    ("cap", "found", "left"), [("max_matches", 2, 2), ("max_work", 2, 2), ("max_degree", 0, 4)]
)
def test_caps_are_told(cap: str, found: int, left: int) -> None:
    ways = [(0, 0, 1, 1_000), *((2 + i, 1, 3 + i, 1_000) for i in range(4))]
    graph = graph_of(*ways, places=("EE", "GB", "CY", *("EE",) * 4))
    free = xb.detect(graph, xb.UTurn(close_on="country"))
    assert len(free) == 4
    assert free.truncations.is_empty()
    cut = xb.detect(graph, xb.UTurn(close_on="country", **{cap: 2}))
    assert len(cut) == found
    assert cut.truncations.select("cap", "work_left").rows() == [(cap, left)]
    assert cut.findings["is_truncated"].all()


def test_a_hub_ends(hub: xb.TransactionGraph) -> None:
    found = xb.detect(hub, xb.UTurn(close_on="country", max_degree=20))
    assert found.truncations.height > 1_000


@pytest.mark.parametrize(
    "spec",
    [
        xb.UTurn(close_on="country", max_hops=2),
        xb.UTurn(close_on="account", max_hops=4, min_carried=0.5, min_returned=0.5),
        xb.UTurn(close_on="country", window="9d", max_hops=3, min_carried=0, min_returned=0),
    ],
    ids=["country", "account", "wide"],
)
def test_other_specs_keep_the_promises(spec: xb.UTurn) -> None:
    check_detector(detector_of(spec), [spec], examples=25)


def test_every_moment_of_a_week_agrees_with_the_clock() -> None:
    """The closed form in the kernel is the count of the oracle, to the microsecond."""
    rng = np.random.default_rng(3)
    for at, window in zip(
        rng.integers(-30 * DAY, 30 * DAY, 40), rng.integers(0, 12 * DAY, 40), strict=True
    ):
        end = banking_end(int(at), int(window))
        assert weekday_time(int(at), end) == window
        assert weekday_time(int(at), end + 1) > window


def test_bad_parameters_are_named() -> None:
    with pytest.raises(xb.ParameterError, match="close_on is 'account', 'holder' or 'country'"):
        xb.UTurn(close_on="bank")  # type: ignore[arg-type]
    with pytest.raises(xb.ParameterError, match="max_hops must lie between 2 and 8"):
        xb.UTurn(max_hops=1)
