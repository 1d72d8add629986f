"""From raw columns to the canonical tables: times, minor units, accounts, base amounts, rejects."""

from __future__ import annotations

from xborder_aml.normalise.ledger import Ledger, normalise
from xborder_aml.normalise.raw import RAW_COLUMNS, Conventions, RawLedger
from xborder_aml.normalise.rows import RULES

__all__ = ["RAW_COLUMNS", "RULES", "Conventions", "Ledger", "RawLedger", "normalise"]
