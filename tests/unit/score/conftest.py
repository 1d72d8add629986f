"""A ledger of noise with one planted circle, small enough to score in a moment."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from xborder_aml.schema import TRANSACTIONS

N_ACCOUNTS = 80
CIRCLE = ("n00", "n01", "n02")
_PLACES = ("EE", "GB", "CY", "LV")
_HOUR = 3_600_000_000


def _frame(at: list[int], src: list[int], dst: list[int], amount: list[int]) -> pl.DataFrame:
    place = [_PLACES[i % len(_PLACES)] for i in range(N_ACCOUNTS)]
    return TRANSACTIONS.conform(
        pl.DataFrame(
            {
                "transaction_id": np.arange(len(at)) * 7 + 3,
                "executed_at": pl.Series(at, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
                "originator": [f"n{i:02d}" for i in src],
                "beneficiary": [f"n{i:02d}" for i in dst],
                "sent_minor": amount,
                "sent_currency": "EUR",
                "received_minor": amount,
                "received_currency": "EUR",
                "base_minor": amount,
                "base_currency": "EUR",
                "originator_jurisdiction": [place[i] for i in src],
                "beneficiary_jurisdiction": [place[i] for i in dst],
            }
        )
    )


@pytest.fixture(scope="session")
def noisy() -> pl.DataFrame:
    """2,400 payments of all sizes among 80 accounts over a year, and one trip n00 > n01 > n02."""
    rng = np.random.Generator(np.random.PCG64(11))
    n = 2_400
    at = (rng.integers(0, 365 * 24, n) * _HOUR).tolist()
    src = rng.integers(0, N_ACCOUNTS, n)
    dst = (src + rng.integers(1, N_ACCOUNTS, n)) % N_ACCOUNTS
    amount = np.exp(rng.uniform(np.log(1_000), np.log(5_000_000), n)).astype(int).tolist()
    senders, receivers = src.tolist(), dst.tolist()
    for hop in range(3):
        at.append(hop * _HOUR)
        senders.append(hop)
        receivers.append((hop + 1) % 3)
        amount.append(90_000_000)
    return _frame(at, senders, receivers, amount)
