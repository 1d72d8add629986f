"""From measurements to records: each result with its intervals, and each pair of methods."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from xborder_aml.evaluate.bootstrap import Paired, holm, interval, paired
from xborder_aml.evaluate.leaderboard import main_metric
from xborder_aml.evaluate.measure import Measured, Spread
from xborder_aml.evaluate.results import record

__all__ = ["Key", "pooled", "result_records"]


class Key(NamedTuple):
    """What a result is of."""

    variant: str
    task: str
    method: str


def result_records(
    dataset: str, split: str, fold: str, found: dict[Key, Measured]
) -> list[dict[str, Any]]:
    """Return the results of one fold, or of all pooled, and the tests between each two methods."""
    where = {"dataset": dataset, "split": split, "fold": fold}
    out = [
        record(
            "result",
            **where,
            **key._asdict(),
            n=m.n,
            n_positive=m.n_positive,
            metrics={name: _told(spread) for name, spread in m.metrics.items()},
            by_typology={
                kind: {"n": n, **_told(spread)} for kind, (n, spread) in m.by_typology.items()
            },
        )
        for key, m in found.items()
    ]
    for variant, task in dict.fromkeys((k.variant, k.task) for k in found):
        metric = main_metric(task)
        group = {
            k.method: m.metrics[metric]
            for k, m in found.items()
            if (k.variant, k.task) == (variant, task)
        }
        pairs = list(itertools.combinations(group, 2))
        tests = [_compared(group[a], group[b]) for a, b in pairs]
        for (a, b), test, p in zip(pairs, tests, holm([t.p_value for t in tests]), strict=True):
            names = {"variant": variant, "task": task, "metric": metric, "method": a, "against": b}
            out.append(record("comparison", **where, **names, **test._asdict(), p_holm=p))
    return out


def _told(spread: Spread) -> dict[str, float]:
    low, high = interval(spread.draws)
    return {"value": spread.value, "low": low, "high": high}


def _compared(one: Spread, other: Spread) -> Paired:
    return paired(one.value, other.value, one.draws, other.draws)


def pooled(measured: list[dict[Key, Measured]]) -> dict[Key, Measured]:
    """Return the mean over folds; the draws of different folds are independent."""
    out = {}
    for key, first in measured[0].items():
        all_folds = [m[key] for m in measured]
        metrics = {
            name: Spread(
                float(np.mean([m.metrics[name].value for m in all_folds])),
                np.mean([m.metrics[name].draws for m in all_folds], axis=0),
            )
            for name in first.metrics
        }
        out[key] = Measured(
            sum(m.n for m in all_folds), sum(m.n_positive for m in all_folds), metrics, {}
        )
    return out
