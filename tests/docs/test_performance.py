"""The pages on cost show the results that are kept, and results tell of no machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


def test_tables_and_figure_show_the_results(root: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda p: p.stem)
def test_results_name_neither_host_nor_path(path: Path) -> None:
    text = path.read_text("utf-8")
    assert set(json.loads(text)) == {"machine", "records"}
    assert not re.search(r"/(home|root|tmp|work|Users)\b|hostname|\\\\", text)


@pytest.mark.parametrize("page", ["_performance.html", "performance.md"])
def test_a_changed_figure_is_noticed(root: Path, page: str, tmp_path: Path) -> None:
    """The check can fail: on a copy of the checkout's pages, one digit differs."""
    for part in ("benchmarks", "docs/explanation"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", root / part, tmp_path / part], check=True)
    path = tmp_path / "docs" / "explanation" / page
    text = path.read_text("utf-8")
    number = re.search(r"\d\.\d", text)
    path.write_text(text[: number.start()] + "9.876" + text[number.end() :], "utf-8")
    command = [sys.executable, "-m", "benchmarks", "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert page in done.stderr
