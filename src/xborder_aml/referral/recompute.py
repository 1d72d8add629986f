"""Every figure of a case file again, from transactions and a named pure function.

A figure is a mapping: ``figure`` (its name), ``value``, ``unit``, ``transaction_ids`` (those that
it rests on), ``how`` (a name in `HOW`) and ``arguments``. It recomputes from the transactions alone
or from figures before it in the list; nothing else is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import polars as pl

from xborder_aml.errors import XBorderAMLError
from xborder_aml.graph import TransactionGraph
from xborder_aml.referral._accounts import (
    Limits,
    Shares,
    by_place,
    limits_of,
    mixed,
    sum_of_limits,
)
from xborder_aml.referral.evidence import corridor_money
from xborder_aml.referral.retrace import retrace
from xborder_aml.referral.worth import day_of, share_of, survival_shares, to_base
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.tracing import Traced

__all__ = ["HOW", "Book", "recompute_figures"]


class Book:
    """The transactions that figures rest on, and the figures that are known so far."""

    def __init__(self, transactions: pl.DataFrame) -> None:
        self.transactions = TRANSACTIONS.conform(transactions)
        self.figures: dict[str, int | str] = {}
        self.traces: dict[str, Mapping[str, Any]] = {}
        self._traced: dict[tuple[str, str], Traced] = {}
        self._corridors: dict[str, dict[str, int]] = {}
        self._limits: dict[str, Limits] = {}
        self._survival: dict[tuple[str, float, float], Shares] = {}

    @cached_property
    def graph(self) -> TransactionGraph:
        """The transactions as a graph."""
        return TransactionGraph(self.transactions)

    def traced(self, arguments: Mapping[str, Any]) -> Traced:
        """Return the trace that arguments name, by their own ``rule`` if they have one, made once.

        Raises
        ------
        KeyError
            If no figure before tells how to trace.
        """
        name = arguments["trace"]
        told = self.traces[name]
        rule = arguments.get("rule", told["rule"])
        if (name, rule) not in self._traced:
            self._traced[name, rule] = retrace(self.graph, {**told, "rule": rule})
        return self._traced[name, rule]

    def corridors(self, arguments: Mapping[str, Any]) -> dict[str, int]:
        """Return claimed money by corridor, worked out once."""
        key = repr((arguments["trace"], arguments["claims"]))
        if key not in self._corridors:
            self._corridors[key] = corridor_money(self.traced(arguments), arguments["claims"])
        return self._corridors[key]

    def limits(self, arguments: Mapping[str, Any]) -> Limits:
        """Return the rule-free bounds of accounts, worked out once."""
        key = repr((arguments["trace"], arguments["accounts"]))
        if key not in self._limits:
            self._limits[key] = limits_of(self.traced(arguments), arguments["accounts"])
        return self._limits[key]

    def survival(self, arguments: Mapping[str, Any]) -> Shares:
        """Return how much of each account's money stays some hours more, worked out once."""
        hours, wait = float(arguments["hours"]), float(arguments["wait_hours"])
        key = (str(arguments["trace"]), hours, wait)
        if key not in self._survival:
            traced = self.traced(arguments)
            held = traced.holdings["account"].unique().to_list()
            self._survival[key] = by_place(
                survival_shares(traced, dict.fromkeys(held, hours), wait)
            )
        return self._survival[key]

    def number(self, given: int | str) -> int:
        """Return a whole number, or the value of the figure that is named instead."""
        return int(self.figures[given]) if isinstance(given, str) else int(given)

    def rows(self, figure: Mapping[str, Any]) -> pl.DataFrame:
        """Return the transactions of a figure, in its order.

        Raises
        ------
        KeyError
            If one of them is not in the book.
        """
        ids = figure["transaction_ids"]
        wanted = pl.DataFrame({"transaction_id": ids}, schema={"transaction_id": pl.Int64})
        rows = wanted.join(self.transactions, on="transaction_id", how="inner",
                           maintain_order="left")  # fmt: skip
        if rows.height != len(ids):
            known = set(rows["transaction_id"].to_list())
            raise KeyError(f"transaction {next(i for i in ids if i not in known)}")
        return rows


def _trace(book: Book, figure: Mapping[str, Any]) -> str:
    """Take down how to trace, for the figures after it, and tell the rule.

    ``seeds`` (claim, transaction_id, amount_minor), ``rule``, ``as_of``, ``same_day``, ``sinks``
    and ``opening_balances`` (account, currency, balance_minor) are those of `trace`.
    """
    book.traces[figure["figure"]] = figure["arguments"]
    return str(figure["arguments"]["rule"])


def _count(book: Book, figure: Mapping[str, Any]) -> int:
    """Count the transactions of the figure that the book holds."""
    return book.rows(figure).height


def _seed_value(book: Book, figure: Mapping[str, Any]) -> int:
    """Sum what is claimed of transactions, in the base currency.

    ``amounts_minor`` says how much of each; rows without a base amount add nothing.
    """
    rows = book.rows(figure).select("received_minor", "base_minor").rows()
    parts = figure["arguments"]["amounts_minor"]
    worth = [to_base(p, whole, base) for p, (whole, base) in zip(parts, rows, strict=True)]
    return sum(w or 0 for w in worth)


def _first_day(book: Book, figure: Mapping[str, Any]) -> str:
    """Tell the earliest day of the transactions."""
    return day_of(book.rows(figure)["executed_at"].min())


def _last_day(book: Book, figure: Mapping[str, Any]) -> str:
    """Tell the latest day of the transactions."""
    return day_of(book.rows(figure)["executed_at"].max())


def _held(book: Book, figure: Mapping[str, Any]) -> int:
    """Trace again, and sum what accounts hold: ``trace``, ``accounts``, ``claims``, ``column``.

    ``column`` is amount_minor, with its ``currency``, or base_minor.
    """
    arguments = figure["arguments"]
    held = book.traced(arguments).holdings.filter(
        pl.col("account").is_in(arguments["accounts"]), pl.col("claim").is_in(arguments["claims"])
    )
    if "currency" in arguments:
        held = held.filter(pl.col("currency").cast(pl.String) == arguments["currency"])
    return int(held[arguments["column"]].sum())


def _fate(book: Book, figure: Mapping[str, Any]) -> int:
    """Trace again, and sum what went a way in the base currency: ``trace``, ``claims``, ``fate``.

    ``fate`` is superseded, sunk or fees.
    """
    from xborder_aml.referral._cascade import fates

    arguments = figure["arguments"]
    cases = pl.DataFrame({"claim": arguments["claims"]}).with_columns(case=pl.lit("case"))
    traced = book.traced(arguments)
    return fates(traced, cases)["case"][arguments["fate"]]


def _sum(book: Book, figure: Mapping[str, Any]) -> int:
    """Add up figures, ``plus``, and take away others, ``minus``, and a ``constant``."""
    arguments = figure["arguments"]
    plus = sum(int(book.figures[name]) for name in arguments.get("plus", []))
    minus = sum(int(book.figures[name]) for name in arguments.get("minus", []))
    return plus - minus + int(arguments.get("constant", 0))


def _share(book: Book, figure: Mapping[str, Any]) -> int:
    """Take ``millionths``, a number or a figure, of the figure ``of``, rounded down."""
    arguments = figure["arguments"]
    return share_of(book.number(arguments["of"]), book.number(arguments["millionths"]))


def _survival(book: Book, figure: Mapping[str, Any]) -> int:
    """Trace again, and tell what share of an ``account`` stays ``hours`` more, in millionths.

    ``wait_hours`` are waited before that; ``claims`` are those that the account is weighed by.
    """
    arguments = figure["arguments"]
    held = book.traced(arguments).holdings.filter(
        pl.col("account") == arguments["account"],
        pl.col("claim").is_in(arguments["claims"]),
        pl.col("base_minor").is_not_null(),
    )
    share = mixed(held.with_columns(pl.col("currency").cast(pl.String)), book.survival(arguments))
    if share is None:
        raise ValueError("the ledger does not show how money of that age leaves")
    return share


def _received(book: Book, figure: Mapping[str, Any]) -> int:
    """Sum what transactions of one currency brought."""
    return int(book.rows(figure)["received_minor"].sum())


def _arrived(book: Book, figure: Mapping[str, Any]) -> int:
    """Trace again, and tell what of the transactions is money of a ``claim``."""
    arguments = figure["arguments"]
    flows = book.traced(arguments).flows.filter(
        pl.col("claim") == arguments["claim"],
        pl.col("transaction_id").is_in(figure["transaction_ids"]),
    )
    return int(flows["arrived_minor"].sum())


def _n_accounts(book: Book, figure: Mapping[str, Any]) -> int:
    """Trace again, and count the accounts that hold money of ``claims``."""
    held = book.traced(figure["arguments"]).holdings.filter(
        pl.col("claim").is_in(figure["arguments"]["claims"]), pl.col("amount_minor") > 0
    )
    return held["account"].n_unique()


def _corridor(book: Book, figure: Mapping[str, Any]) -> int:
    """Trace again, and sum claimed money of ``claims`` over a ``corridor``."""
    arguments = figure["arguments"]
    money = book.corridors(arguments)
    return money[arguments["corridor"]]


def _bound(book: Book, figure: Mapping[str, Any]) -> int:
    """Return a rule-free bound in the base currency: ``account``, ``claims``, ``end``, ``trace``.

    ``end`` is low or high; all of ``accounts`` are worked out together.
    """
    arguments = figure["arguments"]
    limits = book.limits(arguments)
    low, high = sum_of_limits(limits, arguments["account"], arguments["claims"])
    bound = {"low": low, "high": high}[arguments["end"]]
    if bound is None:
        raise ValueError("there is no bound")
    return bound


def _chain(book: Book, figure: Mapping[str, Any]) -> int:
    """Add up ``terms``: a figure, what a balance does not cover, and shares in millionths.

    A share is a number, or the name of a figure.

    Each share is taken in turn and rounded down. The sum is at most the largest figure of ``cap``,
    where there are some; ``constant`` is added last.
    """
    arguments = figure["arguments"]
    total = 0
    for name, gone, *shares in arguments["terms"]:
        part = int(book.figures[name]) - int(gone)
        for millionths in shares:
            part = share_of(part, book.number(millionths))
        total += part
    if arguments.get("cap"):
        total = min(total, max(book.number(name) for name in arguments["cap"]))
    return total + int(arguments.get("constant", 0))


HOW: dict[str, Callable[[Book, Mapping[str, Any]], int | str]] = {
    "trace": _trace,
    "count": _count,
    "seed_value": _seed_value,
    "first_day": _first_day,
    "last_day": _last_day,
    "held": _held,
    "fate": _fate,
    "sum": _sum,
    "share": _share,
    "received": _received,
    "arrived": _arrived,
    "n_accounts": _n_accounts,
    "corridor": _corridor,
    "survival": _survival,
    "bound": _bound,
    "chain": _chain,
}
"""Pure functions by name; what each does, and its arguments, stand in its docstring."""


def recompute_figures(
    figures: Iterable[Mapping[str, Any]], transactions: pl.DataFrame
) -> pl.DataFrame:
    """Work out every figure again.

    Parameters
    ----------
    figures
        As ``figures.json`` holds them, in its order.
    transactions
        The table that lies beside it.

    Returns
    -------
    DataFrame
        figure, stated, recomputed (null where it cannot be), agrees, and why (null where it does).

    Raises
    ------
    SchemaError
        If the table is not one of transactions.
    """
    book = Book(transactions)
    rows = []
    for figure in figures:
        name, stated = str(figure.get("figure")), str(figure.get("value"))
        found, why = None, None
        try:
            book.rows(figure)  # every transaction that it names must be there
            found = HOW[figure["how"]](book, figure)
            book.figures[name] = found
        except KeyError as error:
            why = f"it rests on {error.args[0]}, which is not there"
        except (XBorderAMLError, TypeError, ValueError, AttributeError) as error:
            why = f"it cannot be worked out: {error}"
        agrees = found is not None and type(found) is type(figure["value"]) and (
            found == figure["value"]
        )  # fmt: skip
        if not agrees and why is None:
            why = f"it is {found}"
        rows.append((name, stated, None if found is None else str(found), agrees, why))
    schema = {"figure": pl.String, "stated": pl.String, "recomputed": pl.String,
              "agrees": pl.Boolean, "why": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
