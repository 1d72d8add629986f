"""Metrics: pure functions of labels, scores and weights.

A weight says how often a unit was drawn by the bootstrap, 1 in the data themselves. A score of
minus infinity says that the method does not name the unit at all: it is never found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Ranking",
    "average_precision",
    "best_threshold",
    "brier",
    "calibration_error",
    "daily_alerts",
    "f1",
    "precision",
    "recall",
    "threshold_at_fpr",
    "top_alerts",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Units in order of falling score, sorted once for many weightings.

    Parameters
    ----------
    order
        Units with a finite score, best first.
    ends
        Last place of each run of equal scores.
    labels
        Of all units.
    """

    order: NDArray[np.int64]
    ends: NDArray[np.int64]
    labels: Bools

    @classmethod
    def of(cls, labels: Bools, scores: Floats) -> Ranking:
        """Sort the units."""
        order = np.argsort(-scores, kind="stable")
        order = order[np.isfinite(scores[order])]
        ranked = scores[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], ranked.size > 0))
        return cls(order, ends, labels)

    def average_precision(self, weights: Floats | None = None) -> float:
        """Return the sum of precision times the step in recall, units of equal score together."""
        w = np.ones(self.labels.size) if weights is None else weights
        hit = w * self.labels
        total = float(hit.sum())
        if total == 0:
            return float("nan")
        found = np.cumsum(hit[self.order])[self.ends]
        named = np.cumsum(w[self.order])[self.ends]
        steps = np.diff(found, prepend=0.0)
        return float((steps * found)[steps > 0] @ (1 / named[steps > 0])) / total


def average_precision(labels: Bools, scores: Floats, weights: Floats | None = None) -> float:
    """Return the average precision, without interpolation; NaN where nothing is positive.

    Examples
    --------
    >>> average_precision(np.array([True, False, True]), np.array([3.0, 2.0, 1.0]))
    0.8333333333333333
    """
    return Ranking.of(labels, scores).average_precision(weights)


def precision(labels: Bools, alerts: Bools, weights: Floats) -> float:
    """Return the share of alerts that are right; NaN without alerts."""
    return _ratio(weights @ (labels & alerts), weights @ alerts)


def recall(labels: Bools, alerts: Bools, weights: Floats) -> float:
    """Return the share of positives that are alerted; NaN without positives.

    Weights of money give the share of the money.
    """
    return _ratio(weights @ (labels & alerts), weights @ labels)


def f1(labels: Bools, alerts: Bools, weights: Floats) -> float:
    """Return twice the hits over alerts and positives together; NaN without either.

    Examples
    --------
    >>> f1(np.array([True, True, False]), np.array([True, False, False]), np.ones(3)).__round__(3)
    0.667
    """
    return _ratio(2 * (weights @ (labels & alerts)), weights @ labels + weights @ alerts)


def _ratio(part: Any, whole: Any) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def best_threshold(labels: Bools, scores: Floats) -> float:
    """Return the score from which on alerts have the largest F1; infinity if nothing is positive.

    Of equally good thresholds it is the highest.

    Examples
    --------
    >>> best_threshold(np.array([True, False, True, False]), np.array([0.9, 0.2, 0.8, 0.7]))
    0.8
    """
    ranking = Ranking.of(labels, scores)
    n_positive = int(labels.sum())
    if n_positive == 0 or ranking.order.size == 0:
        return float("inf")
    found = np.cumsum(labels[ranking.order])[ranking.ends]
    values = 2 * found / (n_positive + ranking.ends + 1)
    return float(scores[ranking.order[ranking.ends[int(np.argmax(values))]]])


def threshold_at_fpr(labels: Bools, scores: Floats, rate: float) -> float:
    """Return the lowest score from which on at most this share of negatives is alerted.

    Infinity if even the best score alerts more.
    """
    ranking = Ranking.of(labels, scores)
    false = np.cumsum(~labels[ranking.order])[ranking.ends]
    allowed = np.flatnonzero(false <= rate * int((~labels).sum()))
    if allowed.size == 0:
        return float("inf")
    return float(scores[ranking.order[ranking.ends[allowed[-1]]]])


def top_alerts(scores: Floats, n: int) -> Bools:
    """Return which units are the n best; of equal scores, those that stand first."""
    out = np.zeros(scores.size, bool)
    best = np.argsort(-scores, kind="stable")[:n]
    out[best[np.isfinite(scores[best])]] = True
    return out


def daily_alerts(scores: Floats, days: NDArray[np.int64], per_day: int) -> Bools:
    """Return which units are the best of their day, so many a day.

    Examples
    --------
    >>> daily_alerts(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1]), 1).tolist()
    [False, True, True]
    """
    order = np.lexsort((-scores, days))  # stable: of equal scores, those that stand first
    sorted_days = days[order]
    starts = np.flatnonzero(np.append(True, sorted_days[1:] != sorted_days[:-1]))[: days.size]
    place = np.arange(days.size) - np.repeat(starts, np.diff(np.append(starts, days.size)))
    out = np.zeros(scores.size, bool)
    out[order[place < per_day]] = True
    return np.asarray(out & np.isfinite(scores))


def brier(labels: Bools, scores: Floats, weights: Floats) -> float:
    """Return the mean squared distance of probabilities from the truth."""
    return _ratio(weights @ (scores - labels) ** 2, weights.sum())


def calibration_error(bins: NDArray[np.int64], labels: Bools, scores: Floats, w: Floats) -> float:
    """Return the mean distance between probability and share of positives, over bins of units."""
    n = int(bins.max(initial=0)) + 1
    said = np.bincount(bins, w * scores, n)
    true = np.bincount(bins, w * labels, n)
    return _ratio(float(np.abs(said - true).sum()), float(w.sum()))
