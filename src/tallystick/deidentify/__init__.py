"""Extracts that identify nobody: keyed ids, only the approved fields, rows and detail, and the risk measured on the whole."""

from tallystick.deidentify.access import Access, access, is_over
from tallystick.deidentify.assess import Assessment, assess, group_findings, risk_page
from tallystick.deidentify.documents import Conditions, DictionaryRow, dictionary_csv
from tallystick.deidentify.extract import Extract, attributes_of, extract
from tallystick.deidentify.keys import keyed_id, keyed_ids, new_key
from tallystick.deidentify.risk import Limits
from tallystick.deidentify.rows import checked_condition

__all__ = [
    "Access",
    "Assessment",
    "Conditions",
    "DictionaryRow",
    "Extract",
    "Limits",
    "access",
    "assess",
    "attributes_of",
    "checked_condition",
    "dictionary_csv",
    "extract",
    "group_findings",
    "is_over",
    "keyed_id",
    "keyed_ids",
    "new_key",
    "risk_page",
]
