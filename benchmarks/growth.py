"""How detectors grow: random graphs of one density, one busy hub, and accounts by Zipf's law.

``python -m benchmarks.growth SHAPE N`` prints the records of one random ledger of N transactions.
No ledger looks like these. They hold no economy and no case; they say how work grows, and that a
hub cannot make a search run on for ever.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np

from benchmarks.measure import measure
from benchmarks.stages import counts, warm_up

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_EDGES_AN_ACCOUNT = 10
_DAYS = 180
_HUB_DAYS = 30  # all of it in one window
_PLACES = ("DE", "EE", "FR", "GB", "LT", "LV", "NL", "SE")
_START = datetime(2025, 1, 1, tzinfo=UTC)
_Ends = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def uniform(rng: np.random.Generator, n: int) -> _Ends:
    """Return both ends of each transaction, every account as likely as any other."""
    return tuple(rng.integers(0, n // _EDGES_AN_ACCOUNT, (2, n)))


def hub(rng: np.random.Generator, n: int) -> _Ends:
    """Return transactions that all touch account 0, half of them in and half out."""
    other = rng.integers(1, n // _EDGES_AN_ACCOUNT, n)
    is_in = rng.random(n) < 0.5
    return np.where(is_in, other, 0), np.where(is_in, 0, other)


def zipf(rng: np.random.Generator, n: int) -> _Ends:
    """Return ends drawn with probability 1 / rank (Zipf's law with exponent 1)."""
    share = np.cumsum(1 / np.arange(1, n // _EDGES_AN_ACCOUNT + 1))
    return tuple(np.searchsorted(share, rng.random((2, n)) * share[-1]))


class Shape(NamedTuple):
    """A kind of random ledger, its sizes, and the detectors that search it (None: all)."""

    ends: Callable[[np.random.Generator, int], _Ends]
    days: int
    sizes: tuple[int, ...]
    detectors: tuple[str, ...] | None = None


SHAPES = {
    "uniform": Shape(
        uniform, _DAYS, (100_000, 1_000_000, 5_000_000), ("round_trip", "layering_chain")
    ),
    "hub": Shape(hub, _HUB_DAYS, (200_000, 1_000_000)),
    "zipf": Shape(zipf, _DAYS, (50_000, 200_000)),
}
"""By name."""


def ledger(shape: str, n: int) -> pl.DataFrame:
    """Return n random transactions (schema.TRANSACTIONS): log-normal euros at random minutes."""
    import polars as pl

    from xborder_aml.schema import TRANSACTIONS

    rng = np.random.default_rng([crc32(shape.encode()), n])
    src, dst = SHAPES[shape].ends(rng, n)
    minute = np.sort(rng.integers(0, SHAPES[shape].days * 24 * 60, n))
    amount = np.maximum(1, np.rint(100_000 * np.exp(rng.standard_normal(n)))).astype(np.int64)
    accounts = pl.Series([f"A{i:07d}" for i in range(int(max(src.max(), dst.max())) + 1)])
    places = pl.Series(_PLACES)
    money = {f"{leg}_minor": amount for leg in ("sent", "received", "base")}
    frame = pl.DataFrame(
        {
            "transaction_id": np.arange(1, n + 1),
            "originator": accounts.gather(src),
            "beneficiary": accounts.gather(dst),
            "originator_jurisdiction": places.gather(src % len(_PLACES)),
            "beneficiary_jurisdiction": places.gather(dst % len(_PLACES)),
            **money,
        }
    ).with_columns(
        executed_at=pl.lit(_START) + pl.duration(minutes=pl.Series(minute)),
        resolution=pl.lit("1m"),
        **{f"{leg}_currency": pl.lit("EUR") for leg in ("sent", "received", "base")},
    )
    return TRANSACTIONS.conform(frame)


def records(shape: str, n: int) -> list[dict[str, Any]]:
    """Return a record of each detector on one random ledger, one thread."""
    import xborder_aml as xb

    graph = xb.TransactionGraph(ledger(shape, n))
    _ = graph.edges
    warm_up()
    out = []
    for params in xb.default_detectors(graph, SHAPES[shape].detectors):
        found, record = measure(partial(xb.detect, graph, params, executor=1))
        (name,) = found.parameters
        out.append({"shape": shape, "n": n, "stage": name, **record, **counts(found)})
    return out


if __name__ == "__main__":
    json.dump(records(sys.argv[1], int(sys.argv[2])), sys.stdout)
