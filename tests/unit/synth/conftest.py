"""Ledgers that are made once and read by many tests."""

from __future__ import annotations

import pytest

from xborder_aml.detection import detect
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.synth import DemoLedger, demo_ledger
from xborder_aml.synth.economy import Economy, economy


@pytest.fixture(scope="session")
def small_economy() -> Economy:
    return economy(n_persons=300, months=3, seed=11)


@pytest.fixture(scope="session")
def demo() -> DemoLedger:
    """The ledger as it is by default, which is what the demonstration shows."""
    return demo_ledger()


@pytest.fixture(scope="session")
def findings(demo: DemoLedger) -> Findings:
    return detect(TransactionGraph(demo.transactions, demo.accounts))
