"""The money waterfall: from the seed value to the expected recoverable value, summing exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from xborder_aml.referral.tables import LEVELS, STEPS
from xborder_aml.referral.worth import seed_values, to_base
from xborder_aml.tracing import Traced

__all__ = ["cascade", "fates"]


def fates(traced: Traced, cases: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Return, by case and in the base currency: seeded, superseded, sunk and fees.

    Each part of a transaction is valued at that transaction's own base amount.
    """
    out = {case: dict.fromkeys(("seeded", "superseded", "sunk", "fees"), 0)
           for case in cases["case"].unique().sort()}  # fmt: skip
    case_of = dict(cases.select("claim", "case").iter_rows())
    mine = pl.col("claim").is_in(list(case_of))
    for claim, base in seed_values(traced).filter(mine).select("claim", "base_minor").iter_rows():
        out[case_of[claim]]["seeded"] += base or 0
    flows = traced.flows.filter(mine)
    rows = traced.graph.rows_of(flows["transaction_id"])
    of = {n: traced.graph.column(n).gather(rows) for n in ("received_minor", "base_minor")}
    told = flows.select(
        "claim",
        sunk="sunk_minor",
        superseded="superseded_minor",
        fees=pl.when(
            (pl.col("sent_currency") == pl.col("received_currency")) & (pl.col("kind") != "seed")
        )
        .then(pl.col("drawn_minor") - pl.col("arrived_minor"))
        .otherwise(0),
    ).with_columns(received=of["received_minor"], base=of["base_minor"])
    told = told.filter(pl.any_horizontal(pl.col("sunk", "superseded", "fees") != 0))
    for row in told.iter_rows(named=True):
        for name in ("sunk", "superseded", "fees"):
            base = to_base(row[name], row["received"], row["base"])
            out[case_of[row["claim"]]][name] += base or 0
    return out


def cascade(
    case: str,
    scope: str,
    currency: str,
    fate: Mapping[str, int],
    levels: Mapping[str, int],
    cost: int,
) -> Iterable[dict[str, Any]]:
    """Yield the steps of one scope.

    Parameters
    ----------
    fate
        seeded, superseded, sunk, fees.
    levels
        held (by all accounts of the case), traced (in the scope), present, surviving, reachable,
        weighted.
    cost
        Of the requests in the scope.

    Examples
    --------
    >>> steps = cascade("a", "all", "EUR",
    ...     {"seeded": 100, "superseded": 0, "sunk": 10, "fees": 1},
    ...     {"held": 89, "traced": 89, "present": 80, "surviving": 40, "reachable": 20,
    ...      "weighted": 10}, 3)
    >>> [step["value_minor"] for step in steps]
    [100, 100, 90, 89, 89, 89, 80, 40, 20, 10, 7]
    """
    flowed = fate["seeded"] - fate["superseded"] - fate["sunk"] - fate["fees"]
    changes = {
        "seeded": fate["seeded"],
        "superseded": -fate["superseded"],
        "sunk": -fate["sunk"],
        "fees": -fate["fees"],
        "revalued": levels["held"] - flowed,
        "elsewhere": levels["traced"] - levels["held"],
        "gone": levels["present"] - levels["traced"],
        "leaves": levels["surviving"] - levels["present"],
        "unreached": levels["reachable"] - levels["surviving"],
        "doubt": levels["weighted"] - levels["reachable"],
        "cost": -cost,
    }
    value = 0
    for position, step in enumerate(STEPS, start=1):
        value += changes[step]
        yield {
            "case": case, "scope": scope, "base_currency": currency, "position": position,
            "step": step, "change_minor": changes[step], "value_minor": value,
            "level": LEVELS.get(step),
        }  # fmt: skip
