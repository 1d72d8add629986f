"""The sums that a figure can be, one small function each, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from xborder_aml.errors import DataError, did_you_mean
from xborder_aml.exchange.canonical import hash_of
from xborder_aml.schema import TRANSACTIONS

if TYPE_CHECKING:
    from xborder_aml.graph import TransactionGraph
    from xborder_aml.tracing import Traced

__all__ = ["RECOMPUTATIONS", "Evidence", "Quantity", "Work"]

Quantity = tuple[int | str, str]
"""A value and its unit: the code of a currency, ``count``, ``time``, ``seconds`` or ``ppm``."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What figures are recomputed from.

    Parameters
    ----------
    transactions
        Table `schema.TRANSACTIONS`.
    tables
        Other tables by name, like ``holdings``.
    parameters
        What the user set, for figures that are assumptions.
    accounts
        Table `schema.ACCOUNTS`, where a trace was given one.
    """

    transactions: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    accounts: pl.DataFrame | None = None

    @cached_property
    def by_id(self) -> pl.DataFrame:
        """Transactions in order of their ids."""
        return TRANSACTIONS.conform(self.transactions).sort("transaction_id")

    @cached_property
    def graph(self) -> TransactionGraph:
        """Graph of all transactions."""
        from xborder_aml.graph import TransactionGraph

        return TransactionGraph(self.transactions, self.accounts)


@dataclass(frozen=True, eq=False)
class Work:
    """One recomputation: the evidence, the figures so far, the rows of this one, and traces."""

    evidence: Evidence
    values: dict[str, Quantity]
    traces: dict[str, Traced]
    ids: Sequence[int]

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Return the transactions that the figure names."""
        table = self.evidence.by_id
        if not table.height or not len(self.ids):
            if len(self.ids):
                raise DataError(f"transaction {self.ids[0]} is not in the evidence")
            return table.clear()
        if len(set(self.ids)) != len(self.ids):
            raise DataError("it names a transaction twice")
        wanted = pl.Series(self.ids, dtype=pl.Int64)
        places = table["transaction_id"].search_sorted(wanted).clip(upper_bound=table.height - 1)
        found = table[places]
        absent = wanted.filter(found["transaction_id"] != wanted)
        if absent.len():
            raise DataError(f"transaction {absent[0]} is not in the evidence")
        return found

    def earlier(self, name: str) -> Quantity:
        """Return a figure that came before."""
        if name not in self.values:
            raise DataError(f"it rests on the figure {name!r}, which does not come before it")
        return self.values[name]

    def alike(self, names: Sequence[str]) -> tuple[list[int], str]:
        """Return earlier figures of one unit, and the unit."""
        found = [self.earlier(name) for name in names]
        units = sorted({unit for _, unit in found})
        if len(units) != 1:
            raise DataError(f"figures of one unit can be put together, and got {units or 'none'}")
        return [_whole(value) for value, _ in found], units[0]


# -- the registry ----------------------------------------------------------------------------------

RECOMPUTATIONS: dict[str, Callable[..., Quantity]] = {}
"""Name to function: all the sums that a figure can be."""


def _named(function: Callable[..., Quantity]) -> Callable[..., Quantity]:
    RECOMPUTATIONS[function.__name__] = function
    return function


@_named
def count(work: Work) -> Quantity:
    """Count the transactions."""
    return work.rows.height, "count"


@_named
def sum_base(
    work: Work,
    *,
    originator: str | None = None,
    beneficiary: str | None = None,
    corridor: str | None = None,
) -> Quantity:
    """Sum base amounts, of all transactions or of an account's or a corridor's."""
    rows = _filtered(work.rows, originator, beneficiary, corridor)
    if rows["base_minor"].null_count():
        raise DataError("a transaction has no base amount, because a rate is missing")
    currency = work.evidence.transactions["base_currency"]
    return int(rows["base_minor"].sum()), str(currency[0]) if currency.len() else "XXX"


@_named
def sum_sent(work: Work, *, currency: str, originator: str | None = None) -> Quantity:
    """Sum what left originators, all in one currency."""
    return _leg(_filtered(work.rows, originator, None, None), "sent", currency)


@_named
def sum_received(work: Work, *, currency: str, beneficiary: str | None = None) -> Quantity:
    """Sum what reached beneficiaries, all in one currency."""
    return _leg(_filtered(work.rows, None, beneficiary, None), "received", currency)


@_named
def first_at(work: Work) -> Quantity:
    """Return the earliest time, ISO 8601."""
    return _time(work.rows["executed_at"].min()), "time"


@_named
def last_at(work: Work) -> Quantity:
    """Return the latest time, ISO 8601."""
    return _time(work.rows["executed_at"].max()), "time"


@_named
def seconds_between(work: Work) -> Quantity:
    """Return whole seconds from the earliest to the latest time."""
    at = work.rows["executed_at"].to_physical().sort()
    if not at.len():
        raise DataError("it names no transaction, so that there is no time")
    return (int(at[-1]) - int(at[0])) // 1_000_000, "seconds"


@_named
def distinct_accounts(work: Work) -> Quantity:
    """Count the accounts on either side."""
    rows = work.rows
    return pl.concat([rows["originator"], rows["beneficiary"]]).n_unique(), "count"


@_named
def distinct_jurisdictions(work: Work) -> Quantity:
    """Count the known jurisdictions on either side."""
    sides = [work.rows[f"{side}_jurisdiction"] for side in ("originator", "beneficiary")]
    return pl.concat(sides).drop_nulls().n_unique(), "count"


@_named
def cross_border(work: Work) -> Quantity:
    """Count the transactions whose two known jurisdictions differ."""
    rows = work.rows
    differ = rows["originator_jurisdiction"] != rows["beneficiary_jurisdiction"]
    return int(differ.fill_null(value=False).sum()), "count"


@_named
def total(work: Work, *, plus: Sequence[str], minus: Sequence[str] = ()) -> Quantity:
    """Add earlier figures, and take others away: a step of a waterfall from its parts."""
    values, unit = work.alike([*plus, *minus])
    return sum(values[: len(plus)]) - sum(values[len(plus) :]), unit


@_named
def least(work: Work, *, of: Sequence[str]) -> Quantity:
    """Return the smallest of earlier figures."""
    values, unit = work.alike(of)
    return min(values), unit


@_named
def most(work: Work, *, of: Sequence[str]) -> Quantity:
    """Return the largest of earlier figures."""
    values, unit = work.alike(of)
    return max(values), unit


@_named
def scaled(work: Work, *, of: str, ppm: str | int) -> Quantity:
    """Take a share of an earlier figure, rounded down; `ppm` is millionths or names a figure."""
    (value,), unit = work.alike([of])
    if isinstance(ppm, str):
        (share,), kind = work.alike([ppm])
        if kind != "ppm":
            raise DataError(f"the share {ppm!r} is in {kind}, and must be in ppm")
    else:
        share = _whole(ppm)
    return value * share // 1_000_000, unit


@_named
def share(work: Work, *, part: str, whole: str) -> Quantity:
    """Return one earlier figure as a share of another, in millionths rounded down."""
    (a, b), _ = work.alike([part, whole])
    if b == 0:
        raise DataError(f"the figure {whole!r} is 0, and has no shares")
    return a * 1_000_000 // b, "ppm"


@_named
def parameter(work: Work, *, path: str, unit: str) -> Quantity:
    """Return what the user set; dots in `path` lead into tables."""
    value: Any = work.evidence.parameters
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise DataError(f"the parameters hold no {path!r}")
        value = value[key]
    return (value if isinstance(value, str) and unit == "time" else _whole(value)), unit


@_named
def table_count(work: Work, *, table: str, where: Mapping[str, Any] | None = None) -> Quantity:
    """Count rows of a table."""
    return _where(work, table, where).height, "count"


@_named
def table_sum(
    work: Work,
    *,
    table: str,
    column: str,
    unit: str | None = None,
    unit_column: str | None = None,
    where: Mapping[str, Any] | None = None,
) -> Quantity:
    """Sum whole numbers of a table; those of money have their one currency in `unit_column`."""
    rows = _where(work, table, where)
    values = _column(rows, column, table)
    if not values.dtype.is_integer():
        raise DataError(f"{table}.{column} is {values.dtype}, and only whole numbers are summed")
    if unit_column is not None:
        units = _column(rows, unit_column, table).unique()
        if units.len() != 1:
            raise DataError(f"{table}.{unit_column} names {units.len()} currencies, and must 1")
        unit = str(units[0])
    return int(values.sum()), unit or "count"


@_named
def traced(
    work: Work,
    *,
    quantity: str,
    seeds: Sequence[Sequence[Any]],
    rule: str,
    currency: str,
    claim: str | None = None,
    account: str | None = None,
    jurisdiction: str | None = None,
    same_day: str = "ledger",
    as_of: str | None = None,
    opening_balances: str | None = None,
    sinks: Sequence[str] = ("cash", "crypto", "securities"),
) -> Quantity:
    """Trace anew and sum a quantity of it.

    `seeds` are rows of claim, transaction_id and amount_minor. `quantity` is ``held`` or
    ``held_base`` of accounts, or of the claim as a whole ``seeded``, ``sunk``, ``fees`` or
    ``superseded``. `opening_balances` is null, "least" or the name of a table.
    """
    asked = {
        "seeds": [list(row) for row in seeds], "rule": rule, "same_day": same_day, "as_of": as_of,
        "opening": opening_balances, "sinks": list(sinks),
    }  # fmt: skip
    found = _trace(work, asked)
    places = {"claim": claim, "account": account, "jurisdiction": jurisdiction}
    if quantity in ("held", "held_base"):
        rows, amount = found.holdings, "amount_minor" if quantity == "held" else "base_minor"
        places["currency" if quantity == "held" else "base_currency"] = currency
    elif quantity in ("seeded", "sunk", "fees", "superseded"):
        rows, amount = found.conservation, f"{quantity}_minor"
        places["currency"] = currency
    else:
        raise DataError(f"a trace has no quantity {quantity!r}")
    for name, value in places.items():
        if value is not None:
            rows = rows.filter(_column(rows, name, "trace").cast(pl.String) == value)
    if rows[amount].null_count():
        raise DataError("some of the money has no base amount, because a rate is missing")
    return int(rows[amount].sum()), currency


# -- parts -----------------------------------------------------------------------------------------


def _filtered(
    rows: pl.DataFrame, originator: str | None, beneficiary: str | None, corridor: str | None
) -> pl.DataFrame:
    if originator is not None:
        rows = rows.filter(pl.col("originator") == originator)
    if beneficiary is not None:
        rows = rows.filter(pl.col("beneficiary") == beneficiary)
    if corridor is not None:
        sides = (
            pl.col(f"{side}_jurisdiction").cast(pl.String) for side in ("originator", "beneficiary")
        )
        rows = rows.filter(pl.concat_str(*sides, separator=">") == corridor)
    return rows


def _leg(rows: pl.DataFrame, leg: str, currency: str) -> Quantity:
    other = rows.filter(pl.col(f"{leg}_currency").cast(pl.String) != currency)
    if other.height:
        raise DataError(
            f"transaction {other['transaction_id'][0]} is in {other[f'{leg}_currency'][0]}, "
            f"and {currency} is summed; currencies are never mixed"
        )
    return int(rows[f"{leg}_minor"].sum()), currency


def _time(at: Any) -> str:
    if at is None:
        raise DataError("it names no transaction, so that there is no time")
    return str(at.isoformat()).replace("+00:00", "Z")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{value!r} is no whole number")
    return value


def _where(work: Work, table: str, where: Mapping[str, Any] | None) -> pl.DataFrame:
    tables = {"transactions": work.evidence.transactions, **work.evidence.tables}
    if table not in tables:
        raise DataError(f"there is no table {table!r}{did_you_mean(table, tables)}")
    rows = tables[table]
    for name, value in (where or {}).items():
        column = _column(rows, name, table)
        rows = rows.filter(
            column.is_null() if value is None else column.cast(pl.String) == str(value)
        )
    return rows


def _column(rows: pl.DataFrame, name: str, table: str) -> pl.Series:
    if name not in rows.columns:
        raise DataError(f"{table} has no column {name!r}{did_you_mean(name, rows.columns)}")
    return rows[name]


def _trace(work: Work, asked: Mapping[str, Any]) -> Traced:
    from xborder_aml.tracing import trace
    from xborder_aml.tracing.tables import SEEDS

    key = hash_of(asked)
    if key not in work.traces:
        seeds = pl.DataFrame(asked["seeds"], schema=SEEDS.dtypes, orient="row")
        opening: Any = asked["opening"]
        if opening not in (None, "least"):
            opening = _where(work, opening, None)
        work.traces[key] = trace(
            work.evidence.graph, seeds, rule=asked["rule"], same_day=asked["same_day"],
            as_of=asked["as_of"], opening_balances=opening, sinks=asked["sinks"],
        )  # fmt: skip
    return work.traces[key]
