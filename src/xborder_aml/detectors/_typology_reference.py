"""The definition of what a typology's matches are: a nested search in plain Python."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from xborder_aml.detectors._oracle import carried, groups
from xborder_aml.detectors._spec import Match, Transfer, View, basis_points, microseconds
from xborder_aml.jurisdictions.codes import INSTRUMENTS, JURISDICTIONS

if TYPE_CHECKING:
    from xborder_aml.detectors.typology import Hop, Step, Typology

__all__ = ["reference"]


def reference(view: View, params: Any) -> list[Match]:
    """Find every match: try each transfer as the next step, and ask all conditions of the whole."""
    t: Typology = params
    leaving = groups(view.transfers, by="originator")
    entering = groups(view.transfers, by="beneficiary")
    found: dict[tuple[int, ...], list[tuple[int, tuple[int, ...], tuple[Any, ...]]]] = {}

    def extend(plan: list[Step], copies: tuple[int, ...], path: list[Transfer]) -> None:
        cast = _cast(plan, path)
        if len(path) == len(plan):
            if _holds(t, view, plan, path):
                key = (path[0].row, *(cast[p] for p in t.named_parties))
                rows = tuple(x.row for x in path)
                found.setdefault(key, []).append((-len(path), copies, rows))
            return
        step = plan[len(path)]
        if step.originator in cast:
            candidates = leaving.get(cast[step.originator], [])
        elif step.beneficiary in cast:
            candidates = entering.get(cast[step.beneficiary], [])
        else:
            candidates = view.transfers
        for x in candidates:
            if _may_be_next(t, plan, path, x):
                extend(plan, copies, [*path, x])

    for copies in product(*(range(h.repeat[0], h.repeat[1] + 1) for h in t.hops)):
        extend(t.plan(copies), copies, [])
    base = {x.row: -1 if x.base is None else x.base for x in view.transfers}
    start = {x.row: x.originator for x in view.transfers}
    out = []
    for instances in found.values():
        _, copies, rows = min(instances)
        roles = [s.hop for s in t.plan(copies)]
        evidence = tuple((r, role, base[r]) for r, role in zip(rows, roles, strict=True))
        out.append(Match(rows[0], start[rows[0]], len(instances), evidence))
    return out


def _cast(plan: list[Step], path: list[Transfer]) -> dict[str, int]:
    """Return the account of each party."""
    out: dict[str, int] = {}
    for step, x in zip(plan, path, strict=False):
        out.setdefault(step.originator, x.originator)
        out.setdefault(step.beneficiary, x.beneficiary)
    return out


def _may_be_next(t: Typology, plan: list[Step], path: list[Transfer], x: Transfer) -> bool:
    """Tell whether a transfer fits its accounts, its time, and the conditions of its hop."""
    step = plan[len(path)]
    hop = t.hops[step.hop]
    whole = _cast(plan, [*path, x])
    if (x.originator, x.beneficiary) != (whole[step.originator], whole[step.beneficiary]):
        return False
    if t.distinct and len(set(whole.values())) < len(whole):
        return False
    if x in path or not _in_time(t, hop, path, x):
        return False
    if hop.instruments and (x.instrument < 0 or INSTRUMENTS[x.instrument] not in hop.instruments):
        return False
    if hop.crosses_border is not None:
        known = x.origin >= 0 and x.destination >= 0
        if not known or x.border != hop.crosses_border:
            return False
    if hop.min_minor > 0 and (x.base is None or x.base < hop.min_minor):
        return False
    if hop.max_minor is not None and (x.base is None or x.base > hop.max_minor):
        return False
    return not hop.of or _is_share(t, plan, path, x)


def _in_time(t: Typology, hop: Hop, path: list[Transfer], x: Transfer) -> bool:
    if not path:
        return True
    gap = x.at - path[-1].at
    low = max(microseconds(hop.min_gap, "min_gap"), int(t.strict_time))
    high = microseconds(t.window if hop.max_gap is None else hop.max_gap, "max_gap")
    return low <= gap <= high and x.at - path[0].at <= microseconds(t.window, "window")


def _is_share(t: Typology, plan: list[Step], path: list[Transfer], x: Transfer) -> bool:
    """Tell whether a transfer sends on the share that its hop asks for."""
    step = plan[len(path)]
    hop = t.hops[step.hop]
    low, high = basis_points(hop.min_share, "share"), basis_points(hop.max_share, "share")
    if step.is_first:
        last = {s.hop: y for s, y in zip(plan, path, strict=False)}
        whole = [y for i, y in last.items() if t.names[i] in hop.of]
    else:
        whole = [path[-1]]
    if len(whole) == 1:
        return carried(whole[0], x, low, high, basis_points(t.fx_tolerance, "fx_tolerance"))
    amounts = [y.base for y in whole if y.base is not None]
    if x.base is None or len(amounts) < len(whole):
        return False
    return low * sum(amounts) <= 10_000 * x.base <= high * sum(amounts)


def _holds(t: Typology, view: View, plan: list[Step], path: list[Transfer]) -> bool:
    """Tell whether the parties are as they should be, and enough borders are crossed."""
    cast = _cast(plan, path)
    place: dict[str, int] = {}
    for step, x in zip(plan, path, strict=True):
        place.setdefault(step.originator, x.origin)
        place.setdefault(step.beneficiary, x.destination)
    if sum(x.border for x in path) < t.min_borders:
        return False
    for p in t.parties:
        here, holder = place[p.name], view.holder[cast[p.name]]
        code = JURISDICTIONS[here] if here >= 0 else None
        if p.jurisdictions and code not in p.jurisdictions:
            return False
        if p.not_jurisdictions and (code is None or code in p.not_jurisdictions):
            return False
        known = all(place[o] >= 0 for o in (*p.same_jurisdiction, *p.other_jurisdiction))
        if (p.same_jurisdiction or p.other_jurisdiction) and (code is None or not known):
            return False
        if any(place[o] != here for o in p.same_jurisdiction):
            return False
        if any(place[o] == here for o in p.other_jurisdiction):
            return False
        if any(view.holder[cast[o]] != holder for o in p.same_holder):
            return False
        if any(view.holder[cast[o]] == holder for o in p.other_holder):
            return False
    return True
