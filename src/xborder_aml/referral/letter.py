"""The draft of a letter of request: what the tables tell, and what a person must still fill in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import polars as pl

from xborder_aml.errors import ParameterError, did_you_mean
from xborder_aml.jurisdictions.names import jurisdiction_name
from xborder_aml.referral._casewords import place_words
from xborder_aml.referral.completeness import FACTS
from xborder_aml.referral.evidence import native_holdings
from xborder_aml.referral.proposal import Referral
from xborder_aml.report.formats import UNKNOWN, money, plain
from xborder_aml.tracing import RULE_WORDS

__all__ = ["FORMS", "letter_of_request"]

FORMS = ("markdown", "html")
_ACCOUNTS = 50
_IDS = 12
_DRAFT = "Draft: a person completes it, checks it, takes out what stands in brackets, and signs it."


class _Missing(NamedTuple):
    """A gap that a person must fill, or what is to be checked before it is sent."""

    asks: str
    word: str = "MISSING"


class _Table(NamedTuple):
    """A table: names of columns, and rows of text."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


class _Section(NamedTuple):
    """A heading and what stands under it."""

    title: str
    blocks: list[str | _Missing | _Table]


def letter_of_request(
    referral: Referral, jurisdiction: str | None, *, form: str = "markdown"
) -> str:
    """Return the draft of a letter of request to one jurisdiction.

    Every amount is one of the case file's, and what only a person knows is either a fact that was
    given or a highlighted gap. It is a draft: the law of both States says what a request needs.

    Parameters
    ----------
    referral
        What `refer` returned of a trace; of one case.
    jurisdiction
        Jurisdiction that is asked; it must hold claimed money.
    form
        markdown or html.

    Raises
    ------
    ParameterError
        If the form is unknown, there are several cases, or nothing is held there.

    Examples
    --------
    >>> import xborder_aml as xb
    >>> graph = xb.TransactionGraph(xb.example_ledger())
    >>> referral = xb.refer(xb.trace(graph, {"victim": [4]}), requesting="EE")
    >>> print(letter_of_request(referral, "CY").splitlines()[0])
    # Draft letter of request: Estonia to Cyprus
    """
    if form not in FORMS:
        raise ParameterError(
            f"form={form!r} is unknown{did_you_mean(form, FORMS)}; it is one of {', '.join(FORMS)}"
        )
    if referral.cases["case"].n_unique() != 1:
        raise ParameterError(
            "a letter is about one case; take referral.of_case(name) for each of referral.names"
        )
    own = pl.col("jurisdiction").cast(pl.String).eq_missing(jurisdiction)
    if referral.requests.filter(own).is_empty():
        known = [code or UNKNOWN for code in referral.requests["jurisdiction"].to_list()]
        raise ParameterError(
            f"no claimed money is held in {jurisdiction!r}"
            f"{did_you_mean(str(jurisdiction), known)}; it is in {', '.join(known) or 'no place'}"
        )
    title = (
        f"Draft letter of request: {jurisdiction_name(referral.requesting)} to "
        f"{jurisdiction_name(jurisdiction)}"
    )
    sections = list(_sections(referral, jurisdiction))
    return _markdown(title, sections) if form == "markdown" else _html(title, sections)


def _sections(referral: Referral, place: str | None) -> Iterator[_Section]:
    def fact(name: str) -> str | _Missing:
        text = referral.facts.get(name, "").strip()
        return text or _Missing(FACTS[name])

    own = pl.col("jurisdiction").cast(pl.String).eq_missing(place)
    request = referral.requests.filter(own).row(0, named=True)
    currency = request["base_currency"]
    plan = referral.channel_plans.get(place or "")
    line = None if plan is None else plan.first("freeze")
    basis: str | _Missing = _Missing("the treaty or law on which the request rests")
    if line is not None:
        basis = f"{line['legal_basis']} ({line['name']}; {line['contact']})."
    yield _Section("Authorities", [
        f"Requesting jurisdiction: {place_words(referral.requesting)}. Requested: "
        f"{place_words(place)}.",
        fact("authority"), fact("contact"),
    ])  # fmt: skip
    doubts = [] if line is None else [_Missing(text, "CHECK") for text in line["missing"]]
    yield _Section("Legal basis", [basis, *doubts])
    yield _Section("Subject matter and proceedings", [fact("investigation"), fact("offence")])
    yield _Section("Facts", [*_story(referral, request), fact("facts")])
    yield _Section("Persons concerned", [fact("persons")])
    rows = referral.recovery.filter(own)
    native = native_holdings(referral)
    table = _Table(
        ("Account", "Holder", "Amount traced", f"In {currency}", "Transactions"),
        [
            (
                plain(row["account"]),
                plain(row["holder"] or "not known"),
                "; ".join(money(m, c) for c, m in native[row["account"]].items()),
                money(row["traced_minor"], currency),
                _ids(row["transaction_ids"]),
            )
            for row in rows.head(_ACCOUNTS).iter_rows(named=True)
        ],
    )
    more = rows.height - _ACCOUNTS
    yield _Section("Property, its location and estimated value", [
        f"Estimated value of the property: {money(request['traced_minor'], currency)}, by the rule "
        f"“{RULE_WORDS[referral.traced.rule]}”.",
        table,
        *([f"{more} more accounts stand in the table recovery."] if more > 0 else []),
    ])  # fmt: skip
    yield _Section("Assistance sought", [
        "To hold the money in the accounts named, up to the amounts named; to freeze it; and to "
        "tell their balances, holders and transactions since the last one named.",
        fact("order"), fact("procedure"),
    ])  # fmt: skip
    yield _Section("Urgency", [
        f"Claimed money last came in on {request['last_in_at']:%Y-%m-%d}.", fact("urgency"),
    ])  # fmt: skip
    yield _Section("Use, notification and remedies", [
        fact("use"), fact("notification"), fact("remedies"),
    ])  # fmt: skip
    yield _Section("Attached", [
        "Case file; figures.json; transactions; table of evidence; re-performance ledger.",
    ])  # fmt: skip
    yield _Section("Signature", [_Missing("name, function, place, date and signature")])


def _story(referral: Referral, request: Mapping[str, Any]) -> list[str]:
    traced = referral.traced
    seeds = traced.seeds.filter(pl.col("claim").is_in(referral.cases["claim"].implode()))
    codes = traced.graph.column("originator_code").gather(seeds["row"]).unique()
    payers = ", ".join(map(plain, traced.graph.account_names.gather(codes).sort().to_list()))
    steps = referral.waterfall.filter(pl.col("scope") == "all", pl.col("step") == "seeded")
    seeded = money(steps["value_minor"][0], steps["base_currency"][0])
    ids = seeds["transaction_id"].unique(maintain_order=True).to_list()
    paid = "1 transaction" if len(ids) == 1 else f"{len(ids)} transactions"
    n = request["n_accounts"]
    return [
        f"{paid} of {'the account' if codes.len() == 1 else 'the accounts'} {payers} brought "
        f"{seeded}: {_ids(ids)}.",
        f"Followed by the declared rule “{RULE_WORDS[traced.rule]}” to {traced.ended_at:%Y-%m-%d}, "
        f"{money(request['traced_minor'], request['base_currency'])} of it is in "
        f"{n} account{'s' if n != 1 else ''} in {jurisdiction_name(request['jurisdiction'])}.",
    ]


def _ids(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:_IDS]))
    return shown if len(ids) <= _IDS else f"{shown} and {len(ids) - _IDS} more"


def _markdown(title: str, sections: list[_Section]) -> str:
    def block(each: str | _Missing | _Table) -> str:
        if isinstance(each, _Missing):
            return f"**[{each.word}: {_safe(each.asks)}]**"
        if isinstance(each, str):
            return _safe(each)
        lines = [each.head, tuple("---" for _ in each.head), *each.rows]
        return "\n".join(f"| {' | '.join(_safe(cell) for cell in line)} |" for line in lines)

    parts = [f"# {title}", _DRAFT]
    for number, section in enumerate(sections, start=1):
        parts += [f"## {number}. {section.title}", *map(block, section.blocks)]
    return "\n\n".join(parts) + "\n"


def _safe(text: str) -> str:
    """Escape what Markdown would take for markup in a name from the ledger."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in text.replace("\n", " "))


def _html(title: str, sections: list[_Section]) -> str:
    def block(each: str | _Missing | _Table) -> str:
        if isinstance(each, _Missing):
            return f"<p><mark>[{each.word}: {escape(each.asks)}]</mark></p>"
        if isinstance(each, str):
            return f"<p>{escape(each)}</p>"
        head = "".join(f"<th>{escape(name)}</th>" for name in each.head)
        rows = "".join(
            f"<tr>{''.join(f'<td><bdi>{escape(cell)}</bdi></td>' for cell in row)}</tr>"
            for row in each.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    style = (files("xborder_aml.referral") / "templates" / "casefile.css").read_text("utf-8")
    body = "".join(
        f"<h2>{number}. {escape(section.title)}</h2>{''.join(map(block, section.blocks))}"
        for number, section in enumerate(sections, start=1)
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f'<header><h1>{escape(title)}</h1><p class="draft">{_DRAFT}</p></header>'
        f"{body}</main></body></html>\n"
    )
