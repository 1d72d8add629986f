"""Fragments for the data model, the sources and the errors."""

from __future__ import annotations

import inspect
from typing import Any

from mdtext import cell, literal, table

from xborder_aml import errors
from xborder_aml.schema import TABLES
from xborder_aml.sources import SOURCES


def pages() -> dict[str, str]:
    """Return path below reference/ to text."""
    return {
        "generated/tables.md": "\n".join(one_table(t) for t in TABLES),
        "generated/sources.md": sources(),
        "generated/errors.md": tree(errors.XBorderAMLError),
    }


def type_name(dtype: Any) -> str:
    """Return a short name of a polars type.

    >>> import polars as pl
    >>> type_name(pl.Datetime("us", "UTC")), type_name(pl.Enum(["a", "b"])), type_name(pl.Int64)
    ('Datetime (us, UTC)', 'Enum of 2', 'Int64')
    """
    kind = type(dtype).__name__ if not inspect.isclass(dtype) else dtype.__name__
    if kind == "Enum":
        return f"Enum of {len(dtype.categories)}"
    if kind == "Datetime":
        return f"Datetime ({dtype.time_unit}, {dtype.time_zone})"
    if kind == "List":
        return f"List of {type_name(dtype.inner)}"
    return kind


def one_table(t: Any) -> str:
    """Return the section of one table."""
    rows = []
    for c in t:
        note = "optional" if c.optional else "nullable" if c.nullable else ""
        rows.append([literal(c.name), type_name(c.dtype), note, cell(c.meaning)])
    body = table(["Column", "Type", "", "Meaning"], rows)
    return f"({t.name}-table)=\n\n## {t.name}\n\n{t.meaning}\n\n{body}\n"


def sources() -> str:
    """Return one section a source: what it is and the columns that it expects."""
    rows = [[f"[`{s.name}`](#source-{s.name})", cell(first(s.description))] for s in SOURCES.values()]
    out = [table(["Name", "What it reads"], rows), ""]
    for s in SOURCES.values():
        columns = ", ".join(f"`{c}`" for c in s.columns)
        out += [f"(source-{s.name})=", "", f"## {s.name}", "", s.description, ""]
        if columns:
            out += [f"Expects the columns {columns}.", ""]
        detail = inspect.getdoc(inspect.getmodule(s.read)) or ""
        rest = detail.partition("\n\n")[2].strip()
        if rest:
            out += [rest, ""]
    return "\n".join(out)


def first(text: str) -> str:
    """Return the first paragraph."""
    return text.strip().split("\n\n", 1)[0]


def tree(error: type, depth: int = 0) -> str:
    """Return an error and those below it as a nested list."""
    line = f"{'  ' * depth}- {{py:obj}}`xborder_aml.errors.{error.__name__}`: {first(inspect.getdoc(error) or '')}"
    return "\n".join([line, *(tree(e, depth + 1) for e in error.__subclasses__())])
