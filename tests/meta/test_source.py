"""Rules about the source that no linter knows."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "xborder_aml"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 450
MAX_FUNCTION_LINES = 60  # without its docstring
MAX_KERNEL_ARGUMENTS = 12

ids = [str(p.relative_to(PACKAGE)) for p in MODULES]
each_module = pytest.mark.parametrize("module", MODULES, ids=ids)


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def comments(module: Path) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(module.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 10


@each_module
def test_modules_stay_short(module: Path) -> None:
    n = len(module.read_text("utf-8").splitlines())
    assert n <= MAX_LINES, f"{n} lines: split it by what changes together"


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        doc = function.body[0]
        lines -= (doc.end_lineno or doc.lineno) - doc.lineno + 1
    return lines


@each_module
def test_functions_stay_short(module: Path) -> None:
    long = {f.name: n for f in functions(module) if (n := length(f)) > MAX_FUNCTION_LINES}
    assert long == {}


@each_module
def test_kernels_take_few_arguments(module: Path) -> None:
    if module.relative_to(PACKAGE).parts[0] not in ("kernels", "detectors"):
        return
    many = {
        f.name: n
        for f in functions(module)
        if (n := len(f.args.args) + len(f.args.kwonlyargs)) > MAX_KERNEL_ARGUMENTS
    }
    assert many == {}


@each_module
def test_kernels_are_compiled_by_assignment(module: Path) -> None:
    """A decorated kernel cannot be tested as plain Python, nor read by its own oracle's tests."""
    decorated = [
        f.name
        for f in functions(module)
        if any(re.search(r"jit", ast.unparse(d)) for d in f.decorator_list)
    ]
    assert decorated == []


@each_module
def test_no_work_is_left_marked(module: Path) -> None:
    text = module.read_text("utf-8")
    assert re.findall(r"\b(?:TODO|FIXME|XXX(?= |:))\b", "\n".join(comments(module))) == []
    assert "NotImplementedError" not in text
    assert "pragma: no cover" not in text


@each_module
def test_no_error_is_swallowed(module: Path) -> None:
    silent = []
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or all(isinstance(n, ast.Pass | ast.Constant) for n in node.body)
        ):
            silent.append(f"line {node.lineno}")
    assert silent == []


@each_module
def test_every_module_says_what_it_is_for(module: Path) -> None:
    doc = ast.get_docstring(ast.parse(module.read_text("utf-8")))
    assert doc
    assert doc.strip().splitlines()[0].strip()
