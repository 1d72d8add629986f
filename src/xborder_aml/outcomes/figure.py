"""The picture of a register: how far money came, and how long a freeze took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.outcomes.register import OutcomeRegister
from xborder_aml.outcomes.statistics import GROUPS
from xborder_aml.report import _ink
from xborder_aml.report.formats import JURISDICTION_COLOURS, money, plotly_text, shorten

__all__ = ["outcome_figure"]

_BARS = {
    "requested": ("rgba(122,130,140,0.28)", 0.80),
    "frozen": (JURISDICTION_COLOURS[0], 0.58),
    "confiscated": (JURISDICTION_COLOURS[1], 0.36),
    "returned": (JURISDICTION_COLOURS[2], 0.16),
}
"""Colour and height of a bar: each lies within the one before it, as its money does."""
_WIDTH = 24


def outcome_figure(
    register: OutcomeRegister, *, by: str = "channel", currency: str | None = None
) -> go.Figure:
    """Draw what became of requests: money in one currency, and days until it was frozen.

    Parameters
    ----------
    register
        The register.
    by
        channel, requested (the jurisdiction) or year (of sending).
    currency
        ISO 4217 code; by default the one of most requests.

    Returns
    -------
    plotly.graph_objects.Figure
        One line a group: bars within bars, and one dot a freeze with a tick at the median.

    Raises
    ------
    ParameterError
        If `by` is another word, or nothing was asked for in the currency.
    """
    requests = register.requests
    table = register.money(by)  # which checks `by`
    if requests.is_empty():
        return _ink.blank("What became of requests: none is recorded")
    chosen = currency or requests["currency"].mode().cast(pl.String).sort()[0]
    table = table.filter(pl.col("currency").cast(pl.String) == chosen)
    if table.is_empty():
        known = requests["currency"].cast(pl.String).unique().sort()
        raise ParameterError(
            f"nothing was asked for in {chosen}; requests are in {', '.join(known)}"
        )
    table = table.sort("requested_minor", "group", descending=[False, True])
    own = requests.filter(pl.col("currency").cast(pl.String) == chosen)
    figure = make_subplots(
        cols=2, shared_yaxes=True, column_widths=[0.62, 0.38], horizontal_spacing=0.04
    )
    figure.update_layout(_ink.layout(height=190 + 62 * table.height, barmode="overlay"))
    labels = [plotly_text(shorten(group, _WIDTH)) for group in table["group"]]
    _add_bars(figure, table, labels, chosen)
    _add_days(
        figure, own.with_columns(group=GROUPS[by]), dict(zip(table["group"], labels, strict=True))
    )
    figure.update_xaxes(title_text=chosen, gridcolor=_ink.GRID, zeroline=False, col=1)
    figure.update_xaxes(
        title_text="days from sending to the first freeze", rangemode="tozero",
        gridcolor=_ink.GRID, zeroline=False, col=2,
    )  # fmt: skip
    figure.update_yaxes(showgrid=False, type="category", ticks="")
    return figure.update_layout(
        title={"text": f"What became of requests, {chosen}", "subtitle": {"text": _told(own)}},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        margin={"l": 150, "t": 120},
    )


def _told(requests: pl.DataFrame) -> str:
    n = requests.height
    refused = requests["refused_on"].count()
    waiting = requests.filter(pl.col("state").cast(pl.String).is_in(["sent", "answered"]))
    open_still = waiting["refused_on"].null_count()
    return (
        f"{n:,} {'request' if n == 1 else 'requests'}, {refused:,} refused, {open_still:,} "
        "without an outcome yet. Requests that wait are in the grey bars, and have no dot."
    )


def _add_bars(figure: go.Figure, table: pl.DataFrame, labels: list[str], currency: str) -> None:
    unit = 10 ** minor_digits(currency)
    for name, (colour, height) in _BARS.items():
        values = table[f"{name}_minor"]
        figure.add_bar(
            x=(values / unit).to_list(), y=labels, orientation="h", width=height,
            name=name, marker={"color": colour, "line": {"width": 0}},
            hovertext=[f"{name} {money(v, currency)}" for v in values], hoverinfo="y+text",
            row=1, col=1,
        )  # fmt: skip


def _add_days(figure: go.Figure, requests: pl.DataFrame, labels: Mapping[str, str]) -> None:
    frozen = requests.filter(pl.col("days_to_freeze").is_not_null())
    style: dict[str, Any] = {"mode": "markers", "row": 1, "col": 2}
    figure.add_scatter(
        x=frozen["days_to_freeze"].to_list(), y=[labels[g] for g in frozen["group"]],
        name="a freeze", marker={"color": JURISDICTION_COLOURS[0], "size": 9, "opacity": 0.55},
        hovertemplate="%{x} days<extra></extra>", showlegend=False, **style,
    )  # fmt: skip
    middle = frozen.group_by("group").agg(pl.col("days_to_freeze").median()).sort("group")
    figure.add_scatter(
        x=middle["days_to_freeze"].to_list(), y=[labels[g] for g in middle["group"]],
        name="median days", hovertemplate="median %{x} days<extra></extra>",
        marker={"symbol": "line-ns-open", "size": 26, "color": _ink.TEXT, "line": {"width": 2.5}},
        **style,
    )  # fmt: skip
