"""The decision about a request, its reasons, and the nearest change that would alter it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from xborder_aml.referral.settings import ReferralSettings

__all__ = ["DECISIONS", "DECISION_CODES", "Flip", "Situation", "decide", "nearest_flip"]

DECISIONS = ("REFER_URGENT", "REFER", "ENRICH", "MONITOR", "DO_NOT_REFER")
"""From the most pressing to the least."""

DECISION_CODES = {
    "RECALL_WINDOW": "Claimed money came in so lately that it may still be recalled.",
    "LEAVING_FAST": "Waiting would lose a large share of what can be expected.",
    "WORTH_ASKING": "An authority there can be asked, and the expected value is above the minimum.",
    "NOT_LOCATED": "The ledger does not tell in which jurisdiction the money is.",
    "CHANNEL_UNKNOWN": "No channel to freeze is known to be open; none is known to be closed.",
    "NO_RATE": "The money has no base amount, so no value can be expected of it.",
    "BELOW_MINIMUM": "The expected value lies below the minimum of the settings.",
    "NOTHING_LEFT": "No claimed money is left there.",
    "NO_CHANNEL": "Every channel to freeze is closed.",
    "COST_EXCEEDS_VALUE": "The request costs at least what it can be expected to bring.",
    "LIMITATION_PASSED": "The limitation that the user set has passed.",
    "RULE_DEPENDENT": "Beware: another tracing rule could put nothing there.",
    "EDGE_OF_LEDGER": "Beware: some accounts show no payment out, so the money may have left "
    "unseen.",
    "SURVIVAL_UNKNOWN": "Beware: the ledger does not show how money of that age leaves.",
    "OVERDRAWN": "Beware: accounts paid out more than this ledger shows them to hold.",
    "UNRATED_MONEY": "Beware: some money has no base amount, so the value is a lower bound.",
    "FOR_THE_COURT": "Beware: chances of co-operation and weights of evidence are assumptions.",
}
"""Reason codes of a decision, and what each says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision depends on.

    Parameters
    ----------
    expected_minor
        Expected recoverable value.
    present_minor
        Claimed money that is there.
    availability
        Of the best channel to freeze: domestic, open, unknown or closed.
    is_located
        Whether the jurisdiction is known.
    is_unrated
        Whether some of the money has no base amount.
    hours_since
        Hours since claimed money last came in.
    waiting_share
        Share of the expected value lost by waiting ``urgent_hours``.
    on
        Day of the decision.
    """

    expected_minor: int
    present_minor: int
    availability: str
    is_located: bool
    is_unrated: bool
    hours_since: float
    waiting_share: float
    on: date


_LITTLE = 1e-6


class Flip(NamedTuple):
    """A change of facts, how far it is, and the decision that it leads to."""

    facts: dict[str, Any]
    distance: float
    decision: str
    text: str


def decide(s: Situation, settings: ReferralSettings) -> tuple[str, tuple[str, ...]]:
    """Return the decision, and the codes of the reasons that led to it.

    Examples
    --------
    >>> facts = Situation(expected_minor=5_000_000, present_minor=9_000_000, availability="open",
    ...     is_located=True, is_unrated=False, hours_since=900.0, waiting_share=0.01,
    ...     on=date(2025, 3, 1))
    >>> decide(facts, ReferralSettings())
    ('REFER', ('WORTH_ASKING',))
    """
    if settings.limitation is not None and s.on > settings.limitation:
        return "DO_NOT_REFER", ("LIMITATION_PASSED",)
    if s.present_minor <= 0:
        return ("ENRICH", ("NO_RATE",)) if s.is_unrated else ("DO_NOT_REFER", ("NOTHING_LEFT",))
    if s.availability == "closed":
        return "DO_NOT_REFER", ("NO_CHANNEL",)
    if not s.is_located:
        return "ENRICH", ("NOT_LOCATED",)
    if s.availability == "unknown":
        return "ENRICH", ("CHANNEL_UNKNOWN",)
    if s.expected_minor <= 0:
        return "DO_NOT_REFER", ("COST_EXCEEDS_VALUE",)
    if s.expected_minor < settings.minimum_minor:
        return "MONITOR", ("BELOW_MINIMUM",)
    pressing = {
        "RECALL_WINDOW": s.hours_since <= settings.urgent_hours,
        "LEAVING_FAST": s.waiting_share >= settings.urgent_share,
    }
    urgent = tuple(code for code, holds in pressing.items() if holds)
    return ("REFER_URGENT", urgent) if urgent else ("REFER", ("WORTH_ASKING",))


def nearest_flip(s: Situation, settings: ReferralSettings) -> Flip | None:
    """Return the smallest change that leads to another decision; None without one.

    Amounts and shares are as far as they move, over the larger of the two; learning a jurisdiction
    or a channel is a change of 1, so a value that would have to double is as far.
    """
    now, _ = decide(s, settings)
    flips = []
    for facts, distance, text in _changes(s, settings):
        then, _ = decide(replace(s, **facts), settings)
        if then != now:
            flips.append(Flip(facts, distance, then, text))
    return min(flips, key=lambda flip: flip.distance, default=None)


_Change = tuple[dict[str, Any], float, str]


def _changes(s: Situation, settings: ReferralSettings) -> Iterator[_Change]:
    """Yield the changes that can matter: each to the nearest value beyond a limit."""
    least, hours, share = settings.minimum_minor, settings.urgent_hours, settings.urgent_share
    for value in sorted({least, least - 1, 1, 0} - {s.expected_minor}):
        way = "rises" if value > s.expected_minor else "falls"
        text = f"the expected value {way} to"
        yield {"expected_minor": value}, _distance(s.expected_minor, value), text
    for part, word in ((share, "or more"), (max(share - _LITTLE, 0.0), "or less")):
        text = f"waiting {hours} hours loses {share:.0%} {word} of it"
        yield {"waiting_share": part}, _distance(s.waiting_share, part), text
    for since, text in (
        (hours, f"claimed money comes in within {hours} hours"),
        (hours + 1, f"no claimed money comes in for more than {hours} hours"),
    ):
        yield {"hours_since": float(since)}, _distance(s.hours_since, since), text
    if s.availability == "domestic":
        return
    for state in ("open", "closed"):
        if s.is_located:
            yield {"availability": state}, 1.0, f"a channel to freeze is found to be {state}"
        else:
            facts = {"is_located": True, "availability": state}
            yield facts, 1.0, f"the jurisdiction becomes known, and its channel to be {state}"


def _distance(value: float, to: float) -> float:
    return abs(value - to) / max(abs(value), abs(to), 1e-9)
