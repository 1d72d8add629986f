"""Fan-in: many accounts pay one account within a short time.

**Finds** every account that at least `min_counterparties` distinct accounts pay within `window`, at
least `min_borders` of these payments crossing a border. A window starts at a payment and holds all
payments to the account from then until `window` later. Of windows that start within `window` of one
another the one with the most payers is shown, and the earliest of equals. So the findings of one
account never share a payment, and no money is counted twice. A window of more than `max_payments`
payments is told among the truncations and not shown.

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
`min_counterparties` asks for payers from abroad. An account with more than `max_payments` payments
in a window is better named than listed; raise it where the list is wanted.

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

from xborder_aml._jit import jit
from xborder_aml.detectors import _fan
from xborder_aml.detectors._spec import Detector, Match, Role, View
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.fan import FanLimits, fan
from xborder_aml.kernels.output import Output

__all__ = ["DETECTOR", "FanIn"]


@dataclass(frozen=True, slots=True)
class FanIn(_fan.Fan):
    """Many accounts pay one account within a short time.

    Examples
    --------
    >>> FanIn(window="1d", min_counterparties=10).to_dict()
    {'window': '1d', 'min_counterparties': 10, 'min_borders': 1, 'max_payments': 1000}
    """


# -- kernel -------------------------------------------------------------------------------------


def search(edges: Edges, limits: FanLimits, first: int, last: int, out: Output) -> int:
    """Find the fans into the accounts in ``[first, last)``."""
    return fan(edges, limits, first, last, out, edges.in_ptr, edges.in_row, edges.originator)


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: FanIn) -> list[Match]:
    """Find the same, from the definition: try the window from each payment."""
    return _fan.fans(view, params.limits(), centre="beneficiary")


DETECTOR = Detector(
    name="fan_in",
    title="Fan-in",
    version=1,
    params=FanIn,
    search=jit(search),
    reference=reference,
    plant=_fan.gathered,
    near_misses=_fan.NEAR_MISSES,
    roles=(Role("in", enters=True),),
    caps=("max_payments",),
    doc=__doc__ or "",
    unit="account",
    reach=lambda limits: (limits.window, 2 * limits.window),
    hops=1,
)
