"""Small ledgers by hand, and one account with very many payments."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from xborder_aml.detectors._spec import Instance, Payment
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import TRANSACTIONS
from xborder_aml.synth.plant import instance_tables

HOUR = 3_600_000_000
_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK", "SE", "NO", "FI", "PL")

Ledger = Callable[..., TransactionGraph]


@pytest.fixture
def ledger() -> Ledger:
    """A graph of (hour, originator, beneficiary, amount); ids count from 0 in the order given.

    Accounts are numbers from 0, each in a country of its own unless `places` says otherwise.
    """

    def make(*payments: tuple[float, int, int, int], places: str | None = None) -> TransactionGraph:
        rows = tuple(Payment(round(h * HOUR), a, b, money) for h, a, b, money in payments)
        n = 1 + max(max(p.originator, p.beneficiary) for p in rows)
        made = Instance(rows, (places,) * n if places else _PLACES[:n])
        return TransactionGraph(*instance_tables(made))

    return make


@pytest.fixture(scope="session")
def hub() -> TransactionGraph:
    """200,000 payments of one account within a day, in and out by turns, from and to thousands."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        pytest.skip("as plain Python, a search around a hub takes hours")
    if os.environ.get("NUMBA_BOUNDSCHECK", "0") != "0":
        pytest.skip("with every access checked, a hub takes minutes; small ledgers check the same")
    n = 200_000
    i = np.arange(n)
    other = pl.Series(np.where(i % 2 == 0, i % 5_000, 5_000 + i % 5_000)).cast(pl.String)
    comes = pl.Series(i % 2 == 0)
    frame = pl.DataFrame(
        {
            "transaction_id": i,
            "executed_at": pl.Series(i * 400_000).cast(pl.Datetime("us", "UTC")),
            "other": other,
            "sent_minor": 1_000 + i % 7,
            "sent_currency": "EUR",
            "received_minor": 1_000 + i % 7,
            "received_currency": "EUR",
            "base_minor": 1_000 + i % 7,
            "base_currency": "EUR",
            "originator_jurisdiction": pl.Series(np.where(i % 2 == 0, "GB", "EE")),
            "beneficiary_jurisdiction": pl.Series(np.where(i % 2 == 0, "EE", "CY")),
        }
    ).with_columns(
        originator=pl.when(comes).then("other").otherwise(pl.lit("hub")),
        beneficiary=pl.when(comes).then(pl.lit("hub")).otherwise("other"),
    )
    return TransactionGraph(TRANSACTIONS.conform(frame.drop("other")))
