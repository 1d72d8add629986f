"""`Traced`: what a trace found, as tables that are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.graph import TransactionGraph
from xborder_aml.tracing import _frames
from xborder_aml.tracing._bounds import bounds_table
from xborder_aml.tracing._ledger import Ledger
from xborder_aml.tracing._run import Run
from xborder_aml.tracing._steps import steps_table
from xborder_aml.tracing._whereabouts import DELAYS, paths_table, survival_table, worth_table
from xborder_aml.tracing.tables import CONSERVATION, FLOWS, HOLDINGS, LOTS, STEPS

__all__ = ["Traced"]

_SHORTLIST = 10


@dataclass(frozen=True, eq=False, repr=False)
class Traced:
    """Where claimed money is, how it came there, and what became of the rest.

    Made by `trace`. Tables are polars frames, in a canonical order, and every amount in them is of
    minor units; `xborder_aml.tracing.tables` says what each column means.

    Parameters
    ----------
    graph
        The graph that was traced.
    seeds
        The seeds: claim, transaction_id, amount_minor, row.
    rule, same_day, as_of, sinks_by
        What `trace` was asked for; `as_of` is None for the whole ledger.
    ledger
        The book of moves, in the order taken.
    runs
        What the rule made of it, by order of the same day; empty for poison.
    """

    graph: TransactionGraph
    seeds: pl.DataFrame
    rule: str
    same_day: str
    as_of: datetime | None
    sinks_by: tuple[str, ...]
    ledger: Ledger
    runs: Mapping[str, Run]

    @property
    def run(self) -> Run | None:
        """The run that the tables tell: that of the first order; None for poison."""
        return next(iter(self.runs.values()), None)

    @property
    def ended_at(self) -> datetime:
        """Time up to which the money was followed."""
        if self.as_of is not None:
            return self.as_of
        last = self.graph.column("executed_at").max()
        return last if isinstance(last, datetime) else datetime(1970, 1, 1, tzinfo=UTC)

    @cached_property
    def claims(self) -> pl.DataFrame:
        """What the claims begin with (tables.CLAIMS)."""
        return _frames.claims_table(self.seeds, self.graph)

    @cached_property
    def holdings(self) -> pl.DataFrame:
        """Where the money is (tables.HOLDINGS); empty for poison."""
        if self.run is None:
            return HOLDINGS.empty()
        table = _frames.holdings_table(self.run)
        if len(self.runs) == 1:
            return table
        return _with_range(table, [_frames.holdings_table(run) for run in self.runs.values()])

    @cached_property
    def flows(self) -> pl.DataFrame:
        """Claimed money on its way, by transaction (tables.FLOWS); empty for poison."""
        return FLOWS.empty() if self.run is None else _frames.flows_table(self.run)

    @cached_property
    def values(self) -> pl.DataFrame:
        """Value by account, claim and time (tables.VALUES)."""
        return _frames.values_table(self.flows)

    @cached_property
    def lots(self) -> pl.DataFrame:
        """Lots and what they were taken from (tables.LOTS).

        Rules that keep no lots say how much of a claim leaves an account, and not which part: here
        it is the oldest.
        """
        return LOTS.empty() if self.run is None else _frames.lots_table(self.run)

    @cached_property
    def steps(self) -> pl.DataFrame:
        """The re-performance ledger (tables.STEPS)."""
        return STEPS.empty() if self.run is None else steps_table(self.run)

    @cached_property
    def sinks(self) -> pl.DataFrame:
        """Money that left the ledger's reach (tables.SINKS)."""
        return _frames.sinks_table(self.flows, self.graph)

    @cached_property
    def minted(self) -> pl.DataFrame:
        """Overdrafts, and balances that the ledger does not show (tables.MINTED)."""
        return _frames.minted_table(self.ledger)

    @cached_property
    def conservation(self) -> pl.DataFrame:
        """What became of each claim, to the minor unit (tables.CONSERVATION)."""
        return CONSERVATION.empty() if self.run is None else _frames.conservation_table(self.run)

    @cached_property
    def exposure(self) -> pl.DataFrame:
        """The poison set, whatever the rule (tables.EXPOSURE)."""
        return _frames.exposure_table(self.ledger)

    @cached_property
    def survival(self) -> pl.DataFrame:
        """How long claimed money stays in an account (tables.SURVIVAL), by currency."""
        return survival_table(self.lots, self.ended_at, self.ledger)

    def worth_now(self, delays: Sequence[str] = DELAYS) -> pl.DataFrame:
        """Return what acting now saves, against acting after each delay (tables.WORTH).

        It assumes that money leaves as it has left so far, by the age of each lot.

        Raises
        ------
        ParameterError
            If a delay is no number of hours or days, like 72h or 10d.
        """
        return worth_table(self.lots, self.survival, self.ended_at, delays)

    def paths(self, most: int = 10) -> pl.DataFrame:
        """Return the ways by which most of the money came to where it is (tables.PATHS)."""
        return paths_table(self.lots, self.ledger, most)

    def by_jurisdiction(self) -> pl.DataFrame:
        """Return what is held by claim, jurisdiction and currency, most first; null is unknown."""
        return (
            self.holdings.group_by("claim", "jurisdiction", "currency")
            .agg(pl.sum("amount_minor", "base_minor"), n_accounts=pl.len())
            .sort(
                ["claim", "base_minor", "amount_minor", "jurisdiction", "currency"],
                descending=[False, True, True, False, False],
                nulls_last=True,
            )
        )

    def bounds(self, accounts: str | Iterable[str] | None = None) -> pl.DataFrame:
        """Return the least and the most of each claim that any rule puts in these accounts.

        They are those of the order of the same day that was traced first, and of what the ledger
        shows: an account that is overdrawn is covered by clean money, as everywhere.

        Parameters
        ----------
        accounts
            Account keys; by default the ten that hold most.

        Returns
        -------
        DataFrame
            tables.BOUNDS; pairs of a claim and an account that cannot meet are left out.

        Raises
        ------
        ParameterError
            If the graph has no such account.
        """
        held = self.holdings.group_by("account").agg(pl.sum("base_minor")).sort(
            "base_minor", "account", descending=[True, False]
        )  # fmt: skip
        wanted = [accounts] if isinstance(accounts, str) else accounts
        names = held["account"].head(_SHORTLIST).to_list() if wanted is None else list(wanted)
        known = self.graph.account_names
        for name in names:
            if name not in known:
                raise ParameterError(
                    f"the graph has no account {name!r}"
                    f"{did_you_mean(name, known.head(100_000).to_list())}"
                )
        codes = known.is_in(names).arg_true().to_numpy()
        pockets = np.flatnonzero(np.isin(self.ledger.account, codes))
        return bounds_table(self.ledger, pockets, np.arange(self.ledger.claims.len()), self.run)

    def value_at(self, at: datetime) -> pl.DataFrame:
        """Return what each account held of each claim at a time: claim, account, currency, value.

        Raises
        ------
        ParameterError
            If the time has no zone.
        """
        if at.tzinfo is None:
            raise ParameterError(f"{at} has no time zone; times here are UTC")
        return (
            self.values.filter(pl.col("executed_at") <= at)
            .group_by("claim", "account", "currency", maintain_order=True)
            .agg(pl.col("value_minor").last())
            .filter(pl.col("value_minor") > 0)
        )

    def __repr__(self) -> str:
        """Return the rule, and what became of the claims in each currency."""
        until = "the end" if self.as_of is None else f"{self.as_of:%Y-%m-%d %H:%M}"
        lines = [
            f"Traced: {self.ledger.claims.len():,} claims by {self.rule} until {until}, "
            f"{self.ledger.book.row.size:,} of {self.graph.n_transactions:,} transactions touched"
        ]
        totals = self.conservation.group_by("currency").agg(pl.col(pl.Int64).sum()).sort("currency")
        for r in totals.iter_rows(named=True):
            fates = ("held", "sunk", "fees", "superseded", "converted_out")
            told = ", ".join(f"{r[f + '_minor']:,} {f}" for f in fates if r[f + "_minor"])
            lines.append(f"  {r['currency']}: {r['seeded_minor']:,} seeded: {told or 'nothing'}")
        return "\n".join(lines)


def _with_range(table: pl.DataFrame, tables: list[pl.DataFrame]) -> pl.DataFrame:
    """Put the least and the most of several orders into the holdings of the first.

    An account that holds money under another order only has a row, too, with an amount of 0.
    """
    place = ["claim", "account", "currency"]
    spread = (
        pl.concat(tables)
        .group_by(place)
        .agg(
            pl.exclude("low_minor", "high_minor").first(),
            low=pl.min("amount_minor"),
            high=pl.max("amount_minor"),
            n=pl.len(),
        )
        .with_columns(low=pl.when(pl.col("n") == len(tables)).then("low").otherwise(0))
    )
    own = table.select(*place, own="amount_minor", own_base="base_minor")
    joined = spread.join(own, on=place, how="left").with_columns(
        amount_minor=pl.col("own").fill_null(0),
        base_minor=pl.when(pl.col("own").is_null()).then(0).otherwise("own_base"),
        low_minor="low",
        high_minor="high",
    )
    return HOLDINGS.conform(
        joined.sort(
            ["claim", "base_minor", "high_minor", "account", "currency"],
            descending=[False, True, True, False, False],
            nulls_last=True,
        )
    )
