"""What requests add up to: counts, money by currency, reasons of refusals."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.outcomes.events import STEPS
from xborder_aml.outcomes.replay import Request
from xborder_aml.outcomes.tables import COUNTS, MONEY, REFUSALS, REQUESTS

__all__ = ["GROUPS", "counts", "money", "refusals", "requests_table"]

GROUPS = {
    "channel": pl.col("channel"),
    "requested": pl.col("requested").cast(pl.String),
    "year": pl.col("sent_on").dt.year().cast(pl.String),
}
"""What statistics can be told apart by."""

_KEY = ["referral", "channel"]


def requests_table(requests: Iterable[Request]) -> pl.DataFrame:
    """Return one row a request and currency."""
    rows = []
    for request in requests:
        for currency, money in request.money.items():
            frozen_on = request.first_on.get((currency, "frozen"))
            rows.append(
                {
                    "referral": request.referral,
                    "channel": request.channel,
                    "requested": request.requested,
                    "sent_on": request.sent_on,
                    "state": _state(request, money),
                    "steps": list(request.steps),
                    "currency": currency,
                    "requested_minor": money["requested"],
                    **{f"{step}_minor": money.get(step, 0) for step in STEPS},
                    "answered_on": request.answered_on,
                    "frozen_on": frozen_on,
                    "refused_on": request.refused_on,
                    "reason": request.reason,
                    "days_to_freeze": frozen_on and (frozen_on - request.sent_on).days,
                }
            )
    return pl.DataFrame(rows, schema=REQUESTS.dtypes, orient="row")


def _state(request: Request, money: dict[str, int]) -> str:
    for step in reversed(STEPS):
        if money.get(step):
            return step
    if request.refused_on is not None:
        return "refused"
    return "sent" if request.answered_on is None else "answered"


def counts(requests: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Return table `COUNTS`; a request in several currencies is one."""
    reached = [pl.col(f"{step}_minor").max() > 0 for step in STEPS]
    one = (
        _grouped(requests, by)
        .group_by("group", *_KEY, maintain_order=True)
        .agg(
            pl.col("answered_on").first().is_not_null().alias("answered"),
            pl.col("refused_on").first().is_not_null().alias("refused"),
            *(flag.alias(step) for flag, step in zip(reached, STEPS, strict=True)),
            pl.col("days_to_freeze").min(),
        )
        .with_columns(pending=~pl.any_horizontal("refused", *STEPS))
    )
    kinds = ("answered", *STEPS, "refused", "pending")
    table = (
        one.group_by("group")
        .agg(
            pl.len().cast(pl.Int64).alias("n_sent"),
            *(pl.col(kind).sum().cast(pl.Int64).alias(f"n_{kind}") for kind in kinds),
            pl.col("days_to_freeze").median().alias("median_days_to_freeze"),
        )
        .with_columns(
            refusal_rate=_share(pl.col("n_refused"), pl.col("n_sent") - pl.col("n_pending"))
        )
        .sort("group")
    )
    return COUNTS.conform(table)


def money(requests: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Return table `MONEY`."""
    freezes = pl.col("steps").list.contains("frozen")
    both = freezes & pl.col("steps").list.contains("confiscated")
    amounts = ("requested", *STEPS)

    def within(name: str, which: pl.Expr) -> pl.Expr:
        return pl.col(f"{name}_minor").filter(which).sum()

    table = (
        _grouped(requests, by)
        .group_by("group", "currency")
        .agg(
            *(pl.col(f"{name}_minor").sum() for name in amounts),
            _share(within("frozen", freezes), within("requested", freezes)).alias("frozen_share"),
            _share(within("confiscated", both), within("frozen", both)).alias("confiscated_share"),
        )
        .sort("group", pl.col("currency").cast(pl.String))
    )
    return MONEY.conform(table)


def refusals(requests: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Return table `REFUSALS`, most frequent reasons first."""
    table = (
        _grouped(requests, by)
        .filter(pl.col("refused_on").is_not_null())
        .unique(["group", *_KEY], maintain_order=True)
        .group_by("group", "reason")
        .agg(pl.len().cast(pl.Int64).alias("n_refused"))
        .sort("group", "n_refused", "reason", descending=[False, True, False])
    )
    return REFUSALS.conform(table)


def _grouped(requests: pl.DataFrame, by: str | None) -> pl.DataFrame:
    if by is not None and by not in GROUPS:
        raise ParameterError(
            f"by={by!r} is unknown{did_you_mean(by, GROUPS)}; it is one of {', '.join(GROUPS)}"
        )
    return requests.with_columns(group=pl.lit("all") if by is None else GROUPS[by])


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)
