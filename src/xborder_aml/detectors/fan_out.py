"""Fan-out: one account pays many accounts within a short time.

**Finds** every account that pays at least `min_counterparties` distinct accounts within `window`,
at least `min_borders` of these payments crossing a border. A window starts at a payment and holds
all payments by the account from then until `window` later. Of windows that start within `window` of
one another the one with the most payees is shown, and the earliest of equals. So the findings of
one account never share a payment, and no money is counted twice.

**Why it matters.** Scattering is how a sum stops being visible as one: it is handed to many
accounts, mules or companies, each amount too small to be looked at, often in several countries.

**What it does not claim.** That the payees act together, or where the account had the money from.
Payees are accounts: two accounts of one holder count twice. Payments that an account makes to
itself are left out. That there was no other time: a window hides those near it that it beats, even
when it is itself hidden, so a steady stream is shown only where it is strongest, or where it
starts.

**False positives.** Payroll, suppliers paid on one day, insurers, marketplaces, pension and benefit
offices, and everyone else who pays many; treasury accounts; clearing and omnibus accounts.

**Tuning.** Raise `min_counterparties` first: the largest payers of a ledger reach any number. A
shorter `window` leaves bursts. A ledger with dates and no times needs no longer window: dates
of payments at most 72 hours apart are at most 72 hours apart too. `min_borders` near
`min_counterparties` asks for payees abroad.

References
----------
Altman, Blanusa, von Niederhausern, Egressy, Anghel, Atasu, Realistic Synthetic Financial
Transactions for Anti-Money Laundering Models, NeurIPS Datasets and Benchmarks (2023), the pattern
"fan-out" (here with a window, a threshold and borders).
FFIEC, BSA/AML Examination Manual, Appendix F "Red Flags", Shell Company Activity: an unusually
large number and variety of beneficiaries of one company's transfers, in several jurisdictions.
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

__all__ = ["DETECTOR", "FanOut"]


@dataclass(frozen=True, slots=True)
class FanOut(Params):
    """One account pays many accounts within a short time.

    Examples
    --------
    >>> FanOut(window="1d", min_counterparties=10).to_dict()
    {'window': '1d', 'min_counterparties': 10, 'min_borders': 1}
    """

    window: str | timedelta = param("72h", "Longest time from first to last payment.", unit="time")
    min_counterparties: int = param(4, "Fewest distinct payees.", unit="accounts")
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
    """Find the fans out of the accounts in ``[first, last)``."""
    return fan(edges, limits, first, last, out, edges.out_ptr, edges.out_row, edges.beneficiary)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: FanOut) -> list[Match]:
    """Find the same, from the definition: try the window from each payment."""
    return _fan.fans(view, params.limits(), centre="originator")


# -- examples -----------------------------------------------------------------------------------


def plant(choose: Choose, params: FanOut) -> Instance:
    """Draw payments from account 0 to enough accounts."""
    return _fan.turned(_fan.gathered(choose, params.limits()))


def few(choose: Choose, params: FanOut) -> Instance:
    """Draw enough payments, to one payee too few."""
    return _fan.turned(_fan.few(choose, params.limits()))


def late(choose: Choose, params: FanOut) -> Instance:
    """Draw just enough payees, the last of whom is paid a microsecond after the window."""
    return _fan.turned(_fan.late(choose, params.limits()))


def own_account(choose: Choose, params: FanOut) -> Instance:
    """Draw just enough payees, where one is the account itself."""
    return _fan.turned(_fan.own_account(choose, params.limits()))


def at_home(choose: Choose, params: FanOut) -> Instance | None:
    """Draw a fan of which no payment crosses a border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


DETECTOR = Detector(
    name="fan_out",
    title="Fan-out",
    version=1,
    params=FanOut,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={"few": few, "late": late, "own_account": own_account, "at_home": at_home},
    roles=(Role("out", leaves=True),),
    caps=(),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, 2 * limits.window),
    hops=1,
)
