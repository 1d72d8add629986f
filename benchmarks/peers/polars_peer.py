"""polars: a table library; rolling windows where it has them, self-joins for the rest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.peers import _joins
from benchmarks.peers._joins import CANNOT, answer, modes
from benchmarks.streams import MINUTE
from benchmarks.works import CARRIED, RETURNED

if TYPE_CHECKING:
    from benchmarks.peers._joins import Columns
    from benchmarks.streams import Stream
    from benchmarks.works import Work

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("polars",)
THREADS = (1, 2)


def prepare(made: Stream, _work: Work, threads: int) -> pl.DataFrame:
    """Return the stream as a table; threads are set before the library is loaded."""
    if pl.thread_pool_size() != threads:
        asked = os.environ.get("POLARS_MAX_THREADS")
        raise RuntimeError(f"polars has {pl.thread_pool_size()} threads; it was told {asked}")
    return _joins.table(made)


def fan_degree(e: pl.DataFrame, work: Work, _mode: str) -> Columns:
    """Count in rolling windows over times that never tie."""
    period = f"{(work.window - MINUTE // 2)}i"

    def rolling(centre: str, partner: str, side: str) -> pl.DataFrame:
        return (
            e.sort(centre, "own_at")
            .rolling("own_at", period=period, closed="right", group_by=centre)
            .agg(
                pl.col("id").last(),
                pl.len().alias(f"degree_{side}"),
                pl.col(partner).n_unique().alias(f"fan_{side}"),
            )
        )

    both = rolling("dst", "src", "in").join(rolling("src", "dst", "out"), on="id")
    return _arrays(both.drop("src", "dst", "own_at", "own_at_right"))


def temporal_cycles(e: pl.DataFrame, work: Work, _mode: str) -> list[Columns]:
    """Walk from what each transaction's beneficiary paid, keeping the earliest arrival of a way."""
    walk = e.select(
        "id", goal="src", until="tick", last_tick=pl.col("tick") - work.window - 1, v0="dst"
    )
    step = (pl.col("tick") > pl.col("last_tick")) & (pl.col("tick") < pl.col("until"))
    arrival = pl.col("until").first(), pl.col("tick").min().alias("last_tick")
    return _circles(e, walk, step, arrival, work.hops)


def hop_cycles(e: pl.DataFrame, work: Work, _mode: str) -> list[Columns]:
    """Walk likewise, in any order of time."""
    walk = e.select("id", goal="src", since=pl.col("tick") - work.window, v0="dst")
    step = (pl.col("tick") >= pl.col("since")) & (pl.col("id_right") < pl.col("id"))
    return _circles(e, walk, step, (pl.col("since").first(),), work.hops)


def _circles(
    e: pl.DataFrame, walk: pl.DataFrame, step: pl.Expr, keep: tuple[pl.Expr, ...], most: int
) -> list[Columns]:
    """Return who closed how many circles of 2, 3, ... hops, walking until nothing is left."""
    then = e.lazy().select("src", "tick", "dst", id_right="id")
    out: list[Columns] = []
    while not most or len(out) + 1 < most:
        k = len(out) + 1
        passed = [f"v{i}" for i in range(k)]
        last = passed[-1]
        new = pl.all_horizontal(pl.col("dst") != pl.col(v) for v in passed)
        walk = (
            walk.lazy()
            .filter(pl.col(last) != pl.col("goal"))
            .join(then, left_on=last, right_on="src")
            .filter(step & new)
            .rename({"dst": f"v{k}"})
            .group_by("id", "goal", *passed, f"v{k}")
            .agg(*keep)
            .collect()
        )
        if walk.is_empty():
            break
        closed = walk.filter(pl.col(f"v{k}") == pl.col("goal"))
        out.append(_arrays(closed.group_by("id").agg(n=pl.len())))
    return out


def scatter_gather(e: pl.DataFrame, work: Work, _mode: str) -> Columns:
    """Count the accounts between each pair, once as the first and once as the second leg."""
    a = e.lazy().select("id", "tick", "src", "dst")
    b = e.lazy().select("src", "dst", id_then="id", tick_then="tick")
    inside = (pl.col("id_then") <= pl.col("id")) & (
        pl.col("tick_then") >= pl.col("tick") - work.window
    )
    as_origin, as_goal = {"src": "origin"}, {"dst": "goal"}
    onward = a.rename(as_origin).join(b.rename(as_goal), left_on="dst", right_on="src")
    before = a.rename(as_goal).join(b.rename(as_origin), left_on="src", right_on="dst")
    parts = [
        legs.filter(inside & (pl.col("origin") != pl.col("goal")))
        .select("id", "tick", "origin", "goal")
        .unique()
        for legs in (onward, before)
    ]
    first = b.rename({"src": "origin", "dst": "middle"})
    second = b.rename({"src": "middle", "dst": "goal"})
    found = (
        pl.concat(parts)
        .join(first, on="origin")
        .filter(inside)
        .select("id", "tick", "origin", "middle", "goal")
        .unique()
        .join(second, on=["middle", "goal"])
        .filter(inside)
        .group_by("id", "origin", "goal")
        .agg(k=pl.col("middle").n_unique())
        .filter(pl.col("k") >= 2)
        .select("id", "k")
        .collect()
    )
    return _arrays(found)


def round_trips(e: pl.DataFrame, work: Work, _mode: str) -> list[Columns]:
    """Walk from each transaction on, amounts included, and give the rows that come home."""
    trip = e.select(
        "tick",
        "amount",
        "border",
        goal="src",
        until=pl.col("tick") + work.window,
        sent="amount",
        v0="dst",
        r0="id",
    )
    share = 10_000 * pl.col("amount_right")
    carried = share.is_between(CARRIED[0] * pl.col("amount"), CARRIED[1] * pl.col("amount"))
    in_time = (pl.col("tick_right") > pl.col("tick")) & (pl.col("tick_right") <= pl.col("until"))
    returned = (10_000 * pl.col("amount") // pl.col("sent")).is_between(*RETURNED)
    out: list[Columns] = []
    for k in range(1, work.hops):
        passed = [f"v{i}" for i in range(k)]
        new = pl.all_horizontal(pl.col("dst") != pl.col(v) for v in passed)
        trip = (
            trip.lazy()
            .filter(pl.col(passed[-1]) != pl.col("goal"))
            .join(e.lazy().drop("own_at"), left_on=passed[-1], right_on="src")
            .filter(in_time & carried & new)
            .with_columns(border=pl.col("border") | pl.col("border_right"))
            .drop("tick", "amount", "border_right")
            .rename({"tick_right": "tick", "amount_right": "amount", "dst": f"v{k}", "id": f"r{k}"})
            .collect()
        )
        home = trip.filter((pl.col(f"v{k}") == pl.col("goal")) & pl.col("border") & returned)
        out.append(_arrays(home.select(f"r{i}" for i in range(k + 1))))
    return out


def _arrays(found: pl.DataFrame) -> Columns:
    return {c.name: c.cast(pl.Int64).to_numpy() for c in found}


WORKS = {
    "fan_degree": fan_degree,
    "temporal_cycles": temporal_cycles,
    "scatter_gather": scatter_gather,
    "hop_cycles": hop_cycles,
    "round_trips": round_trips,
}
