"""Where data sets lie on this machine, and what to do about one that is absent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from xborder_aml.datasets.spec import Card, DatasetFile
from xborder_aml.errors import DatasetUnavailableError

__all__ = ["VARIABLE", "data_folder", "find_files", "missing_files", "recipe", "sha256_of"]

VARIABLE = "XBORDER_AML_DATA"
_PACKED = ("", ".gz")


def data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds a folder for each set.

    Parameters
    ----------
    data_dir
        The folder; by default the one that the environment variable ``XBORDER_AML_DATA`` names,
        and else ``../shared/data``.
    """
    named = data_dir if data_dir is not None else os.environ.get(VARIABLE)
    return Path(named) if named else Path("..") / "shared" / "data"


def find_files(card: Card, data_dir: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Return the path of each file of a set, by role.

    The first folder that holds every file that is required is taken; files of different folders
    are never mixed.

    Raises
    ------
    DatasetUnavailableError
        If there is no such folder; the error says how to get the set.
    """
    root = data_folder(data_dir)
    for folder in _folders(card, root):
        found = {file.role: _find(folder, file) for file in card.files}
        if all(found[file.role] is not None for file in card.files if file.is_required):
            return {role: path for role, path in found.items() if path is not None}
    raise DatasetUnavailableError(recipe(card, root))


def missing_files(card: Card, data_dir: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Return the required files that the fullest folder of a set lacks; empty if it is present."""
    root = data_folder(data_dir)
    lacks = [
        tuple(f.names[0] for f in card.files if f.is_required and _find(folder, f) is None)
        for folder in _folders(card, root)
    ]
    return min(lacks, key=len)


def recipe(card: Card, root: Path) -> str:
    """Return how to get a set that is not in a data folder."""
    lacks = ", ".join(missing_files(card, root))
    files = ", ".join(
        f.names[0] + ("" if f.is_required else " (if there is one)") for f in card.files
    )
    place = root / card.folders[0]
    fetch = f"; xb.datasets.fetch({card.name!r}) does so" if card.download else ""
    return (
        f"dataset {card.name!r} is not in {str(root)!r}, which lacks {lacks}. To get it: "
        f"{card.how} ({card.home}; licence: {card.licence}), and put {files} in "
        f"{str(place)!r}{fetch}. If you have it elsewhere, name the folder that holds "
        f"{card.folders[0]}/ with data_dir=, --data-dir or the environment variable {VARIABLE}"
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folders(card: Card, root: Path) -> list[Path]:
    return [root / name for name in card.folders]


def _find(folder: Path, file: DatasetFile) -> Path | None:
    tried = (folder / f"{name}{ending}" for name in file.names for ending in _PACKED)
    return next((path for path in tried if path.is_file()), None)
