"""Files that are whole or absent, what they hash to, and a lock that dies with its process."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from xborder_aml.errors import ParameterError

__all__ = ["FileFacts", "facts_of", "locked", "remove", "write_text", "write_whole"]


class FileFacts(NamedTuple):
    """Size in bytes and SHA-256 of a file."""

    bytes: int
    sha256: str


def facts_of(path: Path) -> FileFacts:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileFacts(os.fstat(file.fileno()).st_size, digest)


def write_whole(path: Path, write: Callable[[Path], Any]) -> FileFacts:
    """Let `write` fill a file aside, force it to the disk, then put it in the place of `path`.

    A process that dies on the way leaves the old file, or none, and never a part of one.
    """
    aside = _aside(path)
    try:
        write(aside)
        # opened for writing, because Windows cannot flush a file that is open for reading
        with aside.open("r+b") as file:
            os.fsync(file.fileno())
        facts = facts_of(aside)
        aside.replace(path)
        _flush_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)
    return facts


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text as UTF-8, so that the file is whole or absent; return where it is."""
    target = Path(path)
    write_whole(target, lambda aside: aside.write_text(text, encoding="utf-8", newline="\n"))
    return target


def remove(path: Path) -> None:
    """Remove a file, and what a dead process left of its making, if they are there."""
    path.unlink(missing_ok=True)
    _aside(path).unlink(missing_ok=True)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _flush_folder(folder: Path) -> None:
    if sys.platform != "win32":  # where a folder cannot be opened, and renames are written through
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(path: Path, place: str) -> Iterator[None]:
    """Hold a lock on the file `path`, which tells the holder's process id.

    The operating system lets go of it when the process ends, however it ends, so there is no stale
    lock and the file may stay.

    Parameters
    ----------
    path
        The file; made if it is not there.
    place
        What is locked, for the error.

    Raises
    ------
    ParameterError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:  # the latter on Windows
            file.seek(0)
            holder = file.read().decode("ascii", "replace").strip() or "unknown"
            raise ParameterError(
                f"another run (process {holder}) is at work in {place!r}; wait until it ends, or "
                "choose another place"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()).encode("ascii"))
        file.flush()
        yield


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(2**31 - 2)  # a byte that nobody reads or writes: locked bytes cannot be read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
