"""Linkage for parties that may not hand over names: each supplier encodes under a key that the linker never has.

``key`` makes and reads the key, ``bits`` turns values into keyed filters under a salt, ``chains`` cuts what would gather the records of
one name, ``encode`` makes of a supplier's records what the linker gets, ``model`` says how the same engine compares it. What remains
possible against it: ``docs/privacy-preserving.md``.
"""

from tallystick.linkage.pprl.encode import Encoded, Parameters, encode
from tallystick.linkage.pprl.key import fingerprint, is_open_to_others, make_key, read_key
from tallystick.linkage.pprl.model import are_encoded, checked

__all__ = [
    "Encoded",
    "Parameters",
    "are_encoded",
    "checked",
    "encode",
    "fingerprint",
    "is_open_to_others",
    "make_key",
    "read_key",
]
