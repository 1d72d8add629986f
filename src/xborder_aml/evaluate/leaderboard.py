"""From raw records to leaderboards: who ranks where, how surely, and under which reservations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xborder_aml.evaluate.guards import CAUGHT
from xborder_aml.evaluate.results import Results

__all__ = [
    "COLUMNS",
    "IDLE_BUDGET",
    "NOTES",
    "POOLED",
    "Board",
    "Row",
    "chance_text",
    "giveaways",
    "leaderboard",
    "main_metric",
]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "window": ("window_overlap", "window_precision", "window_recall"),
    "": (
        "average_precision",
        "f1_at_validation",
        "precision_at_budget",
        "recall_at_budget",
        "money_at_budget",
        "recall_at_fpr",
    ),
}
"""Metrics that a board shows, by task; the others are in the records."""

NOTES: Mapping[str, str] = {
    "no labels": "It learns from no labels.",
    "retrospective": "It reads what comes after a transaction too, as an investigator does.",
}
"""What the notes on a board mean."""

IDLE_BUDGET = (
    "The budget of alerts holds every unit there is, so nothing within it tells methods apart; "
    "evaluate with fewer alerts a day"
)
"""What is said of a board whose `is_budget_idle`."""

_ROUNDING = 1e-6  # of records
_TELLING, _OFTEN = 2.0, 0.1  # times as often among the illicit, and in so many of them

POOLED = "all"
"""Number of the fold that is the mean of all."""


@dataclass(frozen=True)
class Row:
    """A method on a board.

    Parameters
    ----------
    metrics
        ``value``, ``low`` and ``high`` of each, or nothing for a metric that it does not have.
    against_best
        Holm's p-value of the difference from the first of the board; None for the first itself.
    caught
        What leak checks caught it at on this dataset, each a sentence.
    by_typology
        ``n``, ``value``, ``low`` and ``high`` of the recall within the budget.
    variants
        The main metric in each variant of the ledger that was evaluated.
    """

    method: str
    metrics: Mapping[str, Mapping[str, float | None]]
    against_best: float | None
    caught: tuple[str, ...]
    notes: tuple[str, ...]
    by_typology: Mapping[str, Mapping[str, float | None]]
    variants: Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class Board:
    """A ranking of methods on one dataset and task, best first; ``n`` units, some positive.

    Parameters
    ----------
    variant
        Form of the ledger that the metrics are of.
    n, n_positive
        Units of the first method. In the task ``instance`` they are its findings and the cases
        that none matches; the cases, which are the positives, are the same for all methods.
    is_checked
        Whether leak checks were made on this dataset.
    """

    dataset: str
    task: str
    variant: str
    split: str
    folds: int
    n: int
    n_positive: int
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    is_checked: bool

    @property
    def base_rate(self) -> float | None:
        """Average precision of chance, the share of positives; None where that has no meaning."""
        ranks_units = main_metric(self.task) == "average_precision" and self.task != "instance"
        return self.n_positive / self.n if self.n and ranks_units else None

    @property
    def is_budget_idle(self) -> bool:
        """Whether every method alerts every unit within the budget."""
        told = [r.metrics.get("precision_at_budget", {}).get("value") for r in self.rows]
        return self.base_rate is not None and all(
            p is not None and abs(p - self.base_rate) < _ROUNDING for p in told
        )

    @property
    def counted(self) -> str:
        """How many units there are, in words."""
        if self.task == "instance":
            return f"{self.n_positive:,} cases"
        return f"{self.n_positive:,} of {self.n:,} are positive"


def main_metric(task: str) -> str:
    """Return the metric by which a task's board is ordered.

    Examples
    --------
    >>> main_metric("window"), main_metric("account")
    ('window_overlap', 'average_precision')
    """
    return COLUMNS.get(task, COLUMNS[""])[0]


def leaderboard(results: Results) -> list[Board]:
    """Return the boards of an evaluation, in the order of datasets and tasks.

    A board shows the ledger as it is, or its first variant where that was not asked for, and the
    mean over folds where there are several.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> results = xb.evaluate.run(["demo"], ["amount-rules"], draws=20, checks=False)
    >>> [(b.dataset, b.task, b.rows[0].method) for b in leaderboard(results)]
    [('demo', 'transaction', 'amount-rules'), ('demo', 'account', 'amount-rules')]
    """
    shown = [r for r in results.of("result") if _is_shown(r, results)]
    groups = dict.fromkeys((r["dataset"], r["task"]) for r in shown)
    return [_board(results, shown, dataset, task) for dataset, task in groups]


def _is_shown(r: Mapping[str, Any], results: Results) -> bool:
    return bool(r["fold"] == _fold_shown(results, r["dataset"]))


def _fold_shown(results: Results, dataset: str) -> str:
    n = sum(s["dataset"] == dataset for s in results.of("split"))
    return POOLED if n > 1 else "1"


def _board(results: Results, shown: list[Mapping[str, Any]], dataset: str, task: str) -> Board:
    of_task = [r for r in shown if (r["dataset"], r["task"]) == (dataset, task)]
    variants = [*dict.fromkeys(r["variant"] for r in of_task)]
    first = "full" if "full" in variants else variants[0]
    metric = main_metric(task)
    ranked = sorted(
        (r for r in of_task if r["variant"] == first),
        key=lambda r: (-(r["metrics"][metric]["value"] or 0.0), r["method"]),
    )
    best = ranked[0]["method"]
    tests = {
        frozenset((c["method"], c["against"])): c["p_holm"]
        for c in results.of("comparison")
        if (c["dataset"], c["task"], c["variant"], c["fold"])
        == (dataset, task, first, ranked[0]["fold"])
    }
    rows = tuple(
        Row(
            r["method"],
            r["metrics"],
            None if r["method"] == best else tests[frozenset((r["method"], best))],
            _caught(results, dataset, r["method"]),
            _notes(results, r["method"]),
            r["by_typology"],
            {v["variant"]: v["metrics"][metric] for v in of_task if v["method"] == r["method"]},
        )
        for r in ranked
    )
    head = ranked[0]
    return Board(
        dataset,
        task,
        first,
        head["split"],
        sum(s["dataset"] == dataset for s in results.of("split")),
        head["n"],
        head["n_positive"],
        COLUMNS.get(task, COLUMNS[""]),
        rows,
        any(c["dataset"] == dataset and c["passed"] is not None for c in results.of("check")),
    )


def _caught(results: Results, dataset: str, method: str) -> tuple[str, ...]:
    return tuple(
        f"{CAUGHT[c['name']]}: {c['detail']}"
        for c in results.of("check")
        if (c["dataset"], c["method"]) == (dataset, method) and c["passed"] is False
    )


def giveaways(results: Results, dataset: str) -> list[str]:
    """Return a sentence on each trait of the bookkeeping that gives a ledger's labels away."""
    skipped = {s["variant"] for s in results.of("skipped") if s["dataset"] == dataset}
    made = set(results.manifest["plan"]["variants"]) - skipped
    return [
        f"The ledger gives its labels away: {a['share_illicit']:.1%} of the illicit rows are "
        f"marked by “{a['trait']}”, and {a['share_others']:.1%} of the others; "
        + (
            f"see the variant {a['variant']}."
            if a["variant"] in made
            else f"evaluate the variant {a['variant']} too."
        )
        for a in results.of("artefact")
        if a["dataset"] == dataset
        and a["share_illicit"] > max(_OFTEN, _TELLING * a["share_others"])
    ]


def chance_text(p: float | None) -> str:
    """Return a p-value as boards show it.

    Examples
    --------
    >>> chance_text(0.0317), chance_text(0.00004), chance_text(None)
    ('0.032', '< 0.001', '-')
    """
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _notes(results: Results, method: str) -> tuple[str, ...]:
    told = next(m for m in results.manifest["methods"] if m["name"] == method)
    looks = () if told["point_of_view"] == "causal" else (told["point_of_view"],)
    return (*(() if told["supervised"] else ("no labels",)), *looks)
