"""Public data sets by name: where to get them, under which terms, and what they hold.

No row of any set comes with the library. A set that lies in the data folder is loaded, its rows
are counted against what was published, and rows that cannot be read are told; for an absent one
the error says how to get it.

Examples
--------
>>> from xborder_aml import datasets
>>> datasets.card("elliptic").kind
'graph'
"""

from __future__ import annotations

from xborder_aml.datasets.fetching import fetch
from xborder_aml.datasets.find import data_folder, missing_files
from xborder_aml.datasets.loaded import LABELS, PATTERNS, PublicDataset
from xborder_aml.datasets.loading import card, load, names
from xborder_aml.datasets.registry import CARDS
from xborder_aml.datasets.spec import Card, DatasetFile

__all__ = [
    "CARDS",
    "LABELS",
    "PATTERNS",
    "Card",
    "DatasetFile",
    "PublicDataset",
    "card",
    "data_folder",
    "fetch",
    "load",
    "missing_files",
    "names",
]
