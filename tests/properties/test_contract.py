"""The contract for every detector: however the work is cut, the answer is the same to the byte.

Serial, in threads, in processes, in slices of time or ranges of accounts on machines that hold only
the rows of their task, and searched anew only where rows changed: also where caps bite.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.detection import find, matches
from xborder_aml.detectors import detector_of, registry
from xborder_aml.detectors._spec import Detector, Params
from xborder_aml.errors import ParameterError
from xborder_aml.executors import SerialExecutor, ThreadsExecutor
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.synth.plant import Seeded, instance_tables
from xborder_aml.testing import choices, ledgers

Tables = tuple[pl.DataFrame, pl.DataFrame]

YEAR = 366 * 86_400_000_000
ALL = list(registry().values())
each_detector = pytest.mark.parametrize("detector", ALL, ids=lambda d: d.name)
few = settings(max_examples=6)


def loose(detector: Detector) -> Params:
    """The spec that drawn ledgers meet most often."""
    spec: Params = detector.params.from_dict(dict(detector.no_borders))
    return spec


def tight(detector: Detector) -> Params:
    """The same with every cap as low as it may be."""
    spec = loose(detector)
    whole = spec.to_dict()
    for cap in whole.keys() - spec.to_dict(caps=False).keys():
        for least in range(whole[cap] + 1):
            try:
                spec = spec.from_dict({**spec.to_dict(), cap: least})
            except ParameterError:
                continue
            break
    return spec


specs = pytest.mark.parametrize(
    "spec",
    [made(d) for d in ALL for made in ((loose, tight) if d.caps else (loose,))],
    ids=[
        f"{d.name}-{kind}" for d in ALL for kind in (("loose", "tight") if d.caps else ("loose",))
    ],
)


# -- ledgers ------------------------------------------------------------------------------------


def crowd(spec: Params, seed: int, *, start: int = 0, first_id: int = 0) -> Tables:
    """Planted instances: three of the same accounts, near another and in noise, and one alone."""
    detector, choose = detector_of(spec), Seeded(seed)
    scale = int(spec.limits()[0])
    start -= start % scale  # what lies on the calendar stays there
    parts, known = [], []
    for k, later in enumerate((0, scale // 3, 3 * scale, 30 * scale)):
        who = f"{detector.name} alone" if k == 3 else detector.name
        made = detector.plant(choose, spec)
        t, a = instance_tables(
            made,
            start=start + later,
            first_id=first_id + 10_000 * k,
            accounts=[f"{who} {i:03d}" for i in range(len(made.jurisdictions))],
        )
        parts.append(t)
        known.append(a)
    planted = pl.concat(parts)
    again = (
        pl.concat(parts[:3])
        .sample(fraction=0.5, seed=seed)
        .head(40)
        .with_columns(
            pl.col("transaction_id") + 100_000,
            pl.col("executed_at") + pl.duration(microseconds=scale // 5),
        )
    )
    accounts = pl.concat(known).unique("account", keep="first", maintain_order=True)
    return pl.concat([planted, again]), accounts


@pytest.fixture(scope="module")
def busy() -> TransactionGraph:
    """A crowd for each detector, in a year of its own, so that one pool of processes does."""
    tables = [
        crowd(loose(d), seed=7, start=40 * YEAR + i * 3 * YEAR, first_id=1_000_000 * i)
        for i, d in enumerate(ALL)
    ]
    ledger = pl.concat([t for t, _ in tables])
    mixed = np.random.Generator(np.random.PCG64(5)).permutation(ledger.height)
    return TransactionGraph(
        ledger.with_columns(
            transaction_id=pl.Series(mixed),  # ties in time are broken by ids in any order
            base_currency=pl.lit("EUR").cast(ledger["base_currency"].dtype),
        ),
        pl.concat([a for _, a in tables]),
    )


def at_random(graph: TransactionGraph, seed: int, most: int = 4) -> xb.Changes:
    """Rows that came, came late, were amended, or went, drawn from a graph's own."""
    rows = graph.transactions.sample(min(most, len(graph)), seed=seed, shuffle=True)
    span = int(graph.edges.at[-1] - graph.edges.at[0]) // 7
    came = rows[1:2].with_columns(pl.lit(10**9, pl.Int64).alias("transaction_id"))
    moved = rows[2:3].with_columns(pl.col("executed_at") + pl.duration(microseconds=span))
    turned = rows[3:4].with_columns(
        originator="beneficiary", beneficiary="originator", base_minor=pl.col("base_minor") * 2
    )
    gone = rows[0:1]["transaction_id"].to_list()
    return xb.Changes(graph, upserts=pl.concat([came, moved, turned]), deletes=gone)


# -- one answer ---------------------------------------------------------------------------------


def in_slices(graph: TransactionGraph, spec: Params, slices: int, *, alone: bool) -> Findings:
    """Run a plan out of order; `alone`: each task on a machine with no other rows than its own."""
    parts = []
    for task in reversed(xb.plan(graph, spec, slices=slices)):
        sent = xb.Task.from_dict(json.loads(json.dumps(task.to_dict())))
        table = graph.transactions
        held = TransactionGraph(table.filter(sent.rows), graph.accounts) if alone else graph
        parts.append(xb.run_task(held, sent))
    return xb.join_parts(graph, parts)


@pytest.mark.parametrize("made", [loose, tight])
def test_threads_and_processes_are_exact(
    busy: TransactionGraph, made: Callable[[Detector], Params]
) -> None:
    asked = [made(d) for d in ALL]
    wanted = xb.detect(busy, asked, executor=1)
    assert len(wanted) > len(ALL)
    for executor in (xb.ThreadsExecutor(3), xb.ProcessesExecutor(2)):
        assert xb.detect(busy, asked, executor=executor).equals(wanted)


@specs
def test_slices_are_exact_where_caps_bite(spec: Params) -> None:
    detector = detector_of(spec)
    own = TransactionGraph(*crowd(loose(detector), seed=7))
    wanted = xb.detect(own, spec, executor=1)
    if spec == loose(detector):
        assert len(wanted) > 0
    else:
        assert wanted.truncations.height > 0
    for slices, alone in ((3, False), (20, True)):
        assert in_slices(own, spec, slices, alone=alone).equals(wanted)


@specs
def test_an_update_is_exact_where_caps_bite(busy: TransactionGraph, spec: Params) -> None:
    found = xb.detect(busy, spec, executor=1)
    own = busy.among([n for n in busy.account_names if n.startswith(detector_of(spec).name)])
    for seed in (1, 2):
        near = at_random(own, seed)
        changes = xb.Changes(busy, near.upserts, near.deletes)
        update = xb.detect_update(found, changes, executor=2)
        assert update.findings.equals(xb.detect(changes.graph, spec, executor=1))
        ((_, by, n, of),) = update.searched.rows()
        assert by == "all" or 0 < n < of / 3
        found, busy = update.findings, changes.graph


@specs
@few
@given(drawn=st.data())
def test_slices_and_updates_are_exact(spec: Params, drawn: st.DataObject) -> None:
    detector = detector_of(spec)
    if drawn.draw(st.booleans()):
        tables = drawn.draw(ledgers(int(spec.limits()[0]), max_transactions=18))
    else:
        tables = instance_tables(detector.plant(drawn.draw(choices()), spec))
    graph = TransactionGraph(*tables)
    wanted = xb.detect(graph, spec, executor=1)
    slices = drawn.draw(st.integers(1, 12))
    assert in_slices(graph, spec, slices, alone=drawn.draw(st.booleans())).equals(wanted)
    if len(graph):
        changes = at_random(graph, drawn.draw(st.integers(0, 99)))
        update = xb.detect_update(wanted, changes, executor=1)
        assert update.findings.equals(xb.detect(changes.graph, spec, executor=1))


@specs
@few
@given(drawn=st.data())
def test_threads_capacity_and_order_change_nothing(spec: Params, drawn: st.DataObject) -> None:
    transactions, accounts = drawn.draw(ledgers(int(spec.limits()[0]), max_transactions=18))
    graph = TransactionGraph(transactions, accounts)
    detector, threads = detector_of(spec), drawn.draw(st.integers(2, 5))
    one = matches(find(graph, detector, spec, executor=SerialExecutor()))
    capacity = drawn.draw(st.integers(1, 3))
    assert matches(find(graph, detector, spec, executor=1, capacity=capacity)) == one
    assert matches(find(graph, detector, spec, executor=ThreadsExecutor(threads))) == one
    shuffled = TransactionGraph(transactions.reverse(), accounts.reverse())
    assert xb.detect(graph, spec, executor=1).equals(xb.detect(shuffled, spec, executor=threads))


@pytest.mark.parametrize("detector", [d for d in ALL if d.caps], ids=lambda d: d.name)
@few
@given(drawn=st.data())
def test_caps_only_leave_out_and_are_told(detector: Detector, drawn: st.DataObject) -> None:
    """Where no cap is told of, all is shown that would be without caps; what is cut says so."""
    spec = tight(detector)
    graph = TransactionGraph(*drawn.draw(ledgers(int(spec.limits()[0]), max_transactions=18)))
    capped = xb.detect(graph, spec, executor=1)
    if capped.truncations.is_empty():
        free = xb.detect(graph, loose(detector), engine="reference")
        assert capped.findings.equals(free.findings)
        assert capped.evidence.equals(free.evidence)
    marked = capped.findings.filter("is_truncated")["anchor"].unique()
    assert set(marked) <= set(capped.truncations["anchor"])
    assert (capped.truncations["work_left"] > 0).all()
