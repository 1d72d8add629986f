"""Jurisdictions, currencies and the dated facts about them."""

from __future__ import annotations

from xborder_aml.jurisdictions.codes import (
    ALPHA3,
    CRYPTO,
    CURRENCIES,
    JURISDICTIONS,
    minor_digits,
)

__all__ = [
    "ALIASES",
    "ALPHA3",
    "CRYPTO",
    "CURRENCIES",
    "JURISDICTIONS",
    "JURISDICTION_CODES",
    "jurisdiction_code",
    "minor_digits",
]

ALIASES: dict[str, str] = {
    "UK": "GB",  # exceptionally reserved in ISO 3166-1 for the United Kingdom
    "EL": "GR",  # European Union, Interinstitutional style guide, annex A5
    "UAE": "AE",  # common English abbreviation
    "ROM": "RO",  # ISO 3166-1 alpha-3 until 2002
    "KOS": "XK",  # World Bank and older ICIJ tables
}
"""Codes that ledgers hold and ISO 3166-1 does not list, each with its source."""

JURISDICTION_CODES: dict[str, str] = {
    **{code: code for code in JURISDICTIONS},
    **ALPHA3,
    **ALIASES,
}
"""Every spelling that is read as a jurisdiction, in capitals, to its alpha-2 code."""


def jurisdiction_code(text: str | None) -> str | None:
    """Return the ISO 3166-1 alpha-2 code that a text stands for, or None.

    Examples
    --------
    >>> jurisdiction_code(" usa"), jurisdiction_code("UK"), jurisdiction_code("33")
    ('US', 'GB', None)
    """
    return JURISDICTION_CODES.get(text.strip().upper()) if text else None
