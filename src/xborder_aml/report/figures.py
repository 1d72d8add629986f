"""The two pictures of a whole ledger: its corridors, and its money over time."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from xborder_aml.errors import ParameterError
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.report import _ink
from xborder_aml.report.formats import ELSEWHERE, UNKNOWN, money, money_short
from xborder_aml.schema import EVIDENCE, TRANSACTIONS

__all__ = ["corridor_heatmap", "timeline"]

_BINS = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
_MAX_BINS = 160


def corridor_heatmap(
    transactions: pl.DataFrame, evidence: pl.DataFrame, *, max_jurisdictions: int = 12
) -> go.Figure:
    """Draw base money by corridor: in findings on the left, in the whole ledger on the right.

    A transaction counts once, however many findings it is in. The jurisdictions with the most money
    in findings have a row and a column each, and the remaining ones are summed as "other".

    Parameters
    ----------
    transactions
        The transactions table.
    evidence
        The evidence table.
    max_jurisdictions
        Jurisdictions shown apart.

    Returns
    -------
    plotly.graph_objects.Figure
        Two heat maps with the same axes and the same logarithmic scale.

    Raises
    ------
    ParameterError
        If `max_jurisdictions` is below 1.
    SchemaError
        If a table is not what its name says.

    Examples
    --------
    >>> from xborder_aml.schema import EVIDENCE, TRANSACTIONS
    >>> corridor_heatmap(TRANSACTIONS.empty(), EVIDENCE.empty()).layout.title.text
    'Corridors: no transactions'
    """
    if max_jurisdictions < 1:
        raise ParameterError(f"max_jurisdictions must be at least 1, not {max_jurisdictions}")
    rows = _marked(transactions, evidence)
    if rows.is_empty():
        return _ink.blank("Corridors: no transactions")
    ends = ("originator_jurisdiction", "beneficiary_jurisdiction")
    cells = (
        rows.with_columns(pl.col(ends).cast(pl.String).fill_null(UNKNOWN))
        .group_by(ends)
        .agg(
            all=pl.col("base_minor").sum(),
            found=pl.col("base_minor").filter("is_evidence").sum(),
            n=pl.len(),
            n_found=pl.col("is_evidence").sum(),
        )
    )
    shown = _largest(cells, max_jurisdictions)
    known = [code for code in shown if code != ELSEWHERE]
    cells = (
        cells.with_columns(
            pl.when(pl.col(end).is_in(known)).then(end).otherwise(pl.lit(ELSEWHERE)).alias(end)
            for end in ends
        )
        .group_by(ends)
        .sum()
    )
    currency = rows["base_currency"][0]
    panels = make_subplots(
        1, 2, subplot_titles=("In findings", "Whole ledger"), horizontal_spacing=0.07
    )
    panels.update_layout(_ink.layout())
    amounts = [_log(v, currency) for v in pl.concat([cells["all"], cells["found"]]) if v > 0]
    scale = (min(amounts, default=0.0), max(amounts, default=1.0))
    for column, name in enumerate(("found", "all"), start=1):
        panels.add_trace(_heatmap(cells, shown, name, currency, scale), 1, column)
    size = max(34 * len(shown), 120)
    panels.update_xaxes(
        title_text="to", side="bottom", showgrid=False, tickangle=0, type="category"
    )
    panels.update_yaxes(autorange="reversed", showgrid=False, type="category")
    panels.update_yaxes(title_text="from", col=1)
    rest = "; the rest are summed as other" if ELSEWHERE in shown else ""
    return panels.update_layout(
        height=size + 170,
        margin={"l": 60, "r": 20, "t": 110, "b": 60},
        title={
            "text": f"Corridors: base money in {currency}",
            "subtitle": {
                "text": f"{len(known)} jurisdictions with the most money in findings{rest}. "
                "Colour is logarithmic and the same on both sides. An empty cell has no money."
            },
        },
    )


def timeline(transactions: pl.DataFrame, evidence: pl.DataFrame) -> go.Figure:
    """Draw the ledger's base money over time, the money in findings, and the share between them.

    A transaction counts once, however many findings it is in, on the day of its booking. Bars are
    days, weeks, months, quarters or years, the finest that makes 160 bars or fewer.

    Parameters
    ----------
    transactions
        The transactions table.
    evidence
        The evidence table.

    Returns
    -------
    plotly.graph_objects.Figure
        Money above, share below, on one time axis.

    Raises
    ------
    SchemaError
        If a table is not what its name says.

    Examples
    --------
    >>> from xborder_aml.schema import EVIDENCE, TRANSACTIONS
    >>> timeline(TRANSACTIONS.empty(), EVIDENCE.empty()).layout.title.text
    'Money over time: no transactions'
    """
    rows = _marked(transactions, evidence)
    if rows.is_empty():
        return _ink.blank("Money over time: no transactions")
    day = pl.col("executed_at").dt.date()
    first, last = rows.select(first=day.min(), last=day.max()).row(0)
    fits = (
        n for n, e in _BINS.items() if pl.date_range(first, last, e, eager=True).len() < _MAX_BINS
    )
    name = next(fits, "year")
    every = _BINS[name]
    bars = (
        rows.group_by(day.dt.truncate(every).alias("bin"))
        .agg(all=pl.col("base_minor").sum(), found=pl.col("base_minor").filter("is_evidence").sum())
        .sort("bin")
        .with_columns(share=pl.col("found") / pl.when(pl.col("all") > 0).then("all"))
    )
    currency = rows["base_currency"][0]
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.07)
    figure.update_layout(_ink.layout(barmode="overlay", bargap=0.12, hovermode="x unified"))
    for column, label, colour in (
        ("all", "all money", "#A9B4C0"),
        ("found", "money in findings", _ink.ACCENT),
    ):
        figure.add_bar(
            x=bars["bin"].to_list(), y=(bars[column] / 10 ** minor_digits(currency)).to_list(),
            name=label, marker={"color": colour, "line": {"width": 0}}, hoverinfo="text",
            hovertext=[f"{label} {money(v, currency)}" for v in bars[column]], row=1, col=1,
        )  # fmt: skip
    figure.add_bar(
        x=bars["bin"].to_list(), y=bars["share"].to_list(), name="share in findings",
        marker={"color": _ink.ACCENT, "line": {"width": 0}}, opacity=0.6, showlegend=False,
        hoverinfo="text", row=2, col=1,
        hovertext=["" if s is None else f"share in findings {s:.1%}" for s in bars["share"]],
    )  # fmt: skip
    figure.update_yaxes(title_text=currency, gridcolor=_ink.GRID, zeroline=False, row=1, col=1)
    figure.update_yaxes(
        title_text="share", tickformat=".0%", range=[0, 1.02], tickvals=[0, 0.5, 1],
        gridcolor=_ink.GRID, zeroline=False, row=2, col=1,
    )  # fmt: skip
    figure.update_xaxes(
        showgrid=False, tickformat="%Y-%m-%d" if name in ("day", "week") else "%Y-%m"
    )
    return figure.update_layout(
        height=400,
        margin={"l": 70, "r": 20, "t": 100, "b": 40},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        title={
            "text": f"Money over time: {currency} per {name}",
            "subtitle": {"text": "A transaction counts once, however many findings it is in."},
        },
    )


def _marked(transactions: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Return the transactions with a mark on those that are evidence."""
    ids = EVIDENCE.conform(evidence).select(pl.col("transaction_id").unique())
    rows = TRANSACTIONS.conform(transactions)
    return rows.with_columns(
        is_evidence=pl.col("transaction_id").is_in(ids["transaction_id"].implode())
    )


def _largest(cells: pl.DataFrame, limit: int) -> list[str]:
    """Return the jurisdictions to show, most money in findings first, and what sums the rest."""
    ranked = (
        pl.concat(
            cells.select(pl.col(end).alias("code"), "found", "all")
            for end in ("originator_jurisdiction", "beneficiary_jurisdiction")
        )
        .group_by("code")
        .sum()
        .sort(["found", "all", "code"], descending=[True, True, False])["code"]
        .to_list()
    )
    return ranked if len(ranked) <= limit else [*ranked[:limit], ELSEWHERE]


def _log(minor: int, currency: str) -> float:
    """Return log10 of an amount in whole units, at least 0."""
    return math.log10(max(minor / 10 ** minor_digits(currency), 1.0))


def _heatmap(
    cells: pl.DataFrame, shown: list[str], column: str, currency: str, scale: tuple[float, float]
) -> go.Heatmap:
    """Draw one panel: the corridors' money in `column`."""
    by_corridor = {(c[0], c[1]): c for c in cells.select(
        "originator_jurisdiction", "beneficiary_jurisdiction", "found", "all", "n_found", "n"
    ).iter_rows()}  # fmt: skip
    place = 2 if column == "found" else 3
    colour: list[list[float | None]] = []
    text: list[list[str]] = []
    hover: list[list[str]] = []
    for origin in shown:
        row = [by_corridor.get((origin, to)) for to in shown]
        colour.append([_log(c[place], currency) if c and c[place] else None for c in row])
        text.append([money_short(c[place], currency) if c and c[place] else "" for c in row])
        hover.append([_corridor(c, currency) if c else "" for c in row])
    names = ["?" if code == UNKNOWN else code for code in shown]
    return go.Heatmap(
        x=names, y=names, z=colour, text=text, texttemplate="%{text}",
        textfont={"size": 11, "color": _ink.ON_SEQUENTIAL},
        hovertext=hover, hoverinfo="text", zmin=scale[0], zmax=scale[1], xgap=2, ygap=2,
        colorscale=list(_ink.SEQUENTIAL), showscale=False, hoverongaps=False,
    )  # fmt: skip


def _corridor(cell: tuple[str, str, int, int, int, int], currency: str) -> str:
    """Tell one corridor's money and count, in findings and in all."""
    origin, to, found, everything, n_found, n = cell
    share = f" ({found / everything:.1%})" if everything > 0 else ""
    return (
        f"<b>{origin} → {to}</b><br>in findings {money(found, currency)}{share}, "
        f"{n_found:,} transactions<br>whole ledger {money(everything, currency)}, "
        f"{n:,} transactions"
    )
