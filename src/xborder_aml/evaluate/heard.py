"""What a fitted method says of the parts of a ledger, as units of each task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xborder_aml.evaluate.measure import Measured, measure, measure_windows
from xborder_aml.evaluate.methods import (
    Method,
    checked_accounts,
    checked_findings,
    checked_scores,
    trait,
)
from xborder_aml.evaluate.metrics import best_threshold
from xborder_aml.evaluate.split import TEST, TRAIN, VALIDATION, Fold
from xborder_aml.evaluate.tasks import Truth, Units, alert_components
from xborder_aml.evaluate.view import Blind, LabelledView, View

if TYPE_CHECKING:
    from xborder_aml.evaluate.harness import Plan

__all__ = ["Heard", "measured", "unlabelled", "views"]


def views(hidden: Blind, fold: Fold, truth: Truth) -> tuple[LabelledView, View, View]:
    """Return what is learnt from, and what is scored in validation and test."""
    part = fold.parts[hidden.row]
    seen = [hidden.row < end for end in fold.ends]
    later = hidden.labelled(seen[VALIDATION], part == VALIDATION, truth.illicit)
    train = hidden.labelled(seen[TRAIN], part == TRAIN, truth.illicit)
    plain = View(later.transactions, later.accounts, later.asked, later._memo)
    return (
        LabelledView(
            train.transactions, train.accounts, train.asked, labels=train.labels, validation=later
        ),
        plain,
        hidden.view(seen[TEST], part == TEST),
    )


def unlabelled(view: LabelledView) -> LabelledView:
    """Return the view as it is shown to a method that does not say that it learns from labels."""
    nothing = np.zeros_like(view.labels)
    return LabelledView(view.transactions, view.accounts, view.asked, view._memo, labels=nothing)


@dataclass(frozen=True, eq=False)
class Heard:
    """What a fitted method says of one part, and the threshold that the validation part sets."""

    method: Any
    view: View
    truth: Truth
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    threshold: float

    @classmethod
    def of(
        cls,
        method: Method,
        view: View,
        truth: Truth,
        rows: NDArray[np.int64],
        before: Heard | None,
    ) -> Heard:
        """Ask the method; the threshold is that of `before`, or else the best one here."""
        scores = checked_scores(method, view)
        threshold = (
            best_threshold(truth.illicit[rows], scores) if before is None else before.threshold
        )
        return cls(method, view, truth, rows, scores, threshold)

    def kept(self, which: NDArray[np.bool_]) -> Heard:
        """Return what it says of some of the rows."""
        return Heard(
            self.method,
            self.view,
            self.truth,
            self.rows[which],
            self.scores[which],
            self.threshold,
        )

    def units(self, task: str) -> Units:
        """Return the units of a task that ranks."""
        t, rows, scores = self.truth, self.rows, self.scores
        if task == "transaction":
            return t.transactions(rows, scores)
        if task == "case":
            return t.cases(rows, scores)
        if task == "account":
            has_own = hasattr(self.method, "accounts")
            own = checked_accounts(self.method, self.view) if has_own else None
            return t.accounts(rows, scores, own)
        if hasattr(self.method, "findings"):
            return t.instances(rows, checked_findings(self.method, self.view))
        found = alert_components(t, rows, scores, scores >= self.threshold)
        return t.instances(rows, found)


def measured(task: str, heard: Heard, said: Heard, plan: Plan, name: str) -> Measured:
    """Measure what is `said` of the test in a task; thresholds come from what was `heard`."""
    if task == "window":
        found = said.truth.windows(said.rows, said.scores >= said.threshold)
        return measure_windows(found, draws=plan.draws, seed=plan.seed, name=name)
    earlier = heard.units(task)
    return measure(
        said.units(task),
        best_threshold(earlier.labels, earlier.scores),
        per_day=plan.alerts_per_day,
        n_days=int(np.unique(said.truth.day[said.rows]).size),
        probability=bool(trait(said.method, "probability")) and task == "transaction",
        draws=plan.draws,
        seed=plan.seed,
        name=name,
    )
