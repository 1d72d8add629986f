"""The state that rows lead to, and which rows cannot follow one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from xborder_aml.errors import DataError
from xborder_aml.outcomes.events import STEPS, Correction, Outcome

__all__ = ["Request", "current", "replay"]


@dataclass
class Request:
    """A referral that went by a channel, and how far it has come."""

    referral: str
    channel: str
    requested: str
    sent_on: date
    steps: tuple[str, ...]
    money: dict[str, dict[str, int]] = field(default_factory=dict)
    first_on: dict[tuple[str, str], date] = field(default_factory=dict)
    answered_on: date | None = None
    refused_on: date | None = None
    reason: str | None = None


def current(rows: Sequence[Outcome | Correction]) -> list[tuple[int, Outcome]]:
    """Return the rows that hold after all corrections, with their numbers.

    Raises
    ------
    DataError
        If a correction names a row that is not before it, or is a correction itself.
    """
    out: dict[int, Outcome] = {}
    for n, row in enumerate(rows):
        if isinstance(row, Outcome):
            out[n] = row
        elif not 0 <= row.row < n or isinstance(rows[row.row], Correction):
            raise DataError(f"row {n} corrects row {row.row}, which is no outcome before it")
        elif row.becomes is None:
            out.pop(row.row, None)
        else:
            out[row.row] = row.becomes
    return sorted(out.items())


def replay(rows: Iterable[tuple[int, Outcome]]) -> list[Request]:
    """Return the requests that rows lead to, in the order of sending.

    Raises
    ------
    DataError
        If a row cannot follow those before it; the error names it.
    """
    requests: dict[tuple[str, str], Request] = {}
    for n, row in rows:
        try:
            _take(requests, row)
        except DataError as error:
            raise DataError(
                f"row {n}, {row.event} of referral {row.referral!r} by {row.channel!r}: {error}"
            ) from error
    return list(requests.values())


def _take(requests: dict[tuple[str, str], Request], row: Outcome) -> None:
    key = (row.referral, row.channel)
    if row.event == "sent":
        _send(requests, key, row)
        return
    request = requests.get(key)
    if request is None:
        raise DataError("it was not sent by this channel; add the row sent first")
    if row.on < request.sent_on:
        raise DataError(f"{row.on} is before it was sent, on {request.sent_on}")
    if row.event == "answered":
        if request.answered_on is not None:
            raise DataError(f"it was answered on {request.answered_on} already")
        request.answered_on = row.on
    elif row.event == "refused":
        if request.refused_on is not None:
            raise DataError(f"it was refused on {request.refused_on} already")
        request.refused_on, request.reason = row.on, row.reason
    else:
        _move(request, row)


def _send(requests: dict[tuple[str, str], Request], key: tuple[str, str], row: Outcome) -> None:
    request = requests.setdefault(
        key, Request(*key, str(row.requested), row.on, row.steps or STEPS)
    )
    told = (row.requested, row.on, row.steps)
    if told != (request.requested, request.sent_on, request.steps):
        raise DataError(
            "it was sent by this channel to another jurisdiction, on another day or for other "
            "steps; give a second request another name"
        )
    currency = str(row.currency)
    if currency in request.money:
        raise DataError(f"it was sent for {currency} already; correct that row if it was wrong")
    request.money[currency] = {"requested": int(row.amount_minor or 0)}


def _move(request: Request, row: Outcome) -> None:
    """Take a freeze, confiscation or return."""
    step, currency = row.event, str(row.currency)
    if currency not in request.money:
        raise DataError(
            f"nothing was asked for in {currency}, only in {', '.join(request.money)}; currencies "
            "are never mixed"
        )
    if step not in request.steps:
        raise DataError(f"the channel does not do that; its steps are {', '.join(request.steps)}")
    place = request.steps.index(step)
    before = request.steps[place - 1] if place else "requested"
    money = request.money[currency]
    reached, room = money.get(step, 0) + int(row.amount_minor or 0), money.get(before, 0)
    if reached > room:
        raise DataError(
            f"{reached} minor units of {currency} would be {step}, and {room} are {before}"
        )
    earliest = request.first_on.get((currency, before))
    if earliest is not None and row.on < earliest:
        raise DataError(f"{row.on} is before the money was {before}, on {earliest}")
    if not place and request.refused_on is not None and row.on > request.refused_on:
        raise DataError(f"it was refused on {request.refused_on}, before this")
    money[step] = reached
    at = (currency, step)
    request.first_on[at] = min(row.on, request.first_on.get(at, row.on))
