"""Jurisdictions, currencies and the dated facts about them."""
