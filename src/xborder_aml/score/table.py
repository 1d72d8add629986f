"""The table of scores: one row an account, with reasons that can be recomputed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.schema import ACCOUNT_SCORES, CURRENCY
from xborder_aml.score.attribution import account_rows, attributions, roles_of
from xborder_aml.score.significance import harmonic_mean_p

__all__ = ["Weighed", "score_table"]


class Weighed(NamedTuple):
    """What each pattern says of each account; arrays of shape (P, V), money in minor units."""

    patterns: list[str]
    seen: NDArray[np.float64]  # in evidence, without standing and returned payments
    standing: NDArray[np.float64]  # those in evidence
    expected: NDArray[np.float64]  # what chance shows
    p_values: NDArray[np.float64]


def score_table(graph: TransactionGraph, findings: Findings, weighed: Weighed) -> pl.DataFrame:
    """Return schema.ACCOUNT_SCORES: scores, ranks, roles and reasons."""
    n = graph.n_accounts
    best = np.maximum(0.0, weighed.seen - weighed.expected).max(axis=0, initial=0.0)
    p = harmonic_mean_p(weighed.p_values)
    weight = -np.log10(p) + 0.0  # no negative zero
    units = best / 10 ** minor_digits(graph.base_currency)
    score = np.round(weight * np.log10(1 + units), 6)
    about = attributions(findings.findings, findings, graph)
    roles = roles_of(account_rows(about, findings, graph))
    reasons = _reasons(graph, about, weighed)
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
    weighed: Weighed,
) -> pl.DataFrame:
    """Return, by account, its patterns with a sentence each, most telling first."""
    counts = about.group_by("account", "pattern").agg(
        n=pl.len(), ids=pl.col("finding_id").unique().sort()
    )
    money = _by_pattern(graph, weighed)
    rows = counts.join(money, on=["account", "pattern"], how="inner").sort(
        "account", "p", "seen", "pattern", descending=[False, False, True, False]
    )
    sentence = _sentence(graph.base_currency)
    rows = rows.with_columns(
        pl.Series(
            "reason",
            [
                sentence(*r)
                for r in rows.select("pattern", "n", "seen", "standing", "expected", "p").rows()
            ],
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


def _by_pattern(graph: TransactionGraph, weighed: Weighed) -> pl.DataFrame:
    """Return one row an account and pattern, with its money and p-value."""
    n, v = weighed.p_values.shape

    def whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.round(values).astype(np.int64).ravel()

    return pl.DataFrame(
        {
            "account": graph.account_names.gather(np.tile(np.arange(v), n)),
            "pattern": pl.Series(weighed.patterns, dtype=pl.String).gather(
                np.repeat(np.arange(n), v)
            ),
            "seen": whole(weighed.seen),
            "standing": whole(weighed.standing),
            "expected": whole(weighed.expected),
            "p": weighed.p_values.ravel(),
        }
    )


def _sentence(currency: str) -> Callable[[str, int, int, int, int, float], str]:
    unit = 10 ** minor_digits(currency)

    def money(minor: int) -> str:
        return f"{currency} {minor / unit:,.0f}"

    def sentence(pattern: str, n: int, seen: int, standing: int, expected: int, p: float) -> str:
        found = "1 finding" if n == 1 else f"{n:,} findings"
        besides = (
            f", besides {money(standing)} in standing payments and returns," if standing else ""
        )
        return (
            f"{pattern}: {found}, {money(seen)} in evidence{besides} where chance shows "
            f"{money(expected)} (p = {p:.2g})"
        )

    return sentence
