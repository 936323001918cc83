"""What is measured, by whom and how it is counted: the file ``measures.toml`` of a share, and what follows from it.

Agencies use one word for different counts (an offence, a case, a defendant, a hearing), so every measure states its unit;
requirements 289 to 296 of the guidance ask for definition, source, state of validation, coverage and known limits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tallystick.errors import BadInput, Finding

Kind = Literal["count", "proportion", "rate", "days"]
Unit = Literal[
    "crime", "offence", "incident", "person", "suspect", "victim", "case", "defendant", "hearing", "trial", "charge", "order",
    "release", "recall", "stop", "arrest", "day",
]  # fmt: skip
Status = Literal["management information", "validated"]

UNITS: dict[str, str] = {
    "crime": "one crime under the Home Office Counting Rules, whatever the number of suspects",
    "offence": "each offence; one case may hold several",
    "incident": "one event reported, which may hold no crime or several",
    "person": "each person once in the period",
    "suspect": "each suspect in each case",
    "victim": "each victim of each crime",
    "case": "one case, whatever the number of defendants in it",
    "defendant": "each defendant in each case; one person may be counted in several cases",
    "hearing": "each sitting on a case; one case may have many",
    "trial": "each trial listed or held",
    "charge": "each charge; one defendant may face several",
    "order": "each order or sentence; one person may hold several",
    "release": "each release from custody",
    "recall": "each recall to custody",
    "stop": "each stop and search",
    "arrest": "each arrest; one person may be arrested twice",
    "day": "a length of time in days",
}
"""What one of each unit is, in the words of the glossary."""


class Part(BaseModel):
    """A frozen table of ``measures.toml``; a key that it does not know is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True, allow_inf_nan=False
    )


class Break(Part):
    """`[[measure.break]]`: figures from ``start`` on are not to be compared with those before."""

    start: date = Field(alias="from")
    what: str = Field(min_length=1)


class Measure(Part):
    """`[[measure]]`: one measure, all that a reader must know to read a figure of it.

    ``kind``: a count; a proportion (value of denominator, shown in percent); a rate (per ``per`` of the denominator); or days
    (the value is a median or mean, the denominator the number of cases behind it).
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    title: str = Field(min_length=1)
    agency: str = Field(min_length=1)
    dataset: str = Field(min_length=1)
    counts: Unit
    kind: Kind = "count"
    definition: str = Field(min_length=1)
    counting_rule: str = Field(min_length=1)
    source: str = Field(min_length=1)
    denominator: str = ""
    per: int = Field(default=1000, ge=1)
    aliases: tuple[str, ...] = ()
    validation: Status = "management information"
    coverage: str = ""
    gaps: str = ""
    caveats: tuple[str, ...] = ()
    better: Literal["lower", "higher", "neither"] = "neither"
    stage: int = Field(default=0, ge=0)
    due_days: int = Field(default=28, ge=0)
    first: str = ""
    embargo_days: int = Field(default=0, ge=0)
    groups: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = Field(default=(), alias="break")

    @property
    def words(self) -> tuple[str, ...]:
        """All names by which a file may call the measure."""
        return (self.id, self.title, *self.aliases)

    @model_validator(mode="after")
    def has_what_its_kind_needs(self) -> Measure:
        """Refuse a proportion or rate that does not say of what."""
        if self.kind in ("proportion", "rate") and not self.denominator:
            raise ValueError(f"measure {self.id}: a {self.kind} needs its denominator in words")
        return self


class Area(Part):
    """`[[area]]`: one area, its code and other names, and the area that it is part of.

    ``parts_are_all``: the areas listed as part of it make it up, so that they add up to it.
    """

    name: str = Field(min_length=1)
    code: str = ""
    aliases: tuple[str, ...] = ()
    part_of: str = ""
    kind: str = ""
    parts_are_all: bool = False


class Lookup(Part):
    """`[[lookup]]`: a published table of which area lies in which, for areas that do not coincide."""

    path: str
    source: str = Field(min_length=1)
    from_column: str
    to_column: str
    weight_column: str = ""


class Board(Part):
    """`[board]`: whose pack it is, the area that it is about, and with whom it compares itself."""

    title: str = Field(min_length=1)
    area: str = Field(min_length=1)
    country: str = ""


class Measures(Part):
    """The whole of ``measures.toml``."""

    board: Board
    measures: tuple[Measure, ...] = Field(alias="measure", min_length=1)
    areas: tuple[Area, ...] = Field(default=(), alias="area")
    lookups: tuple[Lookup, ...] = Field(default=(), alias="lookup")
    columns: dict[str, str] = Field(default_factory=dict)
    shorthand: dict[str, str] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def names_are_clear(self) -> Measures:
        """Refuse two measures or areas of one name, and an area that is part of none that is listed."""
        for what, owners in (
            ("measure", [(m.id, m.words) for m in self.measures]),
            ("area", [(a.name, (a.name, *a.aliases, *([a.code] if a.code else []))) for a in self.areas]),
        ):
            seen: dict[str, str] = {}
            for owner, words in owners:
                for word in {folded(word) for word in words}:
                    if seen.setdefault(word, owner) != owner or [o for o, _ in owners].count(owner) > 1:
                        raise ValueError(f"two {what}s answer to one name ({owner} and {seen[word]})")
        names = {area.name for area in self.areas}
        for area in self.areas:
            if area.part_of and area.part_of not in names:
                raise ValueError(f"area {area.name} is part of an area that is not listed")
        return self

    def measure(self, measure_id: str) -> Measure:
        """Return the measure of that id."""
        return next(measure for measure in self.measures if measure.id == measure_id)

    def parts(self, area: str) -> tuple[str, ...]:
        """Return the areas that make up one; none where those listed are not all."""
        whole = next((each for each in self.areas if each.name == area), None)
        if whole is None or not whole.parts_are_all:
            return ()
        return tuple(each.name for each in self.areas if each.part_of == area)


@lru_cache(maxsize=10_000)
def folded(text: str) -> str:
    """Return a name as names are compared: lower case, single spaces, no full stop at the end."""
    return " ".join(text.replace("_", " ").replace("’", "'").lower().split()).rstrip(".:")


def parse(text: str, name: str = "measures.toml") -> Measures:
    """Return the measures in a TOML text. Raises BadInput that names what is wrong and where."""
    try:
        return Measures.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name}: it is not TOML: {error}. Mend the line and try again.") from None
    except ValidationError as error:
        found = tuple(
            Finding(
                "measures.schema", f"{one['msg'].removeprefix('Value error, ')}.", "docs/performance-data.md shows the file.",
                f"{name}: {'.'.join(str(part) for part in one['loc']) or 'whole'}", "289",
            )
            for one in error.errors()
        )  # fmt: skip
        raise BadInput(
            f"{name}: {len(found)} thing{'s' if len(found) != 1 else ''} to mend.", found
        ) from None


def differing(measures: Sequence[Measure]) -> tuple[Finding, ...]:
    """Return warnings where measures in one figure do not count the same thing (requirement 291)."""
    if len({measure.counts for measure in measures}) > 1:
        units = {each.counts: [m.title for m in measures if m.counts == each.counts] for each in measures}
        said = "; ".join(f"{', '.join(titles)}: {UNITS[unit]}" for unit, titles in units.items())
        return (
            Finding(
                "definitions.unit", f"These measures count different things: {said}.",
                "Read each line on its own; do not subtract or divide one by another.",
                ", ".join(measure.title for measure in measures), "291", "guidance §6", "warn",
            ),
        )  # fmt: skip
    if len({folded(measure.counting_rule) for measure in measures}) > 1:
        return (
            Finding(
                "definitions.rule", "These measures use different counting rules.", "Read the definitions before comparing.",
                ", ".join(measure.title for measure in measures), "291", "guidance §6", "warn",
            ),
        )  # fmt: skip
    return ()


def same_word(measures: Iterable[Measure]) -> tuple[Finding, ...]:
    """Return warnings for words that two agencies use of different counts: 'cases' of the police and of the court."""
    listed = list(measures)
    found = []
    for at, one in enumerate(listed):
        for other in listed[at + 1 :]:
            shared = keywords(one.title) & keywords(other.title)
            if shared and one.agency != other.agency and one.counts != other.counts:
                found.append(
                    Finding(
                        "definitions.word",
                        f"'{min(shared)}' means {UNITS[one.counts]} ({one.agency}), and {UNITS[other.counts]} ({other.agency}).",
                        "Say which is meant.", f"{one.title}; {other.title}", "291", "guidance §6", "warn",
                    )
                )  # fmt: skip
    return tuple(found)


COMMON = frozenset({"of", "at", "the", "to", "in", "and", "a", "per", "by", "for", "from", "first", "number"})


def keywords(title: str) -> frozenset[str]:
    """Return the words of a title that carry its meaning, without a plural's s."""
    words = (word.strip("()',").removesuffix("s") for word in folded(title).split())
    return frozenset(word for word in words if len(word) > 2 and word not in COMMON)
