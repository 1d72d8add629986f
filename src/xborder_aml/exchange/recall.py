"""ISO 20022 camt.056: the data of a request to cancel payments, for a bank to send.

The message says which payments to recall and why. It is data for the payment system of the bank
that sent them: the library sends nothing, and a recall binds no one until a bank has acted on it.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

import polars as pl

from xborder_aml.errors import DataError, ParameterError
from xborder_aml.exchange._parties import Party, decimal_text, parties_of
from xborder_aml.exchange._tree import put, to_bytes
from xborder_aml.jurisdictions import CRYPTO, minor_digits
from xborder_aml.schema import TRANSACTIONS

__all__ = ["RecallCase", "recall_request"]

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallCase:
    """Who recalls from whom, and why.

    Parameters
    ----------
    case_id
        Identifier of the case, at most 35 characters.
    assigner, assignee
        BICs: the bank that asks and the bank that is asked.
    created_at
        Time of the message; a time with a zone is written with it.
    original_message_id
        Identifier of the message that carried the payments, at most 35 characters; ``NOTPROVIDED``
        where it is not known.
    original_message
        Its kind, like ``pacs.008.001.08``.
    reason
        Code of ISO 20022's external cancellation reasons: ``FRAD`` (fraud), ``DUPL``, ``TECH``, ...
    note
        Lines for a person, at most 105 characters each.

    Raises
    ------
    ParameterError
        If an identifier is empty or too long, or a BIC is none.
    """

    case_id: str
    assigner: str
    assignee: str
    created_at: datetime
    original_message_id: str = "NOTPROVIDED"
    original_message: str = "pacs.008.001.08"
    reason: str = "FRAD"
    note: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        limits = {"case_id": 35, "original_message_id": 35, "original_message": 35, "reason": 4}
        for name, most in limits.items():
            text = getattr(self, name)
            if not 1 <= len(text) <= most:
                raise ParameterError(f"{name}={text!r} must have 1 to {most} characters")
        for name in ("assigner", "assignee"):
            if not _BIC.fullmatch(getattr(self, name)):
                raise ParameterError(
                    f"{name}={getattr(self, name)!r} is no BIC of 8 or 11 characters such as "
                    "'AAAAEE2X'"
                )
        for line in self.note:
            if not 1 <= len(line) <= 105:
                raise ParameterError(f"a line of note has {len(line)} characters; 1 to 105 may be")


def recall_request(
    transactions: pl.DataFrame, case: RecallCase, *, accounts: pl.DataFrame | None = None
) -> bytes:
    """Return a camt.056.001.08 that asks to cancel the transactions, one by one.

    Parameters
    ----------
    transactions
        Table `schema.TRANSACTIONS`: the payments to recall. A ``source_reference`` that is a UETR
        (UUID version 4) becomes one, and any other the transaction's identifier.
    case
        Who asks whom, and why.
    accounts
        Table `schema.ACCOUNTS`, for names and banks.

    Raises
    ------
    DataError
        If there is no transaction, or a currency is no ISO 4217 code.

    References
    ----------
    ISO 20022 message definition camt.056.001.08, FIToFIPaymentCancellationRequestV08.

    Examples
    --------
    >>> from datetime import datetime
    >>> import xborder_aml as xb
    >>> case = RecallCase(case_id="C-1", assigner="AAAAEE2X", assignee="BBBBLV22",
    ...                   created_at=datetime(2024, 5, 1, 9, 30))
    >>> b"<Cd>FRAD</Cd>" in recall_request(xb.example_ledger().head(1), case)
    True
    """
    table = TRANSACTIONS.conform(transactions)
    if not table.height:
        raise DataError("there is no transaction to recall; pass at least one")
    known = parties_of(table, accounts)
    root = ET.Element("Document", {"xmlns": _NAMESPACE})
    request = put(root, "FIToFIPmtCxlReq")
    assignment = put(request, "Assgnmt")
    put(assignment, "Id", case.case_id)
    put(assignment, "Assgnr/Agt/FinInstnId/BICFI", case.assigner)
    put(assignment, "Assgne/Agt/FinInstnId/BICFI", case.assignee)
    put(assignment, "CreDtTm", case.created_at.isoformat(timespec="seconds"))
    holder = put(request, "Case")
    put(holder, "Id", case.case_id)
    put(holder, "Cretr/Agt/FinInstnId/BICFI", case.assigner)
    put(request, "CtrlData/NbOfTxs", table.height)
    underlying = put(request, "Undrlyg")
    for row in table.sort("executed_at", "transaction_id").iter_rows(named=True):
        _transaction(put(underlying, "TxInf"), row, case, known)
    return to_bytes(root)


def _transaction(
    info: ET.Element, row: dict[str, object], case: RecallCase, known: dict[str, Party]
) -> None:
    put(info, "CxlId", str(row["transaction_id"]))
    group = put(info, "OrgnlGrpInf")
    put(group, "OrgnlMsgId", case.original_message_id)
    put(group, "OrgnlMsgNmId", case.original_message)
    reference = str(row["source_reference"] or "")
    if _is_uetr(reference):
        put(info, "OrgnlUETR", reference.lower())
    else:
        put(info, "OrgnlTxId", reference[:35] or "NOTPROVIDED")
    currency = str(row["received_currency"])
    if currency in CRYPTO:
        raise DataError(
            f"transaction {row['transaction_id']} is in {currency}, which is no currency of ISO "
            "4217; a bank cannot recall it"
        )
    received = decimal_text(int(str(row["received_minor"])), minor_digits(currency))
    put(info, "OrgnlIntrBkSttlmAmt", received, Ccy=currency)
    put(info, "OrgnlIntrBkSttlmDt", f"{row['executed_at']:%Y-%m-%d}")
    why = put(info, "CxlRsnInf")
    put(why, "Rsn/Cd", case.reason)
    for line in case.note:
        put(why, "AddtlInf", line)
    reference_data = put(info, "OrgnlTxRef")
    sender, receiver = known[str(row["originator"])], known[str(row["beneficiary"])]
    _party(reference_data, "Dbtr", sender)
    _account(reference_data, "DbtrAcct", sender)
    _agent(reference_data, "DbtrAgt", sender)
    _agent(reference_data, "CdtrAgt", receiver)
    _party(reference_data, "Cdtr", receiver)
    _account(reference_data, "CdtrAcct", receiver)


def _party(parent: ET.Element, tag: str, party: Party) -> None:
    if party.holder:
        put(parent, f"{tag}/Pty/Nm", party.holder[:140])


def _account(parent: ET.Element, tag: str, party: Party) -> None:
    if party.iban:
        put(parent, f"{tag}/Id/IBAN", party.iban)
    else:
        put(parent, f"{tag}/Id/Othr/Id", party.number[:34])


def _agent(parent: ET.Element, tag: str, party: Party) -> None:
    if party.bic:
        put(parent, f"{tag}/FinInstnId/BICFI", party.bic)
    elif party.bank:
        put(parent, f"{tag}/FinInstnId/Nm", party.bank[:140])


def _is_uetr(text: str) -> bool:
    try:
        return uuid.UUID(text).version == 4 and len(text) == 36
    except ValueError:
        return False
