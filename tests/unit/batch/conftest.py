"""One small labelled ledger, and one run on it that nobody interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from xborder_aml.batch import BatchConfig, Outcome, run_batch
from xborder_aml.synth import demo_ledger, write_demo

DETECTORS = ("round_trip", "pass_through")


@pytest.fixture(scope="session")
def ledger(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    made = demo_ledger(n_persons=100, months=2, n_cases=1, detectors=DETECTORS)
    return write_demo(folder, made)["ledger"]


@pytest.fixture(scope="session")
def config() -> BatchConfig:
    return BatchConfig(base_currency="EUR", detectors=DETECTORS, permutations=3, workers=1)


@pytest.fixture(scope="session")
def finished(ledger, config, tmp_path_factory) -> Outcome:
    """A run that nobody interrupted; tests read it and change nothing."""
    return run_batch(ledger, tmp_path_factory.mktemp("finished"), config)
