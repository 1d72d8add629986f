"""Cover payments: a customer's payment and its settlement between banks are one transaction."""

from __future__ import annotations

import logging

import polars as pl

__all__ = ["link_covers"]

logger = logging.getLogger(__name__)

_REFERENCES = ("uetr", "payment_reference", "end_to_end_reference")
_NAMELESS = ("NOTPROVIDED", "NONREF", "NONE")
"""What messages write where they have no reference."""

_MONEY = ("received_currency", "received_minor")


def link_covers(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Make one transaction of a payment and the cover payments that settle it.

    A cover has the payment's unique reference (UETR), or its reference, customers and day; always
    the amount that was settled, so that nobody hides a payment behind the reference of another. The
    payment stays and remembers the row of its cover; of covers alone, the first one does.

    Parameters
    ----------
    rows
        Rows with account keys and amounts and, if the source has covers, ``is_cover`` and any of
        ``uetr``, ``payment_reference`` and ``end_to_end_reference``.

    Returns
    -------
    tuple of DataFrame and dict
        The rows that are left, and counts: covers linked, covers whose payment is not among the
        rows, and of those the ones that name a payment of another amount.

    References
    ----------
    SWIFT, MT 202 COV: field 21 is field 20 of the customer transfer; the unique end-to-end
    transaction reference (field 121, UETR) is the same in both.
    """
    if "is_cover" not in rows.columns:
        return rows, {"covers_linked": 0}
    covers = rows.filter(pl.col("is_cover").fill_null(value=False))
    payments = rows.join(covers.select("source_row"), on="source_row", how="anti")
    linked = _pairs(covers, payments)
    alone = covers.join(linked, on="source_row", how="anti")
    repeats = _pairs(alone, alone).filter(pl.col("leader") < pl.col("source_row"))
    pairs = pl.concat([linked, repeats])
    notes = {
        "covers_linked": pairs.height,
        "covers_alone": alone.height - repeats.height,
        "covers_differ": _differing(alone, payments),
    }
    if notes["covers_differ"]:
        logger.warning(
            "%d cover payments settle another amount than the payment that they name, and are kept "
            "beside it",
            notes["covers_differ"],
        )
    other = pairs.group_by("leader").agg(cover_row=pl.min("source_row"))
    kept = rows.join(pairs, on="source_row", how="anti", maintain_order="left").join(
        other, left_on="source_row", right_on="leader", how="left", maintain_order="left"
    )
    mirror = [pl.col("mirror_row")] if "mirror_row" in rows.columns else []
    return kept.with_columns(mirror_row=pl.coalesce(*mirror, "cover_row")).drop("cover_row"), notes


def _pairs(followers: pl.DataFrame, leaders: pl.DataFrame) -> pl.DataFrame:
    """Return the first leader of each follower: source_row, leader."""
    found = [pl.DataFrame(schema={"source_row": pl.Int64, "leader": pl.Int64})]
    for name in _REFERENCES:
        if name not in followers.columns:
            continue
        on = [name, *_MONEY]
        if name != "uetr":  # other references are unique between two parties at most, for a while
            on += ["originator", "beneficiary", "day"]
        first = _named(leaders, name).group_by(on).agg(leader=pl.min("source_row"))
        found.append(_named(followers, name).join(first, on=on).select("source_row", "leader"))
    return pl.concat(found).group_by("source_row").agg(pl.min("leader")).sort("source_row")


def _named(rows: pl.DataFrame, reference: str) -> pl.DataFrame:
    named = rows.filter(pl.col(reference).is_not_null(), pl.col(reference).is_in(_NAMELESS).not_())
    return named.with_columns(day=pl.col("executed_at").dt.date())


def _differing(alone: pl.DataFrame, payments: pl.DataFrame) -> int:
    """Count covers that have the unique reference of a payment and not its amount."""
    if "uetr" not in alone.columns:
        return 0
    return alone.drop_nulls("uetr").join(payments, on="uetr", how="semi").height
