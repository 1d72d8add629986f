"""The fidelity report as one HTML file that opens offline: a table, and a picture a statistic."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.synth.fidelity import Fidelity

__all__ = ["write_fidelity"]

_WIDE, _HIGH, _LEFT, _LOW = 360, 190, 38, 26
_SHOWN = 14
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --muted: #5b6570; --page: #fff; --line: #d5dce3;
  --mine: #b8420f; --theirs: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4eaf0; --muted: #a3b1bf; --page: #10161d;
  --line: #2f3c49; --mine: #f0915e; --theirs: #7ab8f5; } }
body { margin: 2rem auto; max-width: 1180px; padding: 0 1.5rem; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } p { max-width: 80ch; color: var(--muted); }
table { border-collapse: collapse; margin: 1.5rem 0; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { display: inline-block; margin: 0 1rem 1.5rem 0; } figcaption { font-size: .9rem; }
svg text { fill: var(--muted); font-size: 11px; } .mine { color: var(--mine); }
.theirs { color: var(--theirs); } .axis { stroke: var(--line); }
.no { color: var(--mine); font-weight: 600; }
"""


def write_fidelity(
    path: str | os.PathLike[str],
    *,
    title: str,
    fidelity: Fidelity | None = None,
    published: pl.DataFrame | None = None,
) -> Path:
    """Write what a ledger was compared with into one file; it appears whole or not at all.

    Parameters
    ----------
    title
        Heading.
    fidelity
        Against another ledger, as `compare_ledgers` returns it.
    published
        Against published statistics, as `check_published` returns it.
    """
    parts = [f"<h1>{escape(title)}</h1>"]
    if published is not None:
        parts.append(_published(published))
    if fidelity is not None:
        parts.append(_compared(fidelity))
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<body>{''.join(parts)}</body></html>\n"
    )
    place = Path(path)
    partial = place.with_name(f".{place.name}.partial")
    try:
        partial.write_text(page, "utf-8")
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    return place


def _number(value: float | None) -> str:
    if value is None:
        return "–"  # noqa: RUF001 - a dash for nothing
    if value and (abs(value) >= 1e7 or abs(value) < 1e-3):
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.4g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table; all columns but the first hold numbers."""
    kind = ["", *(' class="n"' for _ in head[1:])]
    cells = "".join(f"<th{k}>{h}</th>" for k, h in zip(kind, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{c}</td>" for k, c in zip(kind, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _published(check: pl.DataFrame) -> str:
    rows = []
    for statistic, published, generated, off, p, is_met in check.iter_rows():
        met = "yes" if is_met else '<span class="no">no</span>'
        rows.append([escape(statistic), _number(published), _number(generated),
                     _number(None) if off is None else f"{off:+.1%}", _number(p), met])  # fmt: skip
    n_met = int(check["is_met"].sum())
    return (
        f"<p>{n_met} of {check.height} published statistics are met: within 5 percent, or for "
        "sizes, which are counted in bins, not rejected by a chi-square test at 5 percent.</p>"
        + _table(["statistic", "published", "generated", "off by", "p-value", "met"], rows)
    )


def _compared(fidelity: Fidelity) -> str:
    rows = [
        [escape(row["statistic"]), row["measure"], f"{row['distance']:.3f}",
         f"{row['low']:.3f} to {row['high']:.3f}", _number(row["generated"]),
         _number(row["reference"])]
        for row in fidelity.table.iter_rows(named=True)
    ]  # fmt: skip
    head = ["statistic", "measure", "distance", "95 % interval", "generated", "reference"]
    told = (
        "<p>A distance is 0 where two ledgers are alike and at most 1. <b>ks</b>: the largest "
        "difference of two cumulative distributions (their medians are shown). <b>tv</b>: half the "
        "sum of the differences of shares (the largest share is shown). Intervals come from "
        "resampling, and take transactions for independent.</p>"
        '<p>Pictures: <b class="mine">generated</b>, <b class="theirs">reference</b>.</p>'
    )
    a, b = fidelity.generated, fidelity.reference
    pictures = [_curves(n, a.samples[n], b.samples[n]) for n in a.samples if n in b.samples]
    pictures += [_bars(n, a.counts[n], b.counts[n]) for n in a.counts if n in b.counts]
    return told + _table(head, rows) + "".join(pictures)


def _figure(name: str, inner: str) -> str:
    return (
        f"<figure><figcaption>{escape(name)}</figcaption>"
        f'<svg role="img" aria-label="{escape(name)}" width="{_WIDE}" height="{_HIGH}" '
        f'viewBox="0 0 {_WIDE} {_HIGH}">{inner}</svg></figure>'
    )


def _curves(name: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> str:
    """Draw two cumulative distributions over a logarithmic axis."""
    least = min((float(x[x > 0].min()) for x in (a, b) if (x > 0).any()), default=1.0)
    most = max(float(a.max()), float(b.max()), least * 1.01)
    low, high = np.floor(np.log10(least)), np.ceil(np.log10(most) + 1e-9)
    width, height = _WIDE - _LEFT - 22, _HIGH - _LOW - 8

    def x_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
        shown = np.log10(np.maximum(values, least))
        return np.asarray(_LEFT + width * (shown - low) / max(high - low, 1))

    out = []
    for step in range(int(low), int(high) + 1):
        x = float(x_of(np.array([10.0**step]))[0]) if 10.0**step >= least else float(_LEFT)
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{8 + height}"/>')
        label = f"{10**step:g}" if -3 <= step <= 4 else f"1e{step}"
        out.append(f'<text x="{x:.1f}" y="{_HIGH - 8}" text-anchor="middle">{label}</text>')
    for share in (0, 0.5, 1):
        y = 8 + height * (1 - share)
        out.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share:g}</text>')
    for kind, values in (("theirs", b), ("mine", a)):
        nth = np.unique(np.linspace(0, values.size - 1, 200).astype(np.int64))
        across, down = x_of(values[nth]), 8 + height * (1 - (nth + 1) / values.size)
        points = " ".join(f"{i:.1f},{j:.1f}" for i, j in zip(across, down, strict=True))
        out.append(
            f'<polyline class="{kind}" fill="none" stroke="currentColor" stroke-width="1.8" '
            f'points="{points}"/>'
        )
    return _figure(name, "".join(out))


def _bars(name: str, a: Mapping[str, int], b: Mapping[str, int]) -> str:
    """Draw shares side by side: all, or the largest."""
    total = [sum(c.values()) for c in (a, b)]
    shares = {k: (a.get(k, 0) / total[0], b.get(k, 0) / total[1]) for k in dict.fromkeys([*a, *b])}
    numbers = all(k.isdecimal() for k in shares)
    keys = sorted(shares, key=int) if numbers else sorted(shares, key=lambda k: -max(shares[k]))
    keys = keys if numbers else keys[:_SHOWN]
    most = max(max(shares[k]) for k in keys)
    step = (_WIDE - _LEFT - 8) / len(keys)
    height = _HIGH - _LOW - 8
    out = [f'<text x="{_LEFT - 6}" y="16" text-anchor="end">{most:.2g}</text>']
    every = max(1, round(34 / step))
    for i, key in enumerate(keys):
        x = _LEFT + i * step
        for j, kind in enumerate(("mine", "theirs")):
            bar = height * shares[key][j] / most
            out.append(
                f'<rect class="{kind}" fill="currentColor" x="{x + j * step * 0.42:.1f}" '
                f'y="{8 + height - bar:.1f}" width="{step * 0.4:.1f}" height="{bar:.1f}"/>'
            )
        if i % every == 0:
            out.append(
                f'<text x="{x + step * 0.42:.1f}" y="{_HIGH - 8}" text-anchor="middle">'
                f"{escape(key)}</text>"
            )
    return _figure(name, "".join(out))
