"""From a trace to a `Referral`: groups, plans, values, decisions, each a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.findings import Findings
from xborder_aml.jurisdictions.channels import ChannelPlan, channels
from xborder_aml.jurisdictions.tables import JurisdictionTables, jurisdiction_tables
from xborder_aml.referral._accounts import (
    Reach,
    Row,
    Worth,
    account_rows,
    gap_hours,
    located,
    reach_of,
    value,
    worth,
)
from xborder_aml.referral._cascade import cascade, fates
from xborder_aml.referral._clocks import clock_rows
from xborder_aml.referral._counter import counter_rows
from xborder_aml.referral._known import known_of
from xborder_aml.referral.completeness import check_facts, completeness
from xborder_aml.referral.decision import Situation, decide, nearest_flip
from xborder_aml.referral.grouping import case_of_claims
from xborder_aml.referral.proposal import Referral
from xborder_aml.referral.settings import ReferralSettings
from xborder_aml.referral.tables import (
    CLOCKS,
    COMPLETENESS,
    COUNTER,
    PLANS,
    RECOVERY,
    REQUESTS,
    SENSITIVITY,
    WATERFALL,
)
from xborder_aml.report.formats import UNKNOWN, money
from xborder_aml.schema import JURISDICTION
from xborder_aml.tracing import Traced

__all__ = ["propose"]

ASSUMPTIONS = ("tracing", "survival_unknown", "delay_hours", "cooperation", "evidence")
_Spot = tuple[str, str | None]


def propose(
    traced: Traced,
    *,
    requesting: str,
    on: date | None = None,
    findings: Findings | None = None,
    predicate: str | None = None,
    settings: ReferralSettings | None = None,
    facts: Mapping[str, str] | None = None,
    tables: JurisdictionTables | None = None,
    bounds_of: int = 10,
) -> Referral:
    """Make the referral of a trace; `refer` documents it.

    Raises
    ------
    ParameterError
        If the trace attributes no value, or a name is unknown.
    """
    if traced.rule == "poison":
        raise ParameterError(
            "the rule poison attributes no value, so nothing can be asked for; trace by a value "
            "rule, like fifo"
        )
    if requesting not in JURISDICTION.categories:
        raise ParameterError(
            f"requesting={requesting!r} is not an ISO 3166-1 alpha-2 code"
            f"{did_you_mean(requesting, JURISDICTION.categories)}"
        )
    settings, facts = settings or ReferralSettings(), dict(facts or {})
    check_facts(facts)
    law = tables or jurisdiction_tables()
    at = _moment(traced, on)
    cases = case_of_claims(traced, findings)
    places = set(located(traced)["jurisdiction"].drop_nulls().to_list())
    plans = {
        place: channels(requesting, place, on=at.date(), predicate=predicate, tables=law)
        for place in sorted(places - {requesting})
    }
    reach = {
        place: reach_of(plans.get(place or ""), place, requesting, settings)
        for place in (*sorted(places), None)
    }
    gap = gap_hours(traced, at)
    rows = account_rows(traced, cases, reach, settings, gap=gap, bounds_of=bounds_of)
    sheet = _Sheet(traced, cases, rows, reach, plans, settings, facts, law, at, requesting)
    return sheet.whole(predicate)


def _moment(traced: Traced, on: date | None) -> datetime:
    """Return when the request is made: a later day than that of the trace's end begins at 0:00.

    Raises
    ------
    ParameterError
        If that is before the trace ends: the request would know what had not happened.
    """
    end = traced.ended_at
    if on is None or on == end.date():
        return end
    if on < end.date():
        raise ParameterError(
            f"the request is of {on}, and the money was followed to {end:%Y-%m-%d}; trace it with "
            f"as_of={on}, so that the request knows nothing of later days"
        )
    return datetime.combine(on, time.min, UTC)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What the tables of one referral are worked out from."""

    traced: Traced
    cases: pl.DataFrame
    rows: list[Row]
    reach: Mapping[str | None, Reach]
    plans: Mapping[str, ChannelPlan]
    settings: ReferralSettings
    facts: Mapping[str, str]
    law: JurisdictionTables
    at: datetime
    requesting: str

    @property
    def currency(self) -> str:
        """Base currency of the ledger."""
        return self.traced.graph.base_currency

    @cached_property
    def worth(self) -> dict[tuple[str, str], Worth]:
        """Levels by case and account."""
        return {
            (row.case, row.account): worth(row, self.reach[row.jurisdiction], self.settings)
            for row in self.rows
        }

    @cached_property
    def fates(self) -> dict[str, dict[str, int]]:
        """What was seeded, and went other ways, by case."""
        return fates(self.traced, self.cases)

    @cached_property
    def spots(self) -> dict[_Spot, list[Row]]:
        """Accounts by case and jurisdiction."""
        out: dict[_Spot, list[Row]] = {}
        for row in self.rows:
            out.setdefault((row.case, row.jurisdiction), []).append(row)
        return out

    @cached_property
    def caps(self) -> dict[str, int]:
        """What the bounds of several accounts together cannot be more than, by case."""
        held = dict.fromkeys(self.fates, 0)
        for row in self.rows:
            held[row.case] += row.traced
        return {case: max(fate["seeded"], held[case]) for case, fate in self.fates.items()}

    @cached_property
    def first_at(self) -> dict[str, datetime]:
        """The earliest seed, by case."""
        first = self.traced.claims.join(self.cases, on="claim")
        return dict(first.group_by("case").agg(pl.min("first_at")).iter_rows())

    def whole(self, predicate: str | None) -> Referral:
        """Return the referral."""
        requests = REQUESTS.conform(_frame([self.request(s) for s in self.spots], REQUESTS))
        requests = requests.sort(
            ["case", "expected_minor", "jurisdiction"], descending=[False, True, False],
            nulls_last=True,
        )  # fmt: skip
        return Referral(
            traced=self.traced, requesting=self.requesting, at=self.at, predicate=predicate,
            settings=self.settings, facts=self.facts, cases=self.cases, requests=requests,
            recovery=_frame(self.recovery(), RECOVERY),
            waterfall=_frame(self.waterfall(), WATERFALL),
            sensitivity=_frame(self.sensitivity(), SENSITIVITY),
            clocks=_frame(self.clocks(), CLOCKS),
            plans=_frame(self.lines(), PLANS),
            counter_evidence=_frame(counter_rows(self.traced, self.cases, self.rows), COUNTER),
            completeness=_frame(self.lint(), COMPLETENESS),
            channel_plans=self.plans, reach=self.reach, rows=tuple(self.rows),
        )  # fmt: skip

    def ends(self, rows: list[Row], which: str, end: str) -> int:
        """Return the expected value of rows with one assumption, or all, at an end of its band."""

        def choose(name: str) -> str:
            return end if which in (name, "all") else "middle"

        total = sum(
            value(row, self.reach[row.jurisdiction], self.settings, choose)["weighted"]
            for row in rows
        )
        if which in ("tracing", "all"):  # bounds of several accounts are not reached at once
            total = min([total, *(self.caps[case] for case in {r.case for r in rows})])
        return total - self.cost(rows)

    def cost(self, rows: list[Row]) -> int:
        """Return the cost of the requests that rows make: one a case and jurisdiction."""
        return self.settings.cost_minor * len({(r.case, r.jurisdiction) for r in rows})

    def total(self, rows: list[Row], name: str) -> int:
        """Return a level's sum over rows."""
        return sum(getattr(self.worth[r.case, r.account], name) for r in rows)

    def request(self, spot: _Spot) -> dict[str, Any]:
        """Return the row of one case and jurisdiction."""
        (case, place), rows = spot, self.spots[spot]
        reach, weighted = self.reach[place], self.total(rows, "weighted")
        expected = weighted - self.cost(rows)
        last = max(row.last_in_at for row in rows)
        situation = Situation(
            expected_minor=expected,
            present_minor=self.total(rows, "present"),
            availability=reach.availability,
            is_located=place is not None,
            is_unrated=any(row.is_unrated for row in rows),
            hours_since=(self.at - last).total_seconds() / 3_600,
            waiting_share=self.total(rows, "waiting") / weighted if weighted > 0 else 0.0,
            on=self.at.date(),
        )
        decision, codes = decide(situation, self.settings)
        flip = nearest_flip(situation, self.settings)
        told = None if flip is None else flip.text
        amount = None if flip is None else flip.facts.get("expected_minor")
        if amount is not None:
            told = f"{told} {money(amount, self.currency)}"
        return {
            "case": case, "jurisdiction": place, "base_currency": self.currency,
            "n_accounts": len(rows), "traced_minor": sum(row.traced for row in rows),
            "expected_minor": expected,
            "least_minor": self.ends(rows, "all", "least"),
            "most_minor": self.ends(rows, "all", "most"),
            "waiting_minor": self.total(rows, "waiting"),
            "decision": decision, "reason_codes": [*codes, *self.cautions(rows)],
            "flip": told, "flip_minor": amount, "flip_to": None if flip is None else flip.decision,
            "availability": reach.availability, "channel": reach.channel,
            "stop_channel": reach.stop, "delay_hours": float(reach.delay.middle),
            "last_in_at": last,
        }  # fmt: skip

    def cautions(self, rows: list[Row]) -> list[str]:
        """Return the codes of what to beware of."""
        minted = set(self.traced.minted["account"].to_list())
        flags = {
            "RULE_DEPENDENT": any(row.low == 0 for row in rows),
            "EDGE_OF_LEDGER": any(row.is_edge for row in rows),
            "SURVIVAL_UNKNOWN": any(row.survival["middle"] is None for row in rows),
            "OVERDRAWN": any(row.account in minted for row in rows),
            "UNRATED_MONEY": any(row.is_unrated for row in rows),
        }
        return [code for code, holds in flags.items() if holds]

    def recovery(self) -> list[dict[str, Any]]:
        """Return schema RECOVERY as rows."""
        ids = _moved(self.traced, self.cases)
        out = []
        for row in self.rows:
            levels: Worth = self.worth[row.case, row.account]
            out.append({
                "case": row.case, "account": row.account, "holder": row.holder,
                "jurisdiction": row.jurisdiction, "base_currency": self.currency,
                "traced_minor": row.traced, "low_minor": row.low, "high_minor": row.high,
                "present_minor": levels.present, "surviving_minor": levels.surviving,
                "reachable_minor": levels.reachable, "weighted_minor": levels.weighted,
                "survival_ppm": row.survival["middle"], "waiting_minor": levels.waiting,
                "last_in_at": row.last_in_at, "is_edge": row.is_edge,
                "is_unrated": row.is_unrated,
                "transaction_ids": ids.get((row.case, row.account), []),
            })  # fmt: skip
        return out

    def waterfall(self) -> list[dict[str, Any]]:
        """Return schema WATERFALL as rows: the whole case, then each jurisdiction."""
        out: list[dict[str, Any]] = []
        for case in sorted(self.fates):
            everything = [row for row in self.rows if row.case == case]
            held = sum(row.traced for row in everything)
            scopes = {"all": everything} | {
                place or UNKNOWN: rows for (c, place), rows in self.spots.items() if c == case
            }
            for scope, rows in scopes.items():
                levels = {"held": held, "traced": sum(row.traced for row in rows)} | {
                    name: self.total(rows, name)
                    for name in ("present", "surviving", "reachable", "weighted")
                }
                out += cascade(case, scope, self.currency, self.fates[case], levels,
                               self.cost(rows))  # fmt: skip
        return out

    def sensitivity(self) -> list[dict[str, Any]]:
        """Return schema SENSITIVITY as rows."""
        out: list[dict[str, Any]] = []
        for case in sorted(self.fates):
            rows = [row for row in self.rows if row.case == case]
            middle = self.total(rows, "weighted") - self.cost(rows)
            for which in (*ASSUMPTIONS, "all"):
                out.append({
                    "case": case, "base_currency": self.currency, "assumption": which,
                    "least_minor": self.ends(rows, which, "least"), "expected_minor": middle,
                    "most_minor": self.ends(rows, which, "most"),
                })  # fmt: skip
        return out

    def clocks(self) -> list[dict[str, Any]]:
        """Return schema CLOCKS as rows."""
        out: list[dict[str, Any]] = []
        for (case, place), rows in self.spots.items():
            told = clock_rows(
                self.plans.get(place or ""), self.law, self.settings, now=self.at,
                first_at=self.first_at[case], last_in_at=max(row.last_in_at for row in rows),
            )  # fmt: skip
            out += [{"case": case, "jurisdiction": place, **clock} for clock in told]
        return out

    def lines(self) -> list[dict[str, Any]]:
        """Return schema PLANS as rows: the lines that are not closed."""
        names = [n for n in PLANS.names if n not in ("case", "jurisdiction")]
        out = []
        for case, place in self.spots:
            plan = self.plans.get(place or "")
            if plan is not None:
                lines = plan.table.filter(pl.col("availability") != "closed").select(names)
                out += [{"case": case, "jurisdiction": place, **r} for r in lines.to_dicts()]
        return out

    def lint(self) -> list[dict[str, Any]]:
        """Return schema COMPLETENESS as rows."""
        out: list[dict[str, Any]] = []
        for (case, place), rows in self.spots.items():
            known = known_of(self.traced, self.cases, case, place, rows, self.at)
            told = completeness(known, self.facts)
            out += [{"case": case, "jurisdiction": place, **row} for row in told]
        return out


def _moved(traced: Traced, cases: pl.DataFrame) -> dict[tuple[str, str], list[int]]:
    """Return the transactions that moved claimed money of a case in or out of an account."""
    flows = traced.flows.join(cases, on="claim", maintain_order="left")
    both = pl.concat(
        [flows.select("case", "executed_at", "transaction_id", account=side)
         for side in ("originator", "beneficiary")]
    )  # fmt: skip
    lists = (
        both.unique(["case", "account", "transaction_id"])
        .sort("executed_at", "transaction_id")
        .group_by("case", "account")
        .agg("transaction_id")
    )
    return {(case, account): ids for case, account, ids in lists.iter_rows()}


def _frame(rows: list[dict[str, Any]], table: Any) -> pl.DataFrame:
    frame: pl.DataFrame = table.conform(pl.DataFrame(rows, schema=table.dtypes, orient="row"))
    return frame
