"""The flow picture of a case: who paid whom, when, and how much.

Drawn like a sequence diagram. Accounts are lanes, grouped by jurisdiction, senders above receivers.
Time runs to the right, and every arrow stands in a place of its own, in the ledger's order: on a
plain time axis the hours in which money is passed on would fall on one another, and the idle weeks
between them would fill the picture. The axis names the days and the time that lies between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import plotly.graph_objects as go
import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.report import _ink
from xborder_aml.report.formats import (
    ELSEWHERE,
    UNKNOWN,
    colours,
    money,
    money_short,
    plotly_text,
    shorten,
)
from xborder_aml.report.lanes import LABEL_PX, PLOT_PX, Flow, lay_out

__all__ = ["flow_figure"]

_LANE_PX = 30
_WIDEST_PX, _THINNEST_PX, _HEAD_PX = 20.0, 1.5, 9.0
_HEAD_LANES = 0.34  # length of an arrow's head, in lanes
_IDS = 8


def flow_figure(
    transactions: pl.DataFrame,
    *,
    focus: str | None = None,
    holders: Mapping[str, str] | None = None,
    palette: Mapping[str, str] | None = None,
    max_arrows: int = 160,
    max_lanes: int = 20,
    width: int = PLOT_PX,
) -> go.Figure:
    """Draw who paid whom, in time order, with width by money and colour by jurisdiction.

    A shaft has the colour of the paying account's jurisdiction, a head that of the receiving one.
    Nothing is left out: a case with more than `max_arrows` transactions is summed per pair of lanes
    and day, or else week, month, quarter or year, whichever is the finest that fits; with more than
    `max_lanes` accounts, or with fewer where only years would fit, those with the least money share
    a lane with others of their jurisdiction.
    The subtitle says which of these was done.

    Parameters
    ----------
    transactions
        Rows of the transactions table that make the case.
    focus
        Account that the case is about; its lane is kept and emphasised.
    holders
        Names by account, shown beside the account's key.
    palette
        Colours by jurisdiction, so that several pictures agree; the others are grey. Without it,
        the jurisdictions with the most money in this case have a colour each.
    max_arrows
        Transactions above which the picture sums them.
    max_lanes
        Accounts above which the smallest share a lane.
    width
        Pixels that the picture is likely to have beside the names of the lanes: dates are left out
        where they would overlap.

    Returns
    -------
    plotly.graph_objects.Figure
        One picture, with each transaction's id, time and amounts under the pointer.

    Raises
    ------
    ParameterError
        If a limit is below 1, or `focus` takes no part in the transactions.
    SchemaError
        If `transactions` is not a transactions table.

    Examples
    --------
    >>> from xborder_aml.schema import TRANSACTIONS
    >>> flow_figure(TRANSACTIONS.empty()).layout.title.text
    'Flow of money: no transactions'
    """
    if min(max_arrows, max_lanes) < 1:
        raise ParameterError(
            f"max_arrows and max_lanes must be at least 1, not {max_arrows} and {max_lanes}"
        )
    if transactions.is_empty():
        return _ink.blank("Flow of money: no transactions")
    flow = lay_out(transactions, focus, max_arrows, max_lanes, width)
    if focus is not None and not flow.lanes["is_focus"].any():
        known = flow.lanes["account"].explode().to_list()
        raise ParameterError(
            f"account {focus!r} takes no part in these {transactions.height} transactions"
            f"{did_you_mean(focus, known)}"
        )
    codes = flow.lanes.group_by("jurisdiction").agg(pl.col("volume").sum())
    codes = codes.sort("volume", "jurisdiction", descending=[True, False])
    paint = colours(codes["jurisdiction"].to_list(), palette)
    figure = go.Figure(layout=_ink.layout(showlegend=False, hovermode="closest"))
    _draw_lanes(figure, flow, paint)
    _draw_arrows(figure, flow, paint, holders or {})
    _draw_axes(figure, flow, paint, holders or {})
    _write_title(figure, flow, focus)
    return figure


def _extent(flow: Flow) -> tuple[float, float]:
    """Return the ends of the horizontal axis; a few arrows are not blown up to its whole width."""
    return -1.0, max(float(flow.arrows["x"][-1]) + 1.0, 8.0)


def _largest(flow: Flow) -> int:
    """Return the money of the widest arrow, at least 1."""
    return int(max(1, *flow.arrows["base_minor"].to_list()))


def _draw_lanes(figure: go.Figure, flow: Flow, paint: Mapping[str, str]) -> None:
    """Draw a tinted band for each jurisdiction, a line for each lane, a rule between columns."""
    left, right = _extent(flow)
    shapes: list[dict[str, Any]] = []
    for lane in flow.lanes.iter_rows(named=True):
        y, colour, is_focus = lane["y"], paint[lane["jurisdiction"]], lane["is_focus"]
        band = {"xref": "paper", "x0": 0, "x1": 1, "y0": y - 0.5, "y1": y + 0.5}
        tint = {"fillcolor": colour, "opacity": 0.16 if is_focus else 0.07, "line": {"width": 0}}
        shapes.append({"type": "rect", **band, **tint})
        line = {"color": colour, "width": 2 if is_focus else 0.75}
        ends = {"x0": left, "x1": right, "y0": y, "y1": y}
        shapes.append({"type": "line", **ends, "line": line, "opacity": 0.8})
    columns = (
        flow.arrows.group_by("period")
        .agg(first=pl.col("x").min(), last=pl.col("x").max())
        .sort("period")
    )
    rule = {"color": _ink.MUTED, "width": 0.75, "dash": "dot"}
    for last, first in zip(columns["last"][:-1], columns["first"][1:], strict=True):
        x = (last + first) / 2
        shapes.append({"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
                       "line": rule})  # fmt: skip
    # All at once: plotly checks every shape again each time that one is added.
    figure.update_layout(shapes=[{"layer": "below", **shape} for shape in shapes])


def _draw_arrows(
    figure: go.Figure, flow: Flow, paint: Mapping[str, str], holders: Mapping[str, str]
) -> None:
    """Draw the shafts, the heads, the payments of a lane to itself, and what the pointer tells."""
    left, right = _extent(flow)
    pixel = (right - left) / flow.width
    widest, largest = min(_WIDEST_PX * pixel, 0.7), _largest(flow)
    shafts: dict[str, list[tuple[float, float] | tuple[None, None]]] = {c: [] for c in paint}
    heads: dict[str, list[tuple[float, float] | tuple[None, None]]] = {c: [] for c in paint}
    notes: list[tuple[float, float, str]] = []
    for arrow in flow.arrows.iter_rows(named=True):
        x, y0, y1 = arrow["x"], arrow["from_y"], arrow["to_y"]
        half = max(_THINNEST_PX * pixel, widest * max(arrow["base_minor"], 0) / largest) / 2
        wing = min(half + _HEAD_PX / 2 * pixel, 0.5)
        told = _hover(arrow, flow, holders)
        if y0 == y1:
            diamond = [(x - wing, y0), (x, y0 - 0.3), (x + wing, y0), (x, y0 + 0.3)]
            heads[arrow["to_jurisdiction"]] += [*diamond, diamond[0], (None, None)]
            notes.append((x, y0, told))
            continue
        neck = y1 - _HEAD_LANES if y1 > y0 else y1 + _HEAD_LANES
        box = [(x - half, y0), (x + half, y0), (x + half, neck), (x - half, neck)]
        shafts[arrow["from_jurisdiction"]] += [*box, box[0], (None, None)]
        tip = [(x - wing, neck), (x + wing, neck), (x, y1)]
        heads[arrow["to_jurisdiction"]] += [*tip, tip[0], (None, None)]
        # One point a lane, so that the pointer finds the arrow anywhere on its way.
        stops = range(min(y0, y1), max(y0, y1) + 1)
        notes += [(x, y, told) for y in stops]
    for jurisdiction, colour in paint.items():
        for outlines in (shafts[jurisdiction], heads[jurisdiction]):
            _add_outlines(figure, outlines, jurisdiction, colour)
    starts = flow.arrows.filter(pl.col("from_y") != pl.col("to_y"))
    figure.add_scatter(
        x=starts["x"].to_list(), y=starts["from_y"].to_list(), mode="markers", hoverinfo="skip",
        marker={"size": 6, "color": [paint[c] for c in starts["from_jurisdiction"]]},
    )  # fmt: skip
    figure.add_scatter(
        x=[n[0] for n in notes], y=[n[1] for n in notes], hovertext=[n[2] for n in notes],
        mode="markers", marker={"size": 16, "opacity": 0},
        hoverinfo="text", name="transactions",
    )  # fmt: skip


def _add_outlines(
    figure: go.Figure, outlines: Iterable[tuple[Any, Any]], name: str, colour: str
) -> None:
    """Add filled outlines of one colour as one trace; a pair of nulls parts two of them."""
    points = list(outlines)
    if points:
        figure.add_scatter(
            x=[p[0] for p in points], y=[p[1] for p in points], mode="lines", fill="toself",
            fillcolor=colour, line={"width": 0}, opacity=0.85, hoverinfo="skip", name=name,
        )  # fmt: skip


def _hover(arrow: Mapping[str, Any], flow: Flow, holders: Mapping[str, str]) -> str:
    """Tell one arrow: the transaction that it is, or those that it sums."""
    ids, currency = arrow["transaction_ids"], arrow["base_currency"]
    if len(ids) == 1:
        rated = None if arrow["n_unrated"] else arrow["base_minor"]
        ends = [_name(arrow[side], holders, 60) for side in ("originator", "beneficiary")]
        return (
            f"<b>Transaction {ids[0]}</b> · {arrow['first']}<br>"
            f"{ends[0]} ({arrow['from_jurisdiction']})<br>→ {ends[1]} ({arrow['to_jurisdiction']})"
            f"<br>sent {money(arrow['sent_minor'], arrow['sent_currency'])}"
            f"<br>received {money(arrow['received_minor'], arrow['received_currency'])}"
            f"<br>base {money(rated, currency)}"
        )
    lanes = flow.lanes.row(arrow["from_y"], named=True), flow.lanes.row(arrow["to_y"], named=True)
    more = f" and {len(ids) - _IDS} more" if len(ids) > _IDS else ""
    unrated = f", {arrow['n_unrated']} without a rate" if arrow["n_unrated"] else ""
    return (
        f"<b>{len(ids)} transactions</b> · {arrow['first']} to {arrow['last']}<br>"
        f"{_lane_name(lanes[0], holders, 60)}<br>→ {_lane_name(lanes[1], holders, 60)}"
        f"<br>base {money(arrow['base_minor'], currency)}{unrated}"
        f"<br>ids {', '.join(map(str, ids[:_IDS]))}{more}"
    )


def _name(account: str, holders: Mapping[str, str], width: int) -> str:
    """Write an account with its holder."""
    holder = holders.get(account)
    key = plotly_text(shorten(account, width if holder is None else min(width, 22)))
    return key if holder is None else f"{key} · {plotly_text(shorten(holder, width - 8))}"


def _lane_name(lane: Mapping[str, Any], holders: Mapping[str, str], width: int) -> str:
    """Write what a lane stands for."""
    if lane["is_pooled"]:
        where = "elsewhere" if lane["jurisdiction"] == ELSEWHERE else f"in {lane['jurisdiction']}"
        return f"{len(lane['account']):,} other accounts {where}"
    return _name(lane["account"][0], holders, width)


def _draw_axes(
    figure: go.Figure, flow: Flow, paint: Mapping[str, str], holders: Mapping[str, str]
) -> None:
    """Name the lanes on the left and the days, with the time between them, along the top."""
    labels = []
    for lane in flow.lanes.iter_rows(named=True):
        code = lane["jurisdiction"]
        name = _lane_name(lane, holders, 32)
        shown = f"<b>{name}</b>" if lane["is_focus"] else name
        labels.append(
            f"{shown}  <b>{'?' if code == UNKNOWN else code}</b> "
            f'<span style="color:{paint[code]}">■</span>'
        )
    columns = flow.arrows.group_by("period").agg(pl.col("x").mean()).sort("period")
    left, right = _extent(flow)
    least = LABEL_PX * (right - left) / flow.width
    ticks: list[tuple[float, str]] = []
    before: date | None = None
    for day, x in columns.iter_rows():
        gap = f"+{(day - before).days} d" if before and flow.step in ("transaction", "day") else ""
        if not ticks or x - ticks[-1][0] >= least * 0.99:
            ticks.append((x, f"{_tick(day, flow.step)}<br>{gap}"))
        before = day
    figure.update_xaxes(
        range=[left, right], tickvals=[t[0] for t in ticks], ticktext=[t[1] for t in ticks],
        tickfont={"size": 11},
        side="top", showgrid=False, zeroline=False, ticks="", tickangle=0,
    )  # fmt: skip
    figure.update_yaxes(
        range=[flow.lanes.height - 0.5, -0.5], tickvals=flow.lanes["y"].to_list(),
        ticktext=labels, showgrid=False, zeroline=False, automargin=True,
    )  # fmt: skip


def _tick(day: date, step: str) -> str:
    """Write the day, week, month, quarter or year at which a column begins."""
    if step == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    shown = {"year": "%Y", "month": "%Y-%m"}.get(step, "%Y-%m-%d")  # a week by its Monday
    return day.strftime(shown)


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _write_title(figure: go.Figure, flow: Flow, focus: str | None) -> None:
    """Say what is drawn, and by which rule it was summed."""
    arrows, lanes = flow.arrows, flow.lanes
    n = int(arrows["transaction_ids"].list.len().sum())
    currency, largest = arrows["base_currency"][0], _largest(flow)
    kind = "is one transaction" if flow.step == "transaction" else f"sums a pair's {flow.step}"
    rules = [
        f"{_counted(n, 'transaction')} as {_counted(arrows.height, 'arrow')}: each {kind}",
        f"widest {money_short(largest, currency)} {currency}",
    ]
    pooled = lanes.filter("is_pooled")
    if not pooled.is_empty():
        n_pooled = int(pooled["account"].list.len().sum())
        n_own = lanes.height - pooled.height
        together = ", the smallest ones together" if ELSEWHERE in lanes["jurisdiction"] else ""
        rules.append(
            f"{n_own:,} accounts with the most money have a lane each, {n_pooled:,} others "
            f"share one per jurisdiction{together}"
        )
    about = f" around {plotly_text(shorten(focus, 40))}" if focus else ""
    figure.update_layout(
        height=140 + _LANE_PX * lanes.height,
        margin={"l": 20, "r": 10, "t": 125, "b": 15},
        title={"text": f"Flow of money{about}", "subtitle": {"text": "; ".join(rules) + "."}},
    )
