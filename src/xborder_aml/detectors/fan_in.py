"""Fan-in: many accounts pay one account within a short time.

**Finds** every account that at least `min_counterparties` distinct accounts pay within `window`, at
least `min_borders` of these payments crossing a border. A window starts at a payment and holds all
payments to the account from then until `window` later. Of windows that start within `window` of one
another the one with the most payers is shown, and the earliest of equals. So the findings of one
account never share a payment, and no money is counted twice.

**Why it matters.** Collecting is the first step after placement: proceeds split among many payers,
mules or front companies come together in one account, often across a border, before they move on.

**What it does not claim.** That the payers act together, or that the account keeps or forwards what
it gets. Payers are accounts: two accounts of one holder count twice. Payments that an account makes
to itself are left out. That there was no other time: a window hides those near it that it beats,
even when it is itself hidden, so a steady stream is shown only where it is strongest, or where it
starts.

**False positives.** Merchants, landlords, employers of marketplaces, charities, tax offices, and
everyone else who is paid by many; payroll accounts before pay day; clearing and omnibus accounts.

**Tuning.** Raise `min_counterparties` first: the largest receivers of a ledger reach any number. A
shorter `window` leaves bursts. A ledger with dates and no times needs no longer window: dates
of payments at most 72 hours apart are at most 72 hours apart too. `min_borders` near
`min_counterparties` asks for payers from abroad.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), the pattern
"fan-in" (here with a window, a threshold and borders).
FinCEN, Update on U.S. Currency Restrictions in Mexico: Funnel Accounts and TBML, FIN-2014-A005
(2014): one account, many depositors far apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from xborder_aml._jit import jit
from xborder_aml.detectors import _fan
from xborder_aml.detectors._spec import (
    BORDERS,
    Choose,
    Detector,
    Instance,
    Match,
    Params,
    Role,
    View,
    microseconds,
    param,
)
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.fan import FanLimits, fan
from xborder_aml.kernels.output import Output

__all__ = ["DETECTOR", "FanIn"]


@dataclass(frozen=True, slots=True)
class FanIn(Params):
    """Many accounts pay one account within a short time.

    Examples
    --------
    >>> FanIn(window="1d", min_counterparties=10).to_dict()
    {'window': '1d', 'min_counterparties': 10, 'min_borders': 1}
    """

    window: str | timedelta = param("72h", "Longest time from first to last payment.", unit="time")
    min_counterparties: int = param(4, "Fewest distinct payers.", unit="accounts")
    min_borders: int = param(1, BORDERS)

    def limits(self) -> FanLimits:
        """Return the kernel's limits, checked."""
        self.require(self.min_counterparties >= 2, "min_counterparties must be at least 2")
        return FanLimits(
            window=microseconds(self.window, "window"),
            min_counterparties=self.min_counterparties,
            min_borders=self.min_borders,
        )


# -- kernel -------------------------------------------------------------------------------------


def search(edges: Edges, limits: FanLimits, first: int, last: int, out: Output) -> int:
    """Find the fans into the accounts in ``[first, last)``."""
    return fan(edges, limits, first, last, out, edges.in_ptr, edges.in_row, edges.originator)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: FanIn) -> list[Match]:
    """Find the same, from the definition: try the window from each payment."""
    return _fan.fans(view, params.limits(), centre="beneficiary")


# -- examples -----------------------------------------------------------------------------------


def plant(choose: Choose, params: FanIn) -> Instance:
    """Draw payments from enough accounts to account 0."""
    return _fan.gathered(choose, params.limits())


def few(choose: Choose, params: FanIn) -> Instance:
    """Draw enough payments, from one payer too few."""
    return _fan.few(choose, params.limits())


def late(choose: Choose, params: FanIn) -> Instance:
    """Draw just enough payers, the last of whom pays a microsecond after the window."""
    return _fan.late(choose, params.limits())


def own_account(choose: Choose, params: FanIn) -> Instance:
    """Draw just enough payers, where one is the account itself."""
    return _fan.own_account(choose, params.limits())


def at_home(choose: Choose, params: FanIn) -> Instance | None:
    """Draw a fan of which no payment crosses a border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="fan_in",
    title="Fan-in",
    version=1,
    params=FanIn,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={"few": few, "late": late, "own_account": own_account, "at_home": at_home},
    roles=(Role("in", enters=True),),
    caps=(),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, 2 * limits.window),
    hops=1,
)
