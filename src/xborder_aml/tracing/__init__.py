"""Following money: rules, lots, bounds, and where it is now."""

from __future__ import annotations

from xborder_aml.tracing._claims import pari_passu, payments_from
from xborder_aml.tracing._trace import RULES, trace
from xborder_aml.tracing.result import Traced

__all__ = ["RULES", "Traced", "pari_passu", "payments_from", "trace"]
