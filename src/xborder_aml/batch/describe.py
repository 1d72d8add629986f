"""What detectors and sources there are, as plain values."""

from __future__ import annotations

import dataclasses
from typing import Any

from xborder_aml.detectors import registry
from xborder_aml.normalise import RAW_COLUMNS
from xborder_aml.sources import SOURCES

__all__ = ["describe_detectors", "describe_sources"]


def describe_detectors() -> list[dict[str, Any]]:
    """Return every detector with its parameters: default, unit, meaning, and whether it is a cap.

    Examples
    --------
    >>> describe_detectors()[0]["parameters"][0]
    {'name': 'window', 'default': '30d', 'meaning': 'Longest time from first to last transfer.',
    'unit': 'time', 'is_cap': False, 'default_by_day': '90d'}
    """
    out = []
    for detector in registry().values():
        parameters = []
        for f in dataclasses.fields(detector.params):
            told = {"name": f.name, "default": f.default, **f.metadata}
            told["is_cap"] = told.pop("cap")
            if f.name in detector.coarse:
                told["default_by_day"] = detector.coarse[f.name]
            parameters.append(told)
        out.append(
            {
                "name": detector.name,
                "title": detector.title,
                "version": detector.version,
                "summary": _first_line(detector.doc),
                "parameters": parameters,
            }
        )
    return out


def describe_sources() -> list[dict[str, Any]]:
    """Return every source with the columns that it needs, or that can be mapped, and its options.

    Examples
    --------
    >>> describe_sources()[0]["name"]
    'generic'
    """
    return [
        {
            "name": source.name,
            "description": source.description,
            "columns": list(source.columns),
            "maps": {} if source.columns else dict(RAW_COLUMNS),
            "options": dict(source.options),
        }
        for source in SOURCES.values()
    ]


def _first_line(doc: str) -> str:
    return doc.strip().splitlines()[0].partition(": ")[2]
