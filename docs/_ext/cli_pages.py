"""The command line's reference, from its click commands."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import click
from mdtext import cell, literal, table

from xborder_aml.cli import main

PROGRAM = "xborder-aml"


def pages() -> dict[str, str]:
    """Return path below reference/ to text."""
    out = [section(main, [PROGRAM])] if not isinstance(main, click.Group) else []
    if isinstance(main, click.Group):
        rows = [
            [f"[`{PROGRAM} {n}`](#command-{n})", cell(c.get_short_help_str(200))]
            for n, c in main.commands.items()
        ]
        out = [table(["Command", "What it does"], rows), ""]
        out += [text for n, c in main.commands.items() for text in sections(c, [PROGRAM, n])]
    return {"generated/commands.md": "\n".join(out)}


def sections(command: click.Command, path: list[str]) -> list[str]:
    """Return a command, and those that it is a group of."""
    out = [section(command, path)]
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            out += sections(part, [*path, name])
    return out


def section(command: click.Command, path: list[str]) -> str:
    """Return one command: what it does, how it is called, its arguments and options."""
    context = click.Context(command, info_name=path[-1])
    usage = " ".join([*path, *command.collect_usage_pieces(context)])
    text = prose(inspect.cleandoc(command.help or ""))
    rows = [
        [literal(names(p)), literal(shown) if (shown := default(p)) else "", cell(p.help or "")]
        for p in command.params
        if isinstance(p, click.Option) and not p.hidden
    ]
    label, title = "-".join(path[1:]), " ".join(path[1:])
    body = [f"(command-{label})=", "", f"## {title}", "", text, ""]
    body += ["```console", f"$ {usage}", "```", ""]
    if rows:
        head = ["Option", "Default", "Meaning"]
        if not any(row[1] for row in rows):
            head, rows = [head[0], head[2]], [[row[0], row[2]] for row in rows]
        body += [table(head, rows), ""]
    return "\n".join(body)


def prose(text: str) -> str:
    """Return a command's help as Markdown: what click keeps as it stands becomes a block.

    >>> print(prose("Do it.\\n\\n\\b\\nHolds:\\n  a  b"))
    Do it.
    <BLANKLINE>
    Holds:
    <BLANKLINE>
    ```text
    a  b
    ```
    """
    out = []
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith("\b\n"):
            out.append(paragraph)
            continue
        first, _, rest = paragraph[2:].partition("\n")
        out += [first, f"```text\n{textwrap.dedent(rest)}\n```"]
    return "\n\n".join(out)


def names(option: click.Option) -> str:
    """Return an option's spellings and what it takes."""
    spelled = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag or option.count:
        return spelled
    if isinstance(option.type, click.Choice):
        return f"{spelled} [{', '.join(map(str, option.type.choices))}]"
    return f"{spelled} {option.metavar or option.type.name.upper()}"


def default(option: click.Option) -> str:
    """Return what holds when the option is not given, where that says something."""
    value: Any = option.default
    if callable(value) or value in (None, (), False, "") or "UNSET" in repr(value).upper():
        return ""
    return str(value)
