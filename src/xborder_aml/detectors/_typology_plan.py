"""From a typology to the tables of whole numbers that the matcher follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xborder_aml.detectors._spec import basis_points, microseconds
from xborder_aml.jurisdictions.codes import INSTRUMENTS, JURISDICTIONS
from xborder_aml.kernels.matcher import CONDITIONS, NO_MOST, STEP, MatcherLimits

if TYPE_CHECKING:
    from xborder_aml.detectors.typology import Step, Typology

__all__ = ["compiled"]

_COMPARED = (
    ("same_jurisdiction", "same_place"),
    ("other_jurisdiction", "other_place"),
    ("same_holder", "same_holder"),
    ("other_holder", "other_holder"),
)


def compiled(t: Typology) -> MatcherLimits:
    """Return a checked typology as the matcher reads it."""
    steps: list[list[int]] = []
    of: list[int] = []
    conditions: list[list[list[int]]] = []  # of each step
    sets: list[tuple[str, ...]] = []
    plan_ptr = [0]
    most = 0
    for plan in t.plans():
        parties = [*t.named_parties]
        parties += [s.beneficiary for s in plan if s.beneficiary not in parties]
        most = max(most, len(parties))
        touched: set[str] = set()
        for place, step in enumerate(plan):
            steps.append(_step(t, plan, place, parties, touched, of))
            conditions.append(_decided(t, step, parties, touched, sets))
        plan_ptr.append(len(steps))
    counts = [len(c) for c in conditions]
    flat = [c for of_step in conditions for c in of_step]
    return MatcherLimits(
        window=microseconds(t.window, "window"),
        fx=basis_points(t.fx_tolerance, "fx_tolerance"),
        min_borders=t.min_borders,
        strict=int(t.strict_time),
        distinct=int(t.distinct),
        n_parties=len(t.named_parties),
        most_parties=most,
        max_matches=t.max_matches,
        max_work=t.max_work,
        max_degree=t.max_degree,
        plan_ptr=np.array(plan_ptr, np.int64),
        steps=np.array(steps, np.int64),
        of=np.array(of, np.int64),
        condition_ptr=np.cumsum([0, *counts], dtype=np.int64),
        conditions=np.array(flat, np.int64).reshape(len(flat), 3),
        places=_places(sets),
    )


def _step(
    t: Typology,
    plan: Sequence[Step],
    place: int,
    parties: Sequence[str],
    touched: set[str],
    of: list[int],
) -> list[int]:
    """Return one row of the table of steps; adds to `of` what its amount is a share of."""
    step = plan[place]
    hop = t.hops[step.hop]
    begin = len(of)
    if hop.of and not step.is_first:
        of.append(place - 1)
    elif hop.of:
        last = {s.hop: k for k, s in enumerate(plan[:place])}
        of += [k for i, k in last.items() if t.names[i] in hop.of]
    allowed = [INSTRUMENTS.index(name) for name in hop.instruments]
    row = {
        "originator": parties.index(step.originator),
        "beneficiary": parties.index(step.beneficiary),
        "binds_originator": int(step.originator not in touched),
        "binds_beneficiary": int(step.beneficiary not in touched),
        "min_gap": microseconds(hop.min_gap, "min_gap"),
        "max_gap": microseconds(t.window if hop.max_gap is None else hop.max_gap, "max_gap"),
        "low": basis_points(hop.min_share, "min_share"),
        "high": basis_points(hop.max_share, "max_share"),
        "of_first": begin,
        "of_end": len(of),
        "least": hop.min_minor,
        "most": NO_MOST if hop.max_minor is None else hop.max_minor,
        "border": -1 if hop.crosses_border is None else int(hop.crosses_border),
        "instruments": sum(1 << code for code in set(allowed)),
        "role": step.hop,
    }
    return [row[column] for column in STEP]


def _decided(
    t: Typology,
    step: Step,
    parties: Sequence[str],
    touched: set[str],
    sets: list[tuple[str, ...]],
) -> list[list[int]]:
    """Return the conditions whose last party a step touches; marks its parties as touched."""
    before = set(touched)
    touched |= {step.originator, step.beneficiary}
    out = []
    for p in t.parties:
        if p.name in touched and p.name not in before:
            for codes, kind in ((p.jurisdictions, "inside"), (p.not_jurisdictions, "outside")):
                if codes:
                    out.append([CONDITIONS.index(kind), parties.index(p.name), len(sets)])
                    sets.append(codes)
        for key, kind in _COMPARED:
            for other in getattr(p, key):
                pair = {p.name, other}
                if pair <= touched and not pair <= before:
                    ends = parties.index(p.name), parties.index(other)
                    out.append([CONDITIONS.index(kind), *ends])
    return out


def _places(sets: Sequence[tuple[str, ...]]) -> NDArray[np.int8]:
    """Return one row a set of jurisdictions, one column a jurisdiction."""
    table = np.zeros((max(1, len(sets)), len(JURISDICTIONS)), np.int8)
    for i, codes in enumerate(sets):
        table[i, [JURISDICTIONS.index(c) for c in codes]] = 1
    return table
