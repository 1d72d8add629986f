"""Corridors on a map: arrows from place to place, as wide as the money."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from xborder_aml.errors import ParameterError, SchemaError
from xborder_aml.report import _ink
from xborder_aml.report.formats import money

__all__ = ["corridor_map"]

_WIDTH, _HEIGHT = 900, 460  # nominal, pixels
_MARGIN = {"l": 8, "r": 8, "t": 70, "b": 8}
_LEAST_DEGREES = 14.0
_ROOM = 0.16
_BEND = 0.18
_STEPS = 25
_THINNEST, _WIDEST = 1.2, 9.0
_LETTER, _LINE = 8.0, 15.0  # of a label, pixels
_ASIDE = (
    ("middle right", 1.0, 0.0), ("middle left", -1.0, 0.0), ("top center", 0.0, 1.0),
    ("bottom center", 0.0, -1.0), ("top right", 1.0, 1.0), ("bottom right", 1.0, -1.0),
    ("top left", -1.0, 1.0), ("bottom left", -1.0, -1.0),
)  # fmt: skip
_NEEDED = ("origin", "destination", "base_minor")

_Point = tuple[float, float]


class _View(NamedTuple):
    """What part of the world is seen: longitudes shrink so that shapes are right in its middle."""

    shrink: float
    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def of(cls, points: list[_Point]) -> _View:
        """Return a view that holds some places, given as longitude and latitude."""
        low, high = (pick(lat for _, lat in points) for pick in (min, max))
        shrink = math.cos(math.radians((low + high) / 2))
        left, right = (pick(lon for lon, _ in points) * shrink for pick in (min, max))
        shape = (_WIDTH - _MARGIN["l"] - _MARGIN["r"]) / (_HEIGHT - _MARGIN["t"] - _MARGIN["b"])
        tall = max(high - low, (right - left) / shape, _LEAST_DEGREES) * (1 + 2 * _ROOM)
        wide = tall * shape
        middle, centre = (left + right) / 2, (low + high) / 2
        return cls(
            shrink, (middle - wide / 2, middle + wide / 2), (centre - tall / 2, centre + tall / 2)
        )

    def place(self, point: _Point) -> _Point:
        """Return where a longitude and latitude lie on the map."""
        return point[0] * self.shrink, point[1]

    def pixels(self, point: _Point) -> _Point:
        """Return where a longitude and latitude lie, in pixels from the lower left corner."""
        x, y = self.place(point)
        scale = (_WIDTH - _MARGIN["l"] - _MARGIN["r"]) / (self.x[1] - self.x[0])
        return (x - self.x[0]) * scale, (y - self.y[0]) * scale


def corridor_map(
    corridors: pl.DataFrame, base_currency: str, *, max_corridors: int = 24
) -> go.Figure:
    """Draw the corridors with most money on a map.

    An arrow's width grows with the root of its money. What stays in one jurisdiction has no arrow,
    nor has a corridor with an unknown end. A jurisdiction stands at one of its inhabited places.
    The map has coasts and no borders, so that none of its lines says to whom a territory belongs.

    Parameters
    ----------
    corridors
        Columns ``origin``, ``destination`` (ISO 3166-1 alpha-2 codes) and ``base_minor``, one row a
        corridor, as `TransactionGraph.corridors` returns.
    base_currency
        Currency of the amounts.
    max_corridors
        Arrows to draw.

    Raises
    ------
    ParameterError
        If `max_corridors` is below 1.
    SchemaError
        If a column is missing.

    References
    ----------
    Natural Earth 1:110m (public domain) for the coasts, GeoNames (CC BY 4.0) for the places.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> corridor_map(graph.corridors(), graph.base_currency).layout.title.text
    'Corridors on the map: base money in EUR'
    """
    if max_corridors < 1:
        raise ParameterError(f"max_corridors={max_corridors} must be at least 1")
    lacking = [c for c in _NEEDED if c not in corridors.columns]
    if lacking:
        raise SchemaError(
            f"corridors lacks {', '.join(lacking)} and has {', '.join(corridors.columns)}; give "
            "the table that TransactionGraph.corridors returns"
        )
    rows, hidden = _drawn(corridors, max_corridors)
    if rows.is_empty():
        return _ink.blank("Corridors on the map: no money between two known jurisdictions")
    at = {code: _places()[code] for code in sorted({*rows["origin"], *rows["destination"]})}
    view = _View.of(list(at.values()))
    figure = go.Figure(
        layout=_ink.layout(
            height=_HEIGHT, margin=_MARGIN, showlegend=False, hovermode="closest",
            title={
                "text": f"Corridors on the map: base money in {base_currency}",
                "subtitle": {"text": _told(rows, hidden)},
            },
        )
    )  # fmt: skip
    _add_land(figure, view)
    _add_arrows(figure, view, rows, at, base_currency)
    _add_places(figure, view, rows, at, base_currency)
    figure.update_xaxes(range=view.x, visible=False, fixedrange=True)
    return figure.update_yaxes(
        range=view.y, visible=False, fixedrange=True, scaleanchor="x", constrain="range"
    )


def _drawn(corridors: pl.DataFrame, most: int) -> tuple[pl.DataFrame, int]:
    """Return the corridors to draw, least money first, and how many that cross are left out."""
    rows = corridors.select(
        pl.col("origin", "destination").cast(pl.String), pl.col("base_minor").cast(pl.Int64)
    ).filter(pl.col("base_minor") > 0, pl.col("origin") != pl.col("destination"))
    known = pl.Series(list(_places())).implode()
    on_map = rows.filter(pl.col("origin").is_in(known), pl.col("destination").is_in(known))
    shown = on_map.sort(
        "base_minor", "origin", "destination", descending=[True, False, False]
    ).head(most)
    return shown.reverse(), rows.height - shown.height


def _told(rows: pl.DataFrame, hidden: int) -> str:
    n = rows.height
    told = f"The {n} corridors with most money" if hidden else f"{n} corridors"
    if n == 1:
        told = "The corridor with most money" if hidden else "1 corridor"
    rest = f"; not drawn: {hidden} more, smaller or with an unknown end" if hidden else ""
    return f"{told}{rest}. The wider, the more money. Coasts only: no line here is a border."


@cache
def _places() -> dict[str, _Point]:
    """Return longitude and latitude by jurisdiction."""
    return {code: (lon, lat) for code, lon, lat in _table("places.csv").iter_rows()}


@cache
def _table(name: str) -> pl.DataFrame:
    source = files("xborder_aml.report").joinpath(name).read_bytes()
    return pl.read_csv(source, comment_prefix="#")


def _add_land(figure: go.Figure, view: _View) -> None:
    """Add all outlines of land as one trace."""
    x: list[float | None] = []
    y: list[float | None] = []
    for _, ring in _table("land.csv").group_by("ring", maintain_order=True):
        x += [*(ring["longitude"] * view.shrink).round(2).to_list(), None]
        y += [*ring["latitude"].to_list(), None]
    figure.add_scatter(
        x=x, y=y, mode="lines", fill="toself", hoverinfo="skip",
        fillcolor="rgba(122,130,140,0.16)", line={"width": 0.8, "color": "rgba(122,130,140,0.55)"},
    )  # fmt: skip


def _add_arrows(
    figure: go.Figure, view: _View, rows: pl.DataFrame, at: dict[str, _Point], currency: str
) -> None:
    """Add one bent arrow a corridor; there and back lie on different sides."""
    most = rows["base_minor"].max()
    before = [0.0] * (_STEPS - 1)  # only the last point has a head
    for origin, destination, minor in rows.iter_rows():
        ends = (view.place(at[origin]), view.place(at[destination]))
        x, y = _bent(*(np.array(end) for end in ends)).round(3).T
        width = round(_THINNEST + (_WIDEST - _THINNEST) * math.sqrt(minor / most), 2)
        figure.add_scatter(
            x=x.tolist(), y=y.tolist(), mode="lines+markers", opacity=0.75,
            line={"width": width, "color": _ink.ACCENT},
            marker={
                "symbol": "arrow", "angleref": "previous", "color": _ink.ACCENT, "opacity": 1,
                "size": [*before, 9 + 1.8 * width], "standoff": [*before, 5.0],
            },
            hoverinfo="text", text=f"{origin} → {destination}: {money(minor, currency)}",
        )  # fmt: skip


def _bent(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of a curve that turns to the right on its way, shape (_STEPS, 2)."""
    way = end - start
    control = (start + end) / 2 + _BEND * np.array([way[1], -way[0]])
    t = np.linspace(0.0, 1.0, _STEPS)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _add_places(
    figure: go.Figure, view: _View, rows: pl.DataFrame, at: dict[str, _Point], currency: str
) -> None:
    """Add a circle a jurisdiction, its code beside it, and what comes and goes when pointed at."""
    sums = {
        side: dict(rows.group_by(side).agg(pl.sum("base_minor")).iter_rows())
        for side in ("origin", "destination")
    }
    told = [
        f"{code}: {money(sums['destination'].get(code, 0), currency)} in, "
        f"{money(sums['origin'].get(code, 0), currency)} out by the corridors drawn"
        for code in at
    ]
    x, y = zip(*(view.place(point) for point in at.values()), strict=True)
    figure.add_scatter(
        x=x, y=y, mode="markers+text", text=list(at), hoverinfo="text", hovertext=told,
        textposition=_sides({code: view.pixels(point) for code, point in at.items()}),
        textfont={"size": 12, "color": _ink.TEXT},
        marker={"size": 8, "color": _ink.TEXT, "line": {"width": 1.5, "color": "#FFFFFF"}},
    )  # fmt: skip


def _sides(at: dict[str, _Point]) -> list[str]:
    """Choose on which side of its circle each code stands, so that few lie over each other."""
    taken = [(x, y, _LINE / 2, _LINE / 2) for x, y in at.values()]  # middle and half size
    out = []
    for code, (x, y) in at.items():
        width = _LETTER * len(code) / 2
        boxes = [
            (x + dx * (width + 8), y + dy * (_LINE - 2), width, _LINE / 2) for _, dx, dy in _ASIDE
        ]
        clashes = [sum(_overlap(box, other) for other in taken) for box in boxes]
        best = clashes.index(min(clashes))
        taken.append(boxes[best])
        out.append(_ASIDE[best][0])
    return out


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Return the area that two boxes, each of a middle and half a size, have in common."""
    wide, tall = (max(0.0, a[i + 2] + b[i + 2] - abs(a[i] - b[i])) for i in (0, 1))
    return wide * tall
