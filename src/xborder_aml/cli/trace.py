"""The command that follows money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from xborder_aml.cli._group import INCOMPLETE, verbosity
from xborder_aml.cli._options import (
    FOLLOWING,
    READING,
    config_of,
    config_options,
    following,
    fresh_option,
)
from xborder_aml.cli._talk import Talk, aligned

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from xborder_aml.batch.follow import Followed

__all__ = ["trace"]

_SHOWN = 15


@click.command(short_help="Follow the money of some transactions, and tell where it is.")
@click.argument("ledger", metavar="LEDGER")
@following(poison=True)
@click.option("--bounds/--no-bounds", default=True, help="Work out the rule-free bounds, too.")
@click.option("--out", metavar="DIR", help="Folder for the tables; by default, only print.")
@config_options(*READING, "as_of")
@fresh_option
@verbosity
def trace(ledger: str, out: str | None, bounds: bool, fresh: bool, **values: Any) -> None:
    """Follow the money of some transactions in LEDGER, by one rule, and tell where it is.

    Prints the accounts that hold most of it, with the least and the most that any rule could
    say, and what became of the rest. Amounts are exact, and each claim is summed up in every run.

    \b
    DIR holds, as Parquet:
      holdings, bounds     where the money is, and rule-free bounds (holdings.csv, too)
      conservation, sinks  what became of each claim; what left the ledger's reach
      flows, values        by transaction; by account, claim and time
      lots, steps, minted  to follow every step by hand; overdrafts
      exposure             every account that can have been reached
      survival, worth      how fast it leaves accounts; what acting now saves
      paths                the ways of most of it
      trace.json           rule, seeds, inputs, and what is incomplete; written last

    DIR must be new, empty, or one that this command filled. Every file is whole or absent, and with
    the same inputs and options as before nothing is done.
    """  # noqa: D301 - a real backspace keeps click from wrapping
    from xborder_aml.batch.follow import Asked, trace_ledger

    asked = Asked(**{name: values.pop(name) for name in FOLLOWING})
    with Talk() as talk:
        followed = trace_ledger(
            ledger, out, asked, config_of(values), bounds=bounds, fresh=fresh, progress=talk
        )
    click.echo(_summary(followed))
    for sentence in followed.incomplete:
        talk.insist(f"incomplete: {sentence}")
    if followed.incomplete:
        click.get_current_context().exit(INCOMPLETE)


def _summary(followed: Followed) -> str:
    """Return where the money is, and what became of it, as text."""
    from xborder_aml.report.formats import money

    if followed.rule == "poison":
        return _reached(followed.tables["exposure"])
    fates = ("seeded", "converted_in", "held", "sunk", "fees", "superseded", "converted_out")
    told = [
        [r["claim"], *(money(r[f"{fate}_minor"], r["currency"]) for fate in fates)]
        for r in followed.tables["conservation"].head(_SHOWN).iter_rows(named=True)
    ]
    names = [fate.replace("_", " ") for fate in fates]
    return f"{_held(followed.tables)}\n\n{aligned(['claim', *names], told)}"


def _reached(exposure: pl.DataFrame) -> str:
    columns = ["claim", "account", "jurisdiction", "currency", "hops", "first_at"]
    rows = [(*r[:5], f"{r[5]:%Y-%m-%d}") for r in exposure.select(columns).head(_SHOWN).rows()]
    table = aligned(["claim", "account", "in", "currency", "hops", "first at"], rows)
    return f"{table}\n{exposure.height:,} accounts can have been reached; no value is attributed"


def _held(tables: Mapping[str, pl.DataFrame]) -> str:
    """Return the accounts that hold most, with what other orders and any rule would say."""
    holdings = tables["holdings"]
    if "bounds" in tables:
        extremes = tables["bounds"].rename({"low_minor": "least", "high_minor": "most"})
        keys = ["claim", "account", "currency"]
        extremes = extremes.select(*keys, "least", "most")
        holdings = holdings.join(extremes, on=keys, how="left", maintain_order="left")
    ranked = holdings.sort("base_minor", "account", descending=[True, False], nulls_last=True)
    rows = []
    for r in ranked.head(_SHOWN).iter_rows(named=True):
        orders = None if r["low_minor"] == r["high_minor"] else _span(r, "low_minor", "high_minor")
        rules = None if r.get("most") is None else _span(r, "least", "most")
        last = f"{r['last_in_at']:%Y-%m-%d}"
        held = _span(r, "amount_minor", "amount_minor")
        rows.append((r["claim"], r["account"], r["jurisdiction"], held, orders, rules, last))
    head = ["claim", "account", "in", "held", "orders of a day", "any rule", "last in"]
    left = ranked.height - len(rows)
    more = f"\n(and {left:,} more)" if left else ""
    return aligned(head, rows, widest=64) + more


def _span(row: Mapping[str, Any], low: str, high: str) -> str:
    from xborder_aml.report.formats import money

    least, most = (money(row[name], row["currency"]) for name in (low, high))
    return least if least == most else f"{least} to {most}"
