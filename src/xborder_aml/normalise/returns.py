"""Returned payments: linked to what they return, where only the purpose tells of the return."""

from __future__ import annotations

import polars as pl

__all__ = ["link_returns"]

_LATEST = pl.duration(days=30)  # a return comes within so long of what it returns


def link_returns(rows: pl.DataFrame, accounts: pl.DataFrame, begins: str) -> pl.DataFrame:
    """Add ``reverses``: the transaction_id of the payment that a row returns, else null.

    A row is a return if its purpose begins with `begins`, whatever the case. It returns the nearest
    earlier payment of the same amount between the same two parties the other way round; parties are
    holders where they are known, since the bank that returns a payment seldom names the account. A
    payment is returned once.

    Parameters
    ----------
    rows
        Rows with transaction ids, account keys, amounts without sign and, if the source has one,
        ``purpose``.
    accounts
        Canonical accounts table, for the holders.
    begins
        How the purpose of a return begins, in small letters.
    """
    if "purpose" not in rows.columns:
        return rows.with_columns(reverses=pl.lit(None, pl.Int64))
    is_return = pl.col("purpose").str.to_lowercase().str.starts_with(begins).fill_null(value=False)
    holders = accounts.select("account", "holder")
    parties = rows.select(
        "transaction_id",
        "executed_at",
        "sent_currency",
        "sent_minor",
        "originator",
        "beneficiary",
        is_return=is_return,
    )
    for side in ("originator", "beneficiary"):
        named = holders.rename({"account": side, "holder": f"{side}_holder"})
        parties = parties.join(named, on=side, how="left", maintain_order="left").with_columns(
            pl.coalesce(f"{side}_holder", side).alias(f"{side}_party")
        )
    money = ["sent_currency", "sent_minor"]
    returns = parties.filter("is_return").select(
        "transaction_id", "executed_at", *money, payer="originator_party", payee="beneficiary_party"
    )
    paid = parties.filter(pl.col("is_return").not_()).select(
        *money,
        payer="beneficiary_party",
        payee="originator_party",
        reverses="transaction_id",
        paid_at="executed_at",
    )
    gap = pl.col("executed_at") - pl.col("paid_at")
    links = (
        returns.join(paid, on=[*money, "payer", "payee"])
        .filter((gap >= pl.duration()) & (gap <= _LATEST))
        .sort("transaction_id", "paid_at", "reverses", descending=[False, True, True])
        .unique("transaction_id", keep="first", maintain_order=True)
        .unique("reverses", keep="first", maintain_order=True)
        .select("transaction_id", "reverses")
    )
    return rows.join(links, on="transaction_id", how="left", maintain_order="left")
