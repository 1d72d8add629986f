"""Compile policy: one specialisation a kernel, a cache that may be absent, and plain Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml import _jit
from xborder_aml.graph import TransactionGraph
from xborder_aml.schema import TRANSACTIONS

compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="kernels run as plain Python")

SCRIPT = """
import sys
import xborder_aml as xb
graph = xb.TransactionGraph(xb.example_ledger())
found = xb.detect(graph, xb.FanIn(min_counterparties=2, window="100d"), executor=2)
sys.stdout.write(found.findings["finding_id"][0])
"""


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "XBORDER_AML_CACHE": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )


@compiled
@pytest.mark.parametrize("detector", [d.name for d in xb.DETECTORS])
def test_a_kernel_is_compiled_once_whatever_the_graph(detector: str) -> None:
    table = xb.example_ledger()
    graph = TransactionGraph(table)
    graphs = (
        graph,
        TransactionGraph(table.head(1)),
        TransactionGraph(TRANSACTIONS.empty()),
        TransactionGraph(pl.concat([table.tail(3), table.head(2)])),
        TransactionGraph(table.with_columns(base_minor=pl.lit(None, pl.Int64))),
        graph.window("2026-03-01", "2026-04-01").among("linden"),
        graph.corridor("FR", "FR"),
        graph.replace(pl.DataFrame([graph.column("executed_at").reverse()])),
    )
    for one in graphs:
        for executor in (1, 3):
            xb.detect(one, detector, executor=executor)
    # what a search calls may be compiled for several literal arguments; the search itself may not
    search: Any = next(d.search for d in xb.DETECTORS if d.name == detector)
    assert len(search.signatures) == 1


def test_without_a_writable_cache_kernels_still_run(tmp_path: Path) -> None:
    file = tmp_path / "a file and no folder"
    file.write_text("")
    done = run(file)
    assert len(done.stdout) == 32
    assert "no writable cache folder" in done.stderr


def test_compiled_plain_and_bounds_checked_give_the_same(tmp_path: Path) -> None:
    plain = run(tmp_path, NUMBA_DISABLE_JIT="1").stdout
    checked = run(tmp_path, NUMBA_BOUNDSCHECK="1", PYTHONHASHSEED="1").stdout
    graph = TransactionGraph(xb.example_ledger())
    spec = xb.FanIn(min_counterparties=2, window="100d")
    here = xb.detect(graph, spec).findings["finding_id"][0]
    assert plain == checked == here


def test_the_cache_goes_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XBORDER_AML_CACHE", str(tmp_path))
    for kept in (_jit.cache_folder, _jit._folder_of):
        kept.cache_clear()
    try:
        assert _jit.cache_folder() == tmp_path / "xborder_aml"
        one, other = (_jit._folder_of(f"xborder_aml.kernels.{name}") for name in ("fan", "csr"))
        assert one is not None
        assert one.parent == tmp_path / "xborder_aml"
        assert one != other
    finally:
        monkeypatch.undo()
        for kept in (_jit.cache_folder, _jit._folder_of):
            kept.cache_clear()


def test_a_cache_is_as_old_as_the_youngest_module_that_it_holds() -> None:
    root = Path(xb.__file__).parents[1]
    file = root / "xborder_aml" / "kernels" / "round_trip.py"
    names = {f.name for f in _jit._sources(file, root)}
    assert {"round_trip.py", "edges.py", "amounts.py", "output.py", "paths.py"} <= names
    assert "fan.py" not in names


def test_threads_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XBORDER_AML_THREADS", "3")
    assert _jit.n_threads() == 3
    monkeypatch.delenv("XBORDER_AML_THREADS")
    assert 1 <= _jit.n_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("value", ["0", "-1", "many", "²"])
def test_a_wrong_number_of_threads_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("XBORDER_AML_THREADS", value)
    with pytest.raises(xb.ParameterError, match=f"XBORDER_AML_THREADS is '{value}'; set it to"):
        _jit.n_threads()
