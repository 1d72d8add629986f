"""A small labelled ledger, and methods that behave and misbehave."""

from __future__ import annotations

import pytest

from xborder_aml.evaluate import Dataset
from xborder_aml.synth import demo_ledger


@pytest.fixture(scope="session")
def data() -> Dataset:
    made = demo_ledger(
        seed=3, n_persons=150, months=4, n_cases=6, detectors=["fan_in", "pass_through"]
    )
    return Dataset("small", made.transactions, made.accounts)
