"""The error model: what goes wrong in a record, how often, and for whom; `edits` has the edits themselves.

For each field of a record one draw decides which kind of error befalls it, if any; so the kinds exclude each other, and each
happens at its own rate among the records to which it can happen (a day above the 12th cannot be taken for a month). Rates are by
source, multiplied for groups; `docs/synth.md` lists the kinds. The shipped rates are our own and marked `unverified`: change
them with a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from tallystick.errors import BadInput
from tallystick.synth.people import ETHNICITY
from tallystick.synth.streams import Floats

TYPING = ("keyboard", "transposed", "dropped", "doubled", "ocr")
NUMBER = ("keyboard", "transposed", "missing")
KINDS: Mapping[str, tuple[str, ...]] = {
    "first_name": (
        *TYPING,
        "phonetic",
        "transliterated",
        "nickname",
        "initial",
        "middle",
        "alias",
        "missing",
    ),
    "surname": (*TYPING, "phonetic", "transliterated", "half", "former", "alias", "missing"),
    "middle_name": (*TYPING, "initial", "missing"),
    "dob": ("day-month", "first-january", "year", "day", "alias", "missing"),
    "gender": ("miscoded", "missing"),
    "postcode": ("old", "keyboard", "transposed", "missing"),
    "upn": NUMBER,
    "uln": NUMBER,
    "pnc_id": NUMBER,
    "record": ("duplicate", "merged", "swapped"),
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "sex": ("F", "M"),
    "ethnicity": tuple(label for label, _, _ in ETHNICITY),
    "decile": tuple(str(decile) for decile in range(1, 11)),
}


@dataclass(frozen=True)
class Group:
    """People whose rates are multiplied: ``field`` is sex, ethnicity or decile; no ``kinds`` means all."""

    field: str
    value: str
    factor: float
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErrorModel:
    """Rates by source, field and kind, ``"*"`` standing for every source; and the groups."""

    rates: Mapping[str, Mapping[str, Mapping[str, float]]]
    groups: tuple[Group, ...] = ()

    def rate(self, source: str, field: str, kind: str) -> float:
        """Return the rate of a kind before groups: the source's own, else that of every source, else 0."""
        for name in (source, "*"):
            found = self.rates.get(name, {}).get(field, {}).get(kind)
            if found is not None:
                return found
        return 0.0

    def largest(self, source: str, field: str) -> float:
        """Return the sum of a field's rates for the people whose groups raise it most."""
        listed = [[*sorted({g.value for g in self.groups if g.field == name}), ""] for name in GROUPS]
        sums = [0.0]
        for values in product(*listed):
            whose = dict(zip(GROUPS, values, strict=True))
            total = 0.0
            for kind in KINDS[field]:
                rate = self.rate(source, field, kind)
                for group in self.groups:
                    if (not group.kinds or kind in group.kinds) and whose[group.field] == group.value:
                        rate *= group.factor
                total += rate
            sums.append(total)
        return max(sums)

    def factors(self, kind: str, traits: Mapping[str, Any], count: int) -> Floats:
        """Return each record's multiplier for a kind; ``traits`` has an array for each field of `GROUPS`."""
        found = np.ones(count)
        for group in self.groups:
            if not group.kinds or kind in group.kinds:
                found = np.where(traits[group.field].astype(str) == group.value, found * group.factor, found)
        return found


def shipped() -> ErrorModel:
    """Return the error model that comes with the package."""
    text = (files("tallystick.synth") / "tables" / "errors.toml").read_text(encoding="utf-8")
    return parse(tomllib.loads(text), "errors.toml")


def load(path: Path) -> ErrorModel:
    """Return the error model in a TOML file; raise BadInput naming what is wrong."""
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is not TOML: {error}.") from None


def parse(tree: Mapping[str, Any], name: str) -> ErrorModel:
    """Return the error model written as plain values; raise BadInput on an unknown word or an impossible rate."""
    unknown = sorted(set(tree) - {"rates", "group"})
    if unknown:
        raise BadInput(f"{name} has the unknown key {unknown[0]!r}. Its keys are rates and group.")
    rates = tree.get("rates", {})
    if not isinstance(rates, dict) or not isinstance(tree.get("group", []), list):
        raise BadInput(f"{name}: write [rates.SOURCE.FIELD] as a table and [[group]] as a list of tables.")
    for source, fields in rates.items():
        for field, kinds in _table(fields, f"{name}, rates.{source}").items():
            if field not in KINDS:
                raise BadInput(f"{name}, rates.{source}: no field {field!r}. Fields: {', '.join(KINDS)}.")
            for kind, rate in _table(kinds, f"{name}, rates.{source}.{field}").items():
                if kind not in KINDS[field]:
                    raise BadInput(
                        f"{name}, rates.{source}.{field}: no kind {kind!r}. Kinds: {', '.join(KINDS[field])}."
                    )
                _number(rate, f"{name}, rates.{source}.{field}.{kind}", most=1.0)
    model = ErrorModel(rates, tuple(_group(entry, name) for entry in tree.get("group", [])))
    for source in rates:
        for field in KINDS:
            if model.largest(source, field) > 1 + 1e-9:
                raise BadInput(
                    f"{name}, rates.{source}.{field}: for some people the rates add up to more than 1, "
                    f'with those of "*" and the groups\' factors. Lower them.'
                )
    return model


def _group(entry: Any, name: str) -> Group:
    if not isinstance(entry, dict) or set(entry) - {"field", "value", "factor", "kinds"}:
        raise BadInput(f"{name}, group: its keys are field, value, factor and kinds.")
    if entry.get("field") not in GROUPS or "value" not in entry:
        raise BadInput(f"{name}, group: give a value, and a field among {', '.join(GROUPS)}.")
    field, value = entry["field"], str(entry["value"])
    if value not in GROUPS[field]:
        raise BadInput(f"{name}, group: no {field} of that name. There are: {'; '.join(GROUPS[field])}.")
    _number(entry.get("factor"), f"{name}, group, factor", most=100.0)
    kinds = entry.get("kinds", [])
    if not isinstance(kinds, list):
        raise BadInput(f"{name}, group, kinds: write a list.")
    known = sorted({kind for kinds in KINDS.values() for kind in kinds})
    wrong = [kind for kind in kinds if kind not in known]
    if wrong:
        raise BadInput(f"{name}, group: no kind {wrong[0]!r}. Kinds: {', '.join(known)}.")
    return Group(field, value, float(entry["factor"]), tuple(kinds))


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} must be a table.")
    return value


def _number(value: Any, where: str, *, most: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadInput(f"{where} must be a number from 0 to {most:g}.")
