"""The commands that tell what there is: detectors, sources, warmup."""

from __future__ import annotations

import json
from typing import Any

import click

from xborder_aml.cli._group import verbosity
from xborder_aml.cli._talk import Talk, aligned

__all__ = ["detectors", "sources", "warmup"]

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.command(short_help="List the detectors, with every parameter, its default and its unit.")
@_as_json
def detectors(as_json: bool) -> None:
    """List the detectors, with every parameter, its default, unit and meaning.

    A parameter is set with --set DETECTOR.PARAMETER=VALUE, or under [parameters.DETECTOR] in the
    TOML file. Caps bound the work for one anchor; reaching one is told, and is no part of what a
    pattern is. Where a ledger has dates and no times, the default is the one in brackets.
    """
    from xborder_aml.batch import describe_detectors

    listed = describe_detectors()
    if as_json:
        return click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    for detector in listed:
        click.echo(f"{detector['name']} (version {detector['version']}): {detector['summary']}")
        rows = [[_default(p), p["unit"] or "-", _meaning(p)] for p in detector["parameters"]]
        names = [f"  {p['name']}" for p in detector["parameters"]]
        table = [[n, *row] for n, row in zip(names, rows, strict=True)]
        click.echo(aligned(["  parameter", "default", "unit", "meaning"], table, widest=90))
        click.echo()
    return None


def _default(parameter: dict[str, Any]) -> str:
    coarse = parameter.get("default_by_day")
    return str(parameter["default"]) + ("" if coarse is None else f" [{coarse}]")


def _meaning(parameter: dict[str, Any]) -> str:
    return ("Cap: " if parameter["is_cap"] else "") + str(parameter["meaning"])


@click.command(short_help="List the kinds of ledger that can be read by name.")
@_as_json
def sources(as_json: bool) -> None:
    """List the kinds of ledger that --source names, with their columns and options."""
    from xborder_aml.batch import describe_sources

    listed = describe_sources()
    if as_json:
        return click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    for source in listed:
        click.echo(f"{source['name']}: {source['description']}")
        if source["columns"]:
            click.echo(f"  columns: {', '.join(source['columns'])}")
        for option, names in (("--columns", source["maps"]), ("--option", source["options"])):
            rows = [[f"  {option} {name}=...", meaning] for name, meaning in names.items()]
            if rows:
                click.echo(aligned(["  can be given", "meaning"], rows, widest=100))
        click.echo()
    return None


@click.command(short_help="Compile every kernel, so that the next run starts at once.")
@verbosity
def warmup() -> None:
    """Compile every kernel on a tiny ledger, and print the folder that keeps the machine code.

    The environment variables XBORDER_AML_CACHE and XDG_CACHE_HOME say where it goes.
    """
    from xborder_aml.batch import warm_up

    with Talk() as talk:
        folder = warm_up(talk)
    if folder is None:
        talk.insist("no folder can be written: each process compiles anew; set XBORDER_AML_CACHE")
    else:
        click.echo(str(folder))
