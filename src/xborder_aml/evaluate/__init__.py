"""Evaluation: methods on labelled ledgers under one protocol, with intervals and leak guards.

`run` is the whole of it: it gives `Results`, which `leaderboard` makes into tables and
`write_leaderboard` into a page.
"""

from __future__ import annotations

from xborder_aml.evaluate.baselines import METHODS
from xborder_aml.evaluate.dataset import DATASETS, VARIANTS, Dataset, load_dataset
from xborder_aml.evaluate.guards import CHECKS, artefacts, check_method
from xborder_aml.evaluate.harness import Plan, run
from xborder_aml.evaluate.leaderboard import Board, leaderboard
from xborder_aml.evaluate.measure import METRICS
from xborder_aml.evaluate.methods import Method
from xborder_aml.evaluate.page import write_leaderboard
from xborder_aml.evaluate.results import Results
from xborder_aml.evaluate.split import SPLITS, Fold, folds
from xborder_aml.evaluate.tasks import TASKS
from xborder_aml.evaluate.view import LabelledView, View

__all__ = [
    "CHECKS",
    "DATASETS",
    "METHODS",
    "METRICS",
    "SPLITS",
    "TASKS",
    "VARIANTS",
    "Board",
    "Dataset",
    "Fold",
    "LabelledView",
    "Method",
    "Plan",
    "Results",
    "View",
    "artefacts",
    "check_method",
    "folds",
    "leaderboard",
    "load_dataset",
    "run",
    "write_leaderboard",
]
