"""Processes: what happens when they fail, are killed or interrupted; and what tasks refuse."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xborder_aml as xb
from xborder_aml.detection import find
from xborder_aml.detectors.fan_in import DETECTOR
from xborder_aml.executors import Search, Task
from xborder_aml.executors._lay import lay, pick_up

GRAPH = xb.TransactionGraph(xb.example_ledger())
SPEC = xb.FanIn(min_counterparties=2, window="100d")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Any]:
    """One process; its folder is empty again when it is over."""
    with xb.ProcessesExecutor(1, folder=str(tmp_path)).session(GRAPH.edges) as session:
        yield session
    assert list(tmp_path.iterdir()) == []


def processes() -> set[int | None]:
    return {p.pid for p in multiprocessing.active_children()}


def tasks(n: int) -> list[Task]:
    return [Task(SPEC, number=k, n_tasks=n, shard=k, n_shards=n) for k in range(n)]


def test_an_error_in_a_worker_names_its_task(session: Any) -> None:
    broken = Search(DETECTOR, SPEC.limits()._replace(window="long"))  # no kernel takes a text
    with pytest.raises(Exception) as caught:
        list(session.map(broken, tasks(2)))
    told = "\n".join(caught.value.__notes__)
    assert "raised in task 1 of 2 of fan_in, shard 1 of 2" in told
    assert "Traceback" in told
    assert len(list(session.map(Search(DETECTOR, SPEC.limits()), tasks(2)))) == 2  # it lives on


def test_an_error_in_a_thread_names_its_task() -> None:
    broken = Search(DETECTOR, SPEC.limits()._replace(window="long"))
    with (
        xb.ThreadsExecutor(2).session(GRAPH.edges) as session,
        pytest.raises(Exception) as caught,
    ):
        list(session.map(broken, tasks(1)))
    assert caught.value.__notes__[-1] == "raised in task 1 of 1 of fan_in"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_the_tables_of_one_pattern_is_raised(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError("the tables")

    monkeypatch.setattr("xborder_aml.detection._detect.assemble", broken)
    with pytest.raises(ArithmeticError, match="the tables"):
        xb.detect(GRAPH, [SPEC, "fan_out"], executor=workers)


def test_a_killed_worker_is_told(session: Any) -> None:
    os.kill(session.workers[0].process.pid, signal.SIGKILL)
    with pytest.raises(xb.WorkerError, match=r"code -9 in task 1 of 3 of fan_in.*fewer workers"):
        list(session.map(Search(DETECTOR, SPEC.limits()), tasks(3)))


def test_an_interrupt_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    before = processes()

    def stop(*_: object) -> None:
        assert processes() > before
        assert list(tmp_path.iterdir())
        raise KeyboardInterrupt

    executor = xb.ProcessesExecutor(2, folder=str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        xb.detect(GRAPH, SPEC, executor=executor, progress=stop)
    assert processes() == before
    assert list(tmp_path.iterdir()) == []


def test_processes_refuse_a_detector_that_they_would_not_find() -> None:
    other = dataclasses.replace(DETECTOR, search=lambda *_: 0)
    with pytest.raises(xb.ParameterError, match="not the detector that its parameters name"):
        find(GRAPH, other, SPEC, executor=xb.ProcessesExecutor(1))


def test_what_is_laid_comes_back_as_it_was(tmp_path: Path) -> None:
    frozen = np.arange(5)
    frozen.flags.writeable = False
    value = (frozen, np.zeros((2, 3)), np.empty(0, np.int8), {"text": 7})
    lay(value, tmp_path / "value")
    back = pick_up(tmp_path / "value")
    for a, b in zip(value[:3], back[:3], strict=True):
        assert type(b) is np.ndarray
        assert a.dtype == b.dtype
        assert a.flags.writeable == b.flags.writeable
        np.testing.assert_array_equal(a, b)
    assert back[3] == value[3]


def test_planned_tasks_come_back_from_plain_values_whatever_the_unit_of_a_duration() -> None:
    tasks = xb.plan(GRAPH, [xb.FanIn(window="72h"), xb.RoundTrip(window=timedelta(hours=36))])
    assert [Task.from_dict(json.loads(json.dumps(t.to_dict()))) for t in tasks] == tasks


def test_a_whole_number_of_numpy_is_one() -> None:
    params = xb.RoundTrip(max_hops=np.int64(4))
    assert params == xb.RoundTrip(max_hops=4)
    assert type(params.max_hops) is int
    with pytest.raises(xb.ParameterError, match="must lie between 0 and 2"):
        xb.RoundTrip(max_hops=np.int64(-4))


# -- refusals -----------------------------------------------------------------------------------

PARTS = [xb.run_task(GRAPH, task) for task in xb.plan(GRAPH, SPEC, slices=3)]
FOREIGN = xb.TransactionGraph(xb.example_ledger().head(1))


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (lambda: xb.plan(GRAPH, slices=0), "slices=0 must be a whole number of at least 1"),
        (lambda: xb.plan(GRAPH, slices=2.5), "slices=2.5 must be a whole number of at least 1"),
        (lambda: xb.ProcessesExecutor(0), "workers=0 must be a whole number of at least 1 process"),
        (
            lambda: xb.ThreadsExecutor("2"),
            "workers='2' must be a whole number of at least 1 thread",
        ),
        (lambda: xb.ProcessesExecutor(1, folder="no/such"), "'no/such' is no folder"),
        (lambda: Task(SPEC, number=3, n_tasks=3), "number=3 of n_tasks=3; parts count from 0"),
        (lambda: Task.from_dict({"time": 0}), "a task has no 'time' (did you mean 'times'?)"),
        (lambda: xb.join_parts(GRAPH, []), "no parts came"),
        (lambda: xb.join_parts(GRAPH, PARTS[1:]), "1 of 3 tasks of the plan have no part"),
        (lambda: xb.join_parts(GRAPH, PARTS + PARTS[:1]), "4 parts came for the 3 tasks"),
        (
            lambda: xb.join_parts(GRAPH, [*PARTS, xb.run_task(GRAPH, Task(SPEC))]),
            "plans with 1 and 3 tasks",
        ),
        (lambda: xb.join_parts(FOREIGN, PARTS), "the graph has no transaction"),
        (lambda: xb.Changes(GRAPH, deletes=[99]), "transaction 99 cannot be deleted"),
        (lambda: xb.Changes(GRAPH, deletes="3"), "deletes='3' must be transaction ids"),
        (
            lambda: xb.Changes(GRAPH, xb.example_ledger(), [3]),
            "transaction 3 is both deleted and given anew",
        ),
        (
            lambda: xb.detect_update(xb.detect(GRAPH, SPEC), xb.Changes(GRAPH), xb.FanIn()),
            "the previous findings are of",
        ),
        (
            lambda: xb.detect_update(xb.detect(GRAPH, SPEC), xb.Changes(FOREIGN)),
            "update what was found on the graph that changed",
        ),
    ],
)
def test_errors_say_what_is_wrong(refused: Any, told: str) -> None:
    with pytest.raises(xb.XBorderAMLError, match=re.escape(told)):
        refused()


# -- updates that random rows do not reach ------------------------------------------------------


def test_an_owner_who_changed_is_searched_anew() -> None:
    """With all accounts of one owner, trips end at home where they did not."""
    found = xb.detect(GRAPH, [xb.RoundTrip(), xb.PassThrough()])
    owned = GRAPH.accounts.with_columns(
        holder=GRAPH.account_names.str.slice(0, 0) + "one owner", opened_on=None
    )
    changes = xb.Changes(GRAPH, accounts=owned)
    assert changes.touched.height == len(GRAPH)
    again = xb.detect_update(found, changes).findings
    assert again.equals(xb.detect(changes.graph, [xb.RoundTrip(), xb.PassThrough()]))


def test_what_did_not_change_is_not_searched() -> None:
    found = xb.detect(GRAPH, ["round_trip", "pass_through"])
    update = xb.detect_update(found, xb.Changes(GRAPH, upserts=xb.example_ledger()))
    assert update.findings.equals(found)
    assert update.searched["n_searched"].to_list() == [0, 0]


def test_a_pattern_of_which_some_were_left_out_is_searched_in_full() -> None:
    found = xb.detect(GRAPH, SPEC, max_findings=1)
    changes = xb.Changes(GRAPH, deletes=[3])
    update = xb.detect_update(found, changes, max_findings=1)
    assert update.findings.equals(xb.detect(changes.graph, SPEC, max_findings=1))
