"""How fast money is followed: every rule on one stream, warm, on one thread.

``python -m benchmarks.tracing [N]`` prints a line a rule for a stream of N transactions (by default
two million) among a tenth as many accounts: processor seconds of `trace` up to the checked sums,
those of its tables of holdings, flows and lots, and how much there is of each. The seeds are the
first hundred thousand transactions, as one claim, so that every account is reached. What is timed
begins with a graph whose arrays are made; polars, too, has one thread.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before polars is loaded

from benchmarks.measure import measure
from benchmarks.streams import stream, table

_N = 2_000_000
_SEEDS = 100_000


def main(words: list[str]) -> None:
    """Print what each rule takes."""
    from xborder_aml.graph import TransactionGraph
    from xborder_aml.tracing import RULES, trace

    n = int(words[0]) if words else _N
    graph = TransactionGraph(table(stream(n)))
    _ = graph.edges
    seeds = {"seeds": graph.transaction_ids[:_SEEDS].tolist()}
    small = TransactionGraph(table(stream(1_000)))
    print(f"{'rule':<12}{'trace s':>9}{'tables s':>9}{'touched':>11}{'flows':>11}{'lots':>11}")
    for rule in RULES:
        trace(small, small.transaction_ids[:3].tolist(), rule=rule)  # loads what is compiled
        traced, record = measure(lambda rule=rule: trace(graph, seeds, rule=rule))
        seconds = sorted(record["cpu_seconds"])[len(record["cpu_seconds"]) // 2]
        sizes, told = measure(lambda t=traced: _tables(t), most=1)
        print(
            f"{rule:<12}{seconds:>9.3f}{told['cpu_seconds'][0]:>9.2f}"
            f"{traced.ledger.book.row.size:>11,}{sizes[0]:>11,}{sizes[1]:>11,}",
            flush=True,
        )


def _tables(traced: object) -> tuple[int, int]:
    holdings, flows, lots = (getattr(traced, name) for name in ("holdings", "flows", "lots"))
    assert holdings.height or traced.rule == "poison"
    return flows.height, lots.height


if __name__ == "__main__":
    main(sys.argv[1:])
