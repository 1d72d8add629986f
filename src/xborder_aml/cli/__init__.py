"""The command line: parses, calls the library and prints; it decides nothing.

Importing it loads click and the declarations of `BatchConfig`; whatever is heavy is loaded inside
the commands, so that help appears at once.
"""

from __future__ import annotations

import click

from xborder_aml import __version__
from xborder_aml.cli._group import Program
from xborder_aml.cli.about import detectors, sources, warmup
from xborder_aml.cli.bundle import bundle, verify
from xborder_aml.cli.channels import channels, jurisdictions
from xborder_aml.cli.datasets import datasets
from xborder_aml.cli.demo import demo
from xborder_aml.cli.evaluate import evaluate, leaderboard
from xborder_aml.cli.ledger import detect, read, score
from xborder_aml.cli.outcomes import outcomes
from xborder_aml.cli.refer import refer
from xborder_aml.cli.synth import synth
from xborder_aml.cli.trace import trace

__all__ = ["main"]


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="xborder-aml", prog_name="xborder-aml")
def main() -> None:
    """Find cross-border laundering patterns in a ledger, and rank accounts for referral.

    Data go to standard output and talk goes to standard error. Results are leads for a person to
    judge, each with the transactions that it rests on; no score is a probability of guilt.

    \b
    Exit codes:
      0    done
      2    wrong use: an unknown option, source, detector or parameter
      3    bad input: a file is missing, or is not what it was said to be
      4    done but incomplete: rows were rejected, rates are missing, or searches were cut;
           the last lines say which and how many
      130  interrupted; every file is whole or absent
    """  # noqa: D301 - a real backspace keeps click from wrapping


_COMMANDS = (
    score, detect, read, trace, refer, detectors, sources, warmup, demo,
    channels, jurisdictions, synth, evaluate, leaderboard, datasets, bundle, verify, outcomes,
)  # fmt: skip
for _command in _COMMANDS:
    main.add_command(_command)
