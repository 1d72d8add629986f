"""What a method is: a name, `fit`, and `score`; and how one is found by name or in a file."""

from __future__ import annotations

import runpy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError, ParameterError, did_you_mean
from xborder_aml.evaluate.view import LabelledView, View

__all__ = [
    "FINDINGS",
    "Method",
    "checked_accounts",
    "checked_findings",
    "checked_scores",
    "find_methods",
    "trait",
]


@runtime_checkable
class Method(Protocol):
    """Anything with a name that learns from one view and scores another.

    These may be added, as attributes or methods:

    - ``supervised`` (False): whether it learns from labels.
    - ``point_of_view`` ("causal"): or "retrospective", if a score may change when later rows come.
    - ``probability`` (False): whether scores are probabilities, for F1 at one half and calibration.
    - ``accounts(view)``: a table of ``account`` and ``score``. Without it, an account has the score
      of the best of its asked transactions.
    - ``findings(view)``: a table of ``finding``, ``score`` and ``transaction_id``, a row for each
      transaction of a finding. Without it, alerted transactions that share accounts are one.
    - ``packages``: names of packages whose versions belong into the manifest.
    """

    @property
    def name(self) -> str:
        """How results call it."""
        ...

    def fit(self, train: LabelledView) -> None:
        """Learn; called once, before any `score`."""
        ...

    def score(self, view: View) -> NDArray[np.float64]:
        """Return one number for each asked row, in order; more is more suspicious."""
        ...


FINDINGS = {"finding": pl.Int64, "score": pl.Float64, "transaction_id": pl.Int64}
"""Columns of what ``findings`` returns."""

_ACCOUNTS = {"account": pl.String, "score": pl.Float64}
"""Columns of what ``accounts`` returns."""

_DEFAULTS: Mapping[str, Any] = {
    "supervised": False,
    "point_of_view": "causal",
    "probability": False,
    "packages": (),
}


def trait(method: Method, name: str) -> Any:
    """Return what a method says of itself, or the default."""
    return getattr(method, name, _DEFAULTS[name])


def checked_scores(method: Method, view: View) -> NDArray[np.float64]:
    """Score a view, and check what came back.

    Raises
    ------
    DataError
        If there is not one number for each asked row.
    """
    scores = np.asarray(method.score(view), np.float64)
    wanted = (int(view.asked.sum()),)
    if scores.shape != wanted:
        raise DataError(
            f"method {method.name!r} returned scores of shape {scores.shape} for {wanted[0]:,} "
            "asked rows; return one number for each row where view.asked is true"
        )
    _check_numbers(method, "scores", scores)
    if trait(method, "probability") and scores.size and not 0 <= scores.min() <= scores.max() <= 1:
        raise DataError(
            f"method {method.name!r} says that its scores are probabilities, and they reach from "
            f"{scores.min():g} to {scores.max():g}; say probability = False"
        )
    return scores


def _check_numbers(method: Method, what: str, scores: NDArray[np.float64]) -> None:
    bad = np.isnan(scores) | np.isposinf(scores)
    if bad.any():
        raise DataError(
            f"method {method.name!r} returned {int(bad.sum()):,} {what} that are not a number, or "
            "infinite; return minus infinity for what it does not want to name"
        )


def checked_accounts(method: Any, view: View) -> pl.DataFrame:
    """Return a method's own scores of accounts, one row each.

    Raises
    ------
    DataError
        If a column is missing, an account comes twice, or a score is not a number.
    """
    table = _columns(method, "accounts", method.accounts(view), _ACCOUNTS)
    if table["account"].is_duplicated().any():
        twice = table.filter(pl.col("account").is_duplicated())["account"].unique().sort()
        raise DataError(
            f"method {method.name!r}: accounts names {twice.len():,} accounts more than once, such "
            f"as {twice[0]!r}; give each one score"
        )
    _check_numbers(method, "scores of accounts", table["score"].to_numpy())
    return table


def _columns(
    method: Any, what: str, table: pl.DataFrame, wanted: Mapping[str, Any]
) -> pl.DataFrame:
    missing = [c for c in wanted if c not in table.columns]
    if missing:
        raise DataError(
            f"method {method.name!r}: {what} lacks {', '.join(missing)}; it has "
            f"{', '.join(table.columns)}"
        )
    return table.select(pl.col(c).cast(t) for c, t in wanted.items())


def checked_findings(method: Any, view: View) -> pl.DataFrame:
    """Return what a method found, with the evidence that lies in asked rows.

    Raises
    ------
    DataError
        If a column is missing, or a score is not a number.
    """
    asked = view.asked_transactions.select("transaction_id")
    found = _columns(method, "findings", method.findings(view), FINDINGS)
    _check_numbers(method, "scores of findings", found["score"].to_numpy())
    return found.unique(["finding", "transaction_id"], maintain_order=True).join(
        asked, on="transaction_id", how="semi", maintain_order="left"
    )


def find_methods(names: Iterable[str], known: Mapping[str, Any]) -> list[Method]:
    """Return methods by name.

    Parameters
    ----------
    names
        Names of known methods, or ``path/to/file.py:NAME`` for an object, or a class that needs no
        argument, in a file of yours. The file is run.
    known
        Makers by name.

    Raises
    ------
    ParameterError
        If there is no such method, file or object, or it is no `Method`.
    """
    out: list[Method] = []
    for name in names:
        if name in known:
            out.append(known[name]())
        elif ".py:" in name:
            out.append(_from_file(name))
        else:
            raise ParameterError(
                f"there is no method {name!r}{did_you_mean(name, known)}; the methods are "
                f"{', '.join(known)}, or path/to/file.py:NAME for one of yours"
            )
    twice = {m.name for m in out if sum(m.name == o.name for o in out) > 1}
    if twice:
        raise ParameterError(
            f"more than one method is called {', '.join(sorted(twice))}; results go by name, so "
            "give each its own"
        )
    return out


def _from_file(place: str) -> Method:
    path, _, name = place.rpartition(":")
    if not Path(path).is_file():
        raise ParameterError(f"there is no file {path!r} for method {place!r}; check the path")
    names = runpy.run_path(path)
    if name not in names:
        own = [n for n, v in names.items() if isinstance(v, Method) and not n.startswith("_")]
        raise ParameterError(
            f"{path} has no {name!r}{did_you_mean(name, own)}; its methods are "
            f"{', '.join(own) or 'none'}"
        )
    thing = names[name]() if isinstance(names[name], type) else names[name]
    if not isinstance(thing, Method):
        raise ParameterError(
            f"{place} is a {type(thing).__name__} without name, fit and score; see "
            "xborder_aml.evaluate.Method"
        )
    return thing
