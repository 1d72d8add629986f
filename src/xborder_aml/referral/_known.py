"""What the tables tell of a request, for the items of its templates."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from xborder_aml.jurisdictions.names import jurisdiction_name
from xborder_aml.referral._accounts import Row
from xborder_aml.referral.completeness import Known
from xborder_aml.referral.worth import day_of, seed_values
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
    now: datetime,
) -> Known:
    """Return what is known of one case and jurisdiction, in words, and what speaks against it."""
    currency = traced.graph.base_currency
    total = sum(row.traced for row in rows)
    accounts = ", ".join(row.account for row in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    claims = cases.filter(pl.col("case") == case)["claim"]
    seeds = _seed_rows(traced, claims.to_list())
    n = seeds.height
    told = {
        "summary": f"{n} transaction{'s' if n != 1 else ''} of {_days(seeds)}, "
        f"followed by the rule {RULE_WORDS[traced.rule]!r}",
        "assistance": "to freeze the accounts listed, and to tell what they hold",
        "purpose": "to recover claimed money, see the table of evidence",
        "reasons": f"{money(total, currency)} are traced to {len(rows)} accounts there",
        "property": f"accounts {accounts}{more}",
        "value": f"{money(total, currency)} by the rule {RULE_WORDS[traced.rule]!r}",
        "location": jurisdiction_name(place) if place else "",
        "link": f"claimed money is traced to accounts in {jurisdiction_name(place)}"
        if place
        else "",
    }
    against = {} if total > 0 else {"value": "no value is traced there"}
    paid, against_paid = _transfer(seeds, currency, now)
    told |= paid
    return Known({name: text for name, text in told.items() if text}, against | against_paid)


def _seed_rows(traced: Traced, claims: list[str]) -> pl.DataFrame:
    """Return the transactions that the claims begin with, each once, with what is claimed of it."""
    graph = traced.graph
    worth = seed_values(traced).filter(pl.col("claim").is_in(claims))
    sums = worth.group_by("transaction_id", maintain_order=True).agg(pl.sum("base_minor"))
    rows = graph.rows_of(sums["transaction_id"])
    names = ("executed_at", "originator_jurisdiction", "beneficiary_jurisdiction")
    sides = {
        side: graph.account_names.gather(graph.column(f"{side}_code").gather(rows))
        for side in ("originator", "beneficiary")
    }
    told = sums.with_columns(**{name: graph.column(name).gather(rows) for name in names}, **sides)
    holders = graph.accounts.select(beneficiary="account", holder="holder")
    return told.join(holders, on="beneficiary", how="left", maintain_order="left")


def _transfer(
    seeds: pl.DataFrame, currency: str, now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is known of the transfers that are complained of, and what speaks against it.

    They are the seed transactions, whatever became of the money: a recall is of them.
    """
    amount = int(seeds["base_minor"].sum())
    last: datetime = seeds.select(pl.col("executed_at").max()).item()
    hours = (now - last).total_seconds() / 3_600
    ends = seeds.select("originator_jurisdiction", "beneficiary_jurisdiction").unique(
        maintain_order=True
    )
    abroad = [(a, b) for a, b in ends.iter_rows() if a is not None and b is not None and a != b]
    told = {
        "originating_account": _some(seeds["originator"]),
        "paid_account": _some(seeds["beneficiary"]),
        "paid_holder": _some(seeds["holder"].drop_nulls()),
        "paid_on": _days(seeds),
        "paid": money(amount, currency),
        "at_least_50k": money(amount, currency) if currency == "USD" else "",
        "within_72h": f"{hours:.0f} hours before" if hours <= _RECALL_HOURS else "",
        "international": "; ".join(
            f"{jurisdiction_name(a)} to {jurisdiction_name(b)}" for a, b in abroad
        )
        if len(abroad) == ends.height
        else "",
    }
    against = {}
    if any(a is not None and a == b for a, b in ends.iter_rows()):
        against["international"] = "a transaction that is complained of stays in one jurisdiction"
    if hours > _RECALL_HOURS:
        against["within_72h"] = f"the last of them was {hours:,.0f} hours before"
    if currency == "USD" and amount < _KILL_CHAIN_USD:
        against["at_least_50k"] = money(amount, currency)
    return told, against


def _some(values: pl.Series) -> str:
    """Return the first few values in a row; accounts and holders may hold commas."""
    names = values.unique().sort().to_list()
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more


def _days(seeds: pl.DataFrame) -> str:
    first, last = day_of(seeds["executed_at"].min()), day_of(seeds["executed_at"].max())
    return first if first == last else f"{first} to {last}"
