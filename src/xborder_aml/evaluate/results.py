"""`Results`: the raw records of an evaluation, one JSON object a line, and their tables."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.errors import DataError, DatasetUnavailableError, ParameterError, did_you_mean
from xborder_aml.evaluate.measure import METRICS

__all__ = ["Results", "manifest", "record", "versions"]

_FORMAT = 1
_KEY = ("dataset", "split", "fold", "variant", "task", "method")


@dataclass(frozen=True, eq=False)
class Results:
    """What an evaluation found.

    Parameters
    ----------
    records
        Plain values. The first is the manifest: what was evaluated, by what, with which versions.
        The ``kind`` of the others is ``result``, ``comparison``, ``check``, ``artefact`` or
        ``skipped``.
    scores
        What each method said of each transaction of the test parts, columns as `SCORES`; None for
        records that were read.
    """

    records: Sequence[Mapping[str, Any]]
    scores: pl.DataFrame | None = None

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What was evaluated: datasets with their hashes, choices, seed, versions."""
        return self.records[0]

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the records of a kind."""
        return [r for r in self.records if r["kind"] == kind]

    def table(self, metric: str = "average_precision") -> pl.DataFrame:
        """Return one metric of every result, with its interval.

        Raises
        ------
        ParameterError
            If there is no such metric.
        """
        if metric not in METRICS:
            raise ParameterError(
                f"there is no metric {metric!r}{did_you_mean(metric, METRICS)}; the metrics are "
                f"{', '.join(METRICS)}"
            )
        rows = [
            {
                **{k: r[k] for k in _KEY},
                "n": r["n"],
                "n_positive": r["n_positive"],
                **r["metrics"].get(metric, {"value": None, "low": None, "high": None}),
            }
            for r in self.of("result")
        ]
        numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
        schema = {
            **dict.fromkeys(_KEY, pl.String),
            "n": pl.Int64,
            "n_positive": pl.Int64,
            **numbers,
        }
        return pl.DataFrame(rows, schema=schema)

    def to_jsonl(self) -> str:
        """Return the records as text; the same evaluation gives the same bytes."""
        return "".join(
            json.dumps(r, ensure_ascii=False, allow_nan=False) + "\n" for r in self.records
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the records; the file is whole or absent."""
        with _aside(Path(path)) as aside:
            aside.write_text(self.to_jsonl(), encoding="utf-8", newline="\n")
        return Path(path)

    def write_scores(self, path: str | os.PathLike[str]) -> Path:
        """Write the raw scores as Parquet; the file is whole or absent.

        Raises
        ------
        DataError
            If these are records that were read, which hold no scores.
        """
        if self.scores is None:
            raise DataError(
                "these results were read from results.jsonl, which holds no scores; read "
                "scores.parquet beside it, or evaluate again"
            )
        with _aside(Path(path)) as aside:
            self.scores.write_parquet(aside)
        return Path(path)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Results:
        """Read the records that `write` wrote; a folder stands for its results.jsonl.

        Raises
        ------
        DatasetUnavailableError
            If there is no such file.
        DataError
            If it is no such file.
        """
        file = Path(path)
        file = file / "results.jsonl" if file.is_dir() else file
        if not file.is_file():
            raise DatasetUnavailableError(
                f"there are no results at {str(file)!r}; name a folder that `xborder-aml evaluate "
                "--out` wrote, or its results.jsonl"
            )
        try:
            records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        except ValueError as error:
            raise DataError(f"{file} is not a file of JSON lines: {error}") from error
        first = records[0] if records else {}
        if not isinstance(first, dict) or first.get("kind") != "manifest":
            raise DataError(
                f"{file} does not begin with a manifest; name a file that `xborder-aml evaluate "
                "--out` wrote"
            )
        if first["format"] != _FORMAT:
            raise DataError(
                f"{file} has format {first['format']}, and this version reads {_FORMAT}; "
                "evaluate again"
            )
        return cls(records)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Give a path to write to, which takes the place of the target when all is written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.partial")
    try:
        yield aside
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def record(kind: str, **values: Any) -> dict[str, Any]:
    """Return a record: numbers rounded to six decimals, what has no value as null."""
    plain: dict[str, Any] = _plain({"kind": kind, **values})
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return round(value, 6) + 0.0 if math.isfinite(value) else None
    return value


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each package, of those that are installed."""
    out = {}
    for name in sorted({"xborder-aml", "numpy", "polars", *packages}):
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            out[name] = "not installed"
    return out


def manifest(**values: Any) -> dict[str, Any]:
    """Return the first record."""
    return record("manifest", format=_FORMAT, **values)
