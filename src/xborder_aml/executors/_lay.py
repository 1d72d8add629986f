"""Arrays laid once in a folder, for several processes to map: one copy in memory for all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np

__all__ = ["lay", "pick_up"]


class _Lay(pickle.Pickler):
    """Pickles a value, and each array in it into a file of its own."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._path = path
        self._n = 0

    def persistent_id(self, obj: object) -> tuple[str, bool] | None:
        if type(obj) is not np.ndarray:
            return None
        name = f"{self._path.name}-{self._n}.npy"
        self._n += 1
        np.save(self._path.with_name(name), obj, allow_pickle=False)
        return name, obj.flags.writeable


class _PickUp(pickle.Unpickler):
    def __init__(self, file: IO[bytes], folder: Path) -> None:
        super().__init__(file)
        self._folder = folder

    def persistent_load(self, told: Any) -> Any:
        name, writeable = told
        path = self._folder / name
        # An array that may be written to stays so, in pages of the process's own: a kernel would
        # compile anew for arrays that it may not write to. Nothing at all cannot be mapped.
        try:
            array = np.load(path, mmap_mode="c" if writeable else "r").view(np.ndarray)
        except ValueError:
            array = np.load(path)
            array.flags.writeable = writeable
        return array


def lay(value: Any, path: Path) -> None:
    """Write a value so that `pick_up` gives it back; the file is whole or absent."""
    aside = path.with_suffix(".new")
    with aside.open("wb") as file:
        _Lay(file, path).dump(value)
    os.replace(aside, path)


def pick_up(path: Path) -> Any:
    """Return a value that `lay` wrote, with its arrays mapped."""
    with path.open("rb") as file:
        return _PickUp(file, path.parent).load()
