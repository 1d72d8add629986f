"""What the tables tell of a request, for the items of its templates."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from xborder_aml.referral._accounts import Row
from xborder_aml.referral.completeness import Known
from xborder_aml.referral.worth import day_of
from xborder_aml.report.formats import money
from xborder_aml.tracing import RULE_WORDS, Traced

__all__ = ["known_of"]

_RECALL_HOURS = 72
_KILL_CHAIN_USD = 5_000_000
_NAMED = 5


def known_of(
    traced: Traced,
    cases: pl.DataFrame,
    case: str,
    place: str | None,
    rows: list[Row],
    requesting: str,
    now: datetime,
) -> Known:
    """Return what is known of one case and jurisdiction, in words, and what speaks against it."""
    graph = traced.graph
    currency = graph.base_currency
    total = sum(row.traced for row in rows)
    accounts = ", ".join(row.account for row in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    claims = cases.filter(pl.col("case") == case)["claim"]
    seeds = traced.seeds.filter(pl.col("claim").is_in(claims.implode()))
    at = graph.column("executed_at").gather(seeds["row"])
    codes = graph.column("originator_code").gather(seeds["row"]).unique()
    payers = graph.account_names.gather(codes).sort()
    last = max(row.last_in_at for row in rows)
    hours = (now - last).total_seconds() / 3_600
    holders = sorted({row.holder for row in rows if row.holder})
    told = {
        "summary": f"{seeds.height} transactions of {day_of(at.min())} to {day_of(at.max())}, "
        f"followed by the rule {RULE_WORDS[traced.rule]!r}",
        "assistance": "to freeze the accounts listed, and to tell what they hold",
        "purpose": "to recover claimed money, see the table of evidence",
        "reasons": f"{money(total, currency)} are traced to {len(rows)} accounts there",
        "property": f"accounts {accounts}{more}",
        "value": f"{money(total, currency)} by the rule {RULE_WORDS[traced.rule]!r}",
        "date": f"{last:%Y-%m-%d}",
        "originating_account": ", ".join(payers.head(_NAMED).to_list()),
        "international": f"{requesting} to {place}" if place not in (None, requesting) else "",
        "within_72h": f"{hours:.0f} hours before" if hours <= _RECALL_HOURS else "",
        "location": place or "",
        "link": f"claimed money is traced to accounts in {place}" if place else "",
        "beneficiary": "; ".join(holders[:_NAMED]),
        "at_least_50k": money(total, currency) if currency == "USD" else "",
    }
    against = {}
    if place == requesting:
        against["international"] = f"the money is in {requesting} itself"
    if hours > _RECALL_HOURS:
        against["within_72h"] = f"claimed money last came in {hours:,.0f} hours before"
    if currency == "USD" and total < _KILL_CHAIN_USD:
        against["at_least_50k"] = money(total, currency)
    if total <= 0:
        against["value"] = "no value is traced there"
    return Known({name: text for name, text in told.items() if text}, against)
