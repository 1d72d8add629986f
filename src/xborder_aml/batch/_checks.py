"""What is checked before any work: the choices, the inputs, the folder."""

from __future__ import annotations

from pathlib import Path

from xborder_aml.batch._stages import OUTPUTS
from xborder_aml.batch.config import BatchConfig
from xborder_aml.detectors import detector_of
from xborder_aml.detectors.typology import Typology
from xborder_aml.errors import DatasetUnavailableError, ParameterError, did_you_mean
from xborder_aml.score import EvidenceScorer
from xborder_aml.sources import SOURCES

__all__ = ["CLOSING", "STATE", "check", "find_inputs", "guard"]

STATE = ".xborder_aml"
"""Folder of the stages' notes and of the lock, inside the folder of the results."""

CLOSING = ("config.toml", "manifest.json")
"""Files that are written when all stages are done; the manifest last."""


def check(config: BatchConfig) -> None:
    """Check the names in a configuration against what there is.

    Raises
    ------
    ParameterError
        If a source, a detector or one of its parameters is unknown or out of range, or a detector
        has parameters and is not chosen, or a typology is not one.
    DatasetUnavailableError
        If a typology's file is not there.
    """
    if config.source not in SOURCES:
        raise ParameterError(
            f"there is no source {config.source!r}{did_you_mean(config.source, SOURCES)}; the "
            f"sources are {', '.join(SOURCES)}"
        )
    EvidenceScorer(config.permutations, config.seed)
    for name in (*config.detectors, *config.parameters):
        detector_of(name)
    for path in config.typologies:
        detector_of(Typology.from_toml(path))
    for name, values in config.parameters.items():
        if config.detectors and name not in config.detectors:
            raise ParameterError(
                f"parameters are given for {name}, which is not among the detectors chosen: "
                f"{', '.join(config.detectors)}"
            )
        params = detector_of(name).params
        params.from_dict({**params().to_dict(), **values})


def find_inputs(ledger: Path, config: BatchConfig) -> list[tuple[str, Path]]:
    """Return every file that is read, with the part that it plays.

    Raises
    ------
    DatasetUnavailableError
        If one is not there.
    """
    found = [("ledger", ledger)]
    spec = SOURCES[config.source]
    accounts = None if config.accounts is None else Path(config.accounts)
    if accounts is None and spec.find_accounts is not None:
        accounts = spec.find_accounts(ledger)
    if accounts is not None:
        found.append(("accounts", accounts))
        beside = [accounts.with_name(name) for name in spec.companions]
        found += [("accounts' companion", path) for path in beside if path.is_file()]
    if config.rates is not None:
        found.append(("rates", Path(config.rates)))
    found += [("typology", Path(path)) for path in config.typologies]
    for role, path in found:
        if path.is_dir():
            raise DatasetUnavailableError(f"{str(path)!r} is a folder; name the {role} file in it")
        if not path.is_file():
            raise DatasetUnavailableError(f"there is no {role} file {str(path)!r}; check the path")
    return found


def guard(folder: Path, inputs: list[Path]) -> None:
    """Refuse to write over an input, or over files that no run of this library left."""
    ours = [name for names in OUTPUTS.values() for name in names]
    ours += CLOSING
    taken = {(folder / name).resolve() for name in ours}
    for path in inputs:
        if path.resolve() in taken:
            raise ParameterError(
                f"{path.name} is read from {str(folder)!r}, where a result of that name would be "
                "written; choose another folder"
            )
    if folder.exists() and not folder.is_dir():
        raise ParameterError(f"{str(folder)!r} is a file; name a folder for the results")
    strange = [name for name in ours if (folder / name).exists()]
    if strange and not (folder / STATE).is_dir():
        raise ParameterError(
            f"{str(folder)!r} holds {', '.join(strange)}, and no run of xborder-aml left them "
            "there; choose another folder, or move them away"
        )
