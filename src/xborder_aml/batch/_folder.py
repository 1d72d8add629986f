"""A folder that one command fills: every file whole or absent, its own, and not made twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xborder_aml._files import FileFacts, facts_of, locked, remove, write_whole
from xborder_aml.batch._checks import STATE
from xborder_aml.batch._manifest import code_digest, digest, versions
from xborder_aml.errors import ParameterError

__all__ = ["Writers", "fill", "is_filled", "key_of", "own_folder", "text_writer"]

_log = logging.getLogger(__name__)

Writers = Mapping[str, Callable[[Path], Any]]
"""What fills each file, by its name in the folder, in the order of writing."""


def key_of(command: str, inputs: Sequence[Mapping[str, Any]], choices: Mapping[str, Any]) -> str:
    """Return what the files depend on: the inputs, the choices, and the versions."""
    return digest([command, list(inputs), choices, versions(), code_digest()])


def own_folder(folder: Path, command: str, inputs: Sequence[Path]) -> None:
    """Refuse a folder that holds what the command did not put there, or one of its inputs.

    Files that a user adds to a folder of ours may stay.

    Raises
    ------
    ParameterError
        If it is a file, or holds files and was never filled by this command.
    """
    if folder.exists() and not folder.is_dir():
        raise ParameterError(f"{str(folder)!r} is a file; name a folder for the results")
    told = _told(folder, command)
    strange = [p.name for p in folder.iterdir() if p.name != STATE] if folder.is_dir() else []
    if strange and told is None:
        names = ", ".join(sorted(strange)[:5])
        raise ParameterError(
            f"{str(folder)!r} holds {names}, which `xborder-aml {command}` did not put there; "
            "choose another folder, or move them away"
        )
    ours = {(folder / name).resolve() for name in (told or {}).get("files", ())}
    for path in inputs:
        if path.resolve() in ours:
            raise ParameterError(
                f"{path.name} is read from {str(folder)!r}, where it would be replaced; choose "
                "another folder"
            )


def is_filled(folder: Path, command: str, key: str) -> bool:
    """Return whether the folder holds just what the same inputs and choices gave before."""
    told = _told(folder, command)
    if told is None or told["key"] != key:
        return False
    for name, facts in told["files"].items():
        file = folder / name
        if not file.is_file() or facts_of(file) != FileFacts(*facts):
            _log.warning("%s is not as it was left: %s runs again", name, command)
            return False
    return True


def fill(folder: Path, command: str, key: str, writers: Writers) -> None:
    """Put files into a folder in the place of those that the command left there before.

    A run that is killed on the way leaves no part of a file, and lacks the last of them.

    Raises
    ------
    ParameterError
        If another run is at work there, or a file of the user's has the name of a result.
    """
    with locked(folder / STATE / "lock", str(folder)):
        told = _told(folder, command) or {"files": {}}
        for name in writers:
            if name not in told["files"] and (folder / name).exists():
                raise ParameterError(
                    f"{str(folder / name)!r} is there already, and `xborder-aml {command}` did "
                    "not write it; move it away, or choose another folder"
                )
        # First that they are ours, so that a run after a killed one may replace them.
        _tell(folder, command, None, dict.fromkeys([*told["files"], *writers]))
        for name in reversed(told["files"]):
            remove(folder / name)
        _drop_empty(folder, told["files"])
        files = {}
        for name, write in writers.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            files[name] = list(write_whole(folder / name, write))
        _tell(folder, command, key, files)


def text_writer(text: str) -> Callable[[Path], Any]:
    """Return what writes a text."""
    return lambda path: path.write_text(text, encoding="utf-8", newline="\n")


def _note(folder: Path, command: str) -> Path:
    return folder / STATE / f"{command}.json"


def _told(folder: Path, command: str) -> dict[str, Any] | None:
    path = _note(folder, command)
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def _tell(folder: Path, command: str, key: str | None, files: Mapping[str, Any]) -> None:
    text = json.dumps({"key": key, "files": files}, indent=2, ensure_ascii=False) + "\n"
    write_whole(_note(folder, command), text_writer(text))


def _drop_empty(folder: Path, names: Mapping[str, Any]) -> None:
    """Remove folders of a run before in which nothing is left."""
    for parent in {(folder / name).parent for name in names} - {folder}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
