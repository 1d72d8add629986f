"""What a detector is: frozen parameters, a kernel, an oracle, and how to make examples."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from numbers import Integral
from typing import Any, Literal, NamedTuple, Protocol, Self

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.kernels.amounts import BP, MAX_BP
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output

__all__ = [
    "BORDERS",
    "Choose",
    "Detector",
    "Instance",
    "Match",
    "Measure",
    "Params",
    "Payment",
    "Role",
    "Transfer",
    "View",
    "basis_points",
    "microseconds",
    "param",
]

_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
BORDERS = "Fewest evidence rows whose two known jurisdictions differ."


# -- parameters ---------------------------------------------------------------------------------


def param(default: Any, meaning: str, *, unit: str = "", cap: bool = False) -> Any:
    """Declare a parameter: its default, meaning and unit, and whether it is a cap.

    Caps bound the work an anchor may cost; they are no part of what a match is, so they do not
    enter its identity.
    """
    return field(default=default, metadata={"meaning": meaning, "unit": unit, "cap": cap})


def microseconds(value: timedelta | str, name: str) -> int:
    """Return a duration, like ``"72h"`` or a timedelta, in microseconds.

    Examples
    --------
    >>> microseconds("72h", "window")
    259200000000
    """
    if isinstance(value, timedelta):
        us = value // timedelta(microseconds=1)
    else:
        text = str(value).strip()
        digits = text.rstrip("dhmsu")
        unit = text[len(digits) :]
        if not digits.isdecimal() or unit not in _UNITS:
            raise ParameterError(
                f"{name}={value!r} is not a duration; write a whole number and one of "
                f"{', '.join(_UNITS)}, like '72h' or '30d', or pass a timedelta"
            )
        us = int(digits) * _UNITS[unit]
    if not 0 <= us <= 100 * 366 * _UNITS["d"]:
        raise ParameterError(f"{name}={value!r} must lie between 0 and 100 years")
    return us


def basis_points(value: float, name: str) -> int:
    """Return a share as basis points, exactly.

    Examples
    --------
    >>> basis_points(0.85, "min_returned")
    8500
    """
    within = 0 <= value * BP <= MAX_BP  # which not-a-number is not
    if not within or abs(value * BP - round(value * BP)) > 1e-6:
        raise ParameterError(
            f"{name}={value!r} must lie between 0 and {MAX_BP // BP} in steps of 0.0001"
        )
    return round(value * BP)


@dataclass(frozen=True, slots=True)
class Params:
    """Base of every detector's parameters; checked when made."""

    def __new__(cls, *_: Any, **values: Any) -> Self:
        """Refuse a parameter that there is none of, naming the nearest."""
        known = [f.name for f in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise ParameterError(
                    f"{cls.__name__} has no parameter {key!r}{did_you_mean(key, known)}; it has "
                    f"{', '.join(known)}"
                )
        return object.__new__(cls)

    def __post_init__(self) -> None:
        """Check every field against its type, and the fields against one another."""
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if f.type == "bool":
                ok = isinstance(value, bool)
            elif f.type == "int":
                ok = isinstance(value, Integral) and not isinstance(value, bool)
                if ok and not 0 <= value < 2**62:
                    raise ParameterError(
                        f"{type(self).__name__}.{f.name}={value!r} must lie between 0 and 2**62"
                    )
                if ok and not isinstance(value, int):  # numpy's, which JSON cannot hold
                    object.__setattr__(self, f.name, int(value))
            elif f.type == "float":
                ok = isinstance(value, int | float) and not isinstance(value, bool)
                if ok:
                    basis_points(value, f.name)
            elif f.type == "str | timedelta":
                microseconds(value, f.name)
                ok = True
            else:
                continue
            if not ok:
                raise ParameterError(
                    f"{type(self).__name__}.{f.name}={value!r} must be of type {f.type}"
                )
        self.limits()

    def limits(self) -> Any:
        """Return what the kernel reads: a named tuple of integers (microseconds, basis points)."""
        raise TypeError(f"{type(self).__name__} defines no limits()")

    def to_dict(self, *, caps: bool = True) -> dict[str, Any]:
        """Return the parameters as plain values that TOML and JSON can hold."""
        out: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            if f.metadata.get("cap") and not caps:
                continue
            value = getattr(self, f.name)
            if f.type == "str | timedelta":
                us = microseconds(value, f.name)
                unit = next(u for u in ("d", "h", "m", "s", "ms", "us") if us % _UNITS[u] == 0)
                value = f"{us // _UNITS[unit]}{unit}"
            elif f.type == "float":
                value = basis_points(value, f.name) / BP
            out[f.name] = value
        return out

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Any:
        """Return the spec with these values, as `to_dict` gives them."""
        return cls(**values)

    def require(self, condition: bool, sentence: str) -> None:
        """Raise a ParameterError with `sentence` unless `condition` holds."""
        if not condition:
            given, asked = self.to_dict(), set(re.findall(r"\w+", sentence))
            named = {k: v for k, v in given.items() if k in asked} or given
            got = ", ".join(f"{k}={v!r}" for k, v in named.items())
            raise ParameterError(f"{type(self).__name__}: {sentence}; got {got}")


# -- what the oracle reads and returns ----------------------------------------------------------


class Transfer(NamedTuple):
    """One edge as the oracle sees it; `row` is its place in canonical order."""

    row: int
    at: int
    originator: int
    beneficiary: int
    sent: int
    sent_currency: int
    received: int
    received_currency: int
    base: int | None
    border: bool
    origin: int = -1  # code of the originator's jurisdiction, -1 unknown
    destination: int = -1
    instrument: int = -1  # place in schema.INSTRUMENTS, -1 unknown


class View(NamedTuple):
    """A graph as the oracle sees it."""

    transfers: list[Transfer]
    holder: list[int]  # same number = same holder
    opened: Sequence[int | None] = ()  # microseconds since 1970


class Match(NamedTuple):
    """One match, from the oracle or the kernel: equal where they agree."""

    anchor: int
    account: int
    multiplicity: int
    evidence: tuple[tuple[int, int, int], ...]  # (row, role, amount; -1 unknown)
    measure: int = 0


# -- examples -----------------------------------------------------------------------------------


class Choose(Protocol):
    """A source of choices: hypothesis draws, or a seeded generator."""

    def integer(self, low: int, high: int) -> int:
        """Return an integer in ``[low, high]``."""
        ...


class Payment(NamedTuple):
    """One planted transaction between accounts numbered from 0; times count from 0."""

    at: int  # microseconds
    originator: int
    beneficiary: int
    amount: int  # minor units
    instrument: str | None = None  # one of schema.INSTRUMENTS


class Instance(NamedTuple):
    """A planted pattern: payments, and the jurisdiction and holder of each account.

    Detected alone, a planted instance is one finding whose evidence is all of its payments but the
    first `n_before`, which are what was usual before.
    """

    payments: tuple[Payment, ...]
    jurisdictions: tuple[str, ...]
    holders: tuple[int, ...] | None = None  # None: every account has a holder of its own
    opened: tuple[int | None, ...] | None = None  # days before the instance's zero
    currency: str = "EUR"
    n_before: int = 0


class Measure(NamedTuple):
    """A number that a detector tells of each finding, kept as a whole number of `unit`."""

    name: str
    meaning: str
    unit: float = 1e-6


class Role(NamedTuple):
    """A part that an evidence row plays, and whether its money enters or leaves the pattern."""

    name: str
    enters: bool = False
    leaves: bool = False


@dataclass(frozen=True)
class Detector:
    """A typology's definition in code: everything else iterates over these."""

    name: str
    title: str
    version: int
    params: type[Params]
    search: Callable[[Edges, Any, int, int, Output], int]
    reference: Callable[[View, Any], list[Match]]
    plant: Callable[[Choose, Any], Instance]
    near_misses: Mapping[str, Callable[[Choose, Any], Instance | None]]
    """Each wrong by exactly the condition that names it; None where parameters rule it out."""
    roles: tuple[Role, ...]
    caps: tuple[str, ...]
    doc: str
    unit: Literal["edge", "account", "window"] = "edge"
    """What `search` ranges over: anchor edges, centre accounts, or windows of the calendar grid."""
    reach: Callable[[Any], tuple[int, int]] | None = None
    """From limits to how far an anchor's search looks back and ahead, in microseconds.

    All that is found and cut at an anchor depends on no edge outside of that time, which is what
    lets time be cut into slices. None: on all edges of the centre account, whenever they were, if
    `unit` is "account"; else on the whole ledger.
    """
    select: Callable[[Output, Any], Output] | None = None
    """Chooses among all findings of a ledger, as a test of many hypotheses must; no reach then."""
    speaks_for: Literal["centre", "path", "members", "nobody"] | None = None
    """The accounts that findings are about: their `account`, all, those inside (that money which
    enters comes to and money which leaves comes from), or none: a corridor is a place to look.
    None: the centre if `unit` is "account", else all."""
    measure: Measure | None = None
    """What the findings' column `measure` says."""
    hops: Literal["path"] | int = "path"
    """Transfers in a row: as many as the evidence has rows, or a fixed number."""
    relations: tuple[str, ...] = (
        "shift_time",
        "rename_accounts",
        "shuffle_rows",
        "rescale_currency",
        "split_idle",
    )
    """Metamorphic relations that hold; `testing.check_detector` tries each."""
    prepare: Callable[[Edges, Any], Any] | None = None
    """Arrays that every unit reads, made once before the search and added to its limits."""
    no_borders: Mapping[str, Any] = field(default_factory=lambda: {"min_borders": 0})
    """Parameters for ledgers that know no jurisdictions at all."""
    coarse: Mapping[str, Any] = field(default_factory=dict)
    """Parameters for ledgers with dates and no times."""

    @property
    def about(self) -> Literal["centre", "path", "members", "nobody"]:
        """The accounts that findings are about, as `speaks_for` says."""
        return self.speaks_for or ("centre" if self.unit == "account" else "path")
