"""The rows that a case keeps are enough to trace again, whatever the rule and the order."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from tests.unit.referral.test_proposal import START, graph_of
from xborder_aml.referral.retrace import arguments_of, evidence_rows, retrace
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.tracing._ledger import ORDERS

ACCOUNTS = ["e1", "e2", "l1", "l2", "u1", "?1"]
HOPS = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 9), st.integers(0, 2)
    ),
    min_size=2,
    max_size=14,
)


@settings(max_examples=50, deadline=None)
@given(
    hops=HOPS,
    rule=st.sampled_from(["fifo", "lifo", "pro_rata", "tiho"]),
    same_day=st.sampled_from([*ORDERS, "range"]),
)
def test_a_trace_of_the_rows_that_are_kept_is_the_same(hops, rule, same_day):
    whole = graph_of([(a, b, 100 * x) for a, b, x, _ in hops])
    days = [START + timedelta(days=day) for *_, day in hops]
    rows = whole.transactions.sort("transaction_id").with_columns(
        executed_at=pl.Series(days, dtype=pl.Datetime("us", "UTC"))
    )
    graph = xb.TransactionGraph(TRANSACTIONS.conform(rows), whole.accounts)
    traced = xb.trace(graph, {"a": [1]}, rule=rule, same_day=same_day)
    kept = xb.TransactionGraph(evidence_rows(traced), whole.accounts)
    again = retrace(kept, {**arguments_of(traced), "same_day": same_day})
    for table in ("holdings", "steps", "flows", "survival", "minted", "conservation"):
        assert getattr(again, table).equals(getattr(traced, table)), table
