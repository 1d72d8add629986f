from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from xborder_aml import schema
from xborder_aml.errors import ParameterError, SchemaError
from xborder_aml.report import flow_figure
from xborder_aml.report.lanes import PLOT_PX, lay_out

START = datetime(2014, 3, 1, tzinfo=UTC)


def book(*payments: tuple[str, str, int | None, int]) -> pl.DataFrame:
    """Return transactions from (payer, payee, minor units, hour); a name begins with its place."""
    rows = [
        {
            "transaction_id": i,
            "executed_at": START + timedelta(hours=hour),
            "originator": a,
            "beneficiary": b,
            "sent_minor": minor or 0,
            "sent_currency": "EUR",
            "received_minor": minor or 0,
            "received_currency": "EUR",
            "base_minor": minor,
            "base_currency": "EUR",
            "originator_jurisdiction": a[:2],
            "beneficiary_jurisdiction": b[:2],
        }
        for i, (a, b, minor, hour) in enumerate(payments)
    ]
    return schema.TRANSACTIONS.conform(pl.DataFrame(rows, infer_schema_length=None))


CASE = book(
    ("EE1", "GB1", 1000, 0), ("GB1", "CY1", 500, 1), ("GB1", "CY2", 490, 1), ("CY1", "EE1", 480, 50)
)


def notes(figure: Any) -> list[str]:
    """Return what the pointer tells, each arrow once."""
    (trace,) = (t for t in figure.data if t.name == "transactions")
    return list(dict.fromkeys(trace.hovertext))


def test_every_transaction_is_one_arrow_in_time_order() -> None:
    flow = lay_out(CASE, None, 10, 10)
    assert flow.step == "transaction"
    assert flow.arrows["transaction_ids"].to_list() == [[0], [1], [2], [3]]
    assert flow.arrows["x"].is_sorted()
    assert flow.arrows["x"].n_unique() == 4


def test_lanes_of_a_jurisdiction_stand_together_and_senders_above_receivers(
    tables: dict[str, Any],
) -> None:
    lanes = lay_out(tables["transactions"], None, 100, 100).lanes
    blocks = lanes["jurisdiction"].rle().struct.field("value")
    assert blocks.n_unique() == len(blocks)
    chain = book(("EE1", "GB1", 10, 0), ("GB1", "CY1", 10, 1))
    assert lay_out(chain, None, 9, 9).lanes["jurisdiction"].to_list() == ["EE", "GB", "CY"]


@pytest.mark.parametrize("max_arrows", [1, 5, 40, 150, 400, 10_000])
@pytest.mark.parametrize("max_lanes", [1, 7, 100])
def test_no_transaction_and_no_money_is_lost(
    tables: dict[str, Any], max_arrows: int, max_lanes: int
) -> None:
    rows = tables["transactions"]
    flow = lay_out(rows, None, max_arrows, max_lanes)
    drawn = flow.arrows["transaction_ids"].explode().sort()
    assert drawn.to_list() == rows["transaction_id"].sort().to_list()
    assert flow.arrows["base_minor"].sum() == rows["base_minor"].sum()
    assert flow.arrows["n_unrated"].sum() == rows["base_minor"].null_count()
    accounts = flow.lanes["account"].explode().sort()
    known = pl.concat([rows["originator"], rows["beneficiary"]]).unique().sort()
    assert accounts.to_list() == known.to_list()


def test_a_step_is_the_finest_that_fits() -> None:
    two_a_day = book(*[("EE1", "GB1", 10, 12 * i) for i in range(20)])
    assert lay_out(two_a_day, None, 20, 9).step == "transaction"
    assert lay_out(two_a_day, None, 19, 9).step == "day"
    assert lay_out(two_a_day, None, 9, 9).step == "week"
    assert lay_out(two_a_day, None, 1, 9).step == "month"
    title = flow_figure(two_a_day, max_arrows=19).layout.title.subtitle.text
    assert title.startswith("20 transactions as 10 arrows: each sums a pair's day;")


def test_where_only_years_fit_the_smaller_accounts_give_way() -> None:
    many = book(*[(f"EE{i % 40:02}", "GB1", 10, 24 * i) for i in range(400)])
    flow = lay_out(many, "GB1", 60, 20)
    assert flow.step == "quarter"  # twenty lanes over five quarters would be a hundred arrows
    assert flow.lanes.height == 11
    assert flow.lanes.filter("is_focus")["account"].to_list() == [["GB1"]]


def test_a_pool_of_one_keeps_its_name() -> None:
    flow = lay_out(book(("EE1", "GB1", 10, 0), ("EE1", "CY1", 5, 1)), "CY1", 9, 1)
    assert not flow.lanes["is_pooled"].any()
    assert flow.lanes.height == 3


def test_the_smallest_jurisdictions_are_pooled_together_and_told() -> None:
    codes = schema.JURISDICTION.categories.to_list()[:30]
    rows = book(*[(f"{c}{i}", "GB0", 100 + k, k) for k, c in enumerate(codes) for i in (1, 2)])
    figure = flow_figure(rows, focus="GB0", max_lanes=1)
    labels = figure.layout.yaxis.ticktext
    assert sum("other accounts in" in label for label in labels) == 8
    assert sum("44 other accounts elsewhere" in label for label in labels) == 1
    assert "the smallest ones together" in figure.layout.title.subtitle.text


def test_width_is_proportional_to_money() -> None:
    figure = flow_figure(book(("EE1", "GB1", 1_000_000, 0), ("EE1", "GB1", 500_000, 0)))
    (shaft,) = (t for t in figure.data if t.fill == "toself" and t.name == "EE")
    one, two = (max(shaft.x[i : i + 4]) - min(shaft.x[i : i + 4]) for i in (0, 6))
    assert one == pytest.approx(2 * two)


def test_an_arrow_runs_from_payer_to_payee_in_both_their_colours() -> None:
    figure = flow_figure(book(("EE1", "GB1", 10, 0), ("GB1", "EE1", 4, 1)))
    lanes = {re.search(r"(\w\w1)", t)[1]: y for y, t in enumerate(figure.layout.yaxis.ticktext)}
    outlines = [t for t in figure.data if t.fill == "toself"]
    shafts = {t.name: t.y[:5] for t in outlines if len(t.y) == 6}
    heads = {t.name: t.y[:4] for t in outlines if len(t.y) == 5}
    for payer, payee in (("EE", "GB"), ("GB", "EE")):
        start, end = lanes[f"{payer}1"], lanes[f"{payee}1"]
        assert start in shafts[payer]
        assert end in heads[payee]
        assert all(min(start, end) <= y <= max(start, end) for y in shafts[payer] + heads[payee])
        assert set(shafts[payer]) & set(heads[payee])  # they meet at the neck
    colours = {t.name: t.fillcolor for t in outlines}
    assert len(set(colours.values())) == 2


def test_arrows_and_labels_keep_their_room(tables: dict[str, Any]) -> None:
    figure = flow_figure(tables["transactions"].head(40))
    for outline in (t for t in figure.data if t.fill == "toself"):
        xs = [x for x in outline.x if x is not None]
        places = set(figure.data[-1].x)
        assert all(min(abs(x - place) for place in places) <= 0.5 for x in xs)
    left, right = figure.layout.xaxis.range
    ticks = figure.layout.xaxis.tickvals
    room = min(b - a for a, b in pairwise(ticks))
    assert room * PLOT_PX / (right - left) >= 70


def test_each_column_is_named_with_the_days_between() -> None:
    assert flow_figure(CASE).layout.xaxis.ticktext == ("2014-03-01<br>", "2014-03-03<br>+2 d")


def test_the_pointer_tells_the_transaction() -> None:
    first = notes(flow_figure(CASE, holders={"EE1": "Alpha <i>OU</i>"}))[0]
    assert "Transaction 0" in first
    assert "2014-03-01 00:00:00" in first
    assert "sent 10.00 EUR" in first
    assert "Alpha &lt;i&gt;OU&lt;/i&gt;" in first
    assert "<i>" not in first


def test_a_sum_tells_its_transactions_and_what_it_could_not_add() -> None:
    rows = book(*[("EE1", "GB1", None if i == 3 else 100, i) for i in range(12)])
    (told,) = notes(flow_figure(rows, max_arrows=1))
    assert "12 transactions" in told
    assert "base 11.00 EUR, 1 without a rate" in told
    assert "ids 0, 1, 2, 3, 4, 5, 6, 7 and 4 more" in told


def test_a_payment_to_oneself_and_one_without_a_rate_are_drawn() -> None:
    told = notes(flow_figure(book(("EE1", "EE1", 7, 0), ("EE1", "GB1", None, 1))))
    assert len(told) == 2
    assert "base no rate" in told[1]


def test_an_unknown_jurisdiction_is_a_question_mark_in_grey() -> None:
    rows = CASE.with_columns(originator_jurisdiction=None, beneficiary_jurisdiction=None)
    assert all("<b>?</b>" in label for label in flow_figure(rows).layout.yaxis.ticktext)


def test_the_order_of_rows_does_not_matter(tables: dict[str, Any]) -> None:
    rows = tables["transactions"]
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    for limits in ({}, {"max_arrows": 30, "max_lanes": 5}):
        assert flow_figure(rows, **limits).to_json() == flow_figure(shuffled, **limits).to_json()


def test_the_focus_must_take_part() -> None:
    with pytest.raises(ParameterError, match=r"'EE2' takes no part .* \(did you mean 'EE1'\?\)"):
        flow_figure(CASE, focus="EE2")


@pytest.mark.parametrize("limits", [{"max_arrows": 0}, {"max_lanes": -1}])
def test_a_limit_below_one_is_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        flow_figure(CASE, **limits)


def test_another_table_is_refused() -> None:
    with pytest.raises(SchemaError, match="transactions table lacks 'transaction_id'"):
        flow_figure(pl.DataFrame({"id": [1]}))
