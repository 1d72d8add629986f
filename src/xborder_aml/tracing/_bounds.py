"""Rule-free bounds: the least and the most of a claim that any way of tracing puts in an account.

A way of tracing is admissible if it moves no money that was not there: of a payment of x it takes
from each claim between nothing and what the account holds of it, and x in all. The money of a claim
is then a flow in the time-expanded network of the book [1]_, and the flows are all that is
admissible; so the extremes are maximum flows.

References
----------
.. [1] Ford L. R., Fulkerson D. R. "Constructing maximal dynamic flows from static flows",
   Operations Research 6(3), 1958, pp. 419-433.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError
from xborder_aml.kernels.max_flow import Network, maximum_flow
from xborder_aml.kernels.trace_book import SAME, SINK
from xborder_aml.kernels.trace_network import END, NODES, START, build_network
from xborder_aml.tracing._frames import currencies_of
from xborder_aml.tracing._ledger import Ledger
from xborder_aml.tracing._run import Run
from xborder_aml.tracing.tables import BOUNDS

__all__ = ["bounds_table"]

_UNBOUNDED = 2**60


def bounds_table(
    ledger: Ledger, pockets: NDArray[np.int64], claims: NDArray[np.int64], run: Run | None
) -> pl.DataFrame:
    """Return schema BOUNDS of these pockets, for each of these claims that reaches them."""
    rows = [
        (claim, pocket, *extremes)
        for claim in claims.tolist()
        for pocket, extremes in _of_claim(ledger, claim, pockets)
    ]
    c, p, low, high = np.array(rows, np.int64).reshape(-1, 4).T
    converts = ((ledger.book.kind & (SAME | SINK)) == 0) & (ledger.book.source >= 0)
    return BOUNDS.conform(
        pl.DataFrame(
            {
                "claim": ledger.claims.gather(c),
                "account": ledger.graph.account_names.gather(ledger.account[p]),
                "currency": currencies_of(ledger, ledger.currency[p]),
                "low_minor": low,
                "traced_minor": None if run is None else run.taint[p, c],
                "high_minor": high,
                "is_tight": bool(not converts.any()),
            },
            schema_overrides={"traced_minor": pl.Int64},
        )
    )


def _of_claim(
    ledger: Ledger, claim: int, pockets: NDArray[np.int64]
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield pocket, and least and most of the claim in it, where that is more than nothing."""
    seeds, book = ledger.seeds, ledger.book
    own = seeds.claim == claim
    claimed = np.zeros(book.row.size, np.int64)
    np.add.at(claimed, seeds.at, seeds.amount)
    n, n_pockets = book.row.size, ledger.n_pockets
    arcs = 2 * (1 + 2 * n_pockets + 4 * n + int(own.sum()))
    network = Network(
        np.empty(NODES + n_pockets + n, np.int32),
        np.empty(arcs, np.int32),
        np.empty(arcs, np.int32),
        np.empty(arcs, np.int64),
    )
    last = np.empty(n_pockets, np.int32)
    balance = ledger.opening.copy()
    build_network(book, seeds.at[own], seeds.amount[own], claimed, balance, last, network)
    total = int(seeds.amount[own].sum())
    if maximum_flow(network, START, END) != total:
        raise DataError(
            f"the network of claim {ledger.claims[claim]!r} does not carry its {total:,} minor "
            "units. That is a fault of this library and not of the ledger; please report it"
        )
    rest = network.room
    for p in pockets.tolist():
        arc = 2 + 2 * p
        here = int(rest[arc + 1])
        moved = []
        for start, end in ((int(last[p]), END), (END, int(last[p]))):
            room = rest.copy()
            room[arc] = room[arc + 1] = 0  # what is here stays aside, and is moved or added to
            if start == END:
                room[0] = _UNBOUNDED
            moved.append(maximum_flow(network._replace(room=room), start, end))
        low, high = here - moved[0], min(here + moved[1], int(balance[p]))
        if high > 0:
            yield p, (low, high)
