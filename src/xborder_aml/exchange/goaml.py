"""goAML XML: a report of transactions, or of the accounts that they point to.

goAML is the software with which many financial intelligence units receive reports. Each unit sets
its own code lists, mandatory fields and version of the schema, so a report is written by a profile,
and is to be checked against the unit's own schema (`validate_xml`) before a person sends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl

from xborder_aml.errors import DataError, ParameterError
from xborder_aml.exchange._parties import Party, decimal_text, parties_of
from xborder_aml.exchange._tree import put, to_bytes
from xborder_aml.exchange.goaml_profile import GoamlProfile, plain_name, plain_text
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.sources.goaml import CRYPTO_CODES, KEY_NOTE

__all__ = ["GoamlReport", "GoamlSubject", "goaml_report"]

_ACCOUNT = re.compile(r"[A-Za-z0-9|_/\\-]{3,50}")
_SWIFT = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_MOST = {"2.0": 4000, "5.0": 8000}  # characters of comments


@dataclass(frozen=True, slots=True)
class GoamlSubject:
    """An account that a report is about.

    Parameters
    ----------
    account
        Account key.
    significance
        0 to 10, as the schema has it.
    reason
        Why, in words.
    """

    account: str
    significance: int
    reason: str


@dataclass(frozen=True, slots=True)
class GoamlReport:
    """A report and what was changed to make it fit the schema.

    Parameters
    ----------
    xml
        The document, UTF-8.
    notes
        One sentence for each account whose name or number could not be written as it is; the
        original stands in the comments beside it.
    """

    xml: bytes
    notes: tuple[str, ...]


def goaml_report(
    transactions: pl.DataFrame,
    *,
    profile: GoamlProfile,
    reference: str,
    submitted_at: datetime,
    reason: str,
    indicators: Iterable[str],
    action: str | None = None,
    reporting_person: tuple[str, str] | None = None,
    accounts: pl.DataFrame | None = None,
    subjects: Iterable[GoamlSubject] = (),
) -> GoamlReport:
    """Write a goAML report.

    Without transactions, or in version 5.0 beside them, the subjects make up the activity. Accounts
    are written as accounts where the ledger has a bank that the schema can hold; else as the entity
    that holds them, with the account in the comments. Nobody is called a client of the reporting
    entity, because a ledger does not say so.

    Parameters
    ----------
    transactions
        Table `schema.TRANSACTIONS` in the unit's currency: its base currency is
        ``profile.local_currency``. May be empty where there are subjects.
    profile
        Settings of the receiving unit.
    reference
        The reporting entity's own reference, at most 255 characters.
    submitted_at
        Time of submission, local to the unit.
    reason, action
        What is suspected, and what was done.
    reporting_person
        First and last name of who reports, where the unit wants it.
    indicators
        The unit's codes of indicators, at least one.
    accounts
        Table `schema.ACCOUNTS`, for names, banks and kinds.
    subjects
        Accounts that the report is about.

    Raises
    ------
    ParameterError
        If nothing is reported, no indicator is given, a significance is not in 0 to 10, a name has
        no letters, or version 2.0 is asked for transactions and subjects at once.
    DataError
        If the base currency is not the unit's, or a base amount is missing.

    Examples
    --------
    >>> from datetime import datetime
    >>> import xborder_aml as xb
    >>> ledger = xb.example_ledger().head(2)
    >>> profile = GoamlProfile(version="5.0", rentity_id=7, local_currency="EUR")
    >>> report = goaml_report(ledger, profile=profile, reference="R-1", reason="Round trip",
    ...                       submitted_at=datetime(2024, 5, 1), indicators=["BEHAV"])
    >>> report.xml.count(b"<transaction>")
    2
    """
    table = TRANSACTIONS.conform(transactions).sort("executed_at", "transaction_id")
    about, codes = list(subjects), list(indicators)
    _check(table, profile, about, codes)
    known = parties_of(table, accounts, *(s.account for s in about))
    writer = _Writer(profile, known)
    root = ET.Element("report")
    put(root, "rentity_id", profile.rentity_id)
    put(root, "submission_code", profile.submission_code)
    put(root, "report_code", profile.report_code)
    put(root, "entity_reference", reference[:255])
    put(root, "submission_date", _time(submitted_at))
    put(root, "currency_code_local", profile.local_currency)
    for tag, text in zip(("first_name", "last_name"), reporting_person or (), strict=False):
        put(root, f"reporting_person/{tag}", _letters(text))
    put(root, "reason", plain_text(reason, 4000))
    if action:
        put(root, "action", plain_text(action, 4000))
    for row in table.iter_rows(named=True):
        writer.transaction(put(root, "transaction"), row)
    if about:
        parties = put(root, "activity/report_parties")
        for subject in about:
            writer.subject(put(parties, "report_party"), subject)
    listed = put(root, "report_indicators")
    for code in codes:
        put(listed, "indicator", code)
    return GoamlReport(to_bytes(root), tuple(writer.notes.values()))


def _check(
    table: pl.DataFrame, profile: GoamlProfile, subjects: list[GoamlSubject], codes: list[str]
) -> None:
    if not table.height and not subjects:
        raise ParameterError("there is nothing to report; pass transactions or subjects")
    if not codes:
        raise ParameterError("indicators is empty; a report names at least one code of the unit")
    if profile.version == "2.0" and table.height and subjects:
        raise ParameterError(
            "schema 2.0 holds transactions or an activity, not both; write two reports, or leave "
            "subjects out"
        )
    for subject in subjects:
        if not 0 <= subject.significance <= 10:
            raise ParameterError(
                f"significance={subject.significance} of {subject.account!r} must be 0 to 10"
            )
    for base in table["base_currency"].unique().drop_nulls():
        if base != profile.local_currency:
            raise DataError(
                f"the ledger's base currency is {base}, and the unit wants amounts in "
                f"{profile.local_currency}; read it with base_currency={profile.local_currency!r}"
            )
    if table["base_minor"].null_count():
        raise DataError(
            f"{table['base_minor'].null_count()} transactions have no base amount; hand in rates "
            "when reading the ledger"
        )


class _Writer:
    """Writes the parts of a report and remembers what it had to change."""

    def __init__(self, profile: GoamlProfile, known: Mapping[str, Party]) -> None:
        self.profile = profile
        self.known = known
        self.new = profile.version == "5.0"
        self.notes: dict[str, str] = {}

    def transaction(self, element: ET.Element, row: Mapping[str, Any]) -> None:
        most = _MOST[self.profile.version]
        local = self.profile.local_currency
        put(element, "transactionnumber", row["transaction_id"])
        if row["source_reference"]:
            put(element, "internal_ref_number", plain_text(row["source_reference"], 50))
        if self.new:
            put(element, "transaction_location", plain_text(self.profile.location, 255))
        put(element, "transaction_description", plain_text(row["purpose"] or "Transfer", most))
        put(element, "date_transaction", _time(row["executed_at"]))
        put(element, "transmode_code", self.profile.transmode)
        if self.new:
            put(element, "transmode_comment", "-")  # exactly one character in the public schema
        put(element, "amount_local", decimal_text(row["base_minor"], minor_digits(local)))
        self.side(put(element, "t_from"), "from", row, row["originator"], "sent")
        self.side(put(element, "t_to"), "to", row, row["beneficiary"], "received")

    def side(
        self, element: ET.Element, way: str, row: Mapping[str, Any], account: str, leg: str
    ) -> None:
        profile = self.profile
        instrument = row["instrument"] or ""
        put(element, f"{way}_funds_code", profile.funds.get(instrument, profile.funds_unknown))
        currency = row[f"{leg}_currency"]
        if currency != profile.local_currency:
            foreign = put(element, f"{way}_foreign_currency")
            amount = decimal_text(row[f"{leg}_minor"], minor_digits(currency))
            local = decimal_text(row["base_minor"], minor_digits(profile.local_currency))
            put(foreign, "foreign_currency_code", CRYPTO_CODES.get(currency, currency))
            put(foreign, "foreign_amount", amount)
            put(foreign, "foreign_exchange_rate", _rate(local, amount))
        self.party(element, f"{way}_", self.known[account])
        side = "originator" if way == "from" else "beneficiary"
        place = row[f"{side}_jurisdiction"] or self.known[account].jurisdiction
        put(element, f"{way}_country", place or profile.country_unknown)

    def subject(self, element: ET.Element, subject: GoamlSubject) -> None:
        self.party(element, "", self.known[subject.account])
        put(element, "significance", subject.significance)
        put(element, "reason", plain_text(subject.reason, _MOST[self.profile.version]))

    def party(self, parent: ET.Element, prefix: str, party: Party) -> None:
        """Write an account where the schema can hold it, else who holds it."""
        number = party.iban or party.number
        swift = party.bic if party.bic and _SWIFT.fullmatch(party.bic) else None
        code = None if swift or not self.new or not party.bank else plain_text(party.bank, 50)
        if _ACCOUNT.fullmatch(number) and (swift or code):
            self.account(put(parent, f"{prefix}account"), party, number, swift, code)
            return
        entity = put(parent, f"{prefix}entity")
        written = self.name(party, party.holder or party.account)
        put(entity, "name", written)
        if party.holder_jurisdiction:
            put(entity, "incorporation_country_code", party.holder_jurisdiction)
        put(entity, "comments", self.original(party))
        self.notes.setdefault(
            party.account,
            f"account {party.account!r} is written as the entity {written!r}: its bank or number "
            "is not known in a form that the schema holds",
        )

    def account(
        self, element: ET.Element, party: Party, number: str, swift: str | None, code: str | None
    ) -> None:
        put(element, "institution_name", plain_name(party.bank or swift or ""))
        if swift:
            put(element, "swift", swift)
        else:
            put(element, "institution_code", code)
        if self.new and party.jurisdiction:
            put(element, "institution_country", party.jurisdiction)
        put(element, "account", number)
        put(element, "account_name", self.name(party, party.holder or "Not known"))
        if party.iban:
            put(element, "iban", party.iban)
        put(element, "comments", self.original(party))

    def original(self, party: Party) -> str:
        """Return the account and holder as the ledger has them, as far as ASCII can."""
        most = _MOST[self.profile.version]
        holder = f"; holder: {party.holder}" if party.holder else ""
        # Read back, an account that ASCII cannot spell would become one with others.
        exact = plain_text(party.account, most) == party.account
        note = KEY_NOTE if exact else "account in the ledger, in ASCII: "
        return plain_text(f"{note}{party.account}{holder}", most)

    def name(self, party: Party, text: str) -> str:
        written = plain_name(text)
        if written != text:
            self.notes.setdefault(party.account, f"{text!r} is written as {written!r}")
        return written


def _time(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds")


def _letters(text: str) -> str:
    """Return a person's name in letters and spaces, all that goAML 2.0 allows."""
    name = " ".join(re.sub(r"[^A-Za-z]+", " ", plain_text(text, 100).replace("?", " ")).split())
    if len(name) < 2:
        raise ParameterError(
            f"reporting_person has the name {text!r}, of which {name!r} is left in Latin letters; "
            "write it with at least two"
        )
    return name


def _rate(local: str, foreign: str) -> str:
    """Return local money for one unit of foreign, plain, with at most thirteen decimals."""
    with localcontext(prec=50):
        if not Decimal(foreign):
            return "0"
        rate = Decimal(local) / Decimal(foreign)
        return f"{rate.quantize(Decimal('1e-13')).normalize():f}"
