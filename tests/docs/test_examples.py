"""The examples run, as they stand."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = {"ledger_to_referrals": "referrals", "benchmark_a_detector": "board"}
"""The table that each example ends with."""


def test_every_example_is_listed() -> None:
    assert {p.stem for p in EXAMPLES.glob("*.py")} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_example_runs(name: str) -> None:
    ended = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert ended[TABLES[name]].height > 0
