"""Who lives in the synthetic economy: accounts by role and place, and their holders."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.schema import ACCOUNTS
from xborder_aml.synth.world import PLACES, START, allot, gravity, stream

__all__ = ["ROLES", "Population", "accounts_table", "keys", "populate"]

ROLES = (
    "person",
    "savings",
    "company",
    "merchant",
    "landlord",
    "fund",
    "treasury",
    "subsidiary",
    "marketplace",
    "seller",
    "shell",
)

# Accounts of each role for a hundred persons, and whether persons, trade or shells say where.
_PER_HUNDRED = {
    "person": (100.0, "people"),
    "savings": (25.0, "people"),
    "company": (22.0, "trade"),
    "merchant": (8.0, "people"),
    "landlord": (6.0, "people"),
    "fund": (1.5, "people"),
    "treasury": (1.5, "trade"),
    "subsidiary": (6.0, "trade"),
    "marketplace": (0.4, "trade"),
    "seller": (6.0, "trade"),
    "shell": (7.0, "shells"),
}
_ELSEWHERE = ("treasury", "subsidiary", "marketplace")  # roles that not every place needs

_NAMES = (
    "Amber Birch Cedar Dune Ember Fern Grove Harbour Isle Juniper Linden Meadow Orchard".split()
)
_TRADES = {
    "company": "Trading Foods Textiles Machines Timber Paper Freight Software".split(),
    "merchant": "Market Books Garden Kitchen Shoes Travel".split(),
    "landlord": "Homes Estates Lettings".split(),
    "fund": ["Pensions"],
    "treasury": ["Group"],
    "subsidiary": ["Group"],
    "marketplace": ["Bazaar"],
    "seller": "Crafts Prints Gadgets Vintage".split(),
    "shell": "Consulting Invest Holding Services Partners".split(),
}
_BANKS = "Alder Beacon Citadel".split()
_YEARS_OPEN = 12


class Population(NamedTuple):
    """Accounts numbered by role, then by place; A of them."""

    place: NDArray[np.int64]  # (A,) index in PLACES
    role: NDArray[np.int64]  # (A,) index in ROLES
    holder: NDArray[np.int64]  # (A,) the first account of the same owner
    first: NDArray[np.int64]  # (roles, P + 1) where each role's accounts in a place begin

    def of(self, role: str) -> NDArray[np.int64]:
        """Return all accounts of a role."""
        ends = self.first[ROLES.index(role)]
        return np.arange(ends[0], ends[-1])

    def pick(
        self, rng: np.random.Generator, role: str, places: NDArray[np.int64], skew: float = 1.0
    ) -> NDArray[np.int64]:
        """Draw an account of a role in each of `places`; `skew` above 1 favours a few of them."""
        first = self.first[ROLES.index(role)]
        count = first[places + 1] - first[places]
        nth = np.floor(rng.random(places.size) ** skew * count).astype(np.int64)
        return np.asarray(first[places] + nth)

    def partners(
        self, rng: np.random.Generator, places: NDArray[np.int64], home: float
    ) -> NDArray[np.int64]:
        """Draw where money from each of `places` goes: home, or abroad by gravity."""
        pull = gravity()
        rows = pull + np.arange(len(PLACES))[:, None]  # one rising line: row p lies in [p, p + 1]
        abroad = np.searchsorted(rows.ravel(), places + rng.random(places.size), side="right")
        there = np.minimum(abroad - places * len(PLACES), len(PLACES) - 1)
        return np.where(rng.random(places.size) < home, places, there)


def populate(n_persons: int, seed: int) -> Population:
    """Return the accounts of an economy of so many persons."""
    place, role, first = [], [], []
    n = 0
    for number, name in enumerate(ROLES):
        each, key = _PER_HUNDRED[name]
        total = max(2, round(n_persons * each / 100))
        weights = np.array([getattr(p, key) for p in PLACES], np.int64)
        counts = allot(total, weights, least=0 if name in _ELSEWHERE else 1)
        first.append(n + np.concatenate([[0], np.cumsum(counts)]))
        place.append(np.repeat(np.arange(len(PLACES)), counts))
        role.append(np.full(int(counts.sum()), number, np.int64))
        n += int(counts.sum())
    people = Population(
        np.concatenate(place), np.concatenate(role), np.arange(n), np.stack(first).astype(np.int64)
    )
    return people._replace(holder=_holders(people, stream(seed, "holders")))


def _holders(people: Population, rng: np.random.Generator) -> NDArray[np.int64]:
    """Give savings to persons of the same place, and subsidiaries to groups."""
    holder = people.holder.copy()
    savings, persons = people.of("savings"), people.first[ROLES.index("person")]
    nth = savings - people.first[ROLES.index("savings")][people.place[savings]]
    holder[savings] = persons[people.place[savings]] + nth
    daughters, mothers = people.of("subsidiary"), people.of("treasury")
    dealt = np.arange(daughters.size) % mothers.size
    holder[rng.permutation(daughters)] = mothers[dealt]
    return holder


def keys(n: int) -> pl.Series:
    """Return account keys: acct-000000 and on."""
    return pl.select(
        pl.format("acct-{}", pl.int_range(n).cast(pl.String).str.zfill(6)).alias("account")
    ).to_series()


def accounts_table(people: Population, seed: int, involved: NDArray[np.int64]) -> pl.DataFrame:
    """Return the accounts as `schema.ACCOUNTS` declares them.

    Parameters
    ----------
    involved
        Accounts that take part in a planted case.
    """
    rng = stream(seed, "accounts")
    n = people.place.size
    codes = np.array([p.code for p in PLACES])
    banks = np.array(_BANKS)[rng.integers(0, len(_BANKS), n)]
    opened = -rng.integers(1, _YEARS_OPEN * 365, n)
    names = _holder_names(people)
    illicit = np.zeros(n, bool)
    illicit[involved] = True
    return ACCOUNTS.conform(
        pl.DataFrame(
            {
                "account": keys(n),
                "holder": [names[h] for h in people.holder.tolist()],
                "holder_jurisdiction": codes[people.place[people.holder]],
                "institution": [
                    f"{b} Bank {c}" for b, c in zip(banks, codes[people.place], strict=True)
                ],
                "jurisdiction": codes[people.place],
                "opened_on": [START + timedelta(days=d) for d in opened.tolist()],
                "kind": np.where(people.role <= ROLES.index("savings"), "person", "company"),
                "is_illicit": illicit,
            }
        )
    )


def _holder_names(people: Population) -> list[str]:
    """Return an invented name for every account's owner; the number makes it unique."""
    out = []
    for account, role in enumerate(people.role.tolist()):
        trades = _TRADES.get(ROLES[role])
        if trades is None:
            out.append(f"Person {account:04d}")
        else:
            first = _NAMES[account % len(_NAMES)]
            out.append(f"{first} {trades[account % len(trades)]} {account}")
    return out
