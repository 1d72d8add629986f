"""`Findings`: what detectors found, as tables whose every number comes from their evidence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import EVIDENCE, FINDINGS, TRUNCATIONS

__all__ = ["Findings", "finding_ids"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Matches, their evidence, and the anchors whose search was cut.

    Parameters
    ----------
    findings, evidence, truncations
        Tables as `xborder_aml.schema` declares them, in canonical order: patterns in the order
        asked for, then anchors by (executed_at, transaction_id), then finding_id.
    parameters
        Parameters of each pattern, as plain values.
    left_out
        Findings of a pattern that `detect` did not keep, because so many others hold more money.
    """

    findings: pl.DataFrame = field(default_factory=FINDINGS.empty)
    evidence: pl.DataFrame = field(default_factory=EVIDENCE.empty)
    truncations: pl.DataFrame = field(default_factory=TRUNCATIONS.empty)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of findings."""
        return self.findings.height

    def equals(self, other: Findings) -> bool:
        """Tell whether all tables and parameters are the same."""
        return (
            self.findings.equals(other.findings)
            and self.evidence.equals(other.evidence)
            and self.truncations.equals(other.truncations)
            and dict(self.parameters) == dict(other.parameters)
            and dict(self.left_out) == dict(other.left_out)
        )

    def of(self, *patterns: str) -> Findings:
        """Return the findings of these patterns only.

        Raises
        ------
        ParameterError
            If a pattern was not looked for.
        """
        for name in patterns:
            if name not in self.parameters:
                raise ParameterError(
                    f"the pattern {name!r} was not looked for"
                    f"{did_you_mean(name, self.parameters)}; these were: "
                    f"{', '.join(self.parameters) or 'none'}"
                )
        kept = self.findings.filter(pl.col("pattern").is_in(patterns))
        return Findings(
            kept,
            self.evidence.join(
                kept.select("finding_id"), on="finding_id", how="semi", maintain_order="left"
            ),
            self.truncations.filter(pl.col("pattern").is_in(patterns)),
            {k: v for k, v in self.parameters.items() if k in patterns},
            {k: v for k, v in self.left_out.items() if k in patterns},
        )

    def replace(self, findings: pl.DataFrame) -> Findings:
        """Return these findings with their table replaced, such as by one with more columns filled.

        Raises
        ------
        ParameterError
            If the rows are not those of the table, in order.
        """
        if not self.findings["finding_id"].equals(findings["finding_id"]):
            raise ParameterError(
                "the table holds other findings, or in another order; replace columns only"
            )
        return dataclasses.replace(self, findings=FINDINGS.conform(findings))

    def summary(self) -> pl.DataFrame:
        """Return one row a pattern: counts of what was found, left out and cut, and work left."""
        names = pl.DataFrame(
            {
                "pattern": list(self.parameters),
                "n_left_out": [self.left_out.get(name, 0) for name in self.parameters],
            },
            schema={"pattern": pl.String, "n_left_out": pl.Int64},
        )
        found = self.findings.group_by("pattern").agg(
            n_findings=pl.len(),
            n_accounts=pl.col("accounts").explode().n_unique(),
            n_evidence=pl.col("n_transactions").sum(),
        )
        cut = self.truncations.group_by("pattern").agg(
            anchors_cut=pl.len(), work_left=pl.col("work_left").sum()
        )
        return (
            names.join(found, on="pattern", how="left", maintain_order="left")
            .join(cut, on="pattern", how="left", maintain_order="left")
            .with_columns(pl.exclude("pattern").fill_null(0).cast(pl.Int64))
        )

    def transactions_of(self, finding_id: str, graph: TransactionGraph) -> pl.DataFrame:
        """Return the evidence of one finding joined to its transactions, in order.

        Raises
        ------
        ParameterError
            If there is no such finding.
        """
        if finding_id not in self.findings["finding_id"]:
            raise ParameterError(
                f"there is no finding {finding_id!r} among these {len(self)}; take an id from the "
                "column finding_id, and the Findings that it came with"
            )
        rows = self.evidence.filter(pl.col("finding_id") == finding_id).sort("position")
        return rows.join(graph.transactions, on="transaction_id", how="left", maintain_order="left")

    def __repr__(self) -> str:
        """Return the summary as text."""
        lines = [f"Findings: {len(self):,} findings, {self.evidence.height:,} evidence rows"]
        for r in self.summary().iter_rows(named=True):
            cut = f", {r['anchors_cut']:,} anchors cut" if r["anchors_cut"] else ""
            lines.append(
                f"  {r['pattern']:<16}{r['n_findings']:>9,} findings over "
                f"{r['n_accounts']:,} accounts{cut}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = self.summary()._repr_html_()
        return (
            f"<b>Findings</b>: {len(self):,} findings, {self.evidence.height:,} evidence rows{body}"
        )


def finding_ids(
    pattern: str,
    version: int,
    parameters: Mapping[str, Any],
    transaction_ids: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> list[str]:
    """Return the 128-bit id of each finding as 32 hex digits.

    The hash covers pattern, semantic version, the parameters that define a match (not caps) and the
    transaction ids in evidence order, as little-endian Int64.

    Parameters
    ----------
    transaction_ids
        Evidence of all findings, one after another, shape (N,).
    ends
        Where each finding's evidence ends, ascending, shape (F,).
    """
    head = json.dumps([pattern, version, dict(parameters)], sort_keys=True, separators=(",", ":"))
    start = hashlib.blake2b(head.encode(), digest_size=16)
    raw = memoryview(np.ascontiguousarray(transaction_ids, "<i8").tobytes())
    out = []
    low = 0
    for high in ends.tolist():
        h = start.copy()
        h.update(raw[low * 8 : high * 8])
        out.append(h.hexdigest())
        low = high
    return out
