"""Whole laundering schemes: money of a crime is placed, moved and brought home.

Each runs through shells that it opens and through honest persons and companies of the economy, who
may know nothing: so proceeds lie beside honest money in the same accounts. A payment that turns
money into proceeds (a cash deposit, a payment of a fraud's victim) is an origin of the claim.

References
----------
FATF, Professional Money Laundering (2018), on mirror trading, mule networks and proxy structures.
FATF and Egmont Group, Trade-Based Money Laundering: Trends and Developments (2020).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from xborder_aml.synth.docket import DAY_US, LAUNDERING, Docket
from xborder_aml.synth.society import first_days, rng_of

__all__ = ["SCHEMES", "add_schemes"]

_log = logging.getLogger(__name__)
_THOUSAND = 1_000_00
_LONGEST = 60.0  # days, of the longest scheme
_HAVENS = ("CY", "VG", "PA", "SC", "MT", "AE", "HK", "LV")


class _Stage:
    """One scheme on its way into the docket; times count in days from its beginning."""

    def __init__(self, docket: Docket, rng: np.random.Generator, name: str, why: str) -> None:
        self.docket, self.rng = docket, rng
        self.case = docket.open_case(LAUNDERING, None, why, scheme=name)
        # a short ledger is no reason to have no schemes: all of a scheme's times shrink
        self.pace = min(1.0, 0.9 * docket.spec.days / _LONGEST)
        self.begin = rng.uniform(0, docket.spec.days - _LONGEST * self.pace)

    def shells(self, n: int, *, holder: int | None = None) -> list[int]:
        """Open shells in different havens, of those where others live too, and as old as others."""
        places = {p.code for p in self.docket.spec.places}
        havens = [code for code in _HAVENS if code in places] or _HAVENS
        where = self.rng.choice(len(havens), n, replace=n > len(havens))
        return [
            self.docket.open_account(havens[w], int(day), holder=holder)
            for w, day in zip(where, first_days(self.rng, n), strict=True)
        ]

    def some(self, role: str, n: int, *, place: int | None = None) -> list[int]:
        """Draw honest accounts of the economy."""
        return self.docket.draw(self.rng, role, n=n, place=place)

    def parts(self, total: int, n: int) -> list[int]:
        """Split an amount into uneven parts."""
        weight = self.rng.uniform(0.6, 1.4, n)
        out = [int(x) for x in total * weight / weight.sum()]
        return [*out[:-1], total - sum(out[:-1])]

    def pay(
        self,
        day: float,
        src: int,
        dst: int,
        base_minor: float,
        pattern: str,
        purpose: str,
        *,
        form: str = "wire",
        origin: bool = False,
        honest: bool = False,
        mate: int = -1,
    ) -> int:
        """Plan a payment in office hours."""
        whole, part = divmod(self.begin + day * self.pace, 1)
        at = int((whole + (9 + 8 * part) / 24) * DAY_US)
        return self.docket.pay(
            -1 if honest else self.case, at, src, dst, max(100, int(base_minor)),
            is_origin=origin, form=form, purpose=purpose, pattern=None if honest else pattern,
            mate=mate,
        )  # fmt: skip

    def chain(
        self, day: float, line: list[int], amount: float, purpose: str
    ) -> tuple[float, float]:
        """Pass an amount on from account to account, less a fee each; return when and what left."""
        for src, dst in pairwise(line):
            self.pay(day, src, dst, amount, "layering_chain", purpose)
            amount *= self.rng.uniform(0.97, 0.995)
            day += self.rng.uniform(0.3, 2.0)
        return day, amount

    def spend(self, day: float, src: int, amount: float) -> None:
        """Bring money home: a house, a car, and the owner's own company."""
        for role, share, purpose in (
            ("landlord", 0.5, "Purchase of property"),
            ("merchant", 0.2, "Goods"),
            ("company", 0.25, "Investment"),
        ):
            self.pay(day, src, self.some(role, 1)[0], amount * share, "integration", purpose)
            day += self.rng.uniform(1, 4)


def _placement_to_integration(s: _Stage) -> None:
    """Deposit cash of a crime with a front company, layer it through shells, and spend it."""
    n = int(s.rng.integers(5, 10))
    total = _THOUSAND * int(s.rng.integers(60, 300))
    front, *line = s.shells(int(s.rng.integers(4, 6)))
    for i, part in enumerate(s.parts(total, n)):
        till = s.some("bank", 1)[0]
        s.pay(i * 1.5, till, front, part, "structuring", "Cash deposit", form="cash", origin=True)
    day, left = s.chain(1.5 * n + 1, [front, *line], 0.97 * total, "Consulting")
    s.spend(day + 2, line[-1], left)


def _laundromat(s: _Stage) -> None:
    """Feed a core of shells that pay one another from unrelated companies, and pay suppliers.

    The core's own turnover is far above what goes in; some of what comes out pays a source back.
    """
    sources, core = s.some("company", 3), s.shells(5)
    put_in = [_THOUSAND * int(s.rng.integers(80, 400)) for _ in sources]
    for i, (source, amount) in enumerate(zip(sources, put_in, strict=True)):
        s.pay(2.0 * i, source, core[i], amount, "laundromat", "Loan", origin=True)
    lot = 0.9 * min(put_in)
    for turn in range(int(s.rng.integers(3, 6))):
        order = [core[j] for j in s.rng.permutation(len(core))]
        if turn == 0:
            order = [core[0], *(c for c in order if c != core[0])]
        start = 7.0 + 6.0 * turn
        s.chain(start, [*order, order[0]] if turn else order, lot, "Securities")
        lot *= 0.94
    for i, payee in enumerate(s.some("company", 4)):
        s.pay(44 + 2 * i, core[i], payee, 0.5 * lot, "laundromat", "Goods")
    s.pay(53, core[4], sources[0], 0.4 * lot, "laundromat", "Dividend")


def _mirror(s: _Stage) -> None:
    """Buy at a broker here what a company of the same client sells at its partner abroad.

    No money crosses the border: the proceeds stay with the broker who took them, and what the
    partner pays out is honest money. The two settle at the end.
    """
    client, here, there, company = s.shells(4)
    feeder = s.some("company", 1)[0]
    trades = [_THOUSAND * int(s.rng.integers(15, 60)) for _ in range(int(s.rng.integers(6, 11)))]
    s.pay(0, feeder, client, 1.02 * sum(trades), "mirror_payments", "Loan", origin=True)
    for i, amount in enumerate(trades):
        s.pay(2 + 3 * i, client, here, amount, "mirror_payments", "Purchase of securities")
        s.pay(2.6 + 3 * i, there, company, 0.99 * amount, "mirror_payments", "Sale of securities")
    s.pay(4 + 3 * len(trades), here, there, 0.98 * sum(trades), "mirror_payments", "Settlement")


def _trade_based(s: _Stage) -> None:
    """Invoice goods far above their worth: an importer pays, and an exporter keeps the rest."""
    importer, exporter, parent = s.shells(3)
    worth = _THOUSAND * int(s.rng.integers(20, 60))
    supplier = s.some("company", 1)[0]
    for i, part in enumerate(s.parts(5 * worth, int(s.rng.integers(4, 8)))):
        payer = s.some("company", 1)[0]
        s.pay(3 * i, payer, importer, part, "trade_based", "Deposit", origin=True)
        s.pay(3 * i + 1.5, importer, exporter, 0.98 * part, "trade_based", "Goods")
    s.pay(30, exporter, supplier, worth, "trade_based", "Goods")
    s.pay(33, exporter, parent, 3.6 * worth, "trade_based", "Dividend")
    s.spend(38, parent, 3.2 * worth)


def _smurfing_with_cuckoo(s: _Stage) -> None:
    """Deposit proceeds in small sums with persons who expect money from abroad.

    What their families paid for it goes, honest money, to the criminal abroad.
    """
    agent, owner = s.shells(2)
    n = int(s.rng.integers(6, 12))
    senders, expecting = s.some("person", 2 * n)[:n], s.some("person", n)
    total = 0.0
    for i, (sender, waiting) in enumerate(zip(senders, expecting, strict=True)):
        if sender == waiting:
            continue
        amount = 100 * int(s.rng.integers(1_200, 4_500))
        total += amount
        s.pay(2.0 * i, sender, agent, 1.02 * amount, "", "Family support", honest=True)
        for part in s.parts(amount, 2):
            day = 2.0 * i + s.rng.uniform(1, 3)
            s.pay(day, s.some("bank", 1)[0], waiting, part, "structuring", "Cash deposit",
                  form="cash", origin=True)  # fmt: skip
    s.pay(2 * n + 5, agent, owner, 0.98 * total, "smurfing", "Settlement")


def _loan_back(s: _Stage) -> None:
    """Send proceeds abroad and lend them back to the company that they came from."""
    first, lender = s.shells(2)
    borrower, source = s.some("company", 2)
    total = _THOUSAND * int(s.rng.integers(70, 350))
    for i, part in enumerate(s.parts(total, 3)):
        s.pay(3 * i, source, first, part, "loan_back", "Consulting", origin=True)
    day, left = s.chain(11, [first, lender], 0.98 * total, "Loan")
    s.pay(day + 4, lender, borrower, 0.97 * left, "round_trip", "Loan")
    for i in range(4):
        s.pay(day + 14 + 8 * i, borrower, lender, 0.04 * left, "loan_back", "Interest")


def _round_trip_investment(s: _Stage) -> None:
    """Send untaxed money abroad as fees and let it return as an investor's."""
    home = s.some("company", 1)[0]
    line = s.shells(3)
    where = s.docket.spec.places[int(s.docket.society.place[home])].code
    age = int(first_days(s.rng, 1)[0])
    owner = s.docket.open_account(where, age, holder=home, role="company")
    total = _THOUSAND * int(s.rng.integers(60, 260))
    s.pay(0, home, line[0], total, "round_trip", "Consulting", origin=True)
    day, left = s.chain(2, line, 0.985 * total, "Securities")
    s.pay(day + 1, line[-1], owner, 0.98 * left, "round_trip", "Foreign direct investment")
    s.pay(day + 6, owner, home, 0.95 * left, "integration", "Loan")


SCHEMES: Mapping[str, Callable[[_Stage], None]] = MappingProxyType(
    {
        "placement_to_integration": _placement_to_integration,
        "laundromat": _laundromat,
        "mirror": _mirror,
        "trade_based": _trade_based,
        "smurfing_with_cuckoo": _smurfing_with_cuckoo,
        "loan_back": _loan_back,
        "round_trip_investment": _round_trip_investment,
    }
)
"""Whole schemes by name."""


def add_schemes(docket: Docket, seed: int) -> None:
    """Plan so many schemes of each kind, and more in turn until the laundering rate is met."""
    spec = docket.spec
    rngs = {name: rng_of(seed, f"scheme {name}") for name in SCHEMES}
    for name in SCHEMES:
        for _ in range(spec.schemes):
            _add(docket, rngs[name], name)
    if spec.laundering_per is None:
        return
    wanted = spec.n_transactions / spec.laundering_per
    if docket.n_laundering > 1.02 * wanted:
        _log.warning(
            "one transaction in %.0f was to be laundering, and the cases that were asked for make "
            "it one in %.0f; ask for fewer, or for more transactions",
            spec.laundering_per,
            spec.n_transactions / docket.n_laundering,
        )
    while docket.n_laundering < 0.99 * wanted:
        for name in SCHEMES:
            _add(docket, rngs[name], name)
            if docket.n_laundering >= 0.99 * wanted:
                break


def _add(docket: Docket, rng: np.random.Generator, name: str) -> None:
    build = SCHEMES[name]
    build(_Stage(docket, rng, name, (build.__doc__ or "").splitlines()[0]))
