"""The curated names: each loads, each is documented, and none hides another."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import xborder_aml as xb
from xborder_aml import errors


@pytest.mark.parametrize("name", xb.__all__)
def test_every_name_loads_from_its_home_and_says_what_it_is(name: str) -> None:
    value = getattr(xb, name)
    assert value is getattr(import_module(f"xborder_aml.{xb._HOME[name]}"), name)
    if callable(value):
        assert (value.__doc__ or "").strip()


def test_every_name_has_a_home() -> None:
    assert sorted(xb.__all__) == sorted(xb._HOME)


def test_no_name_is_also_a_module() -> None:
    """A submodule of the same name would replace the object once it is imported."""
    package = Path(str(xb.__file__)).parent
    modules = {p.stem for p in package.glob("*.py")} | {p.name for p in package.iterdir()}
    assert not modules & set(xb.__all__)


def test_a_wrong_name_names_the_nearest() -> None:
    face: Any = xb
    with pytest.raises(
        AttributeError, match=r"no attribute 'RoundTripp'.*did you mean 'RoundTrip'"
    ):
        _ = face.RoundTripp


def test_every_error_is_public_and_of_one_tree() -> None:
    for name in errors.__all__:
        value = getattr(errors, name)
        if isinstance(value, type):
            assert issubclass(value, errors.XBorderAMLError)
            assert getattr(xb, name) is value
            assert value.__doc__


def test_errors_can_be_caught_as_what_python_calls_them() -> None:
    assert issubclass(xb.ParameterError, ValueError)
    assert issubclass(xb.MissingExtraError, ImportError)
    assert issubclass(xb.RateMissingError, xb.DataError)
    told = str(xb.MissingExtraError("duckdb", "test", "this"))
    assert told == (
        "this needs the package 'duckdb', which is not installed; "
        "install it with: pip install 'xborder-aml[test]'"
    )
