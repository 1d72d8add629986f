"""IBM AMLworld: the transactions file, the Patterns file and the accounts file.

The header of the transactions file names ``Account`` twice: first the payer's, then the payee's.
Account ids collide across banks, so a key is bank|account; the Patterns file pads bank codes with
zeros and some copies of the transactions file do not, so leading zeros are dropped. The file has
no transaction id: it is the row. Currencies convert at the generator's own constant rates
(`RATES`), which cover the whole simulated time.

The Patterns file has no header. Its blocks give the transactions of each laundering attempt;
``label_pattern`` is the attempt's type in lower case with underscores, ``label_case`` its number in
the file from 1. The detail of a block's first line ("Max 10 hops") is a bound that the generator
was given, no property of the attempt, and is left out.

References
----------
Altman et al., Realistic Synthetic Financial Transactions for Anti-Money Laundering Models, NeurIPS
2023, Datasets and Benchmarks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.schema import ACCOUNTS
from xborder_aml.sources._input import first_line, open_input, open_text, require
from xborder_aml.sources._spec import Request, Source, distinct, lay_out, word

__all__ = ["AMLWORLD", "RATES", "open_patterns"]

RATES: Mapping[str, str] = MappingProxyType(
    {
        "USD": "1",
        "EUR": "1.1718",
        "CHF": "1.0929",
        "GBP": "1.2917",
        "CNY": "0.14931",
        "JPY": "0.0094877",
        "INR": "0.013616",
        "RUB": "0.012853",
        "CAD": "0.75798",
        "AUD": "0.70781",
        "MXN": "0.047297",
        "BRL": "0.17712",
        "ILS": "0.29612",
        "SAR": "0.26659",
        "BTC": "11879.13",
    }
)
"""US dollars for one unit, the same on every day of the simulation."""

_NAMES = {
    "US DOLLAR": "USD",
    "EURO": "EUR",
    "SWISS FRANC": "CHF",
    "UK POUND": "GBP",
    "YUAN": "CNY",
    "YEN": "JPY",
    "RUPEE": "INR",
    "RUBLE": "RUB",
    "CANADIAN DOLLAR": "CAD",
    "AUSTRALIAN DOLLAR": "AUD",
    "MEXICAN PESO": "MXN",
    "BRAZIL REAL": "BRL",
    "SHEKEL": "ILS",
    "SAUDI RIYAL": "SAR",
    "BITCOIN": "BTC",
}
_HEADER = (
    "Timestamp",
    "From Bank",
    "Account",
    "To Bank",
    "Account.1",
    "Amount Received",
    "Receiving Currency",
    "Amount Paid",
    "Payment Currency",
    "Payment Format",
    "Is Laundering",
)
_COLUMNS = {
    "executed_at": "Timestamp",
    "originator": "Account",
    "beneficiary": "Account.1",
    "originator_bank": "From Bank",
    "beneficiary_bank": "To Bank",
    "amount": "Amount Paid",
    "currency": "Payment Currency",
    "received_amount": "Amount Received",
    "received_currency": "Receiving Currency",
    "instrument": "Payment Format",
    "is_illicit": "Is Laundering",
    "label_pattern": "label_pattern",
    "label_case": "label_case",
}
_BEGIN = re.compile(r"^BEGIN LAUNDERING ATTEMPT - ([A-Z\-]+)")


def _bank(column: str) -> pl.Expr:
    return word(column).str.replace(r"^0+(\d)", "$1")


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    banks = {raw: _bank(_COLUMNS[raw]) for raw in ("originator_bank", "beneficiary_bank")}
    conventions = Conventions(
        resolution="1m", base_currency="USD", rates=RATES, currency_names=_NAMES
    )
    return lay_out(frame, _COLUMNS, conventions, derived=banks)


def open_patterns(path: Path) -> pl.LazyFrame:
    """Open a Patterns file as rows of the transactions file, labelled with their attempt."""
    rows: list[list[str | None]] = []
    pattern: str | None = None
    attempt = 0
    with open_text(path) as file:
        for line in map(str.strip, file):
            begin = _BEGIN.match(line)
            if begin:
                attempt += 1
                pattern = begin[1].lower().replace("-", "_")
            elif line.startswith("END LAUNDERING ATTEMPT"):
                pattern = None
            elif line:
                fields: list[str | None] = [*line.split(",")]
                width = len(_HEADER)
                overflow = ",".join(line.split(",")[width:]) or None
                fields = (fields + [None] * width)[:width]
                case = str(attempt) if pattern else None
                rows.append([*fields, pattern, case, overflow])
    columns = (*_HEADER, "label_pattern", "label_case", "overflow")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return frame.lazy().with_row_index("source_row", offset=1)


def _open(source: Any, *, delimiter: str | None = None) -> pl.LazyFrame:
    is_path = isinstance(source, str | os.PathLike) and Path(source).is_file()
    if is_path and _BEGIN.match(first_line(Path(source))):
        return open_patterns(Path(source))
    return open_input(source, delimiter=delimiter)


def _accounts(source: Any) -> pl.DataFrame:
    frame = open_input(source)
    require(frame, ("Bank ID", "Account Number", "Entity ID"), "amlworld")
    name = pl.col("Bank Name") if "Bank Name" in frame.collect_schema().names() else pl.lit(None)
    table = frame.select(
        account=pl.concat_str([_bank("Bank ID"), word("Account Number")], separator="|"),
        holder=word("Entity ID"),
        institution=name.cast(pl.String),
    )
    return ACCOUNTS.conform(distinct(table, "amlworld"))


def _beside(path: Path) -> Path | None:
    """Find HI-Small_accounts.csv beside HI-Small_Trans.csv."""
    stem = re.match(r"^(.*?)_(?:Trans|Patterns)", path.name)
    found = path.with_name(f"{stem[1]}_accounts.csv") if stem else None
    return found if found is not None and found.is_file() else None


AMLWORLD = Source(
    name="amlworld",
    description="IBM AMLworld: a Trans file or a Patterns file.",
    columns=_HEADER,
    layout=_layout,
    options={"delimiter": "Delimiter of a CSV file; found from its header by default."},
    accounts=_accounts,
    find_accounts=_beside,
    open=_open,
)
