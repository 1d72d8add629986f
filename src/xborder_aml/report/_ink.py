"""The look that all figures share: no fill, so that they stand on any page, light or dark."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

__all__ = ["ACCENT", "GRID", "MUTED", "SEQUENTIAL", "TEXT", "blank", "layout"]

TEXT = "#1F2933"
MUTED = "#7A828C"
GRID = "rgba(122,130,140,0.25)"
ACCENT = "#B8420F"
SEQUENTIAL = ("#E3EDF5", "#9CC3DE", "#4A90C2", "#1F5F99", "#0B2F5C")
"""One hue from light to dark: order can be read without seeing colour."""

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def layout(**more: Any) -> go.Layout:
    """Return the common layout with `more` on top."""
    common = go.Layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 12, "color": TEXT},
        title={"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 16}},
        hoverlabel={"align": "left", "font": {"family": _FONT, "size": 12}},
        margin={"l": 60, "r": 20, "t": 70, "b": 50},
    )
    return common.update(more)


def blank(title: str) -> go.Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = go.Figure(layout=layout(height=120))
    return figure.update_layout(title_text=title, xaxis_visible=False, yaxis_visible=False)
