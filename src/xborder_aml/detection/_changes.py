"""`Changes`: rows of a ledger that came, came late, were amended or were deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from xborder_aml.detection._places import Places
from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph, require_graph
from xborder_aml.schema import TRANSACTIONS

__all__ = ["Changes"]

_READ = (
    "executed_at",
    "sent_minor",
    "sent_currency",
    "received_minor",
    "received_currency",
    "base_minor",
    "originator_jurisdiction",
    "beneficiary_jurisdiction",
    "instrument",
)
"""Columns that a search or a finding reads, beside the id and the two accounts."""
_FACTS = ("holder", "opened_on")
"""The same, of accounts."""


@dataclass(frozen=True, eq=False)
class Changes:
    """Rows that came, came late, were amended or were deleted since a graph was made.

    Parameters
    ----------
    before
        The graph as it was.
    upserts
        Transactions (`schema.TRANSACTIONS`) to add, or to put in place of those of the same
        transaction_id.
    deletes
        transaction_id of those to take out.
    accounts
        The accounts table from now on; by default what `before` knows of its accounts. Give it
        where a new transaction names an account that only the table knows, or an owner changed.

    Raises
    ------
    ParameterError
        If a transaction is deleted that is not there, or deleted and given anew.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> before = xb.TransactionGraph(xb.example_ledger())
    >>> changes = xb.Changes(before, deletes=[3])
    >>> changes.graph.n_transactions, changes.touched["transaction_id"].to_list()
    (5, [3])
    """

    before: TransactionGraph
    upserts: pl.DataFrame | None = None
    deletes: Iterable[int] = ()
    accounts: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        """Check that what is deleted is there, and is not given anew."""
        require_graph(self.before, "Changes")
        given = TRANSACTIONS.empty() if self.upserts is None else self.upserts
        deletes = _ids(self.deletes)
        object.__setattr__(self, "upserts", TRANSACTIONS.conform(given))
        object.__setattr__(self, "deletes", deletes)
        _, there = Places(self.before).found(deletes)
        if not there.all():
            raise ParameterError(
                f"transaction {deletes.filter(pl.Series(~there))[0]} cannot be deleted, since the "
                "graph does not have it; leave it out"
            )
        both = deletes.filter(deletes.is_in(given["transaction_id"].implode()))
        if both.len():
            raise ParameterError(
                f"transaction {both[0]} is both deleted and given anew; say one of the two"
            )

    @cached_property
    def graph(self) -> TransactionGraph:
        """The graph with the changes made."""
        assert self.upserts is not None
        known = self.before.accounts if self.accounts is None else self.accounts
        kept = self.before.transactions.filter(
            ~pl.col("transaction_id").is_in(self._named().implode())
        )
        return TransactionGraph(pl.concat([kept, self.upserts]), known)

    @cached_property
    def touched(self) -> pl.DataFrame:
        """Each old and new version of a transaction that a search may see otherwise now.

        Its transaction_id, executed_at, originator and beneficiary. A row that was given as it
        stood is none; a transaction of an account whose holder or day of opening changed is one.
        """
        graphs = (self.before, self.graph)
        # another accounts table may fill in jurisdictions anywhere
        ids = None if self.accounts is not None else self._named()
        old, new = (_versions(graph, ids) for graph in graphs)
        gone, came = (
            a.join(b, on=a.columns, how="anti", nulls_equal=True)
            for a, b in ((old, new), (new, old))
        )
        parts = [gone, came]
        if self.accounts is not None:
            moved = _changed_accounts(*graphs)
            touches = pl.any_horizontal(
                pl.col(c).is_in(moved.implode()) for c in ("originator", "beneficiary")
            )
            parts += [old.filter(touches), new.filter(touches)]
        columns = ("transaction_id", "executed_at", "originator", "beneficiary")
        return pl.concat(parts).select(columns).unique().sort(columns)

    def _named(self) -> pl.Series:
        assert self.upserts is not None
        assert isinstance(self.deletes, pl.Series)
        return pl.concat([self.upserts["transaction_id"], self.deletes])


def _ids(deletes: Iterable[int]) -> pl.Series:
    try:
        return pl.Series("transaction_id", list(deletes), dtype=pl.Int64)
    except (TypeError, OverflowError) as error:
        raise ParameterError(
            f"deletes={deletes!r} must be transaction ids, whole numbers, like [3, 5]"
        ) from error


def _versions(graph: TransactionGraph, ids: pl.Series | None) -> pl.DataFrame:
    """Return what a search reads of these transactions, as far as the graph has them."""
    if ids is None:
        rows = np.arange(graph.n_transactions)
    else:
        at, there = Places(graph).found(ids)
        rows = np.sort(at[there])
    names = graph.account_names
    columns = {c: graph.column(c).gather(rows) for c in ("transaction_id", *_READ)}
    for side in ("originator", "beneficiary"):
        columns[side] = names.gather(graph.column(f"{side}_code").gather(rows))
    return pl.DataFrame(columns)


def _changed_accounts(before: TransactionGraph, after: TransactionGraph) -> pl.Series:
    """Return the accounts of both graphs of which something else is known now."""
    old, new = (graph.accounts.select("account", *_FACTS) for graph in (before, after))
    return new.join(old, on="account", how="semi").join(
        old, on=old.columns, how="anti", nulls_equal=True
    )["account"]
