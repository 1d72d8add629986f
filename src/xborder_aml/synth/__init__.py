"""Synthetic ledgers: economies, laundering in them, and innocent look-alikes.

`demo_ledger` makes the small ledger of the tutorials. `generate` and `write_ledger` make ledgers of
any size from a preset or a specification: balances are kept, money is conserved, and the proceeds
of each crime can be followed to the unit.

Examples
--------
>>> from xborder_aml import synth
>>> made = synth.generate("tiny", seed=1, plants=0, look_alikes=0)
>>> made.summary["floors_broken"], made.summary["money_lost"]
(0, {})
"""

from __future__ import annotations

from xborder_aml.synth.assess import evaluate_demo
from xborder_aml.synth.demo import DemoLedger, background, demo_ledger
from xborder_aml.synth.example import example_ledger
from xborder_aml.synth.files import write_demo
from xborder_aml.synth.ledger import SynthLedger, generate
from xborder_aml.synth.presets import PRESETS, preset
from xborder_aml.synth.spec import Attempts, Bin, Flow, LabelNoise, LedgerSpec
from xborder_aml.synth.tables import BOOK, CASES, LABELS, TRUTH, illicit_value
from xborder_aml.synth.world import Place

__all__ = [
    "BOOK",
    "CASES",
    "LABELS",
    "PRESETS",
    "TRUTH",
    "Attempts",
    "Bin",
    "DemoLedger",
    "Flow",
    "LabelNoise",
    "LedgerSpec",
    "Place",
    "SynthLedger",
    "background",
    "demo_ledger",
    "evaluate_demo",
    "example_ledger",
    "generate",
    "illicit_value",
    "preset",
    "write_demo",
]
