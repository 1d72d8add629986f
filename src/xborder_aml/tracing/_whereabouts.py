"""Where it is now: how fast claimed money leaves accounts, what waiting costs, and how it came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from xborder_aml.errors import ParameterError
from xborder_aml.tracing._frames import jurisdictions_of
from xborder_aml.tracing._ledger import Ledger
from xborder_aml.tracing.tables import PATHS, SURVIVAL, WORTH

__all__ = ["DELAYS", "paths_table", "survival_table", "worth_table"]

DELAYS = ("24h", "72h", "10d", "45d")
"""How long money may have to be held by: a day, a recall, a suspension and a provisional freeze."""

_UNITS = {"h": 3_600, "d": 86_400}
_UNKNOWN = "??"


def survival_table(lots: pl.DataFrame, ended_at: datetime, ledger: Ledger) -> pl.DataFrame:
    """Return schema SURVIVAL: the product-limit estimate [1]_, a minor unit being one life.

    A lot enters when it comes into an account, leaves as it is drawn from, and what is left of it
    at the end was seen until then. What a seed claims anew, or a sink takes, never enters, and nor
    does money in an account that the ledger shows no payment of: it may have left unseen.

    References
    ----------
    .. [1] Kaplan E. L., Meier P. "Nonparametric estimation from incomplete observations", Journal
       of the American Statistical Association 53(282), 1958, pp. 457-481.
    """
    seen = ledger.graph.account_names.filter(pl.Series(ledger.pays_at >= 0))
    stays = lots.filter(pl.col("account").is_in(seen.implode())).select(
        "lot", "currency", entered="executed_at", left="left_minor"
    )
    drawn = lots.drop_nulls("parent").select(
        lot="parent", money="drawn_minor", until="executed_at", event=pl.lit(value=True)
    )
    kept = stays.filter(pl.col("left") > 0).select(
        "lot", money="left", until=pl.lit(ended_at, pl.Datetime("us", "UTC")),
        event=pl.lit(value=False),
    )  # fmt: skip
    ages = (
        pl.concat([drawn, kept])
        .join(stays, on="lot")
        .with_columns(after_s=(pl.col("until") - pl.col("entered")).dt.total_seconds())
        .group_by("currency", "after_s")
        .agg(
            left_minor=pl.col("money").filter("event").sum(),
            gone=pl.col("money").sum(),
        )
        .sort("currency", "after_s")
        .with_columns(
            at_risk_minor=pl.col("gone").sum().over("currency")
            - pl.col("gone").cum_sum().over("currency")
            + pl.col("gone")
        )
        .filter(pl.col("left_minor") > 0)
        .with_columns(
            survival=(1 - pl.col("left_minor") / pl.col("at_risk_minor"))
            .cum_prod()
            .over("currency")
        )
    )
    return SURVIVAL.conform(ages)


def worth_table(
    lots: pl.DataFrame, survival: pl.DataFrame, ended_at: datetime, delays: Sequence[str]
) -> pl.DataFrame:
    """Return schema WORTH: what is expected to be left of the money held, after each delay.

    A unit that has stayed for an age a is expected to stay for d more with S(a + d) / S(a). Where S
    has come to 0 before that age, nothing is known, and the expectation is null.
    """
    seconds = {delay: _seconds(delay) for delay in delays}
    held = lots.filter(pl.col("left_minor") > 0)
    rows = []
    for currency in held["currency"].unique().sort():
        own = held.filter(pl.col("currency") == currency)
        curve = survival.filter(pl.col("currency") == currency)
        times, share = curve["after_s"].to_numpy(), np.append(1.0, curve["survival"].to_numpy())
        age = (pl.lit(ended_at) - own["executed_at"]).dt.total_seconds()
        ages = own.select(age).to_series().to_numpy()
        money = own["left_minor"].to_numpy()
        now = share[np.searchsorted(times, ages, side="right")]
        for delay, after in seconds.items():
            then = share[np.searchsorted(times, ages + after, side="right")]
            known = now > 0
            total = int(money.sum())
            left = None
            if known.all():
                left = int(np.floor((money * (then / now)).sum()))
            rows.append(
                (currency, delay, after, total, None if left is None else left / total, left,
                 None if left is None else total - left)
            )  # fmt: skip
    return WORTH.conform(pl.DataFrame(rows, schema=WORTH.dtypes, orient="row"))


def _seconds(delay: str) -> int:
    number, unit = delay[:-1], delay[-1:]
    if unit not in _UNITS or not number.isdecimal():
        raise ParameterError(f"the delay {delay!r} is no time like 72h or 10d")
    return int(timedelta(seconds=int(number) * _UNITS[unit]).total_seconds())


def paths_table(lots: pl.DataFrame, ledger: Ledger, most: int) -> pl.DataFrame:
    """Return schema PATHS: the ways, by accounts, of most of the money that is held."""
    graph = ledger.graph
    held = lots.filter(pl.col("left_minor") > 0).sort("left_minor", "lot", descending=[True, False])
    parents = lots["parent"].fill_null(-1).to_list()
    accounts, tids = lots["account"].to_list(), lots["transaction_id"].to_list()
    ways: dict[tuple[str, str, tuple[str, ...]], tuple[int, set[int]]] = {}
    for lot, claim, currency, left in held.select(
        "lot", "claim", "currency", "left_minor"
    ).iter_rows():
        line = [lot]
        while parents[line[-1]] >= 0:
            line.append(parents[line[-1]])
        key = (claim, currency, tuple(accounts[x] for x in reversed(line)))
        total, ids = ways.get(key, (0, set()))
        ways[key] = (total + left, ids | {tids[x] for x in line})
    ranked = sorted(ways.items(), key=lambda way: (-way[1][0], way[0]))[:most]
    sums = held.group_by("claim", "currency").agg(pl.sum("left_minor"))
    totals = {(c, k): x for c, k, x in sums.iter_rows()}
    places = dict(zip(graph.account_names, jurisdictions_of(graph, ledger.end), strict=True))
    rows = []
    for rank, ((claim, currency, way), (amount, ids)) in enumerate(ranked, start=1):
        at = graph.rows_of(pl.Series(sorted(ids)))
        order = np.sort(at)
        times = graph.column("executed_at").gather(order)
        rows.append(
            (rank, claim, way[-1], currency, amount, amount / totals[claim, currency],
             len(way) - 1, list(way), [places.get(a) or _UNKNOWN for a in way],
             times[0], times[-1], graph.transaction_ids[order].tolist())
        )  # fmt: skip
    return PATHS.conform(pl.DataFrame(rows, schema=PATHS.dtypes, orient="row"))
