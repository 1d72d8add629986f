"""The tables of a register, column by column, as `xborder_aml.schema` declares the others."""

from __future__ import annotations

import polars as pl

from xborder_aml.outcomes.events import EVENTS
from xborder_aml.schema import CURRENCY, JURISDICTION, Table
from xborder_aml.schema import column as _c

__all__ = ["COUNTS", "HISTORY", "MONEY", "REFUSALS", "REQUESTS", "TABLES"]


_GROUP = _c("group", pl.String, "Channel, jurisdiction or year of sending; all for the whole.")

HISTORY = Table(
    "outcome_history",
    "Every row of a register as it was written.",
    (
        _c("row", pl.Int64, "Number of the row, from 0."),
        _c("event", pl.String, "What happened; corrected for a correction."),
        _c("referral", pl.String, "Name of the referral; null where a row is taken out.",
           nullable=True),
        _c("channel", pl.String, "How it went.", nullable=True),
        _c("on", pl.Date, "Day on which it happened, or was corrected."),
        _c("amount_minor", pl.Int64, "Minor units.", nullable=True),
        _c("currency", CURRENCY, "ISO 4217 code.", nullable=True),
        _c("reason", pl.String, "Why it was refused or corrected.", nullable=True),
        _c("note", pl.String, "Anything else.", nullable=True),
        _c("corrects", pl.Int64, "Row that this one takes the place of.", nullable=True),
        _c("is_current", pl.Boolean, "No later row takes its place."),
    ),
)  # fmt: skip

REQUESTS = Table(
    "outcome_requests",
    "One row a request and currency: a referral that went by a channel.",
    (
        _c("referral", pl.String, "Name of the referral."),
        _c("channel", pl.String, "How it went."),
        _c("requested", JURISDICTION, "Jurisdiction that was asked."),
        _c("sent_on", pl.Date, "Day of sending."),
        _c("state", pl.Enum(EVENTS), "The furthest that it has come."),
        _c("steps", pl.List(pl.String), "What the channel does with money, in order."),
        _c("currency", CURRENCY, "Currency of the amounts."),
        _c("requested_minor", pl.Int64, "Asked for."),
        _c("frozen_minor", pl.Int64, "Frozen so far."),
        _c("confiscated_minor", pl.Int64, "Confiscated so far."),
        _c("returned_minor", pl.Int64, "Returned so far."),
        _c("answered_on", pl.Date, "Day of the answer.", nullable=True),
        _c("frozen_on", pl.Date, "Day of the first freeze in this currency.", nullable=True),
        _c("refused_on", pl.Date, "Day of the refusal.", nullable=True),
        _c("reason", pl.String, "Why it was refused.", nullable=True),
        _c("days_to_freeze", pl.Int64, "From sending to the first freeze.", nullable=True),
    ),
)

COUNTS = Table(
    "outcome_counts",
    "Requests by what became of them; a request in two currencies counts once.",
    (
        _GROUP,
        _c("n_sent", pl.Int64, "Requests sent."),
        _c("n_answered", pl.Int64, "Of these, answered."),
        _c("n_frozen", pl.Int64, "Of these, with money frozen."),
        _c("n_confiscated", pl.Int64, "Of these, with money confiscated."),
        _c("n_returned", pl.Int64, "Of these, with money returned."),
        _c("n_refused", pl.Int64, "Of these, refused, in whole or for the rest."),
        _c("n_pending", pl.Int64, "Of these, neither refused nor with money reached."),
        _c("refusal_rate", pl.Float64, "n_refused / (n_sent - n_pending).", nullable=True),
        _c("median_days_to_freeze", pl.Float64, "Of the requests that were frozen; those that "
           "wait are not in it.", nullable=True),
    ),
)  # fmt: skip

MONEY = Table(
    "outcome_money",
    "Money by what became of it, one row a currency: currencies are never added up.",
    (
        _GROUP,
        _c("currency", CURRENCY, "Currency of the amounts."),
        _c("requested_minor", pl.Int64, "Asked for."),
        _c("frozen_minor", pl.Int64, "Frozen."),
        _c("confiscated_minor", pl.Int64, "Confiscated."),
        _c("returned_minor", pl.Int64, "Returned."),
        _c("frozen_share", pl.Float64, "frozen / requested, of requests that a freeze is a step "
           "of.", nullable=True),
        _c("confiscated_share", pl.Float64, "confiscated / frozen, of requests that both are steps "
           "of.", nullable=True),
    ),
)  # fmt: skip

REFUSALS = Table(
    "outcome_refusals",
    "Why requests were refused.",
    (
        _GROUP,
        _c("reason", pl.String, "As it was written down."),
        _c("n_refused", pl.Int64, "Requests refused for it."),
    ),
)

TABLES: tuple[Table, ...] = (COUNTS, MONEY, REFUSALS, REQUESTS, HISTORY)
