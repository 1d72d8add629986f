"""SWIFT MT: MT103, MT202 and its cover form (202COV), and MT940 statements, for history.

A file may hold many messages, in FIN blocks or bare. Statements are read by the library mt-940
(extra ``swift``). An account is its number or IBAN at the bank that the message names for that
side, else at the sender or receiver.

**MT103, MT202.** One row a message, on its value day (32A). What was instructed (33B) is the sent
leg, what was settled the received one. An MT202 COV gives the customers of its second sequence and
not the banks; with the MT103 that it covers it is one transaction (``mirror_row`` is the cover's
row), linked by UETR, or else by its field 21, customers and day, and always by the amount settled.
Other messages are rejects.

**MT940.** One row a statement line; reversals (RC, RD) run the other way. The counterparty is what
the line's details say in the usual subfields (?30 to ?33); a line without one is a reject.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.errors import (
    DataError,
    DatasetUnavailableError,
    MissingExtraError,
    ParameterError,
)
from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.sources._spec import Request, Source, lay_out, several

__all__ = ["SWIFT_MT"]

MAX_BYTES = 256 * 2**20
_COLUMNS = (
    "executed_at originator beneficiary originator_bank beneficiary_bank originator_holder "
    "beneficiary_holder originator_jurisdiction beneficiary_jurisdiction amount currency "
    "received_amount received_currency instrument purpose reference uetr payment_reference "
    "is_cover"
).split()
_TYPE = re.compile(r"\{2:[IO](\d{3})")
_FIELD = re.compile(r"^:(\d{2}[A-Z]?):", re.MULTILINE)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_SETTLED = re.compile(r"(\d{2})(\d{2})(\d{2})([A-Z]{3})([\d,]{1,15})")
_AMOUNT = re.compile(r"([A-Z]{3})([\d,]{1,15})")
_UETR = re.compile(r"\{121:([0-9a-fA-F-]{36})\}")
Row = dict[str, str | None]
Field = tuple[str, str]


def _open(ledger: Any) -> pl.LazyFrame:
    frames = [_messages(_text(file)) for file in several(ledger, "swift_mt")]
    return pl.concat(frames).lazy().with_row_index("source_row", offset=1)


def _messages(text: str) -> pl.DataFrame:
    starts = [m.start() for m in re.finditer(r"\{1:", text)]
    if not starts and not _FIELD.search(text):
        raise DataError(
            "the file holds no SWIFT MT message: neither a block {1:...} nor a field such as :20:"
        )
    bounds = [*starts, len(text)] if starts else [0, len(text)]
    rows: list[Row] = []
    for start, end in pairwise(bounds):
        rows += _message(text[start:end])
    return pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")


def _text(ledger: Any) -> str:
    if isinstance(ledger, str | os.PathLike):
        path = Path(ledger)
        if not path.is_file():
            raise DatasetUnavailableError(f"there is no file {str(path)!r}; check the path")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path.name} is larger than {MAX_BYTES:,} bytes; split it")
        ledger = path.read_bytes()
    if not isinstance(ledger, bytes):
        raise ParameterError(
            "source 'swift_mt' reads the path of a file of messages, or its bytes, and got "
            f"{type(ledger).__name__}"
        )
    if len(ledger) > MAX_BYTES:
        raise DataError(f"the messages are larger than {MAX_BYTES:,} bytes; split them")
    return ledger.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")


def _message(text: str) -> Iterable[Row]:
    named = _TYPE.search(text)
    head, opened, rest = text.partition("{4:")
    body = re.split(r"^-\}|^-$", rest if opened else text, maxsplit=1, flags=re.MULTILINE)[0]
    fields = _fields(body)
    tags = {tag for tag, _ in fields}
    kind = named[1] if named else "940" if tags & {"60F", "60M"} else "103"
    if kind == "940":
        return _statement(body)
    if kind not in ("103", "202", "205") or "32A" not in tags:
        return [{"executed_at": f"MT{kind} without a payment that can be read"}]
    return [_payment(kind, head if opened else "", fields)]


def _fields(body: str) -> list[Field]:
    parts = _FIELD.split(body)
    return [(tag, value.strip()) for tag, value in zip(parts[1::2], parts[2::2], strict=False)]


def _payment(kind: str, head: str, fields: list[Field]) -> Row:
    """Return the row of an MT103 or MT202; the customers of a cover stand from 50 on."""
    customer = next((i for i, (tag, _) in enumerate(fields) if tag.startswith("50")), None)
    is_cover = kind != "103" and customer is not None
    parties = fields if customer is None else fields[customer:] + fields[:customer]
    settled = _SETTLED.match(_first(fields, "32A") or "")
    instructed = _AMOUNT.match(_first(parties, "33B") or "")
    sender, receiver = _ends(head)
    uetr = _UETR.search(head)
    row: Row = {
        "instrument": "wire",
        "purpose": " ".join((_first(parties, "70") or "").split()) or None,
        "reference": uetr[1].lower() if uetr else _first(fields, "20"),
    }
    if customer is not None:
        row["uetr"] = row["reference"] if uetr else None
        row["payment_reference"] = _first(fields, "21" if is_cover else "20")
        row["is_cover"] = "true" if is_cover else None
    if settled is None:
        row["executed_at"] = _first(fields, "32A")
    else:
        year, month, day, currency, amount = settled.groups()
        row["executed_at"] = f"{'19' if year >= '80' else '20'}{year}-{month}-{day}"
        row["received_amount"], row["received_currency"] = _number(amount), currency
        row["amount"], row["currency"] = _number(amount), currency
    if instructed is not None:
        row["currency"], row["amount"] = instructed[1], _number(instructed[2])
    if customer is None:
        row |= _side("originator", _first(fields, "52") or sender, None)
        return row | _side("beneficiary", _first(fields, "58"), None)
    row |= _side("originator", _first(parties, "50"), _first(parties, "52") or sender)
    return row | _side("beneficiary", _first(parties, "59"), _first(parties, "57") or receiver)


def _first(fields: list[Field], number: str) -> str | None:
    """Return the first field of a number, whatever its option letter."""
    return next((v for tag, v in fields if tag == number or tag[:2] == number), None)


def _ends(head: str) -> tuple[str | None, str | None]:
    """Return sender and receiver; an input message names its sender in block 1, an output not."""
    own = re.search(r"\{1:[A-Z]\d{2}([A-Z0-9]{12})", head)
    sent = re.search(r"\{2:I\d{3}([A-Z0-9]{12})", head)
    got = re.search(r"\{2:O\d{13}([A-Z0-9]{12})", head)
    mine = own[1][:8] + own[1][9:] if own else None
    other = next((m[1][:8] + m[1][9:] for m in (sent, got) if m), None)
    return (other, mine) if got else (mine, other)


def _side(side: str, party: str | None, bank: str | None) -> Row:
    """Return the columns of one side from its party field and that of its bank."""
    lines = (party or "").split("\n")
    number = None
    if lines[0].startswith("/"):
        # "/C/" and "/D/" tell a credit or debit account and are no part of its number.
        number = re.sub(r"^/(?:[CD]/)?", "", lines.pop(0)).strip() or None
    names = [re.sub(r"^1/", "", line) for line in lines if not re.match(r"[2-8]/", line)]
    at = _bic(bank)
    own = _bic(party)
    return {
        side: number or own,
        f"{side}_bank": None if number is None else at or own,
        f"{side}_holder": names[0].strip() or None if names else None,
        f"{side}_jurisdiction": (at or own or "")[4:6] or None,
    }


def _bic(text: str | None) -> str | None:
    """Return the BIC that a line of a field is; branch XXX is the head office."""
    for line in (text or "").split("\n"):
        if _BIC.fullmatch(line.strip()):
            return line.strip().removesuffix("XXX")
    return None


def _number(amount: str) -> str:
    return amount.replace(",", ".").rstrip(".")


def _statement(body: str) -> Iterator[Row]:
    """Yield the lines of an MT940."""
    try:
        import mt940
    except ImportError as error:
        raise MissingExtraError("mt-940", "swift", "reading MT940 statements") from error
    try:
        # An open file, because a text might be taken for the name of one.
        read = mt940.parse(
            io.StringIO(body.strip() + "\n"), options=mt940.Options(applicant_iban=True)
        )
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise DataError(f"a statement is no MT940 that can be read: {error}") from error
    bank, number = _own(str(read.data.get("account_identification") or ""))
    for line in read:
        yield _line(line.data, bank, number)


def _own(identification: str) -> tuple[str | None, str | None]:
    bank, bar, number = identification.partition("/")
    return (bank or None, number or None) if bar else (None, identification or None)


def _line(line: dict[str, Any], bank: str | None, number: str | None) -> Row:
    amount = line.get("amount")
    paid_in = line.get("status") in ("C", "RD")
    mine, other = ("beneficiary", "originator") if paid_in else ("originator", "beneficiary")
    at = _bic(line.get("applicant_bin"))
    return {
        "executed_at": str(line.get("entry_date") or line.get("date") or ""),
        "amount": None if amount is None else str(abs(amount.amount)),
        "currency": None if amount is None else amount.currency,
        "instrument": "wire",
        "purpose": line.get("purpose") or line.get("transaction_details"),
        "reference": line.get("bank_reference") or line.get("customer_reference"),
        mine: number,
        f"{mine}_bank": bank,
        f"{mine}_jurisdiction": (_bic(bank) or "")[4:6] or None,
        other: line.get("applicant_iban"),
        f"{other}_bank": at or line.get("applicant_bin"),
        f"{other}_holder": line.get("applicant_name"),
        f"{other}_jurisdiction": (at or "")[4:6] or None,
    }


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    return lay_out(frame, {name: name for name in _COLUMNS}, Conventions())


SWIFT_MT = Source(
    name="swift_mt",
    description="SWIFT MT messages: MT103, MT202 and 202COV, MT940.",
    columns=("executed_at", "amount", "currency"),
    layout=_layout,
    options={},
    open=_open,
)
