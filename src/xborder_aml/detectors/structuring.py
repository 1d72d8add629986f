"""Structuring: an account's payments crowd just below a threshold of the law.

**Finds** windows of at least `min_payments` payments within `window`, each between `near` times a
threshold and the threshold, at accounts whose payments crowd there. Which threshold a payment is
compared with depends on the jurisdiction, the instrument, the direction and the date: the table of
thresholds lists the rules with their sources, and the first that fits counts. Payments in another
currency than the rule's are left out, and those whose instrument nobody knows meet only rules about
any instrument. Rules about cash look at what an account is paid; most rules about transfers look at
what it pays. Whether an account's payments crowd is tested once for each account and rule, over the
whole ledger: of its payments between `near` times the threshold and the threshold divided by
`near`, a share of `fair` would lie below it by chance, and the chance of at least as many as do is
the p-value (exact binomial test; above 1,000 payments Chernoff's bound, which is larger). Accounts
with so few payments there that none could ever pass are not tested. Of all the others those are
kept that Benjamini and Hochberg's procedure keeps at `max_false`. Of windows that start within
`window` of one another the one with most payments is shown, and the earliest of equals. At least
`min_borders` of its payments cross a border. The findings' `measure` is minus the decimal logarithm
of the p-value.

**Why it matters.** To cut a sum into parts that nobody reports is an offence of its own in many
countries, whatever the money's origin, and the oldest way to get cash into banks unseen.

**What it does not claim.** Intent: only that amounts avoid the threshold more than chance does.
That the share of false findings is `max_false` to the letter: people pay round amounts, and `fair`
holds for smooth densities only. That a window is significant by itself. Deposits into several
accounts of one person are not added up, nor are aggregates of a day that the law compares with a
threshold.

**False positives.** Prices and rents just below a round number (999, 9,950); limits of cash
machines and of payment apps; shops that bank their takings daily; firms that split invoices for
approval.

**Tuning.** Lower `max_false` for a shorter list. Raise `fair` where small payments are much more
frequent than large ones. Give `threshold_minor` and `currency` to look below an amount of your own,
whatever the law: that of an internal control, or of a country that the table lacks.

References
----------
31 U.S.C. 5324 and 31 CFR 1010.100(xx): structuring, and its definition.
Benjamini, Hochberg, Controlling the False Discovery Rate, Journal of the Royal Statistical Society
B 57 (1995) 289-300.
Tarone, A Modified Bonferroni Method for Discrete Data, Biometrics 46 (1990) 515-522: hypotheses
that could never pass need not be counted.
Chernoff, A Measure of Asymptotic Efficiency for Tests of a Hypothesis Based on the Sum of
Observations, Annals of Mathematical Statistics 23 (1952) 493-507.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, comb, floor, log10

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.detectors._oracle import Window, peaks
from xborder_aml.detectors._rules import as_arrays, rules_of
from xborder_aml.detectors._spec import (
    BORDERS,
    Choose,
    Detector,
    Instance,
    Match,
    Measure,
    Params,
    Payment,
    Role,
    Transfer,
    View,
    basis_points,
    microseconds,
    param,
)
from xborder_aml.detectors._trials import EXACT, fewest_trials, log_cutoff, surprise
from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions.codes import CURRENCIES, INSTRUMENTS, JURISDICTIONS
from xborder_aml.jurisdictions.thresholds import Threshold
from xborder_aml.kernels.amounts import BP, LIMIT
from xborder_aml.kernels.edges import Edges
from xborder_aml.kernels.output import Output
from xborder_aml.kernels.structuring import (
    COUNT,
    Banded,
    StructuringLimits,
    mark_bands,
    structuring,
)

__all__ = ["DETECTOR", "Structuring"]

_DAY = 86_400_000_000
_UNIX = date(1970, 1, 1)
_UNIT = 1e-3


@dataclass(frozen=True, slots=True)
class Structuring(Params):
    """An account's payments crowd just below a threshold of the law.

    Examples
    --------
    >>> Structuring(threshold_minor=5_000_00, currency="GBP").to_dict()["currency"]
    'GBP'
    """

    window: str | timedelta = param("7d", "Longest time from first to last payment.", unit="time")
    min_payments: int = param(3, "Fewest payments just below a threshold.", unit="transfers")
    near: float = param(0.7, 'Share of a threshold at which "just below" begins.', unit="share")
    fair: float = param(0.6, "Share of payments near a threshold that lie below.", unit="share")
    max_false: float = param(0.05, "Share of false accounts to expect at most.", unit="share")
    threshold_minor: int = param(
        0, "A threshold of your own; 0 takes those of the law.", unit="minor units"
    )
    currency: str = param("EUR", "Currency of `threshold_minor`.")
    paid_in: bool = param(True, "Compare what accounts are paid with it, not what they pay.")
    min_borders: int = param(0, BORDERS)

    def limits(self) -> StructuringLimits:
        """Return the kernel's limits, checked."""
        near = basis_points(self.near, "near")
        fair = basis_points(self.fair, "fair")
        alpha = basis_points(self.max_false, "max_false")
        self.require(0 < near < BP, "near must lie between 0 and 1")
        self.require(self.min_payments * near >= BP, "min_payments * near must be 1 or more")
        self.require(0 < fair <= 9_000, "fair must lie above 0 and not above 0.9")
        self.require(0 < alpha < 5_000, "max_false must lie above 0 and below 0.5")
        self.require(self.threshold_minor < LIMIT, f"threshold_minor must be below {LIMIT}")
        if self.currency not in CURRENCIES:
            raise ParameterError(
                f"Structuring.currency={self.currency!r} is no ISO 4217 code"
                f"{did_you_mean(self.currency, CURRENCIES)}"
            )
        return StructuringLimits(
            window=microseconds(self.window, "window"),
            near=near,
            min_payments=self.min_payments,
            fair=fair,
            alpha=alpha,
            least=fewest_trials(fair, alpha),
            min_borders=self.min_borders,
            threshold=self.threshold_minor,
            currency=CURRENCIES.index(self.currency),
            paid_in=int(self.paid_in),
        )


# -- kernel -------------------------------------------------------------------------------------


def prepare(edges: Edges, limits: StructuringLimits) -> Banded:
    """Compare each payment with the threshold that it is subject to, once."""
    rules = as_arrays(rules_of(limits), limits.near)
    band = np.empty(edges.at.size, np.int16)
    mark_bands(edges, rules, band)
    return Banded(*limits[:7], band, rules.paid_in)


def search(edges: Edges, limits: Banded, first: int, last: int, out: Output) -> int:
    """Test the accounts in ``[first, last)``, and find the windows of those that may pass."""
    return structuring(edges, limits, first, last, out)


def select(out: Output, limits: Banded) -> Output:
    """Keep the windows of the hypotheses that are discoveries among all that were tested."""
    sizes = np.diff(out.end, prepend=0)
    counts, place = np.unique(out.measure, return_inverse=True)
    each = [surprise(int(c) // COUNT, int(c) % COUNT, limits.fair) for c in counts]
    strength: NDArray[np.float64] = np.array(each, np.float64)[place]
    kept = (sizes > 0) & (strength >= log_cutoff(strength[sizes == 0], limits.alpha))
    rows = np.repeat(kept, sizes)
    return out._replace(
        anchor=out.anchor[kept],
        account=out.account[kept],
        multiplicity=out.multiplicity[kept],
        measure=np.floor(strength[kept] / _UNIT).astype(np.int64),
        end=np.cumsum(sizes[kept]),
        row=out.row[rows],
        role=out.role[rows],
        amount=out.amount[rows],
    )


# -- oracle -------------------------------------------------------------------------------------


def reference(view: View, params: Structuring) -> list[Match]:
    """Find the same, from the definition: test every account and rule, then look for windows."""
    p = params.limits()
    near: dict[tuple[int, int], list[Transfer]] = {}
    below: dict[tuple[int, int], list[Transfer]] = {}
    rules = rules_of(p)
    for t in view.transfers:
        r = next((i for i, rule in enumerate(rules) if is_about(rule, t)), None)
        if r is None:
            continue
        key = (t.beneficiary if rules[r].paid_in else t.originator, r)
        share = Fraction(t.received if rules[r].paid_in else t.sent, rules[r].caught_from)
        if Fraction(p.near, BP) <= share < Fraction(BP, p.near):
            near.setdefault(key, []).append(t)
            if share < 1:
                below.setdefault(key, []).append(t)
    tested = {
        key: chance(len(below.get(key, [])), len(both), Fraction(p.fair, BP))
        for key, both in near.items()
        if Fraction(p.fair, BP) ** len(both) <= Fraction(p.alpha, BP)
    }
    rising = sorted(tested.values())
    passed = [c for rank, c in enumerate(rising, 1) if BP * c * len(rising) <= p.alpha * rank]
    out = []
    for (account, r), c in tested.items():
        if passed and c <= passed[-1]:
            measure = floor((log10(c.denominator) - log10(c.numerator)) / _UNIT)
            found = peaks(windows(below[account, r], int(not rules[r].paid_in), p), p.window)
            out += [Match(w.first.row, account, 1, w.evidence, measure) for w in found]
    return out


def is_about(rule: Threshold, t: Transfer) -> bool:
    """Tell whether a payment is compared with a rule's threshold."""
    place = t.destination if rule.paid_in else t.origin
    currency = t.received_currency if rule.paid_in else t.sent_currency
    return (
        t.originator != t.beneficiary
        and CURRENCIES[currency] == rule.currency
        and rule.holds(
            JURISDICTIONS[place] if place >= 0 else None, _UNIX + timedelta(t.at // _DAY)
        )
        and (
            rule.instrument is None
            or (t.instrument >= 0 and INSTRUMENTS[t.instrument] == rule.instrument)
        )
        and (t.border or not rule.crosses_border)
    )


def chance(hits: int, trials: int, fair: Fraction) -> Fraction:
    """Return the p-value of so many hits: the binomial tail, or Chernoff's bound of a long one."""
    if hits <= trials * fair:
        return Fraction(1)
    if trials > EXACT:
        miss, rest = 1 - fair, trials - hits
        bound = (fair * trials / hits) ** hits
        return bound * (miss * trials / rest) ** rest if rest else bound
    tail = range(hits, trials + 1)
    return sum((comb(trials, i) * fair**i * (1 - fair) ** (trials - i) for i in tail), Fraction(0))


def windows(below: list[Transfer], role: int, p: StructuringLimits) -> list[Window]:
    """Return the windows from each payment below a threshold that hold enough of them."""
    out = []
    for first in below:
        held = [t for t in below if first.row <= t.row and t.at <= first.at + p.window]
        if len(held) >= p.min_payments and sum(t.border for t in held) >= p.min_borders:
            evidence = tuple((t.row, role, -1 if t.base is None else t.base) for t in held)
            out.append(Window(first, len(held), evidence))
    return out


# -- examples -----------------------------------------------------------------------------------

_PLACES = ("GB", "CY", "LV", "AE", "HK", "CH", "DK")


def _instance(p: StructuringLimits, times: list[int], amounts: list[int]) -> Instance:
    """Return payments under the first rule, between account 0 and accounts of their own."""
    rule = rules_of(p)[0]
    home = "EE" if rule.in_force is None else next(iter(rule.in_force))
    pairs = [(i, 0) if rule.paid_in else (0, i) for i in range(1, len(times) + 1)]
    payments = tuple(
        Payment(at, a, b, money, rule.instrument)
        for at, money, (a, b) in zip(times, amounts, pairs, strict=True)
    )
    places = (home, *(_PLACES[i % len(_PLACES)] for i in range(len(times))))
    return Instance(payments, places, currency=rule.currency)


def _below(choose: Choose, p: StructuringLimits, n: int) -> list[int]:
    """Return `n` amounts below the first rule's threshold, often only just, or just near it."""
    caught = rules_of(p)[0].caught_from
    low = ceil(Fraction(caught * p.near, BP))
    ends = (low, caught - 1)
    drawn = [choose.integer(0, 2) for _ in range(n)]
    return [choose.integer(low, caught - 1) if d == 2 else ends[d] for d in drawn]


def _enough(p: StructuringLimits) -> int:
    return max(p.least, p.min_payments, p.min_borders)


def plant(choose: Choose, params: Structuring) -> Instance:
    """Draw enough payments below the first rule's threshold within a window, often just within."""
    p = params.limits()
    n = _enough(p) + choose.integer(0, 3)
    until = p.window if choose.integer(0, 1) else choose.integer(0, p.window)
    times = [0, *sorted(choose.integer(0, until) for _ in range(n - 2)), until]
    return _instance(p, times, _below(choose, p, n))


def few(choose: Choose, params: Structuring) -> Instance:
    """Draw one payment too few to be significant."""
    p = params.limits()
    return _instance(p, [0] * (p.least - 1), _below(choose, p, p.least - 1))


def level(choose: Choose, params: Structuring) -> Instance:
    """Draw as many payments above the threshold as chance would have there."""
    p = params.limits()
    n = _enough(p)
    above = n * BP // p.fair - n + 1
    caught = rules_of(p)[0].caught_from
    return _instance(p, [0] * (n + above), [*_below(choose, p, n), *[caught] * above])


def spread(choose: Choose, params: Structuring) -> Instance | None:
    """Draw enough payments, of which no window holds more than one too few."""
    p = params.limits()
    if p.min_payments < 2:
        return None
    step = p.window // (p.min_payments - 1) + 1
    n = _enough(p)
    return _instance(p, [i * step for i in range(n)], _below(choose, p, n))


def low(choose: Choose, params: Structuring) -> Instance:
    """Draw just enough payments, one of which is a minor unit too small."""
    p = params.limits()
    small = ceil(Fraction(rules_of(p)[0].caught_from * p.near, BP)) - 1
    return _instance(p, [0] * p.least, [small, *_below(choose, p, p.least - 1)])


def caught(choose: Choose, params: Structuring) -> Instance:
    """Draw just enough payments, one of which reaches the threshold."""
    p = params.limits()
    reaches = rules_of(p)[0].caught_from
    return _instance(p, [0] * p.least, [reaches, *_below(choose, p, p.least - 1)])


def other_currency(choose: Choose, params: Structuring) -> Instance:
    """Draw payments in a currency that the rule does not name."""
    return plant(choose, params)._replace(currency="XDR" if params.currency != "XDR" else "EUR")


def other_instrument(choose: Choose, params: Structuring) -> Instance | None:
    """Draw payments by an instrument that no rule names."""
    if rules_of(params.limits())[0].instrument is None:
        return None
    made = plant(choose, params)
    return made._replace(payments=tuple(x._replace(instrument="other") for x in made.payments))


def elsewhere(choose: Choose, params: Structuring) -> Instance | None:
    """Draw payments at an account where the rule is not in force."""
    if rules_of(params.limits())[0].in_force is None:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=("AQ", *made.jurisdictions[1:]))


def at_home(choose: Choose, params: Structuring) -> Instance | None:
    """Draw payments of which none crosses a border."""
    if params.min_borders < 1:
        return None
    made = plant(choose, params)
    return made._replace(jurisdictions=made.jurisdictions[:1] * len(made.jurisdictions))


DETECTOR = Detector(
    name="structuring",
    title="Structuring",
    version=1,
    params=Structuring,
    search=jit(search),
    reference=reference,
    plant=plant,
    near_misses={
        "few": few,
        "level": level,
        "spread": spread,
        "low": low,
        "caught": caught,
        "other_currency": other_currency,
        "other_instrument": other_instrument,
        "elsewhere": elsewhere,
        "at_home": at_home,
    },
    roles=(Role("in", enters=True), Role("out", leaves=True)),
    caps=(),
    doc=__doc__ or "",
    unit="account",
    select=select,
    measure=Measure("surprise", "Minus the decimal logarithm of the p-value.", _UNIT),
    hops=1,
    # a threshold is a sum of money, so not rescale_currency; twice as many payments are twice the
    # evidence that they crowd, so not split_idle
    relations=("shift_time", "rename_accounts", "shuffle_rows"),
    prepare=prepare,
)
