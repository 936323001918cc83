"""Extracts that identify nobody: keyed ids, only the approved fields, rows and detail, and the risk measured on the whole."""

from tallystick.deidentify.documents import Conditions, DictionaryRow, dictionary_csv
from tallystick.deidentify.extract import Extract, extract
from tallystick.deidentify.keys import keyed_id, keyed_ids, new_key

__all__ = [
    "Conditions",
    "DictionaryRow",
    "Extract",
    "dictionary_csv",
    "extract",
    "keyed_id",
    "keyed_ids",
    "new_key",
]
