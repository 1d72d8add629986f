"""What a source hands to the normaliser: raw columns under agreed names, and its conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import polars as pl

__all__ = ["PARTY", "RAW_COLUMNS", "SIDES", "Conventions", "RawLedger"]

SIDES = ("originator", "beneficiary")

# Raw name of each fact about a side of the payment: {side}{suffix}.
PARTY: Mapping[str, str] = MappingProxyType(
    {
        "account": "",
        "bank": "_bank",
        "holder": "_holder",
        "jurisdiction": "_jurisdiction",
        "holder_jurisdiction": "_holder_jurisdiction",
        "kind": "_kind",
    }
)

RAW_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "executed_at": "Booking time.",
        "executed_until": "Last day of a row that sums several transactions.",
        "originator": "Account that the money leaves.",
        "beneficiary": "Account that the money reaches.",
        "originator_bank": "Bank of the originator's account; the key becomes bank|account.",
        "beneficiary_bank": "Bank of the beneficiary's account.",
        "originator_holder": "Name or identifier of who owns the originator's account.",
        "beneficiary_holder": "Name or identifier of who owns the beneficiary's account.",
        "originator_jurisdiction": "Where the originator's account is held.",
        "beneficiary_jurisdiction": "Where the beneficiary's account is held.",
        "originator_holder_jurisdiction": "Where the originator lives or has its seat.",
        "beneficiary_holder_jurisdiction": "Where the beneficiary lives or has its seat.",
        "originator_kind": "person, company, bank, cash or other.",
        "beneficiary_kind": "person, company, bank, cash or other.",
        "amount": "What leaves the originator.",
        "currency": "Currency of the amount; XXX (no currency) when the ledger has none.",
        "received_amount": "What reaches the beneficiary; the amount when empty.",
        "received_currency": "Currency of what reaches the beneficiary.",
        "base_amount": "The amount in the base currency, where the source carries it.",
        "instrument": "How it was paid.",
        "purpose": "Free text of the payment.",
        "reference": "The source's own reference.",
        "uetr": "Unique end-to-end transaction reference; a payment and its cover share it.",
        "payment_reference": "Reference of a payment; of a cover, that of the payment it covers.",
        "end_to_end_reference": "Reference that the payer gave; of a cover, as above.",
        "is_cover": "Whether the row settles, between banks, a payment between customers.",
        "transaction_id": "Integer that names the transaction.",
        "reverses": "transaction_id that this one returns.",
        "n_transactions": "Transactions that a summed row stands for.",
        "is_illicit": "Label.",
        "label_pattern": "Label: name of the typology.",
        "label_case": "Label: identifier of the instance.",
    }
)
"""Raw column names, which are also the names that the `generic` source maps onto."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """How a source writes what its columns do not say.

    Parameters
    ----------
    negative_amounts
        ``"reject"``, or ``"absolute"`` where the sign only tells on whose statement the payment
        stands and the columns already say who paid whom.
    mirrors
        Payments between two accounts of the ledger are booked on both statements, once with each
        sign; exact pairs become one transaction.
    returns
        How the purpose of a payment begins that a bank returned, in small letters, where nothing
        else tells: it is linked to what it returns.
    unify_accounts
        An account number that equals the tail of exactly one IBAN of the ledger is that IBAN.
    holder_seat
        Where nothing tells where an account is held, take its holder's jurisdiction.
    resolution
        Step of the times; found from the times when None.
    base_currency
        Base currency when the user names none.
    carried
        Currency of the raw column ``base_amount``, when there is one.
    rates
        Constant rates of a generator: currency to decimal text, in units of one common currency.
    currency_names
        Names of currencies, in capitals, to ISO 4217 codes.
    time_format
        strptime format of the times; None reads ISO 8601, ``2022/09/01 00:06`` and
        ``Mar 5, 2015``.
    timezone
        Zone of times that carry none.
    epoch, time_unit
        Start and unit (``us``, ``ms``, ``s``, ``m``, ``h``, ``d``) of times that are numbers.
    decimal
        Decimal mark of amounts, ``"."`` or ``","``.
    """

    negative_amounts: Literal["reject", "absolute"] = "reject"
    mirrors: bool = False
    returns: str | None = None
    unify_accounts: bool = False
    holder_seat: bool = False
    resolution: str | None = None
    base_currency: str | None = None
    carried: str | None = None
    rates: Mapping[str, str] | None = None
    currency_names: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    timezone: str = "UTC"
    epoch: str = "1970-01-01"
    time_unit: str | None = None
    decimal: Literal[".", ","] = "."


@dataclass(frozen=True, slots=True)
class RawLedger:
    """A ledger as its source has it, under agreed column names.

    Parameters
    ----------
    frame
        ``source_row`` (1-based) and any of `RAW_COLUMNS`, of any type; ``overflow`` is not null
        where a row had more fields than the header.
    columns
        Raw name to the source's own header, for rejects.
    conventions
        How the source writes what its columns do not say.
    accounts
        Canonical accounts table that came with the ledger, if any.
    name
        What errors call the input: its file's name, if it has one.
    """

    frame: pl.LazyFrame
    columns: Mapping[str, str]
    conventions: Conventions = Conventions()
    accounts: pl.DataFrame | None = None
    name: str = "the input"
