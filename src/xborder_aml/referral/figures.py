"""The figures of a case file, each with the transactions and the function that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from xborder_aml.referral._accounts import ENDS, Row, gap_hours, terms_of
from xborder_aml.referral.evidence import corridor_money, native_holdings, shown_evidence
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.retrace import arguments_of
from xborder_aml.referral.worth import day_of
from xborder_aml.report.formats import UNKNOWN

__all__ = ["figures_of"]

_TRACE = "trace"
_CAP = ["seeded", "traced"]  # bounds of several accounts are not reached at once
_LEVELS = ("traced", "present", "surviving", "reachable", "weighted")


def figures_of(referral: Referral) -> list[dict[str, Any]]:
    """Return every figure that the case file of one case prints, as ``figures.json`` holds them.

    A figure comes after those that it is made of. Money is in minor units.
    """
    return list(_figures(referral))


def _figures(referral: Referral) -> Iterator[dict[str, Any]]:
    traced, currency = referral.traced, referral.traced.graph.base_currency
    claims = referral.cases["claim"].to_list()
    seeds = traced.seeds.filter(pl.col("claim").is_in(claims))
    seed_ids = seeds["transaction_id"].to_list()
    moved = traced.flows.filter(pl.col("claim").is_in(claims))["transaction_id"].unique().sort()

    def figure(name: str, value: int | str, how: str, ids: list[int] | None = None,
               unit: str = currency, **arguments: Any) -> dict[str, Any]:  # fmt: skip
        return {"figure": name, "value": value, "unit": f"{unit} minor" if unit == currency else
                unit, "transaction_ids": ids or [], "how": how, "arguments": arguments}  # fmt: skip

    yield figure(_TRACE, traced.rule, "trace", seed_ids, "rule", **arguments_of(traced))
    at = traced.graph.column("executed_at").gather(seeds["row"])
    yield figure("n_seeds", len(seed_ids), "count", seed_ids, "transactions")
    yield figure("first_seed", day_of(at.min()), "first_day", seed_ids, "day")
    yield figure("last_seed", day_of(at.max()), "last_day", seed_ids, "day")
    yield figure("n_moved", moved.len(), "count", moved.to_list(), "transactions")
    steps = {
        row["step"]: row
        for row in referral.waterfall.filter(pl.col("scope") == "all").iter_rows(named=True)
    }
    yield figure("seeded", steps["seeded"]["value_minor"], "seed_value", seed_ids,
                 amounts_minor=seeds["amount_minor"].to_list())  # fmt: skip
    for fate in ("superseded", "sunk", "fees"):
        yield figure(fate, -steps[fate]["change_minor"], "fate", moved.to_list(),
                     trace=_TRACE, claims=claims, fate=fate)  # fmt: skip
    yield from _accounts(referral, figure, claims)
    yield figure("n_accounts", referral.recovery.height, "n_accounts", moved.to_list(),
                 "accounts", trace=_TRACE, claims=claims)  # fmt: skip
    for corridor, amount in corridor_money(traced, claims).items():
        yield figure(f"corridor/{corridor}", amount, "corridor", moved.to_list(), trace=_TRACE,
                     claims=claims, corridor=corridor)  # fmt: skip
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
    levels = ("seeded", "traced", "present", "surviving", "reachable", "weighted")
    changes = {
        "seeded": (["seeded"], []), "superseded": ([], ["superseded"]), "sunk": ([], ["sunk"]),
        "fees": ([], ["fees"]), "revalued": (["revalued"], []), "elsewhere": ([], []),
    }  # fmt: skip
    after = zip(("gone", "leaves", "unreached", "doubt"), levels[1:], levels[2:], strict=False)
    changes |= {step: ([level], [before]) for step, before, level in after}
    for step, (plus, minus) in changes.items():
        yield figure(f"step/{step}", steps[step]["change_minor"], "sum", plus=plus,
                     minus=minus)  # fmt: skip
    yield figure("step/cost", cost, "sum", constant=cost)
    for row in shown_evidence(referral).iter_rows(named=True):
        tid = row["transaction_id"]
        yield figure(f"flow/{tid}/{row['claim']}", row["arrived_minor"], "arrived", [tid],
                     f"{row['received_currency']} minor", trace=_TRACE,
                     claim=row["claim"])  # fmt: skip
        yield figure(f"flow/{tid}", row["received_minor"], "received", [tid],
                     f"{row['received_currency']} minor")  # fmt: skip
    yield from _ranges(referral, figure)
    yield from _rules(referral, figure, claims)


def _accounts(referral: Referral, figure: Any, claims: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the levels of each account: traced anew, then share upon share."""
    levels = referral.recovery.rows_by_key("account", named=True, unique=True)
    some = referral.traced.holdings.filter(
        pl.col("claim").is_in(claims), pl.col("amount_minor") > 0
    )
    held = dict(some.group_by("account").agg(pl.col("claim").unique().sort()).iter_rows())
    native = native_holdings(referral)
    gap = gap_hours(referral.traced, referral.at)
    most = [row.account for row in referral.rows if row.low is not None]
    for row in referral.rows:
        told, head = levels[row.account], f"account/{row.account}"
        yield figure(f"{head}/traced", row.traced, "held", told["transaction_ids"],
                     trace=_TRACE, accounts=[row.account], claims=claims,
                     column="base_minor")  # fmt: skip
        yield figure(f"{head}/n", len(told["transaction_ids"]), "count", told["transaction_ids"],
                     "transactions")  # fmt: skip
        for currency, amount in native[row.account].items():
            yield figure(f"{head}/{currency}", amount, "held", told["transaction_ids"],
                         f"{currency} minor", trace=_TRACE, accounts=[row.account], claims=claims,
                         column="amount_minor", currency=currency)  # fmt: skip
        for end, bound in (("low", row.low), ("high", row.high)):
            if bound is not None:
                yield figure(f"{head}/{end}", bound, "bound", told["transaction_ids"],
                             trace=_TRACE, accounts=most, account=row.account,
                             claims=held[row.account], end=end)  # fmt: skip
        delay = referral.reach[row.jurisdiction].delay
        waits = dict.fromkeys(ENDS, 0) | {"wait": referral.settings.urgent_hours}
        for end, wait in waits.items():
            if row.survival[end] is not None:
                hours = gap + (delay.middle if end == "wait" else getattr(delay, end))
                yield figure(f"{head}/survival/{end}", row.survival[end],
                             "survival", told["transaction_ids"], "millionths", trace=_TRACE,
                             account=row.account, claims=claims, hours=hours,
                             wait_hours=wait)  # fmt: skip
        terms = _terms(referral, row, "", "middle")
        yield figure(f"{head}/present", told["present_minor"], "sum",
                     plus=[f"{head}/traced"], constant=-terms[1])  # fmt: skip
        before = "present"
        for level, share in zip(("surviving", "reachable", "weighted"), terms[2:], strict=True):
            yield figure(f"{head}/{level}", told[f"{level}_minor"], "share",
                         of=f"{head}/{before}", millionths=share)  # fmt: skip
            before = level


def _terms(referral: Referral, row: Row, which: str, end: str, *, wait: bool = False) -> list[Any]:
    """Return what an account's value is made of, one assumption or all at an end of its band."""

    def choose(name: str) -> str:
        return end if which in (name, "all") else "middle"

    terms = terms_of(row, referral.reach[row.jurisdiction], referral.settings, choose, wait=wait)
    name = "traced"
    if which in ("tracing", "all") and row.low is not None:
        name = {"least": "low", "most": "high"}.get(end, name)
    hours = {"least": "most", "most": "least"}.get(choose("delay_hours"), "middle")
    hours = "wait" if wait else hours
    survival: int | str = terms["survival"]
    if row.survival[hours] is not None:
        survival = f"account/{row.account}/survival/{hours}"
    head = f"account/{row.account}/{name}"
    return [head, terms["gone"], survival, terms["cooperation"], terms["evidence"]]


def _ranges(referral: Referral, figure: Any) -> Iterator[dict[str, Any]]:
    """Yield each request's values, and what the assumptions make of the whole case."""
    cost = referral.settings.cost_minor
    weighted = dict(referral.recovery.select("account", "weighted_minor").iter_rows())
    for request in referral.requests.iter_rows(named=True):
        rows = [row for row in referral.rows if row.jurisdiction == request["jurisdiction"]]
        head = f"request/{request['jurisdiction'] or UNKNOWN}"
        names = [f"account/{row.account}" for row in rows]
        yield figure(f"{head}/traced", request["traced_minor"], "sum",
                     plus=[f"{name}/traced" for name in names])  # fmt: skip
        yield figure(f"{head}/expected", request["expected_minor"], "sum",
                     plus=[f"{name}/weighted" for name in names], constant=-cost)  # fmt: skip
        for end in ("least", "most"):
            yield figure(f"{head}/{end}", request[f"{end}_minor"], "chain", cap=_CAP,
                         terms=[_terms(referral, row, "all", end) for row in rows],
                         constant=-cost)  # fmt: skip
        later = [_terms(referral, row, "", "middle", wait=True) for row in rows]
        kept = sum(weighted[row.account] for row in rows) - request["waiting_minor"]
        yield figure(f"{head}/later", kept, "chain", terms=later)
        yield figure(f"{head}/waiting", request["waiting_minor"], "sum",
                     plus=[f"{name}/weighted" for name in names],
                     minus=[f"{head}/later"])  # fmt: skip
    for row in referral.sensitivity.iter_rows(named=True):
        which = row["assumption"]
        for end in ("least", "most"):
            cap = _CAP if which in ("tracing", "all") else []
            yield figure(f"sensitivity/{which}/{end}", row[f"{end}_minor"], "chain", cap=cap,
                         terms=[_terms(referral, r, which, end) for r in referral.rows],
                         constant=-cost * referral.requests.height)  # fmt: skip


def _rules(referral: Referral, figure: Any, claims: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what each rule puts into the accounts that hold most."""
    levels = referral.recovery.rows_by_key("account", named=True, unique=True)
    for rule, account, base in referral.rules.iter_rows():
        yield figure(f"rule/{rule}/{account}", base, "held", levels[account]["transaction_ids"],
                     trace=_TRACE, rule=rule, accounts=[account], claims=claims,
                     column="base_minor")  # fmt: skip
