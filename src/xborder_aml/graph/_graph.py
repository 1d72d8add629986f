"""`TransactionGraph`: a table of transactions as a frozen, columnar, time-ordered multigraph."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import CapacityError, ParameterError, SchemaError, did_you_mean
from xborder_aml.graph._checks import check_accounts, check_transactions, check_values
from xborder_aml.graph._edges import make_edges, plain
from xborder_aml.graph._ids import RowsById
from xborder_aml.graph._networkx import read_networkx, write_networkx
from xborder_aml.graph._tables import (
    CODES,
    account_table,
    coarsest,
    corridor_table,
    encode,
    fill_jurisdictions,
    is_ordered,
)
from xborder_aml.graph._words import as_html, as_text, summarise
from xborder_aml.kernels.edges import Edges
from xborder_aml.schema import ACCOUNTS, CURRENCY, JURISDICTION, RESOLUTION, TRANSACTIONS

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["TransactionGraph"]

_REQUIRED = frozenset(c.name for c in TRANSACTIONS if not c.nullable)
_NUMERIC = (
    "transaction_id",
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
"""Columns that every graph keeps, beside the two account codes."""


class TransactionGraph:
    """Accounts as vertices, transactions as edges, in the order of (executed_at, transaction_id).

    Parallel edges and self-loops are kept. The graph never changes; views are new graphs. Columns
    are polars series over plain buffers; account keys are coded to Int32 in the sort order of their
    text, so that the codes do not depend on the order of the rows.

    Parameters
    ----------
    transactions
        Table as `xborder_aml.schema.TRANSACTIONS` declares it, in any row order.
    accounts
        Optional accounts table (`xborder_aml.schema.ACCOUNTS`): gives holders, and jurisdictions of
        accounts where the transactions have none.

    Raises
    ------
    SchemaError
        If a column is missing or of a wrong type.
    DataError
        If a transaction_id or an account repeats, an amount is negative, or base currencies mix.
    CapacityError
        If the amounts sum to 2**59 minor units or more, where sums could leave Int64.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> graph.n_transactions, graph.n_accounts
    (6, 4)
    """

    def __init__(self, transactions: pl.DataFrame, accounts: pl.DataFrame | None = None) -> None:
        if not isinstance(transactions, pl.DataFrame):
            raise SchemaError(
                f"TransactionGraph takes a polars DataFrame, not {type(transactions).__name__}; "
                "read other sources with xborder_aml.read_transactions"
            )
        if not isinstance(accounts, pl.DataFrame | None):
            raise SchemaError(
                f"accounts is a {type(accounts).__name__}, not a polars DataFrame; read other "
                "sources with xborder_aml.read_accounts"
            )
        frame = TRANSACTIONS.conform(transactions)
        check_transactions(frame)
        names, src, dst = encode(frame)
        known = None if accounts is None else check_accounts(ACCOUNTS.conform(accounts))
        kept = list(_NUMERIC) + [
            c.name
            for c in TRANSACTIONS
            if c.name not in (*_NUMERIC, "originator", "beneficiary", "base_currency", "resolution")
            and frame[c.name].null_count() < frame.height
        ]
        table = frame.select(kept).with_columns(
            src.alias("originator_code"), dst.alias("beneficiary_code")
        )
        if not is_ordered(table):
            table = table.sort("executed_at", "transaction_id")
        self._table = table.rechunk()
        self._names = names
        self._base_currency: str = frame["base_currency"][0] if frame.height else "XXX"
        self._resolution: str = coarsest(frame["resolution"])
        self._accounts = account_table(names, known)
        if known is not None:
            self._table = fill_jurisdictions(self._table, self._accounts)

    @classmethod
    def _of(
        cls, table: pl.DataFrame, like: TransactionGraph, names: pl.Series, accounts: pl.DataFrame
    ) -> TransactionGraph:
        graph = object.__new__(cls)
        graph._table = table
        graph._names = names
        graph._accounts = accounts
        graph._base_currency = like.base_currency
        graph._resolution = like.resolution
        return graph

    # -- size ---------------------------------------------------------------------------------

    @property
    def n_transactions(self) -> int:
        """Number of edges, E."""
        return self._table.height

    @property
    def n_accounts(self) -> int:
        """Number of vertices, V."""
        return self._names.len()

    def __len__(self) -> int:
        """Return the number of transactions."""
        return self.n_transactions

    def __eq__(self, other: object) -> bool:
        """Tell whether all columns and accounts are the same."""
        if not isinstance(other, TransactionGraph):
            return NotImplemented
        return (
            self.base_currency == other.base_currency
            and self.resolution == other.resolution
            and self._accounts.equals(other._accounts)
            and self.transactions.equals(other.transactions)
        )

    __hash__ = None  # type: ignore[assignment]

    # -- columns ------------------------------------------------------------------------------

    @property
    def columns(self) -> list[str]:
        """Names of the columns that `column` returns; one that is null throughout is not kept."""
        return self._table.columns

    def column(self, name: str) -> pl.Series:
        """Return one column in edge order: a transactions column, or an account code column.

        Raises
        ------
        ParameterError
            If the graph has no such column.
        """
        if name not in self._table.columns:
            known = self._table.columns
            raise ParameterError(
                f"the graph has no column {name!r}{did_you_mean(name, known)}; it has "
                f"{', '.join(known)}"
            )
        return self._table[name].clone()

    # Tables and series are handed out as clones, which share their buffers: assigning to a cell of
    # one changes that clone and not the graph.

    @property
    def base_currency(self) -> str:
        """ISO 4217 code of the base amounts; XXX for a graph made from no rows."""
        return self._base_currency

    @property
    def resolution(self) -> str:
        """Coarsest step of executed_at in the source, like "1d"; empty when unknown."""
        return self._resolution

    @property
    def accounts(self) -> pl.DataFrame:
        """Accounts table (schema.ACCOUNTS), one row a vertex, in the order of the codes."""
        return self._accounts.clone()

    @property
    def account_names(self) -> pl.Series:
        """Account keys in the order of the codes, shape (V,)."""
        return self._names.clone()

    @cached_property
    def transaction_ids(self) -> NDArray[np.int64]:
        """transaction_id of each edge, shape (E,)."""
        return plain(self._table["transaction_id"])

    @cached_property
    def _by_id(self) -> RowsById:
        return RowsById(self.transaction_ids)

    def rows_of(self, transaction_ids: pl.Series | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the edge row of each transaction id, shape (n,).

        Raises
        ------
        DataError
            If the graph has no such transaction.
        """
        return self._by_id.rows(np.asarray(transaction_ids, np.int64))

    @property
    def transactions(self) -> pl.DataFrame:
        """The transactions table (schema.TRANSACTIONS) in edge order, with account keys."""
        out = self._table.with_columns(
            self._names.gather(self._table["originator_code"]).alias("originator"),
            self._names.gather(self._table["beneficiary_code"]).alias("beneficiary"),
            pl.lit(self.base_currency, CURRENCY).alias("base_currency"),
            pl.lit(self.resolution or None, RESOLUTION).alias("resolution"),
        )
        return TRANSACTIONS.conform(out)

    @cached_property
    def edges(self) -> Edges:
        """The arrays that kernels read, built at first use.

        Raises
        ------
        CapacityError
            If there are 2**31 transactions or more: cut the ledger into time slices.
        """
        t = self._table
        if t.height >= 2**31:
            raise CapacityError(
                f"{t.height} transactions in one graph; the limit is 2**31 - 1. Cut the ledger "
                "into time slices (docs: the contract, slices)."
            )
        return make_edges(t, self.holder_codes, self._accounts["opened_on"])

    @cached_property
    def holder_codes(self) -> NDArray[np.int32]:
        """Holder of each account, shape (V,): the smallest account code of the same holder."""
        table = self._accounts.select("holder").with_row_index("own")
        first = (
            pl.when(pl.col("holder").is_null())
            .then("own")
            .otherwise(pl.col("own").min().over("holder"))
        )
        return plain(table.select(first.cast(CODES)).to_series())

    # -- views --------------------------------------------------------------------------------

    def window(self, start: datetime | str, end: datetime | str) -> TransactionGraph:
        """Return the graph of the transactions with ``start <= executed_at <= end`` (closed).

        Times without a zone are UTC, and a day is its midnight; text is read as ISO 8601.

        Raises
        ------
        ParameterError
            If a time cannot be read, or `end` lies before `start`.
        """
        lo, hi = _time(start), _time(end)
        if hi < lo:
            raise ParameterError(f"the window ends at {hi}, before it starts at {lo}; swap them")
        return self._view(pl.col("executed_at").is_between(lo, hi, closed="both"))

    def corridor(self, origin: str, destination: str) -> TransactionGraph:
        """Return the graph of one corridor, given as ISO 3166-1 alpha-2 codes."""
        for code in (origin, destination):
            if code not in JURISDICTION.categories:
                raise ParameterError(
                    f"{code!r} is not an ISO 3166-1 alpha-2 code"
                    f"{did_you_mean(code, JURISDICTION.categories)}"
                )
        return self._view(
            (pl.col("originator_jurisdiction") == origin)
            & (pl.col("beneficiary_jurisdiction") == destination)
        )

    def among(self, accounts: Iterable[str], *, both_sides: bool = False) -> TransactionGraph:
        """Return the graph of the transactions that touch `accounts`.

        Parameters
        ----------
        accounts
            Account keys; one that the graph does not have is an error.
        both_sides
            Ask that originator and beneficiary are both among them.
        """
        wanted = pl.Series("account", [accounts] if isinstance(accounts, str) else list(accounts))
        unknown = wanted.filter(~wanted.is_in(self._names.implode()))
        if unknown.len():
            raise ParameterError(
                f"the graph has no account {unknown[0]!r}"
                f"{did_you_mean(unknown[0], self._names.head(100_000).to_list())}"
            )
        codes = self._names.is_in(wanted.implode()).arg_true().cast(CODES).implode()
        src = pl.col("originator_code").is_in(codes)
        dst = pl.col("beneficiary_code").is_in(codes)
        return self._view(src & dst if both_sides else src | dst)

    def without_text(self) -> TransactionGraph:
        """Return the graph with only the columns that detectors read: less to sort and to hold."""
        table = self._table.select(*_NUMERIC, "originator_code", "beneficiary_code")
        return self._of(table, self, self._names, self._accounts)

    def replace(self, columns: pl.DataFrame) -> TransactionGraph:
        """Return the graph with some columns of its edges replaced, put in order anew.

        Parameters
        ----------
        columns
            Columns of `column` in edge order, of the same type, such as permuted times. Who pays
            whom and the transaction ids stay.

        Raises
        ------
        ParameterError
            If the graph has no such column.
        SchemaError
            If a column may not be replaced, or its type or length differs.
        DataError, CapacityError
            If amounts are negative or sum to too much, as when a graph is made.
        """
        for name in columns.columns:
            if name == "transaction_id" or name.endswith("_code"):
                raise SchemaError(f"{name} says which edges there are; make a new graph instead")
            if columns[name].null_count() and name in _REQUIRED:
                raise SchemaError(f"{name} holds {columns[name].null_count()} nulls; fill them")
            if self.column(name).dtype != columns[name].dtype:
                raise SchemaError(
                    f"{name} is {columns[name].dtype}, and the graph's is "
                    f"{self.column(name).dtype}; cast it first"
                )
        if columns.height != self.n_transactions:
            raise SchemaError(
                f"{columns.height} rows cannot replace those of {self.n_transactions} "
                "transactions; give one row an edge, in edge order"
            )
        table = self._table.with_columns(columns.get_columns())
        check_values(table)
        if not is_ordered(table):
            table = table.sort("executed_at", "transaction_id")
        return self._of(table.rechunk(), self, self._names, self._accounts)

    def _view(self, predicate: pl.Expr) -> TransactionGraph:
        """Filter edges and drop accounts without any, keeping the order of the codes."""
        table = self._table.filter(predicate)
        used = (
            pl.concat([table["originator_code"].unique(), table["beneficiary_code"].unique()])
            .unique()
            .sort()
        )
        place = np.full(max(1, self.n_accounts), -1, np.int32)
        place[used.to_numpy()] = np.arange(used.len(), dtype=np.int32)
        table = table.with_columns(
            pl.Series("originator_code", place[table["originator_code"].to_numpy()]),
            pl.Series("beneficiary_code", place[table["beneficiary_code"].to_numpy()]),
        ).rechunk()
        return self._of(table, self, self._names.gather(used), self._accounts[used])

    # -- other libraries ----------------------------------------------------------------------

    def to_networkx(self) -> nx.MultiDiGraph:
        """Return a networkx MultiDiGraph: edge key = transaction_id, all columns as attributes.

        Node attributes are the columns of the accounts table. `from_networkx` gives back an equal
        graph.
        """
        return write_networkx(self)

    @classmethod
    def from_networkx(cls, graph: nx.MultiDiGraph) -> TransactionGraph:
        """Return the transaction graph of a networkx MultiDiGraph, as `to_networkx` writes it.

        Edge keys are the transaction ids, and nodes the account keys. Attributes carry the names of
        schema.TRANSACTIONS and schema.ACCOUNTS; others are left out, and so are nodes without an
        edge.

        Raises
        ------
        ParameterError
            If the graph is no MultiDiGraph.
        SchemaError
            If an attribute is missing or of a wrong type.
        """
        frame, accounts, meta = read_networkx(graph)
        out = cls(frame, accounts)
        if not frame.height:  # no row says them
            out._base_currency = meta["base_currency"] or "XXX"
            out._resolution = meta["resolution"] or ""
        return out

    # -- pictures in words --------------------------------------------------------------------

    def corridors(self) -> pl.DataFrame:
        """Return one row a known corridor: origin, destination, n_transactions, base_minor.

        Most money first; ties by name. Domestic corridors are included.
        """
        return corridor_table(self._table)

    def summary(self) -> dict[str, Any]:
        """Return counts, span and money as plain values, for logs and manifests."""
        return summarise(self, self._table)

    def __repr__(self) -> str:
        """Return counts, span and top corridors in a few lines."""
        return as_text(self)

    def _repr_html_(self) -> str:
        """Return the same as a small table for notebooks."""
        return as_html(self)


def _time(value: datetime | str) -> datetime:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ParameterError(f"{value!r} is not an ISO 8601 time, like 2014-01-31T12:00") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
