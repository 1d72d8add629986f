"""Texts of the core's errors: what was wrong, what was there, and the cure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import networkx as nx
import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.detectors._spec import microseconds
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

LEDGER = xb.example_ledger()
GRAPH = xb.TransactionGraph(LEDGER)


def made(**columns: Any) -> Callable[[], Any]:
    return lambda: xb.TransactionGraph(LEDGER.with_columns(**columns))


def among(**columns: pl.Series) -> Callable[[], Any]:
    return lambda: GRAPH.replace(pl.DataFrame(columns))


CASES: dict[str, tuple[Callable[[], Any], type[Exception], tuple[str, ...]]] = {
    "no column": (
        lambda: xb.TransactionGraph(LEDGER.rename({"sent_minor": "sent_minr"})),
        xb.SchemaError,
        ("lacks 'sent_minor' (did you mean 'sent_minr'?)", "it has", "rename its columns"),
    ),
    "fraction": (
        made(sent_minor=pl.lit(1.5)),
        xb.SchemaError,
        ("transactions.sent_minor is Float64 and holds 1.5", "Int64 cannot hold", "round it"),
    ),
    "nanoseconds": (
        made(
            executed_at=pl.col("executed_at").cast(pl.Datetime("ns", "UTC"))
            + pl.duration(nanoseconds=1)
        ),
        xb.SchemaError,
        ("transactions.executed_at is Datetime", "cannot hold", "round it"),
    ),
    "text": (
        made(sent_minor=pl.lit("much")),
        xb.SchemaError,
        ("cannot be cast", "sent_minor", "Convert it first"),
    ),
    "null": (
        made(originator=pl.lit(None, pl.String)),
        xb.SchemaError,
        ("transactions.originator holds 6 nulls", "fill them"),
    ),
    "other table": (
        lambda: xb.TransactionGraph([1]),  # type: ignore[arg-type]
        xb.SchemaError,
        ("not list", "read_transactions"),
    ),
    "other accounts": (
        lambda: xb.TransactionGraph(LEDGER, {}),  # type: ignore[arg-type]
        xb.SchemaError,
        ("accounts is a dict", "read_accounts"),
    ),
    "ids twice": (
        made(transaction_id=pl.lit(7, pl.Int64)),
        xb.DataError,
        ("transaction_id 7 stands in more than one row", "renumber"),
    ),
    "negative": (
        made(base_minor=pl.lit(-1, pl.Int64)),
        xb.DataError,
        ("base_minor holds 6 negative amounts", "direction is given by originator"),
    ),
    "far times": (
        made(executed_at=pl.lit(2**62, pl.Int64).cast(pl.Datetime("us", "UTC"))),
        xb.DataError,
        ("executed_at holds 6 times outside the years 1 to 9999", "convert them"),
    ),
    "two bases": (
        made(
            base_currency=pl.when(pl.col("transaction_id") > 3)
            .then(pl.lit("USD"))
            .otherwise(pl.lit("EUR"))
        ),
        xb.DataError,
        ("base_currency holds EUR, USD", "same base_currency"),
    ),
    "account twice": (
        lambda: xb.TransactionGraph(
            LEDGER, ACCOUNTS.conform(pl.DataFrame({"account": ["x", "x"]}))
        ),
        xb.DataError,
        ("account 'x' stands in more than one row", "keep one row an account"),
    ),
    "no such column": (
        lambda: GRAPH.column("sent"),
        xb.ParameterError,
        ("no column 'sent'", "it has transaction_id"),
    ),
    "no such account": (
        lambda: GRAPH.among(["lindon"]),
        xb.ParameterError,
        ("no account 'lindon' (did you mean 'linden'?)",),
    ),
    "no such country": (
        lambda: GRAPH.corridor("EE", "UK"),
        xb.ParameterError,
        ("'UK' is not an ISO 3166-1 alpha-2 code",),
    ),
    "no such time": (
        lambda: GRAPH.window("yesterday", "2026-01-01"),
        xb.ParameterError,
        ("'yesterday' is not an ISO 8601 time, like 2014-01-31T12:00",),
    ),
    "backwards": (
        lambda: GRAPH.window("2027-01-01", "2026-01-01"),
        xb.ParameterError,
        ("ends at 2026-01-01", "before it starts at 2027-01-01", "swap them"),
    ),
    "replace ids": (
        among(transaction_id=pl.Series([1] * 6)),
        xb.SchemaError,
        ("transaction_id says which edges there are", "make a new graph"),
    ),
    "replace type": (
        among(sent_minor=pl.Series([1.0] * 6)),
        xb.SchemaError,
        ("sent_minor is Float64, and the graph's is Int64", "cast it"),
    ),
    "replace length": (
        among(sent_minor=pl.Series([1, 2])),
        xb.SchemaError,
        ("2 rows cannot replace those of 6 transactions", "one row an edge"),
    ),
    "replace nulls": (
        among(sent_minor=pl.Series([None] * 6, dtype=pl.Int64)),
        xb.SchemaError,
        ("sent_minor holds 6 nulls", "fill them"),
    ),
    "digraph": (
        lambda: xb.TransactionGraph.from_networkx(nx.DiGraph()),
        xb.ParameterError,
        ("MultiDiGraph", "not a DiGraph", "convert it"),
    ),
    "bad attribute": (
        lambda: xb.TransactionGraph.from_networkx(nx.MultiDiGraph([("a", "b", "key")])),
        xb.SchemaError,
        ("cannot be read as its column of the transactions table", "schema.TRANSACTIONS"),
    ),
    "no such detector": (
        lambda: xb.detect(GRAPH, "round_tripp"),
        xb.ParameterError,
        ("no detector is named 'round_tripp' (did you mean 'round_trip'?)", "there are"),
    ),
    "a class": (
        lambda: xb.detect(GRAPH, xb.RoundTrip),  # type: ignore[arg-type]
        xb.ParameterError,
        ("RoundTrip as given is not", "make one of RoundTrip"),
    ),
    "twice": (
        lambda: xb.detect(GRAPH, ["fan_in", xb.FanIn()]),
        xb.ParameterError,
        ("fan_in is asked for twice", "run detect once"),
    ),
    "engine": (
        lambda: xb.detect(GRAPH, "fan_in", engine="fast"),  # type: ignore[arg-type]
        xb.ParameterError,
        ("engine='fast' is neither 'kernel' nor 'reference'",),
    ),
    "executor": (
        lambda: xb.detect(GRAPH, "fan_in", executor="4"),  # type: ignore[arg-type]
        xb.ParameterError,
        ("executor='4' must be an Executor, or a number of threads of at least 1",),
    ),
    "no threads": (
        lambda: xb.ThreadsExecutor(0),
        xb.ParameterError,
        ("workers=0 must be a whole number of at least 1 thread",),
    ),
    "duration": (
        lambda: xb.RoundTrip(window="²d"),
        xb.ParameterError,
        ("window='²d' is not a duration", "like '72h' or '30d'"),
    ),
    "long": (
        lambda: microseconds("200000d", "window"),
        xb.ParameterError,
        ("window='200000d' must lie between 0 and 100 years",),
    ),
    "not a number": (
        lambda: xb.RoundTrip(min_returned=float("nan")),
        xb.ParameterError,
        ("min_returned=nan must lie between 0 and 10 in steps of 0.0001",),
    ),
    "too fine": (
        lambda: xb.RoundTrip(min_returned=0.85001),
        xb.ParameterError,
        ("min_returned=0.85001", "steps of 0.0001"),
    ),
    "type": (
        lambda: xb.RoundTrip(max_hops=3.0),  # type: ignore[arg-type]
        xb.ParameterError,
        ("RoundTrip.max_hops=3.0 must be of type int",),
    ),
    "too many kept": (
        lambda: xb.RoundTrip(max_matches=2**40),
        xb.ParameterError,
        (
            "max_matches * k_best must not exceed 1,000,000; got k_best=1, "
            "max_matches=1099511627776",
        ),
    ),
    "caps": (
        lambda: xb.RandomWalk(max_degree=0),
        xb.ParameterError,
        ("caps must be at least 1; got ", "max_degree=0"),
    ),
    "no graph to search": (
        lambda: xb.detect(LEDGER, "fan_in"),  # type: ignore[arg-type]
        xb.ParameterError,
        ("detect takes a TransactionGraph, and got a DataFrame; make one with",),
    ),
    "no graph to plan": (
        lambda: xb.plan(LEDGER, "fan_in"),  # type: ignore[arg-type]
        xb.ParameterError,
        ("plan takes a TransactionGraph, and got a DataFrame",),
    ),
    "arguments swapped": (
        lambda: xb.against_chance(xb.Findings(), GRAPH),  # type: ignore[arg-type]
        xb.ParameterError,
        ("against_chance takes a TransactionGraph, and got a Findings",),
    ),
    "no graph to score": (
        lambda: xb.EvidenceScorer().score(LEDGER, xb.Findings()),  # type: ignore[arg-type]
        xb.ParameterError,
        ("score takes a TransactionGraph, and got a DataFrame",),
    ),
    "no detector": (
        lambda: xb.detect(GRAPH, 3),  # type: ignore[arg-type]
        xb.ParameterError,
        ("int as given is not the parameters of a registered detector", "like RoundTrip()"),
    ),
    "misspelt parameter": (
        lambda: xb.RoundTrip(windw="3d"),  # type: ignore[call-arg]
        xb.ParameterError,
        ("RoundTrip has no parameter 'windw' (did you mean 'window'?)", "it has window"),
    ),
    "unknown parameter": (
        lambda: xb.RoundTrip.from_dict({"windw": "3d"}),
        xb.ParameterError,
        ("RoundTrip has no parameter 'windw' (did you mean 'window'?)", "it has window"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_names_what_was_wrong_what_was_there_and_the_cure(case: str) -> None:
    act, kind, said = CASES[case]
    with pytest.raises(kind, match=re.escape(said[0])) as caught:
        act()
    assert isinstance(caught.value, xb.XBorderAMLError)
    for part in said:
        assert part in str(caught.value)


def test_the_example_is_a_conforming_table() -> None:
    assert TRANSACTIONS.conform(LEDGER).equals(LEDGER)
