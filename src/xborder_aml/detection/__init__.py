"""Run detectors over a graph: whole, in parts that a cluster runs, or where rows changed."""

from __future__ import annotations

from xborder_aml.detection._changes import Changes
from xborder_aml.detection._detect import (
    Progress,
    as_view,
    default_detectors,
    detect,
    find,
    matches,
)
from xborder_aml.detection._slices import Part, join_parts, plan, run_task
from xborder_aml.detection._update import Update, detect_update

__all__ = [
    "Changes",
    "Part",
    "Progress",
    "Update",
    "as_view",
    "default_detectors",
    "detect",
    "detect_update",
    "find",
    "join_parts",
    "matches",
    "plan",
    "run_task",
]
