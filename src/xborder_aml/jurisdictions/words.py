"""What a plan says of who belongs to what, in words that a lawyer reads without a key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from xborder_aml.jurisdictions import jurisdiction_code
from xborder_aml.jurisdictions.facts import Channel, Fact
from xborder_aml.jurisdictions.membership import Answer, Standing, period, standing
from xborder_aml.jurisdictions.names import jurisdiction_name, listed
from xborder_aml.jurisdictions.tables import JurisdictionTables

__all__ = ["conditions", "context", "doubts", "groups", "member_words", "not_known", "obstacle"]


_UNSURE = {
    "recalled": "written from memory on",
    "stale": "by a source of",
    "unknown": "looked for and not found on",
}
"""How sure a row is that is not verified, before its day."""


def groups(parties: str) -> tuple[str, str]:
    """Return whom the requesting and the requested side must belong to."""
    sides = parties.split(">")
    return sides[0], sides[-1]


def member_words(tables: JurisdictionTables, group: str) -> str:
    """Return what a jurisdiction of an instrument is, as after "is"."""
    row = tables.by_instrument[group]
    return row.member or f"among: {row.name}"


def obstacle(
    tables: JurisdictionTables, parties: str, side: int, code: str, found: Standing, on: date
) -> str:
    """Say why one side, 0 the requesting and 1 the requested one, is outside of a channel."""
    group = groups(parties)[side]
    if group in tables.by_instrument:
        was = f"{jurisdiction_name(code)} was not {member_words(tables, group)} on {on}"
        return _capital(f"{was} ({found.fact.source})" if found.fact else was)
    few = listed(_name(part) for part in group.split("+"))
    if ">" not in parties:
        return f"it is between {few}"
    return f"only {few} can {'ask' if side == 0 else 'be asked'} by it"


def not_known(tables: JurisdictionTables, group: str, code: str, found: Standing, on: date) -> str:
    """Say that it is not known whether a side belongs."""
    belongs = f"whether {jurisdiction_name(code)} was {member_words(tables, group)} on {on}"
    return f"{belongs} is not known" + (f" ({found.fact.source})" if found.fact else "")


def conditions(
    tables: JurisdictionTables, parties: str, belongs: list[Standing], pair: tuple[str, str]
) -> str:
    """Say what must be so of the sides of which it is not known; empty if all is known."""
    return listed(
        f"{jurisdiction_name(code)} is {member_words(tables, group)}"
        for code, side, group in zip(pair, belongs, groups(parties), strict=True)
        if side.answer is Answer.UNKNOWN
    )


def doubts(
    tables: JurisdictionTables, channel: Channel, belongs: list[Standing], pair: tuple[str, str]
) -> list[str]:
    """Return what is to be found out or confirmed before a request is sent."""
    out = []
    for code, side, group in zip(pair, belongs, groups(channel.parties), strict=True):
        if side.by_rule:
            continue  # the channel itself names who may use it
        told = f"{jurisdiction_name(code)} is {member_words(tables, group)}"
        if side.answer is Answer.UNKNOWN:
            out.append(f"find out whether {told}")
        elif side.fact is not None and side.status != "verified":
            out.append(f"confirm that {told} ({_from(side.fact)})")
    if channel.status != "verified":
        out.append(f"confirm what is said of this channel ({_from(channel)})")
    return out


def context(tables: JurisdictionTables, requested: str, on: date) -> Iterator[str]:
    """Yield what bears on every request to a jurisdiction: lists it is on, its law."""
    place = _capital(jurisdiction_name(requested))
    for row in tables.instruments:
        if row.kind == "list":
            found = standing(tables, row.instrument, requested, on)
            if found.fact is not None and found.answer is not Answer.NO:
                was = "on" if found.answer is Answer.YES else "perhaps on"
                yield (
                    f"{place}: {was} the list “{row.name}” "
                    f"({found.status} as of {found.fact.as_of}: {found.fact.source})"
                )
    laws = [c for c in tables.confiscation if c.jurisdiction == requested]
    if not laws:
        yield f"{place}: whether its law allows confiscation without a conviction is not known"
    for law in laws:
        if period(law, on) is Answer.NO:
            yield f"{place}: what its law on confiscation was before {law.since} is not known"
            continue
        yield (
            f"{place} ({law.tradition} law): confiscation after a conviction: "
            f"{law.conviction_based}; without one: {law.non_conviction_based} "
            f"({law.law}; {law.status} as of {law.as_of})"
        )


def _from(fact: Fact) -> str:
    return f"{_UNSURE[fact.status]} {fact.as_of}"


def _name(part: str) -> str:
    return jurisdiction_name(jurisdiction_code(part))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
