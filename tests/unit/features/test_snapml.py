"""Equal to IBM's Graph Feature Preprocessor where its columns mean the same.

Given a transaction at a time, so that it too looks back only. What differs is written down in
docs/explanation/features-and-gfp.md, and each difference is shown here.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml import features
from xborder_aml.features._history import Batch, History
from xborder_aml.kernels.feature_vertices import MOMENTS, SIDES
from xborder_aml.schema import TRANSACTIONS

# Its library makes the thread that loads it take subnormal numbers for zero: not that of the tests.
with ThreadPoolExecutor(1) as other:
    snapml = other.submit(
        pytest.importorskip, "snapml", reason="snapml is not installed: nothing to compare with"
    ).result()

BINS = tuple(range(2, 9))
SECOND = 1_000_000
Stream = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def stream(seed: int, n: int = 400, accounts: int = 14, step: int = 4) -> Stream:
    """Originators, beneficiaries, times in seconds and amounts; no self-loops, a busy account."""
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, accounts, (2, n))
    src[rng.random(n) < 0.15] = 0
    dst = np.where(src == dst, (dst + 1) % accounts, dst)
    at = 1_000 + np.cumsum(rng.integers(0 if step > 1 else 1, max(2, step), n))
    return src, dst, at, rng.integers(1, 1_000, n)


def gfp(data: Stream, **chosen: Any) -> np.ndarray:
    """Return snapml's feature columns, one transaction at a time."""
    names = ("vertex_stats", "fan", "degree", "scatter-gather", "temp-cycle", "lc-cycle")
    params: dict[str, Any] = dict.fromkeys(names, False)
    params |= {"num_threads": 1, "time_window": 10_000}
    params |= {k.replace("__", "-"): v for k, v in chosen.items()}
    peer = snapml.GraphFeaturePreprocessor()
    peer.set_params(params)
    src, dst, at, amount = data
    rows = np.stack([np.arange(src.size), src, dst, at, amount], axis=1).astype(float)
    out = [peer.transform(np.ascontiguousarray(rows[i : i + 1])) for i in range(len(rows))]
    return np.concatenate(out)[:, 5:]


def history(data: Stream) -> History:
    src, dst, at, _ = data
    out = History(10**12, strict=True)
    batch = Batch(at * SECOND, src.astype(np.int32), dst.astype(np.int32))
    out.extend(batch, int(max(src.max(), dst.max())) + 1)
    return out


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("window", [7, 20, 60])
def test_fan_and_degree(seed: int, window: int) -> None:
    """Its window is open at the far end, and a single counterparty is in no bin of it."""
    data = stream(seed)
    ours = features.fan_degree(history(data), f"{window - 1}s")
    sizes = np.arange(1, 200)
    for name in ("fan", "degree"):
        theirs = gfp(data, **{name: True, f"{name}_tw": window, f"{name}_bins": sizes.tolist()})
        for side, block in (("in", 0), ("out", 1)):
            found = theirs[:, block * sizes.size : (block + 1) * sizes.size] @ sizes
            want = getattr(ours, f"{name}_{side}")
            assert (want >= 2).any()
            assert np.array_equal(found, np.where(want >= 2, want, 0))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("window", [7, 20, 40])
def test_temporal_cycles(seed: int, window: int) -> None:
    data = stream(seed)
    ours = features.temporal_cycles(history(data), f"{window}s", bins=BINS, max_work=30_000)
    theirs = gfp(data, temp__cycle=True, temp__cycle_tw=window, temp__cycle_bins=list(BINS))
    assert ours.counts.any()
    assert not ours.truncated.any()
    assert np.array_equal(ours.counts.T, theirs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("window", [15, 20, 40])
def test_scatter_gathers(seed: int, window: int) -> None:
    data = stream(seed)
    ours = features.scatter_gather_counts(history(data), f"{window}s", bins=BINS)
    theirs = gfp(
        data, scatter__gather=True, scatter__gather_tw=window, scatter__gather_bins=list(BINS)
    )
    assert ours.counts.any()
    assert np.array_equal(ours.counts.T, theirs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("window", "hops"), [(7, 10), (12, 6), (15, 4)])
def test_hop_cycles(seed: int, window: int, hops: int) -> None:
    """Of transactions of one and the same time it counts some and not others: so none tie here."""
    data = stream(seed, step=1)
    bins = list(range(2, hops + 1))
    ours = features.hop_cycles(
        history(data), f"{window}s", bins=bins, max_hops=hops, max_work=30_000
    )
    theirs = gfp(data, lc__cycle=True, lc__cycle_tw=window, lc__cycle_len=hops, lc__cycle_bins=bins)
    assert ours.counts.any()
    assert not ours.truncated.any()
    assert np.array_equal(ours.counts.T, theirs)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("window", [20, 60])
def test_vertex_statistics(seed: int, window: int) -> None:
    """Of the amounts all eleven; of the times, those that a choice of origin does not move.

    Its graph drops what is too old by the time of the row before, and describes all that is left:
    the rows compared are those for which this is the same.
    """
    data = stream(seed)
    src, dst, at, amount = data
    table = pl.DataFrame(
        {
            "transaction_id": np.arange(src.size),
            "executed_at": pl.Series(at * SECOND).cast(pl.Datetime("us", "UTC")),
            "originator": [f"a{i}" for i in src],
            "beneficiary": [f"a{i}" for i in dst],
            "sent_minor": amount,
            "sent_currency": "EUR",
            "received_minor": amount,
            "received_currency": "EUR",
            "base_minor": amount,
            "base_currency": "EUR",
        }
    )
    before = np.concatenate([at[:1], at[:-1]])
    same = np.searchsorted(at, before - window) == np.searchsorted(at, at - window)
    assert same.sum() > 100
    length = f"{window}s"
    ours = xb.TransactionFeatures(families=["vertex"], windows=[length], max_sample=10_000)
    got = ours.fit_transform(TRANSACTIONS.conform(table)).filter(same)
    theirs = gfp(
        data,
        vertex_stats=True,
        time_window=window,
        vertex_stats_tw=window,
        vertex_stats_cols=[3, 4],
        vertex_stats_feats=list(range(11)),
    )
    assert theirs.shape[1] == 4 * 19
    theirs, at = theirs[same], at[same]
    for k, side in enumerate(SIDES):
        block = theirs[:, 19 * k : 19 * k + 19]
        times = dict(zip(MOMENTS_OF_GFP, block[:, 3:11].T, strict=True))
        amounts = dict(zip(MOMENTS_OF_GFP, block[:, 11:19].T, strict=True))
        for i, name in enumerate(("fan", "degree", "ratio")):
            assert np.array_equal(got[f"past_{side}_{name}_{length}"], block[:, i]), name
        for name in MOMENTS[:5]:
            column = got[f"past_{side}_amount_{name}_{length}"].to_numpy()
            np.testing.assert_allclose(column, amounts[name], rtol=1e-12, err_msg=name)
        # it takes the higher moments from powers, which loses what is small beside the mean
        for measure, peer, sign in (("amount", amounts, 1), ("age", times, -1)):
            mean = peer["mean"]
            clear = peer["var"] > mean**2 * (0.01 if measure == "amount" else 1e-5)
            assert clear.sum() > 8
            for name in MOMENTS[5:]:
                column = got[f"past_{side}_{measure}_{name}_{length}"].to_numpy()
                want = peer[name] * (sign if name == "skew" else 1)
                np.testing.assert_allclose(
                    column[clear], want[clear], rtol=1e-4, atol=1e-4, err_msg=name
                )
        some = block[:, 1] > 0
        age = got[f"past_{side}_age_mean_{length}"].to_numpy()
        np.testing.assert_allclose(age[some], (at - times["mean"])[some], rtol=1e-7, atol=1e-7)


MOMENTS_OF_GFP = ("mean", "sum", "min", "max", "median", "var", "skew", "kurtosis")


@pytest.mark.parametrize(("shift", "seen"), [(0, 0), (1, 1), (2**31 - 40, 1), (2**31 - 20, 0)])
def test_times_of_zero_and_beyond_32_bits_hide_circles_from_it(shift: int, seen: int) -> None:
    src, dst = np.array([3, 1, 2, 3, 4]), np.array([5, 2, 3, 4, 1])  # the first leads nowhere
    data = src, dst, np.array([0, 5, 10, 20, 30]) + shift, np.ones(5)
    theirs = gfp(data, temp__cycle=True, temp__cycle_tw=100, temp__cycle_bins=[2, 3, 4, 5])
    assert theirs[-1].tolist() == [0, 0, seen, 0]
    ours = features.temporal_cycles(history(data), "100s", bins=(2, 3, 4, 5))
    assert ours.counts[:, -1].tolist() == [0, 0, 1, 0]


def test_it_sees_later_rows_of_its_own_batch_and_we_do_not() -> None:
    src, dst, at = np.array([1, 1, 2]), np.array([2, 3, 1]), np.array([10, 11, 12])
    peer = snapml.GraphFeaturePreprocessor()
    names = ("vertex_stats", "degree", "scatter-gather", "temp-cycle", "lc-cycle")
    peer.set_params(dict.fromkeys(names, False) | {"fan": True, "fan_tw": 100, "time_window": 100})
    rows = np.stack([np.arange(3), src, dst, at, np.ones(3)], axis=1).astype(float)
    batch = peer.transform(rows)[:, 5:]
    assert batch[0].sum() == 1, "the first row's originator pays two, one of them later"
    ours = features.fan_degree(history((src, dst, at, at)), "99s")
    assert ours.fan_out.tolist() == [1, 2, 1]
