"""Whether a request holds what treaties and practice ask of it: filled, missing or contradicted.

The items are paraphrased. What the ledger tells is filled in from the tables; what only a person
knows comes from `facts`, by the names in `FACTS`, and is missing without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from xborder_aml.errors import ParameterError, did_you_mean

__all__ = [
    "FACTS",
    "TEMPLATES",
    "TEMPLATE_CHANNELS",
    "Item",
    "Known",
    "check_facts",
    "completeness",
]

FACTS = {
    "authority": "The authority that makes the request, and its functions.",
    "investigation": "Subject and stage of the investigation or proceedings, with its number.",
    "offence": "The offence, its provision, and the greatest penalty.",
    "facts": "What happened, in a person's own words.",
    "persons": "Persons concerned: identity, location, nationality.",
    "procedure": "Procedure that the requested authority is asked to follow.",
    "order": "The order of a court on which the request rests, attached.",
    "order_final": "That the order is final.",
    "order_extent": "How far the order is to be executed.",
    "notification": "How persons concerned and third parties in good faith were notified, and due "
    "process was ensured.",
    "third_parties": "Third parties whose rights the order directly prejudices.",
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
    "further": "Anything further about the transfer, such as 'for further credit to'.",
    "elsewhere": "Other States that are asked for the same, and why.",
    "earlier": "Earlier orders and requests that this one relates to.",
    "confiscation": "Whether a confiscation certificate comes with it, or when one will.",
    "alternatives": "Measures that may be taken where the order cannot be executed.",
    "restitution": "A decision to restitute property to the victim, or a demand for one.",
    "validated": "The judge, court or prosecutor that validated the order.",
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
        Item("(b)", "subject matter and nature of the investigation or proceedings, and the name "
             "and functions of the authority that conducts them", "investigation"),
        Item("(c)", "summary of the relevant facts", "summary"),
        Item("(d)", "the assistance sought", "assistance"),
        Item("(d)", "particular procedure to be followed", "procedure"),
        Item("(e)", "identity, location and nationality of persons concerned, where possible",
             "persons"),
        Item("(f)", "purpose for which evidence, information or action is sought", "purpose"),
    ),
    "UNCAC art. 55(3)": (
        Item("(a)", "for an order made there: the property to be confiscated", "property"),
        Item("(a)", "for an order made there: its location, as far as possible", "location"),
        Item("(a)", "for an order made there: its estimated value, where relevant", "value"),
        Item("(a)", "for an order made there: facts relied upon, enough to seek it", "facts"),
        Item("(b)", "for an order made here: the order, in an admissible copy", "order"),
        Item("(b)", "for an order made here: statement of the facts", "facts"),
        Item("(b)", "for an order made here: how far it is to be executed", "order_extent"),
        Item("(b)", "for an order made here: how third parties in good faith were notified, and "
             "due process ensured", "notification"),
        Item("(b)", "for an order made here: that it is final", "order_final"),
        Item("(c)", "for freezing before an order: facts relied upon", "facts"),
        Item("(c)", "for freezing before an order: the actions requested", "assistance"),
        Item("(c)", "for freezing before an order: an order, where there is one", "order"),
    ),
    "Directive (EU) 2024/1640 art. 31(1)": (
        Item("facts", "relevant facts", "summary"),
        Item("background", "background information", "investigation"),
        Item("reasons", "reasons for the request", "reasons"),
        Item("links", "links with the country of the requested unit", "link"),
        Item("use", "how the information will be used", "use"),
    ),
    "FBI financial fraud kill chain": (
        Item("1", "summary of the incident", "summary"),
        Item("2", "victim's name", "victim"),
        Item("3", "victim's location: city and state", "victim_location"),
        Item("4", "originating bank", "originating_bank"),
        Item("5", "originating account", "originating_account"),
        Item("6", "beneficiary's name", "paid_holder"),
        Item("7", "beneficiary bank", "beneficiary_bank"),
        Item("8", "beneficiary account", "paid_account"),
        Item("9", "location of the beneficiary bank, if known", "beneficiary_bank_location"),
        Item("10", "intermediary bank, if known", "intermediary_bank"),
        Item("11", "SWIFT number", "swift"),
        Item("12", "date of the transfer", "paid_on"),
        Item("13", "amount of the transfer", "paid"),
        Item("further", "anything further, such as 'for further credit to'", "further"),
        Item("condition", "USD 50,000 or more", "at_least_50k"),
        Item("condition", "an international transfer", "international"),
        Item("condition", "within 72 hours", "within_72h"),
        Item("condition", "a recall has been sent", "recall_sent"),
    ),
    "Regulation (EU) 2018/1805 Annex I": (
        Item("A", "issuing State and authority", "authority"),
        Item("B", "grounds of urgency, or a date asked for and why", "urgency"),
        Item("C.1", "affected persons, and their position in the proceedings", "persons"),
        Item("C.3", "third parties whose rights are directly prejudiced", "third_parties"),
        Item("D.1", "the property, or the amount of money", "property"),
        Item("D.2", "the amount, where the order is about one", "value"),
        Item("D.3", "grounds for sending the order to that State", "location"),
        Item("E.1", "summary of the facts, and grounds for freezing", "facts"),
        Item("E.1", "stage of the investigation", "investigation"),
        Item("E.2", "nature and legal classification of the offence, and the provisions",
             "offence"),
        Item("E.3", "whether it is listed, with three years or more as the greatest penalty",
             "offence"),
        Item("F", "confidentiality, and formalities asked for", "procedure"),
        Item("G", "other States to which a certificate was sent, if any", "elsewhere"),
        Item("H", "earlier orders and requests that it relates to, if any", "earlier"),
        Item("I", "a confiscation certificate with it, or that the property stays frozen until "
             "one comes", "confiscation"),
        Item("J", "alternative measures that are allowed, if any", "alternatives"),
        Item("K", "a decision to restitute property to the victim, if any", "restitution"),
        Item("L", "who tells about legal remedies in the issuing State", "remedies"),
        Item("M", "contact person, languages and signature", "contact"),
        Item("N", "authority that validated the order, if any", "validated"),
        Item("P", "attachments: the order", "order"),
    ),
}  # fmt: skip
"""Items of each template, paraphrased. What several articles ask for stands under each of them: of
UNCAC art. 55(3) only the letter that the request is made under must be whole.

All five were compared with their texts in 2026-11: UNCAC art. 46(15) and 55(3); Directive (EU)
2024/1640 art. 31(1), second subparagraph; what Corporate One (December 2017) and others print of
the FBI's letter on the kill chain, which is not public itself; the certificate as of 2025-05-01,
whose section O is about the sender's central authority alone. Until 2027-07-10 Directive (EU)
2015/849 art. 53(1) asks for the same as art. 31(1), without the links.
"""


TEMPLATE_CHANNELS: dict[str, frozenset[str]] = {
    "UNCAC art. 46(15)": frozenset({"MLA_UNCAC", "MLA_UNTOC"}),
    "UNCAC art. 55(3)": frozenset({"MLA_UNCAC", "MLA_UNTOC"}),
    "Directive (EU) 2024/1640 art. 31(1)": frozenset({"FIUNET"}),
    "FBI financial fraud kill chain": frozenset({"FFKC_RRP"}),
    "Regulation (EU) 2018/1805 Annex I": frozenset({"EU_2018_1805"}),
}
"""The channels that a template is of; UNTOC art. 18(14) and 13(3) ask for the same as UNCAC's."""


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
