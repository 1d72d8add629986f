"""What the pages show exists: names, commands, options, files."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import sys
from pathlib import Path

import click
import pytest

import xborder_aml
from xborder_aml.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GENERATED = ("_build", "api", "detectors", "generated")
WRITTEN = (p for p in DOCS.rglob("*.md") if not set(p.relative_to(DOCS).parts) & set(GENERATED))
PAGES = [ROOT / "README.md", *sorted(WRITTEN)]
EXTENSIONS = ("mdtext", "cli_pages", "dataset_pages", "detector_pages", "sketch", "table_pages")

each_page = pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])


def blocks(page: Path, language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Return the words of each call of the command line, continued lines joined."""
    text = "\n".join(blocks(page, "console")).replace("\\\n", " ")
    return [x.split()[2:] for x in text.splitlines() if x.startswith("$ xborder-aml ")]


def test_there_are_pages_to_look_at() -> None:
    assert len(PAGES) > 15
    assert sum(len(commands(p)) for p in PAGES) > 4


@each_page
def test_python_on_a_page_uses_names_that_exist(page: Path) -> None:
    missing = set()
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                known = (*xborder_aml.__all__, *xborder_aml._PACKAGES)
                if node.value.id == "xb" and node.attr not in known:
                    missing.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("xborder_aml"):
                module = importlib.import_module(node.module)
                missing |= {a.name for a in node.names if not hasattr(module, a.name)}
    assert missing == set()


@each_page
def test_commands_on_a_page_have_options_that_exist(page: Path) -> None:
    for words in commands(page):
        command = main.get_command(click.Context(main), words[0])
        assert command is not None, words[0]
        parts = command.commands.values() if isinstance(command, click.Group) else ()
        params = [p for c in (command, *parts) for p in c.params]
        known = {o for p in params for o in (*p.opts, *p.secondary_opts)}
        asked = {w.partition("=")[0] for w in words[1:] if w.startswith("-")}
        assert asked - known == set(), words


@each_page
def test_links_on_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        path = (page.parent / target).resolve()
        made = set(path.parts) & set(GENERATED)
        assert re.match(r"https?:", target) or made or path.exists(), target


@pytest.mark.parametrize("name", EXTENSIONS)
def test_examples_in_the_page_writers_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_cards_of_data_sets_are_what_the_registry_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mend one with `python docs/_ext/dataset_pages.py`."""
    monkeypatch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])
    made = importlib.import_module("dataset_pages").cards()
    kept = {p.name: p.read_text("utf-8") for p in (ROOT / "datasets").glob("*.md")}
    written = ("README.md", "synthetic.md")  # by hand
    kept = {name: text for name, text in kept.items() if name not in written}
    assert kept == made
