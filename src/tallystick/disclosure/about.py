"""What a table does not say of itself: which statistic, of which variable and population, with which counts.

An analyst states it in a small TOML beside the file (``table.csv`` has ``table.about.toml``); `tally output describe` writes one
filled in with the best reading of the table for the analyst to correct. What is stated counts over what is guessed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tallystick.errors import BadInput

Statistic = Literal[
    "frequency", "magnitude", "mean", "percentile", "extreme", "ratio", "regression", "survival", "histogram", "points",
    "records", "unknown",
]  # fmt: skip


class TableAbout(BaseModel):
    """`[[table]]`: one table of the file. Column names are those of the file's header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str = ""
    statistic: Statistic = "unknown"
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    columns: str = ""
    counts: str = ""
    largest: str = ""
    second: str = ""
    population: str = ""
    variable: str = ""
    weighted: bool = False
    n: int | None = Field(default=None, ge=0)
    degrees_of_freedom: int | None = None
    rounded_to: int | None = Field(default=None, ge=1)
    hierarchy: dict[str, dict[str, str]] = Field(default_factory=dict)


class About(BaseModel):
    """The description of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = ""
    tables: tuple[TableAbout, ...] = Field(default=(), alias="table")

    def of(self, sheet: str) -> TableAbout | None:
        """Return what is stated of that sheet: by its name, else the only statement there is."""
        for table in self.tables:
            if table.sheet == sheet:
                return table
        return self.tables[0] if len(self.tables) == 1 and not self.tables[0].sheet else None


def beside(path: Path) -> Path:
    """Return where the description of a file lies."""
    return path.with_name(path.stem + ".about.toml")


def load(path: Path) -> About:
    """Return the description in a TOML file. Raises BadInput naming what is wrong and where."""
    try:
        return About.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise BadInput(f"{path.name}: it is not TOML. Write it anew with tally output describe.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path.name}: {where}: {first['msg']}.") from None


def as_toml(about: About) -> str:
    """Return the description as TOML, without what is empty."""
    document = about.model_dump(by_alias=True, exclude_none=True, mode="json")
    document["table"] = [
        {name: value for name, value in table.items() if value not in ("", [], {}, False)}
        for table in document["table"]
    ]
    return tomli_w.dumps(document)
