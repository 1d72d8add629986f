"""Draw seconds per stage as bars: inline SVG that takes its colours from the page's theme."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_WIDTH, _LEFT, _RIGHT = 860, 170, 60
_ROW, _HEAD, _GAP = 22, 34, 16


def bars(panels: Mapping[str, Mapping[str, float]]) -> str:
    """Return a picture with one panel a ledger, each to its own scale, one bar a stage.

    Parameters
    ----------
    panels
        Title to stage to seconds, in the order of the drawing.
    """
    parts, top = [], 0
    for title, seconds in panels.items():
        parts += _panel(title, seconds, top)
        top += _HEAD + _ROW * len(seconds) + _GAP
    body = "\n".join(parts)
    return (
        f'<div class="sketch"><svg viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" role="img" '
        f'font-size="13">\n<title>Seconds of each stage</title>\n{body}\n</svg></div>\n'
    )


def _panel(title: str, seconds: Mapping[str, float], top: int) -> list[str]:
    longest = max(seconds.values())
    room = _WIDTH - _LEFT - _RIGHT
    out = [
        f'<text x="{_LEFT}" y="{top + 20}" font-weight="600">{escape(title)}: '
        f"{sum(seconds.values()):.0f} s in all</text>"
    ]
    for i, (stage, s) in enumerate(seconds.items()):
        y = top + _HEAD + _ROW * i
        width = max(1.0, room * s / longest)
        out.append(
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(stage)}</text>'
            f'<rect class="head" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_ROW - 5}"/>'
            f'<text class="muted" x="{_LEFT + width + 6:.1f}" y="{y + 13}">{_label(s)}</text>'
        )
    return out


def _label(s: float) -> str:
    return f"{s:.1f} s" if s >= 1 else f"{1_000 * s:.0f} ms"
