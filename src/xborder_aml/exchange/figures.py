"""Figures that anyone can recompute: each names the transactions it rests on, and the sum to do.

A figure of a case file is a row of ``figures.json``::

    {"figure": "harbour.in", "value": 5520000, "unit": "EUR", "transaction_ids": [4, 7],
     "how": "sum_base", "arguments": {"beneficiary": "harbour"}}

`how` names one of `RECOMPUTATIONS`. It is given the transactions and `arguments`, and returns a
value and its unit; the figure holds when both are the same. Functions know the evidence and earlier
figures only, so that a case file that agrees with its figures agrees with its evidence. Money is
minor units of the currency that the unit names; a number beyond 2**53 - 1 may be written as text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from xborder_aml.errors import DataError, XBorderAMLError, did_you_mean
from xborder_aml.exchange._ways import RECOMPUTATIONS, Evidence, Quantity, Work

if TYPE_CHECKING:
    from xborder_aml.tracing import Traced

__all__ = ["RECOMPUTATIONS", "Evidence", "Quantity", "recompute", "wrong_figures"]

_ENTRY = {"figure", "value", "unit", "transaction_ids", "how", "arguments"}


def recompute(figures: Sequence[Mapping[str, Any]], evidence: Evidence) -> dict[str, Quantity]:
    """Return what each figure comes to by the evidence, whatever value it names.

    Raises
    ------
    DataError
        If a figure is not written as it should be, or cannot be worked out.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> figure = {"figure": "in", "value": 0, "unit": "EUR", "transaction_ids": [4],
    ...           "how": "sum_base", "arguments": {}}
    >>> recompute([figure], Evidence(xb.example_ledger()))
    {'in': (6000000, 'EUR')}
    """
    out: dict[str, Quantity] = {}
    for name, _, result in _each(figures, evidence, out):
        if isinstance(result, XBorderAMLError):
            raise DataError(f"figure {name!r}: {result}") from result
    return out


def wrong_figures(figures: Sequence[Mapping[str, Any]], evidence: Evidence) -> list[str]:
    """Return what is wrong with figures, one sentence each; nothing where all recompute.

    Raises
    ------
    DataError
        If `figures` is no list.
    """
    problems = []
    for name, entry, result in _each(figures, evidence, {}):
        if isinstance(result, XBorderAMLError):
            problems.append(f"figure {name!r} cannot be recomputed: {result}")
            continue
        value, unit = result
        told, said = str(entry["value"]), str(entry["unit"])
        if (told, said) != (str(value), unit):
            problems.append(
                f"figure {name!r} says {told} {said}, and the evidence gives {value} {unit}"
            )
    return problems


def _each(
    figures: Any, evidence: Evidence, values: dict[str, Quantity]
) -> Iterator[tuple[str, Mapping[str, Any], Quantity | XBorderAMLError]]:
    """Yield name, entry and result of each figure; those that hold join `values`."""
    if not isinstance(figures, list | tuple):
        raise DataError(f"figures are a list, and got {type(figures).__name__}")
    traces: dict[str, Traced] = {}
    for i, entry in enumerate(figures):
        name = str(entry.get("figure", f"#{i}")) if isinstance(entry, Mapping) else f"#{i}"
        try:
            _check_entry(entry, values)
            work = Work(evidence, values, traces, entry["transaction_ids"])
            result = _call(work, entry)
        except XBorderAMLError as error:
            yield name, entry, error
            continue
        values[name] = result
        yield name, entry, result


def _check_entry(entry: Any, values: Mapping[str, Quantity]) -> None:
    if not isinstance(entry, Mapping) or set(entry) != _ENTRY:
        raise DataError(f"a figure has exactly the keys {', '.join(sorted(_ENTRY))}")
    ids = entry["transaction_ids"]
    if not isinstance(ids, list | tuple) or any(type(i) is not int for i in ids):
        raise DataError("transaction_ids is a list of whole numbers")
    if not isinstance(entry["figure"], str) or not isinstance(entry["arguments"], Mapping):
        raise DataError("figure is text, and arguments are a mapping")
    if entry["figure"] in values:
        raise DataError("two figures have this name")


@cache
def _ways() -> Mapping[str, Callable[..., Quantity]]:
    """Return all ways: those of any bundle, and those of a referral, loaded when first wanted."""
    from xborder_aml.referral.recompute import WAYS

    return {**RECOMPUTATIONS, **WAYS}


def _call(work: Work, entry: Mapping[str, Any]) -> Quantity:
    how, known = entry["how"], _ways()
    if how not in known:
        raise DataError(
            f"there is no way to recompute called {how!r}{did_you_mean(str(how), known)}; "
            f"there are {', '.join(known)}"
        )
    function = known[how]
    try:
        bound = inspect.signature(function).bind(work, **entry["arguments"])
    except TypeError as error:
        raise DataError(f"{how}: {error}") from error
    try:
        return function(*bound.args, **bound.kwargs)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{how} cannot use these arguments: {error}") from error
