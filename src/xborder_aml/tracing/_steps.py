"""The re-performance ledger: each step of a trace, so that it can be followed by hand."""

from __future__ import annotations

import numpy as np
import polars as pl

from xborder_aml.kernels.trace_book import OUTSIDE
from xborder_aml.kernels.trace_lots import CLEAN
from xborder_aml.tracing._frames import currencies_of, times
from xborder_aml.tracing._run import Run
from xborder_aml.tracing.tables import STEPS

__all__ = ["steps_table"]


def steps_table(run: Run) -> pl.DataFrame:
    """Return schema STEPS: by step, debit before credit, claims by name and clean money last.

    Money that is clean throughout is left out: only accounts are listed that ever held a claim,
    from the first time that they did.
    """
    ledger, graph = run.ledger, run.ledger.graph
    book = ledger.book
    moved = _changes(run)
    sides = _sides(run, moved)
    lines = sides.join(moved, on=["pocket", "at", "side"], how="left")
    clean = sides.join(
        moved.group_by("pocket", "at", "side").agg(pl.sum("moved")),
        on=["pocket", "at", "side"],
        how="left",
    ).select(
        pl.exclude("moved"),
        claim=pl.lit(CLEAN, pl.Int32),
        moved=pl.col("amount") - pl.col("moved").fill_null(0),
    )
    table = pl.concat([lines.drop_nulls("claim"), clean.select(lines.columns)])
    sign = pl.when(pl.col("side") == 0).then(-1).otherwise(1)
    table = (
        table.sort("at", "side", pl.col("claim") == CLEAN, "claim")
        .with_columns(change=sign * pl.col("moved") + pl.col("minted") * (pl.col("claim") == CLEAN))
        .with_columns(
            held=pl.col("change").cum_sum().over("pocket", "claim")
            + pl.when(pl.col("claim") == CLEAN).then("clean_before").otherwise(0)
        )
    )
    at, pocket = table["at"].to_numpy(), table["pocket"].to_numpy()
    names = ledger.claims.to_frame("name").with_row_index("claim").cast({"claim": pl.Int32})
    return STEPS.conform(
        pl.DataFrame(
            {
                "step": at,
                "account": graph.account_names.gather(ledger.account[pocket]),
                "currency": currencies_of(ledger, ledger.currency[pocket]),
                "transaction_id": graph.transaction_ids[book.row[at]],
                "executed_at": times(ledger.executed_at[at]),
                "side": table["side"].replace_strict({0: "debit", 1: "credit"}),
                "amount_minor": table["amount"],
                "minted_minor": table["minted"],
                "claim": table.select("claim").join(
                    names, on="claim", how="left", maintain_order="left"
                )["name"],
                "moved_minor": table["moved"],
                "held_minor": table["held"],
                "balance_minor": table["balance"],
            }
        )
    )


def _changes(run: Run) -> pl.DataFrame:
    """Return what each side of a move took or brought of each claim: pocket, at, side, claim."""
    book, f = run.ledger.book, run.flows
    frame = pl.DataFrame(
        {
            "at": f.at,
            "claim": f.claim,
            "drawn": f.drawn,
            "came": f.amount - f.lost,
            "source": book.source[f.at],
            "target": book.target[f.at],
        }
    ).filter(pl.col("claim") != CLEAN)
    keys = ["pocket", "at", "side", "claim"]
    took = frame.filter(pl.col("drawn") > 0).select(
        "at", "claim", pocket="source", side=pl.lit(0, pl.Int8), moved="drawn"
    )
    came = frame.filter((pl.col("came") > 0) & (pl.col("target") != OUTSIDE)).select(
        "at", "claim", pocket="target", side=pl.lit(1, pl.Int8), moved="came"
    )
    return pl.concat([took, came]).group_by(keys).agg(pl.sum("moved"))


def _sides(run: Run, moved: pl.DataFrame) -> pl.DataFrame:
    """Return both sides of all moves from when their pocket first held a claim, with balances."""
    book = run.ledger.book
    at = np.arange(book.row.size, dtype=np.int32)
    parts = [
        {"pocket": book.source, "at": at, "amount": book.sent, "minted": book.minted},
        {"pocket": book.target, "at": at, "amount": book.received, "minted": 0 * book.minted},
    ]
    both = pl.concat(
        pl.DataFrame(part).with_columns(side=pl.lit(side, pl.Int8))
        for side, part in enumerate(parts)
    )
    opening = pl.DataFrame({"opening": run.ledger.opening}).with_row_index("pocket")
    first = moved.group_by("pocket").agg(first=pl.min("at"))
    change = pl.when(pl.col("side") == 0).then(-pl.col("amount")).otherwise("amount")
    return (
        both.join(first, on="pocket")
        .join(opening.cast({"pocket": pl.Int32}), on="pocket")
        .sort("at", "side")
        .with_columns(
            balance=pl.col("opening") + (change + pl.col("minted")).cum_sum().over("pocket"),
            change=change + pl.col("minted"),
        )
        .filter(pl.col("at") >= pl.col("first"))
        .with_columns(clean_before=(pl.col("balance") - pl.col("change")).first().over("pocket"))
        .drop("first", "opening", "change")
    )
