"""The commands that list the public data sets and tell about one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from xborder_aml.cli._talk import aligned

__all__ = ["datasets"]

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_data_dir = click.option(
    "--data-dir",
    metavar="DIR",
    help="Folder with a folder for each set; by default the one that XBORDER_AML_DATA names.",
)


@click.group(
    invoke_without_command=True, short_help="List the public data sets, and what is known of one."
)
@_data_dir
@_as_json
@click.pass_context
def datasets(context: click.Context, data_dir: str | None, as_json: bool) -> None:
    """List the public data sets that can be loaded by name: rows, licence, present or absent.

    No set comes with the library: `datasets show NAME` says where to get one, under which terms,
    and in which folder to put it. Where rows are given, loading a set with another number of them
    is refused.
    """
    context.obj = (data_dir, as_json)
    if context.invoked_subcommand is not None:
        return
    from xborder_aml.datasets import CARDS, missing_files

    listed = [
        {
            "name": card.name,
            "rows": card.rows,
            "kind": card.kind,
            "licence": card.licence,
            "is_present": not missing_files(card, data_dir),
        }
        for card in CARDS.values()
    ]
    if as_json:
        click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    rows = [
        [
            str(row["name"]),
            "your own" if row["rows"] is None else f"{row['rows']:,}",
            str(row["kind"]),
            "present" if row["is_present"] else "absent",
            str(row["licence"]),
        ]
        for row in listed
    ]
    click.echo(aligned(["name", "rows", "kind", "here", "licence"], rows, widest=60))


@datasets.command(short_help="Tell what is known of a data set, and how to get it.")
@click.argument("name")
@_data_dir
@_as_json
@click.pass_obj
def show(asked: tuple[str | None, bool], name: str, data_dir: str | None, as_json: bool) -> None:
    """Tell what is known of the data set NAME: use and misuse, terms, files, and how to get it."""
    from xborder_aml.datasets import card, data_folder, missing_files

    data_dir = asked[0] if data_dir is None else data_dir  # given before or after `show`
    known = card(name)
    lacks = missing_files(known, data_dir)
    if as_json or asked[1]:
        told = {**asdict(known), "is_present": not lacks}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    place = data_folder(data_dir) / known.folders[0]
    click.echo(f"{known.title} ({known.name}, {known.kind})\n{known.description}\n")
    facts = [
        ("labels", known.labels),
        ("use", known.use),
        ("not for", known.not_for),
        ("cite", known.citation),
        ("licence", known.licence),
        ("get it", f"{known.how}: {known.home}"),
        *((_role(file), _file(file)) for file in known.files),
        ("counted", known.counted),
        *(("compared", fact) for fact in known.compared),
        *(("unverified", fact) for fact in known.unverified),
        ("here", "present" if not lacks else f"absent: {place} lacks {', '.join(lacks)}"),
    ]
    for what, fact in facts:
        if fact:
            click.echo(f"{what + ':':<13} {fact}")


def _role(file: Any) -> str:
    return "file" if file.is_required else "file, if any"


def _file(file: Any) -> str:
    rows = "" if file.rows is None else f", {file.rows:,} rows"
    return f"{' or '.join(file.names)} ({file.role}{rows})"
