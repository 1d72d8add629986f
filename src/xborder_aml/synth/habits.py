"""When people pay: weekdays, hours, paydays, and how amounts spread, as tables for the kernel."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from xborder_aml.kernels.calendar import N_ORDERS, N_QUANTILES, Calendar
from xborder_aml.synth.paydays import CYCLES, dates_of, due_table
from xborder_aml.synth.society import rng_of
from xborder_aml.synth.spec import Flow, LedgerSpec

__all__ = ["RHYTHMS", "calendar_of", "mean_factor"]

RHYTHMS = ("office", "shop", "any")

# Weights of Monday to Sunday, and of the 24 hours.
_WEEK = {
    "office": (1.1, 1.05, 1.0, 1.0, 1.05, 0.12, 0.08),
    "shop": (0.85, 0.85, 0.9, 1.0, 1.3, 1.5, 0.8),
    "any": (1.0,) * 7,
}
_HOURS = {
    "office": (0, 0, 0, 0, 0, 1, 3, 6, 10, 12, 12, 10, 7, 9, 10, 9, 6, 3, 1, 1, 0, 0, 0, 0),
    "shop": (1, 0, 0, 0, 0, 0, 1, 3, 5, 6, 7, 8, 9, 8, 7, 7, 8, 10, 10, 8, 6, 5, 3, 2),
    "any": (3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4, 4, 4, 4, 4),
}
# December buys more and August less; the mean over a year is about 1.
_MONTHS = (0.93, 0.92, 0.99, 0.99, 1.0, 1.02, 0.98, 0.91, 1.0, 1.02, 1.07, 1.17)


def calendar_of(spec: LedgerSpec, flows: tuple[Flow, ...], seed: int) -> Calendar:
    """Return the tables that say when payments are made."""
    weight = np.stack([_weights(spec, rhythm) for rhythm in RHYTHMS])
    start = np.empty((len(RHYTHMS), N_ORDERS, spec.days))
    end = np.empty_like(start)
    rng = rng_of(seed, "orders of days")
    for order in range(N_ORDERS):
        days = rng.permutation(spec.days)
        line = np.concatenate([np.zeros((len(RHYTHMS), 1)), np.cumsum(weight[:, days], axis=1)], 1)
        line[:, -1] = 1.0
        start[:, order, days], end[:, order, days] = line[:, :-1], line[:, 1:]
    z = np.array([NormalDist().inv_cdf((i + 0.5) / N_QUANTILES) for i in range(N_QUANTILES)])
    return Calendar(
        start,
        end,
        np.array([RHYTHMS.index(f.rhythm) for f in flows]),
        due_table(spec),
        np.array([CYCLES.index(f.cycle or "month") for f in flows]),
        np.stack([np.exp(f.wobble * z) for f in flows]),
        np.stack([_minutes(rhythm) for rhythm in RHYTHMS]),
    )


def mean_factor(flow: Flow) -> float:
    """Return the mean of a flow's payments as a multiple of the usual one."""
    return float(np.exp(flow.wobble**2 / 2))


def _weights(spec: LedgerSpec, rhythm: str) -> NDArray[np.float64]:
    """Return the share of each day, shape (D,)."""
    seasonal = rhythm != "office"
    out = np.array(
        [
            _WEEK[rhythm][d.weekday()] * (_MONTHS[d.month - 1] if seasonal else 1.0)
            for d in dates_of(spec)
        ]
    )
    return np.asarray(out / out.sum())


def _minutes(rhythm: str) -> NDArray[np.int64]:
    """Return quantiles of the minute of the day."""
    by_minute = np.repeat(np.array(_HOURS[rhythm], np.float64), 60)
    line = np.cumsum(by_minute) / by_minute.sum()
    return np.searchsorted(line, (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES)
