"""`detect`: what may be asked for, defaults that fit the ledger, engines, progress."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.detectors._spec import Payment
from xborder_aml.graph import TransactionGraph
from xborder_aml.synth.plant import Instance, instance_tables

DAY = 86_400_000_000


@pytest.fixture
def graph() -> TransactionGraph:
    return TransactionGraph(xb.example_ledger())


def test_names_specs_and_both_give_the_same(graph: TransactionGraph) -> None:
    by_name = xb.detect(graph, "round_trip")
    assert by_name.equals(xb.detect(graph, xb.RoundTrip()))
    assert by_name.equals(xb.detect(graph, ["round_trip"]))
    assert by_name.equals(xb.detect(graph, iter([xb.RoundTrip()])))


def test_by_default_every_registered_detector_runs(graph: TransactionGraph) -> None:
    found = xb.detect(graph)
    assert list(found.parameters) == [d.name for d in xb.DETECTORS]


def test_defaults_ask_for_no_border_where_none_is_known(graph: TransactionGraph) -> None:
    nowhere = xb.example_ledger().drop("originator_jurisdiction", "beneficiary_jurisdiction")
    found = xb.detect(TransactionGraph(nowhere), "round_trip")
    assert found.parameters["round_trip"]["min_borders"] == 0
    assert xb.detect(graph, "round_trip").parameters["round_trip"]["min_borders"] == 1
    assert len(found) > 0


def test_defaults_look_longer_where_there_are_dates_only() -> None:
    dates = xb.example_ledger().with_columns(
        pl.col("executed_at").dt.truncate("1d"), resolution=pl.lit("1d")
    )
    found = xb.detect(TransactionGraph(dates), ["round_trip"])
    assert found.parameters["round_trip"]["window"] == "90d"
    # a spec that is given is taken as it is
    given = xb.detect(TransactionGraph(dates), [xb.RoundTrip()])
    assert given.parameters["round_trip"]["window"] == "30d"


def test_the_reference_engine_finds_the_same(graph: TransactionGraph) -> None:
    assert xb.detect(graph, engine="reference").equals(xb.detect(graph))


def test_any_executor_gives_the_same(graph: TransactionGraph) -> None:
    one = xb.detect(graph, executor=1)
    for executor in (None, 2, np.int64(3), xb.SerialExecutor(), xb.ThreadsExecutor(5)):
        assert xb.detect(graph, executor=executor).equals(one)  # type: ignore[arg-type]


def test_progress_is_told_for_each_detector(graph: TransactionGraph) -> None:
    told: list[tuple[str, int, int]] = []
    xb.detect(graph, ["fan_in", "round_trip"], executor=2, progress=lambda *a: told.append(a))
    for name in ("fan_in", "round_trip"):
        mine = [(done, of) for n, done, of in told if n == name]
        assert [done for done, _ in mine] == list(range(1, len(mine) + 1))
        assert {of for _, of in mine} == {len(mine)}


def test_an_error_in_progress_reaches_the_caller(graph: TransactionGraph) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        xb.detect(graph, "round_trip", executor=2, progress=stop)


# -- what used to be lost -----------------------------------------------------------------------


def fan(n: int, amount: int) -> list[Payment]:
    """Payments of account 1 to many, an hour later, whose amounts match nothing."""
    return [Payment(3_600_000_000 + i, 1, 10 + i, amount) for i in range(n)]


def test_a_chain_hidden_behind_a_hub_is_told_as_cut() -> None:
    """The hop that goes on lies beyond max_degree: nothing is found, but the anchor says so."""
    payments = [
        Payment(0, 0, 1, 1_000),
        *fan(10, 1),
        Payment(7_200_000_000, 1, 2, 1_000),
        Payment(9_000_000_000, 2, 3, 1_000),
    ]
    places = tuple("EE" if i % 2 else "GB" for i in range(20))
    graph = TransactionGraph(*instance_tables(Instance(tuple(payments), places)))
    cut = xb.detect(graph, xb.LayeringChain(max_degree=5))
    assert len(cut) == 0
    assert cut.truncations.select("anchor", "account", "cap").rows() == [(0, "a000", "max_degree")]
    assert cut.truncations["work_left"].to_list() == [6]
    whole = xb.detect(graph, xb.LayeringChain(max_degree=50))
    assert len(whole) == 1
    assert whole.truncations.is_empty()


def test_a_cut_is_logged_and_marks_its_findings(caplog: pytest.LogCaptureFixture) -> None:
    payments = [Payment(0, 0, 1, 1_000), *(Payment(DAY + i, 1, 0, 1_000) for i in range(4))]
    graph = TransactionGraph(*instance_tables(Instance(tuple(payments), ("EE", "GB"))))
    with caplog.at_level(logging.WARNING):
        found = xb.detect(graph, xb.RoundTrip(max_work=2))
    assert found.findings["is_truncated"].to_list() == [True]
    assert found.findings["multiplicity"].to_list() == [2]
    assert found.truncations["work_left"].to_list() == [2]
    assert "1 anchors reached a cap, with at least 2 edges not followed" in caplog.text


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_trip_to_another_account_of_the_holder_within_one_instant(order: tuple[int, int]) -> None:
    """It has no rotation that could stand for it, so the ids' order must not decide."""
    payments = (Payment(0, 0, 1, 1_000), Payment(0, 1, 2, 1_000))
    made = Instance(payments, ("EE", "GB", "CY"), holders=(0, 1, 0))
    transactions, accounts = instance_tables(made)
    graph = TransactionGraph(
        transactions.with_columns(transaction_id=pl.Series(order, dtype=pl.Int64)), accounts
    )
    found = xb.detect(graph, xb.RoundTrip())
    assert found.findings["anchor"].to_list() == [order[0]]
    assert xb.detect(graph, xb.RoundTrip(), engine="reference").equals(found)


def test_a_circle_within_one_instant_is_found_once() -> None:
    payments = tuple(Payment(0, i, (i + 1) % 3, 1_000) for i in range(3))
    graph = TransactionGraph(*instance_tables(Instance(payments, ("EE", "GB", "CY"))))
    found = xb.detect(graph, xb.RoundTrip())
    assert found.findings["anchor"].to_list() == [0]


def test_an_absurd_rate_does_not_wrap_into_a_match() -> None:
    """A receipt 2**58 times what was sent, whose basis points are 9,600 modulo 2**64."""
    huge = 600 * pow(625, -1, 2**60) % 2**60
    at = [datetime(2026, 1, d, tzinfo=UTC) for d in (1, 2)]
    table = pl.DataFrame(
        {
            "transaction_id": [0, 1],
            "executed_at": at,
            "originator": ["a", "b"],
            "beneficiary": ["b", "a"],
            "sent_minor": [1, huge],
            "sent_currency": ["EUR", "USD"],
            "received_minor": [huge // 8, huge],
            "received_currency": ["JPY", "EUR"],
            "base_minor": [100, 100],
            "base_currency": ["EUR", "EUR"],
            "originator_jurisdiction": ["EE", "GB"],
            "beneficiary_jurisdiction": ["GB", "EE"],
        }
    )
    graph = TransactionGraph(table)
    assert len(xb.detect(graph, xb.RoundTrip())) == 0
    assert len(xb.detect(graph, xb.RoundTrip(), engine="reference")) == 0
