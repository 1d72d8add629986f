"""Innocent explanations: each fits the ledger that it is made for, and none other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.graph import TransactionGraph
from xborder_aml.innocence import EXPLANATIONS, explained, facts_of
from xborder_aml.schema import TRANSACTIONS

START = datetime(2024, 1, 1, tzinfo=UTC)
Row = tuple[float, str, str, int]  # day, originator, beneficiary, amount


def graph_of(
    *rows: Row, holders: dict[str, str] | None = None, reverses: dict[int, int] | None = None
) -> TransactionGraph:
    money = [amount for *_, amount in rows]
    frame = pl.DataFrame(
        {
            "transaction_id": range(len(rows)),
            "executed_at": [START + timedelta(days=day) for day, *_ in rows],
            "originator": [a for _, a, _, _ in rows],
            "beneficiary": [b for _, _, b, _ in rows],
            **{f"{leg}_minor": money for leg in ("sent", "received", "base")},
            **{f"{leg}_currency": "EUR" for leg in ("sent", "received", "base")},
            "reverses": [(reverses or {}).get(i) for i in range(len(rows))],
        },
        schema_overrides={"reverses": pl.Int64},
    )
    names = sorted({*frame["originator"], *frame["beneficiary"]})
    accounts = pl.DataFrame(
        {"account": names, "holder": [(holders or {}).get(n, f"of {n}") for n in names]}
    )
    return TransactionGraph(TRANSACTIONS.conform(frame), accounts)


def told(graph: TransactionGraph, ids: list[int], account: str) -> list[str]:
    """What explains one finding with this evidence about this account."""
    finding = pl.DataFrame({"account": [account], "n_transactions": [len(ids)]})
    evidence = pl.DataFrame({"transaction_id": ids})
    facts = facts_of(graph, finding["account"])
    return explained(graph, finding, evidence, facts)["innocent"][0].to_list()


def monthly(originator: str, beneficiary: str, n: int = 4, day: float = 0) -> list[Row]:
    return [(day + 30 * i, originator, beneficiary, 1_000) for i in range(n)]


def test_a_plain_round_trip_has_no_innocent_explanation() -> None:
    graph = graph_of((0, "a", "b", 100), (1, "b", "a", 99))
    assert told(graph, [0, 1], "a") == []


def test_a_returned_payment_is_a_refund() -> None:
    graph = graph_of((0, "a", "b", 100), (1, "b", "a", 100), reverses={1: 0})
    assert told(graph, [0, 1], "a") == ["refund"]
    assert told(graph, [0], "a") == ["refund"]  # it was returned, which evidence need not show


def test_money_of_one_holder_is_a_sweep() -> None:
    rows = (0, "a", "b", 100), (1, "b", "c", 100), (2, "c", "d", 100)
    group = {"a": "group", "b": "group", "c": "group"}
    assert told(graph_of(*rows, holders=group), [0, 1, 2], "a") == ["same_holder"]
    group.pop("b")
    assert told(graph_of(*rows, holders=group), [0, 1, 2], "a") == []


def test_rent_is_a_standing_payment_and_wages_of_five_a_payroll() -> None:
    rent = graph_of(*monthly("tenant", "landlord"), (1, "landlord", "x", 900))
    assert told(rent, [0, 1], "landlord") == ["standing_payments"]
    assert told(rent, [0, 4], "landlord") == ["standing_payments"]  # half is enough
    rows = [r for i in range(5) for r in monthly("employer", f"w{i}", day=i / 10)]
    ids = [4 * i for i in range(5)]
    assert told(graph_of(*rows), ids, "employer") == ["payroll"]
    assert told(graph_of(*rows[:16]), ids[:4], "employer") == ["standing_payments"]


@pytest.mark.parametrize(("n", "weeks", "wanted"), [(50, 4, True), (49, 4, False), (50, 3, False)])
def test_a_market_is_paid_by_many_and_pays_many_most_weeks(
    n: int, weeks: int, wanted: bool
) -> None:
    rows: list[Row] = []
    for i in range(n):
        day = 7 * (i % weeks)
        rows += [(day, f"buyer{i}", "market", 100), (day + 1, "market", f"seller{i}", 90)]
    rows += [(6 * 7 + 1, "a", "b", 1)]  # the ledger has seven weeks
    graph = graph_of(*rows)
    assert told(graph, [0, 1], "market") == (["marketplace"] if wanted else [])
    assert told(graph, [0, 1], "buyer0") == []


def test_detect_tells_of_every_finding() -> None:
    graph = graph_of(
        (0, "a", "b", 100), (1, "b", "a", 100), (2, "a", "c", 70), (3, "c", "a", 70),
        reverses={1: 0},
    )  # fmt: skip
    found = xb.detect(graph, xb.RoundTrip(min_borders=0), executor=1)
    table = found.findings
    assert table["innocent"].to_list() == [["refund"], []]
    assert set(table["innocent"].explode().drop_nulls()) <= set(EXPLANATIONS)


def test_no_findings_need_no_explanation() -> None:
    graph = graph_of((0, "a", "b", 100))
    assert xb.detect(graph, xb.RoundTrip(), executor=1).findings.is_empty()
    assert xb.detect(TransactionGraph(TRANSACTIONS.empty()), executor=1).findings.is_empty()
