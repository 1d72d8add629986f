"""ISO 20022: pacs.008, pacs.009 (also with cover), camt.053 and camt.054, any version.

The file is streamed; entities, document types and addresses are refused. Accounts are IBANs where
the message has them, else the number at the agent's BIC. An account is held where its IBAN, or else
its agent's BIC, says.

**pacs.008, pacs.009.** One row a credit transfer, on its settlement day, or when the message was
made. What was instructed is the sent leg and what was settled is the received one. A pacs.009 with
cover (COV) gives the customers of the underlying transfer and not the banks; where its pacs.008 is
read with it, the two are one transaction (``mirror_row`` is the cover's row). They are linked by
UETR, or else by the reference that the cover gives (its EndToEndId), customers and day, and always
by the amount settled. Without cover the parties are the institutions.

**camt.053, camt.054.** One row a transaction detail of a booked entry, or the entry where it has
none; the counterparty stands in the details. Where several details lack amounts of their own, the
entry is one row that sums them, and has no counterparty. Entries that are pending or for
information have not happened: they are rejects that show their status, as are entries without a
counterparty (fees, sums).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from xborder_aml.errors import DataError
from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, several
from xborder_aml.sources._xml import child, open_xml, text_at

__all__ = ["ISO20022"]

_COLUMNS = (
    "executed_at originator beneficiary originator_bank beneficiary_bank originator_holder "
    "beneficiary_holder originator_jurisdiction beneficiary_jurisdiction "
    "originator_holder_jurisdiction beneficiary_holder_jurisdiction amount currency "
    "received_amount received_currency instrument purpose reference uetr payment_reference "
    "end_to_end_reference is_cover"
).split()
_SIDES = {"originator": "Dbtr", "beneficiary": "Cdtr"}
_MESSAGES = {
    "FIToFICstmrCdtTrf": "pacs.008",
    "FICdtTrf": "pacs.009",
    "FinInstnCdtTrf": "pacs.009",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}
_RECORDS = frozenset(("CdtTrfTxInf", "Ntry"))
Row = dict[str, str | None]


def _open(ledger: Any) -> pl.LazyFrame:
    frames = [
        open_xml(
            file, _RECORDS, _rows, columns=_COLUMNS, expected=frozenset(_MESSAGES),
            source="iso20022",
        ).drop("source_row")
        for file in several(ledger, "iso20022")
    ]  # fmt: skip
    return pl.concat(frames).with_row_index("source_row", offset=1)


def _rows(record: Element, around: list[Element]) -> Iterable[Row]:
    at = next((i for i, e in enumerate(around) if e.tag in _MESSAGES), None)
    if at is None:
        names = "/".join(e.tag[:40] for e in around) or record.tag
        raise DataError(
            f"{record.tag} stands in {names}, which is none of the messages that source "
            f"'iso20022' reads: {', '.join(dict.fromkeys(_MESSAGES.values()))}"
        )
    if record.tag == "Ntry":
        return _entry(record, around[-1])
    return [_transfer(record, around[at])]


def _transfer(record: Element, message: Element) -> Row:
    """Return the row of a pacs.008 or pacs.009."""
    header = child(message, "GrpHdr")
    under = child(record, "UndrlygCstmrCdtTrf")
    parties = record if under is None else under
    settled = child(record, "IntrBkSttlmAmt")
    instructed = child(parties, "InstdAmt")
    sent = settled if instructed is None else instructed
    row: Row = {
        "executed_at": text_at(record, "IntrBkSttlmDt")
        or text_at(header, "IntrBkSttlmDt", "CreDtTm"),
        "amount": text_at(sent, "."),
        "currency": _currency(sent),
        "received_amount": text_at(settled, "."),
        "received_currency": _currency(settled),
        "instrument": "wire",
        "purpose": text_at(parties, "RmtInf/Ustrd"),
        "reference": text_at(
            record, "PmtId/UETR", "PmtId/TxId", "PmtId/EndToEndId", "PmtId/InstrId"
        ),
    }
    if under is not None or _MESSAGES[message.tag] == "pacs.008":
        row |= _references(record, is_cover=under is not None)
    for side, tag in _SIDES.items():
        row |= _party(side, child(parties, tag), child(parties, f"{tag}Acct"),
                      child(parties, f"{tag}Agt"))  # fmt: skip
    return row


def _references(record: Element, *, is_cover: bool) -> Row:
    """Return what links a payment and its cover, whose EndToEndId names the payment."""
    uetr, end_to_end = text_at(record, "PmtId/UETR"), text_at(record, "PmtId/EndToEndId")
    return {
        "uetr": uetr and uetr.lower(),
        "payment_reference": end_to_end if is_cover else text_at(record, "PmtId/InstrId"),
        "end_to_end_reference": end_to_end,
        "is_cover": "true" if is_cover else None,
    }


def _party(side: str, party: Element | None, account: Element | None, agent: Element | None) -> Row:
    """Return the columns of one side; a party that is itself an institution is its own agent."""
    inner = child(party, "Pty")  # camt since version 8
    party = party if inner is None else inner
    own = child(party, "FinInstnId")
    if own is None:
        own = child(party, "Agt", "FinInstnId")
    if own is not None:
        party = own
    bank = child(agent, "FinInstnId")
    if bank is None:
        bank = own
    held_by = _bic(bank)
    number = text_at(account, "Id/IBAN", "Id/Othr/Id", "Prxy/Id")
    if own is not None and number is None:
        number = _bic(own)  # the institution's own money, where no account is named
    bic = held_by or text_at(bank, "ClrSysMmbId/MmbId", "Othr/Id")
    return {
        side: number,
        f"{side}_bank": None if number == bic else bic,
        f"{side}_holder": text_at(party, "Nm") or _bic(own),
        f"{side}_jurisdiction": _country(account, held_by, bank),
        f"{side}_holder_jurisdiction": text_at(party, "CtryOfRes", "PstlAdr/Ctry"),
    }


def _bic(institution: Element | None) -> str | None:
    return text_at(institution, "BICFI", "BIC")


def _country(account: Element | None, bic: str | None, bank: Element | None) -> str | None:
    iban = text_at(account, "Id/IBAN")
    if iban:
        return iban[:2]
    return bic[4:6] if bic and len(bic) >= 8 else text_at(bank, "PstlAdr/Ctry")


def _entry(entry: Element, statement: Element) -> Iterator[Row]:
    """Yield the rows of an entry of a camt.053 or camt.054."""
    account = child(statement, "Acct")
    mine = _party("mine", child(account, "Ownr"), account, child(account, "Svcr"))
    status = text_at(entry, "Sts/Cd", "Sts/Prtry", "Sts")
    when = text_at(entry, "BookgDt/DtTm", "BookgDt/Dt", "ValDt/DtTm", "ValDt/Dt")
    if status is not None and status != "BOOK":
        when = f"not booked: {status}"
    details = entry.findall("NtryDtls/TxDtls")
    amounts = [_detail_amount(d) for d in details]
    if len(details) != 1 and any(a is None for a in amounts):
        details = []  # the entry is all that has an amount
    for detail in details or [entry]:
        found = _detail_amount(detail) if detail is not entry else None
        amount = child(entry, "Amt") if found is None else found
        paid_in = text_at(detail, "CdtDbtInd") or text_at(entry, "CdtDbtInd")
        yield {
            "executed_at": when,
            "amount": text_at(amount, "."),
            "currency": _currency(amount),
            "instrument": "wire" if detail is not entry else None,
            "purpose": text_at(detail, "RmtInf/Ustrd", "AddtlTxInf", "AddtlNtryInf"),
            "reference": text_at(
                detail,
                "Refs/UETR",
                "Refs/TxId",
                "Refs/AcctSvcrRef",
                "Refs/EndToEndId",
                "AcctSvcrRef",
                "NtryRef",
            )
            or text_at(entry, "AcctSvcrRef", "NtryRef"),
            **_both(mine, detail, paid_in == "CRDT"),
        }


def _both(mine: Row, detail: Element, paid_in: bool) -> Row:
    """Return both sides: mine is the beneficiary of what is paid in."""
    parties, agents = child(detail, "RltdPties"), child(detail, "RltdAgts")
    my_side, other = ("beneficiary", "originator") if paid_in else ("originator", "beneficiary")
    tag = _SIDES[other]
    out = {name.replace("mine", my_side, 1): value for name, value in mine.items()}
    return out | _party(
        other, child(parties, tag), child(parties, f"{tag}Acct"), child(agents, f"{tag}Agt")
    )


def _detail_amount(detail: Element) -> Element | None:
    amount = child(detail, "Amt")
    return child(detail, "AmtDtls", "TxAmt", "Amt") if amount is None else amount


def _currency(amount: Element | None) -> str | None:
    return None if amount is None else amount.get("Ccy")


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    return lay_out(frame, {name: name for name in _COLUMNS}, Conventions())


ISO20022 = Source(
    name="iso20022",
    description="ISO 20022 XML: pacs.008, pacs.009 and its cover form, camt.053, camt.054.",
    columns=("executed_at", "amount", "currency"),
    layout=_layout,
    options={},
    open=_open,
)
