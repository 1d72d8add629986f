"""The API reference: the curated public names, grouped by the module that defines them."""

from __future__ import annotations

import sys
from typing import Any

import xborder_aml

_GROUPS = (
    ("Reading ledgers", ("sources", "normalise")),
    ("The graph", ("graph",)),
    ("Detecting", ("detection", "findings", "executors")),
    ("Detectors and their parameters", ("detectors",)),
    ("Scoring", ("score",)),
    ("Referring", ("referral",)),
    ("Reporting and figures", ("report",)),
    ("Whole runs", ("batch",)),
    ("Synthetic ledgers", ("synth",)),
    ("Tables and codes", ("schema", "jurisdictions")),
    ("Errors", ("errors",)),
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
    left = [n for n in xborder_aml.__all__ if n != "__version__"]
    for title, packages in _GROUPS:
        names = [n for n in left if home(n) in packages]
        left = [n for n in left if n not in names]
        if names:
            parts.append(group(title, "xborder_aml", names))
    if left:
        raise RuntimeError(
            f"public names {left} belong to no group of the API reference; name their modules in "
            f"{__file__}"
        )
    parts.append(group("Testing a detector of your own", "xborder_aml.testing", _TESTING))
    return {"api/index.md": "\n".join(parts)}


def home(name: str) -> str:
    """Return the part of the package that defines a public name."""
    thing: Any = getattr(xborder_aml, name)
    module = getattr(thing, "__module__", None) or owner(thing)
    return module.split(".")[1] if "." in module else module


def owner(thing: Any) -> str:
    """Return the first module that holds a constant."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("xborder_aml.") and any(v is thing for v in vars(module).values()):
            return name
    return "xborder_aml"


def group(title: str, module: str, names: Any) -> str:
    """Return one section with its table of names."""
    listed = "\n".join(f"   {n}" for n in names)
    return (
        f"## {title}\n\n```{{eval-rst}}\n.. currentmodule:: {module}\n\n"
        f".. autosummary::\n   :toctree: .\n   :nosignatures:\n\n{listed}\n```\n"
    )
