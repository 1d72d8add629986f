"""Follow money in a ledger file, and write what a trace found into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.batch._checks import check, find_inputs
from xborder_aml.batch._folder import Writers, fill, is_filled, key_of, own_folder, text_writer
from xborder_aml.batch._manifest import input_facts, versions
from xborder_aml.batch.config import BatchConfig
from xborder_aml.batch.direct import read_ledger_file
from xborder_aml.detection import Progress
from xborder_aml.errors import DatasetUnavailableError, ParameterError, SchemaError
from xborder_aml.graph import TransactionGraph
from xborder_aml.report.sheets import flat, inert
from xborder_aml.tracing import Traced, payments_from, trace
from xborder_aml.tracing.tables import OPENINGS, SEEDS

__all__ = ["Asked", "Followed", "follow", "reading_choices", "trace_ledger"]

_WRITTEN = (
    "holdings", "conservation", "flows", "values", "lots", "steps", "sinks", "minted", "exposure",
    "survival",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Followed:
    """What a trace of a ledger file found, as it was written.

    Parameters
    ----------
    rule
        By which the money was followed.
    tables
        The tables by name.
    incomplete
        What is incomplete, one sentence each.
    kept
        Whether the folder held all of it already, from a run before.
    """

    rule: str
    tables: Mapping[str, pl.DataFrame]
    incomplete: tuple[str, ...]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be followed, and how.

    Parameters
    ----------
    seeds
        Transaction ids, joined by commas, or a CSV or Parquet file with the columns of
        `xborder_aml.tracing.tables.SEEDS`.
    payers
        Accounts all of whose payments are seeds.
    rule, same_day
        As for `trace`.
    opening_balances
        "least", or a file with the columns of `xborder_aml.tracing.tables.OPENINGS`.

    Raises
    ------
    ParameterError
        If nothing says what to follow.
    """

    seeds: str | None = None
    payers: Sequence[str] = ()
    rule: str = "fifo"
    same_day: str = "ledger"
    opening_balances: str | None = None

    def __post_init__(self) -> None:
        if self.seeds is None and not self.payers:
            raise ParameterError(
                "nothing says what to follow; give transaction ids or a file (--seeds), or "
                "accounts whose payments are followed (--from)"
            )

    @property
    def files(self) -> list[tuple[str, Path]]:
        """Files that are read, with the part that each plays."""
        out = []
        if self.seeds is not None and not _are_ids(self.seeds):
            out.append(("seeds", Path(self.seeds)))
        if self.opening_balances not in (None, "least"):
            out.append(("opening balances", Path(str(self.opening_balances))))
        for _, path in out:
            if not path.is_file():
                raise DatasetUnavailableError(
                    f"there is no file {path}; give a CSV or Parquet file, or see --help for other "
                    "forms"
                )
        return out

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen; files are told by what is in them, and not here."""
        named = {role for role, _ in self.files}
        return {
            "seeds": None if "seeds" in named else self.seeds,
            "payers": list(self.payers),
            "rule": self.rule,
            "same_day": self.same_day,
            "opening_balances": None if "opening balances" in named else self.opening_balances,
        }


def trace_ledger(
    ledger: str | Path,
    out: str | Path | None,
    asked: Asked,
    config: BatchConfig | None = None,
    *,
    bounds: bool = True,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Followed:
    """Read a ledger, follow the money of seeds, and write every table into a folder.

    Every file of the folder is whole or absent. Where the same inputs and choices have filled it
    before, and nobody changed it, nothing is done.

    Parameters
    ----------
    out
        Folder for the tables, as Parquet, and the holdings as CSV, too; None writes nothing.
    bounds
        Work out the rule-free bounds of the accounts that hold most, too.
    fresh
        Do it again, whatever is there.

    Raises
    ------
    ParameterError
        If `out` holds files that no trace put there.
    XBorderAMLError
        As `trace`, and as reading a ledger does.
    """
    config = config or BatchConfig()
    check(config)
    files = [*find_inputs(Path(ledger), config), *asked.files]
    inputs, folder, key = input_facts(files), None, ""
    if out is not None:
        folder = Path(out)
        own_folder(folder, "trace", [path for _, path in files])
        choices = {**asked.choices, "bounds": bounds, "reading": reading_choices(config)}
        key = key_of("trace", inputs, choices)
        if not fresh and is_filled(folder, "trace", key):
            return _kept(folder, progress)
    traced, incomplete = follow(ledger, asked, config, progress=progress)
    tables = {name: getattr(traced, name) for name in _WRITTEN}
    tables |= {"paths": traced.paths(), "worth": traced.worth_now()}
    if bounds:
        tables["bounds"] = traced.bounds()
    if folder is not None:
        told = {**_about(traced, tables), "incomplete": incomplete, "inputs": inputs,
                "versions": versions()}  # fmt: skip
        fill(folder, "trace", key, _writers(tables, told))
    if progress is not None:
        progress("trace", 1, 1)
    return Followed(traced.rule, tables, incomplete)


def follow(
    ledger: str | Path, asked: Asked, config: BatchConfig, *, progress: Progress | None = None
) -> tuple[Traced, tuple[str, ...]]:
    """Read a ledger and follow the money; also return what is incomplete, one sentence each.

    Raises
    ------
    XBorderAMLError
        As `trace`, and as reading a ledger does.
    """
    opening: Any = asked.opening_balances
    if opening not in (None, "least"):
        opening = _table(Path(opening), OPENINGS.dtypes)
    read = read_ledger_file(ledger, config, progress=progress)
    graph = TransactionGraph(read.transactions, read.accounts)
    wanted = [] if asked.seeds is None else [_seeds(asked.seeds)]
    if asked.payers:
        wanted.append(payments_from(graph, asked.payers, as_of=config.as_of))
    if progress is not None:
        progress("trace", 0, 1)
    traced = trace(
        graph,
        pl.concat([SEEDS.conform(frame) for frame in wanted]),
        rule=asked.rule,
        as_of=config.as_of,
        same_day=asked.same_day,
        opening_balances=opening,
    )
    return traced, _incomplete(traced, read.summary["rejects"])


def reading_choices(config: BatchConfig) -> dict[str, Any]:
    """Return the choices that bear on what is read; files are told by what is in them."""
    choices = config.to_dict("read")
    return {k: v for k, v in choices.items() if k not in ("accounts", "rates")} | {
        "as_of": None if config.as_of is None else str(config.as_of)
    }


def _kept(folder: Path, progress: Progress | None) -> Followed:
    """Return what a run before left in the folder."""
    if progress is not None:
        progress("trace: kept from the run before", 1, 1)
    told = json.loads((folder / "trace.json").read_text("utf-8"))
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in told["rows"]}
    return Followed(told["rule"], tables, tuple(told["incomplete"]), kept=True)


def _are_ids(text: str) -> bool:
    return all(part.strip().lstrip("-").isdecimal() for part in text.split(","))


def _seeds(text: str) -> pl.DataFrame:
    if _are_ids(text):
        ids = pl.Series("transaction_id", [int(part) for part in text.split(",")], pl.Int64)
        return SEEDS.conform(ids.to_frame())
    frame = _table(Path(text), SEEDS.dtypes)
    if "transaction_id" not in frame.columns:
        raise SchemaError(
            f"{text} lacks the column 'transaction_id'; it has {', '.join(frame.columns)}. A file "
            f"of seeds has any of {', '.join(SEEDS.names)}"
        )
    return SEEDS.conform(frame)


def _table(path: Path, types: dict[str, Any]) -> pl.DataFrame:
    if path.suffix.lower() in (".parquet", ".pq"):
        return pl.read_parquet(path)
    header = pl.read_csv(path, n_rows=0, infer_schema=False).columns
    try:
        known = {name: dtype for name, dtype in types.items() if name in header}
        return pl.read_csv(path, schema_overrides=known)
    except pl.exceptions.PolarsError as error:
        cause = str(error).splitlines()[0]
        raise SchemaError(f"{path} cannot be read as a table: {cause}") from error


def _about(traced: Traced, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    return {
        "rule": traced.rule,
        "same_day": traced.same_day,
        "as_of": None if traced.as_of is None else traced.as_of.isoformat(),
        "sinks": list(traced.sinks_by),
        "seeds": traced.seeds.select(SEEDS.names).rows(),
        "rows": {name: frame.height for name, frame in tables.items()},
    }


def _writers(tables: Mapping[str, pl.DataFrame], told: Mapping[str, Any]) -> Writers:
    """Return what writes each file; ``trace.json`` comes last."""
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return {
        **{f"{name}.parquet": frame.write_parquet for name, frame in tables.items()},
        "holdings.csv": inert(flat(tables["holdings"])).write_csv,
        "trace.json": text_writer(text),
    }


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
