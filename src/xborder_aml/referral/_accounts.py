"""Account by account: what is traced, held, reachable, and expected, at each end of each band."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from xborder_aml.jurisdictions.channels import ChannelPlan
from xborder_aml.referral.settings import Band, ReferralSettings
from xborder_aml.referral.worth import cooperation, ppm, survival_shares, worth_of
from xborder_aml.tracing import Traced

__all__ = [
    "ENDS",
    "Limits",
    "Reach",
    "Row",
    "Shares",
    "Worth",
    "account_rows",
    "by_place",
    "gap_hours",
    "held_most",
    "limits_of",
    "located",
    "mixed",
    "reach_of",
    "sum_of_limits",
    "terms_of",
    "value",
    "worth",
]

ENDS = ("least", "middle", "most")

Shares = dict[tuple[str, str], int | None]
"""Millionths of money that stays, by account and currency; None: not known."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a jurisdiction is reached: the best channel to freeze, and to hold before that."""

    availability: str
    channel: str | None
    stop: str | None
    delay: Band


@dataclass(frozen=True, slots=True)
class Row:
    """An account of a case. Money is in the base currency."""

    case: str
    account: str
    holder: str | None
    jurisdiction: str | None
    traced: int
    gone: int
    low: int | None
    high: int | None
    last_in_at: datetime
    is_edge: bool
    is_unrated: bool
    survival: Mapping[str, int | None]
    """Millionths by end of the delay's band, and for waiting; None: not known."""


@dataclass(frozen=True, slots=True)
class Worth:
    """The levels of an account in the middle of every band, and what waiting loses."""

    present: int
    surviving: int
    reachable: int
    weighted: int
    waiting: int


def reach_of(
    plan: ChannelPlan | None, jurisdiction: str | None, asking: str, settings: ReferralSettings
) -> Reach:
    """Return how to reach a jurisdiction; a plan is None inside the asking one, or with none."""
    if plan is None:
        kind = "domestic" if jurisdiction == asking else "unknown"
        return Reach(kind, None, None, settings.delay(kind, None))
    freeze, stop = plan.first("freeze"), plan.first("stop")
    if freeze is None:
        return Reach("closed", None, None if stop is None else stop["channel"],
                     settings.delay("unknown", None))  # fmt: skip
    holds = stop if stop is not None and stop["availability"] == "open" else freeze
    return Reach(
        freeze["availability"],
        freeze["channel"],
        None if stop is None else stop["channel"],
        settings.delay(holds["kind"], holds["channel"]),
    )


def located(traced: Traced) -> pl.DataFrame:
    """Return the holdings above 0, with codes as plain text."""
    held = traced.holdings.filter(pl.col("amount_minor") > 0)
    return held.with_columns(pl.col("jurisdiction", "currency").cast(pl.String))


def account_rows(
    traced: Traced,
    cases: pl.DataFrame,
    reach: Mapping[str | None, Reach],
    settings: ReferralSettings,
    *,
    gap: float,
    bounds_of: int,
) -> list[Row]:
    """Return the accounts that hold claimed money, most first within a case.

    Parameters
    ----------
    cases
        The case of each claim.
    gap
        Hours from the end of the trace to the request.
    bounds_of
        Accounts whose rule-free bounds are worked out.
    """
    held = located(traced).join(cases, on="claim", maintain_order="left")
    places = dict(held.select("account", "jurisdiction").iter_rows())
    delays = {account: reach[place].delay for account, place in places.items()}
    shares = _shares(traced, delays, gap, settings.urgent_hours)
    limits = limits_of(traced, held_most(traced, bounds_of))
    known = _balances(traced)
    claims = dict(cases.group_by("case").agg(pl.col("claim").sort()).iter_rows())
    parts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for holding in held.iter_rows(named=True):
        parts.setdefault((holding["case"], holding["account"]), []).append(holding)
    rows = []
    for (case, account), part in parts.items():
        rated = [
            (account, holding["currency"], holding["base_minor"])
            for holding in part
            if holding["base_minor"] is not None
        ]
        low, high = sum_of_limits(limits, account, claims[case])
        rows.append(
            Row(
                case=case,
                account=account,
                holder=part[0]["holder"],
                jurisdiction=part[0]["jurisdiction"],
                traced=sum(base for _, _, base in rated),
                gone=_gone(part, known.get(account)),
                low=low,
                high=high,
                last_in_at=max(holding["last_in_at"] for holding in part),
                is_edge=part[0]["is_edge"],
                is_unrated=len(rated) < len(part),
                survival={end: mixed(rated, shares[end]) for end in (*ENDS, "wait")},
            )
        )
    return sorted(rows, key=lambda r: (r.case, -r.traced, r.account))


def worth(row: Row, reach: Reach, settings: ReferralSettings) -> Worth:
    """Return the levels of an account with all assumptions in the middle."""
    levels = value(row, reach, settings, lambda _: "middle")
    later = value(row, reach, settings, lambda _: "middle", wait=True)
    return Worth(**levels, waiting=levels["weighted"] - later["weighted"])


def value(
    row: Row,
    reach: Reach,
    settings: ReferralSettings,
    end: Callable[[str], str],
    *,
    wait: bool = False,
) -> dict[str, int]:
    """Return the levels of an account for one choice of an end of each assumption's band."""
    terms = terms_of(row, reach, settings, end, wait=wait)
    present = {"traced_minor": terms["traced"], "gone_minor": terms["gone"]}
    return worth_of(present, terms)


def terms_of(
    row: Row,
    reach: Reach,
    settings: ReferralSettings,
    end: Callable[[str], str],
    *,
    wait: bool = False,
) -> dict[str, int]:
    """Return what `value` multiplies: traced, gone, and three shares in millionths."""
    delay = {"least": "most", "most": "least"}.get(end("delay_hours"), "middle")
    survival = row.survival["wait" if wait else delay]
    if survival is None:
        survival = ppm(getattr(settings.survival_unknown, end("survival_unknown")))
    bound = {"least": row.low, "most": row.high}.get(end("tracing"))
    traced = row.traced if bound is None else bound
    return {
        "traced": traced,
        "gone": min(row.gone, traced),
        "survival": survival,
        "cooperation": cooperation(settings, reach.availability, end("cooperation")),
        "evidence": ppm(getattr(settings.evidence, end("evidence"))),
    }


def gap_hours(traced: Traced, at: datetime) -> float:
    """Return the hours from the end of the trace to a request."""
    return max((at - traced.ended_at).total_seconds() / 3_600, 0.0)


def _shares(traced: Traced, delays: Mapping[str, Band], gap: float, wait: int) -> dict[str, Shares]:
    def stays(end: str, further: int = 0) -> Shares:
        hours = {account: gap + getattr(band, end) for account, band in delays.items()}
        return by_place(survival_shares(traced, hours, further))

    return {end: stays(end) for end in ENDS} | {"wait": stays("middle", wait)}


def by_place(table: pl.DataFrame) -> Shares:
    """Return the shares by account and currency."""
    return {(a, c): share for a, c, share in table.iter_rows()}


def mixed(rated: Sequence[tuple[str, str, int]], shares: Shares) -> int | None:
    """Return the share of an account's currencies together; None if one is not known.

    Examples
    --------
    >>> mixed([("a", "EUR", 100), ("a", "USD", 300)], {("a", "EUR"): 400_000, ("a", "USD"): 0})
    100000
    """
    known = [(base, shares.get((account, currency))) for account, currency, base in rated]
    whole = sum(base for base, _ in known)
    if whole == 0 or any(share is None for _, share in known):
        return None
    return sum(base * share for base, share in known if share is not None) // whole


def held_most(traced: Traced, most: int) -> list[str]:
    """Return the accounts that hold most claimed money."""
    sums = traced.holdings.group_by("account").agg(pl.sum("base_minor"))
    ranked = sums.sort("base_minor", "account", descending=[True, False], nulls_last=True)
    names: list[str] = ranked["account"].head(most).to_list()
    return names


Limits = dict[tuple[str, str], tuple[int | None, int | None]]
"""Rule-free bounds by account and claim, in the base currency."""


def limits_of(traced: Traced, names: list[str]) -> Limits:
    """Return the rule-free bounds of accounts in the base currency."""
    if not names:
        return {}
    held = traced.holdings.filter(pl.col("amount_minor") > 0)
    rate = held.group_by("currency").agg(pl.sum("base_minor", "amount_minor"))
    joined = traced.bounds(names).join(rate, on="currency", how="left")
    joined = joined.with_columns(
        pl.when(pl.col("currency").cast(pl.String) == traced.graph.base_currency)
        .then(pl.col(end))
        .otherwise(pl.col(end) * (pl.col("base_minor") / pl.col("amount_minor")))
        .round(mode="half_to_even")
        .cast(pl.Int64, strict=False)
        .alias(end)
        for end in ("low_minor", "high_minor")
    )
    found = joined.group_by("account", "claim").agg(pl.sum("low_minor", "high_minor"))
    return {(account, claim): (low, high) for account, claim, low, high in found.iter_rows()}


def sum_of_limits(limits: Limits, account: str, claims: list[str]) -> tuple[int | None, int | None]:
    """Return the bounds of some claims together in an account; None if they are not known."""
    known = [limits[account, claim] for claim in claims if (account, claim) in limits]
    lows = [low for low, _ in known if low is not None]
    highs = [high for _, high in known if high is not None]
    return (sum(lows) if lows else None, sum(highs) if highs else None)


def _balances(traced: Traced) -> dict[str, tuple[int, datetime]]:
    """Return the balances that the accounts table knows, and when they held."""
    accounts = traced.graph.accounts
    if "balance_minor" not in accounts.columns:
        return {}
    known = accounts.drop_nulls(["balance_minor", "balance_at"])
    return {a: (b, at) for a, b, at in known["account", "balance_minor", "balance_at"].iter_rows()}


def _gone(part: Sequence[Mapping[str, Any]], known: tuple[int, datetime] | None) -> int:
    """Return what is traced to an account of one currency and is more than its known balance.

    A balance from before the money came in tells nothing, and nor does one of an account with
    several currencies, since the table does not say in which it is.
    """
    base = sum(holding["base_minor"] or 0 for holding in part)
    native: int = sum(holding["amount_minor"] for holding in part)
    if known is None or len({holding["currency"] for holding in part}) > 1:
        return 0
    balance, at = known
    if at < max(holding["last_in_at"] for holding in part):
        return 0
    return int(base - base * min(native, max(balance, 0)) // native)
