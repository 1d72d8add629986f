"""What a trace begins with: claims on the money that some transactions brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.graph import TransactionGraph
from xborder_aml.kernels.amounts import LIMIT
from xborder_aml.kernels.shares import apportion
from xborder_aml.tracing._times import end_of, rows_until
from xborder_aml.tracing.tables import SEEDS

__all__ = ["Claims", "pari_passu", "payments_from", "read_seeds"]

Claims = int | Iterable[int] | Mapping[str, Iterable[int]] | pl.DataFrame
"""Forms of seeds: see `trace`."""


def read_seeds(graph: TransactionGraph, seeds: Claims) -> pl.DataFrame:
    """Return the seeds as a table: claim, transaction_id, amount_minor, row; by claim, then row.

    Raises
    ------
    ParameterError
        If there are no seeds, one repeats, or one claims nothing or more than its transaction
        brought.
    SchemaError
        If a table lacks a column.
    DataError
        If the graph has no such transaction.
    """
    frame = SEEDS.conform(_frame(seeds))
    if frame.is_empty():
        raise ParameterError(
            "there are no seeds; name at least one transaction_id whose money is to be followed"
        )
    rows = graph.rows_of(frame["transaction_id"])
    brought = graph.column("received_minor").gather(rows)
    frame = frame.with_columns(
        claim=pl.coalesce("claim", pl.col("transaction_id").cast(pl.String)),
        amount_minor=pl.coalesce("amount_minor", brought),
        brought_minor=brought,
        row=pl.Series(rows),
    )
    twice = frame.filter(pl.struct("claim", "transaction_id").is_duplicated())
    if twice.height:
        raise ParameterError(
            f"claim {twice['claim'][0]!r} names transaction {twice['transaction_id'][0]} more than "
            "once; add the amounts up in one row"
        )
    totals = frame.group_by("transaction_id", maintain_order=True).agg(
        pl.col("amount_minor").sum(), pl.col("amount_minor").min().alias("least"),
        pl.col("brought_minor").first(),
    )  # fmt: skip
    for tid, total, least, most in totals.iter_rows():
        if least <= 0 or total > most:
            raise ParameterError(
                f"the seeds claim {total:,} minor units of transaction {tid}, which brought "
                f"{most:,}; a claim is more than nothing, and all claims on a transaction are at "
                "most what it brought"
            )
    return frame.drop("brought_minor").sort("claim", "row")


def _frame(seeds: Claims) -> pl.DataFrame:
    if isinstance(seeds, pl.DataFrame):
        return seeds
    if isinstance(seeds, str | bytes):
        raise ParameterError(
            f"seeds={seeds!r} is text; give transaction ids, a mapping of claims to transaction "
            "ids, or a table"
        )
    claims: list[tuple[str | None, Any]]
    if isinstance(seeds, Mapping):
        claims = [
            (str(claim), tid)
            for claim, ids in seeds.items()
            for tid in ([ids] if isinstance(ids, int) else ids)
        ]
    else:
        claims = [(None, tid) for tid in ([seeds] if isinstance(seeds, int) else seeds)]
    for _, tid in claims:
        if isinstance(tid, bool) or not hasattr(tid, "__index__"):
            raise ParameterError(f"the seed {tid!r} is no transaction_id, which is a whole number")
    return pl.DataFrame(
        {"claim": [c for c, _ in claims], "transaction_id": [int(t) for _, t in claims]},
        schema={"claim": pl.String, "transaction_id": pl.Int64},
    )


def payments_from(
    graph: TransactionGraph,
    accounts: str | Iterable[str],
    *,
    claim: str | None = None,
    as_of: date | datetime | str | None = None,
) -> pl.DataFrame:
    """Return seeds for all that some accounts paid to others, such as the accounts of a victim.

    Parameters
    ----------
    accounts
        Account keys.
    claim
        Name of the claim; by default each account is a claim of its own.
    as_of
        Last time to look at, as in `trace`.

    Returns
    -------
    DataFrame
        schema `xborder_aml.tracing.tables.SEEDS`.

    Raises
    ------
    ParameterError
        If the graph has no such account.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> xb.payments_from(graph, "orchard").rows()
    [('orchard', 4, None)]
    """
    wanted = [accounts] if isinstance(accounts, str) else list(accounts)
    names = graph.account_names
    for name in wanted:
        if name not in names:
            raise ParameterError(
                f"the graph has no account {name!r}"
                f"{did_you_mean(name, names.head(100_000).to_list())}"
            )
    table = pl.DataFrame(
        {
            "claim": names.gather(graph.column("originator_code")),
            "other": names.gather(graph.column("beneficiary_code")),
            "transaction_id": graph.column("transaction_id"),
            "received_minor": graph.column("received_minor"),
        }
    )
    table = table.head(rows_until(graph, end_of(as_of))).filter(
        pl.col("claim").is_in(wanted)
        & pl.col("other").is_in(wanted).not_()
        & (pl.col("received_minor") > 0)
    )
    if claim is not None:
        table = table.with_columns(claim=pl.lit(claim))
    if table.is_empty():
        raise ParameterError(
            f"{', '.join(map(repr, wanted))} paid nothing to others in that time: nothing to "
            "follow; seed the transactions that brought the money instead"
        )
    return SEEDS.conform(table.select("claim", "transaction_id"))


def pari_passu(paid_in: Mapping[str, int], left: int) -> dict[str, int]:
    """Divide what is left of a pot among those who paid in, in proportion, once and for all.

    The one rule that looks at no order of payments: each bears the same share of the loss. It says
    nothing of where the rest went, and so is no rule of `trace`.

    Parameters
    ----------
    paid_in
        What each paid into the pot, minor units.
    left
        What is left in the pot, minor units.

    Returns
    -------
    dict
        Share of each, by largest remainder; they sum to `left`.

    Raises
    ------
    ParameterError
        If an amount is negative, or more is left than was paid in.

    Examples
    --------
    >>> pari_passu({"Paul": 1000, "Michael": 1000, "Karen": 1000}, 1000)
    {'Paul': 334, 'Michael': 333, 'Karen': 333}
    """
    total = sum(paid_in.values())
    if min([left, *paid_in.values()]) < 0 or left > total or total >= LIMIT:
        raise ParameterError(
            f"left={left:,} of paid_in={total:,}; amounts are at least 0, sum to less than 2**59, "
            "and no more is left than was paid in"
        )
    n = len(paid_in)
    share = np.zeros(n, np.int64)
    if left:
        parts = np.array(list(paid_in.values()), np.int64)
        apportion(left, parts, n, total, share, np.empty((2, n), np.int64))
    return dict(zip(paid_in, share.tolist(), strict=True))
