"""One spelling for one value, and lines that hold one another."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.errors import DataError
from xborder_aml.exchange.canonical import canonical_json, hash_of, read_canonical
from xborder_aml.exchange.chain import START, chain, head_of, read_chain

# RFC 8785, Appendix B: the bits of a double and how it is spelled.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555555": "333333333.3333333",
    "becbf647612f3696": "-0.0000033333333333333333",
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=8,
)


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_spelled_as_the_standard_has_them(bits, text):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(value).decode() == text


def test_keys_are_in_the_order_of_utf_16():
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "ö"]
    right = ["\r", "1", "\x80", "ö", "\u20ac", "\U0001f600", "\ufb33"]  # RFC 8785, 3.2.3
    assert list(json.loads(canonical_json(dict.fromkeys(keys, 0)))) == right


@given(VALUES)
def test_a_value_is_read_back_and_spelled_the_same(value):
    text = canonical_json(value)
    assert read_canonical(text, "it") == value


@pytest.mark.parametrize(
    "value", [2**53, float("nan"), float("inf"), {1: 2}, {1}, "\ud800", {"\ud800": 1}]
)
def test_what_json_cannot_say_exactly_is_refused(value):
    with pytest.raises(DataError, match=r"no word for|no text|2\*\*53|surrogate"):
        hash_of(value)


@pytest.mark.parametrize("text", [b'{"a": 1}', b'{"a":1}\n', b'{"b":1,"a":2}', b'{"a":1,"a":1}',
                                  b"1.0", b'"\\u0041"', b"{", b"\xff", b"NaN"])  # fmt: skip
def test_another_spelling_is_refused(text):
    with pytest.raises(DataError, match=r"the note is"):
        read_canonical(text, "the note")


LINES = chain([{"event": "a"}, {"event": "b"}, {"event": "c"}])


def test_a_chain_is_read_back():
    assert [entry["event"] for entry in read_chain(LINES, "the log")] == ["a", "b", "c"]
    assert read_chain(b"", "the log") == []
    assert head_of(b"") == START
    assert head_of(LINES) != head_of(chain([{"event": "a"}]))


def test_every_flipped_bit_breaks_the_chain_or_its_head():
    for place in range(len(LINES)):
        for bit in range(8):
            bad = bytearray(LINES)
            bad[place] ^= 1 << bit
            try:
                read_chain(bytes(bad), "the log")
            except DataError:
                continue
            assert head_of(bytes(bad)) != head_of(LINES)


def test_lines_moved_taken_out_or_put_in_break_the_chain():
    a, b, c = LINES.splitlines(keepends=True)
    for lines in ([b, a, c], [a, c], [b, c], [a, b, b, c], [a, a]):
        with pytest.raises(DataError, match="of the log"):
            read_chain(b"".join(lines), "the log")
    with pytest.raises(DataError, match="middle of a line"):
        read_chain(LINES[:-1], "the log")
