"""The kinds of payments that the presets' economies are made of."""

from __future__ import annotations

from xborder_aml.synth.spec import Flow

__all__ = ["AMLWORLD_FLOWS", "FLOWS", "HUB_FLOWS"]

_WIRE = (("wire", 1.0),)
_CARD = (("card", 1.0),)
_CASH = (("cash", 1.0),)
_ACH = (("ach", 1.0),)
_CHEQUE = (("cheque", 1.0),)

FLOWS: tuple[Flow, ...] = (
    # by the calendar: `share` is of persons
    Flow("salary", "company", "person", 0.60, home=0.85, median=2_300, sigma=0.4, wobble=0.0,
         cycle="month", purpose="Salary"),
    Flow("pension", "fund", "person", 0.18, home=0.80, median=1_250, sigma=0.3, wobble=0.0,
         cycle="month", purpose="Pension"),
    Flow("rent", "person", "landlord", 0.45, home=0.85, median=650, sigma=0.35, wobble=0.0,
         cycle="month", purpose="Rent"),
    # the rest: `share` is of transactions
    Flow("cards", "person", "merchant", 0.37, repeat=2.5, home=0.72, median=35, sigma=0.5,
         wobble=0.7, rhythm="shop", forms=_CARD, purpose="Card purchase"),
    Flow("tills", "person", "bank", 0.04, repeat=4, home=0.80, median=90, sigma=0.4, wobble=0.4,
         rhythm="shop", forms=_CASH, purpose="Cash withdrawal"),
    Flow("takings", "merchant", "bank", 0.02, repeat=8, home=0.95, median=900, sigma=0.6,
         wobble=0.4, forms=_CASH, purpose="Float for the tills"),
    Flow("remittances", "person", "person", 0.05, repeat=4, home=0.05, median=230, sigma=0.5,
         wobble=0.15, rhythm="any", forms=(("other", 0.6), ("wire", 0.4)),
         purpose="Family support"),
    Flow("invoices", "company", "company", 0.20, repeat=3, home=0.60, median=3_500, sigma=1.0,
         wobble=0.4, purpose="Invoice"),
    Flow("supplies", "merchant", "company", 0.10, repeat=4, home=0.65, median=1_400, sigma=0.8,
         wobble=0.3, purpose="Goods"),
    Flow("wires", "company", "company", 0.06, repeat=3, home=0.20, median=9_000, sigma=1.0,
         wobble=0.3, via=True, purpose="Invoice"),
    Flow("sweeps", "subsidiary", "treasury", 0.03, repeat=12, median=16_000, sigma=0.6,
         wobble=0.2, purpose="Cash pooling"),
    Flow("funding", "treasury", "subsidiary", 0.03, repeat=12, median=15_000, sigma=0.6,
         wobble=0.2, purpose="Cash pooling"),
    Flow("orders", "person", "marketplace", 0.05, repeat=2, home=0.6, median=50, sigma=0.4,
         wobble=0.6, rhythm="shop", forms=_CARD, purpose="Order"),
    Flow("payouts", "marketplace", "seller", 0.02, repeat=6, home=0.5, median=260, sigma=0.5,
         wobble=0.4, purpose="Payout"),
    Flow("taxes", "company", "fund", 0.02, repeat=2, home=1.0, median=1_900, sigma=0.7,
         wobble=0.1, purpose="Taxes and contributions"),
    Flow("coins", "wallet", "wallet", 0.01, repeat=1.3, home=0.5, median=400, sigma=1.2,
         wobble=0.5, rhythm="any", forms=(("crypto", 1.0),), purpose="Transfer"),
)  # fmt: skip
"""A European economy as a national financial intelligence unit would see it."""

HUB_FLOWS: tuple[Flow, ...] = (
    *(f for f in FLOWS if f.name not in ("orders", "payouts", "cards")),
    Flow("cards", "person", "merchant", 0.12, repeat=2.5, home=0.85, median=35, sigma=0.5,
         wobble=0.7, rhythm="shop", forms=_CARD, purpose="Card purchase"),
    Flow("acquiring", "person", "hub", 0.25, repeat=2.0, home=0.85, median=45, sigma=0.5,
         wobble=0.7, rhythm="shop", forms=_CARD, purpose="Card purchase"),
    Flow("settlement", "hub", "merchant", 0.10, repeat=10, home=0.85, median=900, sigma=0.8,
         wobble=0.4, purpose="Card settlement"),
    Flow("hub wires", "hub", "hub", 0.02, repeat=30, home=0.2, median=80_000, sigma=0.8,
         wobble=0.5, rhythm="any", purpose="Clearing"),
)  # fmt: skip
"""The same with processors through which a third of all payments go."""

_PAPER = (("cheque", 0.6325), ("ach", 0.178), ("cash", 0.162), ("wire", 0.0275))
AMLWORLD_FLOWS: tuple[Flow, ...] = (
    Flow("salary", "company", "person", 0.625, home=0.9, median=1_400, sigma=0.5, wobble=0.0,
         cycle="fortnight", forms=_ACH, purpose="Salary"),
    Flow("pension", "fund", "person", 0.183, home=0.9, median=1_300, sigma=0.3, wobble=0.0,
         cycle="month", forms=_ACH, purpose="Pension"),
    Flow("rent", "person", "landlord", 0.35, home=0.95, median=900, sigma=0.4, wobble=0.0,
         cycle="month", forms=_CHEQUE, purpose="Rent"),
    Flow("cards", "person", "merchant", 0.283, repeat=2.0, home=0.62, median=42, sigma=0.8,
         wobble=0.8, rhythm="any", forms=_CARD, purpose="Card purchase"),
    Flow("purchases", "person", "merchant", 0.146, repeat=1.5, home=0.62, median=160, sigma=1.0,
         wobble=0.7, rhythm="any", forms=_PAPER, purpose="Goods"),
    Flow("invoices", "company", "company", 0.2, repeat=3, home=0.55, median=3_000, sigma=1.5,
         wobble=0.6, rhythm="any", forms=_PAPER, purpose="Invoice"),
    Flow("supplies", "merchant", "company", 0.137, repeat=4, home=0.55, median=1_600, sigma=1.3,
         wobble=0.5, rhythm="any", forms=_PAPER, purpose="Goods"),
    Flow("clearing", "hub", "company", 0.063, repeat=2, home=0.55, median=2_500, sigma=1.4,
         wobble=0.6, rhythm="any", forms=_PAPER, purpose="Clearing"),
    Flow("sweeps", "subsidiary", "treasury", 0.0105, repeat=4, median=14_000, sigma=1.0,
         wobble=0.3, rhythm="any", forms=_WIRE, purpose="Cash pooling"),
    Flow("funding", "treasury", "subsidiary", 0.0105, repeat=4, median=13_000, sigma=1.0,
         wobble=0.3, rhythm="any", forms=_WIRE, purpose="Cash pooling"),
    Flow("coins", "wallet", "wallet", 0.02, repeat=1.5, home=0.5, median=700, sigma=1.4,
         wobble=0.7, rhythm="any", forms=(("crypto", 1.0),), purpose="Transfer"),
)  # fmt: skip
"""AMLworld's mix of payment formats."""
