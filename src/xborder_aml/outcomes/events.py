"""What can happen to a referral, one row each, and the checks that a row passes on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from xborder_aml.errors import DataError, ParameterError, did_you_mean
from xborder_aml.jurisdictions.codes import CURRENCIES, JURISDICTIONS

__all__ = ["EVENTS", "STEPS", "Correction", "Outcome", "entry_of", "outcome_of"]

STEPS = ("frozen", "confiscated", "returned")
"""What happens to money, in order: each step takes from what the one before it has reached."""
EVENTS = ("sent", "answered", *STEPS, "refused")
_LARGEST = 2**59


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that happened to a referral.

    A referral that goes by a channel is a *request*. Money of another currency is a row of its own.

    Parameters
    ----------
    event
        sent, answered, frozen, confiscated, returned or refused.
    referral
        Your name of the referral. Statistics do not tell it.
    channel
        How it went: the id of a channel, as `channels` gives it, or a name of yours.
    on
        Day on which it happened, not the day on which you heard.
    amount_minor
        Minor units of `currency`: what was asked for, frozen, confiscated or returned; of several
        freezes each its own part. None for answered and refused.
    currency
        ISO 4217 code; None where there is no amount.
    requested
        Jurisdiction that is asked, ISO 3166-1 alpha-2; of a sent row only.
    steps
        What the channel does, of a sent row only: some of frozen, confiscated and returned, in that
        order. A step cannot reach more money than the one before it, and the first no more than was
        asked for. A recall that only gives back is ``("returned",)``.
    reason
        Why it was refused.
    note
        Anything else.

    Raises
    ------
    ParameterError
        If something is missing that the event needs, or there that it does not have.
    """

    event: str
    referral: str
    channel: str
    on: date
    amount_minor: int | None = None
    currency: str | None = None
    requested: str | None = None
    steps: tuple[str, ...] | None = None
    reason: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Check the row on its own, and fill in the steps that a channel usually has."""
        if self.event not in EVENTS:
            raise ParameterError(
                f"event={self.event!r} is unknown{did_you_mean(self.event, EVENTS)}; it is one of "
                f"{', '.join(EVENTS)}"
            )
        for name in ("referral", "channel"):
            if not getattr(self, name).strip():
                raise ParameterError(f"{name} is empty; give the name of the {name}")
        if self.event == "sent" and self.steps is None:
            object.__setattr__(self, "steps", STEPS)
        self._check_what_belongs()
        if self.event == "sent" or self.event in STEPS:
            self._check_money()
        if self.event == "sent":
            self._check_asked()

    def _check_what_belongs(self) -> None:
        has_money = self.event == "sent" or self.event in STEPS
        belongs = {
            "amount_minor": has_money,
            "currency": has_money,
            "requested": self.event == "sent",
            "steps": self.event == "sent",
            "reason": self.event == "refused",
        }
        for name, wanted in belongs.items():
            value = getattr(self, name)
            if wanted and value in (None, ""):
                raise ParameterError(f"a row {self.event!r} needs {name}")
            if not wanted and value is not None:
                raise ParameterError(f"a row {self.event!r} has no {name}, and got {value!r}")

    def _check_money(self) -> None:
        if self.currency not in CURRENCIES:
            raise ParameterError(f"currency={self.currency!r} is no ISO 4217 code such as 'EUR'")
        amount = self.amount_minor
        if type(amount) is not int or not 0 < amount < _LARGEST:
            raise ParameterError(
                f"amount_minor={amount!r} must be a whole number of minor units above 0 and below "
                "2**59"
            )

    def _check_asked(self) -> None:
        if self.requested not in JURISDICTIONS:
            raise ParameterError(
                f"requested={self.requested!r} is no ISO 3166-1 alpha-2 code such as 'LV'"
            )
        steps = self.steps or ()
        if not steps or list(steps) != [step for step in STEPS if step in steps]:
            raise ParameterError(
                f"steps={steps!r} must be some of {', '.join(STEPS)}, in that order"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A row that takes the place of an earlier one, which stays in the file.

    Parameters
    ----------
    row
        Number of the row that was wrong, from 0.
    becomes
        What it should have been; None takes it out.
    reason
        Why.
    on
        Day of the correction.
    """

    row: int
    becomes: Outcome | None
    reason: str
    on: date

    def __post_init__(self) -> None:
        """Check that there is a reason."""
        if not self.reason.strip():
            raise ParameterError("a correction needs a reason; say why the row was wrong")


def entry_of(row: Outcome | Correction) -> dict[str, Any]:
    """Return a row as the file holds it: amounts as text, days in ISO 8601, no None."""
    if isinstance(row, Correction):
        becomes = None if row.becomes is None else entry_of(row.becomes)
        return {
            "event": "corrected", "row": row.row, "becomes": becomes, "reason": row.reason,
            "on": row.on.isoformat(),
        }  # fmt: skip
    values = {name: getattr(row, name) for name in Outcome.__dataclass_fields__}
    values["on"] = row.on.isoformat()
    if row.amount_minor is not None:
        values["amount_minor"] = str(row.amount_minor)
    if row.steps is not None:
        values["steps"] = list(row.steps)
    return {name: value for name, value in values.items() if value is not None}


def outcome_of(entry: Mapping[str, Any]) -> Outcome | Correction:
    """Return what the file holds as a row.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        values = {**entry, "on": date.fromisoformat(entry["on"])}
        if entry.get("event") == "corrected":
            del values["event"]
            becomes = entry["becomes"]
            values["becomes"] = None if becomes is None else outcome_of(becomes)
            if isinstance(values["becomes"], Correction):
                raise DataError("a correction becomes an outcome, and no other correction")
            return Correction(**values)
        if "amount_minor" in entry:
            values["amount_minor"] = int(entry["amount_minor"])
        if "steps" in entry:
            values["steps"] = tuple(entry["steps"])
        return Outcome(**values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"it is no row of a register: {error}") from error
