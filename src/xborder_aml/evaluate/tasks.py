"""From scores of rows to units of a task: what is counted once, and what is right about it.

- ``transaction``: each scored row.
- ``account``: each account with a scored row; illicit if one of its rows is. Its score is the best
  of its rows', unless the method scores accounts itself.
- ``case``: each labelled case, look-alikes among them, has the score of its best row; each other
  row stands for itself. A large case counts no more than a small one.
- ``instance``: each finding, and each case that none matches. A finding is right if it shares at
  least half of all transactions in either with a case (Jaccard), and is the first to.
- ``window``: each account; from the first to the last day with an alert, against the same of truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from xborder_aml.evaluate.bootstrap import Blocks
from xborder_aml.evaluate.dataset import Dataset
from xborder_aml.evaluate.view import Blind

__all__ = ["OVERLAP", "TASKS", "Truth", "Units", "Windows", "alert_components"]

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "transaction": "Which transactions are illicit?",
        "account": "Which accounts take part in something illicit?",
        "case": "Which cases are seen at all, each counted once?",
        "instance": "Which findings are a case, by overlap of evidence?",
        "window": "In which days is each account suspicious?",
    }
)
"""Tasks by name."""

OVERLAP = 0.5
_DAY = 86_400_000_000
_EMPTY = (2**61, -(2**61))  # first and last day of nothing

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """What a task counts; arrays of shape (N,).

    Parameters
    ----------
    labels, scores
        Truth, and what the method says.
    money
        Illicit money of the unit, minor units of the base currency.
    days
        Day of each unit, for a daily budget of alerts; None where units last longer.
    blocks
        What the bootstrap draws together.
    typologies
        Which units belong to each labelled typology.
    """

    labels: Bools
    scores: Floats
    money: Floats
    days: Ints | None
    blocks: Blocks
    typologies: dict[str, Bools]


@dataclass(frozen=True, eq=False)
class Windows:
    """Days of each account, shape (N,): predicted, true, and both."""

    labels: Bools
    predicted: Floats
    true: Floats
    both: Floats
    blocks: Blocks


@dataclass(frozen=True, eq=False)
class Truth:
    """The labels of a blinded ledger, shape (E,), in the order of its rows.

    Parameters
    ----------
    case, pattern
        Number of the case and of the typology, from 0; -1 for none.
    ends
        Account numbers of originator and beneficiary, shape (2, E).
    never
        Accounts that are no positive whatever their rows are, shape (V,).
    """

    illicit: Bools
    case: Ints
    pattern: Ints
    patterns: list[str]
    money: Floats
    day: Ints
    ids: Ints
    ends: Ints
    names: pl.Series
    never: Bools

    @classmethod
    def of(cls, data: Dataset, hidden: Blind) -> Truth:
        """Return the truth of a dataset in the order of its blinded rows."""
        rows = data.transactions[hidden.row]
        case = data.cases()[hidden.row]
        patterns = rows.filter("is_illicit")["label_pattern"].drop_nulls().unique().sort()
        names = pl.Series("account", sorted(hidden.account), pl.String)
        code = {name: i for i, name in enumerate(names.to_list())}
        ends = [
            hidden.transactions[side].replace_strict(code, return_dtype=pl.Int64).to_numpy()
            for side in ("originator", "beneficiary")
        ]
        innocent = data.accounts.filter(pl.col("is_illicit").eq_missing(False))["account"]
        known = set(innocent.to_list())
        return cls(
            rows["is_illicit"].to_numpy(),
            (case.rank("dense").cast(pl.Int64) - 1).fill_null(-1).to_numpy(),
            rows["label_pattern"]
            .replace_strict(
                {p: i for i, p in enumerate(patterns)}, default=-1, return_dtype=pl.Int64
            )
            .to_numpy(),
            patterns.to_list(),
            rows["base_minor"].fill_null(0).cast(pl.Float64).to_numpy(),
            rows["executed_at"].to_physical().to_numpy() // _DAY,
            hidden.transactions["transaction_id"].to_numpy(),
            np.stack(ends),
            names,
            np.array([hidden.account[name] in known for name in names.to_list()], bool),
        )

    # -- units ------------------------------------------------------------------------------------

    def transactions(self, rows: Ints, scores: Floats) -> Units:
        """Return scored rows as units."""
        labels = self.illicit[rows]
        return Units(
            labels,
            scores,
            self.money[rows] * labels,
            self.day[rows],
            _blocks(self.case[rows], self.ends[0, rows]),
            self._typologies_of(rows, np.arange(rows.size), labels),
        )

    def accounts(self, rows: Ints, scores: Floats, own: pl.DataFrame | None = None) -> Units:
        """Return the accounts of scored rows as units; `own` holds scores of accounts."""
        number, place = np.unique(self.ends[:, rows], return_inverse=True)
        place = place.reshape(2, -1)
        best = np.full(number.size, -np.inf)
        money = np.zeros(number.size)
        case = np.full(number.size, np.iinfo(np.int64).max)
        labels = np.zeros(number.size, bool)
        ill = self.illicit[rows]
        for side in place:
            np.maximum.at(best, side, scores)
            np.logical_or.at(labels, side, ill)
            np.add.at(money, side, self.money[rows] * ill)
            np.minimum.at(case, side[ill], self.case[rows][ill])
        labels &= ~self.never[number]
        if own is not None:
            best = self._own(number, own)
        return Units(
            labels,
            best,
            money * labels,
            None,
            _blocks(np.where(labels, case, -1), number),
            self._typologies_of(rows, place, labels),
        )

    def _own(self, number: Ints, own: pl.DataFrame) -> Floats:
        wanted = pl.DataFrame({"account": self.names.gather(number)})
        found = wanted.join(own, on="account", how="left", maintain_order="left")["score"]
        return found.fill_null(-np.inf).to_numpy()

    def cases(self, rows: Ints, scores: Floats) -> Units:
        """Return cases, and the rows of none, as units, in the order of their first rows.

        Budgets take the first of equal scores, so no order of units may tell cases from the rest.
        """
        single = np.arange(rows.size) + self.case.max(initial=0) + 1
        key = np.where(self.case[rows] >= 0, self.case[rows], single)
        _, first, place = np.unique(key, return_index=True, return_inverse=True)
        order = np.argsort(first)
        first, place = first[order], np.argsort(order)[place]
        best = np.full(first.size, -np.inf)
        money = np.zeros(first.size)
        labels = np.zeros(first.size, bool)
        np.maximum.at(best, place, scores)
        np.logical_or.at(labels, place, self.illicit[rows])
        np.add.at(money, place, self.money[rows] * self.illicit[rows])
        at = rows[first]
        return Units(
            labels,
            best,
            money,
            None,
            _blocks(self.case[at], self.ends[0, at]),
            self._typologies_of(rows, place, labels),
        )

    def instances(self, rows: Ints, findings: pl.DataFrame) -> Units:
        """Return findings and unmatched cases as units; columns as `methods.FINDINGS`.

        Evidence outside `rows` does not count, neither for a finding nor against it.
        """
        scored = pl.DataFrame({"transaction_id": self.ids[rows], "case": self.case[rows]})
        labelled = scored.filter(pl.Series(self.illicit[rows]))
        findings = findings.join(scored, on="transaction_id", how="semi", maintain_order="left")
        cases = labelled.group_by("case").agg(size=pl.len()).sort("case")
        scores = (
            findings.group_by("finding", maintain_order=True)
            .agg(score=pl.col("score").max(), held=pl.len())
            .sort("score", "finding", descending=[True, False])
        )
        overlaps = (
            findings.join(labelled, on="transaction_id")
            .group_by("finding", "case")
            .agg(shared=pl.len())
            .join(cases, on="case")
            .join(scores, on="finding")
            .with_columns(overlap=pl.col("shared") / (pl.col("size") + pl.col("held") - "shared"))
            .filter(pl.col("overlap") >= OVERLAP)
            .sort("score", "finding", "overlap", "case", descending=[True, False, True, False])
        )
        match = _first_come(overlaps.select("finding", "case").rows())
        matched = [match.get(f, -1) for f in scores["finding"].to_list()]
        missed = sorted(set(cases["case"].to_list()) - set(match.values()))
        case = np.array([*matched, *missed], np.int64)
        ill = rows[self.illicit[rows]]
        n_cases = int(self.case.max(initial=0)) + 1
        money = np.bincount(self.case[ill], self.money[ill], n_cases)
        hit = case >= 0
        of_case = self._typologies_of(ill, self.case[ill], np.ones(n_cases, bool))
        return Units(
            hit,
            np.concatenate([scores["score"].to_numpy(), np.full(len(missed), -np.inf)]),
            np.where(hit, money[case], 0.0),
            None,
            _blocks(case, np.arange(case.size)),
            {name: hit & member[case] for name, member in of_case.items()},
        )

    def windows(self, rows: Ints, alerts: Bools) -> Windows:
        """Return the days of accounts, from first to last: alerted, illicit, and both."""
        number, place = np.unique(self.ends[:, rows], return_inverse=True)
        place = place.reshape(2, -1)
        ill, day = self.illicit[rows], self.day[rows]
        a, b = _first_and_last(number.size, place, day, alerts)
        c, d = _first_and_last(number.size, place, day, ill)
        never = self.never[number]
        c[never], d[never] = _EMPTY
        labels = c <= d
        case = np.full(number.size, np.iinfo(np.int64).max)
        for side in place:
            np.minimum.at(case, side[ill], self.case[rows][ill])
        said, true, both = (
            np.maximum(days, 0).astype(float)
            for days in (b - a + 1, d - c + 1, np.minimum(b, d) - np.maximum(a, c) + 1)
        )
        return Windows(labels, said, true, both, _blocks(np.where(labels, case, -1), number))

    def _typologies_of(self, rows: Ints, place: Ints, labels: Bools) -> dict[str, Bools]:
        """Return which units have an illicit row of each typology.

        Parameters
        ----------
        place
            Units that each row belongs to, shape (number of rows,) or (2, number of rows).
        labels
            Which units are positive.
        """
        named = {}
        for code, name in enumerate(self.patterns):
            member = np.zeros(labels.size, bool)
            member[place[..., self.illicit[rows] & (self.pattern[rows] == code)]] = True
            named[name] = member & labels
        return {name: member for name, member in named.items() if member.any()}


def _first_and_last(n: int, place: Ints, day: Ints, marked: Bools) -> tuple[Ints, Ints]:
    """Return the first and last day of each account's marked rows."""
    first, last = (np.full(n, v) for v in _EMPTY)
    for side in place:
        np.minimum.at(first, side[marked], day[marked])
        np.maximum.at(last, side[marked], day[marked])
    return first, last


def alert_components(truth: Truth, rows: Ints, scores: Floats, alerts: Bools) -> pl.DataFrame:
    """Join alerted rows that share accounts into findings, whose score is their best row's."""
    at = rows[alerts]
    n = truth.names.len()
    graph = coo_matrix((np.ones(at.size, np.int8), (truth.ends[0, at], truth.ends[1, at])), (n, n))
    _, label = connected_components(graph, directed=False)
    table = pl.DataFrame(
        {
            "finding": label[truth.ends[0, at]].astype(np.int64),
            "row_score": scores[alerts],
            "transaction_id": truth.ids[at],
        }
    )
    return table.with_columns(score=pl.col("row_score").max().over("finding"))


def _first_come(pairs: list[tuple[int, int]]) -> dict[int, int]:
    """Match findings with cases, each once, in the order given."""
    match: dict[int, int] = {}
    taken: set[int] = set()
    for finding, case in pairs:
        if finding not in match and case not in taken:
            match[finding] = case
            taken.add(case)
    return match


def _blocks(case: Ints, other: Ints) -> Blocks:
    """Return numbers of the cases, and of what stands for the units of none."""
    is_case = case >= 0
    code = np.empty(case.size, np.int64)
    cases, code[is_case] = np.unique(case[is_case], return_inverse=True)
    others, rest = np.unique(other[~is_case], return_inverse=True)
    code[~is_case] = rest + cases.size
    return Blocks(code, int(cases.size), int(others.size))
