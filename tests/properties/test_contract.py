"""The contract on drawn ledgers: slices, increments, threads and caps give the one answer.

Every anchor reads only ``[t - back, t + ahead]``. So the graph may be cut into slices of time, or
searched anew around an edge that came late, and the answer is that of the whole, also where caps
bite. Ids differ between graphs as rows do not, so matches are compared by transaction id.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.detection import find, matches
from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Instance, Params, Payment
from xborder_aml.executors import SerialExecutor, ThreadsExecutor
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.synth.plant import instance_tables
from xborder_aml.testing import ledgers

DAY = 86_400_000_000
START = datetime(1970, 1, 1, tzinfo=UTC)

TRIP = {"window": "5d", "min_borders": 0, "max_hops": 4}
CHAIN = {"max_gap": "5d", "min_borders": 0, "min_hops": 2, "max_hops": 3, "min_holders": 0}
TURN = {"window": "5d", "close_on": "country", "max_hops": 3}

# spec, how far an anchor looks back, and how far ahead (days)
SPECS: list[tuple[Params, int, int]] = [
    (xb.RoundTrip(**TRIP), 0, 5),
    (xb.RoundTrip(**TRIP, max_matches=1), 0, 5),
    (xb.RoundTrip(**TRIP, max_work=2), 0, 5),
    (xb.RoundTrip(**TRIP, max_degree=1), 0, 5),
    (xb.LayeringChain(**CHAIN), 5, 15),
    (xb.LayeringChain(**CHAIN, max_matches=1), 5, 15),
    (xb.LayeringChain(**CHAIN, max_work=2), 5, 15),
    (xb.LayeringChain(**CHAIN, max_degree=1), 5, 15),
    (xb.UTurn(**TURN), 0, 9),
    (xb.UTurn(**TURN, max_matches=1), 0, 9),
    (xb.UTurn(**TURN, max_work=2), 0, 9),
    (xb.UTurn(**TURN, max_degree=1), 0, 9),
]
specs = pytest.mark.parametrize(
    ("spec", "back", "ahead"),
    SPECS,
    ids=lambda v: (
        "-".join(map(str, v.to_dict(caps=True).values()))[-24:] if isinstance(v, Params) else str(v)
    ),
)
tables = ledgers(5 * DAY, max_transactions=18)


def anchored(found: Findings, graph: TransactionGraph, low: int, high: int) -> list[list[Any]]:
    """Rows of all three tables whose anchor lies in ``[low, high)``, microseconds."""
    at = graph.transactions.select(
        "transaction_id", when=pl.col("executed_at").to_physical()
    ).filter((pl.col("when") >= low) & (pl.col("when") < high))
    inside = pl.col("anchor").is_in(at["transaction_id"].implode())
    findings = found.findings.filter(inside)
    keys = findings["finding_id"].implode()
    evidence = found.evidence.filter(pl.col("finding_id").is_in(keys))
    return [t.rows() for t in (findings, evidence, found.truncations.filter(inside))]


def sliced(
    whole: TransactionGraph, spec: Params, back: int, ahead: int, width: int, shift: int
) -> list[list[Any]]:
    """Rows of all three tables, found slice by slice."""
    got: list[list[Any]] = [[], [], []]
    last = int(whole.edges.at.max(initial=0))
    low = -shift * DAY
    while low <= last:
        high = low + width * DAY
        task = whole.window(moment(low - back * DAY), moment(high + ahead * DAY))
        found = xb.detect(task, spec, executor=1)
        for mine, more in zip(got, anchored(found, task, low, high), strict=True):
            mine += more
        low = high
    return got


def moment(us: int) -> datetime:
    return START + timedelta(microseconds=us)


@specs
@settings(max_examples=8)
@given(drawn=tables, width=st.integers(1, 20), shift=st.integers(0, 3))
def test_slices_are_exact(
    spec: Params, back: int, ahead: int, drawn: Any, width: int, shift: int
) -> None:
    whole = TransactionGraph(*drawn)
    wanted = xb.detect(whole, spec, executor=1)
    got = sliced(whole, spec, back, ahead, width, shift)
    assert got == [t.rows() for t in (wanted.findings, wanted.evidence, wanted.truncations)]


def busy() -> TransactionGraph:
    """Two hundred payments of like amounts among five accounts in forty days."""
    n = 200
    src = [(7 * i) % 5 for i in range(n)]
    dst = [(a + 1 + i % 3) % 5 for i, a in enumerate(src)]
    payments = (
        Payment(i * DAY // 5, a, b, 1_000 + i % 7)
        for i, (a, b) in enumerate(zip(src, dst, strict=True))
    )
    places = ("EE", "GB", "CY", "LV", "AE")
    return TransactionGraph(*instance_tables(Instance(tuple(payments), places)))


@specs
def test_slices_and_threads_are_exact_where_caps_bite(spec: Params, back: int, ahead: int) -> None:
    whole = busy()
    wanted = xb.detect(whole, spec, executor=1)
    if min(spec.to_dict()[cap] for cap in ("max_matches", "max_work", "max_degree")) < 3:
        assert wanted.truncations.height > 10
    assert len(wanted) + wanted.truncations.height > 10
    rows = [t.rows() for t in (wanted.findings, wanted.evidence, wanted.truncations)]
    for width in (2, 9):
        assert sliced(whole, spec, back, ahead, width, 0) == rows
    for threads in (2, 5):
        assert xb.detect(whole, spec, executor=threads).equals(wanted)


@specs
@settings(max_examples=8)
@given(drawn=tables, data=st.data())
def test_a_late_edge_touches_only_anchors_near_it(
    spec: Params, back: int, ahead: int, drawn: Any, data: st.DataObject
) -> None:
    transactions, accounts = drawn
    if not transactions.height:
        return
    late = data.draw(st.integers(0, transactions.height - 1))
    before = TransactionGraph(transactions.filter(pl.int_range(pl.len()) != late), accounts)
    after = TransactionGraph(transactions, accounts)
    t = transactions["executed_at"].to_physical()[late]
    low, high = t - ahead * DAY, t + back * DAY
    far = 10**17
    one, two = (xb.detect(g, spec, executor=1) for g in (before, after))
    for start, end in ((-far, low), (high + 1, far)):
        assert anchored(one, before, start, end) == anchored(two, after, start, end)


@specs
@settings(max_examples=8)
@given(drawn=tables, capacity=st.integers(1, 3), threads=st.integers(2, 5))
def test_threads_capacity_and_order_change_nothing(
    spec: Params, back: int, ahead: int, drawn: Any, capacity: int, threads: int
) -> None:
    transactions, accounts = drawn
    graph = TransactionGraph(transactions, accounts)
    detector = detector_of(spec)
    one = matches(find(graph, detector, spec, executor=SerialExecutor()))
    assert matches(find(graph, detector, spec, executor=1, capacity=capacity)) == one
    assert matches(find(graph, detector, spec, executor=ThreadsExecutor(threads))) == one
    shuffled = TransactionGraph(transactions.reverse(), accounts.reverse())
    assert xb.detect(graph, spec, executor=1).equals(xb.detect(shuffled, spec, executor=threads))


@specs
@settings(max_examples=8)
@given(drawn=tables)
def test_caps_only_leave_out_and_are_told(spec: Params, back: int, ahead: int, drawn: Any) -> None:
    """An anchor that no cap is told of shows all that it would show without caps."""
    graph = TransactionGraph(*drawn)
    definition = spec.to_dict(caps=False)
    free = type(spec).from_dict(definition)
    capped = xb.detect(graph, spec, executor=1)
    wanted = xb.detect(graph, free, engine="reference")
    cut = capped.truncations["anchor"].implode()
    same = ["finding_id", "anchor", "multiplicity"]
    mine, theirs = (
        f.findings.filter(~pl.col("anchor").is_in(cut)).select(same) for f in (capped, wanted)
    )
    assert mine.equals(theirs)
    marked = capped.findings.filter("is_truncated")["anchor"].unique()
    assert set(marked) <= set(capped.truncations["anchor"])
    assert (capped.truncations["work_left"] > 0).all()
