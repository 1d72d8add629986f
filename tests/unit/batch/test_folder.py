"""A folder that one command fills: its own, whole or absent, and not made twice."""

from __future__ import annotations

import pytest

from xborder_aml.batch._folder import fill, is_filled, key_of, own_folder, text_writer
from xborder_aml.errors import ParameterError


def names(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {
        ".xborder_aml/lock", ".xborder_aml/job.json",
    }  # fmt: skip


def test_what_was_there_is_replaced_and_what_a_user_added_stays(tmp_path):
    fill(tmp_path, "job", "a", {"one": text_writer("1"), "deep/two": text_writer("2")})
    assert is_filled(tmp_path, "job", "a")
    assert not is_filled(tmp_path, "job", "b")
    (tmp_path / "own").write_text("x", "utf-8")
    fill(tmp_path, "job", "b", {"three": text_writer("3")})
    assert names(tmp_path) == {"three", "own"}
    assert not (tmp_path / "deep").exists()
    with pytest.raises(ParameterError, match="`xborder-aml job` did not write it"):
        fill(tmp_path, "job", "c", {"own": text_writer("4")})
    assert (tmp_path / "own").read_text("utf-8") == "x"


def test_a_run_that_ended_on_the_way_is_not_filled_and_can_be_done_again(tmp_path):
    def broken(path):
        path.write_text("half", "utf-8")
        raise OSError("the disk is full")

    fill(tmp_path, "job", "a", {"one": text_writer("1")})
    with pytest.raises(OSError, match="full"):
        fill(tmp_path, "job", "b", {"one": text_writer("2"), "two": broken})
    assert names(tmp_path) == {"one"}
    assert not is_filled(tmp_path, "job", "b")
    own_folder(tmp_path, "job", [])
    fill(tmp_path, "job", "b", {"one": text_writer("2"), "two": text_writer("3")})
    assert is_filled(tmp_path, "job", "b")


def test_one_byte_or_a_missing_file_is_noticed(tmp_path):
    fill(tmp_path, "job", "a", {"one": text_writer("1")})
    (tmp_path / "one").write_text("2", "utf-8")
    assert not is_filled(tmp_path, "job", "a")
    (tmp_path / "one").unlink()
    assert not is_filled(tmp_path, "job", "a")


def test_a_folder_of_another_command_is_refused(tmp_path):
    fill(tmp_path, "job", "a", {"one": text_writer("1")})
    with pytest.raises(ParameterError, match="`xborder-aml other` did not put there"):
        own_folder(tmp_path, "other", [])
    with pytest.raises(ParameterError, match="is a file"):
        own_folder(tmp_path / "one", "job", [])
    with pytest.raises(ParameterError, match="would be replaced"):
        own_folder(tmp_path, "job", [tmp_path / "one"])


def test_a_key_is_of_command_inputs_and_choices():
    keys = {
        key_of("a", [], {}), key_of("b", [], {}), key_of("a", [{"sha256": "1"}], {}),
        key_of("a", [], {"rule": "fifo"}),
    }  # fmt: skip
    assert len(keys) == 4
    assert key_of("a", [], {}) in keys
