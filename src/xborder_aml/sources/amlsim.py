"""IBM AMLSim's output: transactions.csv with accounts.csv beside it.

AMLSim has one unit of money and no currency, so both legs and the base are ``XXX`` (ISO 4217: no
currency) with two decimals. Countries and holders come from accounts.csv. Its ``IS_SAR`` is not
read: it also marks the members of `bipartite` and `stack` alerts, which AMLSim lists but never
executes, so an account's label is that of its transactions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml.jurisdictions import JURISDICTION_CODES
from xborder_aml.normalise import Conventions, RawLedger
from xborder_aml.schema import ACCOUNTS, JURISDICTION
from xborder_aml.sources._input import open_input, require
from xborder_aml.sources._spec import Request, Source, distinct, lay_out, word

__all__ = ["AMLSIM"]

_COLUMNS = {
    "transaction_id": "tran_id",
    "executed_at": "tran_timestamp",
    "originator": "orig_acct",
    "beneficiary": "bene_acct",
    "amount": "base_amt",
    "instrument": "tx_type",
    "is_illicit": "is_sar",
    "label_pattern": "alert_type",
}
_KINDS = {"I": "person", "O": "company"}


def _layout(frame: pl.LazyFrame, _request: Request) -> RawLedger:
    derived = {}
    if "alert_id" in frame.collect_schema().names():
        # -1 says that the transaction belongs to no alert.
        derived["label_case"] = pl.when(word("alert_id") != "-1").then(word("alert_id"))
    return lay_out(frame, _COLUMNS, Conventions(base_currency="XXX"), derived=derived)


def _accounts(source: Any) -> pl.DataFrame:
    frame = open_input(source)
    require(frame, ("ACCOUNT_ID", "CUSTOMER_ID", "COUNTRY", "BANK_ID"), "amlsim")
    have = frame.collect_schema().names()
    code = (
        word("COUNTRY")
        .str.to_uppercase()
        .replace_strict(JURISDICTION_CODES, default=None, return_dtype=pl.String)
        .cast(JURISDICTION)
    )
    kind = (
        word("ACCOUNT_TYPE").replace_strict(_KINDS, default=None, return_dtype=pl.String)
        if "ACCOUNT_TYPE" in have
        else pl.lit(None, pl.String)
    )
    table = frame.select(
        account=word("ACCOUNT_ID"),
        holder=word("CUSTOMER_ID"),
        holder_jurisdiction=code,
        institution=word("BANK_ID"),
        jurisdiction=code,
        kind=kind,
    )
    return ACCOUNTS.conform(distinct(table, "amlsim"))


def _beside(path: Path) -> Path | None:
    found = path.with_name("accounts.csv")
    return found if found.is_file() else None


AMLSIM = Source(
    name="amlsim",
    description="IBM AMLSim: transactions.csv, with accounts.csv beside it for the countries.",
    columns=("tran_id", "orig_acct", "bene_acct", "base_amt", "tran_timestamp"),
    layout=_layout,
    options={},
    accounts=_accounts,
    find_accounts=_beside,
)
