"""From a kernel's arrays to `Findings`: identity, measures and canonical order."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detectors._spec import Detector, Params, Role
from xborder_aml.findings import Findings, finding_ids
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.output import Output
from xborder_aml.schema import CURRENCY, EVIDENCE, FINDINGS, TRUNCATIONS

__all__ = ["assemble"]

_DECIMALS_OF_RETAINED = 6


def assemble(graph: TransactionGraph, detector: Detector, params: Params, raw: Output) -> Findings:
    """Turn the arrays of a detector's kernel into `Findings`, in canonical order.

    Findings are ordered by anchor and `finding_id`, evidence by finding and position.
    """
    definition = params.to_dict(caps=False)
    ids = graph.transaction_ids[raw.row]
    sizes = np.diff(raw.end, prepend=0)
    hops = pl.col("n_transactions") if detector.hops == "path" else pl.lit(detector.hops, pl.Int32)
    evidence = _evidence_rows(graph, raw, np.repeat(np.arange(sizes.size), sizes), detector.roles)
    found = (
        pl.DataFrame(
            {
                "finding": np.arange(sizes.size, dtype=np.int64),
                "finding_id": pl.Series(
                    finding_ids(detector.name, detector.version, definition, ids, raw.end),
                    dtype=pl.String,
                ),
                "row": raw.anchor,
                "anchor": graph.transaction_ids[raw.anchor],
                "account": graph.account_names.gather(raw.account),
                "multiplicity": raw.multiplicity,
                "measure": _measure(detector, raw),
                "n_transactions": sizes.astype(np.int32),
                "is_truncated": np.isin(
                    _unit(raw.anchor, raw.account), _unit(raw.cut_anchor, raw.cut_account)
                ),
            }
        )
        .with_columns(
            hops.alias("hops"),
            pattern=pl.lit(detector.name),
            version=pl.lit(detector.version, pl.Int32),
        )
        .join(_measures(graph, evidence), on="finding", how="left")
        .sort("row", "finding_id")
    )
    order = found.select("finding_id", "finding").with_row_index("place")
    ordered = evidence.join(order, on="finding", how="inner").sort("place", "position")
    return Findings(
        FINDINGS.conform(found),
        EVIDENCE.conform(ordered),
        TRUNCATIONS.conform(_cuts(graph, detector, raw)),
        {detector.name: params.to_dict()},
    )


def _measure(detector: Detector, raw: Output) -> pl.Series:
    """Return the detector's own measure of each finding, in the unit that it names."""
    if detector.measure is None:
        return pl.repeat(None, raw.measure.size, dtype=pl.Float64, eager=True)
    return pl.Series(raw.measure) * detector.measure.unit


def _cuts(graph: TransactionGraph, detector: Detector, raw: Output) -> pl.DataFrame:
    """Return one row an anchor that reached a cap, in the order of anchors and accounts."""
    return pl.DataFrame(
        {
            "row": raw.cut_anchor,
            "pattern": pl.Series([detector.name], dtype=pl.String).gather(
                np.zeros(raw.cut_anchor.size, np.int64)
            ),
            "anchor": graph.transaction_ids[raw.cut_anchor],
            "account": graph.account_names.gather(raw.cut_account),
            "cap": pl.Series(detector.caps, dtype=pl.String).gather(raw.cut_cap),
            "work_left": raw.cut_left,
        }
    ).sort("row", "account", "cap", "work_left")


def _unit(anchor: NDArray[np.int64], account: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return one number for an (anchor, account) pair; rows stay below 2**31."""
    return (anchor << 32) | account.astype(np.int64)


def _evidence_rows(
    graph: TransactionGraph,
    raw: Output,
    index: NDArray[np.int64],
    roles: tuple[Role, ...],
) -> pl.DataFrame:
    """Return one row a piece of evidence, with what the measures need of its transaction."""
    starts = np.concatenate([np.zeros(1, np.int64), raw.end[:-1]]) if raw.end.size else raw.end
    e = graph.edges
    rows = raw.row
    return (
        pl.DataFrame(
            {
                "finding": index,
                "position": (np.arange(rows.size) - starts[index]).astype(np.int32),
                "transaction_id": graph.transaction_ids[rows],
                "role": pl.Series([r.name for r in roles], dtype=pl.String).gather(raw.role),
                "enters": np.array([r.enters for r in roles])[raw.role],
                "leaves": np.array([r.leaves for r in roles])[raw.role],
                "amount_minor": pl.Series(raw.amount).replace(-1, None),
                "sent": e.sent[rows],
                "received": e.received[rows],
                "border": e.border[rows].astype(np.int32),
                "originator": e.originator[rows],
                "beneficiary": e.beneficiary[rows],
            }
        )
        .with_columns(
            graph.column(c).gather(rows).alias(c)
            for c in (
                "executed_at",
                "sent_currency",
                "received_currency",
                "originator_jurisdiction",
                "beneficiary_jurisdiction",
            )
        )
        .with_columns(
            corridor=pl.concat_str(
                pl.col("originator_jurisdiction").cast(pl.String),
                pl.lit(">"),
                pl.col("beneficiary_jurisdiction").cast(pl.String),
            )
        )
    )


def _measures(graph: TransactionGraph, evidence: pl.DataFrame) -> pl.DataFrame:
    """Compute each finding's columns from its evidence.

    Amounts are in the base currency. Where a base amount is missing, they are in the evidence's own
    currency if it has only one, else null.
    """
    per = _sums(evidence).with_columns(
        pl.when("has_base")
        .then(pl.lit(graph.base_currency, CURRENCY))
        .when("one_currency")
        .then("own")
        .alias("amount_currency"),
        *(
            pl.when(f"has_{side}")
            .then(pl.when("has_base").then(f"base_{side}").when("one_currency").then(f"own_{side}"))
            .alias(f"amount_{side}_minor")
            for side in ("in", "out")
        ),
    )
    share = pl.col("amount_out_minor") / pl.col("amount_in_minor")
    return per.join(_accounts_of(graph, evidence), on="finding", how="left").with_columns(
        retained=pl.when(pl.col("amount_in_minor") > 0).then(share.round(_DECIMALS_OF_RETAINED))
    )


def _sums(evidence: pl.DataFrame) -> pl.DataFrame:
    """Return each finding's dates, borders, corridors and sums of money on either side."""
    enters, leaves = pl.col("enters"), pl.col("leaves")
    amount = pl.col("amount_minor")
    sent_in, received_in = pl.col("sent_currency"), pl.col("received_currency")
    return evidence.group_by("finding").agg(
        started_at=pl.col("executed_at").min(),
        ended_at=pl.col("executed_at").max(),
        borders=pl.col("border").sum(),
        has_in=enters.any(),
        has_out=leaves.any(),
        has_base=amount.is_not_null().all(),
        one_currency=((sent_in == sent_in.first()) & (received_in == sent_in.first())).all(),
        base_in=amount.filter(enters).sum(),
        base_out=amount.filter(leaves).sum(),
        own_in=pl.col("sent").filter(enters).sum(),
        own_out=pl.col("received").filter(leaves).sum(),
        own=sent_in.first(),
        corridors=pl.col("corridor").filter(pl.col("border") == 1).unique(maintain_order=True),
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
