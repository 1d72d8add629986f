"""Handing facts over in the forms that authorities and tools read: XML reports, entities, recalls.

Every function is pure: tables in, bytes out, the same for the same. Nothing is sent anywhere.
"""

from __future__ import annotations
