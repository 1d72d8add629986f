"""The metrics of each task, with what they are called and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.evaluate import metrics
from xborder_aml.evaluate.bootstrap import Blocks, draw_weights
from xborder_aml.evaluate.tasks import Units, Windows

__all__ = ["METRICS", "Measured", "Spread", "measure", "measure_windows"]

FPR = 0.01
_BINS = 10

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "average_precision": "Mean precision over the ranking, by steps of recall; chance is the "
        "base rate.",
        "f1_at_half": "F1 of the units with a probability of one half or more.",
        "f1_at_validation": "F1 at the threshold with the largest F1 on the validation part.",
        "precision_at_budget": "Share of the alerts within the daily budget that are right.",
        "recall_at_budget": "Share of the positives within the daily budget of alerts.",
        "money_at_budget": "Share of the illicit money within the daily budget of alerts.",
        "recall_at_fpr": "Share of the positives found while 1% of negatives is alerted.",
        "brier": "Mean squared distance of probabilities from the truth; less is better.",
        "calibration_error": "Mean distance between probability and share of positives, over ten "
        "bins of equal size; less is better.",
        "window_overlap": "Days alerted and illicit over days either, mean over illicit accounts.",
        "window_precision": "Share of the alerted days of all accounts that are illicit.",
        "window_recall": "Share of the illicit days of all accounts that are alerted.",
    }
)
"""Metrics by name. Only the probabilities of methods that claim to give some are judged as such."""

Floats = NDArray[np.float64]
_Metric = Callable[[Floats], float]


class Spread(NamedTuple):
    """A metric in the data, and in each draw, shape (B,)."""

    value: float
    draws: Floats


class Measured(NamedTuple):
    """What a method achieved in a task: units, positives, metrics, and recall by typology."""

    n: int
    n_positive: int
    metrics: dict[str, Spread]
    by_typology: dict[str, tuple[int, Spread]]


def measure(
    test: Units,
    threshold: float,
    *,
    per_day: int,
    n_days: int,
    probability: bool,
    draws: int,
    seed: int,
    name: str,
) -> Measured:
    """Measure a ranking of units.

    Parameters
    ----------
    threshold
        From which score on a unit is alerted: the best on the validation part.
    per_day
        Alerts that people can look at in a day. Units that have no day share `n_days` times as
        many.
    probability
        Whether scores are probabilities.
    draws, seed, name
        Bootstrap draws; equal names and seeds draw the same cases.
    """
    y, s = test.labels, test.scores
    if test.days is None:
        budget = metrics.top_alerts(s, per_day * n_days)
    else:
        budget = metrics.daily_alerts(s, test.days, per_day)
    chosen = s >= threshold
    few_false = s >= metrics.threshold_at_fpr(y, s, FPR)
    ranking = metrics.Ranking.of(y, s)
    named: dict[str, _Metric] = {
        "average_precision": ranking.average_precision,
        "f1_at_validation": lambda w: metrics.f1(y, chosen, w),
        "precision_at_budget": lambda w: metrics.precision(y, budget, w),
        "recall_at_budget": lambda w: metrics.recall(y, budget, w),
        "money_at_budget": lambda w: metrics.recall(y, budget, w * test.money),
        "recall_at_fpr": lambda w: metrics.recall(y, few_false, w),
    }
    if probability:
        half = s >= 0.5
        place = np.empty(s.size, np.int64)
        place[np.argsort(s, kind="stable")] = np.arange(s.size)
        bins = place * _BINS // max(s.size, 1)
        named["f1_at_half"] = lambda w: metrics.f1(y, half, w)
        named["brier"] = lambda w: metrics.brier(y, s, w)
        named["calibration_error"] = lambda w: metrics.calibration_error(bins, y, s, w)
    kinds: dict[str, _Metric] = {
        typology: (lambda w, m=members: metrics.recall(m, budget, w))  # type: ignore[misc]
        for typology, members in test.typologies.items()
    }
    spread = _spread(
        {**named, **{f"typology {k}": f for k, f in kinds.items()}}, test.blocks, draws, seed, name
    )
    return Measured(
        y.size,
        int(y.sum()),
        {k: spread[k] for k in METRICS if k in named},
        {k: (int(test.typologies[k].sum()), spread[f"typology {k}"]) for k in kinds},
    )


def measure_windows(test: Windows, *, draws: int, seed: int, name: str) -> Measured:
    """Measure the days of accounts."""
    either = test.predicted + test.true - test.both
    share = np.divide(test.both, either, out=np.zeros(either.size), where=either > 0)

    def mean(part: Floats, whole: Floats) -> _Metric:
        return lambda w: float(w @ part / (w @ whole)) if w @ whole > 0 else float("nan")

    named = {
        "window_overlap": mean(share * test.labels, test.labels.astype(float)),
        "window_precision": mean(test.both, test.predicted),
        "window_recall": mean(test.both, test.true),
    }
    spread = _spread(named, test.blocks, draws, seed, name)
    return Measured(test.labels.size, int(test.labels.sum()), spread, {})


def _spread(
    named: Mapping[str, _Metric], blocks: Blocks, draws: int, seed: int, name: str
) -> dict[str, Spread]:
    """Return each metric in the data and in every draw."""
    ones = np.ones(blocks.code.size)
    values = {k: f(ones) for k, f in named.items()}
    drawn = {k: np.full(draws, np.nan) for k in named}
    for b in range(draws):
        weights = draw_weights(blocks, seed, name, b)
        for k, f in named.items():
            drawn[k][b] = f(weights)
    return {k: Spread(values[k], drawn[k]) for k in named}
