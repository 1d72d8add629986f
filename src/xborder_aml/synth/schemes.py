"""Whole laundering schemes."""

from __future__ import annotations

from xborder_aml.synth.docket import Docket

__all__ = ["add_schemes"]


def add_schemes(docket: Docket, seed: int) -> None:
    """Plan schemes."""
