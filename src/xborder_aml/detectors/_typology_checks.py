"""Checks of a typology: what it says can be searched, and every error names the place and cure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xborder_aml.detectors._spec import basis_points, microseconds
from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions.codes import INSTRUMENTS, JURISDICTIONS
from xborder_aml.kernels.amounts import MAX_BP
from xborder_aml.kernels.bundles import MAX_KEPT

if TYPE_CHECKING:
    from xborder_aml.detectors.typology import Hop, Party, Typology

__all__ = ["check_hop", "check_party", "check_typology"]

MAX_TRANSFERS = 12
MAX_PLANS = 64
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _all(kind: type) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, tuple) and all(type(x) is kind for x in v)


_FORMS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("text", lambda v: type(v) is str),
    "float": ("a number", lambda v: type(v) in (int, float)),
    "int": ("a whole number", lambda v: type(v) is int),
    "int | None": ("a whole number", lambda v: v is None or type(v) is int),
    "bool": ("true or false", lambda v: type(v) is bool),
    "bool | None": ("true or false", lambda v: v is None or type(v) is bool),
    "tuple[str, ...]": ("a list of texts", _all(str)),
    "tuple[int, int]": ("two whole numbers", lambda v: _all(int)(v) and len(v) == 2),
}
"""What each type of a hop's or party's field is called, and its test; durations test themselves."""


def _check_types(part: Hop | Party, where: str) -> None:
    for f in dataclasses.fields(part):
        called, fits = _FORMS.get(str(f.type), ("", lambda _: True))
        if not fits(getattr(part, f.name)):
            raise ParameterError(f"{where}: {f.name}={getattr(part, f.name)!r} must be {called}")


def check_typology(t: Typology) -> None:
    """Check a typology whole; errors name the hop or party, and the cure."""
    called: Any = t.name  # types are only hints: a file may say anything
    if not (isinstance(called, str) and _NAME.fullmatch(called)):
        raise ParameterError(
            f"a typology is named {t.name!r}; give it a name of lower-case letters, digits and "
            "underscores, like 'loan_back'"
        )
    if not t.hops:
        raise ParameterError(f"typology {t.name!r} has no hops; give it at least one Hop")
    seen: set[str] = set()
    for i in range(len(t.hops)):
        check_hop(t, i, seen)
        seen |= {t.hops[i].originator, t.hops[i].beneficiary}
    _check_size(t)
    for party in t.parties:
        check_party(t, party)
    names = [p.name for p in t.parties]
    for name in names:
        if names.count(name) > 1:
            raise ParameterError(
                f"typology {t.name!r} has two parties named {name!r}; make them one"
            )
    t.require(
        1 <= min(t.max_matches, t.max_work, t.max_degree) and t.max_matches <= MAX_KEPT,
        f"caps must be at least 1, and max_matches at most {MAX_KEPT:,}",
    )


def check_hop(t: Typology, i: int, seen: set[str]) -> None:
    h = t.hops[i]
    where = f"typology {t.name!r}, hop {i + 1} ({t.names[i]!r})"

    def need(condition: bool, sentence: str) -> None:
        if not condition:
            raise ParameterError(f"{where}: {sentence}")

    _check_types(h, where)
    ends = (h.originator, h.beneficiary)
    need(
        all(map(_NAME.fullmatch, ends)),
        f"parties are named {ends}; use lower-case letters, digits and underscores",
    )
    need(h.originator != h.beneficiary, "it leads from a party to itself; name another party")
    need(
        not seen or bool(seen & set(ends)),
        f"it touches none of the parties before it; let it begin or end at one of "
        f"{', '.join(sorted(seen))}",
    )
    low, high = microseconds(h.min_gap, "min_gap"), microseconds(t.window, "window")
    if h.max_gap is not None:
        high = min(high, microseconds(h.max_gap, "max_gap"))
    need(low <= high, f"min_gap={h.min_gap!r} exceeds max_gap or the window; make it shorter")
    for key in ("min_share", "max_share"):
        basis_points(getattr(h, key), f"{where}: {key}")
    need(h.min_share <= h.max_share, "min_share exceeds max_share; swap them")
    free = h.min_share == 0 and h.max_share == MAX_BP / 10_000
    need(bool(h.of) or free, "min_share and max_share are shares `of` earlier hops; say which")
    for name in h.of:
        earlier = t.names[:i]
        need(
            name in earlier,
            f"of={name!r} is no hop before it{did_you_mean(name, earlier)}; there are "
            f"{', '.join(earlier) or 'none'}",
        )
    need(
        0 <= h.min_minor <= (2**62 if h.max_minor is None else h.max_minor),
        f"min_minor={h.min_minor!r} and max_minor={h.max_minor!r} must ascend from 0",
    )
    for code in h.instruments:
        need(
            code in INSTRUMENTS,
            f"{code!r} is no instrument{did_you_mean(code, INSTRUMENTS)}; there are "
            f"{', '.join(INSTRUMENTS)}",
        )
    need(
        1 <= h.repeat[0] <= h.repeat[1] <= MAX_TRANSFERS,
        f"repeat={h.repeat!r} must be a fewest and a most, between 1 and {MAX_TRANSFERS}",
    )
    need(
        h.repeat == (1, 1) or not seen or h.originator in seen,
        f"it is repeated, and begins at {h.originator!r}, whom no hop before it touches; let it "
        f"begin at one of {', '.join(sorted(seen))}",
    )


def _check_size(t: Typology) -> None:
    plans = 1
    for h in t.hops:
        plans *= h.repeat[1] - h.repeat[0] + 1
    most = sum(h.repeat[1] for h in t.hops)
    if most > MAX_TRANSFERS or plans > MAX_PLANS:
        raise ParameterError(
            f"typology {t.name!r} has up to {most} transfers in {plans} arrangements; the limits "
            f"are {MAX_TRANSFERS} and {MAX_PLANS}: repeat less"
        )


def check_party(t: Typology, party: Party) -> None:
    where = f"typology {t.name!r}, party {party.name!r}"
    _check_types(party, where)
    known = t.named_parties
    if party.name not in known:
        raise ParameterError(
            f"{where}: no hop names it{did_you_mean(party.name, known)}; they name "
            f"{', '.join(known)}"
        )
    for key in ("same_jurisdiction", "other_jurisdiction", "same_holder", "other_holder"):
        for other in getattr(party, key):
            if other not in known or other == party.name:
                raise ParameterError(
                    f"{where}: {key} names {other!r}, which is no other party"
                    f"{did_you_mean(other, known)}; there are {', '.join(known)}"
                )
    for code in (*party.jurisdictions, *party.not_jurisdictions):
        if code not in JURISDICTIONS:
            raise ParameterError(
                f"{where}: {code!r} is not an ISO 3166-1 alpha-2 code"
                f"{did_you_mean(code, JURISDICTIONS)}"
            )
