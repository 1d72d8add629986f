"""Refusing what is no graph, at the doors of whatever takes one."""

from __future__ import annotations

from xborder_aml.errors import ParameterError
from xborder_aml.graph._graph import TransactionGraph

__all__ = ["require_graph"]


def require_graph(given: object, taker: str) -> None:
    """Refuse what is no graph, in the name of the function that takes one, and say how to make it.

    Raises
    ------
    ParameterError
        If `given` is no TransactionGraph.
    """
    if not isinstance(given, TransactionGraph):
        raise ParameterError(
            f"{taker} takes a TransactionGraph, and got a {type(given).__name__}; make one with "
            "xborder_aml.TransactionGraph(transactions)"
        )
