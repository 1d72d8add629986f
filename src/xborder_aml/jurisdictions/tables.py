"""The packaged tables of law and co-operation, and the user's own laid over them.

Each row names its source, the day as of which it was written down and its status: `verified`
against the source named, `recalled` from memory or from a source without a name or a date, `stale`
because the copy that was read is old, `unknown` where it was looked for and not found. A date may
be a year or a month where the day is not known, `2025-06`, or a bound: `../2025-06`, `2025-06/..`.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from xborder_aml.errors import DatasetUnavailableError, ParameterError, did_you_mean
from xborder_aml.jurisdictions import jurisdiction_code
from xborder_aml.jurisdictions.facts import (
    FUNCTIONS,
    KINDS,
    PREDICATES,
    ROLES,
    STATUSES,
    UNITS,
    Channel,
    Clock,
    Confiscation,
    Fact,
    Instrument,
    Membership,
    ValueRule,
)
from xborder_aml.jurisdictions.partial import partial_date

__all__ = ["JurisdictionTables", "jurisdiction_tables"]


@dataclass(frozen=True)
class JurisdictionTables:
    """All tables that `channels` reads; treat them as frozen.

    Parameters
    ----------
    instruments, memberships, channels, clocks, value_rules, confiscation
        Rows; the order of `channels` is the order in which channels are tried for one function.
    """

    instruments: tuple[Instrument, ...]
    memberships: tuple[Membership, ...]
    channels: tuple[Channel, ...]
    clocks: tuple[Clock, ...]
    value_rules: tuple[ValueRule, ...]
    confiscation: tuple[Confiscation, ...]

    @cached_property
    def by_member(self) -> dict[tuple[str, str], list[Membership]]:
        """Memberships by instrument and jurisdiction."""
        out: dict[tuple[str, str], list[Membership]] = {}
        for row in self.memberships:
            out.setdefault((row.instrument, row.jurisdiction), []).append(row)
        return out

    @cached_property
    def by_instrument(self) -> dict[str, Instrument]:
        """Instruments by identifier."""
        return {row.instrument: row for row in self.instruments}

    def rows(self) -> Iterable[tuple[str, Fact]]:
        """Yield every row with the name of its table."""
        for field in fields(self):
            for row in getattr(self, field.name):
                yield field.name, row


_ROW: dict[str, type[Fact]] = {
    "instruments": Instrument,
    "memberships": Membership,
    "channels": Channel,
    "clocks": Clock,
    "value_rules": ValueRule,
    "confiscation": Confiscation,
}
# What a user's row replaces: every packaged row that is equal in these.
_KEY: dict[str, tuple[str, ...]] = {
    "instruments": ("instrument",),
    "memberships": ("instrument", "jurisdiction"),
    "channels": ("channel",),
    "clocks": ("channel", "function"),
    "value_rules": ("channel", "function"),
    "confiscation": ("jurisdiction",),
}


def jurisdiction_tables(*own: str | os.PathLike[str]) -> JurisdictionTables:
    """Return the packaged tables with the user's own laid over them, the last on top.

    Parameters
    ----------
    *own
        TOML files with ``[[memberships]]``, ``[[channels]]``, ``[[clocks]]``, ``[[value_rules]]``,
        ``[[confiscation]]`` and ``[[instruments]]``; or CSV files that are named as a table. Rows
        replace the packaged rows of the same key; each needs ``source``, ``as_of`` and ``status``.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file.
    ParameterError
        If a file, table, column or value is not understood.

    Examples
    --------
    >>> sorted({row.status for _, row in jurisdiction_tables().rows()})
    ['recalled', 'stale', 'unknown', 'verified']
    """
    tables = _packaged()
    for path in own:
        tables = _overlaid(tables, _read_own(Path(path)))
    _check_whole(tables)
    return tables


@cache
def _packaged() -> JurisdictionTables:
    folder = files("xborder_aml.jurisdictions")

    def read(name: str) -> list[dict[str, Any]]:
        text = folder.joinpath(f"{name}.csv").read_text("utf-8")
        return list(csv.DictReader(text.splitlines()))

    raw = {name: read(name) for name in _ROW}
    raw["memberships"] += [
        {**row, "instrument": "EU", "role": "party", "jurisdictions": row["jurisdiction"]}
        for row in read("eu")
    ]
    return JurisdictionTables(**{n: tuple(_rows(n, r, f"{n}.csv")) for n, r in raw.items()})


def _read_own(path: Path) -> dict[str, list[Any]]:
    if not path.is_file():
        raise DatasetUnavailableError(f"there is no file {str(path)!r} of tables; check the path")
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            raw: dict[str, Any] = {path.stem: list(csv.DictReader(file))}
    else:
        try:
            raw = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ParameterError(f"{path.name} is no TOML file: {error}") from error
    for name, rows in raw.items():
        if name not in _ROW:
            raise ParameterError(
                f"{path.name} has a table {name!r}{did_you_mean(name, _ROW)}; the tables are "
                f"{', '.join(_ROW)}"
            )
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ParameterError(f"{path.name}: write each row of {name} under [[{name}]]")
    return {name: list(_rows(name, rows, path.name)) for name, rows in raw.items()}


def _overlaid(tables: JurisdictionTables, own: Mapping[str, list[Any]]) -> JurisdictionTables:
    changed = {}
    for name, rows in own.items():
        key = _KEY[name]
        new = {tuple(getattr(row, k) for k in key) for row in rows}
        kept = [r for r in getattr(tables, name) if tuple(getattr(r, k) for k in key) not in new]
        # A user's channels are tried first: a treaty between two goes before one among many.
        changed[name] = (*rows, *kept) if name == "channels" else (*kept, *rows)
    return replace(tables, **changed)


def _rows(name: str, raw: Iterable[Mapping[str, Any]], where: str) -> Iterable[Any]:
    for number, given in enumerate(raw, 1):
        row = {k: v for k, v in given.items() if v not in ("", None)}
        place = f"{where}, row {number} of {name}"
        codes = row.pop("jurisdictions", None)
        if codes is None or name != "memberships":
            yield _row(name, row, place)
            continue
        row.pop("jurisdiction", None)
        for code in codes.split() if isinstance(codes, str) else codes:
            yield _row(name, {**row, "jurisdiction": code}, place)


def _row(name: str, row: dict[str, Any], place: str) -> Any:
    kind = _ROW[name]
    known = {field.name: field for field in fields(kind)}
    for column in row:
        if column not in known:
            raise ParameterError(
                f"{place}: there is no column {column!r}{did_you_mean(column, known)}; the columns "
                f"are {', '.join(known)}"
            )
    read = {column: _value(column, value, place) for column, value in row.items()}
    if kind is ValueRule:
        read = {"comparator": "", "amount": None, "currency": "", **read}
    if kind is Membership:
        read.setdefault("role", "party")
    try:
        return kind(**read)
    except TypeError as error:
        needed = [c for c, f in known.items() if c not in read and f.default is MISSING]
        raise ParameterError(
            f"{place}: a column is missing; it has {', '.join(read)} and not "
            f"{', '.join(needed)}. Every row needs source, as_of and status"
        ) from error


def _value(column: str, value: Any, place: str) -> Any:
    try:
        if column in _READ:
            return _READ[column](value)
        return str(value)
    except ValueError as error:
        raise ParameterError(f"{place}: {column} is {value!r}; {error}") from error


def _one_of(allowed: Iterable[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(
                f"it may be {', '.join(allowed)}{did_you_mean(str(value), list(allowed))}"
            )
        return str(value)

    return read


def _several(allowed: Iterable[str]) -> Callable[[Any], tuple[str, ...]]:
    check = _one_of(allowed)

    def read(value: Any) -> tuple[str, ...]:
        return tuple(map(check, value.split() if isinstance(value, str) else value))

    return read


def _code(value: Any) -> str:
    code = jurisdiction_code(str(value))
    if code is None:
        raise ValueError("write an ISO 3166-1 alpha-2 code such as 'EE'")
    return code


def _needs(value: Any) -> tuple[str, ...]:
    return tuple(str(value).split("|") if isinstance(value, str) else map(str, value))


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _number(value: Any) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("it may not be negative")
    return number


_READ: dict[str, Callable[[Any], Any]] = {
    "amount": _number,
    "as_of": _day,
    "complete_until": _day,
    "comparator": _one_of((">", ">=", "<", "<=")),
    "function": _one_of(FUNCTIONS),
    "functions": _several(FUNCTIONS),
    "in_force": partial_date,
    "jurisdiction": _code,
    "kind": str,
    "needs": _needs,
    "predicates": _several(("any", *PREDICATES)),
    "role": _one_of(ROLES),
    "since": partial_date,
    "status": _one_of(STATUSES),
    "unit": _one_of(UNITS),
    "until": partial_date,
}


def _check_whole(tables: JurisdictionTables) -> None:
    """Check what one row says of another.

    Raises
    ------
    ParameterError
        If a row names an instrument, channel or kind that is not there.
    """
    instruments = {row.instrument for row in tables.instruments}
    for member in tables.memberships:
        _require(member.instrument, instruments, "memberships name the instrument", "instruments")
    for channel in tables.channels:
        _require(channel.kind, KINDS, f"channel {channel.channel} has the kind", "")
    bound: tuple[Channel | Clock, ...] = (*tables.channels, *tables.clocks)
    for limited in bound:
        for side in limited.parties.split(">"):
            codes = [jurisdiction_code(part) for part in side.split("+")]
            if side != "*" and side not in instruments and None in codes:
                who = "channel" if isinstance(limited, Channel) else "a clock of"
                _require(side, instruments, f"{who} {limited.channel} is for", "instruments")
    ids = {row.channel for row in tables.channels}
    for name, rows in (("clocks", tables.clocks), ("value_rules", tables.value_rules)):
        for row in rows:
            _require(row.channel, ids, f"{name} name the channel", "channels")


def _require(name: str, known: Iterable[str], what: str, table: str) -> None:
    if name not in known:
        cure = f"; add it under [[{table}]]" if table else f"; it may be {', '.join(known)}"
        raise ParameterError(
            f"{what} {name!r}{did_you_mean(name, known)}, which is not known{cure}"
        )
