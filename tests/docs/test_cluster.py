"""The page about clusters runs as it stands, and gives what one machine gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import xborder_aml as xb

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-on-a-cluster.md"


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = xb.example_ledger()
    ledger.write_parquet("ledger.parquet")
    late = ledger.tail(1).with_columns(pl.col("transaction_id") + 100)
    late.write_parquet("late.parquet")
    names: dict[str, Any] = {}
    cluster, changed = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    exec(cluster, names)
    asked = [t.params for t in names["tasks"]]
    specs = [s for i, s in enumerate(asked) if s not in asked[:i]]
    assert len(names["tasks"]) > len(specs) == 3
    assert len(names["found"]) > 0
    assert names["found"].equals(xb.detect(names["graph"], specs))
    exec(changed, names)
    assert names["update"].findings.equals(xb.detect(names["changes"].graph, specs))
