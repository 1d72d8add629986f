"""Numbers of transactions that the baselines learn from; each a function of a view alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import MissingExtraError
from xborder_aml.evaluate.view import View
from xborder_aml.features import TransactionFeatures

__all__ = ["WINDOW", "activity", "graph_features", "raw_columns", "snapml_features"]

WINDOW = "7d"
"""Longest look back of the windowed features."""

Matrix = NDArray[np.float64]


def raw_columns(view: View) -> Matrix:
    """Return what a row says by itself: amounts, currencies, places, format, time of day and week.

    Categories are numbered. The time of day is in whole minutes.
    """
    at, base = pl.col("executed_at"), pl.col("base_minor")
    ends = ("originator_jurisdiction", "beneficiary_jurisdiction")
    columns = view.transactions.select(
        base.fill_null(0).clip(0).log1p().alias("amount"),
        pl.col("sent_minor").clip(0).log1p(),
        pl.col("received_minor").clip(0).log1p(),
        (base % 100 == 0).alias("whole"),
        (base % 100_000 == 0).alias("round"),
        *(pl.col(c).to_physical() for c in ("sent_currency", "received_currency", "instrument")),
        *(pl.col(c).to_physical() for c in ends),
        (pl.col("sent_currency") != pl.col("received_currency")).alias("converted"),
        (pl.col(ends[0]) != pl.col(ends[1])).alias("crosses"),
        (pl.col("originator") == pl.col("beneficiary")).alias("to_itself"),
        at.dt.weekday().alias("weekday"),
        (at.dt.hour().cast(pl.Int32) * 60 + at.dt.minute()).alias("minute"),
    )
    return columns.select(pl.all().cast(pl.Float64)).fill_null(float("nan")).to_numpy()


def graph_features(view: View) -> Matrix:
    """Return our causal features: how the graph looked when each transaction was made."""
    features = TransactionFeatures(
        windows={
            "fan": ("1d", WINDOW),
            "degree": ("1d", WINDOW),
            **dict.fromkeys(("scatter_gather", "temporal_cycle", "hop_cycle", "vertex"), (WINDOW,)),
        },
    )
    table: pl.DataFrame = features.fit_transform(view.transactions)
    return table.select(pl.all().cast(pl.Float64)).to_numpy()


def activity(view: View) -> Matrix:
    """Return, over `WINDOW` up to each row, counterparties and money of its two accounts."""
    counts: pl.DataFrame = TransactionFeatures(families=["fan"], windows=[WINDOW]).fit_transform(
        view.transactions
    )
    money = view.transactions.select(
        pl.col("base_minor")
        .fill_null(0)
        .cast(pl.Float64)
        .rolling_sum_by("executed_at", WINDOW, closed="both")
        .over(side)
        .alias(side)
        for side in ("originator", "beneficiary")
    )
    fans = counts.select(f"past_fan_in_{WINDOW}", f"past_fan_out_{WINDOW}").cast(pl.Float64)
    return np.hstack([fans.to_numpy(), money.to_numpy()])


def snapml_features(view: View) -> Matrix:
    """Return snapml's graph features, in its own batches of 128.

    It takes a batch into its graph before it looks, so that a row sees later ones of its batch; a
    check of causality says so.

    References
    ----------
    Blanuša et al., Graph Feature Preprocessor, ICAIF 2024.
    """
    # It makes the thread that loads it take tiny numbers for zero, for good: so it gets its own.
    with ThreadPoolExecutor(max_workers=1) as own_thread:
        return own_thread.submit(_snapml_matrix, view.transactions).result()


def _snapml_matrix(rows: pl.DataFrame) -> Matrix:
    peer = _snapml()()
    seconds = 7 * 86_400
    settings: dict[str, Any] = {"num_threads": 1, "time_window": seconds, "max_no_edges": -1}
    settings |= {"vertex_stats": True, "vertex_stats_tw": seconds, "vertex_stats_cols": [3, 4]}
    settings["vertex_stats_feats"] = list(range(11))
    for family in ("fan", "degree", "scatter-gather", "temp-cycle", "lc-cycle"):
        settings[family] = family not in ("lc-cycle", "temp-cycle")
        settings[f"{family}_tw"] = seconds if family in ("fan", "degree") else 86_400
        settings[f"{family}_bins"] = list(range(2, 11))
    peer.set_params(settings)
    names = pl.concat([rows["originator"], rows["beneficiary"].alias("originator")]).unique().sort()
    code = {name: i for i, name in enumerate(names.to_list())}
    at = rows["executed_at"].to_physical().to_numpy()
    matrix = np.column_stack(
        [
            np.arange(rows.height),
            *(
                rows[side].replace_strict(code, return_dtype=pl.Int64).to_numpy()
                for side in ("originator", "beneficiary")
            ),
            (at - (at[0] if at.size else 0)) // 1_000_000,
            rows["base_minor"].fill_null(0).to_numpy(),
        ]
    ).astype(np.float64)
    parts = [peer.transform(matrix[i : i + 128]) for i in range(0, rows.height, 128)]
    return np.asarray(np.concatenate(parts)[:, matrix.shape[1] :], np.float64)


def _snapml() -> Any:
    try:
        from snapml import GraphFeaturePreprocessor
    except ImportError as error:
        raise MissingExtraError("snapml", "bench", "the method 'hgb-snapml'") from error
    return GraphFeaturePreprocessor
