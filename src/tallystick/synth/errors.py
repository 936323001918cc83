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
from pathlib import Path
from typing import Any

import numpy as np

from tallystick.errors import BadInput
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
GROUPS = ("sex", "ethnicity", "decile")


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
            if sum(kinds.values()) > 1:
                raise BadInput(
                    f"{name}, rates.{source}.{field}: the rates add up to more than 1. Lower them."
                )
    groups = []
    for entry in tree.get("group", []):
        if not isinstance(entry, dict) or set(entry) - {"field", "value", "factor", "kinds"}:
            raise BadInput(f"{name}, group: its keys are field, value, factor and kinds.")
        if entry.get("field") not in GROUPS or "value" not in entry:
            raise BadInput(f"{name}, group: give a value, and a field among {', '.join(GROUPS)}.")
        _number(entry.get("factor"), f"{name}, group, factor", most=100.0)
        wrong = set(entry.get("kinds", ())) - {kind for kinds in KINDS.values() for kind in kinds}
        if wrong:
            raise BadInput(f"{name}, group: no kind {min(wrong)!r}.")
        groups.append(
            Group(entry["field"], str(entry["value"]), float(entry["factor"]), tuple(entry.get("kinds", ())))
        )
    return ErrorModel(rates, tuple(groups))


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} must be a table.")
    return value


def _number(value: Any, where: str, *, most: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadInput(f"{where} must be a number from 0 to {most:g}.")
