"""What the peers are asked to do: one definition each, and how two answers are compared.

All works but the last two are *causal*: they give each transaction numbers that read only
transactions at or before it in canonical order, no older than the window. Streams hold no
transaction from an account to itself. Where a peer means something else by the same word, its
adapter says so, and its figures are compared by time alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.streams import MINUTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Answer = Mapping[str, NDArray[np.integer[Any]]]
    """Counts of each transaction by column, shape (E,); or instances, shape (matches, hops)."""

MAX_SIZE = 30
"""Sizes from here on share a bin, as in the published settings of the fastest peer."""

LENGTHS = 10
"""Longest circle of the hop-bounded work."""

BP = 10_000
"""A whole, in basis points."""

CARRIED = (8_000, 12_000)
"""Least and largest share of a transfer that the next of a round trip sends on, basis points."""

RETURNED = (8_500, 11_500)
"""Least and largest share of what left that a round trip brings back, basis points."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


class Work(NamedTuple):
    """A piece of work.

    Parameters
    ----------
    kind
        Name of its definition: a key of `KINDS`, and of the works of an adapter.
    hours
        Window.
    hops
        Most transfers in a circle; 0 for no bound.
    """

    kind: str
    hours: int
    hops: int = 0

    @property
    def window(self) -> int:
        """Window in microseconds."""
        return self.hours * 60 * MINUTE

    @property
    def title(self) -> str:
        """Words for a table's row."""
        bound = f", up to {self.hops} hops" if self.hops else ""
        return f"{KINDS[self.kind].title}, {self.hours} h{bound}"


class Kind(NamedTuple):
    """A definition: its title, and its words."""

    title: str
    words: str


KINDS = {
    "fan_degree": Kind(
        "fan and degree",
        "Transactions into its beneficiary and out of its originator in the window `(t - W, t]`, "
        "itself included (degree), and the distinct accounts at their other ends (fan).",
    ),
    "temporal_cycles": Kind(
        "temporal cycles",
        "Circles of distinct accounts that it closes, by length: some transactions along the "
        "circle have strictly ascending times in `[t - W, t]`, and it is the last.",
    ),
    "scatter_gather": Kind(
        "scatter-gather",
        "Pairs of accounts with k >= 2 accounts between them, by k: transactions in "
        "`[t - W, t]` in any order lead from the first to each and from each to the second, and "
        "this one is on one of the ways.",
    ),
    "hop_cycles": Kind(
        "hop-bounded cycles",
        "Circles of distinct accounts that it closes, by length up to the bound, whose other "
        "pairs have a transaction in `[t - W, t]`, in any order.",
    ),
    "round_trips": Kind(
        "round trips, as rows",
        "The transactions of every round trip as `RoundTrip` defines it, strict in time, with its "
        "amounts and a border; a peer must return the rows, not a count.",
    ),
    "all_families": Kind(
        "all families and vertex statistics",
        "All counts above and the statistics of both accounts' amounts, as one table.",
    ),
    "batches": Kind(
        "the same in batches of 2,048",
        "The same for a stream that arrives in batches.",
    ),
}
"""By name."""

WORKS = (
    Work("fan_degree", 24),
    Work("temporal_cycles", 6),
    Work("temporal_cycles", 24),
    Work("temporal_cycles", 72),
    Work("scatter_gather", 6),
    Work("scatter_gather", 24),
    Work("hop_cycles", 24, LENGTHS),
    Work("round_trips", 24, 4),
    Work("all_families", 24, LENGTHS),
    Work("batches", 24, LENGTHS),
)
"""In the order of the tables."""


def clipped(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return counts as the bins tell them apart: below 2 nothing, from `MAX_SIZE` on one."""
    return np.where(counts >= 2, np.minimum(counts, MAX_SIZE), 0).astype(np.int64)


def by_size(n: int, row: NDArray[Any], size: NDArray[Any], times: Any = 1) -> Answer:
    """Return one column a size from (transaction, size of one pattern) pairs."""
    size = np.minimum(size, MAX_SIZE)
    out = {}
    for k in np.unique(size):
        of_size = size == k
        weights = times[of_size] if isinstance(times, np.ndarray) else None
        counts = np.bincount(row[of_size], weights, n)
        out[str(k)] = counts.astype(np.int64)
    return out


def summary(answer: Answer) -> dict[str, Any]:
    """Return the total of an answer, and a checksum that tells every count from every other.

    The order of instances and columns does not enter it, nor do columns of nothing.
    """
    total, check = 0, 0
    with np.errstate(over="ignore"):
        for name, values in answer.items():
            key = np.uint64(int.from_bytes(name.encode(), "little") % 2**64)
            if values.ndim == 2:  # instances
                mixed = np.full(len(values), _MIX)
                for column in values.T:
                    mixed = _mixed(mixed + column.astype(np.uint64))
                part, found = _mixed(mixed + key).sum(dtype=np.uint64), len(values)
            else:
                weight = _mixed(np.arange(values.size, dtype=np.uint64) + key)
                part, found = (weight * values.astype(np.uint64)).sum(), int(values.sum())
            total += int(found)
            check = (check + int(part)) % 2**64
    return {"total": total, "check": f"{check:016x}"}


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the numbers scrambled (the last steps of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
