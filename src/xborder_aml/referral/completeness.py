"""Whether a request holds what treaties and practice ask of it: filled, missing or contradicted.

The items are paraphrased. What the ledger tells is filled in from the tables; what only a person
knows comes from `facts`, by the names in `FACTS`, and is missing without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from xborder_aml.errors import ParameterError, did_you_mean

__all__ = ["FACTS", "TEMPLATES", "Item", "Known", "check_facts", "completeness"]

FACTS = {
    "authority": "The authority that makes the request, and its functions.",
    "investigation": "Subject and stage of the investigation or proceedings, with its number.",
    "offence": "The offence, its provision, and the greatest penalty.",
    "facts": "What happened, in a person's own words.",
    "persons": "Persons concerned: identity, location, nationality.",
    "procedure": "Procedure that the requested authority is asked to follow.",
    "order": "The order of a court on which the request rests, attached.",
    "order_final": "That the order is final, and how far it is to be executed.",
    "notification": "How persons concerned and third parties in good faith were notified.",
    "urgency": "Why it is urgent, and by when.",
    "use": "How the information will be used.",
    "link": "What links the case to the requested State.",
    "remedies": "Legal remedies that the issuing State gives.",
    "contact": "Whom to ask, and how.",
    "victim": "Name of the victim.",
    "victim_location": "Where the victim is: city and State.",
    "originating_bank": "Bank from which the money was sent.",
    "beneficiary_bank": "Bank to which it was sent.",
    "beneficiary_bank_location": "Where that bank is.",
    "intermediary_bank": "Bank in between, if any.",
    "swift": "SWIFT code or reference of the transfer.",
    "recall_sent": "When the victim's bank sent a recall.",
}
"""What a person adds to a request, by name."""


class Item(NamedTuple):
    """An item of a template, and what fills it: a name of `FACTS`, or of `Known`."""

    item: str
    asks: str
    filled_by: str


TEMPLATES: dict[str, tuple[Item, ...]] = {
    "UNCAC art. 46(15)": (
        Item("(a)", "identity of the authority making the request", "authority"),
        Item("(b)", "subject matter and nature of the investigation, and who conducts it",
             "investigation"),
        Item("(c)", "summary of the relevant facts", "summary"),
        Item("(d)", "the assistance sought", "assistance"),
        Item("(d)", "particular procedure to be followed", "procedure"),
        Item("(e)", "identity, location and nationality of persons concerned", "persons"),
        Item("(f)", "purpose for which it is sought", "purpose"),
    ),
    "UNCAC art. 55(3)": (
        Item("(a)", "description of the property", "property"),
        Item("(a)", "location of the property", "location"),
        Item("(a)", "estimated value of the property, where possible", "value"),
        Item("(a)", "statement of the facts relied upon", "facts"),
        Item("(b)", "order of confiscation, in an admissible copy", "order"),
        Item("(b)", "that the order is final, and how far it is to be executed", "order_final"),
        Item("(b)", "notification of third parties in good faith", "notification"),
        Item("(c)", "the actions requested", "assistance"),
    ),
    "Directive (EU) 2024/1640 art. 31(1)": (
        Item("facts", "relevant facts", "summary"),
        Item("background", "background of the request", "investigation"),
        Item("reasons", "reasons for the request", "reasons"),
        Item("link", "link with the requested State", "location"),
        Item("use", "how the information will be used", "use"),
    ),
    "FBI financial fraud kill chain": (
        Item("1", "summary of the incident", "summary"),
        Item("2", "victim's name", "victim"),
        Item("3", "victim's location", "victim_location"),
        Item("4", "originating bank", "originating_bank"),
        Item("5", "originating account", "originating_account"),
        Item("6", "beneficiary's name", "beneficiary"),
        Item("7", "beneficiary bank", "beneficiary_bank"),
        Item("8", "beneficiary account", "property"),
        Item("9", "location of the beneficiary bank", "beneficiary_bank_location"),
        Item("10", "intermediary bank, if any", "intermediary_bank"),
        Item("11", "SWIFT code or reference", "swift"),
        Item("12", "date of the transfer", "date"),
        Item("13", "amount of the transfer", "value"),
        Item("condition", "USD 50,000 or more", "at_least_50k"),
        Item("condition", "an international transfer", "international"),
        Item("condition", "within 72 hours", "within_72h"),
        Item("condition", "a recall has been sent", "recall_sent"),
    ),
    "Regulation (EU) 2018/1805 Annex I": (
        Item("authority", "issuing authority, and whom to contact", "authority"),
        Item("order", "the freezing order, attached", "order"),
        Item("urgency", "grounds of urgency, or a date for execution", "urgency"),
        Item("persons", "persons against whom the order is issued", "persons"),
        Item("property", "the property, or the amount to be frozen", "property"),
        Item("location", "why the property is believed to be in the executing State", "location"),
        Item("value", "amount in figures, with its currency", "value"),
        Item("grounds", "grounds of the order and summary of the facts", "facts"),
        Item("offence", "nature and legal classification of the offence, greatest penalty",
             "offence"),
        Item("remedies", "legal remedies in the issuing State", "remedies"),
        Item("contact", "contact points", "contact"),
    ),
}  # fmt: skip
"""Items of each template, paraphrased; 31(1), the kill chain and Annex I as recalled."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables of a referral tell, by the name of an item's filling; None: nothing.

    `contradicted` holds what speaks against an item, by the same name.
    """

    told: Mapping[str, str]
    contradicted: Mapping[str, str]


def check_facts(facts: Mapping[str, str]) -> None:
    """Check the names of facts that a person adds.

    Raises
    ------
    ParameterError
        If one is unknown, or is no text.
    """
    for name, value in facts.items():
        if name not in FACTS:
            raise ParameterError(
                f"{name!r} is no fact of a request{did_you_mean(name, FACTS)}; it may be "
                f"{', '.join(FACTS)}"
            )
        if not isinstance(value, str):
            raise ParameterError(f"the fact {name!r} is {value!r}; write it as text")


def completeness(known: Known, facts: Mapping[str, str]) -> Iterable[dict[str, str | None]]:
    """Yield one row an item of every template: template, item, asks, state, has.

    Examples
    --------
    >>> known = Known({"value": "1.00 EUR"}, {"within_72h": "99 hours"})
    >>> rows = {(r["template"], r["asks"]): r["state"] for r in completeness(known, {})}
    >>> rows["FBI financial fraud kill chain", "within 72 hours"]
    'contradicted'
    >>> rows["UNCAC art. 46(15)", "identity of the authority making the request"]
    'missing'
    """
    for template, items in TEMPLATES.items():
        for item, asks, name in items:
            has = facts.get(name, "").strip() or known.told.get(name)
            against = known.contradicted.get(name)
            state = "contradicted" if against else "filled" if has else "missing"
            yield {
                "template": template, "item": item, "asks": asks, "state": state,
                "has": against or has,
            }  # fmt: skip
