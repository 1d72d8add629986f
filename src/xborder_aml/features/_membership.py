"""In which findings, by pattern, each transaction stands as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import DataError
from xborder_aml.findings import Findings

__all__ = ["membership_columns", "membership_names"]


def membership_names(patterns: Sequence[str]) -> list[str]:
    """Return two columns a pattern: how many findings, and the most hops that one of them has."""
    return [name for p in patterns for name in (f"member_{p}", f"member_{p}_hops")]


def membership_columns(
    findings: Findings, ids: NDArray[np.int64], patterns: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return the same columns, filled, for transactions by id.

    Raises
    ------
    DataError
        If the findings name a transaction that is not there.
    """
    foreign = findings.evidence["transaction_id"].to_numpy()
    foreign = foreign[~np.isin(foreign, ids)]
    if foreign.size:
        raise DataError(
            f"{foreign.size} evidence rows name transactions that the ledger does not have, such "
            f"as {foreign[0]}; give the findings of this ledger"
        )
    rows = pl.DataFrame({"transaction_id": ids})
    stands = (
        findings.evidence.select("finding_id", "transaction_id")
        .unique()
        .join(findings.findings.select("finding_id", "pattern", "hops"), on="finding_id")
    )
    out: dict[str, NDArray[Any]] = {}
    for pattern in patterns:
        found = (
            stands.filter(pl.col("pattern") == pattern)
            .group_by("transaction_id")
            .agg(n=pl.len().cast(pl.Int32), hops=pl.col("hops").max().cast(pl.Int32))
        )
        joined = rows.join(found, on="transaction_id", how="left", maintain_order="left")
        for name, column in zip(membership_names([pattern]), ("n", "hops"), strict=True):
            out[name] = joined[column].fill_null(0).to_numpy()
    return out
