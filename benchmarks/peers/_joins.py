"""What the two databases share: the stream as columns, and their answers in the common form.

Circles are walked hop by hop, a self-join a hop, until no walk is left. So are round trips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.works import Work, by_size, clipped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.streams import Stream
    from benchmarks.works import Answer

    Columns = dict[str, NDArray[np.int64]]

_NO_FEATURES = "it computes no features, and knows no state between batches"

CANNOT = {"all_families": _NO_FEATURES, "batches": _NO_FEATURES}
"""What a database is not asked for."""


def modes(_kind: str) -> tuple[str, ...]:
    """Return how a database is run: in one way."""
    return ("",)


def table(made: Stream) -> pl.DataFrame:
    """Return the stream as a table; `own_at` never ties."""
    return pl.DataFrame(
        {
            "id": np.arange(made.n),
            "tick": made.at,
            "own_at": made.own_at,
            "src": made.src,
            "dst": made.dst,
            "amount": made.amount,
            "border": made.place[made.src] != made.place[made.dst],
        }
    )


def answer(raw: Any, made: Stream, work: Work) -> Answer:
    """Return the counts as columns, or the instances."""
    if work.kind == "fan_degree":
        names = ("fan_in", "fan_out", "degree_in", "degree_out")
        return {name: _placed(raw["id"], clipped(raw[name]), made.n) for name in names}
    if work.kind == "round_trips":
        hops = enumerate(raw, start=2)
        return {str(k): np.stack(list(rows.values()), axis=1) for k, rows in hops if rows}
    if work.kind == "scatter_gather":
        return by_size(made.n, raw["id"], raw["k"])
    return {
        str(k): _placed(found["id"], found["n"], made.n) for k, found in enumerate(raw, start=2)
    }


def _placed(row: NDArray[np.int64], value: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    out = np.zeros(n, np.int64)
    out[row] = value
    return out
