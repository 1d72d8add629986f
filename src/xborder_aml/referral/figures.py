"""The figures of a case file, each with the transactions and the function that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from xborder_aml.referral._accounts import ENDS, Row, gap_hours, terms_of
from xborder_aml.referral.evidence import corridor_money, native_holdings, shown_evidence
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.retrace import arguments_of
from xborder_aml.referral.worth import day_of, seed_values
from xborder_aml.report.formats import UNKNOWN

__all__ = ["figures_of"]

_TRACE = "trace"
_CAP = ["seeded", "traced"]  # bounds of several accounts are not reached at once
_LEVELS = ("traced", "present", "surviving", "reachable", "weighted")


def figures_of(referral: Referral) -> list[dict[str, Any]]:
    """Return every figure that the case file of one case prints, as ``figures.json`` holds them.

    A figure comes after those that it is made of. Money is in minor units.
    """
    traced = referral.traced
    claims = referral.cases["claim"].to_list()
    mine = traced.flows.filter(pl.col("claim").is_in(claims))
    moved = mine["transaction_id"].unique().sort().to_list()
    currency = traced.graph.base_currency

    def figure(
        name: str, value: int | str, how: str, ids: list[int] | None = None,
        unit: str = currency, **arguments: Any,
    ) -> dict[str, Any]:  # fmt: skip
        return {"figure": name, "value": value, "unit": unit, "transaction_ids": ids or [],
                "how": how, "arguments": arguments}  # fmt: skip

    steps = {
        row["step"]: row
        for row in referral.waterfall.filter(pl.col("scope") == "all").iter_rows(named=True)
    }
    return [
        *_seeds(referral, figure, claims, steps),
        *_fates(figure, claims, moved, steps),
        *_accounts(referral, figure, claims),
        *_totals(referral, figure, steps),
        *_steps(figure, steps),
        *_flows(referral, figure, claims, moved),
        *_ranges(referral, figure),
        *_assumed(referral, figure),
        *_rules(referral, figure, claims),
    ]


def _seeds(
    referral: Referral, figure: Any, claims: list[str], steps: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield how the money was followed, and what it began with."""
    traced = referral.traced
    seeds = traced.seeds.filter(pl.col("claim").is_in(claims))
    once = seeds["transaction_id"].unique().sort().to_list()
    yield _followed(referral, figure, _TRACE, once, traced.rule)
    at = traced.graph.column("executed_at").gather(seeds["row"])
    yield figure("n_seeds", len(once), "count", once, "count")
    yield figure("first_seed", day_of(at.min()), "first_day", once, "day")
    yield figure("last_seed", day_of(at.max()), "last_day", once, "day")
    values = seed_values(traced).filter(pl.col("claim").is_in(claims))
    for (claim,), own in values.group_by("claim", maintain_order=True):
        yield figure(f"seeded/{claim}", int(own["base_minor"].sum()), "claimed_value",
                     own["transaction_id"].to_list(),
                     amounts_minor=own["amount_minor"].to_list())  # fmt: skip
    parts = [f"seeded/{claim}" for claim in values["claim"].unique(maintain_order=True)]
    yield figure("seeded", steps["seeded"]["value_minor"], "summed", plus=parts)


def _followed(
    referral: Referral, figure: Any, name: str, ids: list[int], rule: str
) -> dict[str, Any]:
    """Return the figure that follows the money by a rule."""
    entry: dict[str, Any] = figure(name, rule, "followed", ids, "rule")
    told = arguments_of(referral.traced) | {"rule": rule}
    return entry | {"arguments": {"name": name, **told}}


def _fates(
    figure: Any, claims: list[str], moved: list[int], steps: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield what went other ways than into accounts."""
    yield figure("n_moved", len(moved), "count", moved, "count")
    for fate in ("superseded", "sunk", "fees"):
        yield figure(fate, -steps[fate]["change_minor"], "fate", moved,
                     trace=_TRACE, claims=claims, of=fate)  # fmt: skip


def _totals(referral: Referral, figure: Any, steps: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the levels of the whole case, summed over its accounts."""
    names = [f"account/{account}" for account in referral.recovery["account"]]
    for level in _LEVELS:
        total = int(referral.recovery[f"{level}_minor"].sum())
        yield figure(level, total, "summed", plus=[f"{name}/{level}" for name in names])
    yield figure("revalued", steps["revalued"]["change_minor"], "summed",
                 plus=["traced", "superseded", "sunk", "fees"], minus=["seeded"])  # fmt: skip
    yield figure("expected", steps["cost"]["value_minor"], "summed", plus=["weighted"],
                 constant=steps["cost"]["change_minor"])  # fmt: skip


def _steps(figure: Any, steps: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the changes of the waterfall: each the difference of two levels."""
    changes: dict[str, tuple[list[str], list[str]]] = {
        "seeded": (["seeded"], []), "superseded": ([], ["superseded"]), "sunk": ([], ["sunk"]),
        "fees": ([], ["fees"]), "revalued": (["revalued"], []), "elsewhere": ([], []),
    }  # fmt: skip
    later = zip(("gone", "leaves", "unreached", "doubt"), _LEVELS, _LEVELS[1:], strict=False)
    changes |= {step: ([level], [before]) for step, before, level in later}
    for step, (plus, minus) in changes.items():
        yield figure(f"step/{step}", steps[step]["change_minor"], "summed", plus=plus,
                     minus=minus)  # fmt: skip
    cost = steps["cost"]["change_minor"]
    yield figure("step/cost", cost, "summed", constant=cost)


def _flows(
    referral: Referral, figure: Any, claims: list[str], moved: list[int]
) -> Iterator[dict[str, Any]]:
    """Yield accounts and corridors, and the transactions that the case file lists."""
    yield figure("n_accounts", referral.recovery.height, "holders", moved, "count",
                 trace=_TRACE, claims=claims)  # fmt: skip
    for corridor, amount in corridor_money(referral.traced, claims).items():
        yield figure(f"corridor/{corridor}", amount, "crossed", moved, trace=_TRACE,
                     claims=claims, corridor=corridor)  # fmt: skip
    shown = shown_evidence(referral)
    for row in shown.unique("transaction_id", maintain_order=True).iter_rows(named=True):
        yield figure(f"flow/{row['transaction_id']}", row["received_minor"], "sum_received",
                     [row["transaction_id"]], row["received_currency"],
                     currency=row["received_currency"])  # fmt: skip
    for row in shown.iter_rows(named=True):
        tid, unit = row["transaction_id"], row["received_currency"]
        yield figure(f"flow/{tid}/{row['claim']}", row["arrived_minor"], "arrived", [tid], unit,
                     trace=_TRACE, claim=row["claim"], currency=unit)  # fmt: skip


def _accounts(referral: Referral, figure: Any, claims: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the levels of each account: traced anew, then share upon share."""
    levels = referral.recovery.rows_by_key("account", named=True, unique=True)
    native = native_holdings(referral)
    gap = gap_hours(referral.traced, referral.at)
    most = [row.account for row in referral.rows if row.low is not None]
    for row in referral.rows:
        told, head = levels[row.account], f"account/{row.account}"
        yield figure(f"{head}/traced", row.traced, "holding", told["transaction_ids"],
                     trace=_TRACE, account=row.account, claims=claims)  # fmt: skip
        yield figure(f"{head}/n", len(told["transaction_ids"]), "count", told["transaction_ids"],
                     "count")  # fmt: skip
        for currency, amount in native[row.account].items():
            yield figure(f"{head}/{currency}", amount, "holding", told["transaction_ids"],
                         currency, trace=_TRACE, account=row.account, claims=claims,
                         currency=currency)  # fmt: skip
        for end, bound in (("low", row.low), ("high", row.high)):
            if bound is not None:
                yield figure(f"{head}/{end}", bound, "bound", told["transaction_ids"],
                             trace=_TRACE, accounts=most, account=row.account,
                             claims=claims, end=end)  # fmt: skip
        delay = referral.reach[row.jurisdiction].delay
        waits = dict.fromkeys(ENDS, 0) | {"wait": referral.settings.urgent_hours}
        for end, wait in waits.items():
            if row.survival[end] is not None:
                hours = gap + (delay.middle if end == "wait" else getattr(delay, end))
                yield figure(f"{head}/survival/{end}", row.survival[end],
                             "stays", told["transaction_ids"], "ppm", trace=_TRACE,
                             account=row.account, claims=claims, hours=hours,
                             wait_hours=wait)  # fmt: skip
        terms = _terms(referral, row, "", "middle")
        yield figure(f"{head}/present", told["present_minor"], "summed",
                     plus=[f"{head}/traced"], constant=-terms[1])  # fmt: skip
        before = "present"
        for level, share in zip(("surviving", "reachable", "weighted"), terms[2:], strict=True):
            yield figure(f"{head}/{level}", told[f"{level}_minor"], "scaled",
                         of=f"{head}/{before}", ppm=share)  # fmt: skip
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
        yield figure(f"{head}/traced", request["traced_minor"], "summed",
                     plus=[f"{name}/traced" for name in names])  # fmt: skip
        yield figure(f"{head}/expected", request["expected_minor"], "summed",
                     plus=[f"{name}/weighted" for name in names], constant=-cost)  # fmt: skip
        for end in ("least", "most"):
            yield figure(f"{head}/{end}", request[f"{end}_minor"], "expected", cap=_CAP,
                         terms=[_terms(referral, row, "all", end) for row in rows],
                         constant=-cost)  # fmt: skip
        if request["flip_minor"] is not None:  # a limit that the user set, and no sum of money
            yield figure(f"{head}/flip", request["flip_minor"], "summed",
                         constant=request["flip_minor"])  # fmt: skip
        later = [_terms(referral, row, "", "middle", wait=True) for row in rows]
        kept = sum(weighted[row.account] for row in rows) - request["waiting_minor"]
        yield figure(f"{head}/later", kept, "expected", terms=later)
        yield figure(f"{head}/waiting", request["waiting_minor"], "summed",
                     plus=[f"{name}/weighted" for name in names],
                     minus=[f"{head}/later"])  # fmt: skip
    for row in referral.sensitivity.iter_rows(named=True):
        which = row["assumption"]
        for end in ("least", "most"):
            cap = _CAP if which in ("tracing", "all") else []
            yield figure(f"sensitivity/{which}/{end}", row[f"{end}_minor"], "expected", cap=cap,
                         terms=[_terms(referral, r, which, end) for r in referral.rows],
                         constant=-cost * referral.requests.height)  # fmt: skip


def _assumed(referral: Referral, figure: Any) -> Iterator[dict[str, Any]]:
    """Yield the amounts that the user set, which rest on no transaction."""
    for name in ("cost", "minimum"):
        amount = getattr(referral.settings, f"{name}_minor")
        yield figure(f"assumed/{name}", amount, "summed", constant=amount)


def _rules(referral: Referral, figure: Any, claims: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what each rule puts into the accounts that hold most."""
    levels = referral.recovery.rows_by_key("account", named=True, unique=True)
    ids = sorted({tid for tids in levels.values() for tid in tids["transaction_ids"]})
    for rule in referral.rules["rule"].unique(maintain_order=True):
        yield _followed(referral, figure, f"{_TRACE}/{rule}", ids, rule)
    for rule, account, base in referral.rules.iter_rows():
        yield figure(f"rule/{rule}/{account}", base, "holding", levels[account]["transaction_ids"],
                     trace=f"{_TRACE}/{rule}", account=account, claims=claims)  # fmt: skip
