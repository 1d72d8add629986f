"""Which findings speak about which account, and the part that the account plays in them.

A path (round trip, layering chain) is about every account on it. A centre-local pattern (a fan, a
pass-through) is about its centre: to have paid into somebody's fan-in says little about the payer.
A network (a laundromat's core) is about those inside it, and not about all that they deal with.
Measured on a labelled ledger (Tide, 17,549 accounts), scoring centres only raised the average
precision of the combined score from .73 to .82.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detectors import detector_of, params_of
from xborder_aml.detectors._spec import Detector
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph

__all__ = ["account_rows", "attributions", "roles_of", "spoken_for"]

_PASSES_ON = 2  # an intermediary's smaller side is at least one half of its larger
_CORE_SIDES = 3  # a core account has at least so many counterparties on each side


def spoken_for(
    role: NDArray[np.int8], detector: Detector
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of each piece of evidence whether its finding is about the originator, and beneficiary.

    For detectors whose findings are not about a centre.
    """
    everyone = detector.about == "path"
    enters, leaves = np.array([(r.enters, r.leaves) for r in detector.roles]).T
    return (everyone | ~enters)[role], (everyone | ~leaves)[role]


def attributions(known: pl.DataFrame, findings: Findings, graph: TransactionGraph) -> pl.DataFrame:
    """Return one row for each finding and account that it is about.

    Parameters
    ----------
    known
        Some rows of the table of `findings`.

    Returns
    -------
    DataFrame
        Columns account, finding_id, pattern, is_truncated.
    """
    detectors = {n: detector_of(params_of(n, v)) for n, v in findings.parameters.items()}
    kept = ("finding_id", "pattern", "is_truncated")

    def of(about: str) -> pl.DataFrame:
        names = [name for name, detector in detectors.items() if detector.about == about]
        return known.filter(pl.col("pattern").is_in(names))

    parts = [
        of("centre").select(*kept, "account"),
        of("path").select(*kept, account="accounts").explode("account"),
    ]
    within = of("members").select(kept)
    for name in within["pattern"].unique().sort():
        mine = within.filter(pl.col("pattern") == name)
        rows = findings.evidence.join(
            mine.select("finding_id"), on="finding_id", how="semi", maintain_order="left"
        )
        members = _members(rows, detectors[name], graph)
        parts.append(mine.join(members, on="finding_id", maintain_order="left"))
    return pl.concat(parts)


def _members(evidence: pl.DataFrame, detector: Detector, graph: TransactionGraph) -> pl.DataFrame:
    """Return finding_id and account of those inside."""
    places = {role.name: i for i, role in enumerate(detector.roles)}
    role = evidence["role"].replace_strict(places, return_dtype=pl.Int8).to_numpy()
    rows = graph.rows_of(evidence["transaction_id"])
    ends = graph.edges.originator, graph.edges.beneficiary
    return pl.concat(
        pl.DataFrame(
            {
                "finding_id": evidence["finding_id"].filter(pl.Series(side)),
                "account": graph.account_names.gather(end[rows[side]]),
            }
        )
        for end, side in zip(ends, spoken_for(role, detector), strict=True)
    ).unique(maintain_order=True)


def account_rows(about: pl.DataFrame, findings: Findings, graph: TransactionGraph) -> pl.DataFrame:
    """Return one row for each account and evidence transaction of its own in findings about it.

    Parameters
    ----------
    about
        Columns account and finding_id, as `attributions` returns them.

    Returns
    -------
    DataFrame
        Columns account, transaction_id, executed_at, base_minor, originator_jurisdiction,
        beneficiary_jurisdiction, is_in, counterparty; in the order of accounts and time. A
        self-loop counts as going out.
    """
    pairs = (
        about.lazy()
        .select("account", "finding_id")
        .join(findings.evidence.lazy().select("finding_id", "transaction_id"), on="finding_id")
        .select("account", "transaction_id")
        .unique()
    )
    columns = (
        "transaction_id",
        "executed_at",
        "base_minor",
        "originator",
        "beneficiary",
        "originator_jurisdiction",
        "beneficiary_jurisdiction",
    )
    is_out = pl.col("originator") == pl.col("account")
    return (
        pairs.join(graph.transactions.lazy().select(columns), on="transaction_id")
        .filter(is_out | (pl.col("beneficiary") == pl.col("account")))
        .with_columns(
            is_in=~is_out,
            counterparty=pl.when(is_out).then("beneficiary").otherwise("originator"),
        )
        .drop("originator", "beneficiary")
        .sort("account", "executed_at", "transaction_id")
        .collect()
    )


def roles_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the role and the money at stake of every account in evidence.

    Each transaction counts once, whole; at stake is the larger of what came in and what went out.

    - source: it sends more than twice what it receives;
    - destination: it receives more than twice what it sends;
    - core: neither, with at least three senders and three beneficiaries in evidence;
    - intermediary: neither, with fewer.

    Parameters
    ----------
    rows
        What `account_rows` returned.

    Returns
    -------
    DataFrame
        Columns account, role, at_stake_minor.
    """
    is_in = pl.col("is_in")
    money = pl.col("base_minor").fill_null(0)
    received, sent = pl.col("received"), pl.col("sent")
    return (
        rows.group_by("account", maintain_order=True)
        .agg(
            received=money.filter(is_in).sum(),
            sent=money.filter(~is_in).sum(),
            n_in=pl.col("counterparty").filter(is_in).n_unique(),
            n_out=pl.col("counterparty").filter(~is_in).n_unique(),
        )
        .select(
            "account",
            pl.when(sent > _PASSES_ON * received)
            .then(pl.lit("source"))
            .when(received > _PASSES_ON * sent)
            .then(pl.lit("destination"))
            .when((pl.col("n_in") >= _CORE_SIDES) & (pl.col("n_out") >= _CORE_SIDES))
            .then(pl.lit("core"))
            .otherwise(pl.lit("intermediary"))
            .alias("role"),
            at_stake_minor=pl.max_horizontal("received", "sent"),
        )
    )
