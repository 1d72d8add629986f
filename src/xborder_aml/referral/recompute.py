"""The sums that figures of a referral can be, beside those that any bundle knows.

Each is a function of the evidence alone, as `xborder_aml.exchange.figures` calls it: it is given
the work at hand, with the transactions and the figures that came before, and returns a value and
its unit. A trace is done once, by a figure of its own, which the others name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from xborder_aml.errors import DataError
from xborder_aml.referral._accounts import (
    Limits,
    Shares,
    by_place,
    limits_of,
    mixed,
    sum_of_limits,
)
from xborder_aml.referral._cascade import fates
from xborder_aml.referral.evidence import corridor_money
from xborder_aml.referral.retrace import retrace
from xborder_aml.referral.worth import day_of, share_of, survival_shares, to_base

if TYPE_CHECKING:
    from xborder_aml.exchange._ways import Work
    from xborder_aml.exchange.figures import Quantity
    from xborder_aml.tracing import Traced

__all__ = ["WAYS"]

WAYS: dict[str, Callable[..., Quantity]] = {}
"""Name to function."""

_KEPT = 32  # results of whole traces that are asked for again


def _named(function: Callable[..., Quantity]) -> Callable[..., Quantity]:
    WAYS[function.__name__] = function
    return function


@_named
def followed(
    work: Work,
    *,
    name: str,
    seeds: Sequence[Sequence[Any]],
    rule: str,
    as_of: str | None,
    same_day: str,
    sinks: Sequence[str],
    opening_balances: Sequence[Sequence[Any]],
) -> Quantity:
    """Follow the money anew, keep the trace under a name for the figures after it; tell the rule.

    `seeds` are rows of claim, transaction_id and amount_minor, and `opening_balances` of account,
    currency and balance_minor.
    """
    asked = {
        "seeds": seeds, "rule": rule, "as_of": as_of, "same_day": same_day, "sinks": sinks,
        "opening_balances": opening_balances,
    }  # fmt: skip
    _check(work)
    work.traces[f"followed {name}"] = retrace(work.evidence.graph, asked)
    return rule, "rule"


@_named
def first_day(work: Work) -> Quantity:
    """Return the earliest day of the transactions."""
    return day_of(_rows(work)["executed_at"].min()), "day"


@_named
def last_day(work: Work) -> Quantity:
    """Return the latest day of the transactions."""
    return day_of(_rows(work)["executed_at"].max()), "day"


@_named
def claimed_value(work: Work, *, amounts_minor: Sequence[int]) -> Quantity:
    """Sum what is claimed of each transaction in the base currency; without a rate it adds none."""
    rows = _rows(work).select("received_minor", "base_minor").rows()
    worth = [to_base(p, whole, base) for p, (whole, base) in zip(amounts_minor, rows, strict=True)]
    return sum(base or 0 for base in worth), _base(work)


@_named
def holding(
    work: Work,
    *,
    trace: str,
    claims: Sequence[str],
    account: str,
    currency: str | None = None,
) -> Quantity:
    """Sum claimed money in an account: in a currency, or of all in the base currency."""
    held = _traced(work, trace).holdings.filter(
        pl.col("account") == account, pl.col("claim").is_in(list(claims))
    )
    if currency is None:
        return int(held["base_minor"].sum()), _base(work)
    own = held.filter(pl.col("currency").cast(pl.String) == currency)
    return int(own["amount_minor"].sum()), currency


@_named
def holders(work: Work, *, trace: str, claims: Sequence[str]) -> Quantity:
    """Count the accounts that hold claimed money."""
    held = _traced(work, trace).holdings.filter(
        pl.col("claim").is_in(list(claims)), pl.col("amount_minor") > 0
    )
    return held["account"].n_unique(), "count"


@_named
def fate(work: Work, *, trace: str, claims: Sequence[str], of: str) -> Quantity:
    """Sum, in the base currency, what was superseded, sunk, or went in fees."""
    cases = pl.DataFrame({"claim": list(claims)}).with_columns(case=pl.lit("case"))
    return fates(_traced(work, trace), cases)["case"][of], _base(work)


@_named
def arrived(work: Work, *, trace: str, claim: str, currency: str) -> Quantity:
    """Sum what of the transactions is money of a claim."""
    ids = _rows(work)["transaction_id"]
    flows = _traced(work, trace).flows.filter(
        pl.col("claim") == claim,
        pl.col("transaction_id").is_in(ids.implode()),
        pl.col("received_currency").cast(pl.String) == currency,
    )
    return int(flows["arrived_minor"].sum()), currency


@_named
def crossed(work: Work, *, trace: str, claims: Sequence[str], corridor: str) -> Quantity:
    """Sum claimed money over a corridor, in the base currency."""
    return _corridors(_traced(work, trace), tuple(claims))[corridor], _base(work)


@_named
def bound(
    work: Work,
    *,
    trace: str,
    accounts: Sequence[str],
    account: str,
    claims: Sequence[str],
    end: str,
) -> Quantity:
    """Return the least or the most that any rule puts in an account: `end` is low or high."""
    limits = _limits(_traced(work, trace), tuple(accounts))
    low, high = sum_of_limits(limits, account, list(claims))
    found = {"low": low, "high": high}[end]
    if found is None:
        raise DataError(f"no bound of account {account!r} is known")
    return found, _base(work)


@_named
def stays(
    work: Work,
    *,
    trace: str,
    account: str,
    claims: Sequence[str],
    hours: float,
    wait_hours: float,
) -> Quantity:
    """Return what share of an account's claimed money is expected to stay for so many hours."""
    traced = _traced(work, trace)
    rated = (
        traced.holdings.filter(
            pl.col("account") == account,
            pl.col("claim").is_in(list(claims)),
            pl.col("base_minor").is_not_null(),
            pl.col("amount_minor") > 0,
        )
        .select("account", pl.col("currency").cast(pl.String), "base_minor")
        .rows()
    )
    share = mixed(rated, _survival(traced, float(hours), float(wait_hours)))
    if share is None:
        raise DataError("the ledger does not show how money of that age leaves")
    return share, "ppm"


@_named
def summed(
    work: Work, *, plus: Sequence[str] = (), minus: Sequence[str] = (), constant: int = 0
) -> Quantity:
    """Add earlier figures of money, take others away, and add a constant."""
    parts = [_money(work, name) for name in plus]
    parts += [-_money(work, name) for name in minus]
    return sum(parts) + constant, _base(work)


@_named
def expected(
    work: Work,
    *,
    terms: Sequence[Sequence[Any]],
    cap: Sequence[str] = (),
    constant: int = 0,
) -> Quantity:
    """Add up terms: a figure, what a balance does not cover, and shares of what is left.

    A share is millionths, or the name of a figure; each is taken in turn and rounded down. The sum
    is at most the largest figure of `cap`, where there are some; the constant is added last.
    """
    total = 0
    for name, gone, *shares in terms:
        part = _money(work, name) - gone
        for share in shares:
            millionths = work.earlier(share)[0] if isinstance(share, str) else share
            part = share_of(part, int(millionths))
        total += part
    if cap:
        total = min(total, max(_money(work, name) for name in cap))
    return total + constant, _base(work)


# -- parts -----------------------------------------------------------------------------------------


def _check(work: Work) -> None:
    """Check that every transaction that the figure names is there."""
    _ = work.rows


def _rows(work: Work) -> pl.DataFrame:
    if not work.rows.height:
        raise DataError("it names no transaction")
    return work.rows


def _traced(work: Work, name: str) -> Traced:
    """Return a trace that a figure before kept."""
    _check(work)
    key = f"followed {name}"
    if key not in work.traces:
        raise DataError(f"no figure before it follows money as {name!r}")
    return work.traces[key]


def _base(work: Work) -> str:
    return work.evidence.graph.base_currency


def _money(work: Work, name: str) -> int:
    value, unit = work.earlier(name)
    if unit != _base(work) or not isinstance(value, int):
        raise DataError(f"the figure {name!r} is in {unit}, and {_base(work)} is summed")
    return value


@lru_cache(maxsize=_KEPT)
def _corridors(traced: Traced, claims: tuple[str, ...]) -> dict[str, int]:
    return corridor_money(traced, list(claims))


@lru_cache(maxsize=_KEPT)
def _limits(traced: Traced, accounts: tuple[str, ...]) -> Limits:
    return limits_of(traced, list(accounts))


@lru_cache(maxsize=_KEPT)
def _survival(traced: Traced, hours: float, wait_hours: float) -> Shares:
    held = traced.holdings["account"].unique().to_list()
    return by_place(survival_shares(traced, dict.fromkeys(held, hours), wait_hours))
