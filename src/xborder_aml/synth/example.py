"""A ledger of six transactions, small enough to read, for examples and first steps."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from xborder_aml.schema import TRANSACTIONS

__all__ = ["example_ledger"]

_SEATS = {"harbour": "EE", "linden": "GB", "orchard": "EE", "quayside": "CY"}

# (when, originator, beneficiary, euros, purpose, pattern): a round trip in March, and a chain in
# May, so far apart that no window sees both
_ROWS = (
    ((3, 2, 9, 15), "harbour", "linden", 100_000, "Loan agreement 1", "round_trip"),
    ((3, 5, 14, 40), "linden", "quayside", 98_500, "Consulting", "round_trip"),
    ((3, 9, 11, 5), "quayside", "harbour", 97_000, "Investment", "round_trip"),
    ((5, 4, 10, 30), "orchard", "quayside", 60_000, "Goods", "layering_chain"),
    ((5, 6, 16, 20), "quayside", "linden", 59_000, "Goods", "layering_chain"),
    ((5, 8, 9, 50), "linden", "harbour", 58_200, "Services", "layering_chain"),
)


def example_ledger() -> pl.DataFrame:
    """Return a hand-written ledger: 6 transactions among 4 accounts in 3 jurisdictions.

    It holds one round trip across borders (EE, GB, CY and back to EE, three hops) and one layering
    chain (EE, CY, GB, EE, three hops).

    Returns
    -------
    pl.DataFrame
        Table as `xborder_aml.schema.TRANSACTIONS` declares it, in euros.

    Examples
    --------
    >>> example_ledger().select("originator", "beneficiary", "base_minor").row(0)
    ('harbour', 'linden', 10000000)
    """
    when, src, dst, euros, purpose, pattern = (list(x) for x in zip(*_ROWS, strict=True))
    minor = [100 * x for x in euros]
    n = len(_ROWS)
    return TRANSACTIONS.conform(
        pl.DataFrame(
            {
                "transaction_id": range(1, n + 1),
                "executed_at": [datetime(2026, m, d, h, mi, tzinfo=UTC) for m, d, h, mi in when],
                "originator": src,
                "beneficiary": dst,
                "sent_minor": minor,
                "sent_currency": ["EUR"] * n,
                "received_minor": minor,
                "received_currency": ["EUR"] * n,
                "base_minor": minor,
                "base_currency": ["EUR"] * n,
                "originator_jurisdiction": [_SEATS[x] for x in src],
                "beneficiary_jurisdiction": [_SEATS[x] for x in dst],
                "instrument": ["wire"] * n,
                "purpose": purpose,
                "resolution": ["1m"] * n,
                "is_illicit": [True] * n,
                "label_pattern": pattern,
                "label_case": [f"{p}-1" for p in pattern],
            }
        )
    )
