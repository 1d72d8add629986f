"""snapml: IBM's Graph Feature Preprocessor, closed, the fastest of the field.

It puts a whole batch into its graph before it looks, so that a transaction sees later ones of its
own batch. One by one it means what the works mean; in batches of 128, where it is fastest, it means
something else, and its numbers are not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from snapml import GraphFeaturePreprocessor

from benchmarks.streams import MINUTE
from benchmarks.works import MAX_SIZE, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.streams import Stream
    from benchmarks.works import Answer, Work

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("snapml",)
THREADS = (1, 2)
CANNOT = {"round_trips": "it gives counts, and no rows behind them"}

_TICK = MINUTE // 60_000  # a millisecond: times and windows fit what it reckons with
_RAW = 5  # columns of the input, which come back first
_SIZES = list(range(2, MAX_SIZE + 1))
_BATCH = {"one by one": 1, "batches of 128": 128, "batches of 2,048": 2_048}
_FAMILY = {
    "fan_degree": ("fan", "degree"),
    "temporal_cycles": ("temp-cycle",),
    "scatter_gather": ("scatter-gather",),
    "hop_cycles": ("lc-cycle",),
}


class Input(NamedTuple):
    """A stream as the matrix that it takes: id, source, target, milliseconds, amount."""

    rows: NDArray[np.float64]
    threads: int


def modes(kind: str) -> tuple[str, ...]:
    """Return how it is run."""
    return ("batches of 2,048",) if kind == "batches" else ("one by one", "batches of 128")


def prepare(made: Stream, work: Work, threads: int) -> Input:
    """Return the stream as a matrix.

    Where transactions tie, its hop-bounded search takes some and leaves others. So there they get
    times of their own, a millisecond apart in canonical order, and its window half a minute more.
    """
    ticks = made.at // _TICK + 1  # at 0 it takes an account's payment for none, and misses circles
    if work.kind == "hop_cycles":
        ticks += made.own_at - made.at
    columns = (np.arange(made.n), made.src, made.dst, ticks, made.amount)
    return Input(np.ascontiguousarray(np.stack(columns, 1), np.float64), threads)


def _settings(work: Work, threads: int) -> dict[str, Any]:
    families = tuple(sum(_FAMILY.values(), ())) if work.kind not in _FAMILY else _FAMILY[work.kind]
    out: dict[str, Any] = {"num_threads": threads, "vertex_stats": work.kind not in _FAMILY}
    out |= {"vertex_stats_cols": [4], "vertex_stats_feats": list(range(11))}
    window = work.window // _TICK + (MINUTE // _TICK // 2 if work.kind == "hop_cycles" else 0)
    # It drops what is as old as its graph is long, and its cycles may be as long as their window.
    out["time_window"] = window + 1
    out["vertex_stats_tw"] = window
    for family in sum(_FAMILY.values(), ()):
        out[family] = family in families
        out[f"{family}_tw"] = window
        out[f"{family}_bins"] = _SIZES
    out["lc-cycle_len"] = work.hops
    out["lc-cycle_bins"] = list(range(2, work.hops + 1)) or [2]
    return out


def transform(given: Input, work: Work, mode: str) -> list[NDArray[np.float64]]:
    """Return its columns, batch by batch, as it gives them."""
    peer = GraphFeaturePreprocessor()
    peer.set_params(_settings(work, given.threads))
    step = _BATCH[mode]
    return [peer.transform(given.rows[i : i + step]) for i in range(0, len(given.rows), step)]


def answer(raw: Any, made: Stream, work: Work) -> Answer | None:
    """Return the histograms as counts, where it went one by one."""
    if len(raw) < made.n or work.kind not in _FAMILY:
        return None
    found = np.concatenate(raw)[:, _RAW:].astype(np.int64)
    if work.kind == "fan_degree":  # each row has one mark in each histogram, or none
        names = ("fan_in", "fan_out", "degree_in", "degree_out")
        histograms = np.split(found, len(names), axis=1)
        return {name: h @ np.array(_SIZES) for name, h in zip(names, histograms, strict=True)}
    return {str(k): column for k, column in enumerate(found.T, start=2)}


WORKS = dict.fromkeys([*_FAMILY, "all_families", "batches"], transform)
