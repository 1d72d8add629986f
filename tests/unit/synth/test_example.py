"""The six transactions that the documentation's examples are about."""

from __future__ import annotations

import polars as pl

from xborder_aml.detection import detect
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.synth.example import example_ledger


def test_it_is_as_small_as_promised() -> None:
    ledger = example_ledger()
    accounts = pl.concat([ledger["originator"], ledger["beneficiary"]]).unique()
    places = pl.concat(
        [ledger["originator_jurisdiction"], ledger["beneficiary_jurisdiction"]]
    ).unique()
    assert (ledger.height, accounts.len(), places.len()) == (6, 4, 3)
    assert ledger.schema == pl.Schema(TRANSACTIONS.dtypes)


def test_it_holds_the_one_round_trip_and_nothing_else_of_that_kind() -> None:
    found = detect(TransactionGraph(example_ledger()), "round_trip")
    assert found.findings.height == 1
    assert found.evidence["transaction_id"].to_list() == [1, 2, 3]
    assert found.findings["corridors"].to_list() == [["EE>GB", "GB>CY", "CY>EE"]]


def test_it_holds_the_one_layering_chain_and_nothing_else_of_that_kind() -> None:
    found = detect(TransactionGraph(example_ledger()), "layering_chain")
    assert found.findings.height == 1
    assert found.evidence["transaction_id"].to_list() == [4, 5, 6]
    assert found.findings["corridors"].to_list() == [["EE>CY", "CY>GB", "GB>EE"]]
