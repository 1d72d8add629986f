"""How far each tracing rule is from the truth of a made ledger, and whether the bounds contain it.

``python -m benchmarks.truth [ACCOUNTS] [TRANSACTIONS] [SEED]`` makes a ledger whose generator knows
which unit of which crime's proceeds is where, traces it by every rule that attributes value, and
prints a line a rule: the share of the traced value that it puts in a wrong account, each unit
counted once, the account that is furthest off, and in how many pairs of claim and account the rule
lies within the rule-free bounds. The last line tells in how many the truth does.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import polars as pl

from xborder_aml import TransactionGraph, trace
from xborder_aml.report.formats import money
from xborder_aml.synth import SynthLedger, generate
from xborder_aml.synth.tables import illicit_value
from xborder_aml.tracing import RULES, Traced
from xborder_aml.tracing._frames import last_rates

PLACE = ("claim", "account", "currency")
SIZE = (200, 10_000, 1)
"""Accounts, transactions and seed of the ledger in the documentation."""


class Setting(NamedTuple):
    """What is traced, and the truth: PLACE and ``truth``, where that is not 0."""

    graph: TransactionGraph
    seeds: pl.DataFrame
    openings: pl.DataFrame
    truth: pl.DataFrame


def main(words: list[str]) -> None:
    """Print the table."""
    sizes = [*map(int, words), *SIZE[len(words) :]]
    made = generate("tiny", seed=sizes[2], n_accounts=sizes[0], n_transactions=sizes[1])
    setting = setting_of(made)
    bounds = None
    print(f"{'rule':<14}{'misplaced':>9}{'furthest off':>40}{'by':>20}{'within':>16}")
    for rule in (r for r in RULES if r != "poison"):
        traced = traced_by(setting, rule)
        if bounds is None:  # they are of no rule
            bounds = traced.bounds(setting.truth["account"].unique().sort())
        told = error_of(traced.holdings, setting)
        inside = within(by_rule(traced.holdings), bounds)
        worst = told["worst"]
        off = money(worst["off"], setting.graph.base_currency)
        print(
            f"{rule:<14}{told['share']:>9.3%}{worst['claim'] + ', ' + worst['account']:>40}"
            f"{off:>20}{inside.sum():>8,} of {inside.len():>5,}"
        )
    held = within(setting.truth, bounds)
    print(
        f"truth within the bounds: {held.sum():,} of {held.len():,} pairs of claim and account, "
        f"{setting.truth.height:,} of them with money"
    )


def setting_of(made: SynthLedger) -> Setting:
    """Return what is to be traced in a made ledger: the proceeds of its crimes, from the start."""
    graph = TransactionGraph(made.transactions, made.accounts)
    seeds = (
        made.truth.filter(pl.col("sent_minor") == 0)
        .group_by("claim", "transaction_id", maintain_order=True)
        .agg(amount_minor=pl.sum("received_minor"))
    )
    own = made.book.select("account", pl.col("currency").cast(pl.String), "opening_minor")
    used = {*graph.column("sent_currency"), *graph.column("received_currency")}
    openings = own.filter(
        pl.col("account").is_in(graph.account_names.implode()),
        pl.col("opening_minor") > 0,
        pl.col("currency").is_in([str(code) for code in used]),
    ).rename({"opening_minor": "balance_minor"})
    truth = (
        illicit_value(made.truth)
        .group_by("account", "claim", maintain_order=True)
        .agg(truth=pl.last("amount_minor"))
        .filter(pl.col("truth") != 0)
        .join(own, on="account", how="left", maintain_order="left")
        .select(*PLACE, "truth")
    )
    return Setting(graph, seeds, openings, truth)


def traced_by(setting: Setting, rule: str) -> Traced:
    """Trace the proceeds by a rule, with the opening balances that the generator knows."""
    return trace(
        setting.graph, setting.seeds, rule=rule, opening_balances=setting.openings, sinks=()
    )


def by_rule(holdings: pl.DataFrame) -> pl.DataFrame:
    """Return what a rule says in the form of the truth."""
    return holdings.select(
        "claim", "account", pl.col("currency").cast(pl.String), truth="amount_minor"
    )


def error_of(holdings: pl.DataFrame, setting: Setting) -> dict[str, Any]:
    """Return the share that a rule misplaces, and the pair of claim and account furthest off.

    Misplaced is what a rule puts where it is not, or what it lacks where it is, whichever is more,
    over the whole: a unit in a wrong account is in both, and counts once. Currencies are added up
    in the base currency, in whose minor units ``off`` is.
    """
    rates = last_rates(setting.graph, setting.graph.n_transactions).select(
        pl.col("currency").cast(pl.String), rate=pl.col("base") / pl.col("native")
    )
    both = (
        by_rule(holdings)
        .rename({"truth": "ruled"})
        .join(setting.truth, on=PLACE, how="full", coalesce=True)
        .with_columns(pl.col("ruled", "truth").fill_null(0))
        .join(rates, on="currency", how="left")
        .with_columns(over=((pl.col("ruled") - pl.col("truth")) * pl.col("rate")).round())
        .with_columns(off=pl.col("over").abs())
        .sort("off", "claim", "account", descending=[True, False, False])
    )
    whole = (both["truth"] * both["rate"]).sum()
    worst = both.row(0, named=True)
    misplaced = max(both["over"].clip(lower_bound=0).sum(), -both["over"].clip(upper_bound=0).sum())
    return {
        "share": misplaced / whole,
        "worst": {**{name: worst[name] for name in PLACE}, "off": int(worst["off"])},
    }


def within(values: pl.DataFrame, bounds: pl.DataFrame) -> pl.Series:
    """Return of each pair whether its value lies within the bounds.

    The pairs are those of the bounds, where nothing is told of a value as 0, and those values of
    the bounded accounts that the bounds leave out as impossible.
    """
    limits = bounds.select(
        "claim", "account", pl.col("currency").cast(pl.String), "low_minor", "high_minor"
    )
    told = values.filter(pl.col("account").is_in(bounds["account"].unique().implode()))
    both = told.join(limits, on=PLACE, how="full", coalesce=True).sort(PLACE)
    value = pl.col("truth").fill_null(0)
    return both.select(
        inside=value.is_between(pl.col("low_minor").fill_null(0), pl.col("high_minor").fill_null(0))
    )["inside"]


if __name__ == "__main__":
    main(sys.argv[1:])
