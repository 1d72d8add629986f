"""DuckDB: a column database; windows where SQL has them, self-joins for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import duckdb
import numpy as np

from benchmarks.peers import _joins
from benchmarks.peers._joins import CANNOT, answer, modes
from benchmarks.streams import MINUTE
from benchmarks.works import CARRIED, RETURNED

if TYPE_CHECKING:
    from benchmarks.peers._joins import Columns
    from benchmarks.streams import Stream
    from benchmarks.works import Work

__all__ = ["CANNOT", "PACKAGES", "THREADS", "WORKS", "answer", "modes", "prepare"]

PACKAGES = ("duckdb",)
THREADS = (1, 2)


class Database(NamedTuple):
    """A database in memory that holds the stream as table `e`."""

    connection: duckdb.DuckDBPyConnection

    def keep(self, name: str, query: str) -> int:
        """Make a table of a query's rows; return how many there are."""
        self.connection.execute(f"create or replace temp table {name} as {query}")
        (n,) = self.connection.execute(f"select count(*) from {name}").fetchone()
        return n

    def columns(self, query: str) -> Columns:
        """Return a query's rows as arrays."""
        found = self.connection.execute(query).fetchnumpy()
        return {name: np.asarray(c, np.int64) for name, c in found.items()}


def prepare(made: Stream, _work: Work, threads: int) -> Database:
    """Return a database that holds the stream."""
    connection = duckdb.connect(config={"threads": threads})
    connection.register("given", _joins.table(made).to_arrow())
    connection.execute("create table e as select * from given")
    return Database(connection)


def fan_degree(given: Database, work: Work, _mode: str) -> Columns:
    """Count in range windows over times that never tie."""
    window = f"range between {work.window - MINUTE // 2} preceding and current row"
    return given.columns(
        f"""
        select id,
            count(*) over into_it as degree_in, count(distinct src) over into_it as fan_in,
            count(*) over out_of_it as degree_out, count(distinct dst) over out_of_it as fan_out
        from e window
            into_it as (partition by dst order by own_at {window}),
            out_of_it as (partition by src order by own_at {window})
        """
    )


def temporal_cycles(given: Database, work: Work, _mode: str) -> list[Columns]:
    """Walk from what each transaction's beneficiary paid, keeping the earliest arrival of a way."""
    first = (
        f"select id, src as goal, tick as until, tick - {work.window} - 1 as tick, dst as v0 from e"
    )
    keep, step = "w.until, min(b.tick) as tick", "b.tick > w.tick and b.tick < w.until"
    return _circles(given, first, keep, step, work.hops)


def hop_cycles(given: Database, work: Work, _mode: str) -> list[Columns]:
    """Walk likewise, in any order of time."""
    first = f"select id, src as goal, tick - {work.window} as since, dst as v0 from e"
    keep, step = "w.since", "b.tick >= w.since and b.id < w.id"
    return _circles(given, first, keep, step, work.hops)


def _circles(given: Database, first: str, keep: str, step: str, most: int) -> list[Columns]:
    """Return who closed how many circles of 2, 3, ... hops, walking until nothing is left."""
    given.keep("walk", first)
    out: list[Columns] = []
    while not most or len(out) + 1 < most:
        k = len(out) + 1
        passed = [f"w.v{i}" for i in range(k)]
        left = given.keep(
            "walk",
            f"""
            select w.id, w.goal, {keep}, {", ".join(passed)}, b.dst as v{k}
            from walk w join e b on b.src = w.v{k - 1} and {step}
            where w.v{k - 1} <> w.goal and b.dst not in ({", ".join(passed)})
            group by all
            """,
        )
        if not left:
            break
        out.append(
            given.columns(f"select id, count(*) as n from walk where v{k} = goal group by id")
        )
    return out


def scatter_gather(given: Database, work: Work, _mode: str) -> Columns:
    """Count the accounts between each pair, once as the first and once as the second leg."""

    def window(name: str) -> str:
        return f"{name}.id <= a.id and {name}.tick >= a.tick - {work.window}"

    return given.columns(
        f"""
        with ends as (
            select distinct a.id, a.tick, a.src as origin, b.dst as goal
            from e a join e b on b.src = a.dst and b.dst <> a.src and {window("b")}
            union all
            select distinct a.id, a.tick, b.src as origin, a.dst as goal
            from e a join e b on b.dst = a.src and b.src <> a.dst and {window("b")}
        )
        select id, k from (
            select a.id, a.origin, a.goal, count(distinct x.dst) as k
            from ends a
            join e x on x.src = a.origin and {window("x")}
            join e y on y.src = x.dst and y.dst = a.goal and {window("y")}
            group by all
        ) where k >= 2
        """
    )


def round_trips(given: Database, work: Work, _mode: str) -> list[Columns]:
    """Walk from each transaction on, amounts included, and give the rows that come home."""
    given.keep(
        "trip",
        f"""
        select src as goal, tick + {work.window} as until, tick, amount as sent, amount, border,
            dst as v0, id as r0
        from e
        """,
    )
    out: list[Columns] = []
    for k in range(1, work.hops):
        passed = [f"w.v{i}" for i in range(k)]
        rows = [f"w.r{i}" for i in range(k)]
        given.keep(
            "trip",
            f"""
            select w.goal, w.until, b.tick, w.sent, b.amount, w.border or b.border as border,
                {", ".join(passed + rows)}, b.dst as v{k}, b.id as r{k}
            from trip w join e b on b.src = w.v{k - 1} and b.tick > w.tick and b.tick <= w.until
            where w.v{k - 1} <> w.goal and b.dst not in ({", ".join(passed)})
                and 10000 * b.amount between {CARRIED[0]} * w.amount and {CARRIED[1]} * w.amount
            """,
        )
        out.append(
            given.columns(
                f"""
                select {", ".join(f"r{i}" for i in range(k + 1))} from trip
                where v{k} = goal and border
                    and 10000 * amount // sent between {RETURNED[0]} and {RETURNED[1]}
                """
            )
        )
    return out


WORKS = {
    "fan_degree": fan_degree,
    "temporal_cycles": temporal_cycles,
    "scatter_gather": scatter_gather,
    "hop_cycles": hop_cycles,
    "round_trips": round_trips,
}
