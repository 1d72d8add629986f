"""`run_batch`: the whole job into a folder, resumable, whole or absent, the same for every run."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from xborder_aml._files import FileFacts, facts_of, locked, remove, write_whole
from xborder_aml.batch._checks import CLOSING, STATE, check, find_inputs, guard
from xborder_aml.batch._manifest import about, code_digest, counted, digest, incomplete, versions
from xborder_aml.batch._stages import OUTPUTS, RUNS, Workspace
from xborder_aml.batch.config import STAGES, BatchConfig, Stage
from xborder_aml.detection import Progress
from xborder_aml.detectors import registry
from xborder_aml.errors import ParameterError

__all__ = ["Outcome", "run_batch"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch run left.

    Parameters
    ----------
    folder
        Where the files are.
    manifest
        What ``manifest.json`` holds.
    kept
        Stages that a run before this one had finished.
    """

    folder: Path
    manifest: Mapping[str, Any]
    kept: tuple[Stage, ...]

    @property
    def incomplete(self) -> tuple[str, ...]:
        """What the results do not cover, one sentence each; empty when they cover all."""
        return tuple(self.manifest["incomplete"])

    def summary(self) -> list[str]:
        """Return the counts of the run in words, one line a stage."""
        reading = self.manifest["reading"]
        out = [
            f"{reading['rows_read']:,} rows read: {reading['transactions']:,} transactions, "
            f"{reading['mirrors_collapsed']:,} mirror bookings collapsed, "
            f"{reading['covers_linked']:,} cover payments linked to what they settle, "
            f"{reading['rejects']:,} rejected; base currency {reading['base_currency']}"
        ]
        for name, told in self.manifest.get("detectors", {}).items():
            out.append(f"{name}: {told['n_findings']:,} findings, {told['n_accounts']:,} accounts")
        counts = self.manifest["counts"]
        if "referrals" in counts:
            out.append(f"{counts['accounts']:,} accounts scored, {counts['referrals']:,} referrals")
        return out

    def table(self, name: str) -> pl.DataFrame:
        """Read one of the tables, like ``"referrals"``."""
        return pl.read_parquet(self.folder / f"{name}.parquet")


def run_batch(
    ledger: str | Path,
    out: str | Path,
    config: BatchConfig | None = None,
    *,
    until: Stage = "report",
    fresh: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run the whole job on a ledger and write everything into a folder.

    Each stage leaves a note of its inputs, parameters and outputs. A run that was killed and is
    started again with the same arguments takes over every stage whose note still holds and whose
    files still have the hashes noted. The same ledger, configuration and versions give the same
    bytes in every file, for any number of threads and any number of interruptions.

    Parameters
    ----------
    ledger
        Path of the ledger.
    out
        Folder for the results; made if it is not there.
    config
        Every choice; by default `BatchConfig`'s defaults.
    until
        Last stage to run.
    fresh
        Take over nothing from a run before.
    progress
        Called with (what is being done, parts done, parts).

    Raises
    ------
    ParameterError
        If a choice is unknown, another run is at work in `out`, or a file there is not ours.
    DatasetUnavailableError
        If an input is not there.
    XBorderAMLError
        Whatever the stages raise.
    """
    config, folder = config or BatchConfig(), Path(out)
    if until not in STAGES:
        raise ParameterError(f"until={until!r} is none of {', '.join(STAGES)}")
    check(config)
    inputs = find_inputs(Path(ledger), config)
    guard(folder, [path for _, path in inputs])
    with locked(folder / STATE / "lock", str(folder)):
        work = Workspace(
            folder,
            Path(ledger),
            dict(inputs).get("accounts"),
            config,
            progress or _silent,
        )
        return _run(work, inputs, STAGES[: STAGES.index(until) + 1], fresh)


def _silent(_what: str, _done: int, _of: int) -> None:
    """Show no progress."""


def _run(
    work: Workspace, inputs: list[tuple[str, Path]], stages: tuple[Stage, ...], fresh: bool
) -> Outcome:
    work.about = about(work.config, stages, inputs)
    notes: dict[Stage, dict[str, Any]] = {}
    kept: list[Stage] = []
    key = digest([work.about["inputs"], versions(), code_digest()])
    for stage in stages:
        key = digest([key, stage, *_bearing(stage, work.config)])
        unbroken = len(kept) == len(notes)
        note = _note_that_holds(work.folder, stage, key) if unbroken and not fresh else None
        if note is None:
            note = _make(work, stage, key, is_first=unbroken)
        else:
            kept.append(stage)
            work.progress(f"{stage}: kept from the run before", 1, 1)
        notes[stage] = note
        work.facts[stage] = note["facts"]
        work.about = {**work.about, **counted(notes)}
    return Outcome(work.folder, _close(work, notes), tuple(kept))


def _bearing(stage: Stage, config: BatchConfig) -> list[Any]:
    """Return what bears on a stage: the choices, and the versions of the definitions."""
    choices = config.to_dict(stage)
    if stage == "read":  # the files that these name are hashed as inputs
        choices = {k: v for k, v in choices.items() if k not in ("accounts", "rates")}
    if stage == "detect":
        del choices["typologies"]  # so are these
        return [choices, {d.name: d.version for d in registry().values()}]
    return [choices]


# -- notes --------------------------------------------------------------------------------------


def _make(work: Workspace, stage: Stage, key: str, *, is_first: bool) -> dict[str, Any]:
    """Run a stage, write its files, then the note that they are whole.

    Once the first stage of a run has succeeded, what another run left from there on is removed: a
    ledger that cannot be read costs no earlier result.
    """
    work.progress(stage, 0, 1)
    made = RUNS[stage](work)
    if is_first:
        _discard(work.folder, STAGES[STAGES.index(stage) :])
    files: dict[str, Any] = {}
    for name, write in made.files.items():
        facts = write_whole(work.folder / name, write)
        files[name] = facts._asdict() | ({"rows": made.rows[name]} if name in made.rows else {})
    note = json.loads(_json({"key": key, "files": files, "facts": made.facts}))
    _write(_note(work.folder, stage), _json(note))
    work.progress(stage, 1, 1)
    return dict(note)


def _note(folder: Path, stage: Stage) -> Path:
    return folder / STATE / f"{stage}.json"


def _note_that_holds(folder: Path, stage: Stage, key: str) -> dict[str, Any] | None:
    """Return the note of a finished stage, if it is of this very job and its files are as noted."""
    path = _note(folder, stage)
    if not path.is_file():
        return None
    note: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if note["key"] != key:
        return None
    for name, told in note["files"].items():
        file = folder / name
        if not file.is_file() or facts_of(file) != FileFacts(told["bytes"], told["sha256"]):
            _log.warning("%s is not as the run before left it: %s runs again", name, stage)
            return None
    return note


def _discard(folder: Path, stages: tuple[Stage, ...]) -> None:
    """Remove what another run left: first the manifest, so that it never tells of other files."""
    for name in reversed(CLOSING):
        remove(folder / name)
    for stage in stages:
        remove(_note(folder, stage))
        for name in OUTPUTS[stage]:
            remove(folder / name)


def _close(work: Workspace, notes: Mapping[Stage, Mapping[str, Any]]) -> dict[str, Any]:
    """Write the effective configuration and the manifest, and return the latter.

    When nothing had to run, a manifest that tells of more stages than were asked for stays.
    """
    path = work.folder / "manifest.json"
    files: dict[str, Any] = {}
    for note in notes.values():
        files.update(note["files"])
    config = work.config
    if "detect" in notes:
        parameters = work.facts["detect"]["parameters"]
        parameters = {n: values for n, values in parameters.items() if n in registry()}
        config = replace(config, detectors=tuple(parameters), parameters=parameters)
    if path.is_file():
        before: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if len(before["stages"]) > len(notes):
            return before
    text = config.to_toml(work.folder)
    files["config.toml"] = _write(work.folder / "config.toml", text)._asdict()
    manifest = {
        **work.about,
        "stages": list(notes),
        "incomplete": incomplete(work.about),
        "outputs": files,
    }
    text = _json(manifest)
    _write(path, text)
    return dict(json.loads(text))


def _write(path: Path, text: str) -> FileFacts:
    return write_whole(path, lambda p: p.write_text(text, encoding="utf-8", newline="\n"))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
