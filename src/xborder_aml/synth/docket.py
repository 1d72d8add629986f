"""Cases as they are planned: payments that come on top of the economy's, and who takes part."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml.errors import DataError
from xborder_aml.synth.society import Money, Society
from xborder_aml.synth.spec import ROLES, LedgerSpec

__all__ = ["DAY_US", "LAUNDERING", "LOOK_ALIKE", "Case", "Docket", "Entry", "NewAccount"]

DAY_US = 86_400_000_000
LAUNDERING = "laundering"
LOOK_ALIKE = "look_alike"
_MARGIN = 1.05  # accounts of a case have a little more than it takes


class Case(NamedTuple):
    """One case: criminal, or innocent with the same shape."""

    case_id: str
    kind: str
    pattern: str | None
    scheme: str | None
    why: str


class NewAccount(NamedTuple):
    """An account that a case opens."""

    jurisdiction: str
    currency: str
    holder: int  # account of the same owner; itself, if none
    role: int
    opened: int  # days from the start


class Entry(NamedTuple):
    """One payment of a case."""

    at: int  # microseconds from the start of the ledger
    originator: int
    beneficiary: int
    amount: int  # minor units of the originator's currency
    case: int  # -1: business as usual of an account of a case
    is_origin: bool
    form: str
    purpose: str
    pattern: str | None  # of this payment, where a scheme has several
    mate: int = -1  # entry that this one returns


class Docket:
    """Everything that is planned beside the economy."""

    def __init__(self, spec: LedgerSpec, society: Society, money: Money) -> None:
        self.spec, self.society, self.money = spec, society, money
        self.cases: list[Case] = []
        self.entries: list[Entry] = []
        self.opened: list[NewAccount] = []
        self._n = society.role.size
        self._pools = {name: society.of(name) for name in ROLES}
        self._counts: dict[str, int] = {}
        self._n_laundering = 0

    def open_case(
        self, kind: str, pattern: str | None, why: str, *, scheme: str | None = None
    ) -> int:
        """Start a case and return its number."""
        name = scheme or pattern or "loose"
        name = name if kind == LAUNDERING else f"{name}-look-alike"
        self._counts[name] = self._counts.get(name, 0) + 1
        case_id = f"{name}-{self._counts[name]}"
        self.cases.append(Case(case_id, kind, pattern, scheme, why))
        return len(self.cases) - 1

    def open_account(
        self,
        jurisdiction: str,
        opened: int,
        *,
        currency: str | None = None,
        holder: int | None = None,
        role: str = "shell",
    ) -> int:
        """Open an account so many days from the start and return its number."""
        number = self._n + len(self.opened)
        currency = currency or self.spec.base_currency
        self.opened.append(
            NewAccount(
                jurisdiction,
                currency,
                number if holder is None else holder,
                ROLES.index(role),
                opened,
            )
        )
        return number

    def draw(
        self, rng: np.random.Generator, role: str, *, place: int | None = None, n: int = 1
    ) -> list[int]:
        """Draw different accounts of the economy, open throughout, of a role and place.

        Raises
        ------
        DataError
            If there are not so many.
        """
        pool = self._pools[role]
        society = self.society
        fit = (society.opened[pool] < 0) & (society.closed[pool] >= self.spec.days)
        if place is not None:
            fit &= society.place[pool] == place
        pool = pool[fit] if fit.sum() >= n else pool
        if pool.size < n:
            raise DataError(
                f"a case needs {n} accounts with the role {role!r} and there are {pool.size}; ask "
                "for more accounts, or for no cases"
            )
        return [int(a) for a in rng.choice(pool, n, replace=False)]

    def currency_of(self, account: int) -> int:
        """Return the currency of an account, new or not."""
        if account < self._n:
            return int(self.society.currency[account])
        return self.money.codes.index(self.opened[account - self._n].currency)

    def pay(
        self,
        case: int,
        at: int,
        originator: int,
        beneficiary: int,
        base_minor: int,
        *,
        is_origin: bool = False,
        form: str = "wire",
        purpose: str = "Services",
        pattern: str | None = None,
        mate: int = -1,
        in_own: bool = False,
    ) -> int:
        """Plan a payment worth so much in the base currency, and return its number.

        With `in_own` the amount is in minor units of the originator's own currency.
        """
        self._n_laundering += case >= 0 and self.cases[case].kind == LAUNDERING
        amount = base_minor
        if not in_own:
            currency = np.array([self.currency_of(originator)])
            amount = int(self.money.from_base(np.array([base_minor]), currency)[0])
        self.entries.append(
            Entry(
                self.on_the_clock(at), originator, beneficiary, amount, case, is_origin, form,
                purpose, pattern, mate,
            )
        )  # fmt: skip
        return len(self.entries) - 1

    def on_the_clock(self, at: int) -> int:
        """Return a time as the ledger tells it."""
        step = 60_000_000 if self.spec.resolution == "1m" else 1_000_000
        return at // step * step

    @property
    def start_us(self) -> int:
        """First instant of the ledger, microseconds since 1970."""
        return (self.spec.start - date(1970, 1, 1)).days * DAY_US

    def needs(self) -> NDArray[np.int64]:
        """Return what each account must have at the start so that its cases can pay, shape (A,)."""
        n = self._n + len(self.opened)
        cross = self.money.cross(self.spec.spread_bp)
        held, lowest = np.zeros(n), np.zeros(n)
        for e in sorted(self.entries, key=lambda e: e.at):
            held[e.originator] -= e.amount * _MARGIN
            lowest[e.originator] = min(lowest[e.originator], held[e.originator])
            cs, cd = self.currency_of(e.originator), self.currency_of(e.beneficiary)
            held[e.beneficiary] += e.amount * cross[cs, cd]
        return np.ceil(-lowest).astype(np.int64)

    @property
    def n_laundering(self) -> int:
        """Number of payments of criminal cases."""
        return self._n_laundering
