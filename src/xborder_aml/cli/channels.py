"""The commands about law and co-operation: channels, jurisdictions."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from xborder_aml.cli._talk import aligned

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["channels", "jurisdictions"]

_DAY = click.DateTime(["%Y-%m-%d"])
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_own = click.option(
    "--tables",
    metavar="FILE",
    multiple=True,
    help="TOML or CSV file of rows that are laid over the packaged ones: treaties between two "
    "States, memoranda, memberships.",
)


@click.command(short_help="Plan through which channels one State can ask another.")
@click.argument("requesting", metavar="FROM")
@click.argument("requested", metavar="TO")
@click.option("--on", "day", required=True, type=_DAY, metavar="DATE", help="Day of the request.")
@click.option("--predicate", metavar="NAME", help="Offence behind it, like corruption or fraud.")
@click.option(
    "--function",
    metavar="NAME",
    help="Show one of trace, stop, freeze, evidence, confiscate, return.",
)
@click.option("--all", "everything", is_flag=True, help="Show closed channels too, and why.")
@_own
@_as_json
def channels(
    requesting: str,
    requested: str,
    day: datetime,
    predicate: str | None,
    function: str | None,
    everything: bool,
    tables: tuple[str, ...],
    as_json: bool,
) -> None:
    """Plan through which channels FROM can ask TO: to trace, stop, freeze, confiscate, return.

    FROM and TO are ISO 3166-1 codes. What is not known is told as unknown, and never as a no; a
    plan is a help to the person who decides, and no legal advice.
    """
    from xborder_aml.jurisdictions.channels import channels as plan_of

    plan = plan_of(
        requesting,
        requested,
        on=day.date(),
        predicate=predicate,
        function=function,
        tables=tables or None,
    )
    rows = plan.table.to_dicts()
    shown = [row for row in rows if everything or row["availability"] != "closed"]
    if as_json:
        out = {"requesting": plan.requesting, "requested": plan.requested, "on": str(plan.on)}
        out_all: dict[str, Any] = {**out, "context": plan.context, "channels": shown}
        return click.echo(json.dumps(out_all, indent=2, ensure_ascii=False, default=str))
    names = ("position", "function", "channel", "kind", "availability", "deadline_hours", "status")
    click.echo(aligned(names, [[row[name] for name in names] for row in shown]))
    for row in shown:
        click.echo()
        click.echo(f"{row['position']}. {row['function']}: {row['name']} ({row['availability']})")
        for label in ("why", "legal_basis", "contact", "deadline", "value_rule", "evidential_use"):
            if row[label]:
                click.echo(f"   {label.replace('_', ' ')}: {row[label]}")
        for what in row["missing"]:
            click.echo(f"   missing: {what}")
    click.echo()
    for sentence in plan.context:
        click.echo(sentence)
    return None


@click.command(short_help="Show which tables of law and co-operation should be looked up again.")
@click.argument("what", metavar="check|counts", type=click.Choice(["check", "counts"]))
@click.option("--as-of", "day", type=_DAY, metavar="DATE", help="Day of the check.")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=365,
    metavar="DAYS",
    help="From this age on, a verified row is to be looked up too.  [default: 365]",
)
@_own
@_as_json
def jurisdictions(
    what: str, day: datetime | None, days: int, tables: tuple[str, ...], as_json: bool
) -> None:
    """Show what is stale as of a date (check), or count the rows by table and status (counts).

    Rows are verified against the source that they name, recalled, stale (the copy that was read is
    old), or unknown.
    """
    from xborder_aml.jurisdictions.checks import check_jurisdictions
    from xborder_aml.jurisdictions.tables import jurisdiction_tables

    known = jurisdiction_tables(*tables)
    if what == "counts":
        counts = Counter((name, row.status) for name, row in known.rows())
        rows = [{"table": n, "status": s, "n_rows": k} for (n, s), k in sorted(counts.items())]
    elif day is None:
        raise click.UsageError("check needs --as-of DATE: the answer depends on the day")
    else:
        rows = check_jurisdictions(day.date(), older_than_days=days, tables=known).to_dicts()
    if as_json:
        return click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    names = list(rows[0]) if rows else ["table"]
    return click.echo(aligned(names, [list(row.values()) for row in rows]))
