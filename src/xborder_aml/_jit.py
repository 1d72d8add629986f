"""The only importer of numba: compile policy, cache folder, thread count.

A kernel is a plain function, compiled by assignment: ``search_kernel = jit(search)``. The machine
code cache of a module lies in a folder whose name is a digest of its source and of all that it
imports of its package, because numba looks at the time stamp of the file that holds a function and
not at those of the functions that it calls: a cache keyed by anything less returned stale results
after a helper in another file had changed.
"""

from __future__ import annotations

import ast
import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from xborder_aml.errors import ParameterError

__all__ = ["cache_folder", "jit", "n_threads"]

_log = logging.getLogger(__name__)
_F = TypeVar("_F", bound=Callable[..., object])


def _user_cache() -> Path:
    named = os.environ.get("XBORDER_AML_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else Path.home() / ".cache"


@cache
def cache_folder() -> Path | None:
    """Return the folder for compiled kernels, or None where none can be written.

    The environment variables `XBORDER_AML_CACHE` and `XDG_CACHE_HOME` say where it goes.
    """
    try:
        folder = _user_cache() / "xborder_aml"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:  # RuntimeError: no home folder
        _log.warning("no writable cache folder (%s): kernels compile anew in each process", error)
        return None
    return folder


@cache
def _sources(file: Path, root: Path) -> frozenset[Path]:
    """Return a module's file and those of all that it imports from under `root`, if they exist."""
    found = {file}
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            base = root.joinpath(*node.module.split("."))
            for path in (base, *(base / name.name for name in node.names)):
                module = path.with_suffix(".py")
                if module.is_file():
                    found |= _sources(module, root)
    return frozenset(found)


@cache
def _folder_of(module: str) -> Path | None:
    """Return the folder for one module's kernels, or None where none can be written."""
    base = cache_folder()
    file = getattr(sys.modules.get(module), "__file__", None)
    if base is None or file is None:
        return None
    here = Path(file)
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__}\0{module}".encode())
    ours = Path(__file__).parent.parent
    for root in sorted({here.parents[module.count(".")], ours}):  # an outside package, and ours
        for path in sorted(_sources(here, root)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    folder = base / digest.hexdigest()
    folder.mkdir(exist_ok=True)
    return folder


def jit(function: _F) -> _F:
    """Return `function` as a nogil numba kernel, compiled at its first call.

    The result is cached on disk where a folder can be written. With ``NUMBA_DISABLE_JIT=1`` the
    plain function comes back.
    """
    folder = _folder_of(function.__module__)
    if folder is None:
        return _compile(function, use_cache=False)
    config: Any = numba.config  # its attributes are made when it is imported
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)  # read once, while the dispatcher is made
    try:
        return _compile(function, use_cache=True)
    finally:
        config.CACHE_DIR = before


def _compile(function: _F, *, use_cache: bool) -> _F:
    # a dispatcher is called like the function that it stands for, and typed like it
    # The third entry point, for C, costs compile time in a kernel and in all that call it, and
    # nothing here uses it.
    njit: Any = numba.njit  # its stubs do not know that option
    return cast(_F, njit(nogil=True, cache=use_cache, no_cfunc_wrapper=True)(function))


def n_threads() -> int:
    """Return the number of worker threads: `XBORDER_AML_THREADS`, else the usable cores.

    Raises
    ------
    ParameterError
        If the variable is set to something else than a number of at least 1.
    """
    named = os.environ.get("XBORDER_AML_THREADS", "")
    if named:
        if not named.isdecimal() or int(named) < 1:
            raise ParameterError(
                f"the environment variable XBORDER_AML_THREADS is {named!r}; set it to a number of "
                "threads of at least 1, or leave it unset for all cores"
            )
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
