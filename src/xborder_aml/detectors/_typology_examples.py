"""Examples of a typology, drawn from what it asks: instances, and near misses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xborder_aml.detectors._spec import Choose, Instance, Payment, basis_points, microseconds
from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.codes import INSTRUMENTS

if TYPE_CHECKING:
    from xborder_aml.detectors.typology import Step, Typology

__all__ = ["NEAR_MISSES", "plant"]

_PLACES = ("EE", "GB", "CY", "LV", "AE", "HK", "CH", "DK", "SE", "NO", "FI", "PL", "US")
_DRAWS = 50


def plant(choose: Choose, params: Any) -> Instance:
    """Draw an instance of a typology, with its hops repeated as often as it allows.

    Raises
    ------
    ParameterError
        If no instance was found: its conditions contradict one another, or nearly so.
    """
    t: Typology = params
    return _instance(choose, t, tuple(choose.integer(*h.repeat) for h in t.hops))


def _instance(choose: Choose, t: Typology, copies: tuple[int, ...]) -> Instance:
    plan = t.plan(copies)
    parties = list(dict.fromkeys(p for s in plan for p in (s.originator, s.beneficiary)))
    places = _jurisdictions(t, plan, parties)
    times = _times(choose, t, plan)
    amounts = None
    for _ in range(_DRAWS):
        amounts = amounts or _amounts(choose, t, plan)
    if places is None or times is None or amounts is None:
        missing = "jurisdictions" if places is None else "times" if times is None else "amounts"
        raise ParameterError(
            f"typology {t.name!r}: no {missing} were found that fulfil all its conditions; check "
            "that they do not contradict one another"
        )
    payments = []
    for step, at, amount in zip(plan, times, amounts, strict=True):
        allowed = t.hops[step.hop].instruments
        paid_by = allowed[choose.integer(0, len(allowed) - 1)] if allowed else None
        ends = parties.index(step.originator), parties.index(step.beneficiary)
        payments.append(Payment(at, *ends, amount, paid_by))
    return Instance(tuple(payments), tuple(places), _holders(t, parties))


def _jurisdictions(t: Typology, plan: list[Step], parties: list[str]) -> list[str] | None:
    """Return a jurisdiction for each party, all different where nothing asks for the same."""
    asked = {p.name: p for p in t.parties}
    out: dict[str, str] = {}

    def fits() -> bool:
        for p in t.parties:
            if p.name in out:
                same = [out[o] == out[p.name] for o in p.same_jurisdiction if o in out]
                other = [out[o] != out[p.name] for o in p.other_jurisdiction if o in out]
                if not all(same + other):
                    return False
        for s in plan:
            wanted = t.hops[s.hop].crosses_border
            if wanted is not None and s.originator in out and s.beneficiary in out:
                if (out[s.originator] != out[s.beneficiary]) != wanted:
                    return False
        return True

    def assign(i: int) -> bool:
        if i == len(parties):
            crossed = sum(out[s.originator] != out[s.beneficiary] for s in plan)
            return crossed >= t.min_borders
        party = asked.get(parties[i])
        pool = list(party.jurisdictions) if party and party.jurisdictions else list(_PLACES)
        barred = party.not_jurisdictions if party else ()
        for code in sorted(pool, key=lambda c: c in out.values()):
            if code not in barred:
                out[parties[i]] = code
                if fits() and assign(i + 1):
                    return True
                del out[parties[i]]
        return False

    return [out[p] for p in parties] if assign(0) else None


def _holders(t: Typology, parties: list[str]) -> tuple[int, ...]:
    """Return a holder for each party, the same only where that is asked for."""
    holder = {p: i for i, p in enumerate(parties)}
    for p in t.parties:
        for other in p.same_holder:
            old, new = holder[other], holder[p.name]
            holder = {k: new if v == old else v for k, v in holder.items()}
    return tuple(holder[p] for p in parties)


def _times(choose: Choose, t: Typology, plan: list[Step]) -> list[int] | None:
    """Return times inside all gaps; every other time they fill the window if they can."""
    window = microseconds(t.window, "window")
    bounds = []
    for step in plan[1:]:
        hop = t.hops[step.hop]
        low = max(microseconds(hop.min_gap, "min_gap"), int(t.strict_time))
        high = microseconds(t.window if hop.max_gap is None else hop.max_gap, "max_gap")
        bounds.append((low, min(high, window)))
    slack = window - sum(low for low, _ in bounds)
    if slack < 0 or any(low > high for low, high in bounds):
        return None
    gaps = [low for low, _ in bounds]
    for greedy in (0, choose.integer(0, 1)):
        for i, (_, high) in enumerate(bounds):
            room = min(high - gaps[i], slack)
            more = room if greedy else choose.integer(0, room)
            gaps[i] += more
            slack -= more
    out = [0]
    for gap in gaps:
        out.append(out[-1] + gap)
    return out


def _amounts(choose: Choose, t: Typology, plan: list[Step]) -> list[int] | None:
    """Return amounts inside all shares and bounds, or None if this draw came to none."""
    out: list[int] = []
    for place, step in enumerate(plan):
        hop = t.hops[step.hop]
        least = hop.min_minor
        most = 10**12 if hop.max_minor is None else hop.max_minor
        whole = _whole(t, plan, place, out)
        if whole is None:
            least, most = max(least, min(100_000, most)), min(most, max(least, 50_000_000))
        else:
            least = max(least, -(-whole * basis_points(hop.min_share, "share") // 10_000), 1)
            most = min(most, whole * basis_points(hop.max_share, "share") // 10_000)
        if least > most:
            return None
        out.append(choose.integer(least, most))
    return out


def _whole(t: Typology, plan: list[Step], place: int, amounts: list[int]) -> int | None:
    """Return the money that a step's amount is a share of, or None if it is of none."""
    step = plan[place]
    hop = t.hops[step.hop]
    if not hop.of:
        return None
    if not step.is_first:
        return amounts[place - 1]
    last = {s.hop: k for k, s in enumerate(plan[:place])}
    return sum(amounts[k] for i, k in last.items() if t.names[i] in hop.of)


# -- near misses --------------------------------------------------------------------------------


def _shortest(choose: Choose, t: Typology) -> Instance:
    return _instance(choose, t, tuple(h.repeat[0] for h in t.hops))


def _parties(t: Typology) -> list[str]:
    """Return the parties of the shortest plan, in the order of its accounts."""
    plan = t.plan(tuple(h.repeat[0] for h in t.hops))
    return list(dict.fromkeys(p for s in plan for p in (s.originator, s.beneficiary)))


def is_rigid(t: Typology) -> bool:
    """Tell whether the shortest plan's transfers cannot stand in for one another.

    Where they can, as two deposits to one account can, breaking a condition of one may leave an
    instance with their parts exchanged.
    """
    ends = [(s.originator, s.beneficiary) for s in t.plan(tuple(h.repeat[0] for h in t.hops))]

    def exchanges(i: int, used: set[int], renamed: dict[str, str]) -> int:
        if i == len(ends):
            return 1
        count = 0
        for j in range(len(ends)):
            trial = dict(renamed)
            same = all(trial.setdefault(a, b) == b for a, b in zip(ends[i], ends[j], strict=True))
            if j not in used and same and len(set(trial.values())) == len(trial):
                count += exchanges(i + 1, used | {j}, trial)
        return count

    return exchanges(0, set(), {}) == 1


def late(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer comes a microsecond after the window."""
    made = _shortest(choose, t)
    *rest, last = made.payments
    if not rest:
        return None
    end = rest[0].at + microseconds(t.window, "window") + 1
    return made._replace(payments=(*rest, last._replace(at=end)))


def early(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer comes a microsecond before the one it should follow."""
    made = _shortest(choose, t)
    if len(made.payments) < 2 or not is_rigid(t):
        return None
    *rest, last = (p._replace(at=p.at + 1) for p in made.payments)
    return made._replace(payments=(*rest, last._replace(at=rest[-1].at - 1)))


def waits(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer comes a microsecond after its longest gap."""
    if t.hops[-1].max_gap is None or len(t.hops) < 2 or not is_rigid(t):
        return None
    made = _shortest(choose, t)
    *rest, last = made.payments
    at = rest[-1].at + microseconds(t.hops[-1].max_gap, "max_gap") + 1
    return made._replace(payments=(*rest, last._replace(at=at)))


def _off_by(choose: Choose, t: Any, side: int) -> Instance | None:
    """Draw an instance whose last amount is a minor unit outside its share."""
    hop = t.hops[-1]
    if not hop.of or not is_rigid(t):
        return None
    plan = t.plan(tuple(h.repeat[0] for h in t.hops))
    made = _shortest(choose, t)
    *rest, last = made.payments
    whole = _whole(t, plan, len(rest), [p.amount for p in rest])
    share = basis_points(hop.max_share if side > 0 else hop.min_share, "share")
    bound = (whole or 0) * share
    amount = bound // 10_000 + 1 if side > 0 else -(-bound // 10_000) - 1
    if amount < 0:
        return None
    return made._replace(payments=(*rest, last._replace(amount=amount)))


def leaky(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer sends on a minor unit too little."""
    return _off_by(choose, t, -1)


def swollen(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer sends on a minor unit too much."""
    return _off_by(choose, t, 1)


def no_return(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer goes to a stranger in place of a party met before."""
    made = _shortest(choose, t)
    *rest, last = made.payments
    if last.beneficiary not in {end for p in rest for end in (p.originator, p.beneficiary)}:
        return None
    n = len(made.jurisdictions)
    return made._replace(
        payments=(*rest, last._replace(beneficiary=n)),
        jurisdictions=(*made.jurisdictions, made.jurisdictions[last.beneficiary]),
        holders=(*(made.holders or range(n)), n),
    )


def other_instrument(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance whose last transfer is made in a way that its hop does not allow."""
    barred = [name for name in INSTRUMENTS if name not in t.hops[-1].instruments]
    if not t.hops[-1].instruments or not barred or not is_rigid(t):
        return None
    made = _shortest(choose, t)
    *rest, last = made.payments
    return made._replace(payments=(*rest, last._replace(instrument=barred[0])))


def elsewhere(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance with a party that lies outside of the jurisdictions allowed for it."""
    asked = [p for p in t.parties if p.jurisdictions]
    if not asked or not is_rigid(t):
        return None
    code = next(c for c in _PLACES if c not in asked[0].jurisdictions)
    made = _shortest(choose, t)
    places = list(made.jurisdictions)
    places[_parties(t).index(asked[0].name)] = code
    return made._replace(jurisdictions=tuple(places))


def _rehoused(choose: Choose, t: Any, key: str, *, same: bool) -> Instance | None:
    """Draw an instance with the holder of a party changed."""
    asked = [(p.name, o) for p in t.parties for o in getattr(p, key)]
    if not asked or not is_rigid(t):
        return None
    made = _shortest(choose, t)
    a, b = (_parties(t).index(name) for name in asked[0])
    holders = list(made.holders or range(len(made.jurisdictions)))
    if same:
        holders[a] = holders[b]
    else:
        holders[a], holders[b] = a, b
    return made._replace(holders=tuple(holders))


def one_owner(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance in which two parties that must be others' are of one holder."""
    return _rehoused(choose, t, "other_holder", same=True)


def strangers(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance in which two parties that must be of one holder are not."""
    return _rehoused(choose, t, "same_holder", same=False)


def at_home(choose: Choose, t: Any) -> Instance | None:
    """Draw an instance that crosses no border."""
    if t.min_borders < 1:
        return None
    made = _shortest(choose, t)
    return made._replace(jurisdictions=("EE",) * len(made.jurisdictions))


NEAR_MISSES: Mapping[str, Callable[[Choose, Any], Instance | None]] = {
    "late": late,
    "early": early,
    "waits": waits,
    "leaky": leaky,
    "swollen": swollen,
    "no_return": no_return,
    "other_instrument": other_instrument,
    "elsewhere": elsewhere,
    "one_owner": one_owner,
    "strangers": strangers,
    "at_home": at_home,
}
"""Each breaks one condition that the typology has; None where it has none such."""
