"""The parameters of `TransactionFeatures`, checked, and the columns that they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from xborder_aml._jit import n_threads
from xborder_aml.detectors._spec import basis_points, microseconds
from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.features._counts import check_bins
from xborder_aml.features._families import (
    FAMILIES,
    WINDOWED,
    Plan,
    mirrored,
    running_names,
    windowed_names,
)
from xborder_aml.features._input import N_CORRIDORS
from xborder_aml.features._membership import membership_names
from xborder_aml.features._stream import ChainLimits, Stream

__all__ = ["Setting", "check_setting"]

POINTS_OF_VIEW = ("causal", "retrospective")
_DEFAULT = ("24h",)
_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "us": 1}


@dataclass(frozen=True)
class Setting:
    """What was asked for."""

    causal: bool
    plan: Plan
    window: int  # longest look back, microseconds
    strict: bool
    chain: ChainLimits
    patterns: tuple[str, ...]

    def stream(self, *, backward: bool = False) -> Stream:
        """Return a stream that has read nothing yet."""
        return Stream(
            self.plan,
            self.window,
            strict=self.strict,
            chain=self.chain,
            backward=backward,
            n_corridors=N_CORRIDORS,
        )

    @property
    def names(self) -> list[str]:
        """The columns, in order."""
        *windowed, truncated = windowed_names(self.plan)
        names = [*windowed, *running_names(self.plan), truncated]
        if self.causal:
            return [f"past_{n}" for n in names]
        both = [f"before_{n}" for n in names] + [f"after_{mirrored(n)}" for n in names]
        return both + membership_names(self.patterns)


def check_setting(parameters: Mapping[str, Any]) -> Setting:
    """Return the parameters of the transformer, checked.

    Raises
    ------
    ParameterError
        If one of them is unknown, of a wrong type or out of range.
    """
    p = parameters
    causal = _one_of(p["point_of_view"], POINTS_OF_VIEW, "point_of_view") == "causal"
    families = FAMILIES if p["families"] is None else _texts(p["families"], "families")
    for family in families:
        _one_of(family, FAMILIES, "families")
    windows = _windows(p["windows"])
    for name in ("size_bins", "hop_bins"):
        check_bins(p[name])
    for name, least in (("max_hops", 2), ("max_work", 1), ("max_sample", 1)):
        _whole(p[name], name, least)
    if p["hop_bins"][-1] > p["max_hops"]:
        raise ParameterError(
            f"hop_bins ends at {p['hop_bins'][-1]}, above max_hops={p['max_hops']}: that bin would "
            "stay empty"
        )
    patterns = _texts(p["patterns"], "patterns")
    if causal and patterns:
        raise ParameterError(
            f"patterns={patterns} needs point_of_view='retrospective': whether a transaction "
            "stands in a finding is settled by what comes after it"
        )
    low, high = (basis_points(v, "chain_share") for v in p["chain_share"])
    chain = ChainLimits(microseconds(p["chain_gap"], "chain_gap"), low, high)
    threads = n_threads() if p["threads"] is None else p["threads"]
    _whole(threads, "threads", 1)
    plan = Plan(
        windows,
        tuple(f for f in FAMILIES if f in families),
        tuple(p["size_bins"]),
        tuple(p["hop_bins"]),
        int(p["max_hops"]),
        int(p["max_work"]),
        int(p["max_sample"]),
        int(threads),
    )
    longest = max(microseconds(w, "windows") for ws in windows.values() for w in ws)
    window = max(longest, chain.max_gap if plan.has("chain") else 0)
    return Setting(causal, plan, window, bool(p["strict_time"]), chain, patterns)


def _windows(given: Any) -> dict[str, tuple[str, ...]]:
    """Return the windows of each family, as text that names columns."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(WINDOWED, _texts_of_windows(given))
    for family in given:
        _one_of(family, WINDOWED, "windows")
    return {f: _texts_of_windows(given.get(f, _DEFAULT)) for f in WINDOWED}


def _texts_of_windows(given: Any) -> tuple[str, ...]:
    windows = (given,) if isinstance(given, str | timedelta) else tuple(given)
    out = tuple(_text(w) for w in windows)
    lengths = [microseconds(w, "windows") for w in out]
    if not out or len(set(lengths)) < len(lengths):
        raise ParameterError(f"windows={given!r} must name at least one window, and none twice")
    return out


def _text(window: str | timedelta) -> str:
    us = microseconds(window, "windows")
    if isinstance(window, str):
        return window.strip()
    unit = next(u for u, size in _UNITS.items() if us % size == 0)
    return f"{us // _UNITS[unit]}{unit}"


def _texts(given: Sequence[str], name: str) -> tuple[str, ...]:
    if isinstance(given, str) or not all(isinstance(g, str) for g in given):
        raise ParameterError(f"{name}={given!r} must be a sequence of names")
    return tuple(given)


def _one_of(value: object, known: Sequence[str], name: str) -> object:
    if value not in known:
        hint = did_you_mean(str(value), known)
        raise ParameterError(f"{name}: {value!r} is none of {', '.join(known)}{hint}")
    return value


def _whole(value: object, name: str, least: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ParameterError(f"{name}={value!r} must be a whole number of at least {least}")
