"""Draw cost against one thing: lines on logarithmic axes, inline SVG in the theme's colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 430, 300, 62, 118, 34, 40
_TICK = 24  # the least room of a number below an axis
_COLUMNS = 2
_MEMORY = "memory: "  # what the machine sets; the page says so, and names are short
_STYLES = {
    "ours": 'class="pay"',
    "snapml": 'class="pay cross" stroke-dasharray="7 4"',
    f"{_MEMORY}read once": 'stroke="currentColor" stroke-opacity=".5" stroke-dasharray="2 4"',
    f"{_MEMORY}a gather each": (
        'stroke="currentColor" stroke-opacity=".5" stroke-dasharray="9 3 2 3"'
    ),
}
"""By the name of a line."""


class Panel(NamedTuple):
    """One picture.

    Parameters
    ----------
    title, across
        What is shown, and the name of the horizontal axis.
    lines
        Name to (x, seconds) points; names are those of `_STYLES`.
    is_log
        Whether the horizontal axis is logarithmic; the vertical one always is.
    """

    title: str
    across: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    is_log: bool = True


def drawing(panels: Sequence[Panel]) -> str:
    """Return the panels side by side, as one picture."""
    rows = -(-len(panels) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, rows * _HEIGHT
    parts = []
    for i, panel in enumerate(panels):
        x, y = (i % _COLUMNS) * _WIDTH, (i // _COLUMNS) * _HEIGHT
        parts.append(f'<g transform="translate({x} {y})">\n{_panel(panel)}\n</g>')
    body = "\n".join(parts)
    return (
        f'<div class="sketch"><svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'font-size="12">\n<title>Seconds against one thing each</title>\n{body}\n</svg></div>\n'
    )


def _panel(panel: Panel) -> str:
    points = [p for line in panel.lines.values() for p in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    across = _axis(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT, panel.is_log)
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))
    up = _axis(low, max(high, 10 * low), _HEIGHT - _BOTTOM, _TOP, is_log=True)
    out = [f'<text x="{_LEFT}" y="20" font-weight="600">{escape(panel.title)}</text>']
    decade = low
    while decade <= max(high, 10 * low) * 1.001:
        y = up(decade)
        out.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="currentColor" stroke-opacity=".15"/>'
            f'<text class="muted" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{_seconds(decade)}</text>"
        )
        decade *= 10
    out += [
        f'<text class="muted" x="{place:.1f}" y="{_HEIGHT - _BOTTOM + 16}" '
        f'text-anchor="middle">{_short(x)}</text>'
        for place, x in _apart([(across(x), x) for x in sorted(set(xs))])
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    out.append(
        f'<text class="muted" x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">'
        f"{escape(panel.across)}</text>"
    )
    return "\n".join(out + _lines(panel, across, up))


def _lines(panel: Panel, across, up) -> list[str]:
    out, labels = [], []
    for name, line in panel.lines.items():
        style = _STYLES[name]
        places = [(across(x), up(y)) for x, y in sorted(line)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{path}" fill="none" stroke-width="2" {style}/>')
        if not name.startswith(_MEMORY):  # so that a line of one point is seen
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" {style}/>' for x, y in places]
        x, y = max(line)
        labels.append([up(y) + 4, across(x) + 6, name])
    labels.sort()
    for above, below in pairwise(labels):
        below[0] = max(below[0], above[0] + 13)  # so that names do not overlap
    out += [
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="11">{escape(name.removeprefix(_MEMORY))}</text>'
        for y, x, name in labels
    ]
    return out


def _apart(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out what would be written over its neighbour; both ends are kept."""
    out = [places[0]]
    for place, x in places[1:-1]:
        if place - out[-1][0] >= _TICK and places[-1][0] - place >= _TICK:
            out.append((place, x))
    return out + list(places[1:][-1:])


def _axis(low: float, high: float, start: float, end: float, is_log: bool):
    """Return the function from a value to its place."""
    scale = math.log10 if is_log else float
    a, b = scale(low), scale(high)
    return lambda value: start + (end - start) * ((scale(value) - a) / (b - a) if b > a else 0.5)


def _seconds(s: float) -> str:
    return f"{s:g} s" if s >= 1 else f"{s * 1e3:g} ms" if s >= 1e-3 else f"{s * 1e6:g} µs"


def _short(x: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if x >= size:
            return f"{x / size:.3g}{letter}"
    return f"{x:g}"
