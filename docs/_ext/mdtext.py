"""Markdown in small pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def cell(text: object) -> str:
    """Return text that is safe inside a table cell.

    >>> cell("a | b\\nc")
    'a \\\\| b c'
    """
    return " ".join(str(text).split()).replace("|", "\\|")


def literal(value: Any) -> str:
    """Return a value as inline code.

    >>> literal("x"), literal(3)
    ('`x`', '`3`')
    """
    return f"`{cell(value)}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a pipe table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "|" + "|".join(c if c == "---" else f" {c} " for c in line) + "|" for line in lines
    )
