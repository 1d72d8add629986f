"""Findings: identity, measures recomputed from evidence, and tables in canonical order."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given

import xborder_aml as xb
from xborder_aml.findings import Findings, finding_ids
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import EVIDENCE, FINDINGS, TRUNCATIONS
from xborder_aml.testing import ledgers

LOOSE = (
    xb.RoundTrip(min_borders=0),
    xb.LayeringChain(min_borders=0, min_hops=2, min_holders=0),
    xb.FanIn(min_borders=0, min_counterparties=2),
)


@pytest.fixture
def graph() -> TransactionGraph:
    return TransactionGraph(xb.example_ledger())


@pytest.fixture
def findings(graph: TransactionGraph) -> Findings:
    return xb.detect(graph, [xb.RoundTrip(), xb.LayeringChain()])


# -- identity -----------------------------------------------------------------------------------


def test_an_id_is_the_hash_of_pattern_version_parameters_and_transactions() -> None:
    head = json.dumps(["p", 3, {"a": 0.8, "b": "5d"}], separators=(",", ":")).encode()
    rows = (7).to_bytes(8, "little") + (-1).to_bytes(8, "little", signed=True)
    wanted = hashlib.blake2b(head + rows, digest_size=16).hexdigest()
    got = finding_ids("p", 3, {"b": "5d", "a": 0.8}, np.array([7, -1]), np.array([2]))
    assert got == [wanted]


def test_ids_follow_from_what_stands_beside_them(findings: Findings) -> None:
    for row in findings.findings.iter_rows(named=True):
        chosen = findings.evidence.filter(pl.col("finding_id") == row["finding_id"])
        definition = {
            "round_trip": xb.RoundTrip(),
            "layering_chain": xb.LayeringChain(),
        }[row["pattern"]].to_dict(caps=False)
        ids = chosen["transaction_id"].to_numpy()
        again = finding_ids(row["pattern"], row["version"], definition, ids, np.array([ids.size]))
        assert again == [row["finding_id"]]


def test_big_endian_ids_hash_alike() -> None:
    one = finding_ids("p", 1, {}, np.array([1, 2], "<i8"), np.array([1, 2]))
    assert finding_ids("p", 1, {}, np.array([1, 2], ">i8"), np.array([1, 2])) == one


@pytest.mark.parametrize(
    "other",
    [
        xb.RoundTrip(max_work=99_999),
        xb.RoundTrip(max_matches=1, max_degree=7),
        xb.RoundTrip(window="720h", min_returned=0.8500),
    ],
)
def test_caps_and_spelling_are_no_part_of_identity(
    graph: TransactionGraph, findings: Findings, other: xb.RoundTrip
) -> None:
    ids = xb.detect(graph, other).findings["finding_id"]
    assert ids.to_list() == findings.of("round_trip").findings["finding_id"].to_list()


@pytest.mark.parametrize("other", [xb.RoundTrip(window="31d"), xb.RoundTrip(max_hops=7)])
def test_what_defines_a_match_is(graph: TransactionGraph, other: xb.RoundTrip) -> None:
    default = xb.detect(graph, xb.RoundTrip()).findings["finding_id"].to_list()
    assert xb.detect(graph, other).findings["finding_id"].to_list() != default


# -- measures -----------------------------------------------------------------------------------


@given(ledgers(86_400_000_000 * 5))
def test_every_number_can_be_recomputed_from_the_evidence(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    found = xb.detect(graph, LOOSE, executor=1)
    rows = found.evidence.join(graph.transactions, on="transaction_id", how="left")
    assert rows["executed_at"].null_count() == 0
    for f in found.findings.iter_rows(named=True):
        own = rows.filter(pl.col("finding_id") == f["finding_id"]).sort("position")
        a, b = own["originator"].to_list(), own["beneficiary"].to_list()
        assert f["n_transactions"] == own.height
        assert own["position"].to_list() == list(range(own.height))
        assert (f["started_at"], f["ended_at"]) == (
            own["executed_at"].min(),
            own["executed_at"].max(),
        )
        ends = [x for pair in zip(a, b, strict=True) for x in pair]
        assert f["accounts"] == list(dict.fromkeys(ends))
        assert f["n_accounts"] == len(set(ends))
        assert f["anchor"] in own["transaction_id"].to_list()
        places = own.select("originator_jurisdiction", "beneficiary_jurisdiction").rows()
        crossed = [f"{x}>{y}" for x, y in places if x is not None and y is not None and x != y]
        assert f["borders"] == len(crossed)
        assert f["corridors"] == list(dict.fromkeys(crossed))
        entering, leaving = (
            own["role"].is_in(["leave", "first", "in"]),
            own["role"].is_in(["return", "last"]),
        )
        if own["base_minor"].null_count() == 0:
            assert f["amount_currency"] == "EUR"
            assert f["amount_in_minor"] == own.filter(entering)["base_minor"].sum()
            if leaving.any():
                assert f["amount_out_minor"] == own.filter(leaving)["base_minor"].sum()
        else:
            currencies = {*own["sent_currency"].to_list(), *own["received_currency"].to_list()}
            one = currencies.pop() if len(currencies) == 1 else None
            assert f["amount_currency"] == one
            assert (f["amount_in_minor"] is None) == (one is None)


@given(ledgers(86_400_000_000 * 5))
def test_tables_are_in_canonical_order(tables: Any) -> None:
    graph = TransactionGraph(*tables)
    found = xb.detect(graph, LOOSE, executor=1)
    place = {t: i for i, t in enumerate(graph.transaction_ids.tolist())}
    order = {p: i for i, p in enumerate(found.parameters)}
    columns = found.findings.select("pattern", "anchor", "finding_id").rows()
    keys = [(order[p], place[a], i) for p, a, i in columns]
    assert keys == sorted(keys)
    assert found.findings["finding_id"].is_unique().all()
    spread = found.evidence["finding_id"].unique(maintain_order=True)
    assert spread.to_list() == found.findings["finding_id"].to_list()


def test_the_example_is_read_as_a_person_reads_it(findings: Findings) -> None:
    trip = findings.of("round_trip").findings.row(0, named=True)
    assert (trip["account"], trip["hops"], trip["borders"]) == ("harbour", 3, 3)
    assert (trip["amount_in_minor"], trip["amount_out_minor"]) == (10_000_000, 9_700_000)
    assert (trip["retained"], trip["amount_currency"]) == (0.97, "EUR")
    assert trip["corridors"] == ["EE>GB", "GB>CY", "CY>EE"]
    assert trip["accounts"] == ["harbour", "linden", "quayside"]


# -- the object ---------------------------------------------------------------------------------


def test_of_keeps_findings_evidence_and_parameters_together(findings: Findings) -> None:
    one = findings.of("layering_chain")
    assert len(one) == 1
    assert one.evidence["finding_id"].unique().to_list() == one.findings["finding_id"].to_list()
    assert list(one.parameters) == ["layering_chain"]
    assert len(findings.of()) == 0


def test_summary_counts_patterns_without_findings_too(graph: TransactionGraph) -> None:
    found = xb.detect(graph, [xb.FanIn(), xb.RoundTrip()])
    table = found.summary()
    assert table["pattern"].to_list() == ["fan_in", "round_trip"]
    assert table["n_findings"].to_list() == [0, 1]
    assert table["n_accounts"].to_list() == [0, 3]
    assert table["n_evidence"].to_list() == [0, 3]


def test_transactions_of_a_finding_come_in_order(
    graph: TransactionGraph, findings: Findings
) -> None:
    key = findings.findings["finding_id"][0]
    rows = findings.transactions_of(key, graph)
    assert rows["transaction_id"].to_list() == [1, 2, 3]
    assert rows["purpose"].to_list() == ["Loan agreement 1", "Consulting", "Investment"]


def test_what_is_not_there_is_told(graph: TransactionGraph, findings: Findings) -> None:
    with pytest.raises(xb.ParameterError, match=r"'round_tripp' was not looked for \(did you mean"):
        findings.of("round_trip", "round_tripp")
    with pytest.raises(xb.ParameterError, match=r"no finding 'beef' among these 2"):
        findings.transactions_of("beef", graph)


def test_nothing_found_is_whole_tables_without_rows(graph: TransactionGraph) -> None:
    for nothing in (Findings(), xb.detect(graph, []), xb.detect(graph, xb.FanIn())):
        assert len(nothing) == 0
        assert nothing.findings.schema == pl.Schema(FINDINGS.dtypes)
        assert nothing.evidence.schema == pl.Schema(EVIDENCE.dtypes)
        assert nothing.truncations.schema == pl.Schema(TRUNCATIONS.dtypes)
        assert "0 findings" in repr(nothing)
        assert "0 findings" in nothing._repr_html_()


def test_equality_sees_every_table(findings: Findings) -> None:
    assert findings.equals(findings.of("round_trip", "layering_chain"))
    less = findings.evidence.head(1)
    assert not findings.equals(
        Findings(findings.findings, less, findings.truncations, findings.parameters)
    )
    assert not findings.equals(Findings(findings.findings, findings.evidence, findings.truncations))
