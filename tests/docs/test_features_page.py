"""The page on features runs as it stands, and prints what it shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest


def test_the_page_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (root / "docs/how-to/compute-features.md").read_text("utf-8")
    python, shown = (
        re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        for language in ("python", "text")
    )
    names: dict[str, Any] = {}
    exec("\n".join(python), names)
    assert capsys.readouterr().out == "".join(shown)
