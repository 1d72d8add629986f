"""The rows of the tables of law and co-operation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from xborder_aml.jurisdictions.partial import PartialDate

__all__ = [
    "FUNCTIONS",
    "KINDS",
    "PREDICATES",
    "ROLES",
    "STATUSES",
    "UNITS",
    "Channel",
    "Clock",
    "Confiscation",
    "Dated",
    "Ended",
    "Fact",
    "Instrument",
    "Membership",
    "ValueRule",
]

STATUSES = ("verified", "recalled", "stale", "unknown")
"""From the best to the worst."""
FUNCTIONS = ("trace", "stop", "freeze", "evidence", "confiscate", "return")
"""What is asked of another State, in the order in which a case needs it."""
KINDS = ("FIU", "police", "ARO", "judicial", "civil")
PREDICATES = (
    "corruption drugs fraud money_laundering organised_crime tax terrorist_financing trafficking "
    "other"
).split()
ROLES = ("party", "signatory", "opt_out", "suspended", "listed")
UNITS = ("hours", "days", "working_days", "years")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A row that says where it comes from."""

    source: str
    as_of: date
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Fact):
    """A row that holds from a day on."""

    since: PartialDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Dated):
    """A row that may have stopped holding."""

    until: PartialDate | None = None  # last day


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument(Fact):
    """A treaty, network, body or list that jurisdictions belong to."""

    instrument: str
    name: str
    kind: str
    member: str = ""  # what a jurisdiction of it is, as after "is": "a party to UNCAC"
    in_force: PartialDate | None = None
    complete_until: date | None = None  # up to here, whoever has no row is no member


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Ended):
    """That a jurisdiction belonged to an instrument, or stayed out, from one day to another."""

    instrument: str
    jurisdiction: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Ended):
    """A way to ask another State for something."""

    channel: str
    name: str
    kind: str
    functions: tuple[str, ...]
    parties: str  # an instrument, codes joined by +, or *; A>B where the sides differ
    predicates: tuple[str, ...] = ("any",)
    contact: str
    legal_basis: str
    evidential_use: str = "not known"
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Ended):
    """A time limit of a channel."""

    channel: str
    function: str
    amount: int
    unit: str
    starts: str
    meaning: str
    parties: str = "*"  # as of a channel: whom the law behind the limit binds


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule(Ended):
    """What an amount does to a channel."""

    channel: str
    function: str
    comparator: str
    amount: int | None  # major units
    currency: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confiscation(Dated):
    """What a jurisdiction's law knows: confiscation with and without a conviction."""

    jurisdiction: str
    tradition: str
    conviction_based: str
    non_conviction_based: str
    law: str
