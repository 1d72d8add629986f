"""What importing the package loads, and what the package shows."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import xborder_aml

HEAVY = ("numba", "sklearn", "plotly", "pyarrow", "networkx", "pandas")


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = f"import json, sys, xborder_aml; print(json.dumps([*filter(sys.modules.get, {HEAVY})]))"
    assert json.loads(_run(code)) == []


def seen_by_type_checkers() -> set[str]:
    """Return the names that the package imports for type checkers only."""
    tree = ast.parse(Path(xborder_aml.__file__).read_text("utf-8"))
    blocks = [n for n in tree.body if isinstance(n, ast.If)]
    return {
        alias.name
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_every_public_name_is_listed_once_and_offered_for_completion() -> None:
    names = xborder_aml.__all__
    assert len(names) == len(set(names))
    assert set(names) <= set(dir(xborder_aml))


def test_type_checkers_see_the_same_names_as_users() -> None:
    assert seen_by_type_checkers() == {*xborder_aml.__all__, *xborder_aml._PACKAGES}


def test_every_public_name_can_be_loaded_and_has_a_docstring() -> None:
    bare = []
    for name in (*xborder_aml.__all__, *xborder_aml._PACKAGES):
        thing = getattr(xborder_aml, name)
        if inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing):
            if not (inspect.getdoc(thing) or "").strip():
                bare.append(name)
            elif inspect.ismodule(thing):
                assert thing.__name__ == f"xborder_aml.{name}"
            elif thing.__module__.partition(".")[0] != "xborder_aml":
                bare.append(f"{name} comes from {thing.__module__}")
    assert bare == []


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = xborder_aml.no_such_name
