"""Every number of every task once more, from the rows, in plain Python and scikit-learn."""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from xborder_aml.errors import DataError
from xborder_aml.evaluate import Dataset, folds, leaderboard, run
from xborder_aml.evaluate.split import TEST, VALIDATION
from xborder_aml.evaluate.tasks import Truth
from xborder_aml.evaluate.view import blind

PER_DAY = 2
TASKS = ("transaction", "account", "case", "instance", "window")


def guess(executed_at, base_minor, is_illicit):
    """Return a score of a row by what stands in it: noise, and some of the truth."""
    noise = zlib.crc32(f"{executed_at.isoformat()}|{base_minor}".encode()) / 2**32
    return 0.7 * noise + 0.3 * is_illicit


@dataclass
class Guess:
    """Scores rows by `guess`; it knows labels from outside, which a view does not show."""

    bad: set
    name: str = "guess"

    def fit(self, train):
        pass

    def score(self, view):
        rows = view.asked_transactions.select("executed_at", "base_minor").rows()
        return np.array([guess(*row, row in self.bad) for row in rows])


@pytest.fixture(scope="module")
def bad(data):
    return set(data.transactions.filter("is_illicit").select("executed_at", "base_minor").rows())


@pytest.fixture(scope="module")
def told(data, bad):
    made = run([data], [Guess(bad)], tasks=TASKS, draws=0, checks=False, alerts_per_day=PER_DAY)
    return {r["task"]: r for r in made.of("result")}


@pytest.fixture(scope="module")
def parts(data, bad):
    """Return the rows of validation and test as dictionaries."""
    [fold] = folds(data, "rows-60-20-20", _embargo(data))
    rows = data.transactions.with_columns(case=data.cases(), part=pl.Series(fold.parts))
    out = []
    for part in (VALIDATION, TEST):
        mine = rows.filter(pl.col("part") == part).rows(named=True)
        for r in mine:
            r["score"] = guess(
                r["executed_at"],
                r["base_minor"],
                (r["executed_at"], r["base_minor"]) in bad,
            )
            r["day"] = r["executed_at"].date()
        out.append(mine)
    assert all(any(r["is_illicit"] for r in mine) for mine in out)
    return out


def _embargo(data):
    from xborder_aml.evaluate import Plan

    return Plan().embargo_for(data)


def best_cut(units):
    """Return the threshold with the largest F1."""
    y = [u["label"] for u in units]
    cuts = sorted({u["score"] for u in units if u["score"] > -np.inf}, reverse=True)
    return max(cuts, key=lambda t: sk.f1_score(y, [u["score"] >= t for u in units]))


def of_accounts(rows):
    units = defaultdict(lambda: {"label": False, "score": -np.inf, "money": 0})
    for r in rows:
        for side in ("originator", "beneficiary"):
            unit = units[r[side]]
            unit["label"] |= r["is_illicit"]
            unit["score"] = max(unit["score"], r["score"])
            unit["money"] += (r["base_minor"] or 0) * r["is_illicit"]
    return list(units.values())


def of_cases(rows):
    units = defaultdict(lambda: {"label": False, "score": -np.inf, "money": 0})
    for i, r in enumerate(rows):
        unit = units[r["case"] or i]
        unit["label"] |= r["is_illicit"]
        unit["score"] = max(unit["score"], r["score"])
        unit["money"] += (r["base_minor"] or 0) * r["is_illicit"]
    return list(units.values())


def of_transactions(rows):
    return [
        {
            "label": r["is_illicit"],
            "score": r["score"],
            "money": (r["base_minor"] or 0) * r["is_illicit"],
            "day": r["day"],
        }
        for r in rows
    ]


def of_instances(rows, threshold):
    """Join alerts that share accounts, and match them with cases, best first."""
    group = {}
    found = defaultdict(list)
    alerted = [r for r in rows if r["score"] >= threshold]
    for r in alerted:
        for account in (r["originator"], r["beneficiary"]):
            group.setdefault(account, account)
    changed = True
    while changed:
        changed = False
        for r in alerted:
            a, b = group[r["originator"]], group[r["beneficiary"]]
            if a != b:
                group[r["originator"]] = group[r["beneficiary"]] = min(a, b)
                changed = True
    for r in alerted:
        found[group[r["originator"]]].append(r)
    cases = defaultdict(list)
    for r in rows:
        if r["is_illicit"]:
            cases[r["case"]].append(r)
    open_cases, units = dict(cases), []
    for members in sorted(found.values(), key=lambda m: -max(r["score"] for r in m)):
        ids = {r["transaction_id"] for r in members}
        fits = {}
        for name, theirs in open_cases.items():
            other = {r["transaction_id"] for r in theirs}
            fits[name] = len(ids & other) / len(ids | other)
        best = max(fits, key=fits.get, default=None)
        hit = best is not None and fits[best] >= 0.5
        money = sum(r["base_minor"] or 0 for r in open_cases.pop(best)) if hit else 0
        units.append({"label": hit, "score": max(r["score"] for r in members), "money": money})
    for theirs in open_cases.values():
        money = sum(r["base_minor"] or 0 for r in theirs)
        units.append({"label": True, "score": -np.inf, "money": money})
    return units


def named_first(units, n):
    best = sorted(range(len(units)), key=lambda i: -units[i]["score"])[:n]
    return {i for i in best if units[i]["score"] > -np.inf}


def expected(units, cut, n_days):
    """Return the metrics of units, whose scores are all different."""
    y = np.array([u["label"] for u in units])
    s = np.array([u["score"] for u in units])
    if "day" in units[0]:
        budget = set()
        for day in {u["day"] for u in units}:
            mine = [i for i, u in enumerate(units) if u["day"] == day]
            budget |= set(sorted(mine, key=lambda i: -s[i])[:PER_DAY])
    else:
        budget = named_first(units, PER_DAY * n_days)
    in_budget = np.isin(np.arange(y.size), list(budget))
    money = np.array([u["money"] for u in units], float)
    cuts = [t for t in sorted(set(s)) if t > -np.inf]
    allowed = [t for t in cuts if ((s >= t) & ~y).sum() <= 0.01 * (~y).sum()]
    few = s >= min(allowed) if allowed else np.zeros(y.size, bool)
    # what is not named is found by nobody: it adds to the positives and to no rank
    named = s > -np.inf
    ap = sk.average_precision_score(y[named], s[named]) if y[named].any() else 0.0
    return {
        "average_precision": ap * y[named].sum() / y.sum(),
        "f1_at_validation": sk.f1_score(y, s >= cut),
        "precision_at_budget": sk.precision_score(y, in_budget),
        "recall_at_budget": sk.recall_score(y, in_budget),
        "money_at_budget": money[in_budget].sum() / money.sum() if money.sum() else None,
        "recall_at_fpr": sk.recall_score(y, few),
    }


@pytest.mark.parametrize("task", ["transaction", "account", "case", "instance"])
def test_the_metrics_of_a_ranking_are_those_by_hand(told, parts, task):
    row_cut = best_cut(of_transactions(parts[0]))
    make = {
        "transaction": of_transactions,
        "account": of_accounts,
        "case": of_cases,
        "instance": lambda rows: of_instances(rows, row_cut),
    }[task]
    earlier, units = (make(rows) for rows in parts)
    n_days = len({r["day"] for r in parts[1]})
    want = expected(units, best_cut(earlier), n_days)
    assert (told[task]["n"], told[task]["n_positive"]) == (
        len(units),
        sum(u["label"] for u in units),
    )
    got = {name: m["value"] for name, m in told[task]["metrics"].items()}
    assert set(got) == set(want)
    for name, value in want.items():
        assert got[name] == pytest.approx(value, abs=1e-6), name


def test_the_windows_of_accounts_are_those_by_hand(told, parts):
    cut = best_cut(of_transactions(parts[0]))
    alerted, true = defaultdict(list), defaultdict(list)
    for r in parts[1]:
        for side in ("originator", "beneficiary"):
            if r["score"] >= cut:
                alerted[r[side]].append(r["day"])
            if r["is_illicit"]:
                true[r[side]].append(r["day"])

    def days(of):
        return set(range(min(of).toordinal(), max(of).toordinal() + 1)) if of else set()

    accounts = alerted.keys() | true.keys()
    both = {a: len(days(alerted[a]) & days(true[a])) for a in accounts}
    either = {a: len(days(alerted[a]) | days(true[a])) for a in accounts}
    ill = [a for a in accounts if true[a]]
    want = {
        "window_overlap": np.mean([both[a] / either[a] for a in ill]),
        "window_precision": sum(both.values()) / sum(len(days(alerted[a])) for a in accounts),
        "window_recall": sum(both.values()) / sum(len(days(true[a])) for a in accounts),
    }
    got = {name: m["value"] for name, m in told["window"]["metrics"].items()}
    assert got == {name: pytest.approx(value, abs=1e-6) for name, value in want.items()}


# -- what once was wrong -------------------------------------------------------------------------


@dataclass
class Same:
    """Finds every row the same."""

    name: str = "same"

    def fit(self, train):
        pass

    def score(self, view):
        return np.zeros(view.asked.sum())


def test_who_tells_nothing_apart_fills_no_budget_with_cases(data):
    """Cases once stood before all other rows, and so were the first of equal scores."""
    truth = Truth.of(data, blind(data))
    rows = np.arange(truth.ids.size)
    units = truth.cases(rows, np.zeros(rows.size))
    first = np.array([rows[truth.case == c].min() for c in range(truth.case.max() + 1)])
    alone = rows[truth.case < 0]
    order = np.argsort(np.concatenate([first, alone]))
    positive = np.array([truth.illicit[truth.case == c].any() for c in range(first.size)])
    want = np.concatenate([positive, np.zeros(alone.size, bool)])[order]
    assert units.labels.tolist() == want.tolist()


@dataclass
class Everything(Same):
    """Names one finding that holds all rows that it is asked for."""

    name: str = "everything"

    def findings(self, view):
        ids = view.asked_transactions["transaction_id"]
        return pl.DataFrame({"finding": ids, "score": pl.Series([1.0] * len(ids)),
                             "transaction_id": ids})  # fmt: skip


def test_findings_in_the_tail_do_not_count_without_it(data):
    last = data.transactions["executed_at"].max()
    tail = (
        data.transactions.filter("is_illicit")
        .head(2)
        .with_columns(
            transaction_id=pl.col("transaction_id") + 10**6,
            executed_at=pl.lit(last).dt.offset_by("3d").cast(pl.Datetime("us", "UTC")),
            label_case=pl.lit("tail"),
        )
    )
    made = run(
        [Dataset("longer", pl.concat([data.transactions, tail]))],
        [Everything()],
        tasks=("instance", "transaction"),
        variants=("full", "no-tail"),
        draws=0,
        checks=False,
    )
    n = {(r["task"], r["variant"]): r["n"] for r in made.of("result")}
    assert n["transaction", "full"] - n["transaction", "no-tail"] == tail.height
    assert n["instance", "full"] - n["instance", "no-tail"] > 0


@dataclass
class OwnAccounts(Same):
    """Scores accounts by a table of its own."""

    name: str = "own-accounts"
    rows: tuple = (("A1", 1.0), ("A1", 2.0))

    def accounts(self, view):
        return pl.DataFrame(self.rows, schema=["account", "score"], orient="row")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ((("A1", 1.0), ("A1", 2.0)), "more than once, such as 'A1'"),
        ((("A1", float("nan")),), "scores of accounts that are not a number"),
        ((("A1", float("inf")),), "or infinite"),
    ],
)
def test_scores_of_accounts_that_are_none_are_refused(data, rows, told):
    with pytest.raises(DataError, match=told):
        run([data], [OwnAccounts(rows=rows)], draws=0, checks=False)


def test_a_board_of_findings_counts_cases_and_has_no_chance(data, bad):
    made = run([data], [Guess(bad), Same()], tasks=("instance",), draws=0, checks=False)
    [board] = leaderboard(made)
    assert board.base_rate is None
    assert board.counted == f"{board.n_positive:,} cases"
    assert {r["n_positive"] for r in made.of("result")} == {board.n_positive}
