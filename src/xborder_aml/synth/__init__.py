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
from xborder_aml.synth.fidelity import FIDELITY, Fidelity, compare_ledgers
from xborder_aml.synth.fidelity_page import write_fidelity
from xborder_aml.synth.files import write_demo
from xborder_aml.synth.ledger import SynthLedger, generate
from xborder_aml.synth.presets import PRESETS, preset
from xborder_aml.synth.published import check_published, seen_of
from xborder_aml.synth.schemes import SCHEMES
from xborder_aml.synth.spec import Attempts, Bin, Flow, LabelNoise, LedgerSpec
from xborder_aml.synth.tables import BOOK, CASES, LABELS, TRUTH, illicit_value
from xborder_aml.synth.world import Place
from xborder_aml.synth.writing import Written, write_ledger

__all__ = [
    "BOOK",
    "CASES",
    "FIDELITY",
    "LABELS",
    "PRESETS",
    "SCHEMES",
    "TRUTH",
    "Attempts",
    "Bin",
    "DemoLedger",
    "Fidelity",
    "Flow",
    "LabelNoise",
    "LedgerSpec",
    "Place",
    "SynthLedger",
    "Written",
    "background",
    "check_published",
    "compare_ledgers",
    "demo_ledger",
    "evaluate_demo",
    "example_ledger",
    "generate",
    "illicit_value",
    "preset",
    "seen_of",
    "write_demo",
    "write_fidelity",
    "write_ledger",
]
