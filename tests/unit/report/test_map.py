"""Corridors on the map: who gets an arrow, how wide, and what is told of the others."""

from __future__ import annotations

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.jurisdictions.codes import JURISDICTIONS
from xborder_aml.report.map import _places, _sides, _table, _View

UNINHABITED = {"BV", "HM", "IO", "UM"}


def corridors(*rows: tuple[str | None, str | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={"origin": pl.String, "destination": pl.String, "base_minor": pl.Int64},
        orient="row",
    )


def arrows(figure: object) -> dict[str, float]:
    """Return the width of each arrow by what is told when it is pointed at."""
    return {t.text: t.line.width for t in figure.data if t.mode == "lines+markers"}


def test_money_that_crosses_has_an_arrow_as_wide_as_its_root() -> None:
    figure = xb.corridor_map(
        corridors(("EE", "LV", 400), ("LV", "EE", 100), ("EE", "EE", 999), ("??", "GB", 7)), "EUR"
    )
    wide = arrows(figure)
    assert set(wide) == {"EE → LV: 4.00 EUR", "LV → EE: 1.00 EUR"}
    thin, thick = wide["LV → EE: 1.00 EUR"], wide["EE → LV: 4.00 EUR"]
    assert (thin - 1.2) / (thick - 1.2) == pytest.approx(0.5)
    assert "1 more, smaller or with an unknown end" in figure.layout.title.subtitle.text


def test_the_corridors_with_most_money_are_drawn_the_largest_on_top() -> None:
    rows = [("EE", to, n) for n, to in enumerate(("LV", "LT", "FI", "SE"), start=1)]
    figure = xb.corridor_map(corridors(*rows), "EUR", max_corridors=2)
    assert list(arrows(figure)) == ["EE → FI: 0.03 EUR", "EE → SE: 0.04 EUR"]
    assert "2 more" in figure.layout.title.subtitle.text


def test_there_and_back_lie_on_different_sides() -> None:
    figure = xb.corridor_map(corridors(("EE", "LV", 1), ("LV", "EE", 1)), "EUR")
    there, back = (t for t in figure.data if t.mode == "lines+markers")
    assert (there.x[0], there.y[0]) == (back.x[-1], back.y[-1])
    middle = len(there.x) // 2
    assert (there.x[middle], there.y[middle]) != (back.x[middle], back.y[middle])


def test_all_places_are_in_view_and_every_jurisdiction_but_the_uninhabited_has_one() -> None:
    assert set(JURISDICTIONS) - set(_places()) == UNINHABITED
    points = list(_places().values())
    view = _View.of(points)
    for x, y in map(view.place, points):
        assert view.x[0] < x < view.x[1]
        assert view.y[0] < y < view.y[1]


def test_outlines_close() -> None:
    rings = [ring for _, ring in _table("land.csv").group_by("ring", maintain_order=True)]
    assert len(rings) > 100
    for ring in rings:
        assert ring.row(0) == ring.row(-1)


def test_codes_stand_apart_where_there_is_room() -> None:
    at = {"AA": (0.0, 0.0), "BB": (20.0, 0.0), "CC": (200.0, 0.0), "DD": (10.0, 20.0)}
    sides = _sides(at)
    assert sides[0] != "middle right"  # where BB's circle is
    assert sides[2] == "middle right"


def test_nothing_to_draw_is_said() -> None:
    figure = xb.corridor_map(corridors(("EE", "EE", 5), (None, "LV", 5), ("EE", "LV", None)), "EUR")
    assert "no money between two known jurisdictions" in figure.layout.title.text


def test_what_it_refuses() -> None:
    with pytest.raises(xb.ParameterError, match="max_corridors=0 must be at least 1"):
        xb.corridor_map(corridors(), "EUR", max_corridors=0)
    with pytest.raises(xb.SchemaError, match=r"lacks base_minor and has origin, destination"):
        xb.corridor_map(corridors().drop("base_minor"), "EUR")
