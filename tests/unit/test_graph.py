"""The graph: order, codes, views, frozenness, networkx, and what it says of itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given

import xborder_aml as xb
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.amounts import LIMIT
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS
from xborder_aml.testing import ledgers

DAY = 86_400_000_000


@pytest.fixture
def graph() -> TransactionGraph:
    return TransactionGraph(xb.example_ledger())


def rows(*records: dict[str, Any]) -> pl.DataFrame:
    """A ledger in euros; a row says only what differs from 1.00 EUR from a to b on 1 Jan 2026."""
    usual = {
        "executed_at": datetime(2026, 1, 1, tzinfo=UTC),
        "originator": "a",
        "beneficiary": "b",
        "sent_minor": 100,
        "sent_currency": "EUR",
        "received_minor": 100,
        "received_currency": "EUR",
        "base_minor": 100,
        "base_currency": "EUR",
    }
    made = [{"transaction_id": i, **usual, **r} for i, r in enumerate(records)]
    frame = pl.DataFrame(made, schema_overrides={"base_minor": pl.Int64}, infer_schema_length=None)
    return TRANSACTIONS.conform(frame)


# -- order and arrays ---------------------------------------------------------------------------


@given(ledgers(DAY))
def test_edges_are_in_canonical_order_and_grouped_both_ways(tables: Any) -> None:
    transactions, accounts = tables
    graph = TransactionGraph(transactions, accounts)
    e = graph.edges
    keys = list(zip(e.at.tolist(), graph.transaction_ids.tolist(), strict=True))
    assert keys == sorted(keys)
    assert len(keys) == transactions.height
    for ptr, row, at, side in (
        (e.out_ptr, e.out_row, e.out_at, e.originator),
        (e.in_ptr, e.in_row, e.in_at, e.beneficiary),
    ):
        for account in range(graph.n_accounts):
            mine = row[ptr[account] : ptr[account + 1]].tolist()
            assert mine == [i for i, who in enumerate(side.tolist()) if who == account]
        assert at.tolist() == e.at[row].tolist()


@given(ledgers(DAY))
def test_row_order_changes_nothing(tables: Any) -> None:
    transactions, accounts = tables
    graph = TransactionGraph(transactions, accounts)
    other = TransactionGraph(
        transactions.sample(fraction=1, shuffle=True, seed=5), accounts.reverse()
    )
    assert graph == other
    for mine, theirs in zip(graph.edges, other.edges, strict=True):
        assert np.array_equal(mine, theirs)


@given(ledgers(DAY))
def test_every_kernel_sees_the_same_types(tables: Any) -> None:
    arrays = TransactionGraph(*tables).edges._asdict()
    empty = TransactionGraph(TRANSACTIONS.empty()).edges._asdict()
    for name, array in arrays.items():
        assert (array.dtype, array.ndim) == (empty[name].dtype, 1), name
        for one in (array, empty[name]):
            assert one.flags.c_contiguous, name
            assert not one.flags.writeable, name


def test_parallel_edges_and_self_loops_are_kept() -> None:
    graph = TransactionGraph(rows({}, {}, {"beneficiary": "a"}))
    assert (graph.n_transactions, graph.n_accounts) == (3, 2)
    assert graph.summary()["n_self_loops"] == 1


def test_codes_follow_the_sort_order_of_names() -> None:
    graph = TransactionGraph(rows({"originator": "ž"}, {"originator": "B"}, {"originator": "é"}))
    assert graph.account_names.to_list() == sorted(["ž", "B", "é", "b"])


def test_borders_need_two_known_jurisdictions() -> None:
    places = ("EE", "GB"), ("EE", "EE"), (None, "GB"), ("EE", None), (None, None)
    graph = TransactionGraph(
        rows(*({"originator_jurisdiction": a, "beneficiary_jurisdiction": b} for a, b in places))
    )
    assert graph.edges.border.tolist() == [1, 0, 0, 0, 0]
    assert graph.summary()["n_without_corridor"] == 3


def test_unknown_base_amounts_are_minus_one_inside_and_null_outside() -> None:
    graph = TransactionGraph(rows({"base_minor": None}, {"base_minor": 0}))
    assert graph.edges.base.tolist() == [-1, 0]
    assert graph.transactions["base_minor"].to_list() == [None, 0]
    assert graph.summary()["n_without_base"] == 1


# -- accounts -----------------------------------------------------------------------------------


def accounts_table(*records: dict[str, Any]) -> pl.DataFrame:
    return ACCOUNTS.conform(pl.DataFrame(list(records), infer_schema_length=None))


def test_accounts_table_may_lack_accounts_and_have_others() -> None:
    known = accounts_table({"account": "b", "holder": "h"}, {"account": "elsewhere", "holder": "h"})
    graph = TransactionGraph(rows({}), known)
    assert graph.accounts["account"].to_list() == ["a", "b"]
    assert graph.accounts["holder"].to_list() == [None, "h"]


def test_holders_group_accounts_and_unknown_ones_stand_alone() -> None:
    known = accounts_table(
        {"account": "a", "holder": None},
        {"account": "b", "holder": "h"},
        {"account": "c", "holder": None},
        {"account": "d", "holder": "h"},
    )
    graph = TransactionGraph(rows({}, {"originator": "c", "beneficiary": "d"}), known)
    assert graph.holder_codes.tolist() == [0, 1, 2, 1]
    assert graph.edges.alone.tolist() == [1, 0, 1, 0]
    assert graph.summary()["n_holders"] == 3


def test_accounts_give_jurisdictions_only_where_transactions_have_none() -> None:
    known = accounts_table(
        {"account": "a", "jurisdiction": "EE"}, {"account": "b", "jurisdiction": "LV"}
    )
    graph = TransactionGraph(rows({"beneficiary_jurisdiction": "GB"}), known)
    assert graph.transactions["originator_jurisdiction"].to_list() == ["EE"]
    assert graph.transactions["beneficiary_jurisdiction"].to_list() == ["GB"]


# -- views --------------------------------------------------------------------------------------


def test_a_window_is_closed_at_both_ends(graph: TransactionGraph) -> None:
    first, last = graph.column("executed_at")[0], graph.column("executed_at")[2]
    assert graph.window(first, last).n_transactions == 3
    just_inside = graph.window("2026-03-02T09:15:00.000001", "2026-03-09T11:04:59.999999")
    assert just_inside.n_transactions == 1
    assert graph.window(date(2026, 1, 1), "2027-01-01").n_transactions == 6  # type: ignore[arg-type]
    assert graph.window("2026-03-02T11:15+02:00", "2026-03-02T09:15").n_transactions == 1


def test_a_view_is_the_graph_of_its_rows(graph: TransactionGraph) -> None:
    view = graph.corridor("EE", "CY")
    again = TransactionGraph(view.transactions)
    assert view == again
    assert view.account_names.to_list() == ["orchard", "quayside"]
    for mine, theirs in zip(view.edges, again.edges, strict=True):
        assert np.array_equal(mine, theirs)


def test_views_of_views_do_not_depend_on_the_order(graph: TransactionGraph) -> None:
    march = ("2026-03-01", "2026-04-01")
    one = graph.window(*march).among(["linden"])
    assert one == graph.among(["linden"]).window(*march)
    assert one.n_transactions == 2
    assert graph.among("linden") == graph.among(["linden"])
    assert graph.among(["linden", "quayside"], both_sides=True).n_transactions == 2


@pytest.mark.parametrize(
    "narrow",
    [
        lambda g: g.window("2030-01-01", "2031-01-01"),
        lambda g: g.corridor("FR", "FR"),
        lambda g: g.among([]),
        lambda g: g.window("2030-01-01", "2031-01-01").corridor("EE", "GB").among([]),
        lambda g: TransactionGraph(TRANSACTIONS.empty()),
    ],
)
def test_an_empty_graph_can_do_everything(graph: TransactionGraph, narrow: Any) -> None:
    empty = narrow(graph)
    assert (len(empty), empty.n_accounts, empty.transactions.height) == (0, 0, 0)
    assert empty.edges.at.size == 0
    assert empty.corridors().is_empty()
    assert empty.summary()["first_at"] is None
    assert "empty" in repr(empty)
    assert "empty" in empty._repr_html_()
    assert TransactionGraph.from_networkx(empty.to_networkx()) == empty
    assert len(xb.detect(empty)) == 0


def test_replace_puts_rows_in_order_anew(graph: TransactionGraph) -> None:
    backwards = graph.column("executed_at").reverse()
    other = graph.replace(pl.DataFrame([backwards]))
    assert other.transaction_ids.tolist() == [6, 5, 4, 3, 2, 1]
    assert other.replace(pl.DataFrame([other.column("executed_at").reverse()])) == graph


# -- frozen -------------------------------------------------------------------------------------


def test_nothing_handed_out_can_change_the_graph() -> None:
    graph = TransactionGraph(xb.example_ledger())
    before = TransactionGraph(xb.example_ledger())
    accounts, names, column = graph.accounts, graph.account_names, graph.column("base_minor")
    accounts[0, "holder"] = "someone else"
    names[0] = "zzz"
    column[0] = 1
    graph.transactions[0, "base_minor"] = 1
    assert graph == before
    assert graph.account_names.to_list() == before.account_names.to_list()
    for array in (graph.transaction_ids, graph.holder_codes, *graph.edges):
        assert not array.flags.writeable
    for name in ("base_currency", "resolution", "accounts", "n_accounts"):
        with pytest.raises(AttributeError, match=name):
            setattr(graph, name, None)


def test_the_table_that_it_was_made_from_stays_as_it_was() -> None:
    table = xb.example_ledger().reverse()
    TransactionGraph(table)
    assert table.equals(xb.example_ledger().reverse())


# -- networkx -----------------------------------------------------------------------------------


def test_networkx_round_trip_keeps_everything() -> None:
    table = rows(
        {"originator": "Ünïcode & <söhne>", "purpose": 'käsi\n"quoted"', "reverses": 7},
        {
            "base_minor": None,
            "instrument": "wire",
            "executed_until": datetime(2026, 2, 1, tzinfo=UTC),
        },
        {"beneficiary": "a", "sent_currency": "USD", "is_illicit": True, "resolution": "1d"},
    )
    known = accounts_table(
        {"account": "a", "holder": "Ö", "opened_on": date(2020, 1, 2), "jurisdiction": "EE"}
    )
    graph = TransactionGraph(table, known)
    there = graph.to_networkx()
    assert there.number_of_edges() == 3
    assert there.nodes["a"]["holder"] == "Ö"
    back = TransactionGraph.from_networkx(there)
    assert back == graph
    assert back.accounts.equals(graph.accounts)


@given(ledgers(DAY))
def test_networkx_round_trip_of_any_ledger(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    assert TransactionGraph.from_networkx(graph.to_networkx()) == graph


def test_attributes_that_no_column_knows_are_left_out(graph: TransactionGraph) -> None:
    there = graph.to_networkx()
    for i, (_, _, data) in enumerate(there.edges(data=True)):
        data["drawn"] = {"x": 1} if i else "left"
    there.add_node("nobody", colour=object())
    assert TransactionGraph.from_networkx(there) == graph


# -- words --------------------------------------------------------------------------------------


def test_summary_of_the_example(graph: TransactionGraph) -> None:
    s = graph.summary()
    assert (s["n_transactions"], s["n_accounts"], s["n_holders"]) == (6, 4, 4)
    assert (s["base_minor"], s["base_currency"], s["currencies"]) == (47_270_000, "EUR", ["EUR"])
    assert (s["n_cross_border"], s["n_without_corridor"], s["resolution"]) == (6, 0, "1m")


def test_corridors_have_most_money_first(graph: TransactionGraph) -> None:
    table = graph.corridors()
    assert table.row(0) == ("EE", "GB", 1, 10_000_000)
    assert table["base_minor"].to_list() == sorted(table["base_minor"], reverse=True)
    assert table["n_transactions"].sum() == 6


def test_repr_tells_counts_span_and_money(graph: TransactionGraph) -> None:
    text, page = repr(graph), graph._repr_html_()
    for said in ("6 transactions", "4 accounts", "2026-03-02 to 2026-05-08", "EUR 472,700"):
        assert said in text
        assert said in page
    assert "<td>EE &rarr; GB</td>" in page


def test_one_row_and_yen_and_missing_money_can_be_shown() -> None:
    yen = {"sent_currency": "JPY", "received_currency": "JPY", "base_currency": "JPY"}
    assert "JPY 100" in repr(TransactionGraph(rows(yen)))
    assert "1 without a base amount" in repr(TransactionGraph(rows({"base_minor": None})))


# -- limits -------------------------------------------------------------------------------------


def test_sums_may_reach_the_limit_less_one() -> None:
    most = {f"{leg}_minor": LIMIT - 2 for leg in ("sent", "received", "base")}
    graph = TransactionGraph(rows(most, {"sent_minor": 1, "received_minor": 1, "base_minor": 1}))
    assert graph.summary()["base_minor"] == LIMIT - 1
    with pytest.raises(xb.CapacityError, match=r"base_minor sums to 576,460,752,303,423,488"):
        TransactionGraph(rows(most, {"sent_minor": 0, "received_minor": 0, "base_minor": 2}))


def test_sums_that_wrap_int64_are_seen() -> None:
    huge = {"sent_minor": 2**63 - 1}
    with pytest.raises(xb.CapacityError, match="sent_minor sums to 36,893,488,147,419,103,228"):
        TransactionGraph(rows(huge, huge, huge, huge))


def test_graphs_differ_by_accounts_and_by_currency(graph: TransactionGraph) -> None:
    known = accounts_table({"account": "linden", "holder": "h"})
    assert TransactionGraph(xb.example_ledger(), known) != graph
    dear = xb.example_ledger().with_columns(base_currency=pl.lit("USD"))
    assert TransactionGraph(dear) != graph
    assert graph != "a graph"
    assert nx.is_directed(graph.to_networkx())
