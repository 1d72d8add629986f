"""Fetching the sets that may be downloaded without an account."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from xborder_aml.datasets.find import data_folder, sha256_of
from xborder_aml.datasets.loading import card
from xborder_aml.errors import DataError, MissingExtraError, ParameterError

__all__ = ["fetch"]


def fetch(name: str, data_dir: str | os.PathLike[str] | None = None) -> tuple[Path, ...]:
    """Download a data set that its publisher offers to everyone, and check its files' hashes.

    The terms of the publisher hold: read `card(name).licence` and what stands at its home first.

    Parameters
    ----------
    name
        Name of a set whose card has a `download`.
    data_dir
        As for `load`.

    Returns
    -------
    tuple of Path
        The files, in the set's folder.

    Raises
    ------
    ParameterError
        If the set has no such address; the error says how to get it.
    MissingExtraError
        If pooch is not installed.
    DataError
        If what came is not what was published.
    """
    known = card(name)
    if known.download is None:
        raise ParameterError(
            f"dataset {known.name!r} cannot be fetched from here: {known.how} ({known.home}; "
            f"licence: {known.licence})"
        )
    try:
        import pooch
    except ImportError as error:
        raise MissingExtraError("pooch", "datasets", "fetching a data set") from error
    root = data_folder(data_dir)
    came = pooch.retrieve(
        url=known.download,
        known_hash=None,  # archives are packed anew; the files in it are what is checked
        path=root / ".downloads",
        processor=pooch.Unzip(),
    )
    paths = {Path(path).name: Path(path) for path in came}
    folder = root / known.folders[0]
    out = []
    for file in known.files:
        path = next((paths[n] for n in file.names if n in paths), None)
        if path is None and not file.is_required:
            continue
        if path is None:
            raise DataError(
                f"dataset {known.name!r}: {known.download} holds {', '.join(sorted(paths))}, and "
                f"not {file.names[0]}; get it by hand from {known.home}"
            )
        _check_hash(known.name, path, file.sha256)
        folder.mkdir(parents=True, exist_ok=True)
        out.append(Path(shutil.copyfile(path, folder / path.name)))
    return tuple(out)


def _check_hash(name: str, path: Path, sha256: str | None) -> None:
    if sha256 is None:
        return
    got = sha256_of(path)
    if got != sha256:
        raise DataError(
            f"dataset {name!r}: {path.name} has the SHA-256 {got}, and {sha256} was published; it "
            "is another version or was changed on its way, and was not put in place"
        )
