"""The two pictures of a referral: the money waterfall, and what each assumption moves."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions.codes import minor_digits
from xborder_aml.referral.proposal import Referral
from xborder_aml.report import _ink
from xborder_aml.report.formats import money, money_short

__all__ = ["sensitivity_figure", "waterfall_figure"]

_LOSS, _LEVEL, _LAST = "#E69F00", "#0072B2", "#009E73"
_SHORT = {
    "superseded": "claimed anew", "sunk": "cash, crypto, securities", "fees": "fees",
    "revalued": "conversions and rates", "elsewhere": "held elsewhere", "gone": "beyond balance",
    "leaves": "leaves before it is held", "unreached": "channel does not reach",
    "doubt": "weight of evidence", "cost": "cost",
}  # fmt: skip
ASSUMPTION_WORDS = {
    "tracing": "tracing rule (bounds)", "survival_unknown": "survival where unknown",
    "delay_hours": "delay of the channel", "cooperation": "co-operation",
    "evidence": "weight of evidence", "all": "all together",
}  # fmt: skip


def waterfall_figure(
    referral: Referral, case: str | None = None, *, scope: str = "all"
) -> go.Figure:
    """Draw the money from the seed value to the expected recoverable value.

    Levels are blue bars from zero, and what is lost between them hangs in orange; steps of nothing
    are left out.

    Parameters
    ----------
    referral
        What `refer` returned of a trace.
    case
        Name of the case; by default the one with most expected value.
    scope
        A jurisdiction, ``??`` for unknown, or all.

    Raises
    ------
    ParameterError
        If there is no such case or scope.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> referral = xb.refer(xb.trace(graph, {"victim": [4]}), requesting="EE")
    >>> waterfall_figure(referral).layout.title.text
    'From the seed value to what can be expected, EUR'
    """
    steps = _steps(referral, case, scope)
    currency = str(steps["base_currency"][0])
    unit = 10 ** minor_digits(currency)
    names, base, heights, paint, words = [], [], [], [], []
    for step in steps.iter_rows(named=True):
        change, value, level = step["change_minor"], step["value_minor"], step["level"]
        if step["step"] != "seeded" and change != 0:
            names.append(_SHORT[step["step"]])
            base.append((value - max(change, 0)) / unit)
            heights.append(abs(change) / unit)
            paint.append(_LOSS)
            words.append(
                ("+" if change > 0 else "\N{MINUS SIGN}") + money_short(abs(change), currency)
            )
        if level is not None:
            names.append(f"<b>{level}</b>")
            base.append(0.0)
            heights.append(value / unit)
            paint.append(_LAST if step["step"] == "cost" else _LEVEL)
            words.append(f"<b>{money_short(value, currency)}</b>")
    figure = go.Figure(layout=_ink.layout(height=70 + 30 * len(names) + 60, showlegend=False))
    figure.add_bar(
        y=list(range(len(names))), x=heights, base=base, orientation="h",
        marker={"color": paint, "line": {"width": 0}}, text=words, textposition="outside",
        cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(
        autorange="reversed", tickvals=list(range(len(names))), ticktext=names, showgrid=False,
        zeroline=False,
    )  # fmt: skip
    top = max((b + h for b, h in zip(base, heights, strict=True)), default=1.0)
    figure.update_xaxes(gridcolor=_ink.GRID, zeroline=True, zerolinecolor=_ink.GRID,
                        range=[min(0.0, *heights), top * 1.12 or 1.0])  # fmt: skip
    return figure.update_layout(
        bargap=0.25,
        margin={"l": 230, "r": 30, "t": 75, "b": 40},
        title={
            "text": f"From the seed value to what can be expected, {currency}",
            "subtitle": {"text": f"In {currency}. Blue: what is there. Orange: what is lost on "
                                 "the way. The steps sum exactly."},
        },
    )  # fmt: skip


def sensitivity_figure(referral: Referral, case: str | None = None) -> go.Figure:
    """Draw how far the expected value moves when one assumption does, and when all do.

    Parameters
    ----------
    referral
        What `refer` returned of a trace.
    case
        Name of the case; by default the one with most expected value.

    Raises
    ------
    ParameterError
        If there is no such case.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> referral = xb.refer(xb.trace(graph, {"victim": [4]}), requesting="EE")
    >>> sensitivity_figure(referral).layout.title.text
    'What the assumptions move, EUR'
    """
    rows = referral.sensitivity.filter(pl.col("case") == _case(referral, case))
    currency = str(rows["base_currency"][0])
    unit = 10 ** minor_digits(currency)
    names = [ASSUMPTION_WORDS[name] for name in rows["assumption"]]
    least, most = (rows["least_minor"] / unit).to_list(), (rows["most_minor"] / unit).to_list()
    middle = rows["expected_minor"][0] / unit
    figure = go.Figure(layout=_ink.layout(height=330, showlegend=False))
    figure.add_bar(
        y=names, base=least, x=[b - a for a, b in zip(least, most, strict=True)], orientation="h",
        marker={"color": "#56B4E9", "line": {"width": 0}}, hoverinfo="text", textposition="none",
        hovertext=[f"{money(a, currency)} to {money(b, currency)}" for a, b in
                   rows.select("least_minor", "most_minor").iter_rows()],
    )  # fmt: skip
    figure.add_vline(x=middle, line={"width": 2, "color": _ink.TEXT})
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(gridcolor=_ink.GRID, zeroline=False)
    return figure.update_layout(
        margin={"l": 190, "r": 30, "t": 75, "b": 40},
        title={
            "text": f"What the assumptions move, {currency}",
            "subtitle": {"text": f"In {currency}. Bars: the expected value with one assumption at "
                                 "the ends of its band. Line: with all in the middle."},
        },
    )  # fmt: skip


def _case(referral: Referral, case: str | None) -> str:
    names = referral.cases["case"].unique().sort().to_list()
    chosen = case if case is not None else next(iter([*referral.names, *names]), "")
    if chosen not in names:
        raise ParameterError(f"there is no case {chosen!r}{did_you_mean(chosen, names)}")
    return chosen


def _steps(referral: Referral, case: str | None, scope: str) -> pl.DataFrame:
    own = referral.waterfall.filter(pl.col("case") == _case(referral, case))
    steps = own.filter(pl.col("scope") == scope).sort("position")
    if steps.is_empty():
        known = own["scope"].unique().sort().to_list()
        raise ParameterError(
            f"the case has no scope {scope!r}{did_you_mean(scope, known)}; it has "
            f"{', '.join(known)}"
        )
    return steps
