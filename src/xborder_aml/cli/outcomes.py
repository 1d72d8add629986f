"""The commands about what became of referrals: outcomes add, correct, show."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from xborder_aml.cli._group import verbosity
from xborder_aml.cli._talk import Talk, aligned

if TYPE_CHECKING:
    import polars as pl

    from xborder_aml.outcomes.events import Outcome

__all__ = ["outcomes"]

_DAY = click.DateTime(["%Y-%m-%d"])
_EVENTS = ("sent", "answered", "frozen", "confiscated", "returned", "refused")


def _about(function: Any) -> Any:
    """Add what a row can say to a command."""
    for option in reversed(
        (
            click.option("--referral", required=True, metavar="NAME", help="Your name of it."),
            click.option(
                "--channel", required=True, metavar="ID", help="How it went, like EGMONT."
            ),
            click.option(
                "--on", required=True, type=_DAY, metavar="DATE", help="Day on which it happened."
            ),
            click.option("--amount", metavar="NUMBER", help="Amount in whole units, like 1250.50."),
            click.option("--currency", metavar="CODE", help="ISO 4217 code of the amount."),
            click.option(
                "--requested", metavar="CODE", help="Jurisdiction that is asked; of sent only."
            ),
            click.option(
                "--steps",
                metavar="STEP,...",
                help="What the channel does, of sent only: some of frozen,confiscated,returned, "
                "which is the default.",
            ),
            click.option("--reason", metavar="TEXT", help="Why it was refused."),
            click.option("--note", metavar="TEXT", help="Anything else."),
        )
    ):
        function = option(function)
    return function


@click.group(short_help="Record what became of referrals, and add it up.")
def outcomes() -> None:
    """Record what became of referrals, and add it up.

    A register is a file that is only added to: a mistake is corrected by a new row, and a file that
    was edited is not read.
    """


@outcomes.command(short_help="Add what happened to a referral.")
@click.argument("file", metavar="REGISTER")
@click.argument("event", type=click.Choice(_EVENTS))
@_about
@verbosity
def add(file: str, **values: Any) -> None:
    """Add a row to REGISTER: a referral was sent, answered, frozen, confiscated, returned, refused.

    A row that cannot be is not added: confiscated before frozen where the channel freezes first,
    more than was asked for, before it was sent, in a currency that was not asked for. Prints the
    number of the row and the hash of the last line.
    """
    from xborder_aml.outcomes.register import OutcomeRegister

    register = OutcomeRegister(file)
    click.echo(f"{register.add(_outcome(values))}  {register.head}")


@outcomes.command(short_help="Correct a row by a new one.")
@click.argument("file", metavar="REGISTER")
@click.argument("row", type=int)
@click.argument("event", type=click.Choice([*_EVENTS, "nothing"]))
@click.option("--because", required=True, metavar="TEXT", help="Why the row was wrong.")
@click.option(
    "--corrected-on", required=True, type=_DAY, metavar="DATE", help="Day of the correction."
)
@_about
@verbosity
def correct(file: str, row: int, because: str, corrected_on: datetime, **values: Any) -> None:
    """Add a row to REGISTER that takes the place of ROW; the event "nothing" takes it out.

    ROW stays in the file, and in `show --table history`.
    """
    from xborder_aml.outcomes.register import OutcomeRegister

    register = OutcomeRegister(file)
    becomes = None if values["event"] == "nothing" else _outcome(values)
    n = register.correct(row, becomes, reason=because, on=corrected_on.date())
    click.echo(f"{n}  {register.head}")


@outcomes.command(short_help="Add up what became of referrals.")
@click.argument("file", metavar="REGISTER")
@click.option(
    "--by",
    type=click.Choice(["channel", "requested", "year"]),
    help="Tell them apart by channel, jurisdiction asked or year of sending.",
)
@click.option(
    "--table",
    type=click.Choice(["statistics", "requests", "history"]),
    default="statistics",
    show_default=True,
    help="Sums, one row a request, or every row as it was written.",
)
@click.option("--head", metavar="HASH", help="Hash of a line that the register must still hold.")
@click.option("--plot", metavar="FILE", help="Write a picture, too, as HTML.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@verbosity
def show(
    file: str, by: str | None, table: str, head: str | None, plot: str | None, as_json: bool
) -> None:
    """Add up REGISTER: requests, money by currency, time to freeze, refusals and why.

    Statistics name no referral, no account and no person.
    """
    from pathlib import Path

    from xborder_aml.errors import DatasetUnavailableError
    from xborder_aml.outcomes.register import OutcomeRegister

    if not Path(file).is_file():
        raise DatasetUnavailableError(f"there is no register {file!r}; `outcomes add` makes one")
    register = OutcomeRegister(file, head=head)
    if table == "statistics":
        tables = {
            "counts": register.counts(by),
            "money": register.money(by),
            "refusals": register.refusals(by),
        }
    else:
        tables = {table: register.requests if table == "requests" else register.history}
    if as_json:
        rows = {name: frame.to_dicts() for name, frame in tables.items()}
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    else:
        click.echo("\n\n".join(_text(frame) for frame in tables.values() if frame.height))
    with Talk() as talk:
        talk.say(f"{len(register.rows):,} rows; last line {register.head}")
        if plot is not None:
            from xborder_aml.outcomes.figure import outcome_figure

            outcome_figure(register, by=by or "channel").write_html(plot, include_plotlyjs=True)
            talk.say(f"picture  {plot}")


def _outcome(values: dict[str, Any]) -> Outcome:
    """Return a row from the options of a command."""
    from xborder_aml.outcomes.events import Outcome

    told = {**values, "on": values["on"].date()}
    amount, steps = told.pop("amount"), told.pop("steps")
    if amount is not None:
        told["amount_minor"] = _minor(amount, told["currency"])
    if steps is not None:
        told["steps"] = tuple(step.strip() for step in steps.split(","))
    return Outcome(**told)


def _minor(text: str, currency: str | None) -> int:
    """Return an amount in minor units, exactly."""
    from xborder_aml.errors import ParameterError
    from xborder_aml.jurisdictions.codes import CURRENCIES, minor_digits

    if currency not in CURRENCIES:
        raise ParameterError(f"--currency {currency!r} is no ISO 4217 code such as EUR")
    try:
        minor = Decimal(text.replace(",", "")).scaleb(minor_digits(currency))
        whole = int(minor)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ParameterError(f"--amount {text!r} is no number such as 1250.50") from error
    if whole != minor:
        raise ParameterError(f"--amount {text!r} has a part smaller than {currency} has")
    return whole


def _text(frame: pl.DataFrame) -> str:
    """Return a table as text: money in units, shares in percent."""
    from xborder_aml.report.formats import money

    def cell(row: dict[str, Any], name: str) -> Any:
        value = row[name]
        if value is None:
            return None
        if name.endswith("_minor"):
            return money(value, row["currency"])
        if name.endswith(("_share", "_rate")):
            return f"{value:.1%}"
        if isinstance(value, date):
            return value.isoformat()
        return ", ".join(value) if isinstance(value, list) else value

    names = [name for name in frame.columns if name != "currency"]
    rows = [[cell(row, name) for name in names] for row in frame.iter_rows(named=True)]
    heads = [name.removesuffix("_minor").removeprefix("n_").replace("_", " ") for name in names]
    return aligned(heads, rows)
