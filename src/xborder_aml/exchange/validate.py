"""Checking a document against an XML schema, past the traps of schemas that units publish.

Two make a check worthless without a word: an XSD 1.0 validator that meets ``vc:minVersion="1.1"``
skips the whole schema and accepts anything, and patterns written as ``^...$``, which XSD takes for
letters, refuse every name. So the schema is read as XSD 1.1 and such anchors are taken off.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from xborder_aml.errors import DataError, DatasetUnavailableError, MissingExtraError

__all__ = ["validate_xml"]

_PATTERN = re.compile(
    rb"""(<\w+:pattern\s[^>]*?value=(["']))\^?(.*?)(?:(?<!\\)\$)?(\2)""", re.DOTALL
)


def validate_xml(
    document: bytes, schema: str | os.PathLike[str], *, most: int = 20
) -> tuple[str, ...]:
    """Return what a schema finds wrong with a document; nothing where it is valid.

    Parameters
    ----------
    document
        The XML.
    schema
        Path of the XSD. Nothing that it refers to elsewhere is fetched.
    most
        Most problems that are returned.

    Raises
    ------
    DatasetUnavailableError
        If there is no such schema.
    DataError
        If the schema or the document is no XML, or the schema declares nothing.
    MissingExtraError
        If xmlschema is not installed (extra ``xml``).
    """
    try:
        import xmlschema
    except ImportError as error:
        raise MissingExtraError("xmlschema", "xml", "checking XML against a schema") from error
    path = Path(schema)
    if not path.is_file():
        raise DatasetUnavailableError(f"there is no schema {str(path)!r}; check the path")
    try:
        rules = xmlschema.XMLSchema11(_unanchored(path), allow="none", defuse="always")
    except (xmlschema.XMLSchemaException, ET.ParseError) as error:
        raise DataError(f"{path.name} is no XML schema that can be used: {error}") from error
    if not rules.elements:
        raise DataError(f"{path.name} declares no element, so that it would accept anything")
    try:
        resource = xmlschema.XMLResource(document, allow="none", defuse="always")
        found = [
            f"{error.path}: {error.reason}"
            for error, _ in zip(rules.iter_errors(resource), range(most), strict=False)
        ]
    except (xmlschema.XMLResourceError, ET.ParseError) as error:
        raise DataError(f"the document is no well-formed XML: {error}") from error
    return tuple(found)


def _unanchored(path: Path) -> bytes:
    """Return the schema without the anchors that XSD would take for letters.

    Its text is changed in place: written anew from a tree, it would lose the default namespace that
    its own type names rest on.
    """
    return _PATTERN.sub(rb"\1\3\4", path.read_bytes())
