"""Named ledgers: the published data sets' statistics, and economies for other purposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.sources.amlworld import RATES as AMLWORLD_RATES
from xborder_aml.synth.flows import AMLWORLD_FLOWS, FLOWS, HUB_FLOWS
from xborder_aml.synth.spec import Attempts, Bin, LabelNoise, LedgerSpec
from xborder_aml.synth.world import PLACES, Place

__all__ = ["AMLWORLD_ACTIVITY", "PRESETS", "preset"]

_AMLWORLD_PLACES = (
    Place("US", "USD", 36, 36, 20, 40.7, -74.0),
    Place("DE", "EUR", 23, 23, 12, 50.1, 8.7),
    Place("CN", "CNY", 7, 7, 4, 31.2, 121.5),
    Place("IN", "INR", 6, 6, 4, 19.1, 72.9),
    Place("CH", "CHF", 5, 5, 10, 47.4, 8.5),
    Place("GB", "GBP", 4, 4, 10, 51.5, -0.1),
    Place("JP", "JPY", 4, 4, 3, 35.7, 139.7),
    Place("RU", "RUB", 4, 4, 6, 55.8, 37.6),
    Place("CA", "CAD", 3, 3, 3, 43.7, -79.4),
    Place("AU", "AUD", 3, 3, 3, -33.9, 151.2),
    Place("MX", "MXN", 3, 3, 3, 19.4, -99.1),
    Place("IL", "ILS", 2, 2, 3, 32.1, 34.8),
    Place("BR", "BRL", 2, 2, 3, -23.5, -46.6),
    Place("SA", "SAR", 2, 2, 3, 24.7, 46.7),
)

AMLWORLD_ACTIVITY = (
    Bin(1, 4, 121), Bin(4, 10, 75), Bin(10, 50, 295), Bin(50, 100, 525), Bin(100, 250, 192),
    Bin(250, 1_000, 414), Bin(1_000, 5_000, 433), Bin(5_000, 25_000, 9),
    Bin(100_000, 250_000, 0.015),
)  # fmt: skip
"""Accounts, in thousands, by transactions a year, as AMLworld's authors publish them."""

_HI_ATTEMPTS = (
    ("fan_out", Attempts(48, 342, (50, 46, 53, 57, 71))),
    ("fan_in", Attempts(40, 318, (47, 54, 54, 62, 62))),
    ("cycle", Attempts(54, 287, (72, 50, 84, 76, 16))),
    ("random", Attempts(41, 191, (70, 44, 79, 62, 23))),
    ("bipartite", Attempts(49, 263, (72, 30, 62, 51, 62))),
    ("stack", Attempts(43, 466, (87, 31, 56, 48, 37))),
    ("scatter_gather", Attempts(44, 626, (54, 47, 64, 48, 63))),
    ("gather_scatter", Attempts(51, 716, (67, 43, 61, 42, 71), (67, 38, 55, 52, 72))),
)

_HI_SMALL = LedgerSpec(
    name="amlworld-hi-small",
    start=date(2022, 9, 1),
    days=10,
    n_accounts=515_088,
    n_transactions=5_078_345,
    base_currency="USD",
    places=_AMLWORLD_PLACES,
    rates=tuple(AMLWORLD_RATES.items()),
    flows=AMLWORLD_FLOWS,
    activity=AMLWORLD_ACTIVITY,
    quiet_flows=(("reinvestment", 0.353), ("saving", 0.2), ("withdrawal", 0.2),
                 ("purchase", 0.247)),
    quiet_forms=(("cheque", 0.62), ("ach", 0.2), ("cash", 0.18)),
    resolution="1m",
    attempts=_HI_ATTEMPTS,
    loose=1_968,
    churn=0.0,
)  # fmt: skip


def _scaled(
    attempts: tuple[tuple[str, Attempts], ...], share: float
) -> tuple[tuple[str, Attempts], ...]:
    """Return the same families with a share of the attempts."""
    return tuple(
        (
            name,
            a._replace(
                n=max(1, round(a.n * share)), n_transactions=max(1, round(a.n_transactions * share))
            ),
        )
        for name, a in attempts
    )


# LI-Small publishes its rate, not its attempts: 6,924,049 / 1,942 transactions in HI's proportions
_LI_SHARE = 6_924_049 / 1_942 / 5_177

_LIVED = (
    Bin(1, 4, 0.06), Bin(4, 10, 0.08), Bin(10, 50, 0.24), Bin(50, 100, 0.30), Bin(100, 250, 0.22),
    Bin(250, 1_000, 0.08), Bin(1_000, 8_000, 0.02),
)  # fmt: skip

_WIDER = (
    *PLACES,
    Place("AT", "EUR", 6, 6, 2, 48.2, 16.4),
    Place("BE", "EUR", 7, 7, 2, 50.8, 4.4),
    Place("BG", "EUR", 4, 3, 3, 42.7, 23.3),
    Place("ES", "EUR", 10, 9, 2, 40.4, -3.7),
    Place("FR", "EUR", 13, 12, 2, 48.9, 2.4),
    Place("IE", "EUR", 4, 6, 4, 53.3, -6.3),
    Place("IT", "EUR", 11, 10, 2, 45.5, 9.2),
    Place("LU", "EUR", 2, 4, 5, 49.6, 6.1),
    Place("MT", "EUR", 1, 2, 6, 35.9, 14.5),
    Place("PA", "USD", 1, 2, 8, 9.0, -79.5),
    Place("SC", "USD", 1, 1, 8, -4.6, 55.5),
    Place("SG", "USD", 4, 6, 6, 1.3, 103.8),
    Place("VG", "USD", 1, 1, 12, 18.4, -64.6),
)

# Euros for one unit, invented near the truth of 2025.
_EURO_RATES = (
    ("EUR", "1"), ("AED", "0.262"), ("CHF", "1.064"), ("CZK", "0.0397"), ("DKK", "0.1341"),
    ("GBP", "1.205"), ("HKD", "0.124"), ("PLN", "0.234"), ("SEK", "0.0873"), ("TRY", "0.0272"),
    ("USD", "0.963"), ("BTC", "90150.5"),
)  # fmt: skip

_TINY = LedgerSpec(
    name="tiny",
    start=date(2025, 1, 1),
    days=365,
    n_accounts=400,
    n_transactions=20_000,
    places=PLACES,
    rates=_EURO_RATES,
    flows=FLOWS,
    activity=_LIVED,
    plants=1,
    look_alikes=1,
    schemes=1,
)

PRESETS: Mapping[str, LedgerSpec] = MappingProxyType(
    {
        s.name: s
        for s in (
            _HI_SMALL,
            replace(
                _HI_SMALL,
                name="amlworld-li-small",
                n_accounts=705_907,
                n_transactions=6_924_049,
                attempts=_scaled(_HI_ATTEMPTS, _LI_SHARE),
                loose=round(1_968 * _LI_SHARE),
            ),
            replace(
                _TINY,
                name="saml-d",
                start=date(2022, 10, 7),
                days=321,
                n_accounts=855_460,
                n_transactions=9_504_852,
                activity=(
                    Bin(1, 4, 0.15), Bin(4, 10, 0.31), Bin(10, 50, 0.47), Bin(50, 250, 0.06),
                    Bin(250, 2_500, 0.01),
                ),
                plants=20,
                look_alikes=40,
                schemes=20,
                laundering_per=1 / 0.001039,
            ),
            replace(
                _TINY,
                name="fiu-national",
                days=730,
                n_accounts=20_000,
                n_transactions=2_000_000,
                places=_WIDER,
                plants=4,
                look_alikes=20,
                schemes=4,
                laundering_per=1_000.0,
                noise=LabelNoise(missed=0.4, wrong=0.3, late_days=60.0),
            ),
            replace(
                _TINY,
                name="hub-heavy",
                days=90,
                n_accounts=20_000,
                n_transactions=500_000,
                flows=HUB_FLOWS,
                activity=(*_LIVED[:-1], Bin(1_000, 8_000, 0.02), Bin(100_000, 500_000, 0.0005)),
                plants=5,
                look_alikes=10,
                schemes=5,
            ),
            _TINY,
        )
    }
)  # fmt: skip
"""Specifications by name."""


def preset(name: str) -> LedgerSpec:
    """Return the specification of a name.

    Raises
    ------
    ParameterError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> preset("tiny").days
    365
    """
    if name not in PRESETS:
        raise ParameterError(
            f"there is no preset {name!r}{did_you_mean(name, PRESETS)}; there are "
            f"{', '.join(PRESETS)}"
        )
    return PRESETS[name]
