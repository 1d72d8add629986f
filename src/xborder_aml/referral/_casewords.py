"""How a case file puts channels and assumptions into words and rows that a person can read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from xborder_aml.jurisdictions.names import jurisdiction_name
from xborder_aml.jurisdictions.tables import jurisdiction_tables
from xborder_aml.referral.settings import ReferralSettings
from xborder_aml.report.formats import UNKNOWN

__all__ = [
    "ORDER_WORDS",
    "STATUS_WORDS",
    "abbreviations",
    "assumption_rows",
    "channel_rows",
    "place_words",
]

ORDER_WORDS = {
    "ledger": "in the order of the ledger",
    "credits_first": "an account's receipts before its payments",
    "debits_first": "an account's payments before its receipts",
    "range": "in the order of the ledger, and both other orders beside it",
}
STATUS_WORDS = {
    "verified": "compared with the source on the day given",
    "recalled": "written from memory, and not yet compared with the source",
    "stale": "compared once, with a source that is older than it should be",
    "unknown": "not known, which is neither yes nor no",
}
_BANDS = {
    "cooperation": "Chance that an authority holds the money when asked, where a channel is open",
    "cooperation_unknown": "The same, where no channel is known to be open",
    "cooperation_domestic": "The same, inside the requesting jurisdiction",
    "evidence": "Chance that a court follows the evidence",
    "survival_unknown": "Share of the money that is still there, where the ledger does not tell",
}
_WORD = re.compile(r"[A-Z][A-Z0-9_]+")


def place_words(code: str | None) -> str:
    """Return the name of a jurisdiction with its code; ?? where it is not known.

    Examples
    --------
    >>> place_words("EE"), place_words(None)
    ('Estonia (EE)', 'an unknown jurisdiction (??)')
    """
    return f"{jurisdiction_name(code)} ({code or UNKNOWN})"


def channel_rows(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of a plan with one row a channel, in the order of the plan.

    What differs between the functions of a channel keeps rows of its own.
    """
    same = ("channel", "availability", "legal_basis", "contact", "evidential_use", "missing")
    rows: dict[Any, dict[str, Any]] = {}
    for line in lines:
        key = tuple(str(line[name]) for name in same)
        row = rows.setdefault(key, {**line, "functions": []})
        if line["function"] not in row["functions"]:
            row["functions"].append(line["function"])
    return list(rows.values())


def abbreviations(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names of the treaties and networks that texts name by their short names."""
    known = jurisdiction_tables().by_instrument
    found = {word for text in texts for word in _WORD.findall(text)}
    return [(word, known[word].name) for word in sorted(found & known.keys())]


def assumption_rows(settings: ReferralSettings) -> list[tuple[str, str | None, str | None]]:
    """Return what is assumed: in words, its value, or else the name of the figure that it is."""
    rows: list[tuple[str, str | None, str | None]] = []
    for name, words in _BANDS.items():
        band = getattr(settings, name)
        told = f"{band.middle:.0%}; at worst {band.least:.0%}, at best {band.most:.0%}"
        rows.append((words, told, None))
    for kind, band in sorted(settings.delay_hours.items()):
        told = f"{band.middle:g} hours; at best {band.least:g}, at worst {band.most:g}"
        rows.append((f"Delay until money is held: {kind}", told, None))
    rows += [
        ("Cost of one request", None, "assumed/cost"),
        ("Least expected value that is worth a request", None, "assumed/minimum"),
        ("Money may still be recalled for", f"{settings.urgent_hours} hours", None),
        (
            f"A case is urgent when {settings.urgent_hours} hours of waiting lose at least",
            f"{settings.urgent_share:.0%} of the expected value",
            None,
        ),
    ]
    if settings.limitation is not None:
        rows.append(("Last day for prosecution", settings.limitation.isoformat(), None))
    return rows
