"""From a case's transactions to lanes and arrows: the numbers behind the flow picture."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from xborder_aml.report.formats import ELSEWHERE, UNKNOWN, times
from xborder_aml.schema import TRANSACTIONS

__all__ = ["GAP", "LABEL_PX", "PLOT_PX", "Flow", "lay_out"]

PLOT_PX = 900
"""Nominal width of the picture; on the page it is hardly narrower."""

GAP = 0.8
"""Room between two columns of the picture, in arrows."""

LABEL_PX = 74
"""Room that the label of a column needs."""

_POOLS = 8
_FEW_LANES = 5
_STEPS = {
    "transaction": "",
    "day": "1d",
    "week": "1w",
    "month": "1mo",
    "quarter": "1q",
    "year": "1y",
}
_SHOWN = (
    "originator",
    "beneficiary",
    "sent_minor",
    "sent_currency",
    "received_minor",
    "received_currency",
    "base_currency",
    "from_jurisdiction",
    "to_jurisdiction",
)


@dataclass(frozen=True, slots=True)
class Flow:
    """What the picture draws.

    Attributes
    ----------
    lanes
        One row a lane, from top to bottom.
    arrows
        One row an arrow, from left to right.
    step
        What an arrow sums: a transaction, or a pair's day, week, month, quarter or year.
    width
        Nominal width beside the names of the lanes, pixels.
    """

    lanes: pl.DataFrame
    arrows: pl.DataFrame
    step: str
    width: int


def lay_out(
    transactions: pl.DataFrame,
    focus: str | None,
    max_arrows: int,
    max_lanes: int,
    width: int = PLOT_PX,
) -> Flow:
    """Place a case's transactions, which must not be empty.

    Raises
    ------
    SchemaError
        If `transactions` is not a transactions table.
    """
    rows = TRANSACTIONS.conform(transactions).sort("executed_at", "transaction_id")
    accounts = _accounts(rows)
    while True:
        pooled = _pool(accounts, focus, max_lanes)
        lanes = _lanes(pooled)
        step, arrows = _sum_to_fit(_legs(rows, pooled, lanes), max_arrows, LABEL_PX / width)
        # Of a case too large for its quarters, time is worth more than the smaller accounts.
        if step != "year" or max_lanes <= _FEW_LANES:
            return Flow(lanes, arrows, step, width)
        max_lanes //= 2


def _accounts(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum each account's money and find its jurisdiction: the one that most rows tell."""
    amount, nothing = pl.col("base_minor").fill_null(0), pl.lit(0, pl.Int64)
    both = pl.concat(
        rows.select(
            account=pl.col(side),
            jurisdiction=pl.col(f"{side}_jurisdiction").cast(pl.String),
            sent=amount if side == "originator" else nothing,
            received=amount if side == "beneficiary" else nothing,
        )
        for side in ("originator", "beneficiary")
    )
    told = (
        both.drop_nulls("jurisdiction")
        .group_by("account", "jurisdiction")
        .len()
        .sort("account", "len", "jurisdiction", descending=[False, True, False])
        .unique("account", keep="first")
        .drop("len")
    )
    return (
        both.group_by("account")
        .agg(pl.col("sent").sum(), pl.col("received").sum())
        .join(told, on="account", how="left")
        .with_columns(
            pl.col("jurisdiction").fill_null(UNKNOWN), volume=pl.col("sent") + pl.col("received")
        )
    )


def _pool(accounts: pl.DataFrame, focus: str | None, max_lanes: int) -> pl.DataFrame:
    """Give each account its lane: its own, or one that the smallest of a jurisdiction share."""
    ranked = accounts.with_columns(is_focus=pl.col("account").eq_missing(pl.lit(focus))).sort(
        ["is_focus", "volume", "account"], descending=[True, True, False]
    )
    ranked = ranked.with_columns(is_pooled=pl.int_range(pl.len()) >= max_lanes)
    pools = (
        ranked.filter("is_pooled")
        .group_by("jurisdiction")
        .agg(pl.col("volume").sum())
        .sort(["volume", "jurisdiction"], descending=[True, False])
        .head(_POOLS)["jurisdiction"]
    )
    pool = pl.when(pl.col("jurisdiction").is_in(pools.to_list())).then("jurisdiction")
    ranked = ranked.with_columns(
        jurisdiction=pl.when("is_pooled")
        .then(pool.otherwise(pl.lit(ELSEWHERE)))
        .otherwise("jurisdiction")
    ).with_columns(
        # A pool of one account is that account.
        is_pooled=pl.col("is_pooled") & (pl.len().over("jurisdiction", "is_pooled") > 1)
    )
    return ranked.with_columns(
        lane=pl.when("is_pooled")
        .then(pl.format("pool {}", "jurisdiction"))
        .otherwise(pl.format("account {}", "account"))
    )


def _lanes(accounts: pl.DataFrame) -> pl.DataFrame:
    """Order the lanes: jurisdictions together, and money mostly falling from top to bottom."""

    def net(over: list[str]) -> pl.Expr:
        sent, received = (pl.col(c).sum().over(over) for c in ("sent", "received"))
        return (sent - received) / pl.max_horizontal(sent + received, 1)

    return (
        accounts.group_by("lane", "jurisdiction", "is_pooled", "is_focus")
        .agg(
            pl.col("sent").sum(),
            pl.col("received").sum(),
            pl.col("volume").sum(),
            pl.col("account").sort(),
        )
        .with_columns(group_net=net(["jurisdiction"]), lane_net=net(["lane"]))
        .sort(
            ["group_net", "jurisdiction", "is_pooled", "lane_net", "lane"],
            descending=[True, False, False, True, False],
        )
        .with_columns(y=pl.int_range(pl.len()))
    )


def _legs(rows: pl.DataFrame, accounts: pl.DataFrame, lanes: pl.DataFrame) -> pl.DataFrame:
    """Put beside each transaction the lane at either end, and its time as written."""
    places = accounts.select("account", "lane").join(
        lanes.select("lane", "jurisdiction", "y"), on="lane"
    )
    legs = rows.with_columns(written=pl.Series(times(rows), dtype=pl.String))
    for side, end in (("originator", "from"), ("beneficiary", "to")):
        place = places.select(
            pl.col("account").alias(side),
            pl.col("y").alias(f"{end}_y"),
            pl.col("jurisdiction").alias(f"{end}_jurisdiction"),
        )
        legs = legs.join(place, on=side, how="left", maintain_order="left")
    return legs


def _sum_to_fit(legs: pl.DataFrame, max_arrows: int, label: float) -> tuple[str, pl.DataFrame]:
    """Sum the legs by the finest step that fits, by the year if none does; none is left out."""

    def keys(step: str) -> list[pl.Expr]:
        day, every = pl.col("executed_at").dt.date(), _STEPS[step]
        period = day.dt.truncate(every) if every else day
        part = pl.lit(0, pl.Int64) if every else pl.col("transaction_id")
        return [period.alias("period"), part.alias("part"), pl.col("from_y"), pl.col("to_y")]

    def n_arrows(step: str) -> int:
        return int(legs.select(pl.struct(keys(step)).n_unique()).item())

    step = next((step for step in _STEPS if n_arrows(step) <= max_arrows), "year")
    arrows = (
        legs.group_by(keys(step))
        .agg(
            pl.col("executed_at").first(),
            transaction_ids=pl.col("transaction_id"),
            base_minor=pl.col("base_minor").sum(),
            n_unrated=pl.col("base_minor").null_count(),
            first=pl.col("written").first(),
            last=pl.col("written").last(),
            **{name: pl.col(name).first() for name in _SHOWN},
        )
        .sort("period", "executed_at", pl.col("transaction_ids").list.first())
    )
    return step, arrows.with_columns(x=_places(arrows["period"], label))


def _places(periods: pl.Series, label: float) -> pl.Series:
    """Place arrows side by side in columns, one a period, each as wide as its label at least.

    `label` is the width of a label as a share of the picture.
    """
    counts = periods.rle().struct.field("len").to_list()
    room = _least_width([n + GAP for n in counts], label)
    places, left = [], 0.0
    for n in counts:
        width = max(n + GAP, room)
        places += [left + (width - n + 1) / 2 + k for k in range(n)]
        left += width
    return pl.Series(places, dtype=pl.Float64)


def _least_width(widths: list[float], share: float) -> float:
    """Return the least width `w` such that `w` is `share` of the sum of `max(width, w)`.

    Zero when there are too many columns for that: then some go without a label.

    Examples
    --------
    >>> _least_width([1.0, 7.0], 0.25)
    2.3333333333333335
    """
    ordered = sorted(widths)
    if len(widths) * share > 1:
        return 0.0
    for k, width in enumerate(ordered):  # the k narrowest are widened to w
        least = share * sum(ordered[k:]) / (1 - share * k)
        if least <= width:
            return least
    return ordered[-1]
