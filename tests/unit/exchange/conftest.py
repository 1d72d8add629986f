"""Schemas to check against, a small ledger with banks, and ISO 20022 messages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

EE, LV = "EE382200221020145685", "LV80BANK0000435195001"


@pytest.fixture(scope="session")
def schemas(shared_data: Path) -> Path:
    folder = shared_data.parent / "reference" / "schemas"
    if not folder.is_dir():
        pytest.skip(f"no schemas at {folder}")
    return folder


@pytest.fixture(scope="session")
def ledger() -> pl.DataFrame:
    rows = [
        (1, "7a1c0f2e-52cb-4c1f-9f5e-0c4a4a0c3b11", EE, "BBBBLV22|4351", 125_005, "EUR", 125_005,
         "EUR", 125_005, "EE", "LV", "wire", "Loan & interest <1>"),
        (2, "REF/2", "BBBBLV22|4351", "cash desk", 99_900, "USD", 90_100, "EUR", 90_100, "LV", None,
         "cash", None),
        (3, None, "cash desk", EE, 5, "EUR", 7_000, "JPY", 5, None, "EE", None, "Õun"),
    ]  # fmt: skip
    names = (
        "transaction_id source_reference originator beneficiary sent_minor sent_currency "
        "received_minor received_currency base_minor originator_jurisdiction "
        "beneficiary_jurisdiction instrument purpose"
    ).split()
    table = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        executed_at=pl.Series([datetime(2024, 5, d, 10, 30, tzinfo=UTC) for d in (1, 2, 3)]),
        base_currency=pl.lit("EUR"),
    )
    return TRANSACTIONS.conform(table)


@pytest.fixture(scope="session")
def accounts() -> pl.DataFrame:
    return ACCOUNTS.conform(
        pl.DataFrame(
            {
                "account": [EE, "BBBBLV22|4351", "cash desk"],
                "holder": ["Sõbrad & Pojad OÜ", "Jānis Bērziņš", None],
                "institution": ["AAAAEE2X", "BBBBLV22", None],
                "jurisdiction": ["EE", "LV", None],
                "holder_jurisdiction": ["EE", "LV", None],
                "kind": ["company", "person", None],
            }
        )
    )
