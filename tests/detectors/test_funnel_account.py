"""Funnel accounts beyond what every detector promises."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from xborder_aml.detection import detect
from xborder_aml.detectors.funnel_account import DETECTOR, FunnelAccount
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector

ANY = FunnelAccount(
    window="4h",
    stay="2h",
    min_depositors=1,
    min_quick=0.0,
    max_left=0.9,
    young="6h",
    dormant="2h",
    min_rise=1.0,
    min_borders=0,
)
TWO = FunnelAccount(window="4h", stay="2h", min_depositors=2, min_borders=0)


def found(graph: TransactionGraph, spec: FunnelAccount) -> list[list[int]]:
    """Return the transaction ids of each finding."""
    evidence = detect(graph, spec).evidence
    groups = evidence.group_by("finding_id", maintain_order=True).agg("transaction_id")
    return groups["transaction_id"].to_list()


def opened(graph: TransactionGraph, day: date) -> TransactionGraph:
    """Return the graph with every account opened on that day."""
    return TransactionGraph(
        graph.transactions, graph.accounts.with_columns(opened_on=pl.lit(day, pl.Date))
    )


def test_low_thresholds_that_random_ledgers_meet() -> None:
    strict = FunnelAccount.from_dict({**ANY.to_dict(), "strict_time": True, "min_quick": 0.5})
    check_detector(DETECTOR, [strict, ANY], examples=20)


def test_what_a_finding_says(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 2, 0, 60), (2, 0, 3, 155))
    row = detect(graph, TWO).findings.row(0, named=True)
    assert row["account"] == "a000"
    assert row["measure"] == 2.0
    assert (row["amount_in_minor"], row["amount_out_minor"]) == (160, 155)
    assert row["hops"] == 2
    assert row["anchor"] == 0


def test_opening_day_is_believed_over_the_first_payment(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 100), (1, 2, 0, 60), (2, 0, 3, 155))
    assert found(opened(graph, date(1970, 1, 1)), TWO) == [[0, 1, 2]]
    assert found(opened(graph, date(1969, 1, 1)), TWO) == []


def test_old_account_that_rested_is_new_again(ledger: Any) -> None:
    rest = 24 * 91
    burst = [(rest, 1, 0, 100), (rest + 1, 2, 0, 60), (rest + 2, 0, 3, 155)]
    graph = ledger((0, 1, 0, 10), (1, 0, 3, 10), *burst)
    assert found(opened(graph, date(1960, 1, 1)), TWO) == [[2, 3, 4]]
    busy = ledger((0, 1, 0, 10), (1, 0, 3, 10), *burst, (24 * 30, 0, 3, 1))
    assert found(opened(busy, date(1960, 1, 1)), TWO) == []


def test_burst_is_measured_by_the_largest_window_that_was_over(ledger: Any) -> None:
    burst = [(10, 1, 0, 100), (11, 2, 0, 50), (12, 0, 3, 150)]
    assert found(ledger((0, 1, 0, 25), (1, 1, 0, 25), *burst), TWO) == [[2, 3, 4]]
    assert found(ledger((0, 1, 0, 25), (1, 1, 0, 26), *burst), TWO) == []
    # a window that is not over yet is part of the burst, and no history
    graph = ledger((8.5, 1, 0, 51), *burst, (10.5, 0, 3, 51))
    assert found(graph, TWO) == [[0, 1, 2, 4, 3]]


def test_money_must_leave_soon_and_nearly_all_of_it(ledger: Any) -> None:
    came = [(0, 1, 0, 100), (0, 2, 0, 100)]
    assert found(ledger(*came, (2, 0, 3, 160), (6, 0, 3, 30)), TWO) == [[0, 1, 2, 3]]
    assert found(ledger(*came, (2, 0, 3, 159), (6, 0, 3, 41)), TWO) == []
    assert found(ledger(*came, (2, 0, 3, 160), (6, 0, 3, 29)), TWO) == []
    assert found(ledger(*came, (2, 0, 3, 211)), TWO) == []


def test_hub_bursts_once_and_is_told_unless_it_may_be_shown(hub: Any) -> None:
    findings = detect(hub, FunnelAccount(window="1h", stay="1s"))
    told = findings.truncations
    assert told["account"].to_list() == ["hub"]
    assert told["work_left"].item() > 7_000
    assert len(findings) == 0
    shown = detect(hub, FunnelAccount(window="1h", stay="1s", max_payments=20_000))
    assert shown.findings["account"].to_list() == ["hub"]
    assert shown.truncations.is_empty()


def test_shares_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ParameterError, match="min_quick must not exceed 1"):
        FunnelAccount(min_quick=1.1)
    with pytest.raises(ParameterError, match="max_left must be below 1"):
        FunnelAccount(max_left=1.0)
