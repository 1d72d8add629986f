"""What a method may see: a ledger without labels, and with names that say nothing.

Accounts, holders and institutions have new names in random order, and transactions have new numbers
in order of time, ties at random: neither spelling nor file order tells who is who. Labels, free
text, references and row numbers are gone. A view ends where its part ends; nothing later is in it.

This keeps a method from leaking by accident. It is no prison: Python has none, and what a method
does in spite of it is for `xborder_aml.evaluate.check_method` to find.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.evaluate.dataset import Dataset
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

__all__ = ["Blind", "LabelledView", "View", "blind", "stream"]

T = TypeVar("T")

_SHOWN = (
    "transaction_id",
    "executed_at",
    "originator",
    "beneficiary",
    "sent_minor",
    "sent_currency",
    "received_minor",
    "received_currency",
    "base_minor",
    "base_currency",
    "originator_jurisdiction",
    "beneficiary_jurisdiction",
    "instrument",
    "resolution",
    "reverses",
)
_SHOWN_OF_ACCOUNTS = ("holder_jurisdiction", "jurisdiction", "opened_on", "kind")


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one part of an evaluation, independent of the others'."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))


@dataclass(frozen=True, eq=False)
class View:
    """A ledger up to some time, and which of its rows are to be scored.

    Parameters
    ----------
    transactions
        Rows in order of (executed_at, transaction_id), history included, as `schema.TRANSACTIONS`
        declares them; labels and what would give them away are null.
    accounts
        What is known of the accounts, as `schema.ACCOUNTS` declares it.
    asked
        Which rows are to be scored or learnt from, shape (E,).
    """

    transactions: pl.DataFrame
    accounts: pl.DataFrame
    asked: NDArray[np.bool_]
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def memo(self, key: Any, make: Callable[[View], T]) -> T:
        """Return ``make(self)``, computed once for this view and key, whoever asks."""
        if key not in self._memo:
            self._memo[key] = make(self)
        found: T = self._memo[key]
        return found

    @property
    def asked_transactions(self) -> pl.DataFrame:
        """The rows to be scored."""
        return self.transactions.filter(pl.Series(self.asked))


@dataclass(frozen=True, eq=False)
class LabelledView(View):
    """A view to learn from.

    Parameters
    ----------
    labels
        Whether each of the asked rows is illicit, shape (number of asked rows,).
    validation
        A later labelled view, such as to stop by; it is not scored in the test.
    """

    labels: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    validation: LabelledView | None = None

    def relabelled(self, labels: NDArray[np.bool_]) -> LabelledView:
        """Return the same view with other labels."""
        return dataclasses.replace(self, labels=labels)


@dataclass(frozen=True, eq=False)
class Blind:
    """A dataset with its names taken away; its rows stand in the order of the new ids.

    Parameters
    ----------
    transactions, accounts
        What views show.
    row
        Place of each row in the dataset's canonical order, shape (E,).
    account
        The dataset's name of each new account name.
    """

    transactions: pl.DataFrame
    accounts: pl.DataFrame
    row: NDArray[np.int64]
    account: dict[str, str]

    def view(self, seen: NDArray[np.bool_], asked: NDArray[np.bool_]) -> View:
        """Return the rows that are `seen`, of which some are `asked`; both shape (E,)."""
        rows = self.transactions.filter(pl.Series(seen))
        ends = pl.concat([rows["originator"], rows["beneficiary"].alias("originator")]).unique()
        accounts = self.accounts.filter(pl.col("account").is_in(ends.implode()))
        return View(rows, accounts, asked[seen])

    def labelled(
        self, seen: NDArray[np.bool_], asked: NDArray[np.bool_], labels: NDArray[np.bool_]
    ) -> LabelledView:
        """Return such a view with the labels of the asked rows; all shape (E,)."""
        view = self.view(seen, asked)
        return LabelledView(view.transactions, view.accounts, view.asked, labels=labels[asked])


def blind(data: Dataset, seed: int = 0) -> Blind:
    """Take the names of a dataset away.

    Parameters
    ----------
    seed
        Which names and which order of ties.
    """
    rng = stream(seed, "names")
    rows = data.transactions
    at = rows["executed_at"].to_physical().to_numpy()
    order = np.lexsort((rng.permutation(at.size), at))
    shuffled = rows[order]
    names = pl.concat([rows["originator"], rows["beneficiary"].alias("originator")]).unique().sort()
    key = _new_names("A", names, rng)
    numbers = pl.DataFrame(
        {"reverses": shuffled["transaction_id"], "number": np.arange(1, at.size + 1)}
    )
    hidden = (
        shuffled.select(*_SHOWN)
        .join(numbers, on="reverses", how="left", maintain_order="left")
        .with_columns(
            pl.col("originator", "beneficiary").replace_strict(key, return_dtype=pl.String),
            transaction_id=numbers["number"],
            reverses=pl.when(pl.col("number") < numbers["number"]).then("number"),
        )
        .drop("number")
    )
    return Blind(
        TRANSACTIONS.conform(hidden),
        _blind_accounts(data.accounts, key, rng),
        order,
        {new: old for old, new in key.items()},
    )


def _blind_accounts(
    accounts: pl.DataFrame, key: dict[str, str], rng: np.random.Generator
) -> pl.DataFrame:
    known = accounts.filter(pl.col("account").is_in(list(key))).sort("account")
    renamed = {
        column: _new_names(letter, known[column].drop_nulls().unique().sort(), rng)
        for column, letter in (("holder", "H"), ("institution", "B"))
    }
    table = known.select(
        pl.col("account").replace_strict(key, return_dtype=pl.String),
        *(
            pl.col(c).replace_strict(names, default=None, return_dtype=pl.String)
            for c, names in renamed.items()
        ),
        *_SHOWN_OF_ACCOUNTS,
    )
    return ACCOUNTS.conform(table.sort("account"))


def _new_names(letter: str, names: pl.Series, rng: np.random.Generator) -> dict[str, str]:
    width = len(str(names.len()))
    numbers = rng.permutation(names.len()).tolist()
    return {
        old: f"{letter}{new:0{width}}" for old, new in zip(names.to_list(), numbers, strict=True)
    }
