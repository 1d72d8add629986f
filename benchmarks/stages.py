"""The stages of the main job, each measured in a process of its own.

``python -m benchmarks.stages STAGE LEDGER FOLDER`` loads what the stage needs from FOLDER, measures
the stage alone, writes what the next stages need, and prints its records as JSON. Nothing of the
library is imported before the stage's own preparations, so that `import` can be measured too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ledgers import LEDGERS
from benchmarks.measure import measure

if TYPE_CHECKING:
    import polars as pl

    from xborder_aml import Findings, TransactionGraph

Records = Iterator[dict[str, Any]]
_THREADS = (1, 2)


def run_import(_ledger: str, _folder: Path) -> Records:
    """Measure ``import xborder_aml``, and then loading all that it offers."""
    xb, record = measure(lambda: __import__("xborder_aml"), most=1)
    yield {"stage": "import", **record}
    _, record = measure(lambda: [getattr(xb, name) for name in xb.__all__], most=1)
    yield {"stage": "load everything", **record}


def run_make(ledger: str, folder: Path) -> Records:
    """Write the ledger; its path goes to ``ledger.json``, null where there is none."""
    path = LEDGERS[ledger].make(folder)
    (folder / "ledger.json").write_text(json.dumps(path and str(path)), "utf-8")
    return iter(())


def run_read(ledger: str, folder: Path) -> Records:
    """Measure reading the file into the canonical tables."""
    import xborder_aml as xb

    path = json.loads((folder / "ledger.json").read_text("utf-8"))
    read, record = measure(partial(xb.read_ledger, path, **LEDGERS[ledger].options), most=1)
    read.transactions.write_parquet(folder / "transactions.parquet")
    read.accounts.write_parquet(folder / "known_accounts.parquet")
    read.rejects.write_parquet(folder / "rejects.parquet")
    yield {"stage": "read", **record, "n_rejects": read.rejects.height}


def run_graph(_ledger: str, folder: Path) -> Records:
    """Measure the graph, and the arrays that kernels read."""
    import xborder_aml as xb

    warm_up()
    tables = _table(folder, "transactions"), _table(folder, "known_accounts")
    graph, record = measure(partial(xb.TransactionGraph, *tables), most=1)
    yield {
        "stage": "graph",
        **record,
        "n_transactions": graph.n_transactions,
        "n_accounts": graph.n_accounts,
        "n_cross_border": graph.summary()["n_cross_border"],
    }
    del tables, graph
    graph = _graph(folder)
    _, record = measure(lambda: graph.edges, most=1)
    yield {"stage": "edges", **record}


def run_detect(_ledger: str, folder: Path) -> Records:
    """Measure each detector, with its defaults for this ledger, on one thread and on two."""
    import xborder_aml as xb

    graph = _graph(folder)
    _ = graph.edges
    warm_up()
    for params in xb.default_detectors(graph):
        for threads in _THREADS:
            found, record = measure(partial(xb.detect, graph, params, executor=threads))
            (name,) = found.parameters
            yield {"stage": name, "threads": threads, **record, **counts(found)}
    found = xb.detect(graph)
    for name in ("findings", "evidence", "truncations"):
        getattr(found, name).write_parquet(folder / f"{name}.parquet")
    (folder / "parameters.json").write_text(json.dumps(dict(found.parameters)), "utf-8")


def run_score(ledger: str, folder: Path) -> Records:
    """Measure one permuted ledger, and then the scorer with all of its permutations."""
    import xborder_aml as xb
    from xborder_aml.score import permuted

    graph, found = _graph(folder), _findings(folder)
    _ = graph.edges
    warm_up()
    _, record = measure(lambda: permuted(graph, 1).edges, most=1)
    yield {"stage": "permute once", **record}
    n = LEDGERS[ledger].n_permutations
    scorer = xb.EvidenceScorer(n_permutations=n)
    scores, record = measure(partial(scorer.score, graph, found), most=1)
    scores.write_parquet(folder / "scores.parquet")
    yield {"stage": "score", **record, "n_permutations": n}


def run_refer(_ledger: str, folder: Path) -> Records:
    """Measure the proposals for referral."""
    import xborder_aml as xb

    graph, found, scores = _graph(folder), _findings(folder), _table(folder, "scores")
    referrals, record = measure(partial(xb.refer, scores, found, graph), most=1)
    referrals.write_parquet(folder / "referrals.parquet")
    yield {"stage": "refer", **record, "n_referrals": referrals.height}


def run_report(_ledger: str, folder: Path) -> Records:
    """Measure the page."""
    import xborder_aml as xb

    names = "referrals scores findings evidence truncations transactions rejects".split()
    tables = {name: _table(folder, name) for name in names}
    page, record = measure(
        partial(xb.write_report, folder / "report.html", manifest={}, **tables), most=1
    )
    yield {"stage": "report", **record, "file_mb": round(page.stat().st_size / 1e6, 1)}


STAGES: dict[str, Callable[[str, Path], Records]] = {
    "import": run_import,
    "make": run_make,
    "read": run_read,
    "graph": run_graph,
    "detect": run_detect,
    "score": run_score,
    "refer": run_refer,
    "report": run_report,
}
"""In the order in which they need one another."""


def warm_up() -> None:
    """Load every kernel's machine code, compiling where there is none yet."""
    import xborder_aml as xb

    xb.detect(xb.TransactionGraph(xb.example_ledger()), executor=1)


def counts(found: Findings) -> dict[str, int]:
    """Return how much was found, how many anchors were cut, and how much they left."""
    return {
        "n_findings": len(found),
        "n_evidence": found.evidence.height,
        "anchors_cut": found.truncations.height,
        "work_left": int(found.truncations["work_left"].sum()),
    }


def _table(folder: Path, name: str) -> pl.DataFrame:
    import polars as pl

    return pl.read_parquet(folder / f"{name}.parquet")


def _graph(folder: Path) -> TransactionGraph:
    import xborder_aml as xb

    return xb.TransactionGraph(_table(folder, "transactions"), _table(folder, "known_accounts"))


def _findings(folder: Path) -> Findings:
    import xborder_aml as xb

    tables = (_table(folder, name) for name in ("findings", "evidence", "truncations"))
    return xb.Findings(*tables, json.loads((folder / "parameters.json").read_text("utf-8")))


if __name__ == "__main__":
    stage, ledger, folder = sys.argv[1:]
    json.dump(list(STAGES[stage](ledger, Path(folder))), sys.stdout)
