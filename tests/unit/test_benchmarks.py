"""Streams are what they say, and the peers of the benchmarks give the library's own answers."""

from __future__ import annotations

import re
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks.curves import Panel, drawing
from benchmarks.field import SKEWED, Case, plan
from benchmarks.peers import PEERS, adapter
from benchmarks.streams import SKEWS, stream, table
from benchmarks.words import slope
from benchmarks.works import WORKS, Work, summary

N = 600
SMALL = (Work("fan_degree", 24), Work("temporal_cycles", 24), Work("scatter_gather", 24))
SMALL += (Work("hop_cycles", 12, 6), Work("round_trips", 240, 4))


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("hubs", [False, True])
def test_a_stream_is_in_order_without_loops_and_the_same_again(skew: float, hubs: bool) -> None:
    made = stream(N, skew, hubs=hubs)
    assert (np.diff(made.at) >= 0).all()
    assert (np.diff(made.own_at) > 0).all()
    assert (made.own_at // 60_000_000 == made.at // 60_000_000).all()
    assert (made.src != made.dst).all()
    again = stream(N, skew, hubs=hubs)
    assert all((a == b).all() for a, b in zip(made, again, strict=True))


def test_streams_differ_in_what_they_are_asked_to_differ_in() -> None:
    def busiest(skew: float, hubs: bool = False) -> int:
        return int(np.bincount(stream(20_000, skew, hubs=hubs).src).max())

    assert busiest(0.0) < busiest(0.6) < busiest(1.0)
    assert busiest(0.0, hubs=True) >= 0.018 * 20_000
    made = stream(20_000)
    assert np.mean(made.place[made.src] == made.place[made.dst]) > 0.6


def test_acquainted_accounts_pay_the_same_ones_again() -> None:
    def pairs(**shape: bool) -> int:
        made = stream(20_000, **shape)
        return len(np.unique(made.src.astype(np.int64) * 2_000 + made.dst))

    assert pairs(acquainted=True) < 0.5 * pairs()
    made, again = (stream(N, acquainted=True, hubs=True) for _ in range(2))
    assert (made.src != made.dst).all()
    assert all((a == b).all() for a, b in zip(made, again, strict=True))


def test_a_stream_is_a_ledger() -> None:
    frame = table(stream(N))
    assert frame.height == N
    assert frame["transaction_id"].to_list() == list(range(N))


def _has(peer: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a peer's own, about names of numpy
        try:
            # snapml makes the thread that loads it take subnormal numbers for zero
            with ThreadPoolExecutor(1) as other:
                other.submit(adapter, peer).result()
        except ImportError:
            return False
    return True


@pytest.mark.parametrize("work", SMALL, ids=lambda w: w.kind)
def test_peers_that_mean_the_same_answer_the_same(work: Work) -> None:
    """Independent ways to count: joins, graphs that follow the window, and the library."""
    made = stream(N, **SKEWED)
    answers = {}
    for peer in filter(_has, PEERS):
        found = adapter(peer)
        if work.kind in found.WORKS and peer != "polars":  # its threads are chosen at its import
            given = found.prepare(made, work, 1)
            raw = found.WORKS[work.kind](given, work, found.modes(work.kind)[0])
            answers[peer] = summary(found.answer(raw, made, work))
    assert len(answers) >= 2
    assert answers["ours"]["total"] > 0
    assert len({(a["total"], a["check"]) for a in answers.values()}) == 1, answers


def test_the_checksum_tells_answers_apart() -> None:
    counts = np.array([0, 1, 2])
    said = [
        summary({"2": counts}),
        summary({"3": counts}),
        summary({"2": counts[::-1].copy()}),
        summary({"2": np.array([[0, 1], [2, 3]])}),
        summary({"2": np.array([[1, 0], [2, 3]])}),
    ]
    assert len({s["check"] for s in said}) == len(said)
    rows = np.array([[0, 1], [2, 3]])
    assert summary({"2": rows}) == summary({"2": rows[::-1].copy()})
    assert summary({"2": counts, "3": np.zeros(3, int)}) == summary({"2": counts})


@pytest.mark.skipif(not all(map(_has, PEERS)), reason="the extra `bench` is not installed")
def test_every_case_of_the_plan_is_work_that_its_peer_can_do() -> None:
    cases = list(plan((1_000, 2_000, 3_000)))
    assert {c.peer for c in cases if c.part == "all"} == set(PEERS)
    assert {c.work for c in cases if c.part == "all"} == set(WORKS)
    for case in cases:
        found = adapter(case.peer)
        assert case.mode in found.modes(case.work.kind)
        assert not set(found.WORKS) & set(found.CANNOT)
        assert set(found.WORKS) | set(found.CANNOT) == {w.kind for w in WORKS}
        assert Case.of(case.facts) == case


def test_the_slope_of_growth() -> None:
    assert slope({100: 1.0, 1_000: 10.0, 10_000: 100.0}) == "1.00"
    assert slope({100: 1.0, 1_000: 100.0}) == "2.00"
    assert slope({100: 1.0}) == ""


def test_numbers_below_an_axis_keep_apart_and_both_ends_are_told() -> None:
    sizes = (2_000, 20_000, 31_623, 200_000, 500_000, 2_000_000)
    drawn = drawing([Panel("title", "transactions", {"ours": [(n, n * 1e-6) for n in sizes]})])
    told = re.findall(r'x="([\d.]+)" y="276" text-anchor="middle">([\w.]+)<', drawn)
    assert [word for _, word in told] == ["2k", "20k", "200k", "500k", "2M"]
    assert np.diff([float(x) for x, _ in told]).min() >= 24
