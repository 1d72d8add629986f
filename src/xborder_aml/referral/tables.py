"""The tables of a referral, column by column, as `xborder_aml.schema` declares the others."""

from __future__ import annotations

import polars as pl

from xborder_aml.referral.decision import DECISIONS
from xborder_aml.schema import CURRENCY, JURISDICTION, Table
from xborder_aml.schema import column as _c

__all__ = [
    "CLOCKS", "COMPLETENESS", "COUNTER", "PLANS", "RECOVERY", "REQUESTS", "RULES", "SENSITIVITY",
    "STEPS", "TABLES", "WATERFALL",
]  # fmt: skip

_TIME = pl.Datetime("us", "UTC")
AVAILABLE = pl.Enum(["domestic", "open", "unknown", "closed"])

STEPS = {
    "seeded": "Money that the seed transactions brought.",
    "superseded": "Less what another seed claims anew, so that it is counted once.",
    "sunk": "Less what left by cash, crypto-assets or securities.",
    "fees": "Less what was sent and did not arrive.",
    "revalued": "Conversions, and change of rates between the seeds and the end.",
    "elsewhere": "Less what accounts of other jurisdictions, or of unknown place, hold.",
    "gone": "Less what the rule traces here and a known balance does not cover.",
    "leaves": "Less what is expected to leave before the channel can hold it.",
    "unreached": "Less what the channel is not expected to reach.",
    "doubt": "Less the weight that the evidence is not given.",
    "cost": "Less the cost of the request.",
}
"""Steps of the waterfall in order, and what each says."""

LEVELS = {
    "seeded": "seed value",
    "elsewhere": "traced here",
    "gone": "still present",
    "leaves": "expected to survive the delay",
    "unreached": "legally reachable",
    "doubt": "evidence-weighted",
    "cost": "expected recoverable value",
}
"""What the running value is called after a step."""


_CASE = _c("case", pl.String, "Name of the case: its earliest claim by name.")
_PLACE = _c("jurisdiction", JURISDICTION, "Where the money is; null: unknown.", nullable=True)
_BASE = _c("base_currency", CURRENCY, "Currency of the amounts.")

RECOVERY = Table(
    "recovery",
    "What is expected of each account that holds claimed money, in the base currency.",
    (
        _CASE,
        _c("account", pl.String, "Account key."),
        _c("holder", pl.String, "Holder, where known.", nullable=True),
        _PLACE,
        _BASE,
        _c("traced_minor", pl.Int64, "Claimed money here, by the rule."),
        _c("low_minor", pl.Int64, "No rule attributes less; null: not worked out.", nullable=True),
        _c("high_minor", pl.Int64, "No rule attributes more; null: not worked out.", nullable=True),
        _c("present_minor", pl.Int64, "At most the balance that is known."),
        _c("surviving_minor", pl.Int64, "Expected to be there when the channel acts."),
        _c("reachable_minor", pl.Int64, "Expected to be reached by the channel."),
        _c("weighted_minor", pl.Int64, "Times the weight of the evidence."),
        _c("survival_ppm", pl.Int64, "Share that survives, millionths; null: not known.",
           nullable=True),
        _c("waiting_minor", pl.Int64, "Lost of weighted_minor by waiting settings.urgent_hours."),
        _c("last_in_at", _TIME, "When claimed money last came in."),
        _c("is_edge", pl.Boolean, "The ledger shows no payment out of the account."),
        _c("is_unrated", pl.Boolean, "Some money here has no base amount, and is left out."),
        _c("transaction_ids", pl.List(pl.Int64), "Transactions that moved claimed money in or out,"
           " in time order."),
    ),
)  # fmt: skip

REQUESTS = Table(
    "requests",
    "One row a case and jurisdiction: whom to ask, what for, and whether.",
    (
        _CASE,
        _PLACE,
        _BASE,
        _c("n_accounts", pl.Int64, "Accounts that hold claimed money there."),
        _c("traced_minor", pl.Int64, "Claimed money there, by the rule."),
        _c("expected_minor", pl.Int64, "Expected recoverable value; below 0 when costs exceed."),
        _c("least_minor", pl.Int64, "The same with every assumption at its worst."),
        _c("most_minor", pl.Int64, "The same with every assumption at its best."),
        _c("waiting_minor", pl.Int64, "Lost by waiting settings.urgent_hours."),
        _c("decision", pl.Enum(DECISIONS), "What is proposed; a person decides."),
        _c("reason_codes", pl.List(pl.String), "Why, and what to beware of."),
        _c("flip", pl.String, "The nearest change that would alter the decision.", nullable=True),
        _c(
            "flip_minor",
            pl.Int64,
            "The expected value of that change; null: it is another.",
            nullable=True,
        ),
        _c("flip_to", pl.Enum(DECISIONS), "What it would become.", nullable=True),
        _c("availability", AVAILABLE, "Of the best channel to freeze."),
        _c("channel", pl.String, "The channel to freeze.", nullable=True),
        _c("stop_channel", pl.String, "The channel to hold it first.", nullable=True),
        _c("delay_hours", pl.Float64, "Assumed hours until it is held."),
        _c("last_in_at", _TIME, "When claimed money last came in."),
    ),
)

WATERFALL = Table(
    "waterfall",
    "From the seed value to the expected recoverable value; the changes sum exactly.",
    (
        _CASE,
        _c("scope", pl.String, "A jurisdiction, ?? for unknown, or all: the case as a whole."),
        _BASE,
        _c("position", pl.Int32, "1 is first."),
        _c("step", pl.Enum(list(STEPS)), "What changes."),
        _c("change_minor", pl.Int64, "By how much."),
        _c("value_minor", pl.Int64, "The value after it: the sum of the changes up to here."),
        _c("level", pl.String, "What that value is called.", nullable=True),
    ),
)

SENSITIVITY = Table(
    "sensitivity",
    "How the expected recoverable value of a case moves with one assumption, and with all.",
    (
        _CASE,
        _BASE,
        _c("assumption", pl.String, "Name in the settings; tracing: the rule-free bounds; all."),
        _c("least_minor", pl.Int64, "With the assumption at its worst."),
        _c("expected_minor", pl.Int64, "With all in the middle."),
        _c("most_minor", pl.Int64, "With the assumption at its best."),
    ),
)

CLOCKS = Table(
    "clocks",
    "Time limits that run, or would begin to run, for a case and jurisdiction.",
    (
        _CASE,
        _PLACE,
        _c("clock", pl.String, "Channel and function, or limitation."),
        _c("starts", pl.String, "What it runs from."),
        _c("starts_at", _TIME, "When that was; null: it has not begun.", nullable=True),
        _c("ends_at", _TIME, "When it ends; a working day counts as 24 hours.", nullable=True),
        _c("hours_left", pl.Float64, "From as_of; below 0 when it is over.", nullable=True),
        _c("meaning", pl.String, "What ends."),
        _c("source", pl.String, "Where it stands."),
        _c("status", pl.String, "verified, recalled, stale or unknown."),
    ),
)

PLANS = Table(
    "plans",
    "Channels to each jurisdiction of a case, in the order in which one would try them.",
    (
        _CASE,
        _PLACE,
        _c("position", pl.Int32, "1 is first."),
        _c("function", pl.String, "What is asked for."),
        _c("channel", pl.String, "Identifier of the channel."),
        _c("name", pl.String, "Its name."),
        _c("availability", pl.String, "open, unknown or closed."),
        _c("why", pl.String, "Why it is not open.", nullable=True),
        _c("legal_basis", pl.String, "Treaty, law or charter."),
        _c("contact", pl.String, "Who writes to whom."),
        _c("deadline", pl.String, "Time limits in words.", nullable=True),
        _c("evidential_use", pl.String, "What the answer may be used for."),
        _c("missing", pl.List(pl.String), "What the request needs, and what is to be checked."),
        _c("status", pl.String, "The worst status of the rows that the line rests on."),
    ),
)

COUNTER = Table(
    "counter_evidence",
    "What speaks against the case, and innocent explanations to rule out.",
    (
        _CASE,
        _c("code", pl.String, "Short name."),
        _c("text", pl.String, "In a sentence."),
        _c("accounts", pl.List(pl.String), "Accounts that it is about."),
        _c("transaction_ids", pl.List(pl.Int64), "Transactions that show it."),
    ),
)

COMPLETENESS = Table(
    "completeness",
    "Whether a request holds what its template asks for.",
    (
        _CASE,
        _PLACE,
        _c("template", pl.String, "Treaty or law, and article."),
        _c("item", pl.String, "Where it stands in the template."),
        _c("asks", pl.String, "What it asks for."),
        _c("state", pl.Enum(["filled", "missing", "contradicted"]), "What the request has."),
        _c("has", pl.String, "What fills or contradicts it.", nullable=True),
    ),
)

RULES = Table(
    "rules",
    "What each tracing rule puts into the accounts that hold most.",
    (
        _c("rule", pl.String, "Name of the rule."),
        _c("account", pl.String, "Account key."),
        _c("base_minor", pl.Int64, "Claimed money there, in the base currency."),
    ),
)

TABLES: tuple[Table, ...] = (
    REQUESTS, RECOVERY, WATERFALL, SENSITIVITY, CLOCKS, PLANS, COUNTER, COMPLETENESS, RULES,
)  # fmt: skip
