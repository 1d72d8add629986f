"""The API reference: the curated public names, grouped by the module that defines them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from typing import Any

from sphinx.pycode import ModuleAnalyzer

import xborder_aml

_GROUPS = (
    ("Reading ledgers", ("sources", "normalise")),
    ("The graph", ("graph",)),
    ("Detecting", ("detection", "findings", "executors")),
    ("Detectors and their parameters", ("detectors",)),
    ("Features for models", ("features",)),
    ("Scoring", ("score",)),
    ("Following money", ("tracing",)),
    ("Referring", ("referral",)),
    ("Exchange with authorities and tools, and evidence bundles", ("exchange",)),
    ("What became of referrals", ("outcomes",)),
    ("Reporting and figures", ("report",)),
    ("Whole runs", ("batch",)),
    ("Synthetic ledgers", ("synth",)),
    ("Tables and codes", ("schema", "jurisdictions")),
    ("Errors", ("errors",)),
)

_SYNTH = (
    "generate",
    "write_ledger",
    "SynthLedger",
    "Written",
    "LedgerSpec",
    "Flow",
    "Bin",
    "Attempts",
    "LabelNoise",
    "preset",
    "illicit_value",
    "compare_ledgers",
    "Fidelity",
    "check_published",
    "seen_of",
    "write_fidelity",
)
_TESTING = ("check_detector", "choices", "ledgers")

_HEAD = """# Python API

The names below are all that the package promises. They are imported from the top:

```python
import xborder_aml as xb
```

Importing it is quick: what a name needs is loaded when the name is first used.
"""


def pages() -> dict[str, str]:
    """Return path below reference/ to text."""
    parts = [_HEAD]
    left = list(xborder_aml.__all__)
    for title, modules in _GROUPS:
        names = [n for n in left if home(n) in modules]
        left = [n for n in left if n not in names]
        if names:
            parts.append(group(title, "xborder_aml", names))
    if left:
        raise RuntimeError(
            f"public names {left} belong to no group of the API reference; name their modules in "
            f"{__file__}"
        )
    parts.append(group("Generating ledgers: xb.synth", "xborder_aml.synth", _SYNTH))
    parts += [package(name) for name in xborder_aml._PACKAGES if name != "synth"]
    parts.append(group("Testing a detector of your own", "xborder_aml.testing", _TESTING))
    return {"api/index.md": "\n".join(parts)}


def home(name: str) -> str:
    """Return the part of the package that defines a public name."""
    thing: Any = getattr(xborder_aml, name)
    module = definition(name)[0] if is_constant(name) else thing.__module__
    return module.split(".")[1]


def is_constant(name: str) -> bool:
    """Tell whether a public name is a value, which has no docstring of its own."""
    thing = getattr(xborder_aml, name)
    return not (inspect.isclass(thing) or inspect.isroutine(thing))


def definition(name: str) -> tuple[str, str]:
    """Return the module that defines a constant, and what it says below the assignment."""
    thing = getattr(xborder_aml, name)
    for module in sorted(m for m in sys.modules if m.startswith("xborder_aml.")):
        if vars(sys.modules[module]).get(name) is thing:
            said = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name))
            if said:
                return module, " ".join(said).strip()
    raise RuntimeError(f"xborder_aml.{name} is public and has no docstring below its assignment")


def package(name: str) -> str:
    """Return the section of a package that is public as it is, without its constants."""
    module = getattr(xborder_aml, name)
    things = {n: getattr(module, n) for n in module.__all__}
    names = [n for n, t in things.items() if inspect.isclass(t) or inspect.isroutine(t)]
    return group(f"xb.{name}", module.__name__, names)


def group(title: str, module: str, names: Sequence[str]) -> str:
    """Return one section: a table of functions and classes, then constants."""
    constants = [n for n in names if module == "xborder_aml" and is_constant(n)]
    listed = "\n".join(f"   {n}" for n in names if n not in constants)
    return (
        f"## {title}\n\n```{{eval-rst}}\n.. currentmodule:: {module}\n\n"
        f".. autosummary::\n   :toctree: .\n   :nosignatures:\n\n{listed}\n```\n\n"
        + "\n".join(f"`{n}`\n: {definition(n)[1]}\n" for n in constants)
    )
