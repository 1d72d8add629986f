"""One page a detector, from the registry: text, parameters, picture, definition, near misses."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from mdtext import cell, literal, table
from sketch import example, svg

from xborder_aml.detectors import DETECTORS, _fan, _oracle

_INDEX = """# Detectors

A detector is a definition, a kernel that finds everything which meets it, and a plain-Python oracle
that says the same slowly. Each page below is made from the code: its text, its parameters and the
definition that an examiner can run.

What all of them share (order, windows, anchors, caps, identity) is on one page:
[the contract](../../explanation/semantics.md). To add one, see
[how to write a detector](../../how-to/write-a-detector.md).

{table}

```{{toctree}}
:hidden:

{names}
definitions
```
"""

_PAGE = """# {title}

{lead}

:Name: `{name}`
:Parameters: {{py:obj}}`xborder_aml.{params}`
:Version: {version}
:Searches from: {unit}

{body}

## An example

Drawn by the detector's own `plant`, which makes true instances for the tests and for synthetic
ledgers. Lanes are accounts; time runs to the right; an arrow is a payment, in whole units of
currency; the second colour crosses a border.

```{{raw}} html
<div class="sketch">
{sketch}
</div>
```

## Parameters

{parameters}

{caps}
{defaults}
## Evidence

What each row of the evidence table is to a finding.

{roles}

## Definition

This is the definition, whole: the oracle that the kernel is tested against, example by example.
`detect(graph, ..., engine="reference")` runs it, so that a finding can be derived anew without
trusting compiled code. It is slow and knows no caps. Small helpers are on
[their own page](definitions.md).

```python
{reference}
```

## Near misses

Instances that break exactly one condition. The tests draw them by the hundred, and none may be
found.

{near_misses}

## What else is tested

Of every ledger that is drawn: the kernel finds what the oracle finds, for any number of threads and
any cut into ranges; planted instances are found. {relations}
{references}"""

_CAPS = (
    "Caps bound what one anchor may cost. They are no part of what a match is, and reaching one is "
    "told in the [truncations](#truncations-table) table.\n\n"
)

_UNITS = {
    "edge": "each transaction",
    "account": "each account",
    "window": "each window of a calendar grid",
}
_RELATIONS = {
    "shift_time": "all times move by the same amount",
    "shift_weeks": "all times move by whole weeks",
    "rename_accounts": "accounts get other names",
    "shuffle_rows": "rows come in another order",
    "rescale_currency": "all amounts are multiplied",
    "split_idle": "an idle stretch is made longer",
}


def pages() -> dict[str, str]:
    """Return path below reference/ to text."""
    out = {f"detectors/{d.name}.md": page(d) for d in DETECTORS}
    rows = [
        [f"[{d.title}]({d.name}.md)", literal(d.name), cell(split_doc(d.doc)[0])] for d in DETECTORS
    ]
    out["detectors/index.md"] = _INDEX.format(
        table=table(["Detector", "Name", "What it finds"], rows),
        names="\n".join(d.name for d in DETECTORS),
    )
    out["detectors/definitions.md"] = (
        "# Helpers of the definitions\n\n"
        "What the oracles share: plain Python on plain tuples, with whole numbers of any size. No "
        "kernel uses any of it.\n\n```python\n" + inspect.getsource(_oracle).rstrip() + "\n```\n"
        "\nA fan-in and a fan-out are one definition, turned round.\n\n```python\n"
        + inspect.getsource(_fan.fans).rstrip()
        + "\n```\n"
    )
    return out


def definition(detector: Any) -> str:
    """Return the oracle with what it calls: the part of the detector's file between two rules."""
    source = inspect.getsource(inspect.getmodule(detector.reference))
    part = re.search(
        r"^# -- oracle.*?\n(.*?)^(?:# -- |DETECTOR = )", source, re.DOTALL | re.MULTILINE
    )
    return (part[1] if part else inspect.getsource(detector.reference)).strip()


def split_doc(doc: str) -> tuple[str, str, list[str]]:
    """Return a module docstring's first paragraph, its body and its references.

    >>> split_doc("One: two.\\n\\n**Finds** it.\\n\\nReferences\\n----------\\nA, b.\\nC,\\nd.\\n")
    ('Two.', '**Finds** it.', ['A, b.', 'C, d.'])
    """
    text, _, tail = inspect.cleandoc(doc).partition("\nReferences\n----------\n")
    lead, _, body = text.partition("\n\n")
    lead = re.sub(r"^[^:.]{1,40}: ", "", " ".join(lead.split()))
    references: list[str] = []
    begin = True
    for line in filter(None, map(str.strip, tail.splitlines())):
        line = re.sub(r"^(?:\.\. )?\[\d+\] ?|^- ", "", line)
        if begin:
            references.append(line)
        else:
            references[-1] += " " + line
        begin = line.endswith(".")
    return lead[:1].upper() + lead[1:], body.strip(), references


def page(detector: Any) -> str:
    """Return one detector's page."""
    lead, body, references = split_doc(detector.doc)
    fields = dataclasses.fields(detector.params)
    caps = [f for f in fields if f.metadata.get("cap")]
    return _PAGE.format(
        title=detector.title,
        lead=lead,
        name=detector.name,
        params=detector.params.__name__,
        version=detector.version,
        unit=_UNITS[detector.unit],
        body=body,
        sketch=svg(example(detector)),
        parameters=parameters([f for f in fields if f not in caps]),
        caps=_CAPS + parameters(caps) if caps else "",
        defaults=defaults(detector),
        roles=table(
            ["Role", "Its money"],
            [[literal(r.name), enters_or_leaves(r)] for r in detector.roles],
        ),
        reference=definition(detector),
        near_misses=table(
            ["Breaks", "Example"],
            [[literal(k), cell(first_line(v))] for k, v in detector.near_misses.items()],
        ),
        relations=relations(detector.relations),
        references="\n## References\n\n" + "\n".join(f"- {r}" for r in references) + "\n"
        if references
        else "",
    )


def parameters(fields: list[Any]) -> str:
    """Return a table of parameter fields."""
    rows = [
        [
            literal(f.name),
            literal(f.default),
            f.metadata.get("unit", "") or "",
            cell(f.metadata["meaning"]),
        ]
        for f in fields
    ]
    return table(["Parameter", "Default", "Unit", "Meaning"], rows) + "\n"


def defaults(detector: Any) -> str:
    """Say which defaults differ for ledgers that know less."""
    parts = []
    for values, when in (
        (detector.coarse, "with dates and no times"),
        (detector.no_borders, "that know no jurisdictions"),
    ):
        usual = {f.name: f.default for f in dataclasses.fields(detector.params)}
        shown = ", ".join(f"`{k}={v!r}`" for k, v in values.items() if usual.get(k, v) != v)
        if shown:
            parts.append(f"for ledgers {when}, {shown}")
    return f"Where no parameters are given: {'; '.join(parts)}.\n" if parts else ""


def enters_or_leaves(role: Any) -> str:
    """Say in words where a role's money goes."""
    if role.enters and role.leaves:
        return "enters and leaves the pattern"
    return (
        "enters the pattern" if role.enters else "leaves it" if role.leaves else "moves inside it"
    )


def first_line(thing: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]


def relations(names: tuple[str, ...]) -> str:
    """Return a sentence about the metamorphic relations."""
    words = [_RELATIONS.get(n, n.replace("_", " ")) for n in names]
    return f"Findings stay the same when {', or '.join(words)}.\n" if words else ""
