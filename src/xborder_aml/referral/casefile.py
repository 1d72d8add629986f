"""The case file: one HTML page that a prosecutor can read, print, and have checked.

Its words come from the tables alone, and each amount in it is one of ``figures.json``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from xborder_aml._files import write_text
from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.names import jurisdiction_name, listed
from xborder_aml.referral._casewords import (
    ORDER_WORDS,
    STATUS_WORDS,
    abbreviations,
    assumption_rows,
    channel_rows,
    place_words,
)
from xborder_aml.referral.completeness import TEMPLATE_CHANNELS
from xborder_aml.referral.decision import DECISION_CODES
from xborder_aml.referral.evidence import (
    claimed_corridors,
    corridor_table,
    evidence_table,
    native_holdings,
    shown_evidence,
)
from xborder_aml.referral.figures import figures_of
from xborder_aml.referral.pictures import (
    ASSUMPTION_WORDS,
    sensitivity_figure,
    waterfall_figure,
)
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.tables import STEPS
from xborder_aml.report.flow import flow_figure
from xborder_aml.report.formats import UNKNOWN, figure_text, money, plain
from xborder_aml.report.map import corridor_map
from xborder_aml.report.money import survival_figure, value_figure
from xborder_aml.report.page import embed, take_apart
from xborder_aml.tracing import RULE_WORDS

__all__ = ["DECISION_WORDS", "render_case_file", "write_case_file"]

_ACCOUNTS = 25
_LINES = 8
_CHANNELS = 3
_WAYS = 10
_LANES_PX = 510
"""Width of the flow picture on the page, less the names of its lanes."""

DECISION_WORDS = {
    "REFER_URGENT": "refer at once",
    "REFER": "refer",
    "ENRICH": "find out more first",
    "MONITOR": "watch",
    "DO_NOT_REFER": "do not refer",
}


def write_case_file(path: str | os.PathLike[str], referral: Referral) -> Path:
    """Write the case file of one case; it is whole or absent.

    The page opens offline, prints, and carries all that it shows: the same referral gives the same
    bytes. A PDF is made by printing it in a browser.

    Parameters
    ----------
    path
        The HTML file to write; an existing one is replaced.
    referral
        What `refer` returned of a trace; of several cases, one: ``referral.of_case(name)``.

    Raises
    ------
    ParameterError
        If the referral is not of one case.
    OSError
        If the file cannot be written.
    """
    return write_text(path, render_case_file(referral))


def render_case_file(referral: Referral, figures: list[dict[str, Any]] | None = None) -> str:
    """Return the page that `write_case_file` writes.

    Parameters
    ----------
    figures
        What `figures_of` returned, where it is known.

    Raises
    ------
    ParameterError
        If the referral is not of one case.
    """
    cases = referral.cases["case"].unique().to_list()
    if len(cases) != 1:
        raise ParameterError(
            f"a case file is of one case, and there are {len(cases)}; take "
            "referral.of_case(name) for each of referral.names"
        )
    known = figures_of(referral) if figures is None else figures
    fig, plans = _printer(known), _plans(referral)
    environment = Environment(
        loader=PackageLoader("xborder_aml.referral"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"embed": embed, "plain": plain}
    return environment.get_template("casefile.html.jinja").render(
        case=cases[0], fig=fig, referral=referral, n_figures=len(known),
        requesting=place_words(referral.requesting), places=_codes(referral),
        summary=_summary(referral, fig), requests=_requests(referral),
        steps=_steps(referral), step_words=STEPS, accounts=_accounts(referral),
        pictures=_pictures(referral), corridors=corridor_table(referral),
        evidence=_evidence(referral), clocks=_clocks(referral), plans=plans,
        rules=_rules(referral), rule=RULE_WORDS[referral.traced.rule],
        sensitivity=[(name, ASSUMPTION_WORDS[name]) for name in referral.sensitivity["assumption"]],
        counter=referral.counter_evidence.to_dicts(), lint=_lint(referral),
        assumed=assumption_rows(referral.settings), statuses=STATUS_WORDS,
        order=ORDER_WORDS[referral.traced.same_day],
        short=abbreviations(text for p in plans for x in p["lines"] for text in x["missing"]),
        urgent_hours=referral.settings.urgent_hours, unknown=UNKNOWN, plotly=Markup(get_plotlyjs()),
    )  # fmt: skip


def _printer(figures: list[dict[str, Any]]) -> Callable[[str], Markup]:
    """Return a function that prints a figure by its name, which stays beside it on the page."""
    by_name = {figure["figure"]: figure for figure in figures}

    def fig(name: str) -> Markup:
        text, value = (
            escape(figure_text(by_name[name]["value"], by_name[name]["unit"])),
            escape(str(by_name[name]["value"])),
        )
        return Markup('<data value="{}" data-figure="{}">{}</data>').format(value, name, text)

    return fig


def _summary(referral: Referral, fig: Callable[[str], Markup]) -> list[Markup]:
    """Return the case in a few sentences, made of the tables alone."""
    traced, requests = referral.traced, referral.requests
    first = referral.recovery.height
    began = Markup("On {0}, {2} transaction brought {3}.")
    claims = referral.cases["claim"].implode()
    if traced.seeds.filter(pl.col("claim").is_in(claims))["transaction_id"].n_unique() > 1:
        began = Markup("Between {0} and {1}, {2} transactions brought {3}.")
    out = [
        began.format(fig("first_seed"), fig("last_seed"), fig("n_seeds"), fig("seeded")),
        Markup(
            "Followed by the rule “{}” to the end of {}, {} of it is in {} {} in {}."
        ).format(
            RULE_WORDS[traced.rule], f"{traced.ended_at:%Y-%m-%d}", fig("traced"),
            fig("n_accounts"), "accounts" if first != 1 else "account",
            _places(requests["jurisdiction"].to_list()),
        ),
    ]  # fmt: skip
    lost = {"sunk": "left by cash, crypto-assets or securities", "fees": "went in fees",
            "superseded": "is counted with another seed transaction"}  # fmt: skip
    values = {row["step"]: row["change_minor"] for row in _steps(referral)}
    parts = [Markup("{} {}").format(fig(n), words) for n, words in lost.items() if values[n]]
    if parts:
        out.append(Markup("Of the rest, ") + Markup("; ").join(parts) + ".")
    for decision, words in DECISION_WORDS.items():
        own = requests.filter(pl.col("decision") == decision)
        if own.height:
            out.append(Markup("<strong>Proposed for {}: {}.</strong>").format(
                _places(own["jurisdiction"].to_list()), words))  # fmt: skip
    out.append(
        Markup(
            "With every assumption of this file in its middle, {} can be expected to be recovered; "
            "with all at their worst {}, and at their best {}. These assumptions are not measured."
        ).format(fig("expected"), fig("sensitivity/all/least"), fig("sensitivity/all/most"))
    )
    n = referral.counter_evidence.height
    if n:
        out.append(Markup("{} {} against it: see “What speaks against it”.").format(
            n, "points speak" if n != 1 else "point speaks"))  # fmt: skip
    return out


def _places(codes: list[str | None]) -> str:
    """Write jurisdictions in a row; the first twelve."""
    names = [jurisdiction_name(code) for code in codes] or ["no jurisdiction"]
    return listed(names if len(names) <= 12 else [*names[:11], f"{len(names) - 11} others"])


def _codes(referral: Referral) -> list[tuple[str, str]]:
    """Return the codes of jurisdictions that the page prints, with their names."""
    corridors = corridor_table(referral)
    codes = {referral.requesting, *referral.requests["jurisdiction"].drop_nulls()}
    codes |= {*corridors["rows"], *corridors["columns"]} - {UNKNOWN}
    return [(code, jurisdiction_name(code)) for code in sorted(codes)]


def _requests(referral: Referral) -> list[dict[str, Any]]:
    out = []
    for row in referral.requests.iter_rows(named=True):
        head = f"request/{row['jurisdiction'] or UNKNOWN}"
        out.append({
            **row, "head": head, "words": DECISION_WORDS[row["decision"]],
            "place": row["jurisdiction"] or UNKNOWN,
            "reasons": [(code, DECISION_CODES[code]) for code in row["reason_codes"]],
            "flip": _before_amount(row), "flip_words": DECISION_WORDS.get(row["flip_to"] or "", ""),
        })  # fmt: skip
    return out


def _before_amount(row: dict[str, Any]) -> str | None:
    """Return the change that would alter a decision, without its amount, which is a figure."""
    text: str | None = row["flip"]
    if text is None or row["flip_minor"] is None:
        return text
    return text.removesuffix(money(row["flip_minor"], row["base_currency"]))


def _steps(referral: Referral) -> list[dict[str, Any]]:
    """Return the steps of the whole case with the figures that they are printed by."""
    levels = {"seeded": "seeded", "elsewhere": "traced", "gone": "present", "leaves": "surviving",
              "unreached": "reachable", "doubt": "weighted", "cost": "expected"}  # fmt: skip
    rows = referral.waterfall.filter(pl.col("scope") == "all").sort("position")
    return [
        {**row, "figure": f"step/{row['step']}", "level_figure": levels.get(row["step"])}
        for row in rows.iter_rows(named=True)
    ]


def _accounts(referral: Referral) -> dict[str, Any]:
    native = native_holdings(referral)
    rows = []
    for row in referral.recovery.head(_ACCOUNTS).iter_rows(named=True):
        head = f"account/{row['account']}"
        rows.append({
            **row, "head": head, "place": row["jurisdiction"] or UNKNOWN,
            "native": [f"{head}/{currency}" for currency in native[row["account"]]
                       if currency != row["base_currency"]],
            "last": f"{row['last_in_at']:%Y-%m-%d}",
        })  # fmt: skip
    return {"rows": rows, "more": referral.recovery.height - len(rows)}


def _pictures(referral: Referral) -> dict[str, Any]:
    """Return the pictures of the page, taken apart for it."""
    traced = referral.traced
    accounts = set(referral.recovery["account"].to_list())
    ways = traced.paths(10_000).filter(pl.col("account").is_in(accounts)).head(_WAYS)
    ids = ways["transaction_ids"].explode().unique()
    rows = traced.graph.transactions.filter(pl.col("transaction_id").is_in(ids.implode()))
    held = traced.graph.accounts.drop_nulls("holder").select("account", "holder")
    figures = {
        "waterfall": waterfall_figure(referral),
        "sensitivity": sensitivity_figure(referral),
        "survival": survival_figure(traced, currencies=_currencies(referral)),
        "map": corridor_map(claimed_corridors(referral), traced.graph.base_currency),
        "flow": flow_figure(
            rows, holders=dict(held.iter_rows()), max_lanes=14, max_arrows=60, width=_LANES_PX
        ),
    }
    if traced.claims["claim"].n_unique() == referral.cases.height:  # else it is of other cases, too
        figures["value"] = value_figure(traced)
    parts: dict[str, Any] = {name: take_apart(figure) for name, figure in figures.items()}
    return parts | {"ways": ways.height, "way_ids": len(ids)}


def _currencies(referral: Referral) -> set[str]:
    """Return the currencies that the money of the case is in."""
    return {currency for own in native_holdings(referral).values() for currency in own}


def _evidence(referral: Referral) -> dict[str, Any]:
    shown = shown_evidence(referral)
    rows = [
        {**row, "day": f"{row['executed_at']:%Y-%m-%d}",
         "whole": f"flow/{row['transaction_id']}",
         "claimed": f"flow/{row['transaction_id']}/{row['claim']}",
         "corridor": f"{row['originator_jurisdiction'] or UNKNOWN} → "
                     f"{row['beneficiary_jurisdiction'] or UNKNOWN}"}
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    return {"rows": rows, "more": evidence_table(referral).height - shown.height}


def _clocks(referral: Referral) -> list[dict[str, Any]]:
    rows = referral.clocks.sort("ends_at", "jurisdiction", "clock", nulls_last=True)
    asked = referral.requests.filter(pl.col("decision").is_in(["REFER_URGENT", "REFER", "ENRICH"]))
    shown = rows.join(asked.head(_LINES).select("case", "jurisdiction"), on=["case",
                      "jurisdiction"], how="semi", nulls_equal=True,
                      maintain_order="left")  # fmt: skip
    return [
        {**row, "place": row["jurisdiction"] or UNKNOWN,
         "until": None if row["ends_at"] is None else f"{row['ends_at']:%Y-%m-%d %H:%M}",
         "is_over": row["hours_left"] is not None and row["hours_left"] < 0}
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip


def _plans(referral: Referral) -> list[dict[str, Any]]:
    """Return the channels by jurisdiction, of those where most is expected."""
    out = []
    for row in referral.requests.head(_LINES).iter_rows(named=True):
        place = row["jurisdiction"]
        lines = referral.plans.filter(pl.col("jurisdiction").cast(pl.String).eq_missing(place))
        lines = lines.group_by("function", maintain_order=True).head(_CHANNELS)
        plan = referral.channel_plans.get(place or "")
        out.append({"place": place or UNKNOWN, "name": place_words(place),
                    "lines": channel_rows(lines.to_dicts()),
                    "domestic": place == referral.requesting,
                    "context": () if plan is None else plan.context})  # fmt: skip
    return out


def _rules(referral: Referral) -> dict[str, Any]:
    table = referral.rules
    accounts = table["account"].unique(maintain_order=True).to_list()
    limits = {row.account: row.low is not None for row in referral.rows}
    return {"accounts": accounts, "names": RULE_WORDS, "own": referral.traced.rule,
            "bounded": [account for account in accounts if limits[account]]}  # fmt: skip


def _lint(referral: Referral) -> dict[str, Any]:
    """Return the completeness of one request: that abroad, if there is one, with most expected.

    Templates of channels that are closed between the two sides are named, and not gone through.
    """
    places = referral.requests["jurisdiction"].to_list()
    if not places:
        return {"place": None, "others": 0, "templates": [], "closed": []}
    abroad = (place for place in places if place not in (None, referral.requesting))
    place = next(abroad, places[0])
    rows = referral.completeness.filter(pl.col("jurisdiction").cast(pl.String).eq_missing(place))
    closed = _closed_templates(referral, place)
    templates = [
        {"name": name, "rows": part.to_dicts(), "missing": part.filter(state="missing").height}
        for (name,), part in rows.group_by("template", maintain_order=True)
        if name not in closed
    ]
    return {"place": place_words(place), "others": len(places) - 1, "templates": templates,
            "domestic": place == referral.requesting, "closed": closed}  # fmt: skip


def _closed_templates(referral: Referral, place: str | None) -> list[str]:
    """Return the templates of which every channel is closed; without a plan, none."""
    plan = referral.channel_plans.get(place or "")
    if plan is None:
        return []
    usable = set(plan.table.filter(pl.col("availability") != "closed")["channel"])
    known = set(plan.table["channel"])
    return [t for t, own in TEMPLATE_CHANNELS.items() if own & known and not own & usable]
