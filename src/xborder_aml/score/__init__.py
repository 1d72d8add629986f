"""Scores of accounts: weight of evidence, with the findings that it comes from."""

from __future__ import annotations

from xborder_aml.score.chance import Chance, against_chance
from xborder_aml.score.evidence import EvidenceScorer
from xborder_aml.score.null import permuted

__all__ = ["Chance", "EvidenceScorer", "against_chance", "permuted"]
