"""Where the truth of a synthetic ledger says that the proceeds of each crime are."""

from __future__ import annotations

import polars as pl

__all__ = ["illicit_value", "resting"]


def illicit_value(truth: pl.DataFrame) -> pl.DataFrame:
    """Return where the proceeds of each crime are: a row for each change of what an account holds.

    Parameters
    ----------
    truth
        As `generate` returns it.

    Returns
    -------
    DataFrame
        ``account``, ``claim``, ``executed_at``, ``transaction_id`` and ``amount_minor``: what the
        account holds of the claim from then on, in its own currency.
    """
    leaves = truth.filter(pl.col("sent_minor") > 0).select(
        "transaction_id", "executed_at", "claim", account="originator", change=-pl.col("sent_minor")
    )
    comes = truth.filter(pl.col("received_minor") > 0).select(
        "transaction_id", "executed_at", "claim", account="beneficiary", change="received_minor"
    )
    return (
        pl.concat([leaves, comes])
        .group_by("account", "claim", "executed_at", "transaction_id")
        .agg(pl.col("change").sum())
        .sort("transaction_id", "claim", "account")
        .with_columns(amount_minor=pl.col("change").cum_sum().over("account", "claim"))
        .select("account", "claim", "executed_at", "transaction_id", "amount_minor")
    )


def resting(truth: pl.DataFrame) -> pl.DataFrame:
    """Return what each crime left behind, at the payments that brought it: seeds for a trace.

    The truth ends where the launderer's payments do. From there on proceeds lie in accounts that
    also hold other money and make other payments, and which of it those take is no fact but a rule:
    `xborder_aml.trace` applies one that is named, to these seeds.

    Parameters
    ----------
    truth
        As `generate` returns it.

    Returns
    -------
    DataFrame
        ``claim``, ``transaction_id`` and ``amount_minor``, in the currency of the beneficiary. Of
        what a claim's payments brought to an account, those that it made took the oldest. All of a
        claim's rows are all of it that banks did not take.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> made = xb.synth.generate("tiny", seed=1, n_accounts=200, n_transactions=10_000)
    >>> graph = xb.TransactionGraph(made.transactions, made.accounts)
    >>> left = xb.synth.resting(made.truth)
    >>> traced = xb.trace(graph, left, rule="pro_rata")
    >>> bool(traced.holdings["account"].n_unique() > left["transaction_id"].n_unique())
    True
    """
    gone = truth.group_by("claim", account="originator").agg(gone=pl.col("sent_minor").sum())
    comes = truth.filter(pl.col("received_minor") > 0).select(
        "claim", "transaction_id", "received_minor", account="beneficiary"
    )
    so_far = pl.col("received_minor").cum_sum().over("claim", "account")
    return (
        comes.sort("transaction_id", "claim")
        .with_columns(so_far=so_far)
        .join(gone, on=["claim", "account"], how="left", maintain_order="left")
        .with_columns(left=pl.col("so_far") - pl.col("gone").fill_null(0))
        .select(
            "claim",
            "transaction_id",
            amount_minor=pl.min_horizontal("left", "received_minor"),
        )
        .filter(pl.col("amount_minor") > 0)
    )
