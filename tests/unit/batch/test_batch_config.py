"""The configuration: in and out of TOML, and what it refuses."""

from __future__ import annotations

import dataclasses
import re
from datetime import date, datetime

import pytest

from xborder_aml.batch import STAGES, BatchConfig, setting_of
from xborder_aml.errors import DatasetUnavailableError, ParameterError

FULL = BatchConfig(
    source="tide",
    columns={"amount": "sum"},
    options={"mirrors": True, "currency_names": {"Euro": "EUR"}},
    base_currency="EUR",
    on_missing_rate="keep",
    strict=True,
    detectors=("round_trip", "fan_in"),
    parameters={"round_trip": {"window": "90d", "max_hops": 4}},
    permutations=19,
    seed=3,
    requesting="EE",
    as_of=date(2015, 1, 31),
    top=10,
    workers=2,
)


def test_every_key_has_a_meaning_and_a_stage():
    for field in dataclasses.fields(BatchConfig):
        assert setting_of(field.name).metadata["meaning"].endswith(".")
        assert field.metadata["stage"] in (*STAGES, None)


def test_toml_gives_back_what_it_was_given(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(FULL.to_toml(tmp_path), "utf-8")
    assert BatchConfig.from_toml(path) == dataclasses.replace(FULL, workers=None)


def test_workers_are_no_part_of_what_a_run_is():
    other = dataclasses.replace(FULL, workers=7, executor="processes")
    assert other.to_dict() == FULL.to_dict()
    assert other.to_toml(".") == FULL.to_toml(".")


def test_the_order_of_keys_means_nothing():
    a = BatchConfig(columns={"amount": "a", "currency": "c"})
    b = BatchConfig(columns={"currency": "c", "amount": "a"})
    assert a.to_toml(".") == b.to_toml(".")


def test_each_stage_has_its_own_choices():
    by_stage = [set(FULL.to_dict(stage)) for stage in STAGES]
    assert sum(map(len, by_stage)) == len(set().union(*by_stage)) == len(FULL.to_dict())
    assert {"permutations", "seed"} < by_stage[1]  # the null of findings is that of scores


def test_paths_count_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "run.toml"
    path.write_text('rates = "../rates.csv"\n', "utf-8")
    read = BatchConfig.from_toml(path)
    assert read.rates == str(tmp_path / "a" / ".." / "rates.csv")
    assert 'rates = "../rates.csv"' in read.to_toml(tmp_path / "b")


def test_typologies_are_paths_too(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('typologies = ["own/loan_back.toml"]\n', "utf-8")
    read = BatchConfig.from_toml(path)
    assert read.typologies == (str(tmp_path / "own" / "loan_back.toml"),)
    assert '"own/loan_back.toml"' in read.to_toml(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("permutation = 9", "did you mean 'permutations'"),
        ("[parameter.round_trip]\nwindow = '9d'", "did you mean 'parameters'"),
        ("permutations = '9'", "permutations='9' must be a whole number"),
        ("permutations = true", "permutations=True must be a whole number"),
        ("top = 0", "top=0 must be at least 1"),
        ("seed = -1", "seed=-1 must be at least 0"),
        ("strict = 1", "strict=1 must be true or false"),
        ("detectors = 'round_trip'", "must be a list of names"),
        ("detectors = [1]", "must be a list of names"),
        ("columns = ['a']", "must be a table of texts"),
        ("[columns]\namount = 1", "must be a table of texts"),
        ("[parameters]\nround_trip = 1", "must be a table of tables"),
        ("as_of = 2015-01-31T10:00:00", "must be a date like 2015-01-31"),
        ("as_of = '2015-01-31'", "must be a date like 2015-01-31"),
        ("base_currency = 'EURO'", "base_currency='EURO' is no ISO 4217 code, like EUR"),
        ("requesting = 'EST'", "requesting='EST' is no ISO 3166-1 alpha-2 code"),
        ("on_missing_rate = 'kep'", "did you mean 'keep'"),
        ("seed = ", "run.toml is not TOML"),
    ],
)
def test_what_it_refuses_it_names(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ParameterError, match=re.escape(message)):
        BatchConfig.from_toml(path)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(DatasetUnavailableError, match="there is no file"):
        BatchConfig.from_toml(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match=r"bytes\.toml is not TOML"):
        BatchConfig.from_toml(tmp_path / "bytes.toml")


def test_a_datetime_is_no_date():
    with pytest.raises(ParameterError, match="as_of='2015-01-31 00:00:00' must be a date"):
        BatchConfig(as_of=datetime(2015, 1, 31))  # noqa: DTZ001 - that it is one is the point
