"""`run`: methods on datasets, under one protocol, into raw records."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.evaluate.baselines import METHODS
from xborder_aml.evaluate.bootstrap import Paired, holm, interval, paired
from xborder_aml.evaluate.dataset import VARIANTS, Dataset, load_dataset
from xborder_aml.evaluate.guards import artefacts, check_method
from xborder_aml.evaluate.measure import Measured, Spread, measure, measure_windows
from xborder_aml.evaluate.methods import (
    Method,
    checked_findings,
    checked_scores,
    find_methods,
    trait,
)
from xborder_aml.evaluate.metrics import best_threshold
from xborder_aml.evaluate.results import Results, manifest, record, versions
from xborder_aml.evaluate.split import TEST, TRAIN, VALIDATION, Fold, folds
from xborder_aml.evaluate.tasks import TASKS, Truth, Units, alert_components
from xborder_aml.evaluate.view import Blind, LabelledView, View, blind

__all__ = ["Plan", "run", "wanted_methods"]

Progress = Callable[[str, int, int], None]
_COMPARED = {"window": "window_overlap"}
_POOLED = "all"


@dataclass(frozen=True)
class Plan:
    """How to evaluate.

    Parameters
    ----------
    tasks
        Names in `TASKS`.
    split
        Name in `SPLITS`.
    embargo
        See `folds`; by default 7 days, the window of our features, or a twentieth of the ledger's
        length where that is shorter.
    variants
        Names in `VARIANTS`. One that changes nothing in a dataset is skipped, and said to be.
    alerts_per_day
        How many alerts people can look at.
    draws
        Bootstrap draws.
    seed
        Of names, ties, models, draws and checks.
    checks
        Whether to check the methods for leaks.
    """

    tasks: tuple[str, ...] = ("transaction", "account")
    split: str = "rows-60-20-20"
    embargo: str | None = None
    variants: tuple[str, ...] = ("full",)
    alerts_per_day: int = 10
    draws: int = 200
    seed: int = 0
    checks: bool = True

    def __post_init__(self) -> None:
        """Check the names and numbers."""
        for kind, given, known in (
            ("task", self.tasks, TASKS),
            ("variant", self.variants, VARIANTS),
        ):
            for name in given:
                if name not in known:
                    raise ParameterError(
                        f"there is no {kind} {name!r}{did_you_mean(name, known)}; there are "
                        f"{', '.join(known)}"
                    )
        for name, value, least in (
            ("alerts_per_day", self.alerts_per_day, 1),
            ("draws", self.draws, 0),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise ParameterError(f"{name}={value} must be at least {least}")

    def embargo_for(self, data: Dataset) -> timedelta | str:
        """Return the embargo for a dataset."""
        if self.embargo is not None:
            return self.embargo
        at = data.transactions["executed_at"].to_physical()
        span = timedelta(microseconds=int(at[-1] - at[0]))
        return min(timedelta(days=7), timedelta(seconds=int(span.total_seconds()) // 20))


def run(
    datasets: Iterable[Dataset | str],
    methods: Iterable[Method | str] | None = None,
    plan: Plan | None = None,
    *,
    progress: Progress | None = None,
    **choices: Any,
) -> Results:
    """Evaluate methods on datasets.

    Each method learns from the training part of each fold and scores validation and test. All that
    is told of the test is settled before: thresholds are those of the validation part.

    Parameters
    ----------
    datasets
        Datasets, or names for `load_dataset`.
    methods
        Methods, names in `METHODS`, or ``path/to/file.py:NAME``; by default all of `METHODS` whose
        packages are installed.
    plan
        How to evaluate.
    progress
        Called with (what, done, of) after each method.
    **choices
        Fields of `Plan`, over those of `plan`.

    Raises
    ------
    ParameterError
        If a name is unknown.
    DataError
        If a dataset or a method does not keep to its form.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> results = xb.evaluate.run(["demo"], ["amount-rules"], draws=20, checks=False)
    >>> results.table("average_precision").select("dataset", "task", "method").rows()
    [('demo', 'transaction', 'amount-rules'), ('demo', 'account', 'amount-rules')]
    """
    chosen = Plan(**{**(vars(plan) if plan is not None else {}), **choices})
    loaded = [d if isinstance(d, Dataset) else load_dataset(d, seed=chosen.seed) for d in datasets]
    wanted = wanted_methods(["all"] if methods is None else methods)
    _check_names([m.name for m in wanted], "method")
    _check_names([d.name for d in loaded], "dataset")
    records = [_manifest(loaded, wanted, chosen)]
    for data in loaded:
        records += _evaluate(data, wanted, chosen, progress or _silent)
    return Results(records)


def wanted_methods(given: Iterable[Method | str]) -> list[Method]:
    """Return methods; "all" stands for those of the library whose packages are installed."""
    out: list[Method] = []
    for one in given:
        if one == "all":
            made = [make() for make in METHODS.values()]
            out += [
                m for m in made if "not installed" not in versions(trait(m, "packages")).values()
            ]
        else:
            out += find_methods([one], METHODS) if isinstance(one, str) else [one]
    return out


def _silent(_what: str, _done: int, _of: int) -> None:
    """Tell nothing."""


def _check_names(names: Sequence[str], kind: str) -> None:
    if not names:
        raise ParameterError(f"there is no {kind} to evaluate; name at least one")
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ParameterError(f"two {kind}s are called {', '.join(twice)}; give each its own name")


def _manifest(data: list[Dataset], methods: list[Method], plan: Plan) -> dict[str, Any]:
    packages = {p for m in methods for p in trait(m, "packages")}
    return manifest(
        datasets=[
            {
                "name": d.name,
                "sha256": d.sha256,
                "transactions": d.transactions.height,
                "illicit": int(d.transactions["is_illicit"].sum()),
                "cases": d.cases().filter(d.transactions["is_illicit"]).n_unique(),
                "first": str(d.transactions["executed_at"][0]),
                "last": str(d.transactions["executed_at"][-1]),
                "nominal_end": str(d.nominal_end),
            }
            for d in data
        ],
        methods=[
            {
                "name": m.name,
                "supervised": trait(m, "supervised"),
                "point_of_view": trait(m, "point_of_view"),
            }
            for m in methods
        ],
        plan={**vars(plan)},
        versions=versions(packages),
    )


# -- one dataset -----------------------------------------------------------------------------------


class _Key(NamedTuple):
    variant: str
    task: str
    method: str


def _evaluate(
    data: Dataset, methods: list[Method], plan: Plan, progress: Progress
) -> list[dict[str, Any]]:
    records = [record("artefact", dataset=data.name, **a._asdict()) for a in artefacts(data)]
    divided = folds(data, plan.split, plan.embargo_for(data))
    records += [
        record("split", dataset=data.name, split=plan.split, fold=str(f.number), **f.counts())
        for f in divided
    ]
    if plan.checks:
        before_test = data.transactions.head(divided[0].ends[VALIDATION])
        piece = Dataset(data.name, before_test, data.accounts)
        for method in methods:
            records += [
                record("check", dataset=data.name, method=method.name, **c._asdict())
                for c in check_method(piece, method, seed=plan.seed)
            ]
            progress(f"{data.name}: checked {method.name}", 1, 1)
    measured: list[dict[_Key, Measured]] = []
    skipped = _idle_variants(data, plan)
    records += [
        record("skipped", dataset=data.name, variant=variant, reason=reason)
        for variant, reason in skipped.items()
    ]
    variants = [v for v in plan.variants if v not in skipped]
    for fold in divided:
        found: dict[_Key, Measured] = {}
        for ledger in dict.fromkeys("full" if v == "no-tail" else v for v in variants):
            counted = [v for v in variants if v == ledger or (ledger, v) == ("full", "no-tail")]
            found |= _on_ledger(data, fold, ledger, counted, methods, plan, progress)
        measured.append(found)
    for fold, found in zip(divided, measured, strict=True):
        records += _records(data, plan, str(fold.number), found)
    if len(measured) > 1:
        records += _records(data, plan, _POOLED, _pooled(measured))
    return records


def _idle_variants(data: Dataset, plan: Plan) -> dict[str, str]:
    """Return the variants that would be the full ledger again, each with the reason."""
    rows = data.transactions
    minutes = rows["executed_at"].dt.truncate("1m")
    reasons = {
        "no-format": rows["instrument"].n_unique() < 2 and "every payment has the same format",
        "no-tail": not (rows["executed_at"] >= data.tail_start).any()
        and f"no transaction is later than the nominal end, {data.nominal_end}",
        "minute-clock": bool((minutes == rows["executed_at"]).all())
        and "no time is finer than a minute",
    }
    return {v: str(r) for v, r in reasons.items() if r and v in plan.variants}


def _on_ledger(
    data: Dataset,
    fold: Fold,
    ledger: str,
    counted: list[str],
    methods: list[Method],
    plan: Plan,
    progress: Progress,
) -> dict[_Key, Measured]:
    """Fit and score all methods on one form of the ledger."""
    hidden = blind(VARIANTS[ledger](data), plan.seed)
    truth = Truth.of(data, hidden)
    train, later, test = _views(hidden, fold, truth)
    rows = {p: np.flatnonzero(fold.parts[hidden.row] == p) for p in (VALIDATION, TEST)}
    late = data.transactions["executed_at"][hidden.row[rows[TEST]]] >= data.tail_start
    kept = {v: np.ones(late.len(), bool) if v != "no-tail" else ~late.to_numpy() for v in counted}
    out: dict[_Key, Measured] = {}
    for i, method in enumerate(methods, 1):
        own = copy.deepcopy(method)
        own.fit(train if trait(method, "supervised") else _unlabelled(train))
        heard = _Heard.of(own, later, truth, rows[VALIDATION], None)
        said = _Heard.of(own, test, truth, rows[TEST], heard)
        for variant in counted:
            for task in plan.tasks:
                # no variant in it: the same cases are drawn for each
                name = f"{data.name}|{fold.split}|{fold.number}|{task}"
                out[_Key(variant, task, method.name)] = _measure(
                    task, heard, said.kept(kept[variant]), plan, name
                )
        progress(f"{data.name}, fold {fold.number}, {ledger}: {method.name}", i, len(methods))
    return out


def _views(hidden: Blind, fold: Fold, truth: Truth) -> tuple[LabelledView, View, View]:
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


def _unlabelled(view: LabelledView) -> LabelledView:
    """Return the view as it is shown to a method that does not say that it learns from labels."""
    nothing = np.zeros_like(view.labels)
    return LabelledView(view.transactions, view.accounts, view.asked, view._memo, labels=nothing)


@dataclass(frozen=True, eq=False)
class _Heard:
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
        before: _Heard | None,
    ) -> _Heard:
        scores = checked_scores(method, view)
        threshold = (
            best_threshold(truth.illicit[rows], scores) if before is None else before.threshold
        )
        return cls(method, view, truth, rows, scores, threshold)

    def kept(self, which: NDArray[np.bool_]) -> _Heard:
        """Return what it says of some of the rows."""
        return _Heard(
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
            own = getattr(self.method, "accounts", None)
            return t.accounts(rows, scores, None if own is None else own(self.view))
        if hasattr(self.method, "findings"):
            return t.instances(rows, checked_findings(self.method, self.view))
        found = alert_components(t, rows, scores, scores >= self.threshold)
        return t.instances(rows, found)


def _measure(task: str, heard: _Heard, said: _Heard, plan: Plan, name: str) -> Measured:
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


# -- records ---------------------------------------------------------------------------------------


def _records(
    data: Dataset, plan: Plan, fold: str, found: dict[_Key, Measured]
) -> list[dict[str, Any]]:
    where = {"dataset": data.name, "split": plan.split, "fold": fold}
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
        metric = _COMPARED.get(task, "average_precision")
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


def _pooled(measured: list[dict[_Key, Measured]]) -> dict[_Key, Measured]:
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
