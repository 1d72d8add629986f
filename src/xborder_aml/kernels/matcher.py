"""One matcher for every typology that a user defines: a plan of steps, followed from each anchor.

A plan is a table of whole numbers, so that a new typology compiles nothing. Its steps are transfers
in order; each binds the parties that it is the first to touch, and is then asked every condition
that these make decidable.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import at_least, at_most
from xborder_aml.kernels.bundles import Bundles, insert, make_bundles
from xborder_aml.kernels.edges import Edges, carries, first_after
from xborder_aml.kernels.output import DONE, Output, add_cut, add_evidence, add_finding, begin, full

__all__ = ["CONDITIONS", "NO_MOST", "STEP", "MatcherLimits", "match"]

STEP = (
    "originator",  # party, as a number
    "beneficiary",
    "binds_originator",  # 1 when no step before touches that party
    "binds_beneficiary",
    "min_gap",  # microseconds after the step before
    "max_gap",
    "low",  # basis points of the steps `of`
    "high",
    "of_first",  # range in `of`; empty when no amount is asked for
    "of_end",
    "least",  # base minor units
    "most",
    "border",  # 1 must cross one, 0 must not, -1 either
    "instruments",  # a bit for each that is allowed; 0 any
    "role",  # which hop of the typology
)
"""Columns of a plan's table of steps."""

(
    _ORIGINATOR,
    _BENEFICIARY,
    _BINDS_A,
    _BINDS_B,
    _MIN_GAP,
    _MAX_GAP,
    _LOW,
    _HIGH,
    _OF_FIRST,
    _OF_END,
    _LEAST,
    _MOST,
    _BORDER,
    _INSTRUMENTS,
    _ROLE,
) = range(15)

CONDITIONS = ("inside", "outside", "same_place", "other_place", "same_holder", "other_holder")
"""Kinds of conditions on parties: jurisdiction in a set or not, and two parties compared."""

_INSIDE, _OUTSIDE, _SAME_PLACE, _OTHER_PLACE, _SAME_HOLDER, _OTHER_HOLDER = range(6)

NO_MOST = 2**62
"""No upper bound of an amount."""

_MAX_MATCHES, _MAX_WORK, _MAX_DEGREE = 0, 1, 2


class MatcherLimits(NamedTuple):
    """What the kernel reads of a typology: bounds, and its plans one after another."""

    window: int
    fx: int
    min_borders: int
    strict: int
    distinct: int
    n_parties: int  # named ones, which come first
    most_parties: int  # of any plan, with the nameless ones between repeated transfers
    max_matches: int
    max_work: int
    max_degree: int
    plan_ptr: NDArray[np.int64]  # (plans + 1,) first step of each plan
    steps: NDArray[np.int64]  # (steps, columns of STEP)
    of: NDArray[np.int64]  # steps, counted inside their plan, that amounts are shares of
    condition_ptr: NDArray[np.int64]  # (steps + 1,) conditions that a step makes decidable
    conditions: NDArray[np.int64]  # (conditions, 3) kind, party, other party or set
    places: NDArray[np.int8]  # (sets, jurisdictions) 1 when it is in the set


class State(NamedTuple):
    """A plan being followed; level i holds the transfer of its i-th step."""

    row: NDArray[np.int64]  # (steps,)
    slot: NDArray[np.int64]  # (steps,) next slot to look at
    stop: NDArray[np.int64]  # (steps,) where to stop
    enters: NDArray[np.int8]  # (steps,) 1 when slots are those of a beneficiary
    account: NDArray[np.int64]  # (parties,) -1 unbound
    place: NDArray[np.int64]  # (parties,) jurisdiction, -1 unknown
    cast: NDArray[np.int64]  # (matches, named parties) accounts of each bundle
    cut: NDArray[np.int64]  # (2,) first cap reached, -1 none; edges in view not followed


def make_state(limits: MatcherLimits) -> State:
    """Return room for the longest plan."""
    n = limits.steps.shape[0]
    return State(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int8),
        np.empty(limits.most_parties, np.int64),
        np.empty(limits.most_parties, np.int64),
        np.empty((limits.max_matches, limits.n_parties), np.int64),
        np.empty(2, np.int64),
    )


def note(state: State, cap: int, left: int) -> None:
    """Note that a cap was reached, the first one by name, and what was left."""
    if state.cut[0] < 0:
        state.cut[0] = cap
    state.cut[1] += left


def fits(edges: Edges, limits: MatcherLimits, state: State, plan: int, s: int, row: int) -> bool:
    """Tell whether an edge can be a step: its ends, way of paying, border and amount."""
    steps = limits.steps
    for side in range(2):
        account = edges.beneficiary[row] if side else edges.originator[row]
        bound = state.account[steps[s, side]]
        if bound >= 0 and bound != account:
            return False
        if bound < 0 and limits.distinct:
            for other in state.account:
                if other == account:
                    return False
    if limits.distinct and edges.originator[row] == edges.beneficiary[row]:
        return False
    for level in range(s - plan):
        if state.row[level] == row:
            return False
    instrument = edges.instrument[row]
    if steps[s, _INSTRUMENTS] and (
        instrument < 0 or not (steps[s, _INSTRUMENTS] >> np.int64(instrument)) & 1
    ):
        return False
    if steps[s, _BORDER] >= 0:
        known = edges.origin[row] >= 0 and edges.destination[row] >= 0
        if not known or edges.border[row] != steps[s, _BORDER]:
            return False
    base = edges.base[row]
    if steps[s, _LEAST] > 0 and base < steps[s, _LEAST]:
        return False
    if steps[s, _MOST] < NO_MOST and (base < 0 or base > steps[s, _MOST]):
        return False
    n_of = steps[s, _OF_END] - steps[s, _OF_FIRST]
    if n_of == 1:
        first = state.row[limits.of[steps[s, _OF_FIRST]]]
        return carries(edges, first, row, steps[s, _LOW], steps[s, _HIGH], limits.fx)
    if n_of > 1:
        whole = 0
        for k in range(steps[s, _OF_FIRST], steps[s, _OF_END]):
            part = edges.base[state.row[limits.of[k]]]
            if part < 0:
                return False
            whole += part
        return (
            base >= 0
            and at_least(base, whole, steps[s, _LOW])
            and at_most(base, whole, steps[s, _HIGH])
        )
    return True


def release(limits: MatcherLimits, state: State, s: int) -> None:
    """Unbind the parties that a step has bound."""
    if limits.steps[s, _BINDS_A]:
        state.account[limits.steps[s, _ORIGINATOR]] = -1
    if limits.steps[s, _BINDS_B]:
        state.account[limits.steps[s, _BENEFICIARY]] = -1


def bind(edges: Edges, limits: MatcherLimits, state: State, s: int, row: int) -> bool:
    """Bind the parties that a step is the first to touch; False, and unbound, if one is wrong."""
    a = limits.steps[s, _ORIGINATOR]
    b = limits.steps[s, _BENEFICIARY]
    if limits.steps[s, _BINDS_A]:
        state.account[a] = edges.originator[row]
        state.place[a] = edges.origin[row]
    if limits.steps[s, _BINDS_B]:
        state.account[b] = edges.beneficiary[row]
        state.place[b] = edges.destination[row]
    for c in range(limits.condition_ptr[s], limits.condition_ptr[s + 1]):
        kind = limits.conditions[c, 0]
        party = limits.conditions[c, 1]
        other = limits.conditions[c, 2]
        place = state.place[party]
        holds = False
        if kind == _INSIDE:
            holds = place >= 0 and limits.places[other, place] == 1
        elif kind == _OUTSIDE:
            holds = place >= 0 and limits.places[other, place] == 0
        elif kind == _SAME_PLACE:
            holds = place >= 0 and place == state.place[other]
        elif kind == _OTHER_PLACE:
            holds = place >= 0 and state.place[other] >= 0 and place != state.place[other]
        else:
            same = edges.holder[state.account[party]] == edges.holder[state.account[other]]
            holds = same == (kind == _SAME_HOLDER)
        if not holds:
            release(limits, state, s)
            return False
    return True


def look(edges: Edges, limits: MatcherLimits, state: State, level: int, s: int) -> None:
    """Find the slots that a level's step may be in: those of the end with fewer, in time."""
    before = edges.at[state.row[level - 1]]
    since = before + max(limits.steps[s, _MIN_GAP], limits.strict)
    until = min(before + limits.steps[s, _MAX_GAP], edges.at[state.row[0]] + limits.window)
    state.slot[level] = 0
    state.stop[level] = 0
    least = -1
    for side in range(2):
        account = state.account[limits.steps[s, side]]
        if account < 0:
            continue
        times = edges.in_at if side else edges.out_at
        ptr = edges.in_ptr if side else edges.out_ptr
        first = first_after(times, ptr[account], ptr[account + 1], since - 1)
        end = first_after(times, first, ptr[account + 1], until)
        if least < 0 or end - first < least:
            least = end - first
            state.slot[level] = first
            state.stop[level] = end
            state.enters[level] = side
    if least > limits.max_degree:
        state.stop[level] = state.slot[level] + limits.max_degree
        note(state, _MAX_DEGREE, least - limits.max_degree)


def keep(
    edges: Edges, limits: MatcherLimits, state: State, bundles: Bundles, n: int, plan: int
) -> int:
    """Bundle a match with those of the same parties; return the number of bundles."""
    first = limits.plan_ptr[plan]
    hops = limits.plan_ptr[plan + 1] - first
    borders = 0
    for i in range(hops):
        borders += edges.border[state.row[i]]
    if borders < limits.min_borders:
        return n
    for m in range(n):
        same = True
        for party in range(limits.n_parties):
            same = same and state.cast[m, party] == state.account[party]
        if same:
            insert(bundles, m, False, state.row, hops, plan)
            return n
    if n == limits.max_matches:
        note(state, _MAX_MATCHES, 1)
        return n
    for party in range(limits.n_parties):
        state.cast[n, party] = state.account[party]
    insert(bundles, n, True, state.row, hops, plan)
    return n + 1


def explore(
    edges: Edges, limits: MatcherLimits, anchor: int, state: State, bundles: Bundles
) -> int:
    """Follow every plan from one anchor, depth first; return the number of bundles."""
    state.cut[0] = -1
    state.cut[1] = 0
    for party in range(limits.most_parties):
        state.account[party] = -1
    n = 0
    work = 0
    for plan in range(limits.plan_ptr.size - 1):
        first = limits.plan_ptr[plan]
        hops = limits.plan_ptr[plan + 1] - first
        row = anchor
        level = 0
        while level >= 0:
            if level > 0:
                if state.slot[level] == state.stop[level]:
                    level -= 1
                    release(limits, state, first + level)
                    if level == 0:
                        break
                    continue
                if work == limits.max_work:
                    for i in range(1, level + 1):
                        note(state, _MAX_WORK, state.stop[i] - state.slot[i])
                    return n
                slots = edges.in_row if state.enters[level] else edges.out_row
                row = slots[state.slot[level]]
                state.slot[level] += 1
                work += 1
            s = first + level
            if fits(edges, limits, state, first, s, row) and bind(edges, limits, state, s, row):
                state.row[level] = row
                if level + 1 == hops:
                    n = keep(edges, limits, state, bundles, n, plan)
                    release(limits, state, s)
                else:
                    level += 1
                    look(edges, limits, state, level, first + level)
                    continue
            if level == 0:
                break
    return n


def match(edges: Edges, limits: MatcherLimits, first: int, last: int, out: Output) -> int:
    """Find a typology's matches of the anchors in ``[first, last)``."""
    state = make_state(limits)
    bundles = make_bundles(limits.max_matches, 1, limits.steps.shape[0])
    for anchor in range(first, last):
        begin(out, anchor)
        account = edges.originator[anchor]
        n = explore(edges, limits, anchor, state, bundles)
        for m in range(n):
            plan = limits.plan_ptr[bundles.distance[m]]
            for i in range(bundles.hops[m]):
                row = bundles.rows[m, i]
                if not add_evidence(out, row, limits.steps[plan + i, _ROLE], edges.base[row]):
                    return full(out)
            if not add_finding(out, anchor, account, bundles.seen[m]):
                return full(out)
        if state.cut[0] >= 0:
            if not add_cut(out, anchor, account, state.cut[0], state.cut[1]):
                return full(out)
    return DONE


make_state = jit(make_state)
note = jit(note)
fits = jit(fits)
release = jit(release)
bind = jit(bind)
look = jit(look)
keep = jit(keep)
explore = jit(explore)
match = jit(match)
