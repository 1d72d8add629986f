"""Planted instances as tables: from a detector's `plant` to rows of a ledger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from xborder_aml.detectors._spec import Instance
from xborder_aml.schema import ACCOUNTS, TRANSACTIONS

__all__ = ["Seeded", "instance_tables"]

_DAY = 86_400_000_000


class Seeded:
    """Choices from a seeded generator: what the synthetic ledger hands to `plant`.

    Examples
    --------
    >>> Seeded(7).integer(1, 6) == Seeded(7).integer(1, 6)
    True
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.Generator(np.random.PCG64(seed))

    def integer(self, low: int, high: int) -> int:
        """Return an integer in ``[low, high]``."""
        return int(self._rng.integers(low, high, endpoint=True))


def instance_tables(
    instance: Instance,
    *,
    start: int = 0,
    first_id: int = 0,
    accounts: Sequence[str] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the transactions and accounts of one planted instance.

    Parameters
    ----------
    start
        Time of the instance's zero, microseconds since 1970.
    first_id
        transaction_id of its first payment; the others follow.
    accounts
        Account keys for the instance's accounts 0, 1, ...; by default ``a000``, ``a001``, ...
    """
    n = len(instance.jurisdictions)
    names = list(accounts) if accounts is not None else [f"a{i:03d}" for i in range(n)]
    p = instance.payments
    money = [x.amount for x in p]
    currency = instance.currency
    transactions = pl.DataFrame(
        {
            "transaction_id": list(range(first_id, first_id + len(p))),
            "executed_at": pl.Series([x.at + start for x in p], dtype=pl.Int64).cast(
                pl.Datetime("us", "UTC")
            ),
            "originator": [names[x.originator] for x in p],
            "beneficiary": [names[x.beneficiary] for x in p],
            "sent_minor": money,
            "sent_currency": [currency] * len(p),
            "received_minor": money,
            "received_currency": [currency] * len(p),
            "base_minor": money,
            "base_currency": [currency] * len(p),
            "originator_jurisdiction": [instance.jurisdictions[x.originator] for x in p],
            "beneficiary_jurisdiction": [instance.jurisdictions[x.beneficiary] for x in p],
            "instrument": pl.Series([x.instrument for x in p], dtype=pl.String),
        }
    )
    holders = instance.holders or tuple(range(n))
    table = pl.DataFrame(
        {
            "account": names,
            "holder": [f"holder of {names[h]}" for h in holders],
            "jurisdiction": list(instance.jurisdictions),
            "opened_on": pl.Series(
                [None if d is None else start // _DAY - d for d in instance.opened or (None,) * n],
                dtype=pl.Int32,
            ).cast(pl.Date),
        }
    )
    return TRANSACTIONS.conform(transactions), ACCOUNTS.conform(table)
