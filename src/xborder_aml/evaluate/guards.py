"""Guards against methods that know what they should not, and ledgers that betray their labels.

`check_method` tries a method on a piece of the ledger before its test part, three ways. Does a
score change when later rows are taken away? Does what it learnt survive a change of names? Does it
still find crime when it learns from labels dealt at random? `artefacts` looks at the ledger itself:
how well one trait of the bookkeeping, which no bank would have, tells the illicit rows apart.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError
from xborder_aml.evaluate.dataset import Dataset
from xborder_aml.evaluate.methods import Method, checked_scores, trait
from xborder_aml.evaluate.metrics import average_precision
from xborder_aml.evaluate.view import Blind, blind, stream

__all__ = ["CAUGHT", "CHECKS", "Artefact", "Check", "artefacts", "check_method", "unfit"]

CHECKS = {
    "future": "Scores stay the same when later rows are taken away.",
    "names": "What was learnt does not hang on the names of accounts.",
    "shuffled-labels": "Learning from labels dealt at random finds next to nothing.",
}
"""Checks by name."""

CAUGHT = {
    "future": "looks ahead",
    "names": "remembers the names of accounts",
    "shuffled-labels": "finds crime without having learnt it",
}
"""What a method does that fails the check, by its name."""

_MOST_ROWS = 40_000
_LOOKED_AT, _PLACES, _NEAR = 10_000, 4, 16
_SHARE = 0.5
_LEAST = 0.01


class Check(NamedTuple):
    """What a check of a method found; `passed` is None where it does not apply."""

    name: str
    passed: bool | None
    detail: str


def check_method(data: Dataset, method: Method, *, seed: int = 0) -> list[Check]:
    """Check a method for leaks, on at most 40,000 rows of a dataset.

    The first 60% of the rows are learnt from and the rest are scored.

    Parameters
    ----------
    data
        A labelled ledger, or the part of one before its test rows.
    method
        What to check; it is copied, and stays as it was.

    Returns
    -------
    list of Check
        One for each of `CHECKS`.

    Raises
    ------
    DataError
        If nothing is illicit in one of the two pieces.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> data = xb.evaluate.load_dataset("demo")
    >>> [c.passed for c in check_method(data, xb.evaluate.METHODS["amount-rules"]())]
    [True, True, None]
    """
    piece = _Piece.of(data, seed)
    fitted = piece.fitted(method, piece.labels)
    scores = checked_scores(fitted, piece.hidden.view(piece.all, piece.later))
    truth = piece.labels[piece.later]
    reached = average_precision(truth, scores)
    base = float(truth.mean())
    return [
        _check_future(piece, fitted),
        _check_names(piece, fitted, reached, base),
        _check_shuffled(piece, method, reached, base),
    ]


def unfit(transactions: pl.DataFrame) -> str | None:
    """Say why no check can be made on a ledger's last rows, or None where one can."""
    rows = transactions.tail(_MOST_ROWS)
    illicit = rows["is_illicit"].to_numpy()
    cut = _cut(rows) if rows.height else 0
    if illicit[:cut].any() and illicit[cut:].any():
        return None
    return (
        f"of the last {rows.height:,} rows, the first 60% or the rest hold nothing illicit, so no "
        "check can be made"
    )


def _cut(rows: pl.DataFrame) -> int:
    """Return how many rows are learnt from; those of one time stay together."""
    at = rows["executed_at"].to_physical().to_numpy()
    return int(np.searchsorted(at, at[at.size * 6 // 10]))


class _Piece(NamedTuple):
    """The rows that checks run on, blinded: earlier ones to learn from, later ones to score."""

    data: Dataset
    hidden: Blind
    labels: NDArray[np.bool_]
    earlier: NDArray[np.bool_]
    later: NDArray[np.bool_]
    seed: int

    @classmethod
    def of(cls, data: Dataset, seed: int) -> _Piece:
        piece = dataclasses.replace(data, transactions=data.transactions.tail(_MOST_ROWS))
        reason = unfit(data.transactions)
        if reason is not None:
            raise DataError(f"dataset {data.name!r}: {reason}; hand in a ledger with more")
        hidden = blind(piece, seed)
        labels = piece.transactions["is_illicit"].to_numpy()[hidden.row]
        later = hidden.row >= _cut(piece.transactions)
        return cls(piece, hidden, labels, ~later, later, seed)

    @property
    def all(self) -> NDArray[np.bool_]:
        return np.ones(self.later.size, bool)

    def fitted(self, method: Method, labels: NDArray[np.bool_]) -> Method:
        """Return a copy that learnt from the earlier rows with these labels."""
        own = copy.deepcopy(method)
        if not trait(method, "supervised"):
            labels = np.zeros_like(labels)
        own.fit(self.hidden.labelled(self.earlier, self.earlier, labels))
        return own


def _check_future(piece: _Piece, fitted: Method) -> Check:
    """Score the piece's last rows, and again with those after some moment gone, a few times."""
    if trait(fitted, "point_of_view") != "causal":
        return Check("future", None, "it says that it looks at both sides, and is judged as such")
    row = np.arange(piece.later.size)
    first = max(0, row.size - _LOOKED_AT) // 2 * 2
    asked = piece.later & (row >= first)
    whole = np.zeros(row.size)
    whole[asked] = checked_scores(fitted, piece.hidden.view(row >= first, asked))
    n, differ = 0, 0
    for end in _ends_of_time(piece, asked):
        seen, told = (row >= first) & (row < end), asked & (row < end)
        alone = checked_scores(fitted, piece.hidden.view(seen, told))
        n += alone.size
        differ += int((~np.isclose(alone, whole[told], rtol=1e-6, atol=1e-9)).sum())
    if not n:
        return Check("future", None, "all rows to score have the same time")
    detail = f"{differ:,} of {n:,} scores change when later rows are gone"
    return Check("future", not differ, detail)


def _ends_of_time(piece: _Piece, asked: NDArray[np.bool_]) -> list[int]:
    """Return a few places to take the rows after away: where most accounts are just then busy.

    Who looks ahead a little sees nothing where no account goes on, so the places are those with
    most accounts that have one row just before and the next just after. Rows of one time stay
    together. Numbers of rows are odd where they can be: a method that looks ahead within batches of
    even size must not be asked where one of them ends.
    """
    rows = piece.hidden.transactions
    at = rows["executed_at"].to_physical().to_numpy()
    starts = np.flatnonzero(np.diff(at)) + 1
    starts = starts[asked[starts - 1]]
    odd = starts[starts % 2 == 1]
    starts = odd if odd.size else starts
    sides = pl.concat([rows["originator"], rows["beneficiary"].rename("originator")])
    links = (
        pl.DataFrame({"account": sides, "row": np.tile(np.arange(rows.height), 2)})
        .sort("row")
        .select("row", before=pl.col("row").shift().over("account"))
        .filter(pl.col("row") - pl.col("before") <= _NEAR)
    )
    change = np.zeros(rows.height + 1, np.int64)  # of the number of links that cross a place
    np.add.at(change, links["before"].to_numpy() + 1, 1)
    np.add.at(change, links["row"].to_numpy() + 1, -1)
    busy = np.cumsum(change)[starts]
    return sorted(int(c) for c in starts[np.argsort(-busy, kind="stable")[:_PLACES]])


def _check_names(piece: _Piece, fitted: Method, reached: float, base: float) -> Check:
    other = _renamed(piece.hidden, piece.seed)
    scores = checked_scores(fitted, other.view(piece.all, piece.later))
    renamed = average_precision(piece.labels[piece.later], scores)
    lost = reached - renamed
    bad = lost > _LEAST and lost > _SHARE * (reached - base)
    detail = f"average precision {reached:.3f}, and {renamed:.3f} with other names"
    return Check("names", not bad, detail)


def _renamed(hidden: Blind, seed: int) -> Blind:
    """Return the same rows, in the same order, with the accounts' names dealt anew."""
    old = list(hidden.account)
    new = [old[i] for i in stream(seed, "other names").permutation(len(old))]
    key = dict(zip(old, new, strict=True))
    return Blind(
        hidden.transactions.with_columns(
            pl.col("originator", "beneficiary").replace_strict(key, return_dtype=pl.String)
        ),
        hidden.accounts.with_columns(pl.col("account").replace_strict(key, return_dtype=pl.String)),
        hidden.row,
        {key[name]: source for name, source in hidden.account.items()},
    )


def _check_shuffled(piece: _Piece, method: Method, reached: float, base: float) -> Check:
    if not trait(method, "supervised"):
        return Check("shuffled-labels", None, "it learns from no labels, and is shown none")
    labels = piece.labels.copy()
    labels[piece.earlier] = stream(piece.seed, "labels").permutation(labels[piece.earlier])
    fitted = piece.fitted(method, labels)
    scores = checked_scores(fitted, piece.hidden.view(piece.all, piece.later))
    found = average_precision(piece.labels[piece.later], scores)
    bad = found - base > _LEAST and found - base > _SHARE * (reached - base)
    detail = (
        f"average precision {found:.3f} from labels dealt at random, {reached:.3f} from the true "
        f"ones, {base:.3f} by chance"
    )
    return Check("shuffled-labels", not bad, detail)


# -- what the ledger itself gives away -------------------------------------------------------------


class Artefact(NamedTuple):
    """How a trait of the bookkeeping is spread over illicit rows and the others.

    Parameters
    ----------
    variant
        What takes it away, in `VARIANTS`.
    trait
        In words.
    share_illicit, share_others
        Share of rows that have it.
    """

    variant: str
    trait: str
    share_illicit: float
    share_others: float


def artefacts(data: Dataset) -> list[Artefact]:
    """Tell how much a ledger's bookkeeping gives its labels away.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> [a.variant for a in artefacts(xb.evaluate.load_dataset("demo"))]
    ['no-format', 'no-tail', 'minute-clock']
    """
    rows = data.transactions
    illicit = rows["is_illicit"].to_numpy()
    by_format = (
        rows.group_by(pl.col("instrument").cast(pl.String).fill_null("unknown"))
        .agg(rate=pl.col("is_illicit").mean(), n=pl.len())
        .sort("rate", "instrument", descending=[True, False])
    )
    most = by_format["instrument"][0]
    marks = (
        (
            "no-format",
            f"paid by {most}",
            pl.col("instrument").cast(pl.String).fill_null("unknown") == most,
        ),
        ("no-tail", "after the nominal end", pl.col("executed_at") >= data.tail_start),
        (
            "minute-clock",
            "a time finer than a minute",
            pl.col("executed_at") != pl.col("executed_at").dt.truncate("1m"),
        ),
    )
    out = []
    for variant, told, mark in marks:
        has = rows.select(mark.alias("mark"))["mark"].to_numpy()
        out.append(Artefact(variant, told, float(has[illicit].mean()), float(has[~illicit].mean())))
    return out
