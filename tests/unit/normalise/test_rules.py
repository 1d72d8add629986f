"""The documented order of the rules is the order in which rows are held against them."""

from __future__ import annotations

import polars as pl

from xborder_aml.normalise import RAW_COLUMNS, RULES, Conventions, RawLedger
from xborder_aml.normalise.rows import row_plan


def test_rules_are_documented_in_the_order_in_which_they_apply():
    columns = ["overflow", *RAW_COLUMNS]
    frame = pl.DataFrame(schema=dict.fromkeys(columns, pl.String)).with_row_index("source_row")
    _, rules = row_plan(RawLedger(frame.lazy(), {}, Conventions(carried="EUR")))
    applied = [name for name, _ in rules]
    assert applied == [name for name in RULES if name != "base_amount_too_large"]


def test_a_row_plan_stays_lazy():
    # The file of a lazy frame is read when the plan is collected, not when it is made.
    calls = []

    def note(frame):
        calls.append(frame.height)
        return frame

    lazy = (
        pl.LazyFrame(
            {
                "executed_at": ["2024-01-05"],
                "originator": ["A"],
                "beneficiary": ["B"],
                "amount": [1],
            }
        )
        .with_columns(pl.col("executed_at").str.to_date())
        .with_row_index("source_row")
        .map_batches(note, schema=None)
    )
    plan, _ = row_plan(RawLedger(lazy, {}))
    assert calls == []
    assert plan.collect().height == 1
    assert calls == [1]
