"""The page on typologies runs as it stands, and says what its files say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import xborder_aml as xb

PAGE = "docs/how-to/define-a-typology.md"


def blocks(root: Path, language: str) -> list[str]:
    text = (root / PAGE).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_page_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec("\n".join(blocks(root, "python")), names)
    assert capsys.readouterr().out == blocks(root, "text")[0]


def test_the_file_on_the_page_is_the_typology_in_python(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "aborted_deal.toml"
    path.write_text(blocks(root, "toml")[0], "utf-8")
    names: dict[str, Any] = {}
    exec(blocks(root, "python")[0], names)
    assert xb.Typology.from_toml(path) == names["aborted_deal"]
    example = xb.Typology.from_toml(root / "examples" / "typologies" / "aborted_deal.toml")
    assert example.to_dict(caps=False) == names["aborted_deal"].to_dict(caps=False)


def test_the_page_lists_every_example(root: Path) -> None:
    named = set(re.findall(r"^\| `(\w+)\.toml` \|", (root / PAGE).read_text("utf-8"), re.MULTILINE))
    assert named == {p.stem for p in (root / "examples" / "typologies").glob("*.toml")}
