"""What a table must hold, so that an exact answer can be computed from it."""

from __future__ import annotations

import polars as pl

from xborder_aml.errors import CapacityError, DataError
from xborder_aml.kernels.amounts import LIMIT

__all__ = ["check_accounts", "check_transactions", "check_values"]

_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999


def check_transactions(frame: pl.DataFrame) -> None:
    """Refuse a table that no exact answer can be computed from."""
    ids = frame["transaction_id"]
    if ids.n_unique() != ids.len():
        twice = ids.filter(ids.is_duplicated())[0]
        raise DataError(
            f"transaction_id {twice} stands in more than one row; ids must be unique. Concatenated "
            "ledgers need ids of their own: read them in one call or renumber."
        )
    check_values(frame)
    currencies = frame["base_currency"].unique().to_list()
    if len(currencies) > 1:
        raise DataError(
            f"base_currency holds {', '.join(sorted(map(str, currencies)))}; a graph has one. "
            "Read the sources with the same base_currency."
        )


def check_values(frame: pl.DataFrame) -> None:
    """Refuse times and amounts whose sums could leave Int64, and negative amounts."""
    at = frame["executed_at"].to_physical()
    outside = int(((at < _FIRST) | (at > _LAST)).sum())
    if outside:
        raise DataError(
            f"executed_at holds {outside} times outside the years 1 to 9999; convert them, since a "
            "time stamp in another unit than microseconds often is the cause"
        )
    for name in ("sent_minor", "received_minor", "base_minor"):
        column = frame[name]
        if (column < 0).any():
            raise DataError(
                f"{name} holds {int((column < 0).sum())} negative amounts; direction is given by "
                "originator and beneficiary, so amounts are never negative"
            )
        # summed in two halves, because a plain Int64 sum would wrap in silence
        high = int((column // 2**31).sum() or 0)
        low = int((column % 2**31).sum() or 0)
        if high * 2**31 + low >= LIMIT:
            raise CapacityError(
                f"{name} sums to {high * 2**31 + low:,}, and an exact answer needs less than "
                f"2**59 = {LIMIT:,} minor units; cut the ledger, or check the currency's decimals"
            )


def check_accounts(accounts: pl.DataFrame) -> pl.DataFrame:
    names = accounts["account"]
    if names.n_unique() != names.len():
        twice = names.filter(names.is_duplicated())[0]
        raise DataError(
            f"account {twice!r} stands in more than one row of the accounts table; keep one row an "
            "account"
        )
    return accounts
