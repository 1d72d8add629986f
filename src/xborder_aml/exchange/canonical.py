"""JSON with one spelling: the canonical form of RFC 8785, and the hash of it.

Two programs that mean the same value write the same bytes, so that the hash of a value is a fact
about the value and not about who wrote it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from xborder_aml.errors import DataError

__all__ = ["canonical_json", "hash_of", "read_canonical"]

_LARGEST = 2**53 - 1


def canonical_json(value: Any) -> bytes:
    """Return a value as canonical JSON in UTF-8.

    Parameters
    ----------
    value
        None, booleans, numbers, text, lists and mappings of text.

    Raises
    ------
    DataError
        If JSON has no word for a part of it, or a reader could not take it in exactly: a whole
        number beyond 2**53 - 1, no finite number, or half of a surrogate pair. Write such a number
        as text.

    References
    ----------
    RFC 8785, JSON Canonicalization Scheme, section 3.2.

    Examples
    --------
    >>> canonical_json({"b": 1.50, "a": [True, None, "Tõsi"]}).decode()
    '{"a":[true,null,"Tõsi"],"b":1.5}'
    """
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError("text with half of a surrogate pair has no UTF-8; mend the text") from error


def hash_of(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def read_canonical(text: bytes, what: str) -> Any:
    """Return the value of canonical JSON; `what` names it in errors.

    Raises
    ------
    DataError
        If it is no JSON, or is spelled in any other way than `canonical_json` spells it.
    """
    try:
        value = json.loads(text, parse_int=_read_whole, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is no JSON: {error}") from error
    if canonical_json(value) != text:
        raise DataError(f"{what} is not in canonical form; it was changed after it was written")
    return value


def _read_whole(text: str) -> int | float:
    """Read a number without a fraction: beyond 2**53 - 1 it was a double when it was written."""
    value = int(text)
    return value if abs(value) <= _LARGEST else float(value)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise DataError(
                f"{value} is beyond 2**53 - 1, which not every reader of JSON takes in exactly; "
                "write it as text"
            )
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    raise DataError(f"JSON has no word for {value!r}, of type {type(value).__name__}")


def _object(value: Mapping[Any, Any]) -> str:
    for key in value:
        if not isinstance(key, str):
            raise DataError(f"the key {key!r} is no text, as names in JSON must be")
    # by UTF-16 units, which differs from code points beyond the basic plane (section 3.2.3)
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"


def _number(value: float) -> str:
    """Spell a double as ECMAScript does: the shortest digits that read back the same."""
    if not math.isfinite(value):
        raise DataError(f"JSON has no word for {value}; leave it out, or write null")
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    assert isinstance(exponent, int)
    point = len(digits) + exponent  # digits before the decimal point
    minus = "-" if sign else ""
    if len(text) <= point <= 21:
        return minus + text + "0" * (point - len(text))
    if 0 < point <= 21:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return f"{minus}{mantissa}e{point - 1:+d}"
