"""`Task`: a part of a search, in words that any machine understands."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from xborder_aml.detectors import detector_of, params_of
from xborder_aml.detectors._spec import Params
from xborder_aml.errors import ParameterError, did_you_mean

__all__ = ["Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """One part of a search: whose parameters, which anchors it reports, and what it reads.

    Small, and made of plain values: it pickles, and `to_dict` gives what JSON can hold. It names
    times and accounts and never rows, so that it means the same on a machine that holds only
    `rows` of the ledger.

    Parameters
    ----------
    params
        Parameters of the detector.
    number, n_tasks
        Place in the plan. A stage that draws at random keys its stream by
        ``[seed, task.number]``, and so draws the same whoever runs the task.
    times
        Slice of time, microseconds since 1970: anchors with ``times[0] <= executed_at < times[1]``
        are reported. None is the whole ledger.
    halo
        How long before and after the slice transactions are read, microseconds.
    accounts
        First and last centre account, in the order of their keys; None is all.
    shard, n_shards
        Which of so many equal ranges of the units (anchors, centre accounts, windows) to search.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> task = Task(xb.FanIn(window="3d"), times=(0, 86_400_000_000))
    >>> Task.from_dict(task.to_dict()) == task
    True
    """

    params: Params
    number: int = 0
    n_tasks: int = 1
    times: tuple[int, int] | None = None
    halo: tuple[int, int] = (0, 0)
    accounts: tuple[str, str] | None = None
    shard: int = 0
    n_shards: int = 1

    def __post_init__(self) -> None:
        """Check that the numbers fit one another."""
        for part, of in (("number", "n_tasks"), ("shard", "n_shards")):
            if not 0 <= getattr(self, part) < getattr(self, of):
                raise ParameterError(
                    f"a task has {part}={getattr(self, part)} of {of}={getattr(self, of)}; parts "
                    "count from 0"
                )

    @property
    def pattern(self) -> str:
        """Name of the detector."""
        return detector_of(self.params).name

    @property
    def rows(self) -> pl.Expr:
        """Which transactions the task reads: a predicate, for ``pl.scan_parquet(...).filter``."""
        out = pl.lit(True)
        if self.times is not None:
            first, last = self.times[0] - self.halo[0], self.times[1] - 1 + self.halo[1]
            out = pl.col("executed_at").is_between(_time(first), _time(last))
        if self.accounts is not None:
            first_key, last_key = map(pl.lit, self.accounts)
            out &= pl.any_horizontal(
                pl.col(c).is_between(first_key, last_key) for c in ("originator", "beneficiary")
            )
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain values."""
        out = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        out["params"] = {self.pattern: self.params.to_dict()}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in out.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Task:
        """Return the task with these values.

        Raises
        ------
        ParameterError
            If a key, the detector, or one of its parameters is unknown.
        """
        known = [f.name for f in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise ParameterError(
                    f"a task has no {key!r}{did_you_mean(key, known)}; it has {', '.join(known)}"
                )
        ((pattern, given),) = values["params"].items()
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        plain["params"] = params_of(pattern, given)
        return cls(**plain)

    def __str__(self) -> str:
        """Return which task it is, for messages."""
        out = f"task {self.number + 1} of {self.n_tasks} of {self.pattern}"
        if self.times is not None:
            first, last = (np.array(self.times) - (0, 1)).astype("datetime64[us]")
            out += f", anchors from {first} to {last}"
        if self.accounts is not None:
            out += f", accounts {self.accounts[0]!r} to {self.accounts[1]!r}"
        if self.n_shards > 1:
            out += f", shard {self.shard + 1} of {self.n_shards}"
        return out


def _time(us: int) -> pl.Expr:
    return pl.lit(us, pl.Int64).cast(pl.Datetime("us", "UTC"))
