"""Time limits that run for a case: since the last transfer, since the request, or not yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from xborder_aml.jurisdictions.channels import ChannelPlan, binding
from xborder_aml.jurisdictions.facts import Clock
from xborder_aml.jurisdictions.membership import Answer, period
from xborder_aml.jurisdictions.tables import JurisdictionTables
from xborder_aml.referral.settings import ReferralSettings

__all__ = ["clock_rows"]

_HOURS = {"hours": 1, "days": 24, "working_days": 24, "years": 24 * 365}
_BEGUN = {"the transfer": "last_in_at", "the offence": "first_at"}


def clock_rows(
    plan: ChannelPlan | None,
    tables: JurisdictionTables,
    settings: ReferralSettings,
    *,
    now: datetime,
    first_at: datetime,
    last_in_at: datetime,
) -> Iterable[dict[str, Any]]:
    """Yield the clocks of the channels that are not closed, and the user's limitation.

    Parameters
    ----------
    now
        What hours are counted to.
    first_at, last_in_at
        The earliest seed, and the last time that claimed money came in there.
    """
    recall = last_in_at + timedelta(hours=settings.urgent_hours)
    yield {
        "clock": f"recall, {settings.urgent_hours} hours", "starts": "the transfer",
        "starts_at": last_in_at, "ends_at": recall, "hours_left": _hours(recall - now),
        "meaning": "a bank can seldom recall a transfer after that", "source": "Practice",
        "status": "recalled",
    }  # fmt: skip
    begun = {"last_in_at": last_in_at, "first_at": first_at}
    if plan is not None:
        lines = plan.table.select("channel", "function", "availability")
        open_lines = {(c, f) for c, f, a in lines.iter_rows() if a != "closed"}
        in_force = [c for c in tables.clocks if period(c, now.date()) is not Answer.NO]
        pair = (plan.requesting, plan.requested)
        for clock in binding(tables, in_force, pair, now.date()):
            if (clock.channel, clock.function) in open_lines:
                yield _row(clock, begun.get(_BEGUN.get(clock.starts, "")), now)
    if settings.limitation is not None:
        ends = datetime.combine(settings.limitation, time.max, UTC)
        yield {
            "clock": "limitation", "starts": "the offence", "starts_at": None, "ends_at": ends,
            "hours_left": _hours(ends - now), "meaning": "the offence can no longer be prosecuted",
            "source": "the user", "status": "unknown",
        }  # fmt: skip


def _row(clock: Clock, starts_at: datetime | None, now: datetime) -> dict[str, Any]:
    ends = None
    if starts_at is not None:
        ends = starts_at + timedelta(hours=clock.amount * _HOURS[clock.unit])
    unit = clock.unit.replace("_", " ")
    return {
        "clock": f"{clock.channel} {clock.function}, {clock.amount} {unit}",
        "starts": clock.starts,
        "starts_at": starts_at,
        "ends_at": ends,
        "hours_left": None if ends is None else _hours(ends - now),
        "meaning": clock.meaning,
        "source": clock.source,
        "status": clock.status,
    }


def _hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3_600, 1)
