"""The permutation null: the same ledger, with times and amounts dealt anew.

Who pays whom is kept, and so is each account's set of booking times and of amounts in each
corridor. What is broken is the link that a pattern is made of: that this amount moved at this time
because that one had come in.

References
----------
Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed. (2005), section 3.7
(restricted randomisation within blocks).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph

__all__ = ["Blocks", "blocks_of", "permuted"]

_AMOUNTS = ("sent_minor", "sent_currency", "received_minor", "received_currency", "base_minor")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _shuffle_keys(ids: NDArray[np.int64], seed: int, salt: int) -> NDArray[np.uint64]:
    """Return a pseudo-random number for each transaction id (splitmix64).

    It depends on the id and nothing else, so that a ledger is dealt the same whatever its row
    order, size or machine.
    """
    start = np.uint64((seed * 1_000_003 + salt) % 2**64)
    with np.errstate(over="ignore"):
        x = ids.astype(np.uint64) * _GOLDEN + start * np.uint64(0xD1342543DE82EF95) + _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


class Blocks(NamedTuple):
    """The rows among which times and amounts may be dealt, one block after another."""

    home: NDArray[np.int64]  # (E,) edge rows, by block and then by transaction id
    number: NDArray[np.uint64]  # (E,) block of each of them, from 0, ascending


def blocks_of(graph: TransactionGraph) -> Blocks:
    """Return the blocks of a graph: its transactions by originator and corridor."""
    e = graph.edges
    places = [
        graph.column(f"{side}_jurisdiction").to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
        for side in ("originator", "beneficiary")
    ]
    block = (e.originator.astype(np.int64) << 20) | ((places[0] + 1) << 10) | (places[1] + 1)
    home = np.lexsort((graph.transaction_ids, block))
    begins = np.diff(block[home], prepend=-1) != 0
    return Blocks(home, (np.cumsum(begins) - 1).astype(np.uint64))


def permuted(graph: TransactionGraph, seed: int, blocks: Blocks | None = None) -> TransactionGraph:
    """Return the graph with times and amounts permuted inside (originator, corridor).

    Times and amounts are dealt independently; both legs of an amount and its base amount stay
    together. Equal seeds give equal graphs.

    Parameters
    ----------
    blocks
        What `blocks_of` returned for the graph, when it is permuted many times.
    """
    home, number = blocks_of(graph) if blocks is None else blocks
    ids = graph.transaction_ids[home]
    # one 64-bit key: the block above, as much of the hash as there is room for below. Equal keys
    # keep the order of the ids.
    bits = np.uint64(int(number[-1]).bit_length() if number.size else 0)
    dealt = []
    for salt, names in enumerate((("executed_at",), _AMOUNTS)):
        key = (number << (np.uint64(63) - bits)) | (
            _shuffle_keys(ids, seed, salt) >> (bits + np.uint64(1))
        )
        take = np.empty(ids.size, np.int64)
        take[home] = home[np.argsort(key, kind="stable")]
        dealt += [graph.column(name).gather(take) for name in names]
    return graph.replace(pl.DataFrame(dealt))
