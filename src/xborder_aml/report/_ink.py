"""The look that all figures share: no fill, so that they stand on any page, light or dark."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

__all__ = ["ACCENT", "GRID", "MUTED", "ON_SEQUENTIAL", "SEQUENTIAL", "TEXT", "blank", "layout"]

TEXT = "#1F2933"
MUTED = "#7A828C"
GRID = "rgba(122,130,140,0.25)"
ACCENT = "#B8420F"
SEQUENTIAL = ("#FFF6DF", "#FEDF9A", "#FDB863", "#EC7A2C")
"""From light to dark, so that order can be read without seeing colour; never so dark that text on
it would need another colour than `ON_SEQUENTIAL`."""
ON_SEQUENTIAL = "#1B1206"

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def layout(**more: Any) -> go.Layout:
    """Return the common layout with `more` on top."""
    common = go.Layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 12, "color": TEXT},
        title={"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 16}},
        hoverlabel={
            "align": "left",
            "bgcolor": "#12263A",
            "bordercolor": "#12263A",
            "font": {"family": _FONT, "size": 12, "color": "#FFFFFF"},
        },
        margin={"l": 60, "r": 20, "t": 70, "b": 50},
    )
    return common.update(more)


def blank(title: str) -> go.Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = go.Figure(layout=layout(height=120))
    return figure.update_layout(title_text=title, xaxis_visible=False, yaxis_visible=False)
