"""`Findings`: what detectors found, as tables whose every number comes from their evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.output import Output
from xborder_aml.schema import CURRENCY, EVIDENCE, FINDINGS, TRUNCATIONS

__all__ = ["Findings", "assemble", "finding_ids"]

_DECIMALS_OF_RETAINED = 6


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
    """

    findings: pl.DataFrame = field(default_factory=FINDINGS.empty)
    evidence: pl.DataFrame = field(default_factory=EVIDENCE.empty)
    truncations: pl.DataFrame = field(default_factory=TRUNCATIONS.empty)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
        )

    def of(self, *patterns: str) -> Findings:
        """Return the findings of these patterns only."""
        kept = self.findings.filter(pl.col("pattern").is_in(patterns))
        return Findings(
            kept,
            self.evidence.join(
                kept.select("finding_id"), on="finding_id", how="semi", maintain_order="left"
            ),
            self.truncations.filter(pl.col("pattern").is_in(patterns)),
            {k: v for k, v in self.parameters.items() if k in patterns},
        )

    def summary(self) -> pl.DataFrame:
        """Return one row a pattern: findings, accounts, evidence, anchors cut, work left."""
        names = pl.DataFrame({"pattern": list(self.parameters)}, schema={"pattern": pl.String})
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
        """Return the evidence of one finding joined to its transactions, in order."""
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


def assemble(
    graph: TransactionGraph,
    *,
    pattern: str,
    version: int,
    parameters: Mapping[str, Any],
    definition: Mapping[str, Any],
    roles: Iterable[tuple[str, bool, bool]],
    caps: tuple[str, ...],
    hops: int | None,
    raw: Output,
) -> Findings:
    """Turn a kernel's arrays into `Findings` in canonical order.

    Parameters
    ----------
    parameters, definition
        All parameters, and those that enter the identity of a match.
    roles
        Name of each role, whether its money enters the pattern, and whether it leaves.
    hops
        Transfers in a row; None means as many as there are evidence rows.
    """
    roles = list(roles)
    ids = graph.transaction_ids
    sizes = np.diff(raw.end, prepend=0)
    keys = finding_ids(pattern, version, definition, ids[raw.row], raw.end)
    index = np.repeat(np.arange(raw.anchor.size), sizes)
    names = graph.account_names
    evidence = _evidence_rows(graph, raw, index, roles)
    found = pl.DataFrame(
        {
            "finding": np.arange(raw.anchor.size, dtype=np.int64),
            "finding_id": pl.Series(keys, dtype=pl.String),
            "row": raw.anchor,
            "multiplicity": raw.multiplicity,
            "n_transactions": sizes.astype(np.int32),
        }
    ).with_columns(
        pl.lit(pattern).alias("pattern"),
        pl.lit(version, pl.Int32).alias("version"),
        pl.Series("anchor", ids[raw.anchor]),
        names.gather(raw.account).alias("account"),
        (pl.col("n_transactions") if hops is None else pl.lit(hops, pl.Int32)).alias("hops"),
        pl.Series(
            "is_truncated", np.isin(_unit(raw.anchor, raw.account), _cut_units(raw)), pl.Boolean
        ),
    )
    found = found.join(_measures(graph, evidence), on="finding", how="left", maintain_order="left")
    found = found.sort("row", "finding_id")
    order = found.select("finding_id", "finding").with_row_index("place")
    evidence = (
        evidence.join(order, on="finding", how="inner")
        .sort("place", "position")
        .select("finding_id", "position", "transaction_id", "role", "amount_minor")
    )
    cuts = (
        pl.DataFrame(
            {
                "row": raw.cut_anchor,
                "anchor": ids[raw.cut_anchor],
                "cap": [caps[c] for c in raw.cut_cap.tolist()],
                "work_left": raw.cut_left,
            },
            schema_overrides={"cap": pl.String},
        )
        .with_columns(
            pl.lit(pattern).alias("pattern"), names.gather(raw.cut_account).alias("account")
        )
        .sort("row", "account")
    )
    return Findings(
        FINDINGS.conform(found),
        EVIDENCE.conform(evidence),
        TRUNCATIONS.conform(cuts),
        {pattern: dict(parameters)},
    )


def _unit(anchor: NDArray[np.int64], account: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return one number for an (anchor, account) pair; rows stay below 2**31."""
    return (anchor << 32) | account.astype(np.int64)


def _cut_units(raw: Output) -> NDArray[np.int64]:
    return _unit(raw.cut_anchor, raw.cut_account)


def _evidence_rows(
    graph: TransactionGraph,
    raw: Output,
    index: NDArray[np.int64],
    roles: list[tuple[str, bool, bool]],
) -> pl.DataFrame:
    """Return one row a piece of evidence, with what the measures need of its transaction."""
    starts = np.concatenate([np.zeros(1, np.int64), raw.end[:-1]]) if raw.end.size else raw.end
    e = graph.edges
    rows = raw.row
    return pl.DataFrame(
        {
            "finding": index,
            "position": (np.arange(rows.size) - starts[index]).astype(np.int32),
            "transaction_id": graph.transaction_ids[rows],
            "role": pl.Series([r[0] for r in roles], dtype=pl.String).gather(raw.role),
            "enters": np.array([r[1] for r in roles])[raw.role],
            "leaves": np.array([r[2] for r in roles])[raw.role],
            "amount_minor": pl.Series(raw.amount).replace(-1, None),
            "sent": e.sent[rows],
            "received": e.received[rows],
            "border": e.border[rows].astype(np.int32),
            "originator": e.originator[rows],
            "beneficiary": e.beneficiary[rows],
        }
    ).with_columns(
        graph.column(c).gather(rows).alias(c)
        for c in (
            "executed_at",
            "sent_currency",
            "received_currency",
            "originator_jurisdiction",
            "beneficiary_jurisdiction",
        )
    )


def _measures(graph: TransactionGraph, evidence: pl.DataFrame) -> pl.DataFrame:
    """Compute each finding's columns from its evidence.

    Amounts are in the base currency. Where a base amount is missing, they are in the evidence's own
    currency if it has only one, else null.
    """
    enters, leaves = pl.col("enters"), pl.col("leaves")
    amount = pl.col("amount_minor")
    has_base = amount.is_not_null().all()
    one_currency = (
        (pl.col("sent_currency") == pl.col("sent_currency").first())
        & (pl.col("received_currency") == pl.col("sent_currency").first())
    ).all()
    per = evidence.group_by("finding").agg(
        started_at=pl.col("executed_at").min(),
        ended_at=pl.col("executed_at").max(),
        borders=pl.col("border").sum(),
        has_in=enters.any(),
        has_out=leaves.any(),
        has_base=has_base,
        one_currency=one_currency,
        base_in=amount.filter(enters).sum(),
        base_out=amount.filter(leaves).sum(),
        own_in=pl.col("sent").filter(enters).sum(),
        own_out=pl.col("received").filter(leaves).sum(),
        own=pl.col("sent_currency").first(),
        corridors=pl.concat_str(
            pl.col("originator_jurisdiction").cast(pl.String),
            pl.lit(">"),
            pl.col("beneficiary_jurisdiction").cast(pl.String),
        )
        .filter(pl.col("border") == 1)
        .unique(maintain_order=True),
    )
    base = pl.lit(graph.base_currency, CURRENCY)
    per = per.with_columns(
        pl.when("has_base").then(base).when("one_currency").then("own").alias("amount_currency"),
        *(
            pl.when(f"has_{side}")
            .then(pl.when("has_base").then(f"base_{side}").when("one_currency").then(f"own_{side}"))
            .alias(f"amount_{side}_minor")
            for side in ("in", "out")
        ),
    )
    accounts = _accounts_of(graph, evidence)
    return (
        per.join(accounts, on="finding", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("amount_in_minor") > 0)
            .then(
                (pl.col("amount_out_minor") / pl.col("amount_in_minor")).round(
                    _DECIMALS_OF_RETAINED
                )
            )
            .alias("retained")
        )
        .select(
            "finding",
            "started_at",
            "ended_at",
            "borders",
            "amount_in_minor",
            "amount_out_minor",
            "amount_currency",
            "retained",
            "accounts",
            "n_accounts",
            "corridors",
        )
    )


def _accounts_of(graph: TransactionGraph, evidence: pl.DataFrame) -> pl.DataFrame:
    """Return each finding's accounts in order of first appearance, and their number."""
    ends = np.empty((evidence.height, 2), np.int32)
    ends[:, 0] = evidence["originator"].to_numpy()
    ends[:, 1] = evidence["beneficiary"].to_numpy()
    seen = pl.DataFrame(
        {"finding": np.repeat(evidence["finding"].to_numpy(), 2), "code": ends.ravel()}
    ).unique(maintain_order=True)
    return (
        seen.select("finding", graph.account_names.gather(seen["code"]).alias("accounts"))
        .group_by("finding", maintain_order=True)
        .agg("accounts")
        .with_columns(pl.col("accounts").list.len().cast(pl.Int32).alias("n_accounts"))
    )
