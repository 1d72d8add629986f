"""The two pictures of a trace: how long claimed money stays, and where it was when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import plotly.graph_objects as go
import polars as pl

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.report import _ink
from xborder_aml.report.formats import (
    JURISDICTION_COLOURS,
    OTHER_COLOUR,
    money,
    plotly_text,
    shorten,
)
from xborder_aml.tracing import RULE_WORDS, Traced

__all__ = ["survival_figure", "value_figure"]

_DAY = 86_400
_MARKS = ((1, "24 h"), (3, "72 h"), (10, "10 d"), (45, "45 d"))
_WIDTH = 26


def survival_figure(
    traced: Traced, *, days: int = 90, currencies: Collection[str] | None = None
) -> go.Figure:
    """Draw the share of claimed money that stays in an account for longer than a time.

    Parameters
    ----------
    traced
        What `trace` returned.
    days
        Where the axis ends.
    currencies
        Currencies to draw; by default all.

    Returns
    -------
    plotly.graph_objects.Figure
        One curve a currency; dotted lines mark 24 hours, 72 hours, 10 and 45 days.

    Raises
    ------
    ParameterError
        If `days` is below 1.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> survival_figure(xb.trace(graph, [4])).layout.title.text
    'How long money stays in an account'
    """
    if days < 1:
        raise ParameterError(f"days={days} must be at least 1")
    table = traced.survival
    if currencies is not None:
        table = table.filter(pl.col("currency").cast(pl.String).is_in(list(currencies)))
    title = "How long money stays in an account"
    if table.is_empty():
        return _ink.blank(f"{title}: no claimed money has left one")
    figure = go.Figure(layout=_ink.layout(height=380, hovermode="x unified"))
    for i, currency in enumerate(table["currency"].unique().sort()):
        own = table.filter(pl.col("currency") == currency)
        figure.add_scatter(
            x=[0.0, *(own["after_s"] / _DAY).to_list()],
            y=[1.0, *own["survival"].to_list()],
            mode="lines", name=str(currency),
            line={"shape": "hv", "width": 2.5, "color": _colour(i)},
            hovertemplate="%{y:.1%}",
        )  # fmt: skip
    for day, label in _MARKS:
        if day <= days:
            figure.add_vline(
                x=day, line={"dash": "dot", "width": 1, "color": _ink.MUTED},
                annotation={"text": label, "font": {"size": 11, "color": _ink.MUTED},
                            "textangle": -90, "xshift": -2, "yanchor": "bottom", "y": 0.02},
            )  # fmt: skip
    figure.update_xaxes(
        title_text="days since it came in", range=[0, days], showgrid=False, zeroline=False
    )
    figure.update_yaxes(
        title_text="share still there", range=[0, 1.02], tickformat=".0%", gridcolor=_ink.GRID,
        zeroline=False,
    )  # fmt: skip
    return figure.update_layout(
        showlegend=table["currency"].n_unique() > 1,
        margin={"t": 110, "b": 65},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        title={
            "text": title,
            "subtitle": {
                "text": f"Weighted by value, {_rule(traced)}. Accounts that the ledger shows no "
                "payment of are left out."
            },
        },
    )


def value_figure(traced: Traced, *, currency: str | None = None, most: int = 8) -> go.Figure:
    """Draw the claimed money in each account over time, of all claims together.

    Parameters
    ----------
    traced
        What `trace` returned.
    currency
        ISO 4217 code; by default the one in which most transactions moved claimed money.
    most
        Accounts shown apart, those that held most at any time; the rest are summed as "other".

    Returns
    -------
    plotly.graph_objects.Figure
        Stacked areas that change at each transaction.

    Raises
    ------
    ParameterError
        If `most` is below 1, or no claimed money was in the currency.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> value_figure(xb.trace(graph, [4])).layout.title.text
    'Where the money was, EUR'
    """
    if most < 1:
        raise ParameterError(f"most={most} must be at least 1")
    values = traced.values
    if values.is_empty():
        return _ink.blank("Where the money was: no value is attributed")
    counts = values.group_by("currency").len().sort("len", "currency", descending=[True, False])
    known = counts["currency"].to_list()
    chosen = known[0] if currency is None else currency
    if chosen not in known:
        raise ParameterError(
            f"no claimed money was in {chosen}; it was in {', '.join(map(str, known))}"
        )
    table = _by_account(values.filter(pl.col("currency") == chosen), most)
    at = table["executed_at"].unique().sort()
    # the last step is drawn on to the end of the trace
    at = pl.concat([at, pl.Series([max(at[-1] + timedelta(days=1), traced.ended_at)])])
    figure = go.Figure(layout=_ink.layout(height=440, hovermode="x unified"))
    unit = 10 ** minor_digits(chosen)
    names = table["shown"].unique(maintain_order=True).to_list()
    names = [n for n in names if n != "other"] + [n for n in names if n == "other"]
    for i, name in enumerate(names):
        own = table.filter(pl.col("shown") == name).select("executed_at", "value")
        line = at.to_frame("executed_at").join_asof(own, on="executed_at")["value"].fill_null(0)
        figure.add_scatter(
            x=at.to_list(), y=(line / unit).to_list(), stackgroup="all", mode="lines",
            name=plotly_text(shorten(name, _WIDTH)),
            line={"shape": "hv", "width": 0.5, "color": _colour(i, name)},
            hovertext=[money(v, chosen) for v in line], hoverinfo="name+text",
        )  # fmt: skip
    figure.update_xaxes(showgrid=False, tickformat="%Y-%m-%d")
    figure.update_yaxes(title_text=chosen, gridcolor=_ink.GRID, zeroline=False)
    return figure.update_layout(
        showlegend=True,
        margin={"l": 70, "t": 80},
        legend={"traceorder": "normal", "font": {"size": 11}},
        title={
            "text": f"Where the money was, {chosen}",
            "subtitle": {"text": f"Claimed money by account, {_rule(traced)}."},
        },
    )


def _by_account(values: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return the value after each time, of the accounts shown apart and of the rest."""
    place = ["claim", "account"]
    peak = (
        values.group_by("account")
        .agg(pl.max("value_minor"))
        .sort("value_minor", "account", descending=[True, False])
    )
    apart = peak["account"].head(most).to_list()
    shown = pl.when(pl.col("account").is_in(apart)).then("account").otherwise(pl.lit("other"))
    return (
        values.sort("executed_at", *place, maintain_order=True)
        .with_columns(shown=shown)
        .with_columns(value=pl.col("change_minor").cum_sum().over("shown"))
        .group_by("shown", "executed_at", maintain_order=True)
        .agg(pl.last("value"))
        .sort("executed_at")
    )


def _rule(traced: Traced) -> str:
    return RULE_WORDS.get(traced.rule, traced.rule)


def _colour(i: int, name: str = "") -> str:
    if name == "other" or i >= len(JURISDICTION_COLOURS):
        return OTHER_COLOUR
    return JURISDICTION_COLOURS[i]
