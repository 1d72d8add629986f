"""Run the command line as ``python -m xborder_aml.cli``."""

from __future__ import annotations

from xborder_aml.cli import main

if __name__ == "__main__":
    main(prog_name="xborder-aml")
