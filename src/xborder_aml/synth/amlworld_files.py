"""A synthetic ledger in AMLworld's own files, so that other people's code runs on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

import polars as pl

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions import minor_digits
from xborder_aml.sources.amlworld import RATES
from xborder_aml.synth.ledger import Made
from xborder_aml.synth.spec import LedgerSpec

__all__ = ["PatternLines", "accounts_rows", "check_currencies", "stem_of", "trans_rows"]

HEADER = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,"
    "Payment Currency,Payment Format,Is Laundering\n"
)
"""The transactions file's first line: ``Account`` stands in it twice."""

_CURRENCIES = {
    "USD": "US Dollar", "EUR": "Euro", "CHF": "Swiss Franc", "GBP": "UK Pound", "CNY": "Yuan",
    "JPY": "Yen", "INR": "Rupee", "RUB": "Ruble", "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar", "MXN": "Mexican Peso", "BRL": "Brazil Real", "ILS": "Shekel",
    "SAR": "Saudi Riyal", "BTC": "Bitcoin",
}  # fmt: skip
_FORMATS = {
    "wire": "Wire", "ach": "ACH", "card": "Credit Card", "cash": "Cash", "cheque": "Cheque",
    "crypto": "Bitcoin", "reinvestment": "Reinvestment", "securities": "Reinvestment",
    "other": "Wire",
}  # fmt: skip
_WRITTEN = {"BTC": 6}  # decimals; all others have two
_STEMS = {"amlworld-hi-small": "HI-Small", "amlworld-li-small": "LI-Small"}


def stem_of(spec: LedgerSpec) -> str:
    """Return how the names of AMLworld's files of this ledger begin."""
    return _STEMS.get(spec.name, spec.name)


def check_currencies(spec: LedgerSpec) -> None:
    """Refuse a ledger with a currency that AMLworld's files cannot name.

    Raises
    ------
    ParameterError
        If there is one.
    """
    strange = sorted({code for code, _ in spec.rates} - set(RATES))
    if strange:
        raise ParameterError(
            f"AMLworld's files know 15 currencies, and the preset {spec.name!r} has "
            f"{', '.join(strange)} besides; write it as canonical Parquet"
        )


def trans_rows(made: Made) -> pl.DataFrame:
    """Return some days of a ledger as the columns of AMLworld's transactions file, as text."""
    t = made.transactions
    return t.select(
        pl.col("executed_at").dt.strftime("%Y/%m/%d %H:%M"),
        _bank("originator").alias("From Bank"),
        _account("originator").alias("Account"),
        _bank("beneficiary").alias("To Bank"),
        _account("beneficiary").alias("Account.1"),
        _decimal("received").alias("Amount Received"),
        _named("received").alias("Receiving Currency"),
        _decimal("sent").alias("Amount Paid"),
        _named("sent").alias("Payment Currency"),
        made.forms.replace_strict(_FORMATS).alias("Payment Format"),
        pl.col("is_illicit").cast(pl.Int8).alias("Is Laundering"),
    )


def accounts_rows(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return the accounts as AMLworld's accounts file has them."""
    return accounts.select(
        pl.col("institution").alias("Bank Name"),
        _bank("account").alias("Bank ID"),
        _account("account").alias("Account Number"),
        pl.col("holder").alias("Entity ID"),
        pl.col("holder").alias("Entity Name"),
    )


def _bank(column: str) -> pl.Expr:
    return pl.col(column).str.split("|").list.first().str.zfill(5)


def _account(column: str) -> pl.Expr:
    return pl.col(column).str.split("|").list.last()


def _named(leg: str) -> pl.Expr:
    return pl.col(f"{leg}_currency").cast(pl.String).replace_strict(_CURRENCIES)


def _decimal(leg: str) -> pl.Expr:
    """Return an amount as text: two decimals, six of a bitcoin."""
    currency = pl.col(f"{leg}_currency").cast(pl.String)
    minor = pl.col(f"{leg}_minor")
    out = _points(minor, 2)
    for code in _CURRENCIES:
        digits, written = minor_digits(code), _WRITTEN.get(code, 2)
        if (digits, written) != (2, 2):
            up = 10 ** max(written - digits, 0)
            down = 10 ** max(digits - written, 0)
            out = (
                pl.when(currency == code).then(_points(minor * up // down, written)).otherwise(out)
            )
    return out


def _points(steps: pl.Expr, decimals: int) -> pl.Expr:
    unit = 10**decimals
    return pl.format("{}.{}", steps // unit, (steps % unit).cast(pl.String).str.zfill(decimals))


class PatternLines:
    """The lines of the Patterns file, gathered as the days pass."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._types: dict[str, str] = {}

    def gather(self, made: Made, rows: pl.DataFrame) -> None:
        """Keep the lines of the transactions that belong to a criminal case with a pattern."""
        wanted = made.labels.filter("is_laundering", pl.col("pattern").is_not_null())
        if wanted.is_empty():
            return
        first = made.transactions["transaction_id"][0]
        lines = rows[(wanted["transaction_id"] - first).to_list()].with_columns(
            pl.lit("1").alias("Is Laundering")
        )
        for case, pattern, line in zip(
            wanted["case_id"], wanted["pattern"], lines.iter_rows(), strict=True
        ):
            self._lines.setdefault(case, []).append(",".join(line))
            self._types.setdefault(case, pattern.upper().replace("_", "-"))

    def write(self, file: IO[str], cases: Iterable[str]) -> None:
        """Write the attempts in the order of `cases`."""
        for case in cases:
            if case in self._lines:
                kind = self._types[case]
                file.write(f"BEGIN LAUNDERING ATTEMPT - {kind}\n")
                file.writelines(f"{line}\n" for line in self._lines[case])
                file.write(f"END LAUNDERING ATTEMPT - {kind}\n\n")
