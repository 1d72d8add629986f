"""A small labelled ledger, and the command line called in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xborder_aml.cli import main
from xborder_aml.synth import demo_ledger, write_demo

HEADER = "executed_at,originator,beneficiary,amount,currency\n"
GOOD = "2024-01-05T10:00,a,b,10.00,EUR\n"
BROKEN = "2024-01-05T10:00,a,b,ten,EUR\n"


@pytest.fixture(scope="session")
def ledger(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    made = demo_ledger(n_persons=100, months=2, n_cases=1, detectors=["round_trip"])
    return write_demo(folder, made)["ledger"]


@pytest.fixture
def small(tmp_path) -> Path:
    """A ledger of one transaction."""
    path = tmp_path / "small.csv"
    path.write_text(HEADER + GOOD, "utf-8")
    return path


@pytest.fixture
def broken(tmp_path) -> Path:
    """A ledger of one transaction and one row that is none."""
    path = tmp_path / "broken.csv"
    path.write_text(HEADER + GOOD + BROKEN, "utf-8")
    return path


@pytest.fixture
def call():
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=True)

    return run
