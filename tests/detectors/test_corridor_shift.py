"""Corridor shifts beyond what every detector promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.detection import as_view, detect, find, matches
from xborder_aml.detectors.corridor_shift import DETECTOR, CorridorShift
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.testing import check_detector

DAY = 86_400_000_000
DAILY = CorridorShift(period="1d", history=4, min_periods=3, min_z=2.0, min_transactions=1)


def graph(*payments: tuple[float, str, str, int]) -> TransactionGraph:
    """Payments of (day, originator, beneficiary, amount); an account is held where it begins."""
    rows = [
        {
            "transaction_id": i,
            "executed_at": round(day * DAY),
            "originator": a,
            "beneficiary": b,
            "originator_jurisdiction": a[:2],
            "beneficiary_jurisdiction": b[:2],
            **{f"{k}_minor": money for k in ("sent", "received", "base")},
            **{f"{k}_currency": "EUR" for k in ("sent", "received", "base")},
        }
        for i, (day, a, b, money) in enumerate(payments)
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("executed_at").cast(pl.Datetime("us", "UTC")))
    return TransactionGraph(TRANSACTIONS.conform(frame))


def past(*flows: int) -> list[tuple[float, str, str, int]]:
    return [(day, "EE1", "CY1", money) for day, money in enumerate(flows) if money]


def ids(g: TransactionGraph, spec: CorridorShift = DAILY) -> list[list[int]]:
    evidence = detect(g, spec).evidence
    groups = evidence.group_by("finding_id", maintain_order=True).agg("transaction_id")
    return groups["transaction_id"].to_list()


def test_low_thresholds_that_random_ledgers_meet() -> None:
    quick = CorridorShift(
        period="1h", history=2, min_periods=1, min_z=0.0, min_rise=1.0, min_transactions=1
    )
    longer = CorridorShift.from_dict({**quick.to_dict(), "history": 7, "min_transactions": 2})
    check_detector(DETECTOR, [longer, quick], examples=20)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 40), st.booleans()), min_size=10, max_size=60
    )
)
def test_kernel_is_the_definition_on_longer_histories(rows: list[tuple[int, int, bool]]) -> None:
    """Random ledgers of the general check span too few periods for a spread."""
    g = graph(*((day / 3, "EE1", "CY1" if to else "EE2", money) for day, money, to in rows))
    spec = CorridorShift.from_dict({**DAILY.to_dict(), "min_rise": 1.0, "min_z": 0.5})
    assert sorted(matches(find(g, DETECTOR, spec))) == sorted(DETECTOR.reference(as_view(g), spec))


def test_what_a_finding_says() -> None:
    g = graph(*past(90, 100, 110), (3, "EE1", "CY2", 200), (3.5, "EE2", "CY2", 300))
    row = detect(g, DAILY).findings.row(0, named=True)
    assert row["account"] == "CY2"
    assert row["amount_in_minor"] == 500
    assert row["corridors"] == ["EE>CY"]
    z = np.log(5.0) / (1.4826 * np.log(110 / 100))
    assert row["measure"] == pytest.approx(z, abs=1e-3)


def test_the_other_direction_and_other_corridors_are_no_past() -> None:
    rise = (3, "EE1", "CY1", 500)
    assert ids(graph(*past(100, 100, 100), rise)) == [[3]]
    turned = [(day, b, a, money) for day, a, b, money in past(100, 100, 100)]
    assert ids(graph(*turned, rise)) == []
    assert ids(graph(*[(d, "EE1", "GB1", m) for d, _, _, m in past(100, 100, 100)], rise)) == []


def test_periods_without_money_are_no_past_either() -> None:
    rise = (4, "EE1", "CY1", 500)
    assert ids(graph(*past(100, 0, 100, 100), rise)) == [[3]]
    assert ids(graph(*past(100, 0, 0, 100), rise)) == []
    assert ids(graph(*past(100, 100, 100), (5, "EE1", "CY1", 500))) == []  # forgotten


def test_nothing_later_is_read() -> None:
    until = [*past(100, 100, 100), (3, "EE1", "CY1", 500)]
    assert ids(graph(*until)) == ids(graph(*until, (4, "EE1", "CY1", 10**6)))[:1]


def test_a_rise_is_the_past_of_the_next_period() -> None:
    assert ids(graph(*past(100, 100, 100, 500, 500))) == [[3], [4]]
    assert ids(graph(*past(100, 100, 100, 500, 500, 500))) == [[3], [4]]


def test_of_many_payments_the_first_and_the_largest_are_shown_and_the_rest_told() -> None:
    now = [30, 70, 50, 70, 60, 70]
    g = graph(*past(20, 20, 20), *((3 + i / 10, "EE1", "CY1", m) for i, m in enumerate(now)))
    spec = CorridorShift.from_dict({**DAILY.to_dict(), "max_evidence": 3})
    assert ids(g, spec) == [[3, 4, 6]]
    findings = detect(g, spec)
    assert findings.findings["is_truncated"].to_list() == [True]
    told = findings.truncations.select("account", "cap", "work_left").row(0)
    assert told == ("EE1", "max_evidence", 3)
    one = CorridorShift.from_dict({**DAILY.to_dict(), "max_evidence": 1})
    assert ids(g, one) == [[3]]
    assert ids(g) == [[3, 4, 5, 6, 7, 8]]


def test_hub_ends(hub: TransactionGraph) -> None:
    spec = CorridorShift(period="1h", min_rise=1.0, min_z=0.0, max_evidence=50)
    findings = detect(hub, spec)
    assert findings.findings["n_transactions"].max() == 50
    assert findings.truncations.height == len(findings) > 0


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"period": "0d"}, "period must be longer"),
        ({"min_periods": 13}, "min_periods must be 1 to history"),
        ({"min_periods": 0}, "min_periods must be 1 to history"),
        ({"history": 1_001}, "history must not exceed"),
        ({"max_evidence": 0}, "max_evidence must be at least 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        CorridorShift(**values)
