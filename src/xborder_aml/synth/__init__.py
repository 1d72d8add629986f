"""Synthetic ledgers: an economy, planted patterns in it, and innocent look-alikes."""

from __future__ import annotations

from xborder_aml.synth.demo import DemoLedger, background, demo_ledger
from xborder_aml.synth.example import example_ledger

__all__ = ["DemoLedger", "background", "demo_ledger", "example_ledger"]
