"""`write_ledger`: a synthetic ledger streamed to files, with bounded memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl
import pyarrow.parquet as pq

from xborder_aml.errors import ParameterError
from xborder_aml.synth.amlworld_files import (
    HEADER,
    PatternLines,
    accounts_rows,
    check_currencies,
    stem_of,
    trans_rows,
)
from xborder_aml.synth.blocks import Settlement
from xborder_aml.synth.ledger import checked_seed, iter_ledger, spec_of
from xborder_aml.synth.plan import Plan, plan_ledger
from xborder_aml.synth.spec import LedgerSpec
from xborder_aml.synth.tables import (
    accounts_table,
    book_table,
    cases_table,
    rates_table,
    summary_of,
    truth_table,
)

__all__ = ["FORMATS", "Written", "write_ledger"]

FORMATS = ("canonical", "amlworld")
_OURS = '"specification": {'  # in the summary of a ledger, and hardly in another's
_Progress = Callable[[str, int, int], None]


class Written(NamedTuple):
    """What was written.

    Parameters
    ----------
    folder
        Where it is.
    files
        Name of each file.
    summary
        What was counted, as in `SynthLedger`.
    """

    folder: Path
    files: tuple[str, ...]
    summary: dict[str, Any]


def write_ledger(
    folder: str | os.PathLike[str],
    preset: str | LedgerSpec = "tiny",
    seed: int = 0,
    *,
    format: Literal["canonical", "amlworld"] = "canonical",  # noqa: A002 - the word of the field
    workers: int | None = None,
    progress: _Progress | None = None,
    **changes: Any,
) -> Written:
    """Write a synthetic ledger into a folder, some days at a time.

    Memory grows with the number of accounts and not with the number of transactions. Each file
    appears whole or not at all, and ``summary.json`` last. The same arguments give the same bytes.

    Parameters
    ----------
    folder
        Made if it is not there. A ledger that was written there before goes, but for AMLworld's
        files of another preset.
    preset, seed, workers, **changes
        As in `generate`.
    format
        ``"canonical"``: ``transactions.parquet`` as `xborder_aml.schema.TRANSACTIONS` declares it.
        ``"amlworld"``: ``*_Trans.csv``, ``*_Patterns.txt`` and ``*_accounts.csv``, which have no
        jurisdictions and no purposes. Both come with the tables of `SynthLedger` as Parquet.
    progress
        Called with what is done, how far it is, and of how much.

    Raises
    ------
    ParameterError
        If the format is unknown or cannot name a currency, and as in `generate`.
    """
    if format not in FORMATS:
        raise ParameterError(f"format={format!r} is none of {', '.join(FORMATS)}")
    spec = spec_of(preset, changes)
    if format == "amlworld":
        check_currencies(spec)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    _clear(place, spec)
    told = progress or (lambda *_: None)
    told("plan", 0, 1)
    plan = plan_ledger(spec, checked_seed(seed))
    told("plan", 1, 1)
    settlement = Settlement(plan)
    stream = _stream_canonical if format == "canonical" else _stream_amlworld
    labels, files = stream(place, plan, settlement, workers, told)
    tables = {
        "labels": labels,
        "accounts": accounts_table(plan),
        "patterns": cases_table(plan, settlement),
        "truth": truth_table(plan, settlement),
        "book": book_table(plan, settlement),
        "rates": rates_table(spec),
    }
    if format == "amlworld":
        with _aside(place / f"{stem_of(spec)}_accounts.csv") as path:
            accounts_rows(tables["accounts"]).write_csv(path)
        files.append(f"{stem_of(spec)}_accounts.csv")
    for name, table in tables.items():
        with _aside(place / f"{name}.parquet") as path:
            table.write_parquet(path)
        files.append(f"{name}.parquet")
    summary = summary_of(plan, settlement, labels)
    with _aside(place / "summary.json") as path:
        told_of = {"summary": summary, "specification": asdict(spec)}
        path.write_text(json.dumps(told_of, indent=2, default=str) + "\n", "utf-8")
    return Written(place, (*files, "summary.json"), summary)


def _clear(place: Path, spec: LedgerSpec) -> None:
    """Take away the ledger that was written here before: what is left of it is read as the new one.

    Its summary goes first, since that is what says that a ledger is whole.
    """
    summary = place / "summary.json"
    if summary.is_file() and _OURS in summary.read_text("utf-8", "replace"):
        stem = stem_of(spec)
        endings = ("Trans.csv", "Patterns.txt", "accounts.csv")
        for name in (
            "summary.json",
            "fidelity.html",
            "fidelity.csv",
            "transactions.parquet",
            *(f"{stem}_{ending}" for ending in endings),
        ):
            (place / name).unlink(missing_ok=True)


def _stream_canonical(
    place: Path, plan: Plan, settlement: Settlement, workers: int | None, told: _Progress
) -> tuple[pl.DataFrame, list[str]]:
    """Write transactions.parquet, one row group a block; return the labels."""
    labels = []
    writer = None
    with _aside(place / "transactions.parquet") as path:
        try:
            for made in iter_ledger(plan, settlement, workers=workers):
                table = made.transactions.to_arrow()
                if writer is None:
                    writer = pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table)
                labels.append(made.labels)
                told("transactions", min(settlement.next_id, plan.spec.n_transactions - 1),
                     plan.spec.n_transactions)  # fmt: skip
        finally:
            if writer is not None:
                writer.close()
    told("transactions", plan.spec.n_transactions, plan.spec.n_transactions)
    return pl.concat(labels), ["transactions.parquet"]


def _stream_amlworld(
    place: Path, plan: Plan, settlement: Settlement, workers: int | None, told: _Progress
) -> tuple[pl.DataFrame, list[str]]:
    """Write the transactions and the Patterns file; return the labels."""
    stem = stem_of(plan.spec)
    labels, patterns = [], PatternLines()
    with _aside(place / f"{stem}_Trans.csv") as path, path.open("wb") as file:
        file.write(HEADER.encode())
        for made in iter_ledger(plan, settlement, workers=workers):
            rows = trans_rows(made)
            rows.write_csv(file, include_header=False)
            patterns.gather(made, rows)
            labels.append(made.labels)
            told("transactions", min(settlement.next_id, plan.spec.n_transactions - 1),
                 plan.spec.n_transactions)  # fmt: skip
    told("transactions", plan.spec.n_transactions, plan.spec.n_transactions)
    with _aside(place / f"{stem}_Patterns.txt") as path, path.open("w", encoding="utf-8") as file:
        patterns.write(file, [c.case_id for c in plan.docket.cases])
    return pl.concat(labels), [f"{stem}_Trans.csv", f"{stem}_Patterns.txt"]


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and put the file in its place when all went well."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
