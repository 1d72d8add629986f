"""Numpy-only primitives that the detectors share; nothing here knows a table or a name."""
