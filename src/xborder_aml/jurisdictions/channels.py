"""The channels from one State to another, in the order in which a case would try them.

A plan is a help to the person who decides which authority to ask, and no legal advice. It says what
is open, what may be open, and what is closed and why; what is not known is never taken for a no.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions import ALPHA3, JURISDICTIONS, jurisdiction_code
from xborder_aml.jurisdictions.facts import (
    FUNCTIONS,
    PREDICATES,
    STATUSES,
    Channel,
    Clock,
    Fact,
    ValueRule,
)
from xborder_aml.jurisdictions.membership import Answer, Standing, period, standing
from xborder_aml.jurisdictions.tables import JurisdictionTables, jurisdiction_tables
from xborder_aml.jurisdictions.words import conditions, context, doubts, groups, not_known, obstacle
from xborder_aml.schema import Column, Table

__all__ = ["AVAILABILITY", "CHANNELS", "ChannelPlan", "binding", "channels"]

AVAILABILITY = ("open", "unknown", "closed")

CHANNELS = Table(
    "channels",
    "One row a function and channel of a plan, in the order in which a case would try them.",
    (
        Column("position", pl.Int32, "1 is first."),
        Column("function", pl.Enum(FUNCTIONS), "What is asked for."),
        Column("channel", pl.String, "Identifier of the channel."),
        Column("name", pl.String, "Its name."),
        Column("kind", pl.String, "FIU, police, ARO, judicial or civil."),
        Column("availability", pl.Enum(AVAILABILITY), "open, unknown, or closed on that day."),
        Column("requesting_status", pl.String, "yes, no or unknown: the requesting side belongs."),
        Column("requested_status", pl.String, "yes, no or unknown: the requested side belongs."),
        Column("why", pl.String, "Why it is not open.", nullable=True),
        Column("legal_basis", pl.String, "Treaty, law or charter, with its articles."),
        Column("contact", pl.String, "Who writes to whom."),
        Column("deadline", pl.String, "Time limits in words, shortest first.", nullable=True),
        Column(
            "deadline_hours",
            pl.Int64,
            "The shortest time limit in hours; a working day counts as 24, so it is a lower bound.",
            nullable=True,
        ),
        Column("value_rule", pl.String, "What the amount does to it.", nullable=True),
        Column("evidential_use", pl.String, "What the answer may be used for."),
        Column("missing", pl.List(pl.String), "What the request needs and what is to be checked."),
        Column("status", pl.String, "The worst status of the rows that the line rests on."),
        Column("as_of", pl.Date, "The oldest day of the rows that the line rests on."),
        Column("sources", pl.List(pl.String), "Where the rows come from."),
    ),
)
"""Columns of ``ChannelPlan.table``."""

_HOURS = {"hours": 1, "days": 24, "working_days": 24, "years": 24 * 365}


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """The answer of `channels`.

    Parameters
    ----------
    requesting, requested
        ISO 3166-1 alpha-2 codes.
    on
        Day of the request.
    predicate, function
        What was asked for; None for any.
    table
        Table `CHANNELS`.
    context
        Sentences about the requested side that bear on every channel: lists, confiscation law.
    """

    requesting: str
    requested: str
    on: date
    predicate: str | None
    function: str | None
    table: pl.DataFrame
    context: tuple[str, ...]

    def first(self, function: str) -> dict[str, Any] | None:
        """Return the first line for a function that is open, or else may be; None without one."""
        _check("function", function, FUNCTIONS)
        lines = self.table.filter(
            pl.col("function") == function, pl.col("availability") != "closed"
        )
        return lines.row(0, named=True) if lines.height else None


def channels(
    requesting: str,
    requested: str,
    *,
    on: date | str,
    predicate: str | None = None,
    function: str | None = None,
    tables: JurisdictionTables
    | str
    | os.PathLike[str]
    | Iterable[str | os.PathLike[str]]
    | None = None,
) -> ChannelPlan:
    """Plan through which channels one State can ask another, on a day.

    Lines are ordered by function (trace, stop, freeze, evidence, confiscate, return), then open
    before unknown before closed, then by how many sides are known to belong, then by speed, which
    is the order of the packaged table; a user's own channels go first.

    Parameters
    ----------
    requesting, requested
        Jurisdictions: ISO 3166-1 codes.
    on
        Day of the request.
    predicate
        Offence behind the request: one of ``corruption``, ``drugs``, ``fraud``,
        ``money_laundering``, ``organised_crime``, ``tax``, ``terrorist_financing``,
        ``trafficking``, ``other``. Channels for some offences only are unknown without one.
    function
        Keep the lines for one of ``trace``, ``stop``, ``freeze``, ``evidence``, ``confiscate``,
        ``return``.
    tables
        Tables to use, or files of rows that are laid over the packaged ones, as for
        `jurisdiction_tables`.

    Raises
    ------
    ParameterError
        If a code, date, predicate or function is not known, or both sides are the same.

    Examples
    --------
    >>> plan = channels("EE", "LV", on="2025-03-01", predicate="fraud", function="freeze")
    >>> plan.table.select("channel", "availability", "deadline_hours").row(0)
    ('SIENA', 'open', None)
    >>> closed = channels("EE", "DK", on="2025-03-01").table.filter(channel="EU_2018_1805")
    >>> closed["availability"].unique().to_list()
    ['closed']
    """
    asked, asking = _jurisdiction("requested", requested), _jurisdiction("requesting", requesting)
    if asked == asking:
        raise ParameterError(f"requesting and requested are both {asked!r}; a channel has two ends")
    day = _date(on)
    if predicate is not None:
        _check("predicate", predicate, PREDICATES)
    if function is not None:
        _check("function", function, FUNCTIONS)
    known = _tables(tables)
    lines = [
        _line(known, channel, each, (asking, asked), day, predicate)
        for channel in known.channels
        for each in channel.functions
        if function in (None, each)
    ]
    lines.sort(key=_rank)
    rows = [{"position": i, **line} for i, line in enumerate(lines, 1)]
    return ChannelPlan(
        requesting=asking,
        requested=asked,
        on=day,
        predicate=predicate,
        function=function,
        table=pl.DataFrame(rows, schema=CHANNELS.dtypes, orient="row"),
        context=tuple(context(known, asked, day)),
    )


def _rank(line: dict[str, Any]) -> tuple[int, int, int]:
    sides = (line["requesting_status"], line["requested_status"])
    return (
        FUNCTIONS.index(line["function"]),
        AVAILABILITY.index(line["availability"]),
        -sides.count("yes"),
    )


def _line(
    tables: JurisdictionTables,
    channel: Channel,
    function: str,
    pair: tuple[str, str],
    on: date,
    predicate: str | None,
) -> dict[str, Any]:
    belongs = _sides(tables, channel.parties, pair, on)
    closed, open_questions = _obstacles(tables, channel, belongs, pair, on, predicate)
    clocks = binding(tables, _in_force(tables.clocks, channel, function, on), pair, on)
    rules = _in_force(tables.value_rules, channel, function, on)
    facts: list[Fact] = [channel, *clocks, *rules, *(b.fact for b in belongs if b.fact)]
    statuses = [f.status for f in facts] + [b.status for b in belongs]
    return {
        "function": function,
        "channel": channel.channel,
        "name": channel.name,
        "kind": channel.kind,
        "availability": "closed" if closed else "unknown" if open_questions else "open",
        "requesting_status": str(belongs[0].answer),
        "requested_status": str(belongs[1].answer),
        "why": "; ".join(closed or open_questions) or None,
        "legal_basis": channel.legal_basis,
        "contact": channel.contact,
        "deadline": "; ".join(map(_clock_text, clocks)) or None,
        "deadline_hours": min((c.amount * _HOURS[c.unit] for c in clocks), default=None),
        "value_rule": "; ".join(map(_rule_text, rules)) or None,
        "evidential_use": channel.evidential_use,
        "missing": [] if closed else [*channel.needs, *doubts(tables, channel, belongs, pair)],
        "status": max(statuses, key=STATUSES.index),
        "as_of": min(f.as_of for f in facts),
        "sources": list(dict.fromkeys(f.source for f in facts)),
    }


def _sides(
    tables: JurisdictionTables, parties: str, pair: tuple[str, str], on: date
) -> list[Standing]:
    """Tell of both sides of a pair whether they belong to the parties."""
    return [
        _belongs(tables, side, code, on) for code, side in zip(pair, groups(parties), strict=True)
    ]


def binding(
    tables: JurisdictionTables, clocks: Iterable[Clock], pair: tuple[str, str], on: date
) -> list[Clock]:
    """Keep the time limits of law that binds both sides; where that is not known, say so."""
    kept = []
    for clock in clocks:
        sides = _sides(tables, clock.parties, pair, on)
        if Answer.NO in (side.answer for side in sides):
            continue
        if unsure := conditions(tables, clock.parties, sides, pair):
            clock = replace(clock, meaning=f"{clock.meaning}, if {unsure}")
        kept.append(clock)
    return kept


def _belongs(tables: JurisdictionTables, side: str, code: str, on: date) -> Standing:
    if side in tables.by_instrument:
        return standing(tables, side, code, on)
    here = side == "*" or code in [jurisdiction_code(part) for part in side.split("+")]
    return Standing(Answer.YES if here else Answer.NO, None, by_rule=True)


def _obstacles(
    tables: JurisdictionTables,
    channel: Channel,
    belongs: list[Standing],
    pair: tuple[str, str],
    on: date,
    predicate: str | None,
) -> tuple[list[str], list[str]]:
    """Return why a channel is closed, and what is not known of it."""
    closed: list[str] = []
    unknown: list[str] = []
    alive = period(channel, on)
    if alive is not Answer.YES:
        span = f"from {channel.since or 'the start'} to {channel.until or 'now'}"
        (closed if alive is Answer.NO else unknown).append(f"the channel is in use {span}")
    for n, (code, side) in enumerate(zip(pair, belongs, strict=True)):
        if side.answer is Answer.NO:
            closed.append(obstacle(tables, channel.parties, n, code, side, on))
        elif side.answer is Answer.UNKNOWN:
            unknown.append(not_known(tables, groups(channel.parties)[n], code, side, on))
    if "any" not in channel.predicates:
        scope = ", ".join(channel.predicates)
        if predicate is None:
            unknown.append(f"it is for {scope}, and no predicate was given")
        elif predicate not in channel.predicates:
            closed.append(f"it is for {scope}, and not for {predicate}")
    return closed, unknown


def _in_force(rows: Iterable[Any], channel: Channel, function: str, on: date) -> list[Any]:
    found = [
        row
        for row in rows
        if row.channel == channel.channel
        and row.function == function
        and period(row, on) is not Answer.NO
    ]
    return sorted(found, key=lambda r: r.amount * _HOURS[r.unit] if isinstance(r, Clock) else 0)


def _clock_text(clock: Clock) -> str:
    unit = clock.unit.replace("_", " ") if clock.amount != 1 else clock.unit[:-1].replace("_", " ")
    return f"{clock.amount} {unit} from {clock.starts}: {clock.meaning}"


def _rule_text(rule: ValueRule) -> str:
    if rule.amount is None:
        return rule.meaning
    return f"{rule.comparator} {rule.amount:,} {rule.currency}: {rule.meaning}"


def _tables(given: Any) -> JurisdictionTables:
    if isinstance(given, JurisdictionTables):
        return given
    if given is None:
        return jurisdiction_tables()
    return jurisdiction_tables(*([given] if isinstance(given, str | os.PathLike) else given))


def _jurisdiction(what: str, text: str) -> str:
    code = jurisdiction_code(text)
    if code is None:
        raise ParameterError(
            f"{what} is {text!r}, which is no ISO 3166-1 code"
            f"{did_you_mean(str(text).upper(), [*JURISDICTIONS, *ALPHA3])}; write one like 'EE'"
        )
    return code


def _date(on: date | str) -> date:
    if isinstance(on, date):
        return date(on.year, on.month, on.day)
    try:
        return date.fromisoformat(on)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"on is {on!r}, which is no date; write it as '2025-03-01'") from error


def _check(what: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ParameterError(
            f"{what} is {value!r}{did_you_mean(value, known)}; it may be {', '.join(known)}"
        )
