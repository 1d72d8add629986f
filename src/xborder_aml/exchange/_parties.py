"""What is known of an account, taken out of its key and the accounts table."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl
from schwifty import IBAN

from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

__all__ = ["Party", "decimal_text", "parties_of"]

_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a transaction.

    Parameters
    ----------
    account
        Account key.
    number
        Account number: the key without its bank.
    iban, bic
        Where the key or the accounts table has them.
    bank
        Name or code of the institution, where it is no BIC.
    holder, kind
        From the accounts table.
    jurisdiction, holder_jurisdiction
        ISO 3166-1 alpha-2 codes.
    """

    account: str
    number: str
    iban: str | None = None
    bic: str | None = None
    bank: str | None = None
    holder: str | None = None
    kind: str | None = None
    jurisdiction: str | None = None
    holder_jurisdiction: str | None = None


def parties_of(
    transactions: pl.DataFrame, accounts: pl.DataFrame | None, *more: str
) -> dict[str, Party]:
    """Return every account of the transactions, and `more`, by key in order of the key."""
    known = {} if accounts is None else _by_account(ACCOUNTS.conform(accounts))
    held: dict[str, str] = {}
    sides = TRANSACTIONS.conform(transactions)
    for side in ("originator", "beneficiary"):
        pairs = sides.select(side, f"{side}_jurisdiction").unique().drop_nulls()
        held |= dict(pairs.sort(side).iter_rows())
    keys = {*sides["originator"], *sides["beneficiary"], *more}
    return {key: _party(key, known.get(key, {}), held.get(key)) for key in sorted(keys)}


def _by_account(accounts: pl.DataFrame) -> dict[str, dict[str, str | None]]:
    columns = ("account", "holder", "holder_jurisdiction", "institution", "jurisdiction", "kind")
    return {row["account"]: row for row in accounts.select(columns).iter_rows(named=True)}


def _party(key: str, row: dict[str, str | None], held: str | None) -> Party:
    institution = row.get("institution")
    bank, bar, number = key.partition("|")
    if not (bar and (bank == institution or _BIC.fullmatch(bank))):
        bank, number = institution or "", key
    is_iban = len(number) > 14 and IBAN(number, allow_invalid=True).is_valid
    bic = next((b for b in (bank, institution) if b and _BIC.fullmatch(b)), None)
    return Party(
        account=key,
        number=number,
        iban=number if is_iban else None,
        bic=bic,
        bank=next((b for b in (institution, bank) if b and b != bic), None),
        holder=row.get("holder"),
        kind=row.get("kind"),
        jurisdiction=row.get("jurisdiction") or held or (bic[4:6] if bic else None),
        holder_jurisdiction=row.get("holder_jurisdiction"),
    )


def decimal_text(minor: int, digits: int) -> str:
    """Return minor units as a decimal number, exactly.

    Examples
    --------
    >>> decimal_text(125005, 2), decimal_text(7, 0), decimal_text(5, 3)
    ('1250.05', '7', '0.005')
    """
    if digits == 0:
        return str(minor)
    sign, text = ("-", str(-minor)) if minor < 0 else ("", str(minor))
    text = text.zfill(digits + 1)
    return f"{sign}{text[:-digits]}.{text[-digits:]}"
