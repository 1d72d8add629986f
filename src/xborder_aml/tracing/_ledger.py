"""From a graph and its seeds to the book of moves that a trace reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import CapacityError, DataError, ParameterError, did_you_mean
from xborder_aml.graph import TransactionGraph
from xborder_aml.jurisdictions.codes import CURRENCIES, INSTRUMENTS
from xborder_aml.kernels.amounts import LIMIT
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.trace_book import (
    OUTSIDE,
    RETURNED,
    SAME,
    SINK,
    Book,
    Legs,
    count_moves,
    fill_book,
    least_openings,
    reach,
)
from xborder_aml.kernels.trace_mix import Seeds
from xborder_aml.kernels.trace_order import order_ties
from xborder_aml.tracing.tables import OPENINGS

__all__ = ["ORDERS", "Ledger", "Openings", "lay_book"]

ORDERS = ("ledger", "credits_first", "debits_first")
"""Orders in which transactions of the same time may be taken."""

Openings = Mapping[Any, int] | pl.DataFrame | Literal["least"] | None
_Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Ledger:
    """The book of a trace, and what its numbers stand for.

    Parameters
    ----------
    end
        How many transactions of the graph, the first ones, were looked at.
    book
        Moves that touch what seed money can have reached.
    seeds
        Seeds by place in the book.
    claims
        Names of the claims by number.
    account, currency
        Account code, and place in `currencies`, of each pocket, shape (P,).
    debit, credit
        Place in `currencies` of what each move sends and receives, shape (N,).
    currencies
        Codes of the currencies in the ledger.
    opening
        Opening balance of each pocket, shape (P,).
    apart
        Returns whose money is not where it would have to be, and are taken as any payment.
    """

    graph: TransactionGraph
    end: int
    book: Book
    seeds: Seeds
    claims: pl.Series
    account: NDArray[np.int32]
    currency: NDArray[np.int16]
    debit: NDArray[np.int16]
    credit: NDArray[np.int16]
    currencies: tuple[str, ...]
    opening: NDArray[np.int64]
    apart: int

    @property
    def n_pockets(self) -> int:
        """Pockets that seed money can have reached."""
        return int(self.account.size)

    @cached_property
    def pays_at(self) -> NDArray[np.int64]:
        """Row of the first payment out of each account that was looked at, -1 without, shape (V,).

        What an account does later was not known at the end of the trace.
        """
        first = np.full(self.graph.n_accounts, -1, np.int64)
        # of several rows of one account the last one written stays: its first
        first[self.graph.edges.originator[: self.end][::-1]] = np.arange(self.end)[::-1]
        return first

    @cached_property
    def executed_at(self) -> NDArray[np.int64]:
        """Time of each move, shape (N,)."""
        return self.graph.edges.at[self.book.row]


def lay_book(
    graph: TransactionGraph,
    seeds: pl.DataFrame,
    *,
    end: int,
    order: str,
    largest_first: bool,
    sinks: tuple[str, ...],
    opening: Openings,
) -> Ledger:
    """Return the book of the first `end` transactions that matters to the seeds.

    Raises
    ------
    ParameterError, DataError, CapacityError
        If an opening balance names what is not there, or the money is too much for Int64.
    """
    e = graph.edges
    currencies, legs, n_keys = _legs(graph, end, sinks, seeds["row"].to_numpy())
    legs = legs._replace(row=_ordered(e, legs, end, order, largest_first))
    seeded = np.zeros(max(1, graph.n_transactions), np.int8)
    seeded[seeds["row"].to_numpy()] = 1
    reached = np.zeros(n_keys, np.int8)
    reach(legs, seeded, reached)
    keys = np.flatnonzero(reached)
    pocket = np.full(n_keys, OUTSIDE, np.int32)
    pocket[keys] = np.arange(keys.size, dtype=np.int32)
    n = count_moves(legs, pocket)
    types = dict.fromkeys(("row", "source", "target", "returns"), np.int32)
    sizes = types | {"sent": np.int64, "received": np.int64, "kind": np.int8, "minted": np.int64}
    book = Book(**{f: np.empty(n, sizes[f]) for f in Book._fields})
    fill_book(legs, pocket, book)
    apart = _link_returns(graph, book)
    claims, placed = _place(seeds, book, graph.n_transactions)
    n_currencies = len(currencies)
    account = (keys // n_currencies).astype(np.int32)
    currency = (keys % n_currencies).astype(np.int16)
    return Ledger(
        graph, end, book, placed, claims, account, currency,
        debit=(legs.source[book.row] % n_currencies).astype(np.int16),
        credit=(legs.target[book.row] % n_currencies).astype(np.int16),
        currencies=currencies,
        opening=_openings(graph, opening, book, pocket, currencies),
        apart=apart,
    )  # fmt: skip


def _legs(
    graph: TransactionGraph, end: int, sinks: tuple[str, ...], seed_rows: _Ints
) -> tuple[tuple[str, ...], Legs, int]:
    """Return the currencies, the legs in ledger order, and the number of all pockets."""
    e = graph.edges
    used = np.zeros(2**15, bool)
    used[e.sent_currency] = True
    used[e.received_currency] = True
    codes = np.flatnonzero(used)
    n_keys = max(1, graph.n_accounts * codes.size)
    if n_keys >= 2**31:
        raise CapacityError(
            f"{graph.n_accounts:,} accounts in {codes.size} currencies are more pockets than "
            "2**31; trace a part of the ledger (graph.window or graph.among)"
        )
    place = np.zeros(2**15, np.int32)
    place[codes] = np.arange(codes.size)
    source, target = e.originator, e.beneficiary
    if codes.size > 1:
        source = source * np.int32(codes.size) + place[e.sent_currency]
        target = target * np.int32(codes.size) + place[e.received_currency]
    kind = np.where(e.sent_currency == e.received_currency, SAME, 0).astype(np.int8)
    bits = np.zeros(len(INSTRUMENTS) + 1, np.int8)  # the last is for -1, unknown
    bits[[INSTRUMENTS.index(name) for name in sinks]] = SINK
    if bits.any():
        kind |= bits[e.instrument]
        kind[seed_rows] &= SAME  # a seed's money arrives, whatever it is paid with
    legs = Legs(np.arange(end, dtype=np.int32), source, target, e.sent, e.received, kind)
    for array in legs:  # a kernel compiles once, for read-only arrays
        array.flags.writeable = False
    return tuple(CURRENCIES[code] for code in codes), legs, n_keys


def _ordered(e: Edges, legs: Legs, end: int, order: str, largest_first: bool) -> NDArray[np.int32]:
    """Return the rows in the order in which they are taken."""
    rows = legs.row
    if order != "ledger":
        waits, frees = e.originator[:end], e.beneficiary[:end]
        if order == "debits_first":
            waits, frees = frees, waits
        by_waits = np.lexsort((waits, e.at[:end]))
        rows = np.empty(end, np.int32)
        order_ties(e.at[:end], waits, frees, by_waits, e.holder.size, rows)
    if largest_first:
        at, source = e.at[rows], legs.source[rows]
        place = np.lexsort((source, at))
        largest = np.lexsort((-legs.sent[rows], source, at))
        taken = rows.copy()
        taken[place] = rows[largest]
        rows = taken
    rows.flags.writeable = False
    return rows


def _link_returns(graph: TransactionGraph, book: Book) -> int:
    """Write which move each move returns; return how many are not where they would have to be."""
    try:
        reverses = graph.column("reverses").gather(book.row)
    except ParameterError:  # no row of the ledger returns another
        return 0
    places = reverses.is_not_null().arg_true().to_numpy()
    rows = pl.DataFrame({"place": places, "id": reverses.drop_nulls()})
    ids = pl.DataFrame(
        {
            "id": graph.transaction_ids[book.row],
            "returned": np.arange(book.row.size, dtype=np.int32),
        }
    )
    pairs = rows.join(ids, on="id", how="left", maintain_order="left")
    known = pairs.drop_nulls()
    i, f = known["place"].to_numpy(), known["returned"].to_numpy()
    there = (f < i) & (book.source[i] == book.target[f]) & (book.source[i] != OUTSIDE)
    book.returns[i[there]] = f[there]
    book.kind[f[there]] |= RETURNED
    return pairs.height - int(there.sum())


def _place(seeds: pl.DataFrame, book: Book, n_transactions: int) -> tuple[pl.Series, Seeds]:
    """Return the names of the claims, and the seeds in the order of their moves."""
    place = np.full(n_transactions, -1, np.int32)
    place[book.row] = np.arange(book.row.size, dtype=np.int32)
    names = seeds["claim"].unique(maintain_order=True)
    number = {name: i for i, name in enumerate(names)}
    at = place[seeds["row"].to_numpy()]
    claim = np.array([number[c] for c in seeds["claim"]], np.int32)
    amount = seeds["amount_minor"].to_numpy()
    by_place = np.lexsort((claim, at))
    return names, Seeds(at[by_place], claim[by_place], np.ascontiguousarray(amount[by_place]))


def _openings(
    graph: TransactionGraph,
    given: Openings,
    book: Book,
    pocket: NDArray[np.int32],
    currencies: tuple[str, ...],
) -> NDArray[np.int64]:
    opening = np.zeros(int(pocket.max(initial=-1)) + 1, np.int64)
    if isinstance(given, str):
        if given != "least":
            raise ParameterError(
                f"opening_balances={given!r}; give 'least', a mapping of accounts to minor units, "
                "or a table"
            )
        least_openings(book, np.zeros_like(opening), opening)
    elif given is not None:
        for account, currency, balance in _told(given, currencies):
            code = graph.account_names.index_of(account)
            if code is None:
                known = graph.account_names.head(100_000).to_list()
                raise ParameterError(
                    f"opening_balances names account {account!r}, which the graph does not have"
                    f"{did_you_mean(account, known)}"
                )
            if balance < 0:
                raise DataError(
                    f"the opening balance of {account!r} is {balance:,}; an overdrawn account has "
                    "0, since none of its money is there to be traced"
                )
            place = pocket[code * len(currencies) + currencies.index(currency)]
            if place != OUTSIDE:
                opening[place] += balance
    total = sum(opening.tolist()) + int(book.received.sum())
    if total >= LIMIT:
        raise CapacityError(
            f"opening balances and receipts sum to {total:,}, and an exact answer needs less than "
            f"2**59 = {LIMIT:,} minor units; check the currency's decimals"
        )
    return opening


def _told(given: Any, currencies: tuple[str, ...]) -> list[tuple[str, str, int]]:
    """Return account, currency and balance of each opening balance that a user gave."""
    if isinstance(given, pl.DataFrame):
        rows = OPENINGS.conform(given).rows()
    elif isinstance(given, Mapping):
        rows = [(*(k if isinstance(k, tuple) else (k, None)), v) for k, v in given.items()]
    else:
        raise ParameterError(
            f"opening_balances is a {type(given).__name__}; give 'least', a mapping of accounts "
            "(or pairs of account and currency) to minor units, or a table"
        )
    out = []
    for account, currency, balance in rows:
        if currency is None and len(currencies) > 1:
            raise ParameterError(
                f"the opening balance of {account!r} has no currency, and the ledger has "
                f"{', '.join(currencies)}; name one"
            )
        if currency is not None and currency not in currencies:
            raise ParameterError(
                f"the opening balance of {account!r} is in {currency}, and the ledger has "
                f"{', '.join(currencies)}"
            )
        out.append((account, currency or currencies[0], int(balance)))
    return out
