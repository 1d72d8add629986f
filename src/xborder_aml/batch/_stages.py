"""The five stages: each reads the files of the stages before it and makes its own.

Stages hand tables to one another through files only, so that a run that was killed and started
again cannot differ from one that was not.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from xborder_aml._jit import n_threads
from xborder_aml.batch._tables import TABLES, read_small_table, spreadsheet
from xborder_aml.batch.config import BatchConfig, Stage
from xborder_aml.detection import Progress, default_detectors, detect
from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Params
from xborder_aml.detectors.typology import Typology
from xborder_aml.errors import DataError
from xborder_aml.executors import Executor, ProcessesExecutor
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.normalise import Ledger
from xborder_aml.referral import refer
from xborder_aml.schema import ACCOUNTS
from xborder_aml.score import EvidenceScorer, against_chance
from xborder_aml.sources import SOURCES, read_ledger

__all__ = ["OUTPUTS", "RUNS", "Made", "Workspace", "executor_of", "graph_of", "read_input", "specs"]

OUTPUTS: Mapping[Stage, tuple[str, ...]] = {
    "read": ("transactions.parquet", "known_accounts.parquet", "rejects.parquet"),
    "detect": (
        "findings.parquet",
        "evidence.parquet",
        "truncations.parquet",
        "null_money.parquet",
    ),
    "score": ("accounts.parquet",),
    "refer": ("referrals.parquet", "referrals.csv"),
    "report": ("report.html",),
}
"""Files of each stage."""

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Made(NamedTuple):
    """What a stage made: how to write each file, rows of each table, and facts to remember."""

    files: Mapping[str, Callable[[Path], Any]]
    rows: Mapping[str, int]
    facts: Mapping[str, Any]


@dataclass
class Workspace:
    """What the stages of one run share.

    Parameters
    ----------
    ledger, accounts
        Paths of the inputs.
    facts
        What each finished stage remembered.
    about
        The manifest's first part, for the report.
    """

    folder: Path
    ledger: Path
    accounts: Path | None
    config: BatchConfig
    progress: Progress
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        """Read a table that a stage before this one has written."""
        return TABLES[name].conform(pl.read_parquet(self.folder / f"{name}.parquet"))

    @cached_property
    def graph(self) -> TransactionGraph:
        """The graph that is searched and scored."""
        return graph_of(self.table("transactions"), self.table("known_accounts"), self.config)

    @cached_property
    def findings(self) -> Findings:
        """What the detectors found."""
        return Findings(
            self.table("findings"),
            self.table("evidence"),
            self.table("truncations"),
            self.facts["detect"]["parameters"],
            self.facts["detect"]["left_out"],
        )


# -- stages -------------------------------------------------------------------------------------


def read_input(ledger: Path, config: BatchConfig, accounts: Path | None = None) -> Ledger:
    """Read a ledger as the configuration says.

    Raises
    ------
    DataError
        If a file is not what its name says, or as `sources.read_ledger` raises.
    """
    try:
        return read_ledger(
            ledger,
            source=config.source,
            columns=dict(config.columns) or None,
            base_currency=config.base_currency,
            rates=None if config.rates is None else read_small_table(Path(config.rates)),
            on_missing_rate=config.on_missing_rate,
            accounts=_accounts_of(accounts, config.source),
            strict=config.strict,
            **config.options,
        )
    except (pl.exceptions.PolarsError, EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{ledger.name} cannot be read as source {config.source!r}: {error}; check that the "
            "file is whole and is what its name says"
        ) from error


def _accounts_of(path: Path | None, source: str) -> Any:
    """Return the accounts for `read_ledger`: a source's own file, or a canonical table."""
    if path is None or SOURCES[source].accounts is not None:
        return path
    return ACCOUNTS.conform(read_small_table(path, ACCOUNTS))


def _read(work: Workspace) -> Made:
    read = read_input(work.ledger, work.config, work.accounts)
    frames = {
        "transactions": read.transactions,
        "known_accounts": read.accounts,
        "rejects": read.rejects,
    }
    return _made(frames, read.summary)


def graph_of(
    transactions: pl.DataFrame, accounts: pl.DataFrame, config: BatchConfig
) -> TransactionGraph:
    """Return the graph of a ledger up to the last day that the configuration looks at.

    The ledger is cut, and not the findings: a score, and a pattern that goes on later, would else
    tell what nobody could know on that day.
    """
    graph = TransactionGraph(transactions, accounts)
    if config.as_of is None:
        return graph
    return graph.window(_BEGINNING, datetime.combine(config.as_of, time.max, UTC))


def specs(graph: TransactionGraph, config: BatchConfig) -> list[Params]:
    """Return the parameters of the chosen detectors: defaults for this ledger, then the user's."""
    chosen = default_detectors(graph, config.detectors or None)
    own = [
        p.from_dict({**p.to_dict(), **config.parameters.get(detector_of(p).name, {})})
        for p in chosen
    ]
    return [*own, *(Typology.from_toml(path) for path in config.typologies)]


def executor_of(config: BatchConfig) -> Executor | int | None:
    """Return the executor that the configuration asks for."""
    if config.executor == "processes":
        return ProcessesExecutor(config.workers or n_threads())
    return config.workers


def _detect(work: Workspace) -> Made:
    def told(what: str, done: int, of: int) -> None:
        work.progress(f"  {what}", done, of)

    config = work.config
    found, null = against_chance(
        work.graph,
        detect(work.graph, specs(work.graph, config), executor=executor_of(config), progress=told),
        n_permutations=config.permutations,
        seed=config.seed,
        executor=config.workers,  # threads: processes would start anew for each permuted ledger
        progress=told,
    )
    frames = {
        "findings": found.findings,
        "evidence": found.evidence,
        "truncations": found.truncations,
        "null_money": null,
    }
    counts = {r["pattern"]: r for r in found.summary().iter_rows(named=True)}
    for row in counts.values():
        del row["pattern"]
    facts = {
        "parameters": dict(found.parameters),
        "left_out": dict(found.left_out),
        "patterns": counts,
    }
    return _made(frames, facts)


def _score(work: Workspace) -> Made:
    scorer = EvidenceScorer(n_permutations=work.config.permutations, seed=work.config.seed)
    scores = scorer.score(work.graph, work.findings, work.table("null_money"))
    return _made({"accounts": scores}, {})


def _refer(work: Workspace) -> Made:
    referrals = refer(
        work.table("accounts"),
        work.findings,
        work.graph,
        requesting=work.config.requesting,
        top=work.config.top,
    )
    made = _made({"referrals": referrals}, {})
    text = spreadsheet(referrals).write_csv()
    return made._replace(files={**made.files, "referrals.csv": partial(_write_text, text)})


def _report(work: Workspace) -> Made:
    from xborder_aml.report import render_report  # brings plotly, which no other stage needs

    page = render_report(
        referrals=work.table("referrals"),
        scores=work.table("accounts"),
        findings=work.table("findings"),
        evidence=work.table("evidence"),
        truncations=work.table("truncations"),
        transactions=work.table("transactions"),
        rejects=work.table("rejects"),
        manifest=json.loads(json.dumps(work.about, default=str)),
        name=work.ledger.name,
    )
    return Made({"report.html": partial(_write_text, page)}, {}, {})


RUNS: Mapping[Stage, Callable[[Workspace], Made]] = {
    "read": _read,
    "detect": _detect,
    "score": _score,
    "refer": _refer,
    "report": _report,
}
"""What each stage does."""


# -- files --------------------------------------------------------------------------------------


def _made(frames: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> Made:
    conforming = {f"{n}.parquet": TABLES[n].conform(frame) for n, frame in frames.items()}
    return Made(
        {name: frame.write_parquet for name, frame in conforming.items()},
        {name: frame.height for name, frame in conforming.items()},
        facts,
    )


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
