"""What a supply must look like: the part of the agreement that a supplier's file is held against.

The agreement's dataset becomes a frozen `Contract`; nothing else of the agreement reaches this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from tallystick.agreement.dataset import DataField, Dataset, FieldKind, FieldType
from tallystick.errors import BadInput

RECORD_ID: Final = "record_id"
SUPPLY_KEY: Final = "supply_key"

Half = Literal["identifiers", "attributes"]

# The linker sees identifiers and, beside them, only what the agreement lists as evidence (DESIGN 7).
HALVES: Final[dict[FieldKind, Half]] = {
    "identifier": "identifiers",
    "linkage-evidence": "identifiers",
    "attribute": "attributes",
    "event-date": "attributes",
    "case-id": "attributes",
}
BIRTH: Final = frozenset({"dob", "date_of_birth"})

# What people write for a date format, in the letters of strptime, longest first.
LETTERS: Final = (
    ("YYYY", "%Y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("DD", "%d"),
    ("yyyy", "%Y"), ("hh", "%H"), ("HH", "%H"), ("mm", "%m"), ("dd", "%d"), ("ss", "%S"),
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column that the contract expects. ``format`` is a strptime format; empty, it is found out."""

    name: str
    kind: FieldKind = "attribute"
    type: FieldType = "string"
    required: bool = False
    allowed: tuple[str, ...] = ()
    format: str = ""
    matches: str = ""
    minimum: float | date | None = None
    maximum: float | date | None = None
    max_length: int | None = None
    unique: bool = False

    @property
    def half(self) -> Half:
        """The half of the split that this column goes to."""
        return HALVES[self.kind]

    @property
    def is_birth(self) -> bool:
        """Whether it is the date on which the person was born."""
        return self.matches in BIRTH

    @classmethod
    def from_field(cls, field: DataField) -> Column:
        """The column that the agreement's ``field`` describes.

        Event and birth dates are dates unless the agreement itself says `type = "string"`: then birth dates that do not
        exist (31 February, month 15) go to the linkage as they stand, which can still learn from them.
        """
        is_date = field.kind == "event-date" or field.matches in BIRTH
        return cls(
            name=field.name,
            kind=field.kind,
            type=field.type or ("date" if is_date else "string"),
            required=field.required,
            allowed=field.allowed,
            format=strptime_format(field.format),
            matches=field.matches,
            minimum=field.minimum,
            maximum=field.maximum,
            max_length=field.max_length,
            unique=field.unique,
        )


@dataclass(frozen=True)
class Contract:
    """What one dataset's file must hold.

    ``id_column`` names the supplier's own record ids; ``set_aside`` is the share of rows that may break the contract
    and be left out; counts under ``small_count`` are hidden on the page.
    """

    dataset: str
    columns: tuple[Column, ...]
    eligible: str = ""
    set_aside: float = 0.0
    small_count: int = 10
    id_column: str = RECORD_ID

    def __post_init__(self) -> None:
        for name in (*self.names, self.id_column):
            if name.casefold() == SUPPLY_KEY:
                raise BadInput(
                    f"Dataset {self.dataset}: the field {SUPPLY_KEY} clashes with the random key that the split "
                    "adds. Rename the field in the agreement and in the file."
                )
        if len(set(self.names)) < len(self.names):
            raise BadInput(f"Dataset {self.dataset}: a field is listed twice. List each field once.")
        if not self.columns:
            raise BadInput(f"Dataset {self.dataset} lists no fields. List them as [[dataset.field]].")

    @classmethod
    def from_dataset(cls, dataset: Dataset, *, set_aside: float = 0.0, small_count: int = 10) -> Contract:
        """The contract that the agreement's ``dataset`` sets.

        ``set_aside`` and ``small_count`` are the agreement's own, for a dataset that says nothing of it. Raises BadInput
        on a field that clashes with the supply key.
        """
        return cls(
            dataset=dataset.name,
            columns=tuple(Column.from_field(field) for field in dataset.fields),
            eligible=dataset.eligible,
            set_aside=set_aside if dataset.set_aside is None else dataset.set_aside,
            small_count=small_count,
            id_column=dataset.id_column,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the listed columns, in the agreement's order."""
        return tuple(column.name for column in self.columns)

    @property
    def expected(self) -> tuple[str, ...]:
        """The names of all columns that the file must have: the record id, then the listed ones."""
        return (self.id_column, *(name for name in self.names if name != self.id_column))

    def of(self, half: Half) -> tuple[Column, ...]:
        """The columns of one half; the record id is in neither unless the agreement lists it."""
        return tuple(column for column in self.columns if column.half == half)


def strptime_format(written: str) -> str:
    """``written`` (``DD/MM/YYYY`` or ``%d/%m/%Y``) as a strptime format; an empty text stays empty."""
    if "%" in written:
        return written
    for letters, directive in LETTERS:
        written = written.replace(letters, directive)
    return written


def plain_format(strptime: str) -> str:
    """A strptime format as people write it (``DD/MM/YYYY``), for messages."""
    plain = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%B": "month in full", "%b": "Mon", "%H": "HH"}
    for directive, letters in {**plain, "%M": "MM", "%S": "SS"}.items():
        strptime = strptime.replace(directive, letters)
    return strptime
