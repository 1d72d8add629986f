"""The raw scores of an evaluation: what each method said of each transaction that was tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.evaluate.dataset import Dataset
from xborder_aml.evaluate.tasks import Truth

__all__ = ["SCORES", "joined", "scores_of"]

SCORES = pl.Schema(
    {
        "dataset": pl.String(),
        "fold": pl.Int64(),
        "variant": pl.String(),
        "method": pl.String(),
        "transaction_id": pl.Int64(),
        "is_illicit": pl.Boolean(),
        "is_in_case": pl.Boolean(),
        "block": pl.Int64(),
        "score": pl.Float64(),
    }
)
"""Columns; ``block`` numbers what the bootstrap draws together, cases before the others."""


def scores_of(
    data: Dataset,
    truth: Truth,
    row: NDArray[np.int64],
    tested: NDArray[np.int64],
    said: Mapping[str, NDArray[np.float64]],
    *,
    fold: int,
    variant: str,
) -> pl.DataFrame:
    """Return the scores of one fold and variant, methods one after another.

    Parameters
    ----------
    row
        Place of each blinded row in the dataset's canonical order, shape (E,).
    tested
        Blinded rows of the test part, shape (N,).
    said
        What each method said of them, shape (N,).
    """
    order = np.argsort(row[tested])
    blocks = truth.transactions(tested, np.zeros(tested.size)).blocks
    rows = data.transactions[row[tested[order]]]
    parts = [
        rows.select(
            dataset=pl.lit(data.name),
            fold=pl.lit(fold),
            variant=pl.lit(variant),
            method=pl.lit(name),
            transaction_id="transaction_id",
            is_illicit="is_illicit",
            is_in_case=pl.lit(pl.Series(blocks.code[order] < blocks.n_cases)),
            block=pl.lit(pl.Series(blocks.code[order])),
            score=pl.lit(pl.Series(scores[order])),
        )
        for name, scores in said.items()
    ]
    return joined(parts)


def joined(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return tables of scores as one."""
    return pl.concat([pl.DataFrame(schema=SCORES), *(p.cast(SCORES) for p in parts)])
