"""The methods that come with the library: rules, models on three sets of features, our detectors.

They are what a new method has to beat, and each is told in a few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xborder_aml.errors import MissingExtraError
from xborder_aml.evaluate.features import activity, graph_features, raw_columns, snapml_features
from xborder_aml.evaluate.metrics import average_precision
from xborder_aml.evaluate.view import LabelledView, View, stream

__all__ = [
    "METHODS",
    "AmountRules",
    "Boosting",
    "DegreeVolume",
    "Detectors",
    "Isolation",
]

Floats = NDArray[np.float64]
Features = Callable[[View], Floats]

_THRESHOLD = 1_000_000  # 10,000 units of the base currency in minor units


@dataclass
class AmountRules:
    """Four rules of thumb, a point each; ties go by amount.

    A large amount (beyond 99 of 100 in training), one just below 10,000 units (by a tenth at most),
    a round one (whole thousands), and a border that is crossed.
    """

    name: str = "amount-rules"

    def fit(self, train: LabelledView) -> None:
        """Learn what amounts are usual."""
        self._usual = np.sort(_amount(train)[train.asked])

    def score(self, view: View) -> Floats:
        """Return points, and a fraction for the amount."""
        amount = _amount(view)
        place = np.searchsorted(self._usual, amount, side="right") / (self._usual.size + 1)
        ends = view.transactions.select(
            (pl.col("originator_jurisdiction") != pl.col("beneficiary_jurisdiction")).fill_null(
                False
            )
        )
        points = (
            (place >= 0.99).astype(float)
            + ((amount >= 0.9 * _THRESHOLD) & (amount < _THRESHOLD))
            + ((amount > 0) & (amount % 100_000 == 0))
            + ends.to_series().to_numpy()
        )
        return np.asarray((points + place)[view.asked])


def _amount(view: View) -> Floats:
    return view.transactions["base_minor"].fill_null(0).cast(pl.Float64).to_numpy()


@dataclass
class DegreeVolume:
    """How unusual the busier of two accounts is: counterparties and money of the last week."""

    name: str = "degree-volume"

    def fit(self, train: LabelledView) -> None:
        """Learn what activity is usual."""
        self._usual = np.sort(train.memo("activity", activity)[train.asked], axis=0)

    def score(self, view: View) -> Floats:
        """Return the mean place of the row's four numbers among those of training."""
        numbers = view.memo("activity", activity)[view.asked]
        places = [
            np.searchsorted(usual, now, side="right") / (usual.size + 1)
            for usual, now in zip(self._usual.T, numbers.T, strict=True)
        ]
        return np.asarray(np.mean(places, axis=0))


@dataclass
class Isolation:
    """An isolation forest on raw columns and our causal features; it needs no labels."""

    name: str = "isolation-forest"
    seed: int = 0
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    def fit(self, train: LabelledView) -> None:
        """Grow the forest."""
        from sklearn.ensemble import IsolationForest

        self._forest = IsolationForest(
            n_estimators=100, max_samples=4_096, random_state=self.seed, n_jobs=1
        )
        rows = _sample(int(train.asked.sum()), 20_000, self.seed)
        self._forest.fit(_filled(_raw_and_graph(train)[train.asked][rows]))

    def score(self, view: View) -> Floats:
        """Return how soon random cuts set the row apart."""
        return np.asarray(-self._forest.score_samples(_filled(_raw_and_graph(view)[view.asked])))


def _filled(numbers: Floats) -> Floats:
    return np.nan_to_num(numbers, nan=-1.0, posinf=0.0, neginf=0.0)


def _sample(n: int, most: int, seed: int) -> NDArray[np.int64]:
    if n <= most:
        return np.arange(n)
    return np.sort(stream(seed, "sample").choice(n, most, replace=False))


def _raw(view: View) -> Floats:
    return view.memo("raw", raw_columns)


def _raw_and_graph(view: View) -> Floats:
    return view.memo("raw+graph", lambda v: np.hstack([_raw(v), v.memo("graph", graph_features)]))


def _raw_and_snapml(view: View) -> Floats:
    return view.memo(
        "raw+snapml", lambda v: np.hstack([_raw(v), v.memo("snapml", snapml_features)])
    )


# -- learnt from labels ----------------------------------------------------------------------------


@dataclass
class Boosting:
    """Boosted trees: scikit-learn's HistGradientBoosting, or LightGBM, with the same settings.

    Of the negatives, ten for each positive are learnt from, or 20,000 if that is more, and the
    probabilities are put right for those left out. How many of the 400 trees are used is settled on
    the validation part, which is later than all that was learnt from.

    Parameters
    ----------
    name
        How results call it.
    features
        What it learns from.
    library
        "scikit-learn" or "lightgbm".
    """

    name: str
    features: Features = _raw
    library: str = "scikit-learn"
    seed: int = 0
    extra_packages: tuple[str, ...] = ()
    supervised: ClassVar[bool] = True
    probability: ClassVar[bool] = True
    trees: ClassVar[int] = 400
    step: ClassVar[int] = 25

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages whose versions the result depends on."""
        return ("scikit-learn", *self.extra_packages)

    def fit(self, train: LabelledView) -> None:
        """Grow the trees, and settle on validation how many of them to use."""
        kept, self._kept_share = _subsample(train.labels, self.seed)
        numbers = self.features(train)[train.asked][kept]
        self._columns = ~np.isnan(numbers).all(axis=0)  # scikit-learn cannot bin nothing
        labels = train.labels[kept]
        leaf = int(np.clip(labels.size // 200, 20, 200))
        self._model = _MODELS[self.library](self.trees, leaf, self.seed)
        with _one_thread():
            self._model.fit(numbers[:, self._columns], labels)
        self._use = self.trees
        if train.validation is not None and train.validation.labels.any():
            self._use = self._best_number(train.validation)

    def _best_number(self, later: LabelledView) -> int:
        rows, _ = _subsample(later.labels, self.seed)
        numbers = self.features(later)[later.asked][rows][:, self._columns]
        with _one_thread():
            stages = _staged(self._model, numbers, range(self.step, self.trees + 1, self.step))
            values: dict[int, float] = {
                n: average_precision(later.labels[rows], p) for n, p in stages
            }
        return max(values, key=lambda n: (values[n], -n))

    def score(self, view: View) -> Floats:
        """Return the probability of each row, as it is without the negatives left out."""
        numbers = self.features(view)[view.asked][:, self._columns]
        with _one_thread():
            p = next(p for _, p in _staged(self._model, numbers, [self._use]))
        return np.asarray(self._kept_share * p / (self._kept_share * p + 1 - p))


def _one_thread() -> Any:
    """Keep OpenMP to one thread: where cores are busy, its threads wait for one another."""
    return threadpool_limits(limits=1, user_api="openmp")


def _subsample(labels: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.int64], float]:
    """Return all positives and some negatives, and which share of the negatives that is."""
    negative = np.flatnonzero(~labels)
    n = min(negative.size, max(10 * int(labels.sum()), 20_000))
    kept = negative[_sample(negative.size, n, seed)]
    return np.sort(np.concatenate([np.flatnonzero(labels), kept])), n / max(negative.size, 1)


def _hist_gradient_boosting(trees: int, leaf: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=trees,
        max_leaf_nodes=15,
        min_samples_leaf=leaf,
        l2_regularization=10.0,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )


def _lightgbm(trees: int, leaf: int, seed: int) -> Any:
    try:
        from lightgbm import LGBMClassifier
    except ImportError as error:
        raise MissingExtraError("lightgbm", "boosting", "the method 'lightgbm-features'") from error
    return LGBMClassifier(
        learning_rate=0.05,
        n_estimators=trees,
        num_leaves=15,
        min_child_samples=leaf,
        reg_lambda=10.0,
        feature_fraction_bynode=0.5,
        deterministic=True,
        force_col_wise=True,
        n_jobs=1,
        random_state=seed,
        verbosity=-1,
    )


_MODELS: Mapping[str, Callable[[int, int, int], Any]] = MappingProxyType(
    {"scikit-learn": _hist_gradient_boosting, "lightgbm": _lightgbm}
)


def _staged(model: Any, numbers: Floats, wanted: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    """Yield the probabilities after so many trees, for each number wanted, ascending."""
    if not hasattr(model, "staged_predict_proba"):
        for n in wanted:
            yield n, model.predict_proba(numbers, num_iteration=n)[:, 1]
        return
    asked = set(wanted)
    for n, both in enumerate(model.staged_predict_proba(numbers), 1):
        if n in asked:
            yield n, both[:, 1]
        if n == max(asked):
            return


# -- evidence --------------------------------------------------------------------------------------


@dataclass
class Detectors:
    """Our detectors, weighed against chance by `EvidenceScorer`; it needs no labels.

    A finding has the score of its account, and a transaction that of its best finding. They look at
    the asked rows and a month before them.
    """

    name: str = "detectors"
    n_permutations: int = 5
    seed: int = 0
    look_back: timedelta = field(default_factory=lambda: timedelta(days=30))
    point_of_view: ClassVar[str] = "retrospective"

    def fit(self, train: LabelledView) -> None:
        """Learn nothing: the definitions are the method."""

    def score(self, view: View) -> Floats:
        """Return the score of the best finding that holds each row, or minus infinity."""
        best = self.findings(view).group_by("transaction_id").agg(pl.col("score").max())
        asked = view.asked_transactions.select("transaction_id")
        found = asked.join(best, on="transaction_id", how="left", maintain_order="left")["score"]
        return found.fill_null(-np.inf).to_numpy()

    def accounts(self, view: View) -> pl.DataFrame:
        """Return the weight of evidence of each account."""
        scores: pl.DataFrame = view.memo(self._key, self._found)[0]
        return scores

    def findings(self, view: View) -> pl.DataFrame:
        """Return the findings with their transactions."""
        findings: pl.DataFrame = view.memo(self._key, self._found)[1]
        return findings

    @property
    def _key(self) -> tuple[Any, ...]:
        return ("detectors", self.n_permutations, self.seed, self.look_back)

    def _found(self, view: View) -> tuple[pl.DataFrame, pl.DataFrame]:
        from xborder_aml.detection import default_detectors, detect
        from xborder_aml.graph import TransactionGraph
        from xborder_aml.score import EvidenceScorer

        first = view.asked_transactions["executed_at"].min()
        rows = view.transactions.filter(pl.col("executed_at") >= first - self.look_back)  # type: ignore[operator]
        graph = TransactionGraph(rows, view.accounts)
        found = detect(graph, default_detectors(graph))
        scorer = EvidenceScorer(n_permutations=self.n_permutations, seed=self.seed)
        scores = scorer.score(graph, found).select("account", "score")
        numbered = found.findings.select("finding_id", "account").with_row_index("finding")
        findings = (
            found.evidence.join(numbered, on="finding_id", maintain_order="left")
            .join(scores, on="account", how="left", maintain_order="left")
            .select(
                pl.col("finding").cast(pl.Int64), pl.col("score").fill_null(0.0), "transaction_id"
            )
        )
        return scores, findings


METHODS: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        "amount-rules": AmountRules,
        "degree-volume": DegreeVolume,
        "isolation-forest": Isolation,
        "detectors": Detectors,
        "hgb-raw": lambda: Boosting("hgb-raw", _raw),
        "hgb-features": lambda: Boosting("hgb-features", _raw_and_graph),
        "hgb-snapml": lambda: Boosting("hgb-snapml", _raw_and_snapml, extra_packages=("snapml",)),
        "lightgbm-features": lambda: Boosting(
            "lightgbm-features", _raw_and_graph, "lightgbm", extra_packages=("lightgbm",)
        ),
    }
)
"""Makers of the methods that come with the library, by name."""
