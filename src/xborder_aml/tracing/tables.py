"""The tables of a trace, column by column, as `xborder_aml.schema` declares the others."""

from __future__ import annotations

import polars as pl

from xborder_aml.schema import CURRENCY, JURISDICTION, Table
from xborder_aml.schema import column as _c

__all__ = [
    "BOUNDS",
    "CLAIMS",
    "CONSERVATION",
    "EXPOSURE",
    "FLOWS",
    "FLOW_KINDS",
    "HOLDINGS",
    "LOTS",
    "MINTED",
    "OPENINGS",
    "PATHS",
    "SEEDS",
    "SINKS",
    "STEPS",
    "SURVIVAL",
    "TABLES",
    "VALUES",
    "WORTH",
]

_TIME = pl.Datetime("us", "UTC")
FLOW_KINDS = ("seed", "transfer", "conversion", "return", "sink")


_CLAIM = _c("claim", pl.String, "Name of the claim.")
_ID = _c("transaction_id", pl.Int64, "The transaction.")
_AT = _c("executed_at", _TIME, "When it was booked.")
_ACCOUNT = _c("account", pl.String, "Account key.")
_CURRENCY = _c("currency", CURRENCY, "Currency of the amounts.")

SEEDS = Table(
    "seeds",
    "What claims begin with: money that a transaction brought to its beneficiary.",
    (
        _c("claim", pl.String, "Name; by default the transaction_id.", optional=True),
        _ID,
        _c(
            "amount_minor",
            pl.Int64,
            "Part of what the transaction brought, minor units; by default all of it.",
            optional=True,
        ),
    ),
)

OPENINGS = Table(
    "opening_balances",
    "What accounts held before their first transaction in the ledger: clean money.",
    (
        _ACCOUNT,
        _c("currency", CURRENCY, "Needed where the ledger has several.", optional=True),
        _c("balance_minor", pl.Int64, "Balance in minor units, at least 0."),
    ),
)

CLAIMS = Table(
    "claims",
    "One row a claim and currency that its seeds are in.",
    (
        _CLAIM,
        _CURRENCY,
        _c("n_seeds", pl.Int64, "Seed transactions."),
        _c("amount_minor", pl.Int64, "What the seeds brought."),
        _c("first_at", _TIME, "Earliest seed."),
    ),
)

HOLDINGS = Table(
    "holdings",
    "Where each claim's money is at the end of the trace: one row a claim, account and currency.",
    (
        _CLAIM,
        _ACCOUNT,
        _c("holder", pl.String, "Holder, where known.", nullable=True),
        _c("jurisdiction", JURISDICTION, "Where the account is held.", nullable=True),
        _CURRENCY,
        _c("amount_minor", pl.Int64, "Claimed money in the account, by the rule."),
        _c("low_minor", pl.Int64, "Least over the orders of the same day that were run."),
        _c("high_minor", pl.Int64, "Most over the orders of the same day that were run."),
        _c(
            "base_minor",
            pl.Int64,
            "amount_minor in the base currency, at the rate of the last day up to the end of the "
            "trace on which that currency has base amounts; null where it has none.",
            nullable=True,
        ),
        _c("base_currency", CURRENCY, "Base currency of the ledger."),
        _c("balance_minor", pl.Int64, "All money in the account and currency, claimed or clean."),
        _c("last_in_at", _TIME, "When claimed money last came in."),
        _c("is_edge", pl.Boolean, "The ledger shows no payment out of the account: it ends here."),
    ),
)

FLOWS = Table(
    "flows",
    "Claimed money on its way: one row a transaction and claim, in the order taken.",
    (
        _CLAIM,
        _ID,
        _AT,
        _c("kind", pl.Enum(FLOW_KINDS), "What the move is to the claim."),
        _c("originator", pl.String, "Account that paid."),
        _c("beneficiary", pl.String, "Account that was paid."),
        _c("sent_currency", CURRENCY, "Currency of drawn_minor."),
        _c("drawn_minor", pl.Int64, "Claimed money taken out of the originator; 0 for a seed."),
        _c("received_currency", CURRENCY, "Currency of the amounts that follow."),
        _c("arrived_minor", pl.Int64, "What of it arrived, after a fee or a conversion."),
        _c("sunk_minor", pl.Int64, "What of that left by cash, crypto-assets or securities."),
        _c("superseded_minor", pl.Int64, "What of that another seed claims anew from here on."),
    ),
)

VALUES = Table(
    "values",
    "Value by account, claim and time: one row each change.",
    (
        _CLAIM,
        _ACCOUNT,
        _CURRENCY,
        _ID,
        _AT,
        _c("change_minor", pl.Int64, "What the transaction added or, below 0, took."),
        _c("value_minor", pl.Int64, "Claimed money in the account after it."),
    ),
)

LOTS = Table(
    "lots",
    "Each lot of claimed money: where it came from, and what became of it.",
    (
        _c("lot", pl.Int64, "Number of the lot."),
        _c("parent", pl.Int64, "Lot that it was taken from; null for a seed.", nullable=True),
        _c("seed", pl.Int64, "transaction_id of the seed at the start of its line."),
        _c("hops", pl.Int64, "Transactions between the seed and here."),
        _CLAIM,
        _ID,
        _AT,
        _ACCOUNT,
        _CURRENCY,
        _c("drawn_minor", pl.Int64, "Taken from the parent, in the parent's currency."),
        _c("amount_minor", pl.Int64, "What of it arrived."),
        _c("ended_minor", pl.Int64, "What of that went no further: sunk, or claimed anew."),
        _c("left_minor", pl.Int64, "What of that is still in the account."),
    ),
)

STEPS = Table(
    "steps",
    "The re-performance ledger: every transaction of an account that then held claimed money, what "
    "it took or brought of each claim and of clean money, and the balances after it.",
    (
        _c("step", pl.Int64, "Place in the order taken; the two sides of a move share it."),
        _ACCOUNT,
        _CURRENCY,
        _ID,
        _AT,
        _c("side", pl.Enum(["debit", "credit"]), "Whether the account paid or was paid."),
        _c("amount_minor", pl.Int64, "All money of the transaction on this side."),
        _c("minted_minor", pl.Int64, "Clean money made to cover an overdraft; debits only."),
        _c("claim", pl.String, "Claim of this line; null for clean money.", nullable=True),
        _c("moved_minor", pl.Int64, "What of the amount is this claim's, or clean."),
        _c("held_minor", pl.Int64, "What the account holds of this claim, or clean, after it."),
        _c("balance_minor", pl.Int64, "All that the account holds after it."),
    ),
)

MINTED = Table(
    "minted",
    "Debits of more than the account held: an overdraft, or a balance that the ledger does not "
    "show. Clean money was made for the difference.",
    (
        _ACCOUNT,
        _CURRENCY,
        _ID,
        _AT,
        _c("sent_minor", pl.Int64, "What was paid."),
        _c("minted_minor", pl.Int64, "What of it the account did not hold."),
    ),
)

CONSERVATION = Table(
    "conservation",
    "What became of each claim's money, to the minor unit: one row a claim and currency.",
    (
        _CLAIM,
        _CURRENCY,
        _c("seeded_minor", pl.Int64, "What the seeds brought."),
        _c("converted_in_minor", pl.Int64, "What came out of conversions from other currencies."),
        _c("held_minor", pl.Int64, "What accounts hold at the end."),
        _c("sunk_minor", pl.Int64, "What left by cash, crypto-assets or securities."),
        _c("fees_minor", pl.Int64, "What was sent and did not arrive, in one currency."),
        _c("superseded_minor", pl.Int64, "What other seeds claim anew."),
        _c("converted_out_minor", pl.Int64, "What went into conversions to other currencies."),
        _c("residual_minor", pl.Int64, "Seeded and converted in, less all the rest: always 0."),
    ),
)

EXPOSURE = Table(
    "exposure",
    "The poison set: every account that a claim's money can have reached. Never a value.",
    (
        _CLAIM,
        _ACCOUNT,
        _c("jurisdiction", JURISDICTION, "Where the account is held.", nullable=True),
        _CURRENCY,
        _c("hops", pl.Int32, "Transactions after the seed's, along the earliest way."),
        _c("transaction_id", pl.Int64, "The transaction that can first have brought it."),
        _c("first_at", _TIME, "When."),
    ),
)

BOUNDS = Table(
    "bounds",
    "What every tracing rule must agree on: least and most of a claim that can be in an account.",
    (
        _CLAIM,
        _ACCOUNT,
        _CURRENCY,
        _c("low_minor", pl.Int64, "No admissible rule attributes less."),
        _c("traced_minor", pl.Int64, "What the rule of the trace attributes.", nullable=True),
        _c("high_minor", pl.Int64, "No admissible rule attributes more."),
        _c(
            "is_tight",
            pl.Boolean,
            "Both are reached by some way of tracing; false where money was converted, which "
            "loosens them.",
        ),
    ),
)

SURVIVAL = Table(
    "survival",
    "How long claimed money stays in an account, weighted by value (Kaplan and Meier).",
    (
        _CURRENCY,
        _c("after_s", pl.Int64, "Seconds since the money came in."),
        _c("at_risk_minor", pl.Int64, "Money that was still there, and seen, just before."),
        _c("left_minor", pl.Int64, "Money that left at that age."),
        _c("survival", pl.Float64, "Share of the money that stays longer."),
    ),
)

WORTH = Table(
    "worth",
    "The value of acting now: what is expected to be left after a delay.",
    (
        _CURRENCY,
        _c("delay", pl.String, "How long it takes until the money is stopped."),
        _c("delay_s", pl.Int64, "The same in seconds."),
        _c("held_minor", pl.Int64, "Money held now."),
        _c("survival", pl.Float64, "Expected share of it that is left; null: no money that old.",
           nullable=True),
        _c("left_minor", pl.Int64, "Expected money left, rounded down.", nullable=True),
        _c("acting_now_minor", pl.Int64, "What acting now saves.", nullable=True),
    ),
)  # fmt: skip

PATHS = Table(
    "paths",
    "The ways by which most of the money came to where it is.",
    (
        _c("rank", pl.Int64, "1 carried most."),
        _CLAIM,
        _c("account", pl.String, "Account that holds it."),
        _CURRENCY,
        _c("amount_minor", pl.Int64, "Claimed money that came this way and is still there."),
        _c("share", pl.Float64, "Share of all that the claim holds in this currency."),
        _c("hops", pl.Int64, "Transactions after the seed's."),
        _c("accounts", pl.List(pl.String), "Accounts on the way, from the seed's beneficiary."),
        _c("jurisdictions", pl.List(pl.String), "Where they are held; ?? where unknown."),
        _c("first_at", _TIME, "Earliest seed."),
        _c("last_at", _TIME, "Last arrival."),
        _c("transaction_ids", pl.List(pl.Int64), "Transactions of the way, in order of time."),
    ),
)

SINKS = Table(
    "sinks",
    "Claimed money that left the ledger's reach, by transaction.",
    (
        _CLAIM,
        _ID,
        _AT,
        _ACCOUNT,
        _c("beneficiary", pl.String, "Account or counter that was paid."),
        _c("instrument", pl.String, "cash, crypto or securities."),
        _CURRENCY,
        _c("amount_minor", pl.Int64, "Claimed money that left."),
    ),
)

TABLES: tuple[Table, ...] = (
    SEEDS, OPENINGS, CLAIMS, HOLDINGS, SINKS, CONSERVATION, MINTED, FLOWS, VALUES, LOTS, STEPS,
    EXPOSURE, BOUNDS, SURVIVAL, WORTH, PATHS,
)  # fmt: skip
