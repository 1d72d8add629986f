"""Typologies that users define: transfers in order, and what must hold of them.

A `Typology` is a few `Hop`s between named `Party`s. It is searched like any other detector: every
instance is anchored at its first transfer, all limits are closed, caps are counted for each anchor
and told, and the finding's id is a hash of what the typology asks.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w

from xborder_aml.detectors._spec import (
    BORDERS,
    Detector,
    Params,
    Role,
    basis_points,
    microseconds,
    param,
)
from xborder_aml.detectors._typology_checks import check_typology
from xborder_aml.detectors._typology_examples import NEAR_MISSES, plant
from xborder_aml.detectors._typology_plan import compiled
from xborder_aml.detectors._typology_reference import reference
from xborder_aml.errors import DatasetUnavailableError, ParameterError, did_you_mean
from xborder_aml.kernels.amounts import MAX_BP
from xborder_aml.kernels.matcher import MatcherLimits, match

__all__ = ["Hop", "Party", "Typology", "typology_detector"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One transfer of a typology, or a few in a row.

    Parameters
    ----------
    originator, beneficiary
        Parties: the same name is the same account, in every hop.
    name
        What the transfer is called in the evidence, and by `of`; hops may share one.
    min_gap, max_gap
        Time since the transfer before; by default, up to the typology's window.
    of
        Names of earlier hops whose money this one sends on. Of one transfer, amounts of one
        currency are compared as they are; of several, base amounts are summed.
    min_share, max_share
        Share of the money of `of` that is sent on.
    min_minor, max_minor
        Bounds of the amount itself, base minor units.
    instruments
        Ways of paying that are allowed, of schema.INSTRUMENTS; empty allows all.
    crosses_border
        Ask for two known jurisdictions that differ (true) or are the same (false).
    repeat
        Fewest and most transfers that lead from originator to beneficiary, through nameless
        parties: each meets the hop's conditions, and sends on its share of the one before.
    enters, leaves
        Whether its money counts as coming into the pattern, or going out. Where no hop says so, the
        first enters and the last leaves.
    """

    originator: str
    beneficiary: str
    name: str = ""
    min_gap: str | timedelta = "0d"
    max_gap: str | timedelta | None = None
    of: tuple[str, ...] = ()
    min_share: float = 0.0
    max_share: float = MAX_BP / 10_000
    min_minor: int = 0
    max_minor: int | None = None
    instruments: tuple[str, ...] = ()
    crosses_border: bool | None = None
    repeat: tuple[int, int] = (1, 1)
    enters: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """What must hold of an account. Its jurisdiction is that in the first transfer it is part of.

    Parameters
    ----------
    name
        As the hops call it.
    jurisdictions, not_jurisdictions
        ISO 3166-1 alpha-2 codes: it must lie in one of these; in a known one that is none of those.
    same_jurisdiction, other_jurisdiction
        Parties whose jurisdiction must be the same, or another; both must be known.
    same_holder, other_holder
        Parties that must belong to the same holder, or to another.
    """

    name: str
    jurisdictions: tuple[str, ...] = ()
    not_jurisdictions: tuple[str, ...] = ()
    same_jurisdiction: tuple[str, ...] = ()
    other_jurisdiction: tuple[str, ...] = ()
    same_holder: tuple[str, ...] = ()
    other_holder: tuple[str, ...] = ()


class Step(NamedTuple):
    """One transfer of a plan."""

    hop: int
    originator: str
    beneficiary: str
    is_first: bool  # of its hop


@dataclass(frozen=True, slots=True)
class Typology(Params):
    """A pattern of transfers that a user defines.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> there_and_back = xb.Typology(
    ...     name="there_and_back",
    ...     hops=(
    ...         xb.Hop("a", "b", name="pay"),
    ...         xb.Hop("b", "a", name="refund", of=("pay",), min_share=0.9, max_share=1),
    ...     ),
    ...     window="10d",
    ... )
    >>> xb.Typology.from_dict(there_and_back.to_dict()) == there_and_back
    True
    """

    name: str = param("", "What findings are called: lower-case letters, digits, underscores.")
    hops: tuple[Hop, ...] = param((), "Transfers, in order of time.")
    parties: tuple[Party, ...] = param((), "Conditions on accounts that the hops name.")
    window: str | timedelta = param("30d", "Longest time from first to last transfer.", unit="time")
    min_borders: int = param(1, BORDERS)
    fx_tolerance: float = param(
        0.01, "Widening of shares across currencies, a square root of a day.", unit="share"
    )
    strict_time: bool = param(False, "Ask that each transfer be later than the one before.")
    distinct: bool = param(True, "Ask that parties of different names be different accounts.")
    title: str = param("", "Name for people.", cap=True)
    description: str = param("", "What it means, and where it was published.", cap=True)
    references: tuple[str, ...] = param((), "Sources.", cap=True)
    max_matches: int = param(100, "Castings of the parties kept an anchor.", cap=True)
    max_work: int = param(10_000, "Edges followed an anchor.", unit="edges", cap=True)
    max_degree: int = param(200, "Edges followed at one account.", unit="edges", cap=True)

    # -- what the detector needs --------------------------------------------------------------

    def limits(self) -> MatcherLimits:
        """Return what the kernel reads, checked."""
        for key, kind in (("hops", Hop), ("parties", Party)):
            value = getattr(self, key)
            if not (isinstance(value, tuple) and all(isinstance(x, kind) for x in value)):
                raise ParameterError(
                    f"typology {self.name!r}: {key} must be a tuple of {kind.__name__}"
                )
        check_typology(self)
        return compiled(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hops; one without a name is called ``hop_1`` and so on."""
        return tuple(h.name or f"hop_{i}" for i, h in enumerate(self.hops, 1))

    @property
    def named_parties(self) -> tuple[str, ...]:
        """Parties in the order in which the hops name them."""
        return tuple(dict.fromkeys(p for h in self.hops for p in (h.originator, h.beneficiary)))

    def plans(self) -> list[list[Step]]:
        """Return every way to repeat the hops, fewest transfers of the first hops first."""
        ranges = [range(h.repeat[0], h.repeat[1] + 1) for h in self.hops]
        return [self.plan(copies) for copies in product(*ranges)]

    def plan(self, copies: tuple[int, ...]) -> list[Step]:
        """Return the transfers in order when each hop is made so many times."""
        out = []
        for i, (h, n) in enumerate(zip(self.hops, copies, strict=True)):
            between = [f"{i}.{k}" for k in range(1, n)]
            stops = [h.originator, *between, h.beneficiary]
            out += [Step(i, stops[k], stops[k + 1], k == 0) for k in range(n)]
        return out

    def roles(self) -> tuple[Role, ...]:
        """Return the role of each hop in the evidence."""
        told = any(h.enters or h.leaves for h in self.hops)
        last = len(self.hops) - 1
        return tuple(
            Role(
                name,
                enters=h.enters if told else i == 0,
                leaves=h.leaves if told else i == last,
            )
            for i, (name, h) in enumerate(zip(self.names, self.hops, strict=True))
        )

    # -- in and out ---------------------------------------------------------------------------

    def to_dict(self, *, caps: bool = True) -> dict[str, Any]:
        """Return the typology as plain values, hops and parties without their defaults."""
        out = Params.to_dict(self, caps=caps)
        out["hops"] = [_plain(h) for h in self.hops]
        out["parties"] = [_plain(p) for p in self.parties]
        if caps:
            out["references"] = list(self.references)
        return out

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Any:
        """Return the typology with these values; an unknown key names its nearest neighbour.

        Raises
        ------
        ParameterError
            If a key is unknown, or a value cannot be.
        """
        made = dict(values)
        for key, kind in (("hops", Hop), ("parties", Party)):
            if key in made:
                made[key] = tuple(
                    _made(kind, given, f"typology {values.get('name', '')!r}, {key}[{i}]")
                    for i, given in enumerate(_listed(made[key], key), 1)
                )
        if "references" in made:
            made["references"] = tuple(_listed(made["references"], "references"))
        return super(Typology, cls).from_dict(made)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Typology:
        """Read a typology from a TOML file.

        Raises
        ------
        DatasetUnavailableError
            If there is no such file.
        ParameterError
            If it is not TOML, or a key or value is not known.
        """
        path = Path(path)
        if not path.is_file():
            raise DatasetUnavailableError(
                f"there is no typology file {str(path)!r}; check the path"
            )
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ParameterError(f"{path.name} is not TOML: {error}") from error
        made: Typology = cls.from_dict(values)
        return made

    def to_toml(self) -> str:
        """Return the text of a TOML file that `from_toml` reads back."""
        values = self.to_dict()
        tables = {k: values.pop(k) for k in ("hops", "parties")}
        kept = {k: v for k, v in values.items() if v not in ("", [])}
        return tomli_w.dumps({**kept, **{k: v for k, v in tables.items() if v}})


@cache
def typology_detector(typology: Typology) -> Detector:
    """Return the detector of a typology."""
    absolute = any(h.min_minor or h.max_minor is not None for h in typology.hops)
    return Detector(
        name=typology.name,
        title=typology.title or typology.name.replace("_", " ").capitalize(),
        version=1,
        params=Typology,
        search=match,
        reference=reference,
        plant=plant,
        near_misses=NEAR_MISSES,
        roles=typology.roles(),
        caps=("max_matches", "max_work", "max_degree"),
        doc=typology.description,
        reach=lambda limits: (0, limits.window),
        relations=(
            "shift_time",
            "rename_accounts",
            "shuffle_rows",
            *(() if absolute else ("rescale_currency",)),
            "split_idle",
        ),
    )


# -- plain values -------------------------------------------------------------------------------


def _plain(part: Hop | Party) -> dict[str, Any]:
    """Return a hop or party as plain values, without those that are its defaults."""
    out: dict[str, Any] = {}
    for f in dataclasses.fields(part):
        value = getattr(part, f.name)
        if f.name.endswith("_gap") and value is not None:
            us = microseconds(value, f.name)
            if us == 0:
                continue
            value = f"{us}us" if us % 1_000_000 else f"{us // 1_000_000}s"
            if us % 86_400_000_000 == 0:
                value = f"{us // 86_400_000_000}d"
        if f.name.endswith("_share"):
            value = basis_points(value, f.name) / 10_000
        if value != f.default:
            out[f.name] = list(value) if isinstance(value, tuple) else value
    return out


def _listed(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ParameterError(f"{key}={value!r} must be a list")
    return list(value)


def _made(kind: type[Any], values: Any, where: str) -> Any:
    """Return a hop or party from plain values."""
    if isinstance(values, kind):
        return values
    if not isinstance(values, Mapping):
        raise ParameterError(f"{where} is {values!r}; it must be a table of keys and values")
    fields = dataclasses.fields(kind)
    known = [f.name for f in fields]
    for key in values:
        if key not in known:
            raise ParameterError(
                f"{where} has no key {key!r}{did_you_mean(key, known)}; it has {', '.join(known)}"
            )
    missing = [f.name for f in fields if f.default is dataclasses.MISSING and f.name not in values]
    if missing:
        raise ParameterError(f"{where} does not say {missing[0]!r}; add it")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
