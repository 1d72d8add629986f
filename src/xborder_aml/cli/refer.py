"""The command that makes case files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from xborder_aml.cli._group import INCOMPLETE, verbosity
from xborder_aml.cli._options import (
    FOLLOWING,
    READING,
    config_of,
    config_options,
    following,
    fresh_option,
)
from xborder_aml.cli._talk import Talk, aligned

if TYPE_CHECKING:
    from datetime import datetime

    from xborder_aml.batch.refer import Referred

__all__ = ["refer"]


@click.command(short_help="Make case files and letters of request from seeds.")
@click.argument("ledger", metavar="LEDGER")
@click.option(
    "--requesting", required=True, metavar="XX", help="Jurisdiction that asks: ISO 3166-1 alpha-2."
)
@following(poison=False)
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day of the request; by default the day on which the trace ends.",
)
@click.option("--predicate", metavar="NAME", help="Offence behind it, like corruption or fraud.")
@click.option("--settings", metavar="FILE", help="TOML file of assumptions and limits.")
@click.option("--facts", metavar="FILE", help="TOML file of what a person adds to the request.")
@click.option(
    "--tables",
    metavar="FILE",
    multiple=True,
    help="TOML or CSV file of rows that are laid over the packaged tables of law.",
)
@click.option(
    "--letters",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Letters that are drafted for a case.",
)
@click.option("--out", required=True, metavar="DIR", help="Folder for what is made.")
@config_options(*READING, "as_of")
@fresh_option
@verbosity
def refer(ledger: str, out: str, day: datetime | None, fresh: bool, **values: Any) -> None:
    """Follow the money of some transactions in LEDGER, and make a case file that a person signs.

    Prints whom to ask, for how much, and whether. Everything is a draft: nothing is sent, and
    chances and delays are assumptions, see --settings.

    \b
    DIR holds, for one case (several: case-1, case-2, ... in it):
      case.html            the case file; print it in a browser for a PDF
      letter-XX.md, .html  draft letters of request, with gaps highlighted
      requests, recovery   whom to ask and whether; account by account (CSV, too)
      waterfall            from the seed value to what can be expected (CSV, too)
      evidence, steps      transactions; every step to follow by hand
      sensitivity, clocks, plans, counter_evidence, completeness, rules, holdings
      transactions         the rows from which everything can be worked out again, with
      known_accounts       what is known of their accounts
      referral.json        what was asked for, and what was assumed
      figures.json         every figure, its transactions, and its formula; written last

    DIR must be new, empty, or one that this command filled. Every file is whole or absent, and with
    the same inputs and options as before nothing is done.
    """  # noqa: D301 - a real backspace keeps click from wrapping
    from xborder_aml.batch.follow import Asked
    from xborder_aml.batch.refer import Wanted, refer_ledger

    asked = Asked(**{name: values.pop(name) for name in FOLLOWING})
    own = ("requesting", "predicate", "settings", "facts", "tables", "letters")
    on = None if day is None else day.date()
    wanted = Wanted(on=on, **{name: values.pop(name) for name in own})
    with Talk() as talk:
        referred = refer_ledger(
            ledger, out, asked, wanted, config_of(values), fresh=fresh, progress=talk
        )
    click.echo(_summary(referred))
    done = "kept" if referred.kept else "wrote"
    for folder in referred.folders:
        talk.insist(f"{done} {folder / 'case.html'}")
    for sentence in referred.incomplete:
        talk.insist(f"incomplete: {sentence}")
    if referred.incomplete:
        click.get_current_context().exit(INCOMPLETE)


def _summary(referred: Referred) -> str:
    """Return whom to ask, for how much and whether, as text."""
    from xborder_aml.report.formats import UNKNOWN, money

    rows = [
        (
            r["case"],
            r["jurisdiction"] or UNKNOWN,
            r["decision"],
            money(r["traced_minor"], r["base_currency"]),
            money(r["expected_minor"], r["base_currency"]),
            r["channel"] or "",
            r["flip"] or "",
        )
        for r in referred.requests.iter_rows(named=True)
    ]
    head = ["case", "in", "proposal", "traced", "expected", "channel", "would change if"]
    return aligned(head, rows, widest=64)
