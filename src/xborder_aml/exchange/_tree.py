"""Writing XML: elements in a fixed order, text that XML can carry, the same bytes every time."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

__all__ = ["put", "to_bytes"]

# Characters that XML 1.0 cannot carry, not even escaped (section 2.2).
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def put(parent: ET.Element, path: str, text: object = None, **attributes: str) -> ET.Element:
    """Append the elements of a path, like ``Id/IBAN``, and return the last.

    A step that is the parent's last child already is entered and not made anew, except the last.
    """
    *steps, last = path.split("/")
    for step in steps:
        children = list(parent)
        if children and children[-1].tag == step:
            parent = children[-1]
        else:
            parent = ET.SubElement(parent, step)
    element = ET.SubElement(parent, last, attributes)
    if text is not None:
        element.text = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return element


def to_bytes(root: ET.Element) -> bytes:
    """Return a document in UTF-8, indented, with its declaration."""
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
