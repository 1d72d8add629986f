"""`TransactionGraph`: a table of transactions as a frozen, columnar, time-ordered multigraph."""

from __future__ import annotations

from xborder_aml.graph._graph import TransactionGraph
from xborder_aml.graph._require import require_graph

__all__ = ["TransactionGraph", "require_graph"]
