"""`TransactionGraph`: a table of transactions as a frozen, columnar, time-ordered multigraph."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import CapacityError, DataError, ParameterError, SchemaError, did_you_mean
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.kernels.amounts import LIMIT
from xborder_aml.kernels.csr import csr, first_slots
from xborder_aml.kernels.edges import Edges
from xborder_aml.schema import ACCOUNTS, CURRENCY, JURISDICTION, RESOLUTION, TRANSACTIONS, Table

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["TransactionGraph"]

_REQUIRED = frozenset(c.name for c in TRANSACTIONS if not c.nullable)
_CODES = pl.Int32
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999
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


def _encode(transactions: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return account names, sorted, and the originator's and beneficiary's code of each row."""
    names = (
        pl.concat([transactions["originator"].unique(), transactions["beneficiary"].unique()])
        .unique()
        .sort()
        .rename("account")
    )
    codes = names.to_frame().with_columns(code=pl.int_range(pl.len(), dtype=_CODES))
    # a left join keeps the left order and holds one column at a time: the peak stays low
    src = transactions.select(account="originator").join(
        codes, on="account", how="left", maintain_order="left"
    )["code"]
    dst = transactions.select(account="beneficiary").join(
        codes, on="account", how="left", maintain_order="left"
    )["code"]
    return names, src, dst


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
        _check(frame)
        names, src, dst = _encode(frame)
        known = None if accounts is None else _check_accounts(ACCOUNTS.conform(accounts))
        kept = list(_NUMERIC) + [
            c.name
            for c in TRANSACTIONS
            if c.name not in (*_NUMERIC, "originator", "beneficiary", "base_currency", "resolution")
            and frame[c.name].null_count() < frame.height
        ]
        table = frame.select(kept).with_columns(
            src.alias("originator_code"), dst.alias("beneficiary_code")
        )
        if not _is_ordered(table):
            table = table.sort("executed_at", "transaction_id")
        self._table = table.rechunk()
        self._names = names
        self._base_currency: str = frame["base_currency"][0] if frame.height else "XXX"
        self._resolution: str = _coarsest(frame["resolution"])
        self._accounts = _account_table(names, known)
        if known is not None:
            self._table = _fill_jurisdictions(self._table, self._accounts)

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
        return _plain(self._table["transaction_id"])

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
        at = _plain(t["executed_at"].to_physical())
        src = _plain(t["originator_code"])
        dst = _plain(t["beneficiary_code"])
        out_ptr, out_row = csr(src, self.n_accounts)
        in_ptr, in_row = csr(dst, self.n_accounts)
        out_at = at[out_row]
        a = _codes(t["originator_jurisdiction"])
        b = _codes(t["beneficiary_jurisdiction"])
        edges = Edges(
            at=at,
            originator=src,
            beneficiary=dst,
            sent=_plain(t["sent_minor"]),
            sent_currency=_codes(t["sent_currency"]),
            received=_plain(t["received_minor"]),
            received_currency=_codes(t["received_currency"]),
            base=_plain(t["base_minor"].fill_null(-1)),
            border=((a != b) & (a >= 0) & (b >= 0)).astype(np.int8),
            holder=self.holder_codes,
            alone=(np.bincount(self.holder_codes)[self.holder_codes] == 1).astype(np.int8),
            out_ptr=out_ptr,
            out_row=out_row,
            out_at=out_at,
            in_ptr=in_ptr,
            in_row=in_row,
            in_at=at[in_row],
            onward=first_slots(at, dst, out_ptr, out_at),
        )
        for array in edges:  # frozen; and a kernel compiles once, for read-only arrays
            array.flags.writeable = False
        return edges

    @cached_property
    def holder_codes(self) -> NDArray[np.int32]:
        """Holder of each account, shape (V,): the smallest account code of the same holder."""
        table = self._accounts.select("holder").with_row_index("own")
        first = (
            pl.when(pl.col("holder").is_null())
            .then("own")
            .otherwise(pl.col("own").min().over("holder"))
        )
        return _plain(table.select(first.cast(_CODES)).to_series())

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
        codes = self._names.is_in(wanted.implode()).arg_true().cast(_CODES).implode()
        src = pl.col("originator_code").is_in(codes)
        dst = pl.col("beneficiary_code").is_in(codes)
        return self._view(src & dst if both_sides else src | dst)

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
        _check_values(table)
        if not _is_ordered(table):
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
        import networkx as nx

        out = nx.MultiDiGraph(base_currency=self.base_currency, resolution=self.resolution)
        for row in self._accounts.iter_rows(named=True):
            out.add_node(row.pop("account"), **row)
        for row in self.transactions.drop("base_currency", "resolution").iter_rows(named=True):
            ends = row.pop("originator"), row.pop("beneficiary")
            out.add_edge(*ends, key=row.pop("transaction_id"), **row)
        return out

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
        out = cls(frame, _records(nodes, ACCOUNTS))
        if not edges:  # no row says them
            out._base_currency = meta["base_currency"] or "XXX"
            out._resolution = meta["resolution"] or ""
        return out

    # -- pictures in words --------------------------------------------------------------------

    def corridors(self) -> pl.DataFrame:
        """Return one row a known corridor: origin, destination, n_transactions, base_minor.

        Most money first; ties by name. Domestic corridors are included.
        """
        return (
            self._table.lazy()
            .filter(
                pl.col("originator_jurisdiction").is_not_null()
                & pl.col("beneficiary_jurisdiction").is_not_null()
            )
            .group_by(
                origin=pl.col("originator_jurisdiction").cast(pl.String),
                destination=pl.col("beneficiary_jurisdiction").cast(pl.String),
            )
            .agg(n_transactions=pl.len(), base_minor=pl.col("base_minor").sum())
            .sort("base_minor", "origin", "destination", descending=[True, False, False])
            .collect()
        )

    def summary(self) -> dict[str, Any]:
        """Return counts, span and money as plain values, for logs and manifests."""
        t = self._table
        e = self.edges if t.height else None
        return {
            "n_transactions": t.height,
            "n_accounts": self.n_accounts,
            "n_holders": int(np.unique(self.holder_codes).size),
            "first_at": t["executed_at"].min(),
            "last_at": t["executed_at"].max(),
            "resolution": self.resolution or None,
            "base_currency": self.base_currency,
            "base_minor": int(t["base_minor"].sum()),
            "n_without_base": t["base_minor"].null_count(),
            "n_cross_border": int(e.border.sum(dtype=np.int64)) if e else 0,
            "n_without_corridor": t.select(
                pl.col("originator_jurisdiction").is_null()
                | pl.col("beneficiary_jurisdiction").is_null()
            )
            .to_series()
            .sum(),
            "n_self_loops": int((e.originator == e.beneficiary).sum()) if e else 0,
            "currencies": sorted(
                {*t["sent_currency"].unique().to_list(), *t["received_currency"].unique().to_list()}
            ),
        }

    def __repr__(self) -> str:
        """Return counts, span and top corridors in a few lines."""
        s = self.summary()
        if not s["n_transactions"]:
            return "TransactionGraph: empty"
        lines = [
            f"TransactionGraph: {s['n_transactions']:,} transactions, {s['n_accounts']:,} accounts"
            f" ({s['n_holders']:,} holders)",
            f"  span        {s['first_at']:%Y-%m-%d} to {s['last_at']:%Y-%m-%d}"
            f", step {s['resolution'] or 'unknown'}",
            f"  crossing    {s['n_cross_border']:,} cross a border"
            f", {s['n_without_corridor']:,} without a known corridor",
            f"  money       {_money(s['base_minor'], self.base_currency)}"
            f", {s['n_without_base']:,} without a base amount",
        ]
        for row in self.corridors().head(5).iter_rows(named=True):
            lines.append(
                f"  {row['origin']} > {row['destination']}     {row['n_transactions']:>9,}  "
                f"{_money(row['base_minor'], self.base_currency)}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the same as a small table for notebooks."""
        s = self.summary()
        if not s["n_transactions"]:
            return "<p><b>TransactionGraph</b>: empty</p>"
        rows = "".join(
            f"<tr><td>{r['origin']} &rarr; {r['destination']}</td>"
            f"<td style='text-align:right'>{r['n_transactions']:,}</td>"
            f"<td style='text-align:right'>{_money(r['base_minor'], self.base_currency)}</td></tr>"
            for r in self.corridors().head(8).iter_rows(named=True)
        )
        return (
            f"<div><b>TransactionGraph</b><br>{s['n_transactions']:,} transactions &middot; "
            f"{s['n_accounts']:,} accounts &middot; {s['n_holders']:,} holders<br>"
            f"{s['first_at']:%Y-%m-%d} to {s['last_at']:%Y-%m-%d}, step "
            f"{html.escape(s['resolution'] or 'unknown')} &middot; {s['n_cross_border']:,} cross a "
            f"border &middot; {_money(s['base_minor'], self.base_currency)}"
            "<table><thead><tr><th>corridor</th><th>transactions</th><th>base money</th></tr>"
            f"</thead><tbody>{rows}</tbody></table></div>"
        )


def _money(minor: int, currency: str) -> str:
    return f"{currency} {minor / 10 ** minor_digits(currency):,.0f}"


def _plain(series: pl.Series) -> NDArray[Any]:
    """Return a series without nulls as a C-contiguous array, without a copy where possible."""
    array = np.ascontiguousarray(series.to_numpy())
    array.flags.writeable = False
    return array


def _codes(series: pl.Series) -> NDArray[np.int16]:
    """Return the physical codes of an Enum series, -1 for null."""
    return series.to_physical().cast(pl.Int16).fill_null(-1).to_numpy().copy()


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


def _time(value: datetime | str) -> datetime:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ParameterError(f"{value!r} is not an ISO 8601 time, like 2014-01-31T12:00") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _is_ordered(table: pl.DataFrame) -> bool:
    if table.height < 2:
        return True
    at = table["executed_at"].to_physical().to_numpy()
    tid = table["transaction_id"].to_numpy()
    step = np.diff(at)
    return bool(((step > 0) | ((step == 0) & (np.diff(tid) > 0))).all())


def _coarsest(resolution: pl.Series) -> str:
    """Return the coarsest step of a ledger: ties of a date-only part are ties of the whole."""
    present = set(resolution.drop_nulls().unique().to_list())
    return next((r for r in reversed(RESOLUTION.categories.to_list()) if r in present), "")


def _check(frame: pl.DataFrame) -> None:
    """Refuse a table that no exact answer can be computed from."""
    ids = frame["transaction_id"]
    if ids.n_unique() != ids.len():
        twice = ids.filter(ids.is_duplicated())[0]
        raise DataError(
            f"transaction_id {twice} stands in more than one row; ids must be unique. Concatenated "
            "ledgers need ids of their own: read them in one call or renumber."
        )
    _check_values(frame)
    currencies = frame["base_currency"].unique().to_list()
    if len(currencies) > 1:
        raise DataError(
            f"base_currency holds {', '.join(sorted(map(str, currencies)))}; a graph has one. "
            "Read the sources with the same base_currency."
        )


def _check_values(frame: pl.DataFrame) -> None:
    """Refuse times and amounts whose sums could leave Int64, and negative amounts."""
    at = frame["executed_at"].to_physical()
    outside = int(((at < _FIRST) | (at > _LAST)).sum())
    if outside:
        raise DataError(
            f"executed_at holds {outside} times outside the years 1 to 9999; convert them, since a "
            "time stamp in another unit than microseconds often is the cause"
        )
    for name in ("sent_minor", "received_minor", "base_minor"):
        column = frame[name]
        if (column < 0).any():
            raise DataError(
                f"{name} holds {int((column < 0).sum())} negative amounts; direction is given by "
                "originator and beneficiary, so amounts are never negative"
            )
        # summed in two halves, because a plain Int64 sum would wrap in silence
        high = int((column // 2**31).sum() or 0)
        low = int((column % 2**31).sum() or 0)
        if high * 2**31 + low >= LIMIT:
            raise CapacityError(
                f"{name} sums to {high * 2**31 + low:,}, and an exact answer needs less than "
                f"2**59 = {LIMIT:,} minor units; cut the ledger, or check the currency's decimals"
            )


def _check_accounts(accounts: pl.DataFrame) -> pl.DataFrame:
    names = accounts["account"]
    if names.n_unique() != names.len():
        twice = names.filter(names.is_duplicated())[0]
        raise DataError(
            f"account {twice!r} stands in more than one row of the accounts table; keep one row an "
            "account"
        )
    return accounts


def _account_table(names: pl.Series, known: pl.DataFrame | None) -> pl.DataFrame:
    base = names.to_frame()
    if known is not None:
        base = base.join(known, on="account", how="left", maintain_order="left")
    return ACCOUNTS.conform(base)


def _fill_jurisdictions(table: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    held = accounts["jurisdiction"]
    if held.null_count() == held.len():
        return table
    return table.with_columns(
        pl.coalesce(f"{side}_jurisdiction", held.gather(table[f"{side}_code"]).alias("held")).alias(
            f"{side}_jurisdiction"
        )
        for side in ("originator", "beneficiary")
    )
