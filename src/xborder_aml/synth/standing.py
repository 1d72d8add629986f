"""Standing relations: who pays whom, how often, and about how much, drawn once for a period.

The corridors of a flow follow a doubly constrained gravity model: what leaves and what reaches each
place is given by how busy its accounts are, the share that stays at home by the flow, and the rest
falls with distance.

References
----------
Wilson, A statistical theory of spatial distribution models, Transportation Research 1 (1967).
Tinbergen, Shaping the World Economy (1962), appendix VI.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xborder_aml.kernels.calendar import Relations
from xborder_aml.synth.paydays import CYCLES, N_ANCHORS, due_table
from xborder_aml.synth.society import QUIET, Money, Society, rng_of
from xborder_aml.synth.spec import ROLES, Flow, LedgerSpec
from xborder_aml.synth.world import Place

__all__ = ["QUIET_FLOWS", "corridors", "standing_relations"]

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]
_RADIUS_KM = 6371.0
_NEAR_KM = 250.0  # trade does not grow without bound as neighbours come closer
_ROUNDS = 30

QUIET_FLOWS: dict[str, Flow] = {
    "reinvestment": Flow("reinvestment", "quiet", "quiet", 0, median=900, sigma=1.6, wobble=0.3,
                         rhythm="any", forms=(("reinvestment", 1.0),), purpose="Reinvestment"),
    "saving": Flow("saving", "person", "quiet", 0, median=180, sigma=0.6, wobble=0.1,
                   rhythm="any", purpose="Savings"),
    "withdrawal": Flow("withdrawal", "quiet", "person", 0, median=150, sigma=0.8, wobble=0.3,
                       rhythm="any", purpose="Savings"),
    "purchase": Flow("purchase", "quiet", "merchant", 0, median=90, sigma=0.9, wobble=0.3,
                     home=0.6, rhythm="shop", purpose="Goods"),
    "income": Flow("income", "company", "quiet", 0, median=400, sigma=0.8, wobble=0.2, home=0.7,
                   purpose="Fees"),
}  # fmt: skip
"""What second accounts do; they come after the flows of a specification."""


class _Parts:
    """Relations as they are made, part by part."""

    def __init__(self, spec: LedgerSpec, society: Society, money: Money, seed: int) -> None:
        self.spec, self.society, self.money, self.seed = spec, society, money, seed
        self.parts: list[Relations] = []

    def add(
        self,
        number: int,
        flow: Flow,
        src: _Ints,
        dst: _Ints,
        n: _Ints,
        anchor: _Ints,
        rng: np.random.Generator,
    ) -> None:
        """Add relations of a flow; those of an account with itself only where it may be."""
        if flow.name != "reinvestment":
            kept = np.flatnonzero(src != dst)
            src, dst, n, anchor = src[kept], dst[kept], n[kept], anchor[kept]
        usual = flow.median * 100 * np.exp(flow.sigma * rng.standard_normal(src.size))
        if flow.cycle is not None:
            usual = np.rint(usual / 1_000) * 1_000
        self.parts.append(
            Relations(
                src.astype(np.int32),
                dst.astype(np.int32),
                np.full(src.size, number, np.int8),
                n.astype(np.int32),
                anchor.astype(np.int8),
                self.money.from_base(np.maximum(usual, 100), self.society.currency[src]),
            )
        )


def standing_relations(spec: LedgerSpec, society: Society, money: Money, seed: int) -> Relations:
    """Return who pays whom; what is due by the calendar first."""
    made = _Parts(spec, society, money, seed)
    pull = gravity(spec.places)
    due = due_table(spec)
    n_left = spec.n_transactions - int(society.activity[society.activity <= QUIET].sum())
    for number, flow in enumerate(spec.flows):
        if flow.cycle is not None:
            n_left -= _by_calendar(made, number, flow, pull, due, rng_of(seed, flow.name))
    total = sum(f.share for f in spec.flows if f.cycle is None)
    for number, flow in enumerate(spec.flows):
        if flow.cycle is None:
            n = max(0, round(n_left * flow.share / total))
            _spread(made, number, flow, n // 2 if flow.via else n, pull, rng_of(seed, flow.name))
    _second_accounts(made, pull, rng_of(seed, "second accounts"))
    return Relations(*(np.concatenate(c) for c in zip(*made.parts, strict=True)))


def gravity(places: tuple[Place, ...]) -> _Floats:
    """Return how strongly each place draws money from each other, shape (P, P), 0 from itself."""
    spot = np.radians([(p.latitude, p.longitude) for p in places])
    height, turn = spot[:, 0], spot[:, 1]
    cosine = np.sin(height)[:, None] * np.sin(height) + np.cos(height)[:, None] * np.cos(
        height
    ) * np.cos(turn[:, None] - turn)
    distance = _RADIUS_KM * np.arccos(np.clip(cosine, -1.0, 1.0))
    pull = 1.0 / np.maximum(distance, _NEAR_KM) ** 0.7
    np.fill_diagonal(pull, 0.0)
    return np.asarray(pull)


def corridors(pull: _Floats, out: _Floats, into: _Floats, home: float) -> _Floats:
    """Return the weight of each corridor: rows sum to `out`, columns follow `into`, nearly.

    A share `home` of each row stays; the rest is fitted to both margins, in proportion to `pull`.

    Examples
    --------
    >>> even = np.array([0.5, 0.5])
    >>> corridors(np.array([[0.0, 1.0], [1.0, 0.0]]), even, even, 0.6).round(3).tolist()
    [[0.3, 0.2], [0.2, 0.3]]
    """
    goal = into / max(into.sum(), 1e-300) * out.sum()
    stays = np.where(into > 0, home * out, 0.0)
    leaves = out - stays
    room = np.maximum(goal - stays, 0.1 * goal)
    room *= leaves.sum() / max(room.sum(), 1e-300)
    m = pull * room * leaves[:, None]
    for _ in range(_ROUNDS):
        m *= np.divide(room, m.sum(axis=0), out=np.zeros_like(room), where=m.sum(axis=0) > 0)
        total = m.sum(axis=1)
        m *= np.divide(leaves, total, out=np.zeros_like(out), where=total > 0)[:, None]
    m[np.diag_indices_from(m)] = stays
    return np.asarray(m)


def _matched(
    made: _Parts, fixed: _Ints, units: _Ints, other: _Ints, flow: Flow, pull: _Floats,
    rng: np.random.Generator,
) -> _Ints:  # fmt: skip
    """Choose for each relation of `fixed` accounts one of `other`, as busy as they are meant.

    Parameters
    ----------
    units
        Payments of each relation.
    """
    society, n_places = made.society, len(made.spec.places)
    busy = society.activity.astype(np.float64)
    here = society.place[fixed]
    leaves = np.bincount(here, units, n_places).astype(np.float64)
    comes = np.bincount(society.place[other], busy[other], n_places).astype(np.float64)
    m = corridors(pull, leaves, comes, flow.home)
    rising = np.cumsum(m, axis=1) / np.maximum(m.sum(axis=1, keepdims=True), 1e-300)
    there = np.empty(fixed.size, np.int64)
    for p in range(n_places):
        mine = rng.permutation(np.flatnonzero(here == p))
        nth = (np.arange(mine.size) + rng.random()) / max(mine.size, 1)
        there[mine] = np.minimum(np.searchsorted(rising[p], nth, side="right"), n_places - 1)
    out = np.full(fixed.size, -1)
    for p in range(n_places):
        pool = other[society.place[other] == p]
        mine = rng.permutation(np.flatnonzero(there == p))
        if not pool.size or not mine.size:
            continue
        upto = np.cumsum(units[mine])
        at = (upto - units[mine] * rng.random(mine.size)) / upto[-1]
        weights = np.cumsum(busy[pool])
        out[mine] = pool[np.minimum(np.searchsorted(weights, at * weights[-1]), pool.size - 1)]
        own = np.flatnonzero(out[mine] == fixed[mine])
        if own.size and pool.size > 1:  # nobody trades with himself: the next one does
            nth = np.searchsorted(pool, out[mine[own]])
            out[mine[own]] = pool[(nth + 1) % pool.size]
    lost = np.flatnonzero(out < 0)
    out[lost] = fixed[lost]  # `add` leaves these out
    return out


def _by_calendar(
    made: _Parts, number: int, flow: Flow, pull: _Floats, due: NDArray[np.int8],
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """Add a flow that is due on certain days; return how many payments that makes."""
    society = made.society
    persons = society.of("person")
    line = rng_of(made.seed, "line of persons").permutation(persons)
    n = round(flow.share * persons.size)
    # salaries come from one end of the line and pensions from the other: few persons have both
    fixed = np.sort(line[persons.size - n :] if flow.payer == "fund" else line[:n])
    payer_is_person = flow.payer == "person"
    other = society.of(flow.payee if payer_is_person else flow.payer)
    if not fixed.size or not other.size:
        return 0
    partner = _matched(made, fixed, np.ones(fixed.size, np.int64), other, flow, pull, rng)
    src, dst = (fixed, partner) if payer_is_person else (partner, fixed)
    anchor = rng.integers(0, N_ANCHORS, fixed.size)
    if flow.name in ("salary", "pension"):  # all staff of an employer is paid on one day
        anchor = (partner * 7 + 3) % N_ANCHORS
    made.add(number, flow, src, dst, np.zeros(fixed.size, np.int64), anchor, rng)
    n_due = due[CYCLES.index(str(flow.cycle))].sum(axis=0)
    return int(n_due[made.parts[-1].anchor].sum())


def _spread(
    made: _Parts, number: int, flow: Flow, n: int, pull: _Floats, rng: np.random.Generator
) -> None:
    """Add a flow of `n` payments: payers by how busy they are, a few partners each."""
    society = made.society
    payers, payees = society.of(flow.payer), society.of(flow.payee)
    if not payers.size or not payees.size or not n:
        return
    busy = np.cumsum(society.activity[payers])
    edges = np.floor(busy / busy[-1] * n + rng.random())
    each = np.diff(edges, prepend=0.0).astype(np.int64)
    partners = np.maximum(1, np.rint(each / flow.repeat).astype(np.int64))
    src = np.repeat(payers, partners)
    nth = np.arange(src.size) - np.repeat(np.cumsum(partners) - partners, partners)
    total, parts = np.repeat(each, partners), np.repeat(partners, partners)
    units = total // parts + (nth < total % parts)
    kept = np.flatnonzero(units)
    src, units = src[kept], units[kept]
    if flow.payer == "treasury" or flow.payee == "treasury":
        dst = _own(society, src, rng)
    else:
        dst = _matched(made, src, units, payees, flow, pull, rng)
    made.add(number, flow, src, dst, units, np.zeros(src.size, np.int64), rng)


def _own(society: Society, src: _Ints, rng: np.random.Generator) -> _Ints:
    """Return for a subsidiary its treasury, and for a treasury one of its subsidiaries."""
    daughters = society.of("subsidiary")
    daughters = daughters[np.argsort(society.holder[daughters], kind="stable")]
    first = np.searchsorted(society.holder[daughters], src)
    last = np.searchsorted(society.holder[daughters], src, side="right")
    nth = first + np.floor(rng.random(src.size) * (last - first)).astype(np.int64)
    mother = society.role[src] == ROLES.index("treasury")
    child = daughters[np.minimum(nth, daughters.size - 1)] if daughters.size else src
    return np.where(mother, np.where(last > first, child, src), society.holder[src])


def _second_accounts(made: _Parts, pull: _Floats, rng: np.random.Generator) -> None:
    """Add what second accounts do, each exactly as often as it is meant to."""
    spec, society = made.spec, made.society
    quiet = society.of("quiet")
    mine = rng.permutation(np.repeat(quiet, society.activity[quiet]))
    names, shares = zip(*spec.quiet_flows, strict=True)
    edges = np.cumsum(shares) / sum(shares) * mine.size
    kind = np.searchsorted(edges, np.arange(mine.size) + 0.5)
    for i, name in enumerate(names):
        flow = QUIET_FLOWS[name]
        number = len(spec.flows) + list(QUIET_FLOWS).index(name)
        which = mine[kind == i]
        one = np.ones(which.size, np.int64)
        if name == "reinvestment":
            ends = which, which
        elif name == "saving":
            ends = society.holder[which], which
        elif name == "withdrawal":
            ends = which, society.holder[which]
        else:
            role = flow.payee if name == "purchase" else flow.payer
            partner = _matched(made, which, one, society.of(role), flow, pull, rng)
            ends = (which, partner) if name == "purchase" else (partner, which)
        made.add(number, flow, *ends, one, np.zeros(which.size, np.int64), rng)
