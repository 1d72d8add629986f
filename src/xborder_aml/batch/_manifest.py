"""What the manifest tells: inputs, versions, parameters, counts, and what is incomplete."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xborder_aml
from xborder_aml._files import facts_of
from xborder_aml.batch.config import BatchConfig, Stage

__all__ = ["about", "code_digest", "counted", "digest", "incomplete", "input_facts", "versions"]

_IN_FULL_LATER = ("detectors", "parameters", "typologies")
_LIBRARIES = ("numba", "numpy", "plotly", "polars", "pyarrow", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions that the result may depend on."""
    return {
        "xborder-aml": xborder_aml.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
    }


def about(
    config: BatchConfig, stages: tuple[Stage, ...], inputs: list[tuple[str, Path]]
) -> dict[str, Any]:
    """Return the manifest's first part: what is read, by what, and with which choices.

    Folders are left out, so that the same files give the same manifest wherever they lie; so are
    the choices of detectors, which `counted` gives in full.
    """
    parameters = {k: v for k, v in config.to_dict(*stages).items() if k not in _IN_FULL_LATER}
    for name in ("accounts", "rates"):
        if name in parameters:
            parameters[name] = Path(parameters[name]).name
    return {
        "inputs": input_facts(inputs),
        "versions": versions(),
        "parameters": parameters,
    }


def input_facts(inputs: list[tuple[str, Path]]) -> list[dict[str, Any]]:
    """Return role, name, size and hash of each input."""
    return [{"role": role, "name": path.name, **facts_of(path)._asdict()} for role, path in inputs]


def digest(value: Any) -> str:
    """Return the hash of a value of JSON: that of the same text for the same value."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_digest() -> str:
    """Return a digest of the library's own files, which may change without its version."""
    package = Path(xborder_aml.__file__).parent
    found = hashlib.sha256()
    for file in sorted(p for p in package.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        found.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def counted(notes: Mapping[Stage, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the finished stages counted, and the detectors' parameters in full."""
    rows = {
        name.removesuffix(".parquet"): file["rows"]
        for note in notes.values()
        for name, file in note["files"].items()
        if "rows" in file
    }
    out: dict[str, Any] = {"counts": rows}
    if "read" in notes:
        out["reading"] = notes["read"]["facts"]
    if "detect" in notes:
        facts = notes["detect"]["facts"]
        out["detectors"] = {
            name: {"parameters": parameters, **facts["patterns"][name]}
            for name, parameters in facts["parameters"].items()
        }
    return out


def incomplete(manifest: Mapping[str, Any]) -> list[str]:
    """Return what the results do not cover, one sentence each."""
    reading = manifest["reading"]
    out = []
    if reading["rejects"]:
        rules = ", ".join(f"{n:,} by {rule}" for rule, n in reading["rejects_by_rule"].items())
        out.append(
            f"{reading['rejects']:,} of {reading['rows_read']:,} rows could not become "
            f"transactions ({rules}): the table rejects lists them"
        )
    if reading["base_amounts_missing"]:
        out.append(
            f"{reading['base_amounts_missing']:,} of {reading['transactions']:,} transactions have "
            "no base amount, because a rate is missing: base_minor is null there"
        )
    for name, told in manifest.get("detectors", {}).items():
        if told["anchors_cut"]:
            out.append(
                f"{name}: {told['anchors_cut']:,} anchors reached a cap, with at least "
                f"{told['work_left']:,} edges not followed: the table truncations lists them"
            )
        if told["n_left_out"]:
            out.append(
                f"{name}: {told['n_left_out']:,} findings with less money than those kept are left "
                "out"
            )
    return out
