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

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph

__all__ = ["permuted"]

_AMOUNTS = ("sent_minor", "sent_currency", "received_minor", "received_currency", "base_minor")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)  # bits: a graph has fewer than 2**31 edges, so fewer blocks


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


def permuted(graph: TransactionGraph, seed: int) -> TransactionGraph:
    """Return the graph with times and amounts permuted inside (originator, corridor).

    Times and amounts are dealt independently; both legs of an amount and its base amount stay
    together. Equal seeds give equal graphs.
    """
    e = graph.edges
    places = [
        graph.column(f"{side}_jurisdiction").to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
        for side in ("originator", "beneficiary")
    ]
    block = (e.originator.astype(np.int64) << 20) | ((places[0] + 1) << 10) | (places[1] + 1)
    ids = graph.transaction_ids
    home = np.lexsort((ids, block))
    number = _numbered(block[home])
    dealt = []
    for salt, names in enumerate((("executed_at",), _AMOUNTS)):
        # One sort of one number, block above and shuffle below: a third of the time that sorting by
        # block, shuffle and id took. Halves of the shuffle that tie stay in the order of their ids.
        shuffle = _shuffle_keys(ids[home], seed, salt) >> _HALF
        source = home[np.argsort((number << _HALF) | shuffle, kind="stable")]
        take = np.empty(ids.size, np.int64)
        take[home] = source  # the i-th place of a block gets what the i-th of its shuffle held
        dealt += [graph.column(name).gather(take) for name in names]
    return graph.replace(pl.DataFrame(dealt))


def _numbered(ordered: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return, for blocks in ascending order, how many other blocks come before each."""
    new = np.zeros(ordered.size, np.uint64)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.cumsum(new, dtype=np.uint64)
