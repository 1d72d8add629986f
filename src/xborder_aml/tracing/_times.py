"""The last time that a trace looks at."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np

from xborder_aml.errors import ParameterError
from xborder_aml.graph import TransactionGraph

__all__ = ["end_of", "rows_until"]


def end_of(as_of: date | datetime | str | None) -> datetime | None:
    """Return a time in UTC; a day is its last moment.

    Raises
    ------
    ParameterError
        If it is no date or time.
    """
    if as_of is None:
        return None
    try:
        value = date.fromisoformat(as_of) if isinstance(as_of, str) and len(as_of) == 10 else as_of
        value = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ParameterError(f"as_of={as_of!r} is no date or time, like 2014-12-31") from error
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise ParameterError(f"as_of={as_of!r} is no date or time, like 2014-12-31")
        value = datetime.combine(value, time.max)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def rows_until(graph: TransactionGraph, as_of: datetime | None) -> int:
    """Return how many transactions, from the first, lie at or before a time."""
    if as_of is None:
        return graph.n_transactions
    at = int(as_of.timestamp()) * 1_000_000 + as_of.microsecond
    return int(np.searchsorted(graph.edges.at, at, side="right"))
