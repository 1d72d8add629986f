"""The counts of patterns: kernel = definition, on any threads, at any place in a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml import features
from xborder_aml.features import _oracle
from xborder_aml.features._history import Batch, History
from xborder_aml.kernels.edges import Edges
from xborder_aml.testing import ledgers

DAY = 86_400_000_000
BINS = (2, 3, 5)
drawn = ledgers(4 * DAY, max_accounts=6, max_transactions=22)
windows = st.sampled_from((0, 1, DAY, 2 * DAY, 8 * DAY))


def edges_of(tables: Any) -> Edges:
    return xb.TransactionGraph(*tables).edges


def payments_of(edges: Edges) -> list[_oracle.Payment]:
    return [
        _oracle.Payment(*row)
        for row in zip(
            edges.at.tolist(), edges.originator.tolist(), edges.beneficiary.tolist(), strict=True
        )
    ]


def binned(found: Any, last: int | None = None) -> list[int]:
    ends = (*BINS[1:], 10**9 if last is None else last + 1)
    return [
        sum(n for size, n in found.items() if low <= size < high)
        for low, high in zip(BINS, ends, strict=True)
    ]


@given(drawn, windows)
def test_fan_and_degree_are_their_definition(tables: Any, window: int) -> None:
    edges = edges_of(tables)
    rows = payments_of(edges)
    got = features.fan_degree(edges, f"{window}us")
    want = [_oracle.fan_degree(rows, i, window) for i in range(len(rows))]
    assert list(zip(*(a.tolist() for a in got), strict=True)) == want


@given(drawn, windows, st.booleans())
def test_temporal_cycles_are_their_definition(tables: Any, window: int, strict: bool) -> None:
    edges = edges_of(tables)
    rows = payments_of(edges)
    got = features.temporal_cycles(edges, f"{window}us", bins=BINS, strict_time=strict)
    want = [
        binned(_oracle.temporal_cycles(rows, i, window, strict=strict)) for i in range(len(rows))
    ]
    assert got.counts.T.tolist() == want
    assert not got.truncated.any()


@given(drawn, windows, st.integers(2, 5))
def test_hop_cycles_are_their_definition(tables: Any, window: int, max_hops: int) -> None:
    edges = edges_of(tables)
    rows = payments_of(edges)
    got = features.hop_cycles(edges, f"{window}us", bins=BINS, max_hops=max_hops)
    want = [
        binned(_oracle.hop_cycles(rows, i, window, max_hops), max_hops) for i in range(len(rows))
    ]
    assert got.counts.T.tolist() == want


@given(drawn, windows)
def test_scatter_gathers_are_their_definition(tables: Any, window: int) -> None:
    edges = edges_of(tables)
    rows = payments_of(edges)
    got = features.scatter_gather_counts(edges, f"{window}us", bins=BINS)
    want = [binned(_oracle.scatter_gathers(rows, i, window)) for i in range(len(rows))]
    assert got.counts.T.tolist() == want


def every(edges: Edges | History, **options: Any) -> list[np.ndarray]:
    """Return all counts as a list of arrays, the last axis being transactions."""
    strict = {} if isinstance(edges, History) else {"strict_time": False}
    work = {k: v for k, v in options.items() if k == "max_work"}
    rest = {k: v for k, v in options.items() if k != "max_work"}
    out = list(features.fan_degree(edges, "1d", **rest))
    for h in (
        features.temporal_cycles(edges, "2d", bins=BINS, **strict, **rest, **work),
        features.hop_cycles(edges, "1d", bins=BINS, max_hops=6, **rest, **work),
        features.scatter_gather_counts(edges, "2d", bins=BINS, **rest, **work),
    ):
        out += [h.counts, h.truncated]
    return out


def stream(n: int, accounts: int, seed: int, step: int = DAY // 120) -> Batch:
    """A busy random stream with ties, self-loops, parallel transfers and one hub."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, accounts, (2, n)).astype(np.int32)
    ends[rng.integers(0, 2, n), np.arange(n)] *= rng.random(n) > 0.2
    return Batch(np.cumsum(rng.integers(0, 3, n)) * step, ends[0].copy(), ends[1].copy())


def whole(batch: Batch, accounts: int) -> History:
    history = History(2 * DAY)
    history.extend(batch, accounts)
    return history


@pytest.mark.parametrize("size", [1, 7, 64, 2048])
@pytest.mark.parametrize("seed", [0, 1])
def test_batches_give_the_counts_of_the_whole(size: int, seed: int) -> None:
    n, accounts = 600, 40
    batch = stream(n, accounts, seed)
    want = every(whole(batch, accounts), max_work=50)
    assert all(want[k].any() for k in (5, 7, 9)), "the caps should bite"
    history = History(2 * DAY)
    parts = []
    for low in range(0, n, size):
        part = Batch(*(a[low : low + size] for a in batch[:3]))
        known = int(
            max(batch.originator[: low + size].max(), batch.beneficiary[: low + size].max())
        )
        first, _ = history.extend(part, known + 1)
        parts.append(every(history, first=first, max_work=50))
    for k, array in enumerate(want):
        got = np.concatenate([p[k] for p in parts], axis=-1)
        assert got.dtype == array.dtype
        assert np.array_equal(got, array)
    assert size == 2048 or history.n_rows < n, "what no window reaches is dropped"


@pytest.mark.parametrize("strict", [False, True])
def test_a_batch_may_begin_inside_a_tie(strict: bool) -> None:
    batch = stream(300, 12, 3, step=DAY // 3)
    tables = []
    for size in (1, 5, 300):
        history = History(2 * DAY, strict=strict)
        parts = []
        for low in range(0, 300, size):
            first, _ = history.extend(Batch(*(a[low : low + size] for a in batch[:3])), 12)
            parts.append(features.temporal_cycles(history, "2d", bins=BINS, first=first).counts)
        tables.append(np.concatenate(parts, axis=1))
    assert tables[0].any()
    assert np.array_equal(tables[0], tables[2])
    assert np.array_equal(tables[1], tables[2])


@pytest.mark.parametrize("max_work", [20, 4096])
def test_threads_change_nothing(max_work: int) -> None:
    history = whole(stream(900, 50, 5), 50)
    one = every(history, max_work=max_work)
    for threads in (2, 3):
        for a, b in zip(one, every(history, max_work=max_work, threads=threads), strict=True):
            assert a.tobytes() == b.tobytes()


def test_a_cap_is_told_and_lowers_counts_only() -> None:
    history = whole(stream(900, 30, 6), 30)
    full, cut = every(history), every(history, max_work=10)
    for k in (4, 6, 8):
        assert (cut[k] <= full[k]).all()
        told = cut[k + 1] > 0
        assert told.any()
        assert np.array_equal(cut[k][:, ~told], full[k][:, ~told])


def test_no_transactions_have_no_counts() -> None:
    empty = edges_of((xb.example_ledger().clear(), None))
    assert all(a.shape[-1] == 0 for a in every(empty))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda e: features.hop_cycles(e, "1d", max_hops=1), "at least 2"),
        (lambda e: features.temporal_cycles(e, "1d", bins=(3, 2)), "must ascend"),
        (lambda e: features.temporal_cycles(e, "1d", bins=()), "must ascend"),
        (lambda e: features.scatter_gather_counts(e, "1d", max_work=-1), "max_work"),
        (lambda e: features.fan_degree(e, "1d", threads=0), "threads"),
        (lambda e: features.fan_degree(e, "soon"), "not a duration"),
        (lambda e: features.fan_degree(features.look_back(e, "1d"), "2d"), "longest window"),
    ],
)
def test_wrong_parameters_are_told(call: Any, match: str) -> None:
    edges = xb.TransactionGraph(xb.example_ledger()).edges
    with pytest.raises(xb.ParameterError, match=match):
        call(edges)
