"""What of traced money can be expected back: exact integer arithmetic, account by account.

Shares are whole millionths, products are rounded down, and sums are of the rounded amounts, so that
whoever has a calculator comes to the same figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from xborder_aml.referral.settings import ReferralSettings
from xborder_aml.tracing import Traced

__all__ = [
    "MILLION",
    "cooperation",
    "ppm",
    "seed_values",
    "share_of",
    "survival_shares",
    "to_base",
    "worth_of",
]

MILLION = 1_000_000


def ppm(share: float) -> int:
    """Return a share in whole millionths.

    Examples
    --------
    >>> ppm(0.25)
    250000
    """
    return round(share * MILLION)


def share_of(amount: int, millionths: int) -> int:
    """Return a share of an amount, rounded down.

    Examples
    --------
    >>> share_of(1_001, 500_000)
    500
    """
    return amount * millionths // MILLION


def to_base(part: int, whole: int, base: int | None) -> int | None:
    """Return the base amount of a part of a transaction, half to even; None without a rate.

    Examples
    --------
    >>> to_base(1, 3, 100), to_base(1, 2, 5), to_base(1, 2, None)
    (33, 2, None)
    """
    if base is None or whole == 0:
        return None
    quotient, rest = divmod(part * base, whole)
    up = 2 * rest > whole or (2 * rest == whole and quotient % 2 == 1)
    return quotient + up


def day_of(at: Any) -> str:
    """Return the day of a time, in ISO 8601."""
    return f"{at:%Y-%m-%d}"


def seed_values(traced: Traced) -> pl.DataFrame:
    """Return the seeds with their value in the base currency: claim, transaction_id, base_minor."""
    graph = traced.graph
    rows = traced.seeds["row"]
    whole = graph.column("received_minor").gather(rows).to_list()
    base = graph.column("base_minor").gather(rows).to_list()
    parts = traced.seeds["amount_minor"].to_list()
    worth = [to_base(p, w, b) for p, w, b in zip(parts, whole, base, strict=True)]
    return traced.seeds.select("claim", "transaction_id", "amount_minor").with_columns(
        base_minor=pl.Series(worth, dtype=pl.Int64)
    )


def survival_shares(
    traced: Traced, hours: Mapping[str, float], wait_hours: float = 0.0
) -> pl.DataFrame:
    """Return the share of each account's money that is expected to stay for some hours.

    A unit of age a stays d hours more with S(a + d) / S(a), from the trace's own survival curve of
    its currency. Where S has come to 0 before that age nothing is known.

    Parameters
    ----------
    hours
        How long the money must stay, by account.
    wait_hours
        Further wait before that.

    Returns
    -------
    DataFrame
        account, currency, survival_ppm (null: not known).
    """
    held = traced.lots.filter(pl.col("left_minor") > 0, pl.col("account").is_in(list(hours)))
    out = []
    for currency in held["currency"].unique().sort():
        own = held.filter(pl.col("currency") == currency)
        curve = traced.survival.filter(pl.col("currency") == currency)
        times = curve["after_s"].to_numpy()
        share = np.append(1.0, curve["survival"].to_numpy())
        age = own.select((pl.lit(traced.ended_at) - pl.col("executed_at")).dt.total_seconds())
        ages = age.to_series().to_numpy()
        stay = np.array([hours[a] + wait_hours for a in own["account"]]) * 3_600
        now = share[np.searchsorted(times, ages, side="right")]
        then = share[np.searchsorted(times, ages + stay, side="right")]
        seen = (now > 0) & (curve.height > 0)
        ratio = np.where(seen, then / np.where(now > 0, now, 1.0), np.nan)
        out.append(
            own.select("account", "currency", "left_minor").with_columns(
                ratio=pl.Series(ratio).fill_nan(None)
            )
        )
    if not out:
        return pl.DataFrame(
            schema={"account": pl.String, "currency": pl.String, "survival_ppm": pl.Int64}
        )
    stays = pl.col("ratio") * pl.col("left_minor")
    known = pl.col("ratio").is_not_null().all()
    return (
        pl.concat(out)
        .group_by("account", "currency", maintain_order=True)
        .agg(
            survival_ppm=pl.when(known)
            .then((MILLION * stays.sum() / pl.col("left_minor").sum()).floor())
            .cast(pl.Int64)
        )
        .with_columns(pl.col("currency").cast(pl.String))
    )


def worth_of(row: Mapping[str, int], shares: Mapping[str, int]) -> dict[str, int]:
    """Return the levels of one account for one choice of shares, all in millionths.

    Parameters
    ----------
    row
        traced_minor, and gone_minor which a known balance does not cover.
    shares
        survival, cooperation, evidence.

    Examples
    --------
    >>> worth_of({"traced_minor": 1_000, "gone_minor": 0},
    ...          {"survival": 500_000, "cooperation": 500_000, "evidence": 100_000})
    {'present': 1000, 'surviving': 500, 'reachable': 250, 'weighted': 25}
    """
    present = row["traced_minor"] - row["gone_minor"]
    surviving = share_of(present, shares["survival"])
    reachable = share_of(surviving, shares["cooperation"])
    weighted = share_of(reachable, shares["evidence"])
    return {
        "present": present, "surviving": surviving, "reachable": reachable, "weighted": weighted,
    }  # fmt: skip


def cooperation(settings: ReferralSettings, availability: str, of: str) -> int:
    """Return the chance of co-operation in millionths: of is least, middle or most."""
    if availability == "closed":
        return 0
    name = {"open": "cooperation", "domestic": "cooperation_domestic"}.get(
        availability, "cooperation_unknown"
    )
    return ppm(getattr(getattr(settings, name), of))
