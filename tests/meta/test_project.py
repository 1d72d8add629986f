"""The project's own files agree with one another."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import xborder_aml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))


def extras() -> dict[str, list[str]]:
    return PROJECT["project"]["optional-dependencies"]


def test_the_version_is_said_once_in_each_place_and_agrees() -> None:
    assert PROJECT["project"]["version"] == xborder_aml.__version__


def test_constraints_pin_releases_and_name_no_place() -> None:
    lines = [x for x in read("constraints.txt").splitlines() if not x.startswith("#")]
    assert lines
    assert [x for x in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.!+]+", x)] == []


def test_every_dependency_is_pinned() -> None:
    pinned = {normal(x.partition("==")[0]) for x in read("constraints.txt").splitlines()}
    wanted = list(PROJECT["project"]["dependencies"])
    wanted += [r for extra in extras().values() for r in extra]
    names = {normal(re.match(r"[A-Za-z0-9_.-]+", r)[0]) for r in wanted} - {"xborder-aml"}
    assert names - pinned == set()


@pytest.mark.parametrize("target", ["demo", "test", "check", "docs", "bench", "help"])
def test_the_makefile_has_the_promised_targets(target: str) -> None:
    assert target in targets()


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        *(
            str(p.relative_to(ROOT))
            for p in sorted((ROOT / "docs").rglob("*.md"))
            if "_build" not in p.parts
        ),
    ],
)
def test_pages_name_only_make_targets_that_exist(page: str) -> None:
    named = set(re.findall(r"(?:^|`|\$ )make ([a-z][a-z-]*)", read(page), re.MULTILINE))
    assert named - targets() == set()


def test_the_readme_gives_the_two_commands() -> None:
    assert "make demo" in read("README.md")
    assert "make test" in read("README.md")


@pytest.mark.parametrize("extra", ["test", "check", "docs", "bench"])
def test_the_makefile_installs_extras_that_exist(extra: str) -> None:
    assert f".ready-{extra}" in read("Makefile")
    assert extra in extras()


def test_changelog_fragments_have_a_known_type_and_end_in_a_full_stop() -> None:
    known = {t["directory"] for t in PROJECT["tool"]["towncrier"]["type"]}
    fragments = [p for p in (ROOT / "changelog.d").iterdir() if p.name != "README.md"]
    for fragment in fragments:
        name, kind = fragment.name.split(".")[:2]
        assert name
        assert kind in known, f"{fragment.name}: the type is one of {sorted(known)}"
        assert fragment.read_text("utf-8").rstrip().endswith("."), fragment.name


def test_generated_pages_are_not_committed() -> None:
    ignored = read(".gitignore").splitlines()
    for folder in ("api", "detectors", "generated"):
        assert f"docs/reference/{folder}/" in ignored
