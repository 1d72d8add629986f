"""Measured time and memory of every stage; see README.md."""
