"""Write the pages that the code itself says: detectors, tables, sources, commands, errors, API.

They are written before Sphinx looks for pages, into folders that git ignores, so that none can
drift from the code. Files whose text did not change keep their time stamp.
"""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import api_pages
import cli_pages
import dataset_pages
import detector_pages
import table_pages

import xborder_aml
from xborder_aml import schema

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def write_pages(app: Sphinx, config: Config) -> None:
    """Write every generated page and remove those that are no longer made."""
    reference = Path(app.srcdir) / "reference"
    pages = {
        **detector_pages.pages(),
        **table_pages.pages(),
        **dataset_pages.pages(),
        **cli_pages.pages(),
        **api_pages.pages(),
    }
    for folder in ("api", "detectors", "generated"):
        for old in (reference / folder).glob("*.md"):
            if f"{folder}/{old.name}" not in pages:
                old.unlink()
    for name, text in pages.items():
        file = reference / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


def describe_parameters(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Give a detector's parameter class the section that its fields' metadata make up."""
    if what != "class" or not dataclasses.is_dataclass(thing):
        return
    fields = [f for f in dataclasses.fields(thing) if "meaning" in f.metadata]
    if not fields or "Parameters" in lines:
        return
    lines += ["", "Parameters", "----------"]
    for f in fields:
        unit = f" Unit: {f.metadata['unit']}." if f.metadata.get("unit") else ""
        cap = " A cap: no part of what a match is." if f.metadata.get("cap") else ""
        lines.append(f"{f.name} : {f.type}, default {f.default!r}")
        lines.append(f"    {f.metadata['meaning']}{unit}{cap}")
    lines.append("")


def drop_repeated_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leave out a signature of many defaults where the parameter list says it better."""
    if what == "class" and inspect.isclass(thing) and dataclasses.is_dataclass(thing):
        fields = dataclasses.fields(thing)
        if fields and all("meaning" in f.metadata for f in fields):
            return "(*, ...)", returns
    return None


def skip_kernel_limits(
    app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what detectors hand to their kernels: it is public to authors of detectors only."""
    return True if name == "limits" and what == "class" else None


def find_reference(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """Resolve names of inner modules: tables to the data model, the rest to the public name."""
    target = node.get("reftarget", "")
    name = target.rpartition(".")[2]
    table = getattr(schema, name, None) if name.isupper() else None
    label = f"{table.name}-table" if isinstance(table, schema.Table) else None
    where = node["refdoc"]
    if label:
        domain = env.get_domain("std")
        return domain.resolve_xref(env, where, app.builder, "ref", label, node, content)
    if name in xborder_aml.__all__ and target != f"xborder_aml.{name}":
        domain = env.get_domain("py")
        public = f"xborder_aml.{name}"
        return domain.resolve_xref(env, where, app.builder, "obj", public, node, content)
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("config-inited", write_pages)
    app.connect("autodoc-process-docstring", describe_parameters, priority=400)
    app.connect("autodoc-process-signature", drop_repeated_signature, priority=900)
    app.connect("autodoc-skip-member", skip_kernel_limits)
    app.connect("missing-reference", find_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
