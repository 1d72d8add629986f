"""The families of transaction features: what each is called, and how it is computed.

A `Stream` is read in one direction of time. Whole ledgers are also read backward, with originator
and beneficiary exchanged, and `mirrored` tells what a column then means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xborder_aml.features._counts import (
    FanDegree,
    fan_degree,
    hop_cycles,
    scatter_gather_counts,
    starts_of,
    temporal_cycles,
)
from xborder_aml.features._history import History
from xborder_aml.features._threads import FEW_ROWS, run
from xborder_aml.kernels.feature_running import GAPS, ORDINALS
from xborder_aml.kernels.feature_vertices import MOMENTS, SIDES, vertex_statistics

__all__ = [
    "FAMILIES",
    "HISTOGRAMS",
    "RUNNING",
    "WINDOWED",
    "Columns",
    "Plan",
    "mirror",
    "mirrored",
    "running_columns",
    "running_names",
    "windowed_columns",
    "windowed_names",
]

Columns = dict[str, NDArray[Any]]

HISTOGRAMS = ("scatter_gather", "temporal_cycle", "hop_cycle")
WINDOWED = ("fan", "degree", *HISTOGRAMS, "vertex")
RUNNING = ("ports", "pairs", "balance", "corridor", "chain")
FAMILIES = (*WINDOWED, *RUNNING)
"""All families, in the order of their columns."""

_OF_FAMILY = {
    "ports": (
        "payee_ordinal",
        "payer_ordinal",
        "originator_sent_gap",
        "originator_received_gap",
        "beneficiary_sent_gap",
        "beneficiary_received_gap",
        "originator_age",
        "beneficiary_age",
    ),
    "pairs": ("pair_ordinal", "pair_gap", "pair_total", "pair_ratio"),
    "balance": ("originator_balance", "beneficiary_balance"),
    "corridor": ("corridor_ordinal", "corridor_rarity"),
    "chain": ("chain_depth_in",),
}
_SWAPS = (
    ("originator", "beneficiary"),
    ("sent", "received"),
    ("payer", "payee"),
    ("in", "out"),
)


@dataclass(frozen=True)
class Plan:
    """What is asked for, checked: windows by family, bins and caps."""

    windows: dict[str, tuple[str, ...]]
    families: tuple[str, ...]
    size_bins: tuple[int, ...]
    hop_bins: tuple[int, ...]
    max_hops: int
    max_work: int
    max_sample: int
    threads: int

    def has(self, *families: str) -> bool:
        """Tell whether one of the families is asked for."""
        return any(f in self.families for f in families)


def windowed_names(plan: Plan) -> list[str]:
    """Return the columns of the families that look back over a window."""
    out: list[str] = []
    for family in (f for f in WINDOWED if plan.has(f)):
        for window in plan.windows[family]:
            if family in ("fan", "degree"):
                out += [f"{family}_in_{window}", f"{family}_out_{window}"]
            elif family == "vertex":
                out += _vertex_names(window)
            else:
                bins = plan.hop_bins if family == "hop_cycle" else plan.size_bins
                out += _bin_names(family, window, bins, plan.max_hops)
    return [*out, "truncated"]


def windowed_columns(plan: Plan, history: History, first: int) -> Columns:
    """Return the same columns, filled, for the rows from `first` on."""
    out: Columns = {}
    cut = np.zeros(history.n_rows - first, np.uint16)
    both = set(plan.windows["fan"]) & set(plan.windows["degree"])
    found: dict[str, FanDegree] = {}
    options = {"threads": plan.threads, "first": first}
    for family in (f for f in WINDOWED if plan.has(f)):
        for window in plan.windows[family]:
            if family in ("fan", "degree"):
                counts = found.get(window) or fan_degree(history, window, **options)
                if window in both:
                    found[window] = counts
                out[f"{family}_in_{window}"] = getattr(counts, f"{family}_in")
                out[f"{family}_out_{window}"] = getattr(counts, f"{family}_out")
                continue
            if family == "vertex":
                columns, told = _vertices(plan, history, window, first)
                out.update(columns)
            else:
                told = _histogram(plan, history, family, window, options, out)
            cut += told
    out["truncated"] = cut
    return out


def _histogram(
    plan: Plan,
    history: History,
    family: str,
    window: str,
    options: dict[str, int],
    out: Columns,
) -> NDArray[np.uint16]:
    """Add one column a bin, and return how many searches were cut."""
    if family == "hop_cycle":
        bins = plan.hop_bins
        found = hop_cycles(
            history, window, bins=bins, max_hops=plan.max_hops, max_work=plan.max_work, **options
        )
    else:
        bins = plan.size_bins
        count = temporal_cycles if family == "temporal_cycle" else scatter_gather_counts
        found = count(history, window, bins=bins, max_work=plan.max_work, **options)
    names = _bin_names(family, window, bins, plan.max_hops)
    out.update(zip(names, found.counts, strict=True))
    return found.truncated


def _vertices(
    plan: Plan, history: History, window: str, first: int
) -> tuple[Columns, NDArray[np.uint16]]:
    n = history.n_rows
    counts = np.zeros((8, n - first), np.int32)
    # columns a power of two apart would share a few lines of the processor's cache
    values = np.zeros((16 * len(SIDES), -(-(n - first) // 512) * 512 + 8))
    cut = np.zeros(n - first, np.uint16)
    starts = starts_of(history, window, first)
    threads = plan.threads if n - first >= FEW_ROWS else 1
    cuts = np.linspace(first, n, (4 * threads if threads > 1 else 1) + 1).astype(int)

    def describe(rows: tuple[int, int]) -> None:
        vertex_statistics(
            history.index,
            history.facts,
            starts,
            first,
            rows,
            plan.max_sample,
            counts,
            values,
            cut,
        )

    run(describe, list(pairwise(cuts.tolist())), threads)
    arrays: list[NDArray[Any]] = []
    for k in range(len(SIDES)):
        fan, degree = counts[2 * k], counts[2 * k + 1]
        arrays += [
            fan,
            degree,
            degree / np.maximum(fan, 1),
            *values[16 * k : 16 * k + 16, : n - first],
        ]
    return dict(zip(_vertex_names(window), arrays, strict=True)), cut


def _vertex_names(window: str) -> list[str]:
    measures = ["fan", "degree", "ratio", *(f"{m}_{s}" for m in ("amount", "age") for s in MOMENTS)]
    return [f"{side}_{measure}_{window}" for side in SIDES for measure in measures]


def _bin_names(family: str, window: str, bins: Sequence[int], max_hops: int) -> list[str]:
    """Return names like ``temporal_cycle_24h_2``, and ``..._5_to_9`` where a bin is wider."""
    ends: list[int | None] = [b - 1 for b in bins[1:]]
    ends.append(max_hops if family == "hop_cycle" else None)
    out = []
    for low, high in zip(bins, ends, strict=True):
        size = f"{low}_up" if high is None else str(low) if low == high else f"{low}_to_{high}"
        out.append(f"{family}_{window}_{size}")
    return out


# -- what runs on from the beginning -------------------------------------------------------------


def running_names(plan: Plan) -> list[str]:
    """Return the columns of the families that look back to the beginning, and of chains."""
    return [name for f in RUNNING if plan.has(f) for name in _OF_FAMILY[f]]


def running_columns(
    plan: Plan,
    ordinals: NDArray[np.int32],
    sums: NDArray[np.int64],
    gaps: NDArray[np.int64],
    base: NDArray[np.int64],
    depth: NDArray[np.int32],
) -> Columns:
    """Return the same columns, made from what the kernels wrote."""
    everything: Columns = dict(zip(ORDINALS, ordinals, strict=True))
    # gaps in seconds; what there was nothing before is not a number
    everything |= {
        name: np.where(gap < 0, np.nan, gap * 1e-6) for name, gap in zip(GAPS, gaps, strict=True)
    }
    total, everything["originator_balance"], everything["beneficiary_balance"], known = sums
    everything["pair_total"] = total
    before = ordinals[0] - 1
    usual = total / np.maximum(before, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = base / usual
    everything["pair_ratio"] = np.where((before > 0) & (usual > 0) & (base >= 0), ratio, np.nan)
    # add-one smoothed surprise, in nats, of this corridor after all earlier ones
    rarity = np.log((known + 1.0) / np.maximum(ordinals[3], 1))
    everything["corridor_rarity"] = np.where(ordinals[3] > 0, rarity, np.nan)
    everything["chain_depth_in"] = depth
    return {name: everything[name] for name in running_names(plan)}


def mirrored(name: str) -> str:
    """Return what a column of the ledger read backward says of the ledger as it is.

    Examples
    --------
    >>> mirrored("fan_in_24h"), mirrored("originator_received_gap")
    ('fan_out_24h', 'beneficiary_sent_gap')
    """
    swap = {a: b for pair in _SWAPS for a, b in (pair, pair[::-1])}
    return "_".join(swap.get(word, word) for word in name.split("_"))


def mirror(columns: Columns) -> Columns:
    """Return the columns of a ledger read backward, forward again and by their right names."""
    turned = {mirrored(name): array[::-1] for name, array in columns.items()}
    for name in ("originator_balance", "beneficiary_balance"):
        if name in turned:  # read backward, what comes in goes out
            turned[name] = -turned[name]
    return turned
