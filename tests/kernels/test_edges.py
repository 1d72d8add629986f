"""Amounts of one edge against another: the currency rules, against the oracle and by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.detection import as_view
from xborder_aml.detectors._oracle import carried, returned
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.amounts import FAR
from xborder_aml.kernels.edges import carries, returned_bp
from xborder_aml.schema import TRANSACTIONS

amount = st.one_of(st.integers(0, 50), st.integers(0, 2**58 - 1))


def two(first: dict[str, Any], then: dict[str, Any], gap: timedelta) -> TransactionGraph:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"transaction_id": i, "executed_at": start + i * gap, "originator": "a", "beneficiary": "b"}
        | {"base_currency": "EUR"}
        | leg
        for i, leg in enumerate((first, then))
    ]
    frame = pl.DataFrame(rows, schema_overrides={"base_minor": pl.Int64}, infer_schema_length=None)
    return TransactionGraph(TRANSACTIONS.conform(frame))


def leg(sent: int, currency: str, received: int, into: str, base: int | None) -> dict[str, Any]:
    return {
        "sent_minor": sent,
        "sent_currency": currency,
        "received_minor": received,
        "received_currency": into,
        "base_minor": base,
    }


legs = st.builds(
    leg,
    amount,
    st.sampled_from(("EUR", "USD")),
    amount,
    st.sampled_from(("EUR", "USD")),
    st.one_of(st.none(), amount),
)


@given(
    legs,
    legs,
    st.integers(0, 4000 * 86_400_000_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
)
def test_kernel_is_oracle(
    first: dict[str, Any], then: dict[str, Any], gap: int, low: int, high: int, fx: int
) -> None:
    graph = two(first, then, timedelta(microseconds=gap))
    one, other = as_view(graph).transfers
    assert carries(graph.edges, 0, 1, low, high, fx) == carried(one, other, low, high, fx)
    share = returned(one, other)
    assert returned_bp(graph.edges, 0, 1) == (-1 if share is None else share)


def test_one_currency_compares_native_amounts_and_needs_no_base() -> None:
    graph = two(leg(9, "USD", 100, "EUR", None), leg(80, "EUR", 1, "USD", None), timedelta(1))
    assert carries(graph.edges, 0, 1, 8_000, 8_000, 0)
    assert not carries(graph.edges, 0, 1, 8_001, 9_000, 0)
    assert returned_bp(graph.edges, 0, 1) == 1_111  # 1 of the 9 USD that left


def test_across_currencies_a_missing_base_amount_is_no_match() -> None:
    graph = two(leg(100, "EUR", 100, "EUR", None), leg(100, "USD", 100, "USD", 100), timedelta(1))
    assert not carries(graph.edges, 0, 1, 0, 100_000, 100_000)
    assert returned_bp(graph.edges, 0, 1) == -1


def test_across_currencies_bounds_widen_with_time() -> None:
    graph = two(leg(1, "EUR", 1, "EUR", 1_000), leg(1, "USD", 1, "USD", 1_040), timedelta(days=4))
    assert carries(graph.edges, 0, 1, 10_000, 10_000, 200)  # 2% a root of a day, 4 days: 4%
    assert not carries(graph.edges, 0, 1, 10_000, 10_000, 199)


def test_shares_end_far_above_any_bound() -> None:
    graph = two(leg(1, "EUR", 1, "EUR", 1), leg(1, "EUR", 2**58, "EUR", 1), timedelta(1))
    assert returned_bp(graph.edges, 0, 1) == FAR
