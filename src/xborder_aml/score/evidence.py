"""`EvidenceScorer`: how much more money an account shows in patterns than chance would.

For an account a and a pattern p, S(a, p) is the base money of a's distinct evidence transactions in
findings about it (`xborder_aml.score.attribution`).
The detectors run again, with the same parameters, on ledgers whose times and amounts are permuted
(`xborder_aml.score.null`); N_b(a, p) is the same money on permutation b of B.

- Expected money E(a, p) is the mean of N_b, drawn a little towards the share of turnover that
  accounts of like activity show (weight of one permutation).
- Excess X = max(0, S - E): the part that chance does not explain.
- z = (S - E) / (turnover * sd), where sd is the account's own spread over permutations, drawn
  towards that of accounts of like activity (a moderated variance, since B is small).
- p(a, p) is the share of null z, pooled over accounts of like activity and over permutations (each
  against the other permutations), that reach z. It is never below what the smallest stratum can
  resolve, so that a p-value does not reward membership in a large stratum.
- p(a) is the harmonic mean of p(a, p) over the patterns: it holds under dependence, and it lets
  the best single pattern speak; patterns that say nothing take little away. Nothing is summed.
- weight = -log10 p(a), in bans; score = weight * log10(1 + excess money in whole units), the excess
  of the pattern that shows most. Rank follows score, then excess, then the account's name.

A score orders the work of people. It is not a probability of guilt, and no accuracy is claimed for
it beyond what ``xborder-aml demo`` and the benchmarks print.

References
----------
Good, Probability and the Weighing of Evidence (1950), chapter 6 (weight of evidence in bans).
Tusher, Tibshirani, Chu, PNAS 98(9) (2001) 5116-5121 (statistics pooled over permutations).
Smyth, Stat. Appl. Genet. Mol. Biol. 3(1) (2004) art. 3 (moderated variance).
Wilson, PNAS 116(4) (2019) 1195-1200 (harmonic mean p-value).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detection import Progress, find
from xborder_aml.detectors import detector_of
from xborder_aml.detectors._spec import Detector
from xborder_aml.errors import DataError, ParameterError
from xborder_aml.executors import Executor
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.kernels.output import Output, make_output
from xborder_aml.schema import ACCOUNT_SCORES, CURRENCY
from xborder_aml.score.attribution import account_rows, attributions, roles_of
from xborder_aml.score.null import permuted

__all__ = ["EvidenceScorer"]

_TOWARDS_STRATUM = 1.0  # permutations that the stratum's mean counts for
_SPREAD_PRIOR = 4.0  # degrees of freedom that the stratum's spread counts for
_MIN_STRATUM = 50  # accounts; fewer are joined to the next less active ones
_FLOOR_OF_SD = 1e-6  # of turnover: keeps z finite where permutations never differ


@dataclass(frozen=True, slots=True)
class EvidenceScorer:
    """Score accounts by their findings, weighed against a permutation null.

    Parameters
    ----------
    n_permutations
        Permuted ledgers B; the cost is B times that of detection. 9 already resolves p of about
        1 / (9 * 50); use 99 for a referral that will be argued about.
    seed
        Which permutations. Equal seeds give equal scores.
    """

    n_permutations: int = 9
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.n_permutations < 3:
            raise ParameterError(
                f"n_permutations={self.n_permutations} must be at least 3: a spread is estimated"
            )
        if self.seed < 0:
            raise ParameterError(f"seed={self.seed} must not be negative")

    def score(
        self,
        graph: TransactionGraph,
        findings: Findings,
        *,
        executor: Executor | int | None = None,
        progress: Progress | None = None,
    ) -> pl.DataFrame:
        """Return the score of every account of the graph (schema.ACCOUNT_SCORES), ranked.

        Parameters
        ----------
        findings
            What `detect` found on this graph; their parameters are used on the permuted ledgers.
        executor
            As in `detect`; the result is the same.
        progress
            Called with ("null", permutations done, permutations).
        """
        patterns = list(findings.parameters)
        turnover = _turnover(graph)
        strata = _strata(graph)
        seen = {p: _money(graph, _as_raw(graph, findings.of(p)), detector_of(p)) for p in patterns}
        null = self._null(graph, findings, executor, progress)
        p_values = np.ones((len(patterns), graph.n_accounts))
        excess = np.zeros((len(patterns), graph.n_accounts))
        expected = np.zeros((len(patterns), graph.n_accounts))
        for i, pattern in enumerate(patterns):
            p_values[i], expected[i] = _against_null(seen[pattern], null[pattern], turnover, strata)
            excess[i] = np.maximum(0.0, seen[pattern] - expected[i])
        return _table(graph, findings, patterns, seen, expected, excess, p_values)

    def _null(
        self,
        graph: TransactionGraph,
        findings: Findings,
        executor: Executor | int | None,
        progress: Progress | None,
    ) -> dict[str, NDArray[np.float64]]:
        """Return the evidence money of each pattern, shape (B, V), on permuted ledgers."""
        out = {p: np.zeros((self.n_permutations, graph.n_accounts)) for p in findings.parameters}
        for b in range(self.n_permutations):
            null = permuted(graph, self.seed * 10_007 + b)
            for pattern, values in findings.parameters.items():
                detector = detector_of(pattern)
                raw = find(null, detector, detector.params.from_dict(values), executor=executor)
                out[pattern][b] = _money(null, raw, detector)
            if progress is not None:
                progress("null", b + 1, self.n_permutations)
        return out


def _turnover(graph: TransactionGraph) -> NDArray[np.float64]:
    e = graph.edges
    base = np.maximum(e.base, 0).astype(np.float64)
    n = graph.n_accounts
    return _sums(e.originator, base, n) + _sums(e.beneficiary, base, n)


def _sums(
    keys: NDArray[np.integer[Any]], values: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Return the sum of `values` by key, shape (n,), added in row order."""
    out: NDArray[np.float64] = np.bincount(keys, values, n).astype(np.float64)
    return out


def _strata(graph: TransactionGraph) -> NDArray[np.int64]:
    """Return the stratum of each account: doublings of its number of transactions.

    Where fewer than `_MIN_STRATUM` accounts are as active, they join the next less active ones,
    and the least active, if too few, the next more active: the smallest stratum bounds every
    p-value.
    """
    e = graph.edges
    n = np.diff(e.out_ptr) + np.diff(e.in_ptr)
    level: NDArray[np.int64] = np.frexp(np.maximum(n, 1))[1].astype(np.int64) - 1
    sizes = np.bincount(level, minlength=1)
    for i in range(sizes.size - 1, 0, -1):
        if sizes[i] < _MIN_STRATUM:
            level[level == i] = i - 1
            sizes[i - 1] += sizes[i]
            sizes[i] = 0
    rest = np.flatnonzero(sizes)
    if rest.size > 1 and sizes[rest[0]] < _MIN_STRATUM:  # the least active have none below them
        level[level == rest[0]] = rest[1]
    return level


def _money(graph: TransactionGraph, raw: Output, detector: Detector) -> NDArray[np.float64]:
    """Return each account's money in evidence about it, a transaction counted once.

    Where a transaction stands in several findings about an account, the largest part that one of
    them uses counts.
    """
    e = graph.edges
    if detector.unit == "account":
        accounts = np.repeat(raw.account, np.diff(raw.end, prepend=0))
        rows, amounts = raw.row, raw.amount
    else:
        accounts = np.concatenate([e.originator[raw.row], e.beneficiary[raw.row]])
        rows, amounts = np.tile(raw.row, 2), np.tile(raw.amount, 2)
    order = np.lexsort((-amounts, rows, accounts))
    accounts, rows, amounts = accounts[order], rows[order], amounts[order]
    first = np.ones(rows.size, bool)
    first[1:] = (rows[1:] != rows[:-1]) | (accounts[1:] != accounts[:-1])
    known = np.maximum(amounts[first], 0).astype(np.float64)
    return _sums(accounts[first], known, graph.n_accounts)


def _as_raw(graph: TransactionGraph, findings: Findings) -> Output:
    """Return findings as the arrays that `_money` reads.

    Raises
    ------
    DataError
        If the findings are of another graph.
    """
    order = np.argsort(graph.transaction_ids)
    ids = findings.evidence["transaction_id"].to_numpy()
    foreign = ids[~np.isin(ids, graph.transaction_ids)]
    if foreign.size:
        raise DataError(
            f"{foreign.size} evidence rows name transactions that the graph does not have, such as "
            f"{foreign[0]}; score findings on the graph that they were found on"
        )
    codes = pl.DataFrame({"account": graph.account_names}).with_row_index("code")
    account = findings.findings.select("account").join(
        codes, on="account", how="left", maintain_order="left"
    )["code"]
    out = make_output(len(findings), ids.size, 0)
    out.account[:] = account.to_numpy()
    out.end[:] = np.cumsum(findings.findings["n_transactions"].to_numpy())
    out.row[:] = order[np.searchsorted(graph.transaction_ids[order], ids)]
    out.amount[:] = findings.evidence["amount_minor"].fill_null(-1).to_numpy()
    return out


def _shares_of_stratum(
    values: NDArray[np.float64], turnover: NDArray[np.float64], strata: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return, for each account, its stratum's sum of `values` over its sum of turnover."""
    top = _sums(strata, values, 0)
    bottom = _sums(strata, turnover, 0)
    return np.divide(top, bottom, out=np.zeros(top.size), where=bottom > 0)[strata]


def _z(
    money: NDArray[np.float64],
    others: NDArray[np.float64],
    turnover: NDArray[np.float64],
    strata: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return z of `money` (V,) against permutations `others` (B, V), and the expected money."""
    n = others.shape[0]
    mean = others.mean(axis=0)
    prior = _shares_of_stratum(mean, turnover, strata) * turnover
    expected = (n * mean + _TOWARDS_STRATUM * prior) / (n + _TOWARDS_STRATUM)
    unit = np.where(turnover > 0, turnover, 1.0)
    squares = (((others - mean) / unit) ** 2).sum(axis=0)
    of_stratum = np.bincount(strata, squares) / np.maximum(np.bincount(strata) * (n - 1), 1)
    variance = (squares + _SPREAD_PRIOR * of_stratum[strata]) / (n - 1 + _SPREAD_PRIOR)
    sd = np.sqrt(variance) + _FLOOR_OF_SD
    return (money - expected) / (unit * sd), expected


def _against_null(
    money: NDArray[np.float64],
    null: NDArray[np.float64],
    turnover: NDArray[np.float64],
    strata: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the p-value and the expected money of each account, for one pattern."""
    b = null.shape[0]
    z, expected = _z(money, null, turnover, strata)
    null_z = np.stack(
        [_z(null[i], np.delete(null, i, axis=0), turnover, strata)[0] for i in range(b)]
    )
    p = np.ones(money.size)
    floor = 0.0
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        pool = np.sort(null_z[:, members], axis=None)
        reached = pool.size - np.searchsorted(pool, z[members], side="left")
        p[members] = (1 + reached) / (1 + pool.size)
        floor = max(floor, 1 / (1 + pool.size))
    p = np.maximum(p, floor)
    return np.where(money > 0, p, 1.0), expected


def _table(
    graph: TransactionGraph,
    findings: Findings,
    patterns: list[str],
    seen: dict[str, NDArray[np.float64]],
    expected: NDArray[np.float64],
    excess: NDArray[np.float64],
    p_values: NDArray[np.float64],
) -> pl.DataFrame:
    n = graph.n_accounts
    best = excess.max(axis=0, initial=0.0)
    p = np.minimum(1.0, len(patterns) / (1 / p_values).sum(axis=0)) if patterns else np.ones(n)
    weight = -np.log10(p) + 0.0  # no negative zero
    units = best / 10 ** minor_digits(graph.base_currency)
    score = np.round(weight * np.log10(1 + units), 6)
    about = attributions(findings.findings)
    roles = roles_of(account_rows(about, findings, graph))
    reasons = _reasons(graph, about, patterns, seen, expected, p_values)
    e = graph.edges
    base = np.maximum(e.base, 0)
    own = graph.accounts.select("account", "holder", "jurisdiction").with_columns(
        pl.coalesce("jurisdiction", _jurisdiction_seen(graph)).alias("jurisdiction"),
        score=score,
        weight=np.round(weight, 6),
        p_value=p,
        evidence_minor=np.round(best).astype(np.int64),
        n_transactions=np.diff(e.out_ptr) + np.diff(e.in_ptr),
        received_minor=_int_sums(e.beneficiary, base, n),
        sent_minor=_int_sums(e.originator, base, n),
        base_currency=pl.lit(graph.base_currency, CURRENCY),
    )
    out = (
        own.join(reasons, on="account", how="left", maintain_order="left")
        .join(roles, on="account", how="left", maintain_order="left")
        .with_columns(
            pl.col("reasons", "patterns", "finding_ids").fill_null(pl.lit([], pl.List(pl.String))),
            pl.col("pattern_p_values").fill_null(pl.lit([], pl.List(pl.Float64))),
            pl.col("n_findings", "at_stake_minor").fill_null(0),
        )
        .sort("score", "evidence_minor", "account", descending=[True, True, False])
        .with_row_index("rank", offset=1)
    )
    return ACCOUNT_SCORES.conform(out)


def _int_sums(keys: NDArray[np.int32], values: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return exact Int64 sums by key (a bincount with weights sums floats)."""
    out = np.zeros(n, np.int64)
    np.add.at(out, keys, values)
    return out


def _jurisdiction_seen(graph: TransactionGraph) -> pl.Series:
    """Return where the transactions say that each account is held: the first by code, or null."""
    parts = [
        graph.transactions.select(
            account=pl.col(side), seen=pl.col(f"{side}_jurisdiction")
        ).drop_nulls()
        for side in ("originator", "beneficiary")
    ]
    seen = pl.concat(parts).group_by("account").agg(pl.col("seen").min())
    return graph.accounts.select("account").join(
        seen, on="account", how="left", maintain_order="left"
    )["seen"]


def _reasons(
    graph: TransactionGraph,
    about: pl.DataFrame,
    patterns: list[str],
    seen: dict[str, NDArray[np.float64]],
    expected: NDArray[np.float64],
    p_values: NDArray[np.float64],
) -> pl.DataFrame:
    """Return, by account, its patterns with a sentence each, most telling first."""
    counts = about.group_by("account", "pattern").agg(
        n=pl.len(), ids=pl.col("finding_id").unique().sort()
    )
    names = graph.account_names
    money = pl.concat(
        [
            pl.DataFrame(
                {
                    "account": names,
                    "pattern": [pattern] * names.len(),
                    "seen": np.round(seen[pattern]).astype(np.int64),
                    "expected": np.round(expected[i]).astype(np.int64),
                    "p": p_values[i],
                },
                schema_overrides={"pattern": pl.String},
            )
            for i, pattern in enumerate(patterns)
        ]
        or [
            pl.DataFrame(
                schema={
                    "account": pl.String,
                    "pattern": pl.String,
                    "seen": pl.Int64,
                    "expected": pl.Int64,
                    "p": pl.Float64,
                }
            )
        ]
    )
    rows = counts.join(money, on=["account", "pattern"], how="inner").sort(
        "account", "p", "seen", "pattern", descending=[False, False, True, False]
    )
    sentence = _sentence(graph.base_currency)
    rows = rows.with_columns(
        pl.Series(
            "reason",
            [sentence(*r) for r in rows.select("pattern", "n", "seen", "expected", "p").rows()],
            pl.String,
        )
    )
    return rows.group_by("account", maintain_order=True).agg(
        reasons="reason",
        patterns="pattern",
        pattern_p_values="p",
        finding_ids=pl.col("ids").explode().unique(maintain_order=True),
        n_findings=pl.col("n").sum().cast(pl.Int64),
    )


def _sentence(currency: str) -> Callable[[str, int, int, int, float], str]:
    unit = 10 ** minor_digits(currency)

    def sentence(pattern: str, n: int, seen: int, expected: int, p: float) -> str:
        found = "1 finding" if n == 1 else f"{n:,} findings"
        return (
            f"{pattern}: {found}, {currency} {seen / unit:,.0f} in evidence where chance shows "
            f"{currency} {expected / unit:,.0f} (p = {p:.2g})"
        )

    return sentence
