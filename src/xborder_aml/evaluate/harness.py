"""`run`: methods on datasets, under one protocol, into raw records."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.evaluate.baselines import METHODS
from xborder_aml.evaluate.dataset import VARIANTS, Dataset, load_dataset
from xborder_aml.evaluate.guards import CHECKS, Check, artefacts, check_method, unfit
from xborder_aml.evaluate.heard import Heard, measured, unlabelled, views
from xborder_aml.evaluate.leaderboard import POOLED
from xborder_aml.evaluate.measure import Measured
from xborder_aml.evaluate.methods import Method, find_methods, trait
from xborder_aml.evaluate.records import Key, pooled, result_records
from xborder_aml.evaluate.results import Results, manifest, record, versions
from xborder_aml.evaluate.scores import joined, scores_of
from xborder_aml.evaluate.split import TEST, VALIDATION, Fold, folds
from xborder_aml.evaluate.tasks import TASKS, Truth
from xborder_aml.evaluate.view import blind

__all__ = ["Plan", "run", "wanted_methods"]

Progress = Callable[[str, int, int], None]


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
        Called with (what, 1, 1) after each method.
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
    scores: list[pl.DataFrame] = []
    for data in loaded:
        found, said = _evaluate(data, wanted, chosen, progress or _silent)
        records += found
        scores.append(said)
    return Results(records, joined(scores))


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


def _evaluate(
    data: Dataset,
    methods: list[Method],
    plan: Plan,
    progress: Progress,
) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Return the records and the raw scores of a dataset."""
    records = [record("artefact", dataset=data.name, **a._asdict()) for a in artefacts(data)]
    divided = folds(data, plan.split, plan.embargo_for(data))
    records += [
        record("split", dataset=data.name, split=plan.split, fold=str(f.number), **f.counts())
        for f in divided
    ]
    if plan.checks:
        records += _checked(data, divided[0].ends[VALIDATION], methods, plan, progress)
    by_fold: list[dict[Key, Measured]] = []
    scores: list[pl.DataFrame] = []
    skipped = _idle_variants(data, plan)
    records += [
        record("skipped", dataset=data.name, variant=variant, reason=reason)
        for variant, reason in skipped.items()
    ]
    variants = [v for v in plan.variants if v not in skipped]
    for fold in divided:
        found: dict[Key, Measured] = {}
        for ledger in dict.fromkeys("full" if v == "no-tail" else v for v in variants):
            counted = [v for v in variants if v == ledger or (ledger, v) == ("full", "no-tail")]
            measures, said = _on_ledger(data, fold, ledger, counted, methods, plan, progress)
            found |= measures
            scores.append(said)
        by_fold.append(found)
    for fold, found in zip(divided, by_fold, strict=True):
        records += result_records(data.name, plan.split, str(fold.number), found)
    if len(by_fold) > 1:
        records += result_records(data.name, plan.split, POOLED, pooled(by_fold))
    return records, joined(scores)


def _checked(
    data: Dataset, n_before_test: int, methods: list[Method], plan: Plan, progress: Progress
) -> list[dict[str, Any]]:
    """Check each method on the rows before the test, or say why that cannot be."""
    before_test = data.transactions.head(n_before_test)
    reason = unfit(before_test)
    out = []
    for method in methods:
        if reason is None:
            piece = Dataset(data.name, before_test, data.accounts)
            checks = check_method(piece, method, seed=plan.seed)
        else:
            checks = [Check(name, None, reason) for name in CHECKS]
        out += [
            record("check", dataset=data.name, method=method.name, **c._asdict()) for c in checks
        ]
        progress(f"{data.name}: checked {method.name}", 1, 1)
    return out


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
) -> tuple[dict[Key, Measured], pl.DataFrame]:
    """Fit and score all methods on one form of the ledger; return measures and raw scores."""
    hidden = blind(VARIANTS[ledger](data), plan.seed)
    truth = Truth.of(data, hidden)
    train, later, test = views(hidden, fold, truth)
    rows = {p: np.flatnonzero(fold.parts[hidden.row] == p) for p in (VALIDATION, TEST)}
    late = data.transactions["executed_at"][hidden.row[rows[TEST]]] >= data.tail_start
    kept = {v: np.ones(late.len(), bool) if v != "no-tail" else ~late.to_numpy() for v in counted}
    out: dict[Key, Measured] = {}
    raw: dict[str, NDArray[np.float64]] = {}
    for method in methods:
        own = copy.deepcopy(method)
        own.fit(train if trait(method, "supervised") else unlabelled(train))
        heard = Heard.of(own, later, truth, rows[VALIDATION], None)
        said = Heard.of(own, test, truth, rows[TEST], heard)
        raw[method.name] = said.scores
        for variant in counted:
            for task in plan.tasks:
                # no variant in it: the same cases are drawn for each
                name = f"{data.name}|{fold.split}|{fold.number}|{task}"
                out[Key(variant, task, method.name)] = measured(
                    task, heard, said.kept(kept[variant]), plan, name
                )
        progress(f"{data.name}, fold {fold.number}, {ledger}: {method.name}", 1, 1)
    return out, scores_of(
        data, truth, hidden.row, rows[TEST], raw, fold=fold.number, variant=ledger
    )
