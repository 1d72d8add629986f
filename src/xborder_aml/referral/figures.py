"""The figures of a case file, each with the transactions and the function that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from xborder_aml.referral._accounts import reach_of
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.retrace import arguments_of
from xborder_aml.referral.worth import cooperation, ppm

__all__ = ["figures_of"]

_LEVELS = ("traced", "present", "surviving", "reachable", "weighted")


def figures_of(referral: Referral) -> list[dict[str, Any]]:
    """Return every figure that the case file of one case prints, as ``figures.json`` holds them.

    A figure comes after those that it is made of. Money is in minor units.
    """
    return list(_figures(referral))


def _figures(referral: Referral) -> Iterator[dict[str, Any]]:
    traced, currency = referral.traced, referral.traced.graph.base_currency
    again = arguments_of(traced)
    claims = referral.cases["claim"].to_list()
    seeds = traced.seeds.filter(pl.col("claim").is_in(claims))
    seed_ids = seeds["transaction_id"].to_list()
    moved = traced.flows.filter(pl.col("claim").is_in(claims))["transaction_id"].unique().sort()

    def figure(name: str, value: int | str, how: str, ids: list[int] | None = None,
               unit: str = currency, **arguments: Any) -> dict[str, Any]:  # fmt: skip
        return {"figure": name, "value": value, "unit": f"{unit} minor" if unit == currency else
                unit, "transaction_ids": ids or [], "how": how, "arguments": arguments}  # fmt: skip

    at = traced.graph.column("executed_at").gather(seeds["row"])
    yield figure("n_seeds", len(seed_ids), "count", seed_ids, "transactions")
    yield figure("first_seed", f"{at.min():%Y-%m-%d}", "first_day", seed_ids, "day")
    yield figure("last_seed", f"{at.max():%Y-%m-%d}", "last_day", seed_ids, "day")
    yield figure("n_moved", moved.len(), "count", moved.to_list(), "transactions")
    steps = {
        row["step"]: row
        for row in referral.waterfall.filter(pl.col("scope") == "all").iter_rows(named=True)
    }
    yield figure("seeded", steps["seeded"]["value_minor"], "seed_value", seed_ids,
                 amounts_minor=seeds["amount_minor"].to_list())  # fmt: skip
    for fate in ("superseded", "sunk", "fees"):
        yield figure(fate, -steps[fate]["change_minor"], "fate", moved.to_list(),
                     trace=again, claims=claims, fate=fate)  # fmt: skip
    yield from _accounts(referral, figure, again, claims)
    names = [f"account/{account}" for account in referral.recovery["account"]]
    for level in _LEVELS:
        total = int(referral.recovery[f"{level}_minor"].sum())
        yield figure(level, total, "sum", plus=[f"{name}/{level}" for name in names])
    flowed = ["superseded", "sunk", "fees"]
    yield figure("revalued", steps["revalued"]["change_minor"], "sum",
                 plus=["traced", *flowed], minus=["seeded"])  # fmt: skip
    cost = steps["cost"]["change_minor"]
    yield figure("expected", steps["cost"]["value_minor"], "sum", plus=["weighted"],
                 constant=cost)  # fmt: skip
    for request in referral.requests.iter_rows(named=True):
        place = request["jurisdiction"]
        own = referral.recovery.filter(pl.col("jurisdiction").cast(pl.String).eq_missing(place))
        parts = [f"account/{account}" for account in own["account"]]
        head = f"request/{place or '??'}"
        yield figure(f"{head}/traced", request["traced_minor"], "sum",
                     plus=[f"{part}/traced" for part in parts])  # fmt: skip
        yield figure(f"{head}/expected", request["expected_minor"], "sum",
                     plus=[f"{part}/weighted" for part in parts],
                     constant=-referral.settings.cost_minor)  # fmt: skip


def _accounts(
    referral: Referral, figure: Any, again: dict[str, Any], claims: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the levels of each account: traced anew, then share upon share."""
    settings = referral.settings
    for row in referral.recovery.iter_rows(named=True):
        account, head = row["account"], f"account/{row['account']}"
        place = row["jurisdiction"]
        reach = reach_of(
            referral.channel_plans.get(place or ""), place, referral.requesting, settings
        )
        yield figure(f"{head}/traced", row["traced_minor"], "held", row["transaction_ids"],
                     trace=again, accounts=[account], claims=claims,
                     column="base_minor")  # fmt: skip
        gone = row["traced_minor"] - row["present_minor"]
        yield figure(f"{head}/present", row["present_minor"], "sum",
                     plus=[f"{head}/traced"], constant=-gone)  # fmt: skip
        survival = row["survival_ppm"]
        shares = {
            "surviving": ppm(settings.survival_unknown.middle) if survival is None else survival,
            "reachable": cooperation(settings, reach.availability, "middle"),
            "weighted": ppm(settings.evidence.middle),
        }
        before = "present"
        for level, share in shares.items():
            yield figure(f"{head}/{level}", row[f"{level}_minor"], "share",
                         of=f"{head}/{before}", millionths=share)  # fmt: skip
            before = level
