"""The part that an account plays in the evidence."""

from __future__ import annotations

import polars as pl

from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph

__all__ = ["roles_of"]

_PASSES_ON = 2  # an intermediary's smaller side is at least one half of its larger
_CORE_SIDES = 3  # a core account has at least so many counterparties on each side


def roles_of(findings: Findings, graph: TransactionGraph) -> pl.DataFrame:
    """Return the role and the money at stake of every account in evidence.

    Each transaction counts once, whole. `received` and `sent` are an account's base money in
    evidence; at stake is the larger of the two.

    - source: it sends more than twice what it receives;
    - destination: it receives more than twice what it sends;
    - core: neither, with at least three senders and three beneficiaries in evidence;
    - intermediary: neither, with fewer.

    Returns
    -------
    DataFrame
        Columns account, role, at_stake_minor.
    """
    rows = (
        graph.transactions.lazy()
        .select("transaction_id", "originator", "beneficiary", "base_minor")
        .join(
            findings.evidence.lazy().select("transaction_id").unique(),
            on="transaction_id",
            how="semi",
        )
        .filter(pl.col("originator") != pl.col("beneficiary"))
        .with_columns(pl.col("base_minor").fill_null(0))
    )
    received = rows.group_by(account="beneficiary").agg(
        received=pl.col("base_minor").sum(), n_in=pl.col("originator").n_unique()
    )
    sent = rows.group_by(account="originator").agg(
        sent=pl.col("base_minor").sum(), n_out=pl.col("beneficiary").n_unique()
    )
    in_money, out_money = pl.col("received"), pl.col("sent")
    return (
        received.join(sent, on="account", how="full", coalesce=True)
        .with_columns(pl.exclude("account").fill_null(0))
        .with_columns(
            role=pl.when(out_money > _PASSES_ON * in_money)
            .then(pl.lit("source"))
            .when(in_money > _PASSES_ON * out_money)
            .then(pl.lit("destination"))
            .when((pl.col("n_in") >= _CORE_SIDES) & (pl.col("n_out") >= _CORE_SIDES))
            .then(pl.lit("core"))
            .otherwise(pl.lit("intermediary")),
            at_stake_minor=pl.max_horizontal("received", "sent"),
        )
        .select("account", "role", "at_stake_minor")
        .collect()
    )
