"""Options of the commands, made from the declarations of `BatchConfig`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from xborder_aml.batch.config import BatchConfig, setting_of
from xborder_aml.errors import ParameterError

__all__ = ["FOLLOWING", "READING", "config_of", "config_options", "following", "fresh_option"]

_SPELLINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "source": ("--source", {"metavar": "NAME"}),
    "columns": ("--columns", {"metavar": "NAME=COLUMN,...", "multiple": True}),
    "options": ("--option", {"metavar": "NAME=VALUE", "multiple": True}),
    "accounts": ("--accounts", {"metavar": "FILE"}),
    "base_currency": ("--base-currency", {"metavar": "CODE"}),
    "rates": ("--rates", {"metavar": "FILE"}),
    "on_missing_rate": ("--on-missing-rate", {"type": click.Choice(["raise", "keep"])}),
    "strict": ("--strict/--no-strict", {}),
    "detectors": ("--detectors", {"metavar": "NAME,...", "multiple": True}),
    "typologies": ("--typology", {"metavar": "FILE", "multiple": True}),
    "parameters": ("--set", {"metavar": "DETECTOR.PARAMETER=VALUE", "multiple": True}),
    "permutations": ("--permutations", {"metavar": "N", "type": int}),
    "seed": ("--seed", {"metavar": "N", "type": int}),
    "requesting": ("--requesting", {"metavar": "CODE"}),
    "as_of": ("--as-of", {"metavar": "DATE", "type": click.DateTime(["%Y-%m-%d"])}),
    "top": ("--top", {"metavar": "N", "type": int}),
    "workers": ("--workers", {"metavar": "N", "type": int}),
    "executor": ("--executor", {"type": click.Choice(["threads", "processes"])}),
}
"""How each key of the configuration is spelled on the command line."""


READING = (
    "source", "columns", "options", "accounts", "base_currency", "rates", "on_missing_rate",
    "strict",
)  # fmt: skip
"""Keys of the configuration that say how a ledger is read."""

FOLLOWING = ("seeds", "payers", "rule", "same_day", "opening_balances")
"""Options that `following` adds, by the names of their values."""

_VALUE_RULES = ("fifo", "lifo", "pro_rata", "clean_first", "taint_first", "tiho")

fresh_option = click.option(
    "--fresh", is_flag=True, help="Take over nothing from a run before, and do it all again."
)


def following(*, poison: bool) -> Callable[[Any], Any]:
    """Add the options that say whose money is followed, and by which rule.

    Parameters
    ----------
    poison
        Whether the rule may be the one that attributes no value.
    """
    rules = [*_VALUE_RULES, "poison"] if poison else list(_VALUE_RULES)
    options = (
        click.option(
            "--seeds",
            metavar="IDS|FILE",
            help="Transactions whose money is followed: their ids, joined by commas, or a CSV or "
            "Parquet file with the column transaction_id and, if wanted, claim and amount_minor.",
        ),
        click.option(
            "--from",
            "payers",
            metavar="ACCOUNT",
            multiple=True,
            help="Follow all that this account paid to others; may be given more than once.",
        ),
        click.option(
            "--rule",
            type=click.Choice(rules),
            default="fifo",
            show_default=True,
            help="Whose money leaves an account first.",
        ),
        click.option(
            "--same-day",
            type=click.Choice(["ledger", "credits_first", "debits_first", "range"]),
            default="ledger",
            show_default=True,
            help="Order of transactions of the same time; range runs all three.",
        ),
        click.option(
            "--opening-balances",
            metavar="least|FILE",
            help="Balances before the ledger: the least that no payment overdraws, or a file with "
            "the columns account, currency and balance_minor. By default accounts begin empty.",
        ),
    )

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def config_options(*names: str) -> Callable[[Any], Any]:
    """Add the options of these keys, and ``--config``, to a command."""

    def add(function: Any) -> Any:
        for name in reversed(names):
            spelling, settings = _SPELLINGS[name]
            default = setting_of(name).default
            told = setting_of(name).metadata["meaning"]
            if isinstance(default, str | int) and not isinstance(default, bool):
                told += f"  [default: {default}]"
            # A default of None tells what the user gave from what he left to the file.
            function = click.option(spelling, name, default=None, help=told, **settings)(function)
        return click.option(
            "--config",
            metavar="FILE",
            help="TOML file with any of these options, named as in config.toml of a finished run; "
            "options given here go before it.",
        )(function)

    return add


def config_of(values: dict[str, Any]) -> BatchConfig:
    """Take the options of a configuration out of a command's values, over its ``--config`` file.

    Raises
    ------
    ParameterError
        If the file or an option cannot be understood.
    """
    path = values.pop("config")
    config = BatchConfig() if path is None else BatchConfig.from_toml(path)
    given = {n: values.pop(n) for n in list(values) if n in _SPELLINGS}
    given = {n: v for n, v in given.items() if v is not None and v != ()}
    for name, texts in list(given.items()):
        if name == "columns":
            given[name] = {**config.columns, **_pairs(_split(texts), "--columns")}
        elif name == "options":
            given[name] = _options(config, _pairs(texts, "--option"))
        elif name == "detectors":
            given[name] = tuple(_split(texts))
        elif name == "typologies":
            given[name] = tuple(texts)
        elif name == "parameters":
            given[name] = _parameters(config, _pairs(texts, "--set"))
        elif isinstance(texts, datetime):
            given[name] = texts.date()
    return replace(config, **given)


def _split(texts: Iterable[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    out = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key.strip() and equals and value):
            raise ParameterError(f"{option} takes NAME=VALUE, and got {text!r}")
        out[key.strip()] = value.strip()
    return out


def _options(config: BatchConfig, pairs: dict[str, str]) -> dict[str, Any]:
    """Put options over those of the file; a dot leads into a table."""
    out = dict(config.options)
    for key, text in pairs.items():
        value = {"true": True, "false": False}.get(text, text)
        table, dot, entry = key.partition(".")
        out[table] = {**out.get(table, {}), entry: value} if dot else value
    return out


def _parameters(config: BatchConfig, pairs: dict[str, str]) -> dict[str, dict[str, Any]]:
    out = {name: dict(values) for name, values in config.parameters.items()}
    for key, text in pairs.items():
        detector, dot, parameter = key.partition(".")
        if not (detector and dot and parameter):
            raise ParameterError(
                f"--set takes DETECTOR.PARAMETER=VALUE, like round_trip.window=90d, and got {key!r}"
            )
        out.setdefault(detector, {})[parameter] = _value(text)
    return out


def _value(text: str) -> Any:
    """Read a value as the TOML file would; what is no TOML value is text, like 90d."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
