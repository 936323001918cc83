"""A supplier's records, encoded under the key: filters and tokens, no name, and a manifest for the linker.

Nothing of one field alone can be compared but the whole birth date, the whole postcode and numbers, which are nearly as rare each as the
next. A name, or a part of a date or postcode, is encoded under a salt (``CODES``) and so compares only within one birth date or one
postcode; across those, only combinations of two names and a further field (``TOKENS``) can be found again. What many share is left out:
a birth date or postcode of more than ``most`` different names, and whatever would show more than ``most`` records to have one name
(``chains``). So no frequency tells a name: counts of match-keys are what breaks them (Vidanage, Ranbaduge, Christen and Randall 2020,
*A privacy attack on multiple dynamic match-key based privacy-preserving record linkage*).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import clean
from tallystick.linkage.identifiers import STRENGTH
from tallystick.linkage.pprl import bits, chains
from tallystick.linkage.pprl.chance import chance
from tallystick.linkage.pprl.key import derived, fingerprint

METADATA = b"tallystick.encoded"
VERSION = 1
NEEDED = ("first_name", "surname", "dob")
KNOWN = (*NEEDED, "postcode", *STRENGTH)
GRAMS: Mapping[str, Callable[[str], list[str]]] = {
    "first_name": bits.letters,
    "surname": bits.letters,
    "dob": bits.places,
    "postcode": bits.places,
}

# A code: the field in it, and the field that salts it.
CODES: Mapping[str, tuple[str, str]] = {
    "code_first_name_by_dob": ("first_name", "dob"),
    "code_surname_by_dob": ("surname", "dob"),
    "code_postcode_by_dob": ("postcode", "dob"),
    "code_first_name_by_postcode": ("first_name", "postcode"),
    "code_surname_by_postcode": ("surname", "postcode"),
    "code_dob_by_postcode": ("dob", "postcode"),
}
# A token: a combination of which a keyed hash is sent. The salts stand first: without its token no code of theirs is sent.
TOKENS: Mapping[str, tuple[str, ...]] = {
    "key_dob": ("dob",),
    "key_postcode": ("postcode",),
    "key_first_root_dob": ("first_root", "dob"),
    "key_first_root_postcode": ("first_root", "postcode"),
    "key_surname_sound_dob": ("surname_sound", "dob"),
    "key_name": ("first_root", "surname"),
    "key_name_year": ("first_root", "surname_sound", "dob_year"),
    "key_name_day": ("first_root", "surname_sound", "dob_day"),
    "key_name_sector": ("first_root", "surname_sound", "postcode_sector"),
}


@dataclass(frozen=True)
class Parameters:
    """What all suppliers of a linkage have to agree on: ``fields`` of the person model, and how ``most`` records may show one name."""

    fields: tuple[str, ...] = (*NEEDED, "postcode")
    most: int = 100

    def __post_init__(self) -> None:
        if set(NEEDED) - set(self.fields) or set(self.fields) - set(KNOWN):
            raise BadInput(
                f"The fields to encode: {', '.join(NEEDED)} have to be there; {', '.join(KNOWN[3:])} may be."
            )
        if self.most < 2:
            raise BadInput("The most records that may show one name are at least 2.")


@dataclass(frozen=True)
class Encoded:
    """The encoded table (its manifest in the schema's metadata), and by column for how many records it was left out as too common."""

    table: pa.Table
    left_out: Mapping[str, int]


def encode(
    table: pa.Table,
    key: bytes,
    entropy: Callable[[int], bytes],
    parameters: Parameters = Parameters(),
    *,
    id_column: str = "record_id",
    source: str = "",
) -> Encoded:
    """Return the records of ``table`` encoded: its id column, ``code_*`` (binary), ``key_*`` (text), in an order that says nothing.

    Raises ``BadInput`` where a field of the parameters has no column, or the ids are missing or repeat.
    """
    cleaned = clean.standard(table, id_column, source).table
    absent = [field for field in parameters.fields if field not in cleaned.column_names]
    if absent:
        raise BadInput(
            f"{source}: no column for {', '.join(absent)}. Every supplier encodes the same fields: add the column, or agree on others."
        )
    columns = {name: cleaned[name].combine_chunks() for name in cleaned.column_names}
    made: dict[str, pa.Array] = {}
    left_out: dict[str, int] = {}
    for name, parts in tokens(parameters).items():
        value = _joined([columns[part] for part in parts])
        if name in ("key_dob", "key_postcode"):
            whole = value
            value = _of_few(value, _joined([columns["first_name"], columns["surname"]]), parameters.most)
            left_out[name] = value.null_count - whole.null_count
        made[name] = _token(value, derived(key, name))
    for name, (field, salt) in codes(parameters).items():
        subkey = derived(key, _kind(field, salt))
        made[name] = _code(columns[field], columns[salt], made[f"key_{salt}"], GRAMS[field], subkey)
    made, cut = chains.cut(made, parameters.most)
    left_out |= cut
    nonce = entropy(32)
    ids = columns[id_column].to_pylist()
    order = sorted(range(len(ids)), key=lambda row: sha256(nonce + str(ids[row]).encode()).digest())
    whole = pa.table({id_column: columns[id_column], **made}).take(pa.array(order, pa.int64()))
    said = {**agreed(parameters, key), "chance": chance(columns, parameters.fields, entropy)}
    return Encoded(
        whole.replace_schema_metadata({METADATA: json.dumps(said, sort_keys=True)}),
        {name: count for name, count in left_out.items() if count},
    )


def tokens(parameters: Parameters) -> dict[str, tuple[str, ...]]:
    """Return the tokens that these parameters make: name to columns in standard form."""
    whose = {
        "first_root": "first_name", "surname_sound": "surname", "dob_year": "dob", "dob_day": "dob",
        "postcode_sector": "postcode",
    }  # fmt: skip
    numbers = {f"key_{name}": (name,) for name in STRENGTH}
    return {
        name: parts
        for name, parts in {**TOKENS, **numbers}.items()
        if {whose.get(part, part) for part in parts} <= set(parameters.fields)
    }


def codes(parameters: Parameters) -> dict[str, tuple[str, str]]:
    """Return the codes that these parameters make: name to field and salt."""
    return {name: both for name, both in CODES.items() if set(both) <= set(parameters.fields)}


def agreed(parameters: Parameters, key: bytes) -> dict[str, object]:
    """Return how files are made that can be linked: parameters, version, and the key's fingerprint."""
    return {
        **asdict(parameters),
        "version": VERSION,
        "length": bits.LENGTH,
        "hashes": bits.HASHES,
        "key": fingerprint(key),
    }


def _kind(field: str, salt: str) -> str:
    """Return what the subkey of a code is for: one for both names, so that names in each other's place agree."""
    return f"{'name' if field in ('first_name', 'surname') else field} by {salt}"


def _joined(columns: list[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*columns, "\x1f") if len(columns) > 1 else columns[0]


def _of_few(value: pa.Array, names: pa.Array, most: int) -> pa.Array:
    """Return the values without those that come with more than ``most`` different names."""
    counted = (
        pa.table({"value": value, "name": names}).group_by("value").aggregate([("name", "count_distinct")])
    )
    common = counted["value"].filter(pc.greater(counted["name_count_distinct"], most)).drop_null()
    is_common = pc.is_in(value, value_set=common.combine_chunks())
    return pc.if_else(is_common, pa.scalar(None, pa.string()), value)


def _token(value: pa.Array, subkey: bytes) -> pa.Array:
    """Return the keyed hash of each value, 20 hexadecimal digits."""
    return clean.each(value, lambda text: hmac.digest(subkey, text.encode(), sha256).hex()[:20])


def _code(
    field: pa.Array, salt: pa.Array, token: pa.Array, grams: Callable[[str], list[str]], subkey: bytes
) -> pa.Array:
    """Return a field's filter under its salt; null where either is missing or the salt's token was not sent."""
    there = pc.and_(pc.and_(field.is_valid(), salt.is_valid()), token.is_valid())
    each = (
        pa.table({"field": field, "salt": salt})
        .filter(there)
        .group_by(["field", "salt"], use_threads=False)
        .aggregate([])
    )
    made = bits.filters(each["field"].to_pylist(), each["salt"].to_pylist(), grams, subkey)
    known = _joined([each["field"].combine_chunks(), each["salt"].combine_chunks()])
    place = pc.index_in(_joined([field, salt]), value_set=known)
    found: pa.Array = made.take(pc.if_else(there, place, pa.scalar(None, pa.int32())))
    return found
