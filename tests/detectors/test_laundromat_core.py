"""Laundromat cores beyond what every detector promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.detection import detect
from xborder_aml.detectors.laundromat_core import DETECTOR, LaundromatCore
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.testing import check_detector

# members 0, 1, 2; sources 3 and 4, of whom 3 is paid back; 5 is paid
THERE = [(0, 3, 0, 100), (1, 0, 1, 100), (2, 1, 2, 100), (3, 2, 3, 100)]
BACK = [(10, 4, 2, 60), (11, 2, 1, 60), (12, 1, 0, 60), (13, 0, 5, 60)]


def members(findings: Any, graph: TransactionGraph) -> list[set[str]]:
    """Return the accounts between which money moved inside each finding."""
    inside = findings.evidence.filter(role="inside").join(graph.transactions, on="transaction_id")
    return [
        {*part["originator"].cast(pl.String), *part["beneficiary"].cast(pl.String)}
        for _, part in inside.group_by("finding_id", maintain_order=True)
    ]


def test_evidence_is_every_payment_of_the_group(ledger: Any) -> None:
    graph = ledger(*THERE, *BACK, (14, 6, 5, 999))
    findings = detect(graph, LaundromatCore())
    (row,) = findings.findings.to_dicts()
    assert findings.evidence["transaction_id"].to_list() == list(range(8))
    assert findings.evidence["role"].to_list() == ["in", "inside", "inside", "out"] * 2
    assert members(findings, graph) == [{"a000", "a001", "a002"}]
    assert (row["account"], row["amount_in_minor"], row["amount_out_minor"]) == ("a000", 160, 160)
    assert row["measure"] == 100_000  # nothing stays: as much as a measure can say


def test_measure_is_turnover_inside_in_times_of_what_stays(ledger: Any) -> None:
    graph = ledger(*THERE, *BACK, (5, 4, 1, 8))
    (row,) = detect(graph, LaundromatCore()).findings.to_dicts()
    assert row["measure"] == pytest.approx(320 / 8)
    assert len(detect(graph, LaundromatCore(min_turnover=40))) == 1
    assert len(detect(graph, LaundromatCore(min_turnover=41))) == 0


def test_credit_is_used_once(ledger: Any) -> None:
    # account 1 pays 100 twice, of which its credits cover 100 once
    graph = ledger(*THERE, (2, 1, 2, 100), (3, 2, 3, 100), *BACK)
    assert len(detect(graph, LaundromatCore())) == 0


def test_each_scheme_is_one_finding(ledger: Any) -> None:
    other = [(h + 1, a + 6, b + 6, money) for h, a, b, money in (*THERE, *BACK)]
    graph = ledger(*THERE, *BACK, *other)
    findings = detect(graph, LaundromatCore())
    assert members(findings, graph) == [{"a000", "a001", "a002"}, {"a006", "a007", "a008"}]
    assert findings.evidence["transaction_id"].n_unique() == 16


def test_larger_group_is_told_and_left_out(ledger: Any) -> None:
    graph = ledger(*THERE, *BACK)
    whole = detect(graph, LaundromatCore(max_edges=8))
    cut = detect(graph, LaundromatCore(max_edges=7))
    assert (len(whole), whole.truncations.height) == (1, 0)
    assert len(cut) == 0
    assert cut.truncations.select("anchor", "account", "cap", "work_left").rows() == [
        (0, "a000", "max_edges", 8)
    ]


def test_low_thresholds_that_random_ledgers_meet() -> None:
    low = LaundromatCore(
        window="4h",
        max_dwell="4h",
        min_share=0.5,
        min_holders=2,
        min_countries=0,
        min_sources=0,
        min_paid_back=0,
        min_turnover=0,
    )
    check_detector(DETECTOR, [low], examples=40)


def test_hub_alone_is_no_core(hub: Any) -> None:
    assert len(detect(hub, LaundromatCore())) == 0
    cut = detect(hub, LaundromatCore(max_edges=1_000)).truncations
    assert cut.select("account", "cap", "work_left").rows() == [("hub", "max_edges", 200_000)]


def test_published_laundromat_is_one_core(shared_data: Path) -> None:
    """The four companies that the data set is about, and nobody else."""
    path = shared_data / "occrp_azerbaijani_laundromat" / "occrp_azerbaijani_laundromat.csv"
    ledger = xb.read_ledger(path, source="occrp")
    graph = TransactionGraph(ledger.transactions, ledger.accounts)
    findings = detect(graph, LaundromatCore())
    (core,) = members(findings, graph)
    assert len(core) == 4
    assert all(name.startswith("EE") for name in core)
    (row,) = findings.findings.to_dicts()
    assert row["retained"] == pytest.approx(0.9996, abs=1e-4)
    assert row["measure"] > 90


def test_parameters_that_contradict_are_refused() -> None:
    with pytest.raises(ParameterError, match="max_dwell must lie between 1us and window"):
        LaundromatCore(window="1d", max_dwell="2d")
    with pytest.raises(ParameterError, match="min_paid_back must not exceed min_sources"):
        LaundromatCore(min_sources=1, min_paid_back=2)
    with pytest.raises(ParameterError, match="min_holders must be at least 2"):
        LaundromatCore(min_holders=1)
