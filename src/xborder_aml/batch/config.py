"""`BatchConfig`: every choice of a batch run, declared once, in TOML and on the command line."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import tomli_w

from xborder_aml.errors import DatasetUnavailableError, ParameterError, did_you_mean
from xborder_aml.jurisdictions import CURRENCIES, JURISDICTIONS

__all__ = ["STAGES", "BatchConfig", "Stage", "setting_of"]

Stage = Literal["read", "detect", "score", "refer", "report"]
STAGES: tuple[Stage, ...] = ("read", "detect", "score", "refer", "report")

_PATHS = ("accounts", "rates")
_LISTS_OF_PATHS = ("typologies",)
_NATURAL = {"top": 1, "workers": 1, "permutations": 1, "seed": 0}
"""Whole numbers, and the least that each may be."""


def _setting(default: Any, meaning: str, stage: Stage | None, *, shape: str = "text") -> Any:
    """Declare a choice: default, meaning, the first stage that it bears on, and its form."""
    told = {"meaning": meaning, "stage": stage, "shape": shape}
    if callable(default):
        return field(default_factory=default, metadata=told)
    return field(default=default, metadata=told)


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """Every choice of a batch run; what is not given has a neutral default.

    The fields are the keys of the TOML file, too; the mappings are its tables. Read more about a
    field with `setting_of`.

    Raises
    ------
    ParameterError
        If a value has the wrong form or lies out of range.

    Examples
    --------
    >>> BatchConfig(source="occrp", requesting="EE", top=20).to_dict("refer")
    {'requesting': 'EE', 'top': 20}
    >>> BatchConfig.from_dict({"permutation": 9})
    Traceback (most recent call last):
    ...
    xborder_aml.errors.ParameterError: configuration: there is no key 'permutation' (did you mean
    'permutations'?); the keys are source, columns, ...
    """

    source: str = _setting("generic", "Kind of ledger; `xborder-aml sources` lists them.", "read")
    columns: Mapping[str, str] = _setting(
        dict,
        "For source generic: which column is what, like originator=nameOrig; =VALUE in place of a "
        "column is a constant, like currency==EUR.",
        "read",
        shape="texts",
    )
    options: Mapping[str, Any] = _setting(
        dict,
        "Options of the source, like timezone=Europe/Tallinn or currency_names.Euro=EUR.",
        "read",
        shape="words",
    )
    accounts: str | None = _setting(
        None, "Accounts file; by default the one that the source keeps beside the ledger.", "read"
    )
    base_currency: str | None = _setting(
        None,
        "ISO 4217 code that amounts are compared in; by default the source's own, or the one "
        "currency of a ledger that has one.",
        "read",
    )
    rates: str | None = _setting(
        None,
        "File with the columns currency, date, rate (units of the base currency for one unit); by "
        "default the source's own conversion, or the European Central Bank's published rates.",
        "read",
    )
    on_missing_rate: Literal["raise", "keep"] = _setting(
        "raise", "Stop where a rate is missing, or keep the amount without a base amount.", "read"
    )
    strict: bool = _setting(
        False, "Stop at broken rows instead of setting them aside.", "read", shape="bool"
    )
    detectors: tuple[str, ...] = _setting(
        (),
        "Detectors to run; by default all that `xborder-aml detectors` lists.",
        "detect",
        shape="names",
    )
    typologies: tuple[str, ...] = _setting(
        (),
        "TOML files of typologies of your own, searched for beside the detectors.",
        "detect",
        shape="names",
    )
    parameters: Mapping[str, Mapping[str, Any]] = _setting(
        dict,
        "Parameters of the detectors that differ from their defaults, like round_trip.window=90d.",
        "detect",
        shape="tables",
    )
    permutations: int = _setting(
        9,
        "Permuted ledgers that make up the null of findings and scores.",
        "detect",
        shape="int",
    )
    seed: int = _setting(0, "Seed of the permutations.", "detect", shape="int")
    requesting: str | None = _setting(
        None,
        "ISO 3166-1 alpha-2 code of the authority that will ask; marks evidence that touches it.",
        "refer",
    )
    as_of: date | None = _setting(
        None,
        "Last day to look at: what came later is read, and neither searched nor scored; by "
        "default the whole ledger is.",
        "detect",
        shape="date",
    )
    top: int | None = _setting(
        None, "Keep only so many referrals, best first; by default all.", "refer", shape="int"
    )
    workers: int | None = _setting(
        None,
        "Threads or processes; by default all usable cores. The results are the same.",
        None,
        shape="int",
    )
    executor: Literal["threads", "processes"] = _setting(
        "threads",
        "Search in threads, or in processes: no faster, save for detectors in plain Python. The "
        "results are the same.",
        None,
    )

    def __post_init__(self) -> None:
        """Check every field."""
        for f in dataclasses.fields(self):
            _check(f.name, getattr(self, f.name), f.metadata["shape"], f.default is None)
        for name, least in _NATURAL.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ParameterError(f"{name}={value!r} must be at least {least}")
        for name, known, what in (
            ("base_currency", CURRENCIES, "ISO 4217 code, like EUR"),
            ("requesting", JURISDICTIONS, "ISO 3166-1 alpha-2 code, like EE"),
            ("on_missing_rate", ("raise", "keep"), "choice: raise or keep"),
            ("executor", ("threads", "processes"), "choice: threads or processes"),
        ):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise ParameterError(f"{name}={value!r} is no {what}{did_you_mean(value, known)}")

    # -- in and out ---------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BatchConfig:
        """Return the configuration with these values; an unknown key names its nearest neighbour.

        Raises
        ------
        ParameterError
            If a key is unknown or a value has the wrong form.
        """
        known = [f.name for f in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise ParameterError(
                    f"configuration: there is no key {key!r}{did_you_mean(key, known)}; the keys "
                    f"are {', '.join(known)}"
                )
        lists = {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
        return cls(**{**values, **lists})

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> BatchConfig:
        """Read a TOML file; its paths count from the folder that it lies in.

        Raises
        ------
        DatasetUnavailableError
            If there is no such file.
        ParameterError
            If it is not TOML, or a key or value is not known.
        """
        path = Path(path)
        if not path.is_file():
            raise DatasetUnavailableError(f"there is no file {str(path)!r}; check the path")
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ParameterError(f"{path.name} is not TOML: {error}") from error
        config = cls.from_dict(values)
        here: dict[str, Any] = {
            name: str(path.parent / given)
            for name in _PATHS
            if (given := getattr(config, name)) is not None
        }
        for name in _LISTS_OF_PATHS:
            here[name] = tuple(str(path.parent / given) for given in getattr(config, name))
        return dataclasses.replace(config, **here)

    def to_dict(self, *stages: Stage) -> dict[str, Any]:
        """Return the choices of these stages, by default all but how it is run, as plain values.

        What is None is left out, because TOML has no word for it.
        """
        out: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if f.metadata["stage"] not in (stages or STAGES) or value is None:
                continue
            if isinstance(value, tuple):
                value = list(value)
            out[f.name] = _sorted(value)
        return out

    def to_toml(self, folder: str | os.PathLike[str]) -> str:
        """Return the text of a TOML file for `folder`; how it is run is no part of it."""
        values = self.to_dict()
        for name in _PATHS:
            if name in values:
                values[name] = _seen_from(folder, values[name])
        for name in _LISTS_OF_PATHS:
            values[name] = [_seen_from(folder, given) for given in values[name]]
        return tomli_w.dumps({k: v for k, v in values.items() if v not in ({}, [])})


def _seen_from(folder: str | os.PathLike[str], path: str) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def setting_of(name: str) -> dataclasses.Field[Any]:
    """Return the declaration of one key: `default`, and `metadata` with its meaning and stage.

    Examples
    --------
    >>> setting_of("seed").metadata["meaning"]
    'Seed of the permutations.'
    """
    return next(f for f in dataclasses.fields(BatchConfig) if f.name == name)


_FORMS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("text", lambda v: isinstance(v, str)),
    "bool": ("true or false", lambda v: isinstance(v, bool)),
    "int": ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)),
    "date": ("a date like 2015-01-31", lambda v: type(v) is date),
    "names": ("a list of names", lambda v: isinstance(v, tuple) and _all(v, str)),
    "texts": ("a table of texts", lambda v: isinstance(v, Mapping) and _all(v.values(), str)),
    "words": (
        "a table of texts, or true and false",
        lambda v: isinstance(v, Mapping) and _all(v.values(), str | bool | Mapping),
    ),
    "tables": (
        "a table of tables, like [parameters.round_trip]",
        lambda v: isinstance(v, Mapping) and _all(v.values(), Mapping),
    ),
}
"""What each form is called, and its test. A date must not be a datetime, which is a date, too."""


def _sorted(value: Any) -> Any:
    """Return a table, and the tables in it, with sorted keys: their order means nothing."""
    if isinstance(value, Mapping):
        return {k: _sorted(value[k]) for k in sorted(value)}
    return value


def _all(values: Any, kind: Any) -> bool:
    return all(isinstance(v, kind) for v in values)


def _check(name: str, value: Any, shape: str, optional: bool) -> None:
    called, fits = _FORMS[shape]
    if not (fits(value) or (optional and value is None)):
        if isinstance(value, datetime):
            value = str(value)
        raise ParameterError(f"{name}={value!r} must be {called}")
