"""FollowTheMoney: accounts, holders and payments as entities, one JSON object a line.

FollowTheMoney is the data model of investigative tools such as Aleph and OpenSanctions; its
entities merge by id, so that the same ledger written twice is one set of entities.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from xborder_aml.exchange._parties import Party, decimal_text, parties_of
from xborder_aml.jurisdictions import CRYPTO, minor_digits
from xborder_aml.schema import TRANSACTIONS

__all__ = ["ftm_entities"]

_HOLDERS = {"person": "Person", "company": "Company", "bank": "Company"}


def ftm_entities(
    transactions: pl.DataFrame, *, accounts: pl.DataFrame | None = None, dataset: str
) -> str:
    """Return the ledger as FollowTheMoney entities, one JSON object a line.

    Accounts become ``BankAccount``, their holders ``Person``, ``Company`` or ``LegalEntity`` with
    an ``Ownership`` of the account, and transactions ``Payment``. Who holds an account is often not
    known: a payment then names a ``LegalEntity`` that stands for the unknown holder, and says so.

    Parameters
    ----------
    transactions
        Table `schema.TRANSACTIONS`. The sent leg is the amount of a payment.
    accounts
        Table `schema.ACCOUNTS`, for names and banks.
    dataset
        Name of the ledger: part of every id, so that entities of different ledgers stay apart.

    References
    ----------
    followthemoney.tech, schemata Payment, BankAccount, LegalEntity, Ownership.

    Examples
    --------
    >>> import json
    >>> import xborder_aml as xb
    >>> lines = ftm_entities(xb.example_ledger().head(1), dataset="example").splitlines()
    >>> sorted({json.loads(line)["schema"] for line in lines})
    ['BankAccount', 'LegalEntity', 'Ownership', 'Payment']
    """
    table = TRANSACTIONS.conform(transactions).sort("executed_at", "transaction_id")
    known = parties_of(table, accounts)
    seen: set[str] = set()
    lines = []
    for entity in _entities(table, known, dataset):
        if entity["id"] not in seen:  # one holder of several accounts
            seen.add(entity["id"])
            lines.append(json.dumps(entity, ensure_ascii=False, sort_keys=True) + "\n")
    return "".join(lines)


def _entities(
    table: pl.DataFrame, known: dict[str, Party], dataset: str
) -> Iterator[dict[str, Any]]:
    for party in known.values():
        yield _entity(
            _id(dataset, "account", party.account),
            "BankAccount",
            name=party.account,
            accountNumber=party.number,
            iban=party.iban,
            bic=party.bic,
            bankName=party.bank,
            country=_country(party.jurisdiction),
        )
        holder = _holder_id(dataset, party)
        yield _entity(
            holder,
            _HOLDERS.get(party.kind or "", "LegalEntity"),
            name=party.holder or f"Unknown holder of account {party.account}",
            country=_country(party.holder_jurisdiction),
            notes=None if party.holder else "The ledger does not name the holder.",
        )
        yield _entity(
            _id(dataset, "owns", party.account),
            "Ownership",
            owner=holder,
            asset=_id(dataset, "account", party.account),
        )
    for row in table.iter_rows(named=True):
        sender, receiver = known[row["originator"]], known[row["beneficiary"]]
        currency = row["sent_currency"]
        yield _entity(
            _id(dataset, "payment", str(row["transaction_id"])),
            "Payment",
            payer=_holder_id(dataset, sender),
            payerAccount=_id(dataset, "account", sender.account),
            beneficiary=_holder_id(dataset, receiver),
            beneficiaryAccount=_id(dataset, "account", receiver.account),
            date=_date(row),
            amount=decimal_text(row["sent_minor"], minor_digits(currency)),
            currency=None if currency in CRYPTO else currency,
            purpose=row["purpose"],
            transactionNumber=row["source_reference"] or str(row["transaction_id"]),
        )


def _entity(identifier: str, schema: str, **properties: str | None) -> dict[str, Any]:
    filled = {name: [value] for name, value in properties.items() if value}
    return {"id": identifier, "schema": schema, "properties": filled}


def _date(row: dict[str, Any]) -> str:
    at = row["executed_at"]
    return f"{at:%Y-%m-%d}" if row["resolution"] == "1d" else f"{at:%Y-%m-%dT%H:%M:%S}"


def _country(code: str | None) -> str | None:
    return code.lower() if code else None


def _holder_id(dataset: str, party: Party) -> str:
    if party.holder:
        return _id(dataset, "holder", f"{party.holder}|{party.holder_jurisdiction or ''}")
    return _id(dataset, "holder-of", party.account)


def _id(dataset: str, kind: str, key: str) -> str:
    """Return an id that depends on nothing but what it names."""
    text = json.dumps([dataset, kind, key], ensure_ascii=False)
    return f"xb-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
