"""What was found of what was planted."""

from __future__ import annotations

import polars as pl

from xborder_aml.errors import SchemaError
from xborder_aml.findings import Findings
from xborder_aml.synth.demo import DemoLedger

__all__ = ["ASSESSMENT", "FLAGGED_SHARE", "FOUND_SHARE", "evaluate_demo"]

FOUND_SHARE = 0.8
"""Least share of a planted case's transactions that one finding of its pattern must hold."""
FLAGGED_SHARE = 0.5
"""The same for a look-alike, where a false alarm about half of it is one already."""

ASSESSMENT = {
    "pattern": "Name of the detector; the last row is all of them.",
    "planted": "Planted cases.",
    "found": "Planted cases of which one finding of the pattern holds at least 80 percent.",
    "exact": "Planted cases that are the evidence of one finding, no more and no less.",
    "look_alikes": "Innocent cases that have the pattern's shape.",
    "flagged": "Look-alikes of which one finding of the pattern holds at least half.",
    "findings": "Findings of the pattern.",
    "elsewhere": "Findings that hold no transaction of any case.",
    "principals": "Accounts with two or more transactions of a planted case of the pattern.",
    "precision": "Share of them among as many accounts from the top of the ranking.",
    "average_precision": "Mean over them of the share of principals down to each one's rank.",
}
"""Columns of the assessment and their meaning."""

_ALL = "all"
_COUNTS = ("planted", "found", "exact", "look_alikes", "flagged", "findings", "elsewhere")


def evaluate_demo(
    demo: DemoLedger, findings: Findings, scores: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return, by pattern, what was found of what was planted, and what else was.

    In a pattern's row the ranking leaves out the other accounts of planted cases, those of other
    patterns and those with one transaction: to rank them high is no mistake, and to rank them low
    none either. Principals that the ranking lacks count as never reached.

    Parameters
    ----------
    findings
        What `detect` found in the ledger.
    scores
        Ranked accounts (`xborder_aml.schema.ACCOUNT_SCORES`: ``account`` and ``rank``); without
        them the last two columns are null.

    Returns
    -------
    pl.DataFrame
        Columns as `ASSESSMENT` declares them.

    Raises
    ------
    SchemaError
        If the scores have no ``account`` or no ``rank``.
    """
    if scores is not None and not {"account", "rank"} <= set(scores.columns):
        raise SchemaError(
            "scores must have the columns 'account' and 'rank'; there are "
            f"{', '.join(scores.columns)}"
        )
    cases = _cases(demo.planted, findings)
    seen = _findings(demo.planted, findings)
    names = [*dict.fromkeys([*demo.planted["pattern"], *findings.parameters])]
    by_pattern = (
        pl.DataFrame({"pattern": names}, schema={"pattern": pl.String})
        .join(cases, on="pattern", how="left", maintain_order="left")
        .join(seen, on="pattern", how="left", maintain_order="left")
        .with_columns(pl.col(_COUNTS).fill_null(0).cast(pl.Int64))
    )
    total = by_pattern.select(pl.lit(_ALL).alias("pattern"), pl.col(_COUNTS).sum())
    table = pl.concat([by_pattern.select(total.columns), total])
    return table.hstack(_ranks(demo.planted, scores, [*names, _ALL]))


def _cases(planted: pl.DataFrame, findings: Findings) -> pl.DataFrame:
    """Return by pattern the number of cases of each kind, and of those found."""
    evidence = findings.evidence.select("finding_id", "transaction_id").unique()
    sizes = evidence.group_by("finding_id").agg(evidence=pl.len())
    rows = planted.select(
        "label_case",
        "pattern",
        size=pl.col("transaction_ids").list.len(),
        transaction_id="transaction_ids",
    ).explode("transaction_id")
    best = (
        rows.join(evidence, on="transaction_id")
        .join(findings.findings.select("finding_id", "pattern"), on=["finding_id", "pattern"])
        .group_by("label_case", "finding_id", "size")
        .agg(shared=pl.len())
        .join(sizes, on="finding_id")
        .group_by("label_case")
        .agg(
            share=(pl.col("shared") / pl.col("size")).max(),
            exact=((pl.col("shared") == pl.col("size")) & (pl.col("evidence") == pl.col("size")))
            .any(),
        )
    )  # fmt: skip
    is_planted = pl.col("kind") == "planted"
    share = pl.col("share").fill_null(0.0)
    return (
        planted.join(best, on="label_case", how="left")
        .group_by("pattern")
        .agg(
            planted=is_planted.sum(),
            found=(is_planted & (share >= FOUND_SHARE)).sum(),
            exact=(is_planted & pl.col("exact").fill_null(False)).sum(),
            look_alikes=is_planted.not_().sum(),
            flagged=(is_planted.not_() & (share >= FLAGGED_SHARE)).sum(),
        )
    )


def _findings(planted: pl.DataFrame, findings: Findings) -> pl.DataFrame:
    """Return by pattern the number of findings, and of those that touch no case."""
    labelled = planted.select(transaction_id="transaction_ids").explode("transaction_id")
    touching = (
        findings.evidence.join(labelled, on="transaction_id", how="semi")
        .select("finding_id", touches=pl.lit(True))
        .unique()
    )
    return (
        findings.findings.join(touching, on="finding_id", how="left")
        .group_by("pattern")
        .agg(findings=pl.len(), elsewhere=pl.col("touches").is_null().sum())
    )


def _ranks(planted: pl.DataFrame, scores: pl.DataFrame | None, patterns: list[str]) -> pl.DataFrame:
    """Return for each pattern how high the principals of its planted cases stand."""
    cases = planted.filter(pl.col("kind") == "planted")
    members = {
        name: set(cases.filter(pl.col("pattern") == name)["principals"].explode().drop_nulls())
        for name in patterns
    }
    members[_ALL] = set().union(*members.values())
    involved = set(cases["accounts"].explode())
    ranked = [] if scores is None else scores.sort("rank", "account")["account"].to_list()
    records = []
    for name in patterns:
        wanted = members[name]
        others = involved - wanted
        hits = [account in wanted for account in ranked if account not in others]
        known = scores is not None and bool(wanted)
        records.append(
            {
                "principals": len(wanted),
                "precision": sum(hits[: len(wanted)]) / len(wanted) if known else None,
                "average_precision": _average_precision(hits, len(wanted)) if known else None,
            }
        )
    return pl.DataFrame(
        records,
        schema={"principals": pl.Int64, "precision": pl.Float64, "average_precision": pl.Float64},
    )


def _average_precision(hits: list[bool], n_wanted: int) -> float:
    """Return the mean of the precision at each hit; those that are not ranked add nothing."""
    total = 0.0
    found = 0
    for place, hit in enumerate(hits, 1):
        if hit:
            found += 1
            total += found / place
    return total / n_wanted
