"""Fan-out: one account pays many accounts within a short time.

**Finds** every account that pays at least `min_counterparties` distinct accounts within `window`,
at least `min_borders` of these payments crossing a border. A window starts at a payment and holds
all payments by the account from then until `window` later. Of windows that start within `window` of
one another the one with the most payees is shown, and the earliest of equals. So the findings of
one account never share a payment, and no money is counted twice. A window of more than
`max_payments` payments is told among the truncations and not shown.

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
`min_counterparties` asks for payees abroad. An account with more than `max_payments` payments in a
window is better named than listed; raise it where the list is wanted.

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

from xborder_aml._jit import jit
from xborder_aml.detectors import _fan
from xborder_aml.detectors._spec import Choose, Detector, Instance, Match, Role, View
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.fan import FanLimits, fan
from xborder_aml.kernels.output import Output

__all__ = ["DETECTOR", "FanOut"]


@dataclass(frozen=True, slots=True)
class FanOut(_fan.Fan):
    """One account pays many accounts within a short time.

    Examples
    --------
    >>> FanOut(window="1d", min_counterparties=10).to_dict()
    {'window': '1d', 'min_counterparties': 10, 'min_borders': 1, 'max_payments': 1000}
    """


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
    return _fan.turned(_fan.gathered(choose, params))


DETECTOR = Detector(
    name="fan_out",
    title="Fan-out",
    version=1,
    params=FanOut,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={name: _fan.turned_miss(miss) for name, miss in _fan.NEAR_MISSES.items()},
    roles=(Role("out", leaves=True),),
    caps=("max_payments",),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, 2 * limits.window),
    hops=1,
)
