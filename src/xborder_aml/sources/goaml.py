"""goAML reports: the transactions of one XML report, any version of the schema.

Transactions with a payer and a payee are read; those of *involved parties* say neither, and are
rejects. What the payer paid in a foreign currency is the sent leg, what the payee got the received
one, and the amount in the unit's currency is carried as the base amount. An account is its IBAN, or
its number at the SWIFT code or institution code; a person or entity without an account is its
holder. Reports that this library wrote name the account key in the comments, and it is taken from
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out
from xborder_aml.sources._xml import child, open_xml, text_at

__all__ = ["CRYPTO_CODES", "GOAML", "KEY_NOTE"]

CRYPTO_CODES = {"BTC": "XBT", "ETH": "XET", "LTC": "XLN"}
"""Codes of public goAML schemas for crypto-assets that we name otherwise; Monero is XMR in both."""
_CRYPTO_READ = {code: name for name, code in CRYPTO_CODES.items()}

KEY_NOTE = "account in the ledger: "
"""How the comments of an account begin in reports that this library wrote."""

_COLUMNS = (
    "transaction_id executed_at originator beneficiary originator_bank beneficiary_bank "
    "originator_holder beneficiary_holder originator_kind beneficiary_kind "
    "originator_jurisdiction beneficiary_jurisdiction amount currency received_amount "
    "received_currency base_amount purpose reference"
).split()
_SIDES = {"originator": "from", "beneficiary": "to"}
_NOTE = re.compile(re.escape(KEY_NOTE) + r"(?P<key>.+?)(?:; holder: (?P<holder>.*))?", re.DOTALL)
Row = dict[str, str | None]


def _open(ledger: Any) -> pl.LazyFrame:
    return open_xml(
        ledger,
        frozenset(("transaction",)),
        _rows,
        columns=(*_COLUMNS, "local_currency"),
        expected=frozenset(("report",)),
        source="goaml",
    )


def _rows(record: Element, around: list[Element]) -> Iterable[Row]:
    local = text_at(around[0], "currency_code_local") if around else None
    amount = text_at(record, "amount_local")
    row: Row = {
        "transaction_id": text_at(record, "transactionnumber"),
        "executed_at": text_at(record, "date_transaction"),
        "amount": amount,
        "currency": local,
        "received_amount": amount,
        "received_currency": local,
        "base_amount": amount,
        "local_currency": local,
        "purpose": text_at(record, "transaction_description"),
        "reference": text_at(record, "internal_ref_number"),
    }
    for side, way in _SIDES.items():
        found = child(record, f"t_{way}_my_client")
        found = child(record, f"t_{way}") if found is None else found
        row |= _side(side, way, found)
        foreign = child(found, f"{way}_foreign_currency")
        if foreign is not None:
            leg = "" if side == "originator" else "received_"
            row[f"{leg}amount"] = text_at(foreign, "foreign_amount")
            code = text_at(foreign, "foreign_currency_code")
            row[f"{leg}currency"] = _CRYPTO_READ.get(code or "", code)
    return [row]


def _side(side: str, way: str, element: Element | None) -> Row:
    account = child(element, f"{way}_account")
    entity, person = child(element, f"{way}_entity"), child(element, f"{way}_person")
    names = (text_at(person, "first_name"), text_at(person, "last_name"))
    place = text_at(element, f"{way}_country") or text_at(account, "institution_country")
    holder = text_at(account, "account_name", "t_entity/name") or text_at(entity, "name")
    row: Row = {
        side: text_at(account, "iban", "account"),
        f"{side}_bank": text_at(account, "swift", "institution_code"),
        f"{side}_holder": holder or " ".join(filter(None, names)) or None,
        f"{side}_kind": "person" if person is not None else None,
        f"{side}_jurisdiction": None if place == "-" else place,
    }
    note = _NOTE.fullmatch(text_at(account, "comments") or text_at(entity, "comments") or "")
    if note is not None:
        row |= {side: note["key"], f"{side}_bank": None, f"{side}_holder": note["holder"]}
    return row


def _layout(frame: pl.LazyFrame, request: Request) -> RawLedger:
    read = frame.select("local_currency", "transaction_id").collect()
    local = read["local_currency"].unique().drop_nulls().to_list()
    carried = local[0] if len(local) == 1 and request.base_currency in (None, local[0]) else None
    numbered = read["transaction_id"].str.contains(r"^\d{1,18}$").all(ignore_nulls=False)
    left_out = {"base_amount"} if carried is None else set()
    left_out |= set() if numbered else {"transaction_id"}
    columns = {name: name for name in _COLUMNS if name not in left_out}
    return lay_out(frame, columns, Conventions(base_currency=carried, carried=carried))


GOAML = Source(
    name="goaml",
    description="A goAML report: its transactions between two parties.",
    columns=("executed_at", "amount", "currency"),
    layout=_layout,
    options={},
    open=_open,
)
