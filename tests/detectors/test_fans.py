"""Fan-in and fan-out beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given

from xborder_aml.detection import detect
from xborder_aml.detectors.fan_in import DETECTOR as FAN_IN
from xborder_aml.detectors.fan_in import FanIn
from xborder_aml.detectors.fan_out import FanOut
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.sources import read_patterns
from xborder_aml.testing import check_detector, ledgers

TWO = FanIn(window="4h", min_counterparties=2, min_borders=0)


def found(graph: TransactionGraph, spec: Any) -> list[list[int]]:
    """Return the transaction ids of each finding."""
    evidence = detect(graph, spec).evidence
    return (
        evidence.group_by("finding_id", maintain_order=True)
        .agg("transaction_id")["transaction_id"]
        .to_list()
    )


def turned(graph: TransactionGraph) -> TransactionGraph:
    """Return the graph with every transaction turned round, by exchanging names."""
    swap = {
        "originator": "beneficiary",
        "originator_jurisdiction": "beneficiary_jurisdiction",
        "sent_minor": "received_minor",
        "sent_currency": "received_currency",
    }
    swap |= {v: k for k, v in swap.items()}
    return TransactionGraph(graph.transactions.rename(swap), graph.accounts)


def test_low_thresholds_that_random_ledgers_meet() -> None:
    check_detector(
        FAN_IN, [TWO, FanIn(window="4h", min_counterparties=3, min_borders=2)], examples=12
    )


@given(tables=ledgers(4 * 3_600_000_000))
def test_fan_out_is_fan_in_of_the_ledger_turned_round(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    out = FanOut(window="4h", min_counterparties=2, min_borders=0)
    assert found(graph, out) == found(turned(graph), TWO)


@given(tables=ledgers(4 * 3_600_000_000))
def test_findings_of_an_account_share_no_transaction(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    seen = [i for ids in found(graph, TWO) for i in ids]
    assert len(seen) == len(set(seen))  # a transaction has one beneficiary


def test_waves_further_apart_than_the_window_are_two_findings(ledger: Any) -> None:
    wave = [(0, 1, 0, 5), (1, 2, 0, 5)]
    assert found(ledger(*wave, (4, 3, 0, 5), (6, 4, 0, 5)), TWO) == [[0, 1, 2]]
    assert found(ledger(*wave, (6, 3, 0, 5), (7, 4, 0, 5)), TWO) == [[0, 1], [2, 3]]


def test_steady_stream_is_shown_where_it_starts_only(ledger: Any) -> None:
    """A hidden window hides others too: whether one is shown depends on nothing far away."""
    graph = ledger(*[(2 * i, 1 + i, 0, 5) for i in range(9)])
    assert found(graph, TWO) == [[0, 1, 2]]


def test_stronger_window_suppresses_a_weaker_one_before_it(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 5), (3, 2, 0, 5), (4, 3, 0, 5), (5, 4, 0, 5), (7, 5, 0, 5))
    assert found(graph, TWO) == [[1, 2, 3, 4]]


def test_earliest_of_equal_windows_is_shown(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 5), (2, 2, 0, 5), (3, 1, 0, 5), (5, 2, 0, 5))
    assert found(graph, TWO) == [[0, 1, 2]]


def test_window_that_crosses_too_few_borders_suppresses_nothing(ledger: Any) -> None:
    graph = ledger(*[(h, h + 1, 0, 5) for h in range(4)], (8, 1, 0, 5), (8, 5, 0, 5))
    homely = graph.transactions.with_columns(
        originator_jurisdiction=pl.when(pl.col("transaction_id") < 4)
        .then("beneficiary_jurisdiction")
        .otherwise("originator_jurisdiction")
    )
    spec = FanIn(window="8h", min_counterparties=2, min_borders=1)
    assert found(graph, spec) == [[0, 1, 2, 3, 4, 5]]
    assert found(TransactionGraph(homely), spec) == [[0, 1, 2, 3, 4, 5]]
    later = homely.with_columns(
        executed_at=pl.when(pl.col("transaction_id") < 4)
        .then("executed_at")
        .otherwise(pl.col("executed_at") + pl.duration(hours=1))
    )
    assert found(TransactionGraph(later), spec) == [[1, 2, 3, 4, 5]]


def test_amounts_without_a_base_amount_are_in_the_one_currency(ledger: Any) -> None:
    graph = ledger((0, 1, 0, 5), (1, 2, 0, 7))
    bare = TransactionGraph(graph.transactions.with_columns(base_minor=pl.lit(None, pl.Int64)))
    row = detect(bare, TWO).findings.row(0, named=True)
    assert row["amount_in_minor"] == 12
    assert row["amount_out_minor"] is None
    assert row["hops"] == 1
    assert detect(bare, TWO).evidence["amount_minor"].to_list() == [None, None]


@pytest.mark.parametrize(("spec", "role"), [(FanIn, "in"), (FanOut, "out")])
def test_hub_is_told_unless_it_may_be_shown(hub: Any, spec: Any, role: str) -> None:
    told = detect(hub, spec())
    assert len(told) == 0
    assert told.truncations.select("account", "cap", "work_left").rows() == [
        ("hub", "max_payments", 99_000)
    ]
    findings = detect(hub, spec(max_payments=100_000))
    row = findings.findings.row(0, named=True)
    assert len(findings) == 1
    assert row["account"] == "hub"
    assert row["n_transactions"] == 100_000
    assert row["n_accounts"] == 2_501
    assert findings.evidence["role"].unique().to_list() == [role]
    assert findings.truncations.is_empty()


@pytest.mark.parametrize("spec", [FanIn, FanOut])
def test_cap_is_the_last_size_that_is_shown_and_no_part_of_the_identity(
    ledger: Any, spec: Any
) -> None:
    payments = [(0, 1, 0, 5), (1, 2, 0, 7), (1, 0, 1, 5), (2, 0, 2, 7), (900, 1, 0, 1)]
    graph = ledger(*payments)
    least = {"min_counterparties": 2, "min_borders": 0, "window": "1h"}
    shown, cut = (detect(graph, spec(**least, max_payments=most)) for most in (2, 1))
    assert shown.findings["finding_id"].equals(detect(graph, spec(**least)).findings["finding_id"])
    assert shown.findings["n_transactions"].to_list() == [2]
    assert shown.truncations.is_empty()
    assert len(cut) == 0
    assert cut.truncations.select("account", "cap", "work_left").rows() == [
        ("a000", "max_payments", 1)
    ]
    with pytest.raises(ParameterError, match="max_payments must be at least 1"):
        spec(max_payments=0)


@pytest.mark.parametrize("spec", [FanIn, FanOut])
def test_one_counterparty_is_no_fan(spec: Any) -> None:
    with pytest.raises(ParameterError, match="min_counterparties must be at least 2"):
        spec(min_counterparties=1)


def test_amlworld_attempts_with_enough_counterparties_are_found(shared_data: Any) -> None:
    """All 12 fan-in attempts with four payers or more, and 12 of 14 fan-outs, at the defaults."""
    path = shared_data / "amlworld_hi_small_patterns" / "HI-Small_Patterns.first185.txt"
    table = read_patterns(path)
    reached = {}
    for spec, partner in (
        (FanIn(min_borders=0), "originator"),
        (FanOut(min_borders=0), "beneficiary"),
    ):
        name = "fan_in" if partner == "originator" else "fan_out"
        evidence = detect(TransactionGraph(table), spec).evidence
        attempts = (
            table.filter(label_pattern=name)
            .join(evidence, on="transaction_id", how="left")
            .group_by("label_case")
            .agg(pl.col(partner).n_unique(), pl.col("finding_id").drop_nulls().len())
            .filter(pl.col(partner) >= 4)
        )
        reached[name] = (attempts.height, attempts.filter(pl.col("finding_id") > 0).height)
    assert reached == {"fan_in": (12, 12), "fan_out": (14, 12)}
