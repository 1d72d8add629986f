"""Graphs to and from networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from xborder_aml.errors import ParameterError, SchemaError
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS, Table

if TYPE_CHECKING:
    import networkx as nx

    from xborder_aml.graph._graph import TransactionGraph

__all__ = ["read_networkx", "write_networkx"]


def write_networkx(graph: TransactionGraph) -> nx.MultiDiGraph:
    """Return a networkx MultiDiGraph, as `TransactionGraph.to_networkx` says."""
    import networkx as nx

    out = nx.MultiDiGraph(base_currency=graph.base_currency, resolution=graph.resolution)
    for row in graph.accounts.iter_rows(named=True):
        out.add_node(row.pop("account"), **row)
    for row in graph.transactions.drop("base_currency", "resolution").iter_rows(named=True):
        ends = row.pop("originator"), row.pop("beneficiary")
        out.add_edge(*ends, key=row.pop("transaction_id"), **row)
    return out


def read_networkx(graph: nx.MultiDiGraph) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """Return the transactions, the accounts, and the base currency and resolution of a graph."""
    if not (graph.is_multigraph() and graph.is_directed()):
        raise ParameterError(
            f"from_networkx takes a MultiDiGraph, whose edge keys are transaction ids, and not "
            f"a {type(graph).__name__}; convert it with networkx.MultiDiGraph(graph)"
        )
    edges = [
        {"originator": u, "beneficiary": v, "transaction_id": key, **data}
        for u, v, key, data in graph.edges(keys=True, data=True)
    ]
    nodes = [{"account": n, **data} for n, data in graph.nodes(data=True)]
    frame = _records(edges, TRANSACTIONS)
    meta = {c: graph.graph.get(c) or None for c in ("base_currency", "resolution")}
    for name, value in meta.items():
        if value is not None or name not in frame.columns:
            frame = frame.with_columns(pl.lit(value, TRANSACTIONS.dtypes[name]).alias(name))
    return frame, _records(nodes, ACCOUNTS), meta


def _records(rows: list[dict[str, Any]], table: Table) -> pl.DataFrame:
    """Return a table from dictionaries, with the columns that it knows."""
    if not rows:
        return table.empty()
    have = set().union(*rows)
    schema = {name: dtype for name, dtype in table.dtypes.items() if name in have}
    try:
        return pl.DataFrame(rows, schema=schema)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        raise SchemaError(
            f"an attribute cannot be read as its column of the {table.name} table: {error}. "
            f"Attributes, keys and nodes have the types of schema.{table.name.upper()}."
        ) from error
