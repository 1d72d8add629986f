"""The rules that payments are compared with, as the structuring detector reads them."""

from __future__ import annotations

from datetime import date

import numpy as np

from xborder_aml.jurisdictions.codes import CURRENCIES, INSTRUMENTS, JURISDICTIONS
from xborder_aml.jurisdictions.thresholds import Threshold, thresholds
from xborder_aml.kernels.amounts import BP
from xborder_aml.kernels.structuring import Rules, StructuringLimits

__all__ = ["as_arrays", "rules_of"]

_DAY = 86_400_000_000
_UNIX = date(1970, 1, 1)


def rules_of(limits: StructuringLimits) -> tuple[Threshold, ...]:
    """Return the rules that payments are compared with, the more special first."""
    if not limits.threshold:
        return thresholds()
    currency = CURRENCIES[limits.currency]
    return (Threshold("own", None, False, bool(limits.paid_in), limits.threshold, currency, None),)


def as_arrays(rules: tuple[Threshold, ...], near: int) -> Rules:
    """Return the rules as the kernel reads them."""
    far = 2**62
    since = np.full((len(rules), len(JURISDICTIONS) + 1), far)
    until = np.full(since.shape, -far)
    for r, rule in enumerate(rules):
        if rule.in_force is None:
            since[r], until[r] = -far, far
            continue
        for place, (first, last) in rule.in_force.items():
            column = 1 + JURISDICTIONS.index(place)
            since[r, column] = (first - _UNIX).days * _DAY
            until[r, column] = ((last - _UNIX).days + 1) * _DAY - 1
    caught = [rule.caught_from for rule in rules]
    kinds = [-1 if r.instrument is None else INSTRUMENTS.index(r.instrument) for r in rules]
    return Rules(
        low=np.array([-(-c * near // BP) for c in caught]),
        caught=np.array(caught),
        high=np.array([min(far, -(-c * BP // near)) for c in caught]),
        currency=np.array([CURRENCIES.index(r.currency) for r in rules], np.int16),
        instrument=np.array(kinds, np.int8),
        crossing=np.array([r.crosses_border for r in rules], np.int8),
        paid_in=np.array([r.paid_in for r in rules], np.int8),
        since=since,
        until=until,
    )
