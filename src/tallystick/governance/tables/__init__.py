"""Governance as data: state tables, forms, the catalogue of sources, the glossary. No logic here."""
