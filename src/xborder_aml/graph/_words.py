"""A graph in a few lines, for terminals and notebooks."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from xborder_aml.jurisdictions.codes import minor_digits

if TYPE_CHECKING:
    from xborder_aml.graph._graph import TransactionGraph

__all__ = ["as_html", "as_text", "summarise"]


def _money(minor: int, currency: str) -> str:
    return f"{currency} {minor / 10 ** minor_digits(currency):,.0f}"


def summarise(graph: TransactionGraph, t: pl.DataFrame) -> dict[str, Any]:
    """Return counts, span and money of a graph with table `t`."""
    e = graph.edges if t.height else None
    return {
        "n_transactions": t.height,
        "n_accounts": graph.n_accounts,
        "n_holders": int(np.unique(graph.holder_codes).size),
        "first_at": t["executed_at"].min(),
        "last_at": t["executed_at"].max(),
        "resolution": graph.resolution or None,
        "base_currency": graph.base_currency,
        "base_minor": int(t["base_minor"].sum()),
        "n_without_base": t["base_minor"].null_count(),
        "n_cross_border": int(e.border.sum(dtype=np.int64)) if e else 0,
        "n_without_corridor": t.select(
            pl.col("originator_jurisdiction").is_null()
            | pl.col("beneficiary_jurisdiction").is_null()
        )
        .to_series()
        .sum(),
        "n_self_loops": int((e.originator == e.beneficiary).sum()) if e else 0,
        "currencies": sorted(
            {*t["sent_currency"].unique().to_list(), *t["received_currency"].unique().to_list()}
        ),
    }


def as_text(graph: TransactionGraph) -> str:
    """Return counts, span and top corridors in a few lines."""
    s = graph.summary()
    if not s["n_transactions"]:
        return "TransactionGraph: empty"
    lines = [
        f"TransactionGraph: {s['n_transactions']:,} transactions, {s['n_accounts']:,} accounts"
        f" ({s['n_holders']:,} holders)",
        f"  span        {s['first_at']:%Y-%m-%d} to {s['last_at']:%Y-%m-%d}"
        f", step {s['resolution'] or 'unknown'}",
        f"  crossing    {s['n_cross_border']:,} cross a border"
        f", {s['n_without_corridor']:,} without a known corridor",
        f"  money       {_money(s['base_minor'], graph.base_currency)}"
        f", {s['n_without_base']:,} without a base amount",
    ]
    for row in graph.corridors().head(5).iter_rows(named=True):
        lines.append(
            f"  {row['origin']} > {row['destination']}     {row['n_transactions']:>9,}  "
            f"{_money(row['base_minor'], graph.base_currency)}"
        )
    return "\n".join(lines)


def as_html(graph: TransactionGraph) -> str:
    """Return the same, with a small table of corridors."""
    s = graph.summary()
    if not s["n_transactions"]:
        return "<p><b>TransactionGraph</b>: empty</p>"
    rows = "".join(
        f"<tr><td>{r['origin']} &rarr; {r['destination']}</td>"
        f"<td style='text-align:right'>{r['n_transactions']:,}</td>"
        f"<td style='text-align:right'>{_money(r['base_minor'], graph.base_currency)}</td></tr>"
        for r in graph.corridors().head(8).iter_rows(named=True)
    )
    return (
        f"<div><b>TransactionGraph</b><br>{s['n_transactions']:,} transactions &middot; "
        f"{s['n_accounts']:,} accounts &middot; {s['n_holders']:,} holders<br>"
        f"{s['first_at']:%Y-%m-%d} to {s['last_at']:%Y-%m-%d}, step "
        f"{html.escape(s['resolution'] or 'unknown')} &middot; {s['n_cross_border']:,} cross a "
        f"border &middot; {_money(s['base_minor'], graph.base_currency)}"
        "<table><thead><tr><th>corridor</th><th>transactions</th><th>base money</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
