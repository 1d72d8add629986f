# %% [markdown]
# # A detector of your own on the leaderboard
#
# A method is anything with a name, `fit` and `score`. This one asks how often an account pays
# somebody whom it has never paid before. It learns nothing, sees neither labels nor real names, and
# is ranked beside the library's own baselines. The same on the command line:
#
# `xborder-aml evaluate demo --method all --method examples/benchmark_a_detector.py:NewPayees`

# %%
from dataclasses import dataclass

import numpy as np
import polars as pl

import xborder_aml as xb


@dataclass
class NewPayees:
    name: str = "new-payees"

    def fit(self, train: xb.evaluate.LabelledView) -> None:
        """Learn nothing: the rule is the method."""

    def score(self, view: xb.evaluate.View) -> np.ndarray:
        is_new = pl.struct("originator", "beneficiary").is_first_distinct().cast(pl.Float64)
        rows = view.transactions.with_columns(new=is_new)
        week = pl.col("new").rolling_sum_by("executed_at", "7d", closed="both")
        return rows.select(week.over("originator"))["new"].to_numpy()[view.asked]


# %%
if __name__ == "__main__":
    methods = [NewPayees(), "amount-rules", "degree-volume"]
    results = xb.evaluate.run(["demo"], methods, draws=50)
    board = results.table("average_precision").sort("task", "value", descending=True)
    board
