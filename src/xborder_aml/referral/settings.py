"""What a referral assumes: probabilities and delays that nobody has measured, each with a band.

There is no public record from which the chance that a State co-operates, or that a piece of
evidence holds, could be estimated. These are therefore wide, neutral and the user's own to set; a
case file tells each of them, and how far the result moves when it does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from xborder_aml.errors import ParameterError, did_you_mean

__all__ = ["Band", "ReferralSettings"]


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity that is not known: the least, a middle and the most that it may be.

    Raises
    ------
    ParameterError
        If they are not in order.

    Examples
    --------
    >>> Band(0.1, 0.5, 0.9).middle
    0.5
    """

    least: float
    middle: float
    most: float

    def __post_init__(self) -> None:
        """Check the order."""
        if not self.least <= self.middle <= self.most:
            raise ParameterError(
                f"a band is least <= middle <= most, and got {self.least}, {self.middle}, "
                f"{self.most}"
            )


_DELAYS = {
    "domestic": Band(24, 72, 240),
    "FIU": Band(24, 72, 240),
    "police": Band(24, 72, 240),
    "ARO": Band(72, 240, 1_080),
    "judicial": Band(240, 1_080, 2_160),
    "civil": Band(240, 1_080, 2_160),
    "unknown": Band(240, 1_080, 2_160),
    "EU_2018_1805": Band(96, 240, 1_080),
}


@dataclass(frozen=True, slots=True)
class ReferralSettings:
    """Assumptions and limits of a referral; every default is a neutral guess, not a measurement.

    Parameters
    ----------
    cooperation
        Chance that an authority whose channel is open holds the money when asked.
    cooperation_unknown
        The same where no channel is known to be open.
    cooperation_domestic
        The same inside the requesting jurisdiction.
    evidence
        Weight of the evidence: the chance that a court follows it.
    survival_unknown
        Share of the money that is still there when the channel acts, where the ledger does not
        show how money of that age leaves.
    delay_hours
        Hours until money is held, by kind of channel, or by channel; over the packaged ones.
    cost_minor
        Cost of one request, in minor units of the base currency.
    minimum_minor
        Expected recoverable value below which an account is watched only.
    urgent_hours
        Money that came in within these hours may still be recalled; also the wait of which the
        loss is told.
    urgent_share
        Share of the expected value lost by waiting `urgent_hours` from which a case is urgent.
    limitation
        Last day on which the offence can be prosecuted, where the user knows it.

    Raises
    ------
    ParameterError
        If a probability does not lie between 0 and 1, or an amount or time is below 0.

    Examples
    --------
    >>> ReferralSettings(cost_minor=250_000).delay("judicial", "MLA_UNCAC").middle
    1080
    """

    cooperation: Band = Band(0.1, 0.5, 0.9)
    cooperation_unknown: Band = Band(0.0, 0.25, 0.9)
    cooperation_domestic: Band = Band(0.5, 0.75, 1.0)
    evidence: Band = Band(0.2, 0.5, 0.9)
    survival_unknown: Band = Band(0.0, 0.5, 1.0)
    delay_hours: Mapping[str, Band] = field(default_factory=dict)
    cost_minor: int = 0
    minimum_minor: int = 1_000_000
    urgent_hours: int = 72
    urgent_share: float = 0.1
    limitation: date | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in _PROBABILITIES:
            band: Band = getattr(self, name)
            if band.least < 0 or band.most > 1:
                raise ParameterError(f"{name} is {band}; a probability lies between 0 and 1")
        for name in ("cost_minor", "minimum_minor", "urgent_hours", "urgent_share"):
            if getattr(self, name) < 0:
                raise ParameterError(f"{name}={getattr(self, name)} must be at least 0")
        for name, band in self.delay_hours.items():
            if band.least < 0:
                raise ParameterError(f"delay_hours of {name!r} is {band}; it is at least 0 hours")

    def delay(self, kind: str, channel: str | None) -> Band:
        """Return the hours until a channel holds money: its own, or else those of its kind."""
        known = {**_DELAYS, **self.delay_hours}
        return known.get(channel or "", known.get(kind, known["unknown"]))

    @classmethod
    def from_toml(cls, path: str | Path) -> ReferralSettings:
        """Read settings from a TOML file; a band is a list of three numbers.

        Raises
        ------
        ParameterError
            If the file cannot be read, or a key or value is not one of the settings.
        """
        try:
            values = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ParameterError(f"{path} cannot be read as TOML settings: {error}") from error
        return cls.from_mapping(values)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ReferralSettings:
        """Make settings of plain values, as a TOML file has them.

        Raises
        ------
        ParameterError
            If a key or value is not one of the settings.
        """
        known = [f.name for f in fields(cls)]
        out: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise ParameterError(
                    f"{name!r} is no setting of a referral{did_you_mean(name, known)}; it has "
                    f"{', '.join(known)}"
                )
            if name == "delay_hours" and isinstance(value, Mapping):
                out[name] = {key: _band(f"{name}.{key}", band) for key, band in value.items()}
            elif name in _PROBABILITIES:
                out[name] = _band(name, value)
            else:
                out[name] = _scalar(name, value)
        return cls(**out)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, from which `from_mapping` makes the same settings."""
        out: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Band):
                out[each.name] = _plain(value)
            elif isinstance(value, Mapping):
                out[each.name] = {key: _plain(value[key]) for key in sorted(value)}
            elif value is not None:
                out[each.name] = value
        return out


_KINDS = {date: "day like 2027-06-30", float: "share like 0.1", int: "whole number"}
_PROBABILITIES = (
    "cooperation", "cooperation_unknown", "cooperation_domestic", "evidence", "survival_unknown",
)  # fmt: skip


def _scalar(name: str, value: Any) -> Any:
    if name == "delay_hours":
        raise ParameterError(f"delay_hours={value!r} is no table of bands by kind of channel")
    kind = {"limitation": date, "urgent_share": float}.get(name, int)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ParameterError(f"{name}={value!r} is no {_KINDS[kind]}")
    return value


def _band(name: str, value: Any) -> Band:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Band(value, value, value)
    if isinstance(value, list | tuple) and len(value) == 3:
        return Band(*value)
    raise ParameterError(f"{name}={value!r} is no band; write [least, middle, most]")


def _plain(band: Band) -> list[float]:
    return [band.least, band.middle, band.most]
