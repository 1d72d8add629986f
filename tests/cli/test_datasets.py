"""The commands that list the public data sets."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.unit.datasets.samples import write
from xborder_aml.cli import main
from xborder_aml.datasets import names


def run(*words: str):
    return CliRunner().invoke(main, ["datasets", *words])


def test_the_list_tells_rows_licence_and_what_is_here(tmp_path) -> None:
    write("tide", tmp_path)
    told = run("--data-dir", str(tmp_path))
    assert told.exit_code == 0
    lines = {line.split()[0]: line for line in told.stdout.splitlines()[1:]}
    assert list(lines) == list(names())
    assert "present" in lines["tide"]
    assert "your own" in lines["tide"]
    assert "absent" in lines["saml-d"]
    assert "9,504,852" in lines["saml-d"]
    assert "CC BY-NC-SA 4.0" in lines["saml-d"]


def test_the_list_as_json(tmp_path) -> None:
    listed = json.loads(run("--json", "--data-dir", str(tmp_path)).stdout)
    assert [row["name"] for row in listed] == list(names())
    assert not any(row["is_present"] for row in listed)


@pytest.mark.parametrize("name", names())
def test_show_tells_what_a_person_needs(name: str, tmp_path) -> None:
    told = run("show", name, "--data-dir", str(tmp_path))
    assert told.exit_code == 0
    for part in ("labels:", "not for:", "cite:", "licence:", "https://", "absent: ", str(tmp_path)):
        assert part in told.stdout
    write(name, tmp_path)
    assert "present" in run("show", name, "--data-dir", str(tmp_path)).stdout
    told = json.loads(run("show", name, "--json", "--data-dir", str(tmp_path)).stdout)
    assert told["name"] == name
    assert told["is_present"]


def test_options_hold_before_and_after_show(tmp_path) -> None:
    write("tide", tmp_path)
    after = run("show", "tide", "--json", "--data-dir", str(tmp_path)).stdout
    before = run("--json", "--data-dir", str(tmp_path), "show", "tide").stdout
    assert json.loads(before)["is_present"]
    assert before == after


def test_an_unknown_name_is_wrong_use() -> None:
    told = run("show", "tidy")
    assert told.exit_code == 2
    assert "did you mean 'tide'?" in told.stderr
