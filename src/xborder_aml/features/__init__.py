"""Numbers about transactions, for models: what the graph around each one looks like.

`TransactionFeatures` makes a table of them. The functions here count one family each.
"""

from __future__ import annotations

from xborder_aml.features._counts import (
    FanDegree,
    Histogram,
    fan_degree,
    hop_cycles,
    look_back,
    scatter_gather_counts,
    temporal_cycles,
)
from xborder_aml.features.transactions import TransactionFeatures

__all__ = [
    "FanDegree",
    "Histogram",
    "TransactionFeatures",
    "fan_degree",
    "hop_cycles",
    "look_back",
    "scatter_gather_counts",
    "temporal_cycles",
]
