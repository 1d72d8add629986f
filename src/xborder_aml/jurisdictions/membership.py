"""Whether a jurisdiction belonged to a treaty, network or list on a day; what is unknown stays so.

No row is no answer. Only where an instrument's list is known to be whole up to a day is the absence
of a row a *no*, and then for States alone: a treaty may hold in a territory through its State.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from xborder_aml.jurisdictions.facts import STATUSES, Dated, Ended, Fact, Membership
from xborder_aml.jurisdictions.tables import JurisdictionTables

__all__ = ["TERRITORIES", "Answer", "Standing", "period", "standing"]

TERRITORIES = frozenset(
    """
    AI AQ AS AW AX BL BM BQ BV CC CK CW CX EH FK FO GF GG GI GL GP GS GU HK HM IM IO JE KY MF MO
    MP MQ MS NC NF NU PF PM PN PR PS RE SH SJ SX TC TF TK TW UM VG VI WF XK YT
    """.split()
)
"""Codes that are no member State of the United Nations (ISO 3166-1, recalled 2026-11-25)."""


class Answer(StrEnum):
    """Yes, no, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Standing(NamedTuple):
    """An answer and the row that it rests on, if any."""

    answer: Answer
    fact: Fact | None
    by_rule: bool = False  # the channel itself says who may use it

    @property
    def status(self) -> str:
        """Status of the row; ``unknown`` without one."""
        if self.fact is None:
            return "verified" if self.by_rule else "unknown"
        return self.fact.status


def standing(tables: JurisdictionTables, instrument: str, jurisdiction: str, on: date) -> Standing:
    """Tell whether a jurisdiction belonged to an instrument on a day.

    Parameters
    ----------
    tables
        From `jurisdiction_tables`.
    instrument
        An identifier of ``tables.instruments``.
    jurisdiction
        ISO 3166-1 alpha-2 code.
    on
        The day.

    Examples
    --------
    >>> from xborder_aml.jurisdictions.tables import jurisdiction_tables
    >>> tables = jurisdiction_tables()
    >>> for day in (date(2010, 5, 11), date(2010, 5, 12)):  # 30 days after the accession
    ...     print(standing(tables, "UNCAC", "EE", day).answer)
    no
    yes
    >>> str(standing(tables, "UNCAC", "XK", date(2026, 1, 1)).answer)
    'unknown'
    """
    rows = tables.by_member.get((instrument, jurisdiction), [])
    answers = [(_answer(row, on), row) for row in rows]
    for wanted in (Answer.YES, Answer.UNKNOWN):
        found = [row for answer, row in answers if answer is wanted]
        if found:  # the row that is known best
            return Standing(wanted, min(found, key=lambda row: STATUSES.index(row.status)))
    if answers:
        return Standing(Answer.NO, answers[-1][1])
    whole = tables.by_instrument[instrument]
    up_to = whole.complete_until
    if up_to is not None and on <= up_to and jurisdiction not in TERRITORIES:
        return Standing(Answer.NO, whole)
    return Standing(Answer.UNKNOWN, None)


def _answer(row: Membership, on: date) -> Answer:
    inside = _member(row, on)
    if inside is Answer.NO:
        return Answer.NO
    if row.status == "unknown" or inside is Answer.UNKNOWN:
        return Answer.UNKNOWN
    if row.role in ("signatory", "suspended"):  # it may have ratified, or be back, since
        return Answer.NO if on <= row.as_of else Answer.UNKNOWN
    return Answer.NO if row.role == "opt_out" else Answer.YES


def period(row: Dated, on: date) -> Answer:
    """Tell whether a day lies between a row's ends, where no end is an open one."""
    if row.since is not None and on < row.since.last:
        return Answer.NO if on < row.since.first else Answer.UNKNOWN
    until = row.until if isinstance(row, Ended) else None
    if until is not None and on > until.first:
        return Answer.NO if on > until.last else Answer.UNKNOWN
    return Answer.YES


def _member(row: Membership, on: date) -> Answer:
    """Tell the same of a membership: one whose start is not known had begun by its `as_of`."""
    inside = period(row, on)
    undated = row.since is None and row.role != "signatory" and on < row.as_of
    return Answer.UNKNOWN if undated and inside is Answer.YES else inside
