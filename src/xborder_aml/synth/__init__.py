"""Synthetic ledgers: an economy, planted patterns in it, and innocent look-alikes."""

from __future__ import annotations

from xborder_aml.synth.assess import evaluate_demo
from xborder_aml.synth.demo import DemoLedger, background, demo_ledger
from xborder_aml.synth.example import example_ledger
from xborder_aml.synth.files import write_demo

__all__ = [
    "DemoLedger",
    "background",
    "demo_ledger",
    "evaluate_demo",
    "example_ledger",
    "write_demo",
]
