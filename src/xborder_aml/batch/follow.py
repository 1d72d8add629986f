"""Follow money in a ledger file, and write what a trace found into a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.batch._checks import check
from xborder_aml.batch._tables import flat
from xborder_aml.batch.config import BatchConfig
from xborder_aml.batch.direct import read_ledger_file
from xborder_aml.detection import Progress
from xborder_aml.errors import DatasetUnavailableError, ParameterError, SchemaError
from xborder_aml.graph import TransactionGraph
from xborder_aml.tracing import Traced, payments_from, trace
from xborder_aml.tracing.tables import OPENINGS, SEEDS

__all__ = ["Followed", "trace_ledger"]

_WRITTEN = (
    "holdings", "conservation", "flows", "values", "lots", "steps", "sinks", "minted", "exposure",
    "survival",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Followed:
    """A trace, the tables that were written, and what is incomplete, one sentence each."""

    traced: Traced
    tables: dict[str, pl.DataFrame]
    incomplete: tuple[str, ...]


def trace_ledger(
    ledger: str | Path,
    out: str | Path | None,
    config: BatchConfig | None = None,
    *,
    seeds: str | None = None,
    payers: Sequence[str] = (),
    rule: str = "fifo",
    same_day: str = "ledger",
    opening_balances: str | None = None,
    bounds: bool = True,
    progress: Progress | None = None,
) -> Followed:
    """Read a ledger, follow the money of seeds, and write every table into a folder.

    Parameters
    ----------
    out
        Folder for the tables, as Parquet, and the holdings as CSV, too; None writes nothing.
    seeds
        Transaction ids, joined by commas, or a CSV or Parquet file with the columns of
        `xborder_aml.tracing.tables.SEEDS`.
    payers
        Accounts all of whose payments are seeds.
    opening_balances
        "least", or a file with the columns of `xborder_aml.tracing.tables.OPENINGS`.
    bounds
        Write the rule-free bounds of the accounts that hold most, too.

    Raises
    ------
    XBorderAMLError
        As `trace`, and as reading a ledger does.
    """
    config = config or BatchConfig()
    check(config)
    if seeds is None and not payers:
        raise ParameterError(
            "nothing says what to follow; give transaction ids or a file (--seeds), or accounts "
            "whose payments are followed (--from)"
        )
    opening: Any = opening_balances
    if opening_balances is not None and opening_balances != "least":
        opening = _table(Path(opening_balances), OPENINGS.dtypes)
    read = read_ledger_file(ledger, config, progress=progress)
    graph = TransactionGraph(read.transactions, read.accounts)
    wanted = [] if seeds is None else [_seeds(seeds)]
    if payers:
        wanted.append(payments_from(graph, payers, as_of=config.as_of))
    if progress is not None:
        progress("trace", 0, 1)
    traced = trace(
        graph,
        pl.concat([SEEDS.conform(frame) for frame in wanted]),
        rule=rule,
        as_of=config.as_of,
        same_day=same_day,
        opening_balances=opening,
    )
    tables = {name: getattr(traced, name) for name in _WRITTEN}
    tables |= {"paths": traced.paths(), "worth": traced.worth_now()}
    if bounds:
        tables["bounds"] = traced.bounds()
    if out is not None:
        _write(Path(out), tables, traced)
    if progress is not None:
        progress("trace", 1, 1)
    return Followed(traced, tables, _incomplete(traced, read.summary["rejects"]))


def _seeds(text: str) -> pl.DataFrame:
    parts = [part.strip() for part in text.split(",")]
    if all(part.lstrip("-").isdecimal() for part in parts):
        ids = pl.Series("transaction_id", [int(part) for part in parts], pl.Int64)
        return SEEDS.conform(ids.to_frame())
    frame = _table(Path(text), SEEDS.dtypes)
    if "transaction_id" not in frame.columns:
        raise SchemaError(
            f"{text} lacks the column 'transaction_id'; it has {', '.join(frame.columns)}. A file "
            f"of seeds has any of {', '.join(SEEDS.names)}"
        )
    return SEEDS.conform(frame)


def _table(path: Path, types: dict[str, Any]) -> pl.DataFrame:
    if not path.is_file():
        raise DatasetUnavailableError(
            f"there is no file {path}; give a CSV or Parquet file, or see --help for other forms"
        )
    if path.suffix.lower() in (".parquet", ".pq"):
        return pl.read_parquet(path)
    header = pl.read_csv(path, n_rows=0, infer_schema=False).columns
    try:
        known = {name: dtype for name, dtype in types.items() if name in header}
        return pl.read_csv(path, schema_overrides=known)
    except pl.exceptions.PolarsError as error:
        cause = str(error).splitlines()[0]
        raise SchemaError(f"{path} cannot be read as a table: {cause}") from error


def _write(folder: Path, tables: dict[str, pl.DataFrame], traced: Traced) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        _whole(folder / f"{name}.parquet", frame.write_parquet)
    _whole(folder / "holdings.csv", lambda part: flat(tables["holdings"]).write_csv(part))
    told = {
        "rule": traced.rule,
        "same_day": traced.same_day,
        "as_of": None if traced.as_of is None else traced.as_of.isoformat(),
        "sinks": list(traced.sinks_by),
        "seeds": traced.seeds.select(SEEDS.names).rows(),
        "rows": {name: frame.height for name, frame in tables.items()},
    }
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    _whole(folder / "trace.json", lambda part: part.write_text(text, "utf-8"))


def _whole(path: Path, write: Any) -> None:
    """Write a file so that it is whole or absent."""
    part = path.with_name(path.name + ".part")
    write(part)
    part.replace(path)


def _incomplete(traced: Traced, rejects: int) -> tuple[str, ...]:
    """Say what a trace does not cover."""
    out = []
    if rejects:
        out.append(f"{rejects:,} rows could not be read, and their money was not followed")
    if traced.minted.height:
        n = traced.minted["account"].n_unique()
        out.append(
            f"{traced.minted.height:,} payments of {n:,} accounts were more than the account held "
            "by this ledger: clean money was put in (minted.parquet); opening balances would help"
        )
    if traced.ledger.apart:
        out.append(
            f"{traced.ledger.apart:,} returned payments were taken as ordinary ones, since they "
            "come from another account than the payment went to"
        )
    return tuple(out)
