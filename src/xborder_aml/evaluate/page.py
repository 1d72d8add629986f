"""The leaderboard as one HTML file that opens offline and carries all that it shows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from xborder_aml.evaluate.dataset import VARIANTS
from xborder_aml.evaluate.leaderboard import (
    IDLE_BUDGET,
    NOTES,
    Board,
    chance_text,
    giveaways,
    leaderboard,
    main_metric,
)
from xborder_aml.evaluate.measure import METRICS
from xborder_aml.evaluate.results import Results
from xborder_aml.evaluate.tasks import TASKS

__all__ = ["render_leaderboard", "write_leaderboard"]

WORDS = {
    "average_precision": "average precision",
    "f1_at_validation": "F1",
    "precision_at_budget": "precision in budget",
    "recall_at_budget": "recall in budget",
    "money_at_budget": "money in budget",
    "recall_at_fpr": "recall at 1% false",
    "window_overlap": "overlap",
    "window_precision": "precision of days",
    "window_recall": "recall of days",
}
"""Short names of the metrics on a board."""

_LEFT, _WIDTH, _RIGHT, _TOP, _STEP = 150, 520, 60, 14, 26


def write_leaderboard(results: Results, path: str | os.PathLike[str]) -> Path:
    """Write the leaderboard page; it is whole or absent.

    The same results give the same bytes.

    Parameters
    ----------
    path
        The file to write; an existing one is replaced.

    Returns
    -------
    pathlib.Path
        The file written.
    """
    target = Path(path)
    aside = target.with_name(f".{target.name}.partial")
    try:
        aside.write_text(render_leaderboard(results), encoding="utf-8", newline="\n")
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    return target


def render_leaderboard(results: Results) -> str:
    """Return the page that `write_leaderboard` writes."""
    environment = Environment(
        loader=PackageLoader("xborder_aml.evaluate"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    boards = leaderboard(results)
    return environment.get_template("leaderboard.html.jinja").render(
        manifest=results.manifest,
        datasets=[_dataset(results, d, boards) for d in results.manifest["datasets"]],
        words=WORDS,
        metrics=METRICS,
        shown=list(dict.fromkeys(m for b in boards for m in b.metrics)),
        notes=NOTES,
        idle_budget=IDLE_BUDGET,
        tasks=TASKS,
        variants=VARIANTS,
        number=_number,
        chance=chance_text,
    )


def _dataset(results: Results, told: Mapping[str, Any], boards: list[Board]) -> dict[str, Any]:
    """Return all that the page says of one dataset."""
    name = told["name"]

    def mine(kind: str) -> list[Mapping[str, Any]]:
        return [r for r in results.of(kind) if r["dataset"] == name]

    own = [b for b in boards if b.dataset == name]
    return {
        **told,
        "giveaways": giveaways(results, name),
        "splits": mine("split"),
        "skipped": mine("skipped"),
        "caught": {r.method: r.caught for b in own for r in b.rows if r.caught},
        "is_checked": any(b.is_checked for b in own),
        "boards": [
            {
                "board": b,
                "figure": _forest(b),
                "typologies": sorted({t for r in b.rows for t in r.by_typology}),
                "variants": [*b.rows[0].variants],
                "main": main_metric(b.task),
            }
            for b in own
        ],
    }


def _forest(board: Board) -> dict[str, Any]:
    """Return where the dots, intervals and lines of a board's picture go, in pixels."""
    metric = main_metric(board.task)
    told = [r.metrics[metric] for r in board.rows]
    highest = max([m["high"] or m["value"] or 0.0 for m in told] + [board.base_rate or 0.0, 0.05])
    top = next(t for t in (0.05, 0.1, 0.2, 0.5, 1.0) if t >= min(highest, 1.0))

    def x(value: float | None) -> float:
        return round(_LEFT + _WIDTH * min(value or 0.0, top) / top, 1)

    rows = [
        {
            "y": _TOP + _STEP * i + _STEP // 2,
            "name": r.method,
            "value": _number(m["value"]),
            "x": x(m["value"]),
            "low": x(m["low"] if m["low"] is not None else m["value"]),
            "high": x(m["high"] if m["high"] is not None else m["value"]),
            "flagged": bool(r.caught),
        }
        for i, (r, m) in enumerate(zip(board.rows, told, strict=True))
    ]
    bottom = _TOP + _STEP * len(rows)
    return {
        "rows": rows,
        "width": _LEFT + _WIDTH + _RIGHT,
        "height": bottom + 36,
        "top": _TOP,
        "bottom": bottom,
        "ticks": [{"x": x(top * i / 5), "text": f"{top * i / 5:g}"} for i in range(6)],
        "base": None if board.base_rate is None else x(board.base_rate),
        "title": f"{WORDS[metric]}, with 95% intervals",
    }


def _number(value: float | None) -> str:
    """Return a share with three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"
