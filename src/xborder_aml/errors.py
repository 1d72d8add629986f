"""Every error that the library raises on purpose, in one tree.

Each message names what was wrong, what was there, and the cure.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CapacityError",
    "DataError",
    "DatasetUnavailableError",
    "MissingExtraError",
    "ParameterError",
    "RateMissingError",
    "SchemaError",
    "WorkerError",
    "XBorderAMLError",
    "did_you_mean",
]


class XBorderAMLError(Exception):
    """Base of every error that the library raises on purpose."""


class SchemaError(XBorderAMLError):
    """A table lacks a column, or a column has the wrong type."""


class ParameterError(XBorderAMLError, ValueError):
    """A parameter is unknown, out of range, or contradicts another one."""


class DataError(XBorderAMLError):
    """The content of a table breaks a rule that the work cannot go on without."""


class RateMissingError(DataError):
    """An amount cannot be converted, because no rate covers its currency and date."""


class CapacityError(XBorderAMLError):
    """The input is larger than what an exact answer can be computed for."""


class DatasetUnavailableError(XBorderAMLError):
    """A named data set or file is not there."""


class WorkerError(XBorderAMLError):
    """A worker process ended before it had finished its task."""


class MissingExtraError(XBorderAMLError, ImportError):
    """A feature needs an optional package that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed; "
            f"install it with: pip install 'xborder-aml[{extra}]'"
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest known name, or an empty string.

    Examples
    --------
    >>> did_you_mean("round_tripp", ["round_trip", "fan_in"])
    " (did you mean 'round_trip'?)"
    >>> did_you_mean("zzz", ["round_trip"])
    ''
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
