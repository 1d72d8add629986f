"""Fragments for the data model, the sources, the thresholds and the errors."""

from __future__ import annotations

import csv
import inspect
import re
from collections import Counter
from importlib.resources import files
from typing import Any

from mdtext import cell, literal, table

from xborder_aml import errors
from xborder_aml.evaluate import CHECKS as LEAK_CHECKS
from xborder_aml.evaluate import METHODS, METRICS, SPLITS, TASKS, VARIANTS
from xborder_aml.jurisdictions.channels import CHANNELS
from xborder_aml.jurisdictions.checks import CHECKS
from xborder_aml.jurisdictions.facts import FUNCTIONS, STATUSES
from xborder_aml.jurisdictions.tables import jurisdiction_tables
from xborder_aml.normalise import RAW_COLUMNS
from xborder_aml.outcomes.tables import TABLES as OUTCOME_TABLES
from xborder_aml.referral.decision import DECISION_CODES
from xborder_aml.referral.recompute import WAYS
from xborder_aml.referral.tables import STEPS
from xborder_aml.referral.tables import TABLES as REFERRAL_TABLES
from xborder_aml.schema import CURRENCY, JURISDICTION, TABLES
from xborder_aml.sources import SOURCES
from xborder_aml.tracing.tables import TABLES as TRACE_TABLES


def pages() -> dict[str, str]:
    """Return path below reference/ to text."""
    return {
        "generated/tables.md": "\n".join(one_table(t) for t in (*TABLES, CHANNELS, CHECKS)),
        "generated/channels.md": channels(),
        "generated/trace-tables.md": "\n".join(one_table(t) for t in TRACE_TABLES),
        "generated/outcome-tables.md": "\n".join(one_table(t) for t in OUTCOME_TABLES),
        "generated/referral-tables.md": "\n".join(one_table(t) for t in REFERRAL_TABLES),
        "generated/decision-codes.md": words("Code", DECISION_CODES),
        "generated/referral-ways.md": words(
            "How", {n: (inspect.getdoc(f) or "").split("\n\n")[0] for n, f in WAYS.items()}
        ),
        "generated/waterfall-steps.md": words("Step", STEPS),
        "generated/sources.md": sources(),
        "generated/thresholds.md": thresholds(),
        "generated/evaluation.md": evaluation(),
        "generated/errors.md": tree(errors.XBorderAMLError),
    }


def words(head: str, meanings: dict[str, str]) -> str:
    """Return a table of names and what each says."""
    return table([head, "Meaning"], [[literal(n), cell(m)] for n, m in meanings.items()])


def type_name(dtype: Any) -> str:
    """Return a short name of a polars type.

    >>> import polars as pl
    >>> type_name(pl.Datetime("us", "UTC")), type_name(pl.Enum(["a", "b"])), type_name(pl.Int64)
    ('Datetime (us, UTC)', 'Enum (a, b)', 'Int64')
    """
    kind = type(dtype).__name__ if not inspect.isclass(dtype) else dtype.__name__
    if kind == "Enum":
        known = {CURRENCY: "ISO 4217", JURISDICTION: "ISO 3166-1"}
        return f"Enum ({known.get(dtype) or ', '.join(dtype.categories)})"
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
    """Return a list of sources, and one section each: conventions, columns, options."""
    rows = [
        [f"[`{s.name}`](#source-{s.name})", cell(first(s.description))] for s in SOURCES.values()
    ]
    return "\n".join(
        [table(["Name", "What it reads"], rows), "", *map(one_source, SOURCES.values())]
    )


def thresholds() -> str:
    """Return the table of thresholds, in the order in which they are tried."""
    text = files("xborder_aml.jurisdictions").joinpath("thresholds.csv").read_text("utf-8")
    rows = []
    for r in csv.DictReader(text.splitlines()):
        way = "paid " + r["paid"] + (", across a border" if r["crosses_border"] == "yes" else "")
        days = f"{r['since'] or '…'} to {r['until'] or '…'}"
        amount = f"{r['comparator']} {int(r['amount']):,} {r['currency']}"
        source = f"{r['source']} ({r['status']}, {r['as_of']})"
        rows.append([r["name"], r["instrument"], way, amount, r["aggregation"], days, cell(source)])
    columns = ["Rule", "Instrument", "Which", "Amount", "The law adds up", "In force", "Source"]
    return table(columns, rows)


def channels() -> str:
    """Return what the packaged tables of law hold, and every channel with its clocks."""
    tables = jurisdiction_tables()
    counts = Counter((name, row.status) for name, row in tables.rows())
    names = list(dict.fromkeys(name for name, _ in tables.rows()))
    rows = [[literal(n), *(f"{counts[n, s]:,}" for s in STATUSES)] for n in names]
    out = ["## How sure the rows are", "", table(["Table", *STATUSES], rows), ""]
    out += ["## Channels", ""]
    rows = [
        [
            literal(c.channel),
            cell(c.name),
            c.kind,
            ", ".join(c.functions),
            cell(c.parties),
            cell(", ".join(c.predicates)),
            cell(c.legal_basis),
            f"{c.status}, {c.as_of}",
        ]
        for c in tables.channels
    ]
    head = ["Channel", "Name", "Kind", "For", "Parties", "Offences", "Legal basis", "Row"]
    out += [table(head, rows), "", "## Clocks", ""]
    clocks = sorted(tables.clocks, key=lambda c: FUNCTIONS.index(c.function))
    rows = [
        [
            literal(c.channel),
            c.function,
            f"{c.amount} {c.unit.replace('_', ' ')}",
            cell(f"from {c.starts}: {c.meaning}"),
            str(c.since or "…"),
            cell(f"{c.source} ({c.status}, {c.as_of})"),
        ]
        for c in clocks
    ]
    head = ["Channel", "For", "Time", "What runs", "Since", "Source"]
    out += [table(head, rows), "", "## Memberships", ""]
    rows = []
    for i in tables.instruments:
        members = [m for m in tables.memberships if m.instrument == i.instrument]
        states = Counter(m.status for m in members)
        told = ", ".join(f"{states[s]} {s}" for s in STATUSES if states[s]) or "none"
        rows.append([literal(i.instrument), cell(i.name), told, str(i.complete_until or "no day")])
    head = ["Instrument", "Name", "Rows", "List is whole up to"]
    return "\n".join([*out, table(head, rows), ""])


def evaluation() -> str:
    """Return what an evaluation can be asked for, by name."""
    methods = {name: first(inspect.getdoc(type(make())) or "") for name, make in METHODS.items()}
    told = dict(zip(VARIANTS, _VARIANTS, strict=True))
    parts = (
        ("Metrics", METRICS),
        ("Tasks", TASKS),
        ("Splits", SPLITS),
        ("Variants", told),
        ("Checks", LEAK_CHECKS),
        ("Methods", methods),
    )
    return "\n".join(
        f"## {title}\n\n"
        + table(["Name", "Meaning"], [[literal(n), cell(m)] for n, m in named.items()])
        + "\n"
        for title, named in parts
    )


_VARIANTS = (
    "The ledger as it is.",
    "Without how each payment was made.",
    "Rows after the nominal end are not counted.",
    "Times cut to the minute.",
)


def one_source(s: Any) -> str:
    """Return the section of one source; its conventions are its module's docstring."""
    doc = inspect.getdoc(inspect.getmodule(s.layout)) or ""
    out = [f"(source-{s.name})=", "", f"## {s.name}", "", s.description, ""]
    text = doc.partition("\n\n")[2].strip().replace("``", "`")
    out += [re.sub(r"^(.+)\n-{3,}$", r"**\1.**", text, flags=re.MULTILINE), ""]
    if s.columns:
        out += [f"Expects the columns {', '.join(map(literal, s.columns))}.", ""]
    if not s.columns:
        rows = [[literal(k), cell(v)] for k, v in RAW_COLUMNS.items()]
        out += [table(["Name to map onto", "Meaning"], rows), ""]
    if s.options:
        rows = [[literal(k), cell(v)] for k, v in s.options.items()]
        out += [table(["Option", "Meaning"], rows), ""]
    return "\n".join(out)


def first(text: str) -> str:
    """Return the first paragraph."""
    return text.strip().split("\n\n", 1)[0]


def tree(error: type, depth: int = 0) -> str:
    """Return an error and those below it as a nested list."""
    says = first(inspect.getdoc(error) or "")
    line = f"{'  ' * depth}- {{py:obj}}`~xborder_aml.errors.{error.__name__}`: {says}"
    return "\n".join([line, *(tree(e, depth + 1) for e in error.__subclasses__())])
