"""What a synthetic ledger is asked to be: frozen, checked, and nothing but data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple

from xborder_aml.errors import ParameterError
from xborder_aml.synth.world import Place

__all__ = ["ROLES", "Attempts", "Bin", "Flow", "LabelNoise", "LedgerSpec"]

ROLES = (
    "hub", "bank", "fund", "marketplace", "treasury", "merchant", "landlord", "company",
    "subsidiary", "seller", "wallet", "person", "quiet", "shell",
)  # fmt: skip
"""What an account is for; `quiet` ones are the second accounts of persons, seldom used."""


class Bin(NamedTuple):
    """Share of the accounts that have so many transactions a year: in ``(low, high]``."""

    low: float
    high: float
    share: float


class Attempts(NamedTuple):
    """Laundering attempts of one family, as AMLworld's generator makes them."""

    n: int
    n_transactions: int
    sizes: tuple[int, ...]  # weights of the size bins (0,2] (2,4] (4,8] (8,12] (12,18]
    sinks: tuple[int, ...] | None = None  # the same for the second side of a gather-scatter


@dataclass(frozen=True, slots=True)
class Flow:
    """One kind of payment of the economy.

    Parameters
    ----------
    share
        Of the ledger's transactions; with a `cycle`, of the beneficiaries (or of the originators
        if they are persons) that have one.
    repeat
        Payments that one originator makes to one beneficiary, about.
    home
        Share that stays in the originator's jurisdiction, before gravity is balanced.
    median, sigma, wobble
        Usual amount in the base currency; spread among relations, and among one's payments (of the
        logarithm).
    forms
        Instruments or AMLworld's payment formats, with their shares.
    via
        Each payment goes through a correspondent bank, and so makes two transactions.
    """

    name: str
    payer: str
    payee: str
    share: float
    repeat: float = 2.0
    home: float = 0.6
    median: float = 100.0
    sigma: float = 0.7
    wobble: float = 0.3
    rhythm: Literal["office", "shop", "any"] = "office"
    cycle: Literal["month", "fortnight"] | None = None
    forms: tuple[tuple[str, float], ...] = (("wire", 1.0),)
    purpose: str = "Services"
    via: bool = False


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """How the labels that an analyst sees differ from the truth.

    Parameters
    ----------
    missed
        Share of the laundering transactions that nobody reported.
    wrong
        Honest transactions that are labelled, for each laundering one.
    late_days
        Mean delay between a transaction and its label, in days.
    """

    missed: float = 0.0
    wrong: float = 0.0
    late_days: float = 0.0

    def __post_init__(self) -> None:
        """Check the shares."""
        for name, value, most in (
            ("missed", self.missed, 1.0),
            ("wrong", self.wrong, 100.0),
            ("late_days", self.late_days, 3_650.0),
        ):
            if not 0 <= value <= most:
                raise ParameterError(f"LabelNoise.{name}={value!r} must lie between 0 and {most}")


@dataclass(frozen=True, slots=True)
class LedgerSpec:
    """Everything that decides a synthetic ledger, but for the seed.

    Parameters
    ----------
    name
        Of the preset, or your own.
    start, days
        First day and number of days.
    n_accounts, n_transactions
        Accounts and transactions of the economy; cases add a few.
    activity
        Transactions of an account in a year, see `Bin`; shares are made to sum to 1.
    flows
        Kinds of payments; shares of those without a `cycle` are made to sum to 1.
    quiet_flows
        What quiet accounts do, by share: ``reinvestment``, ``saving``, ``withdrawal``,
        ``purchase``, ``income``.
    places, rates
        Jurisdictions, and base currency for one unit of each currency.
    attempts
        AMLworld's families and how many of each.
    loose
        Laundering transactions outside of any pattern.
    plants, look_alikes
        Instances of each registered detector, drawn by its own `plant`: criminal and innocent.
    schemes
        Whole schemes of each kind.
    laundering_per
        If set, plants and schemes are added until about one transaction in so many is laundering.
    churn
        Share of accounts that open, and that close, inside of the period.
    """

    name: str
    start: date
    days: int
    n_accounts: int
    n_transactions: int
    places: tuple[Place, ...]
    rates: tuple[tuple[str, str], ...]
    flows: tuple[Flow, ...]
    activity: tuple[Bin, ...]
    base_currency: str = "EUR"
    quiet_flows: tuple[tuple[str, float], ...] = (
        ("reinvestment", 0.1), ("saving", 0.4), ("withdrawal", 0.3), ("purchase", 0.2),
    )  # fmt: skip
    quiet_forms: tuple[tuple[str, float], ...] = (("cheque", 0.5), ("wire", 0.5))
    resolution: Literal["1m", "1s"] = "1s"
    attempts: tuple[tuple[str, Attempts], ...] = ()
    loose: int = 0
    plants: int = 0
    look_alikes: int = 0
    schemes: int = 0
    laundering_per: float | None = None
    spread_bp: int = 30
    churn: float = 0.02
    noise: LabelNoise = field(default_factory=LabelNoise)

    def __post_init__(self) -> None:
        """Check what would fail far from here."""
        for name in ("days", "n_accounts", "n_transactions"):
            value = getattr(self, name)
            if not 1 <= value <= 2**31:
                raise ParameterError(f"LedgerSpec.{name}={value!r} must lie between 1 and 2**31")
        for name in ("loose", "plants", "look_alikes", "schemes"):
            if not 0 <= getattr(self, name) <= 100_000:
                raise ParameterError(f"LedgerSpec.{name} must lie between 0 and 100,000")
        if not 0 <= self.churn <= 0.5 or not 0 <= self.spread_bp <= 5_000:
            raise ParameterError("LedgerSpec.churn must lie in [0, 0.5], spread_bp in [0, 5000]")
        known = dict(self.rates)
        lacking = {p.currency for p in self.places} - set(known)
        if lacking or Fraction(known.get(self.base_currency, "0")) != 1:
            raise ParameterError(
                f"LedgerSpec.rates needs 1 for {self.base_currency} and a rate for every "
                f"currency of its places; it lacks {', '.join(sorted(lacking)) or 'the first'}"
            )
        for flow in self.flows:
            unknown = {flow.payer, flow.payee} - set(ROLES)
            if unknown:
                raise ParameterError(
                    f"flow {flow.name!r} names the role {unknown.pop()!r}; there are "
                    f"{', '.join(ROLES)}"
                )
