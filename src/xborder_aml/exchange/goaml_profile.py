"""What differs between the units that receive goAML reports: schema version, codes, alphabets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions import CURRENCIES

__all__ = ["GoamlProfile", "plain_name", "plain_text"]

VERSIONS = ("2.0", "5.0")

_FUNDS = {
    "2.0": {"wire": "ELEC", "cash": "CASH", "cheque": "CHEQ", "crypto": "VRTL", "other": "OTH"},
    "5.0": {"wire": "ELCFT", "cash": "CASH", "cheque": "CHQ", "crypto": "CRPTC"},
}
_FUNDS_UNKNOWN = {"2.0": "-", "5.0": "ELCFT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoamlProfile:
    """The settings of one receiving unit; its manual and its schema say what they must be.

    Parameters
    ----------
    version
        Version of the schema: ``"2.0"`` or ``"5.0"``.
    rentity_id
        Number that the unit gave the reporting entity.
    local_currency
        ISO 4217 code in which the unit wants amounts; the base currency of the ledger.
    report_code, submission_code
        Kind of report, and ``E`` for electronic.
    funds
        Instrument to the unit's funds code; the defaults are those of the public schema.
    funds_unknown
        Funds code where the instrument is not known or has no code.
    transmode
        Code of how transactions were conducted.
    country_unknown
        Code of a country that is not known.
    location
        Where transactions were made, for schemas that require it.

    Raises
    ------
    ParameterError
        If the version or currency is not known, or `rentity_id` is not positive.
    """

    version: str
    rentity_id: int
    local_currency: str
    report_code: str = "STR"
    submission_code: str = "E"
    funds: Mapping[str, str] = field(default_factory=dict)
    funds_unknown: str = ""
    transmode: str = "-"
    country_unknown: str = "-"
    location: str = "-"

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise ParameterError(
                f"version is {self.version!r}{did_you_mean(self.version, VERSIONS)}; goAML schemas "
                f"{' and '.join(VERSIONS)} can be written"
            )
        if self.rentity_id < 1:
            raise ParameterError(f"rentity_id={self.rentity_id} must be at least 1")
        if self.local_currency not in CURRENCIES:
            raise ParameterError(
                f"local_currency is {self.local_currency!r}, which is no ISO 4217 code"
            )
        funds = MappingProxyType({**_FUNDS[self.version], **self.funds})
        object.__setattr__(self, "funds", funds)
        unknown = self.funds_unknown or _FUNDS_UNKNOWN[self.version]
        object.__setattr__(self, "funds_unknown", unknown)


# The alphabet that the names of every public schema allow; the rest becomes a space.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 .'-]+")
# A name must hold a letter after its second character (goAML 2.0, t_entity/name).
_IS_NAME = re.compile(r"..+[A-Za-z]|..[A-Za-z]")
# Letters that Unicode does not take apart, by code point.
_LETTERS = {
    0xDF: "ss", 0xF8: "o", 0xD8: "O", 0x142: "l", 0x141: "L", 0x111: "d", 0x110: "D", 0xE6: "ae",
    0xC6: "Ae", 0x153: "oe", 0x152: "Oe", 0xFE: "th", 0xDE: "Th", 0xF0: "d", 0x131: "i",
    0x2018: "'", 0x2019: "'", 0x2013: "-", 0x2014: "-",
}  # fmt: skip


def plain_text(text: str, most: int) -> str:
    """Return text in printable ASCII, at most so long.

    Examples
    --------
    >>> plain_text("Õie tänav 5, Tallinn", 100)
    'Oie tanav 5, Tallinn'
    """
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(c for c in parts if not unicodedata.combining(c))
    return re.sub(r"[^\t\n\r -~]", "?", bare)[:most]


def plain_name(text: str, most: int = 255) -> str:
    """Return a name that the alphabets of all public schemas allow.

    Examples
    --------
    >>> plain_name("Müller & Söhne (Riga)"), plain_name("X1")
    ('Muller Sohne Riga', 'X1 party')
    """
    bare = plain_text(text, 4 * most).replace("?", " ")
    name = " ".join(_NOT_IN_NAMES.sub(" ", bare).split())[: most - 6].strip()
    return name if _IS_NAME.match(name) else f"{name} party".strip()
