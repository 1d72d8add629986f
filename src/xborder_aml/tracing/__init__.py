"""Following money: rules, lots, bounds, and where it is now."""

from __future__ import annotations

from xborder_aml.tracing._claims import pari_passu, payments_from
from xborder_aml.tracing._trace import RULE_WORDS, RULES, trace
from xborder_aml.tracing.result import Traced

__all__ = ["RULES", "RULE_WORDS", "Traced", "pari_passu", "payments_from", "trace"]
