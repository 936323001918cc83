"""Series read from a file as it was sent or published; every fault named by its cell, with what to do about it.

Nothing is guessed: a name that ``measures.toml`` does not know, a sign with two meanings, a date with two readings is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from tallystick.errors import BadInput, Finding
from tallystick.performance import layout, series
from tallystick.performance.checks import check
from tallystick.performance.definitions import Measures, folded
from tallystick.performance.layout import Block, Grid, heading_words
from tallystick.performance.sayings import Facts, Faults, Sayings, unmarked
from tallystick.performance.sheets import Sheet, letters, open_sheets
from tallystick.performance.values import Figure, figure, notes_of, without_footnotes
from tallystick.performance.vocabulary import (
    Vocabulary,
    combined,
    vocabulary,
)

MOST_FAULTS = 200


@dataclass(frozen=True)
class Read:
    """What a file holds: its figures (schema ``series.SCHEMA``), the faults and warnings, and the sheets that were passed over."""

    table: pa.Table
    findings: tuple[Finding, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What must be mended before the file is used."""
        return tuple(each for each in self.findings if each.severity == "refuse")


def read(path: Path, said: Measures | None, *, published: date, area: str = "") -> Read:
    """Return the series in a file. ``published`` is the day on which it was made known, where its rows do not say.

    Raises BadInput where the file as a whole cannot be read; what is wrong in a cell is in ``findings``.
    """
    return read_sheets(open_sheets(path), vocabulary(said), said, published=published, area=area)


def read_sheets(
    sheets: tuple[Sheet, ...], words: Vocabulary, said: Measures | None, *, published: date, area: str = ""
) -> Read:
    """Return the series in these sheets of one file."""
    reader = Reader(words, published, area or (said.board.area if said else ""))
    passed: list[str] = []
    for sheet in sheets:
        if sheet.is_hidden:
            reader.faults.warn("hidden", sheet.file + f", sheet {sheet.name}", "The sheet is hidden, and was not read.",
                        "Unhide it if it belongs to the return; delete it if not.")  # fmt: skip
        elif layout.is_front(sheet) and len(sheets) > 1:
            reader.notes(sheet)
            passed.append(sheet.name)
        elif not reader.sheet(sheet):
            passed.append(sheet.name)
    if not reader.rows and not reader.faults.findings:
        raise BadInput(
            f"{sheets[0].file}: there is no table of figures in it. Hand in the file with the figures, not its cover."
        )
    reader.missing_notes()
    table = series.of_rows(reader.rows)
    found = [*reader.faults.findings, *check(table, said)]
    return Read(table, tuple(found[:MOST_FAULTS]), tuple(passed))


class Reader:
    """Collects the figures and findings of one file, sheet by sheet."""

    def __init__(self, words: Vocabulary, published: date, area: str) -> None:
        self.words, self.published, self.area = words, published, area
        self.rows: list[dict[str, Any]] = []
        self.faults = Faults()
        self.said = Sayings(words, self.faults)
        self.pointed: dict[str, str] = {}
        self.noted: set[str] = set()

    def notes(self, sheet: Sheet) -> None:
        """Remember which notes a sheet of notes explains."""
        for row in sheet.rows:
            if row and not row[0].is_blank:
                text = (
                    row[0].text.lower().removeprefix("[").removesuffix("]").removeprefix("note").strip(" .:")
                )
                self.noted |= {text} if text.isdigit() else set()

    def missing_notes(self) -> None:
        """Warn of markers whose note is not in the file, where the file has notes at all."""
        for number, where in self.pointed.items():
            if self.noted and number not in self.noted:
                self.faults.warn("note", where, f"It points to note {number}, which the file does not hold.",
                          "Ask its sender for the note: it may limit what the figure means.")  # fmt: skip

    def sheet(self, sheet: Sheet) -> bool:
        """Read every table of a sheet; return whether there was one."""
        grid = layout.filled_in(sheet)
        found = False
        for block in layout.blocks(grid, self.words.columns, self.words.shorthand):
            found = True
            self.hidden(sheet, block)
            for row in range(block.rows[-1] + 1 if block.rows else 0, len(grid.cells)):
                text = grid.cell(row, 0).text
                number = text.lstrip("([").split("]")[0].split(")")[0].split(" ")[0].strip(".:")
                self.noted |= {number} if number.isdigit() else set()
            self.block(grid, block)
        return found

    def hidden(self, sheet: Sheet, block: Block) -> None:
        """Name hidden rows and columns among the data: nobody can see that they are read."""
        for row in block.rows:
            if row in sheet.hidden_rows:
                self.faults.fault(
                    "hidden",
                    sheet.place(row, 0),
                    "The row is hidden.",
                    "Unhide it if it belongs to the return; delete it if not.",
                )
        for column in (*block.labels, *block.figures):
            if column in sheet.hidden_columns:
                top = block.headings[-1] if block.headings else 0
                self.faults.fault(
                    "hidden",
                    sheet.place(top, column),
                    "The column is hidden.",
                    "Unhide it if it belongs to the return; delete it if not.",
                )

    def block(self, grid: Grid, block: Block) -> None:
        """Read one table."""
        if not self.headings_are_sound(grid, block):
            return
        roles = self.roles(grid, block)
        is_tidy = any(roles[at] == "value" for at in block.figures)
        for column in block.figures if not is_tidy else ():
            self.points(grid, block.headings, column)
        before: dict[int, str] = {}
        low = {
            at: (heading_words(grid, block.headings, at) or ("",))[-1]
            for at in (*block.labels, *block.figures)
        }
        for row in block.rows:
            if self.is_repeated_heading(grid, block, row):
                self.faults.fault(
                    "heading-again",
                    grid.sheet.place(row, 0),
                    "The headings are repeated among the rows.",
                    "Delete the row.",
                )
                continue
            facts = self.labels(grid, block, row, roles, low, before, is_tidy=is_tidy)
            if facts is None:
                continue
            if is_tidy:
                self.tidy(grid, block, row, roles, facts)
            else:
                self.wide(grid, block, row, facts)

    def roles(self, grid: Grid, block: Block) -> dict[int, str]:
        """Return what each column holds by its lowest heading."""
        return {
            at: layout.role_over(grid, block.headings, at, self.words.columns)
            for at in (*block.labels, *block.figures)
        }

    def headings_are_sound(self, grid: Grid, block: Block) -> bool:
        """Name headings that are missing, said twice, or of a file about single persons."""
        if not block.headings:
            where = grid.sheet.place(block.rows[0] if block.rows else 0, 0)
            self.faults.fault(
                "no-heading", where, "The figures have no headings.", "Give each column a heading."
            )
            return False
        seen: dict[tuple[str, ...], int] = {}
        sound = True
        low = block.headings[-1]
        for column in (*block.labels, *block.figures):
            words = heading_words(grid, block.headings, column)
            where = grid.sheet.place(low, column)
            if not words:
                sound &= self.is_spacer(grid, block, column)
                continue
            if folded(words[-1]) in layout.PERSONAL:
                self.faults.fault("personal", where, "The heading is that of a file about single persons.",
                           "A performance share holds no personal data: hand in counts, or ask for a share of personal data.")  # fmt: skip
                sound = False
            key = tuple(folded(word) for word in words)
            if key in seen:
                self.faults.fault("heading-twice", where, f"The heading is the same as that of column {letters(seen[key])}.",
                           "Give each column a heading of its own.")  # fmt: skip
                sound = False
            seen[key] = column
        return sound

    def is_spacer(self, grid: Grid, block: Block, column: int) -> bool:
        """Whether a column without a heading is empty; else name it, or the row that runs over the headings."""
        filled = [row for row in block.rows if not grid.cell(row, column).is_blank]
        headed = [at for at in (*block.labels, *block.figures) if heading_words(grid, block.headings, at)]
        if not filled:
            return True
        if headed and column > max(headed):
            self.faults.fault("ragged", grid.sheet.place(filled[0], column), "The row has more cells than there are headings.",
                       "Put a text with a comma in quotation marks, or say what the column holds.")  # fmt: skip
        else:
            where = grid.sheet.place(block.headings[-1], column)
            self.faults.fault(
                "no-heading", where, "The column has figures or labels and no heading.", "Say what it holds."
            )
        return False

    def points(self, grid: Grid, headings: tuple[int, ...], column: int) -> None:
        """Remember the notes that a column's headings point to."""
        for row in headings:
            for number in notes_of(grid.cell(row, column).text):
                self.pointed.setdefault(number, grid.sheet.place(row, column))

    def is_repeated_heading(self, grid: Grid, block: Block, row: int) -> bool:
        """Whether a row of data says the same as the headings."""
        columns = (*block.labels, *block.figures)
        return len(columns) > 1 and all(
            folded(grid.cell(block.headings[-1], at).text) == folded(grid.cell(row, at).text)
            for at in columns
        )

    def labels(
        self,
        grid: Grid,
        block: Block,
        row: int,
        roles: Mapping[int, str],
        headings: Mapping[int, str],
        before: dict[int, str],
        *,
        is_tidy: bool,
    ) -> Facts | None:
        """Return what a row's labels say, or None where one of them is at fault."""
        facts = Facts()
        self.said.from_words([block.sections.get(row, "")], facts)
        year = ""
        for number, column in enumerate(block.labels):
            cell = grid.cell(row, column)
            where = grid.sheet.place(row, column)
            value: object = cell.value
            if cell.is_blank:
                if is_tidy:
                    if roles[column] in ("area", "period", "measure"):
                        self.faults.fault(
                            "label",
                            where,
                            f"The {roles[column]} is blank.",
                            f"Write the {roles[column]} in every row.",
                        )
                        return None
                    continue
                if number == len(block.labels) - 1 or column not in before:
                    if number < len(block.labels) - 1 and column not in before:
                        continue
                    self.faults.fault(
                        "label", where, "The label of the row is blank.", "Say what the row's figures are of."
                    )
                    return None
                value = before[column]
            elif isinstance(value, str):
                value = without_footnotes(value)
                before[column] = value
            else:
                before[column] = cell.text
            role = roles[column]
            if role == "year":
                year = str(value).strip()
                if not any(roles[at] in ("part", "period") for at in block.labels):
                    role = "period"
            if role == "part" or (role == "period" and year and year != str(value)):
                whole = unmarked(f"{year} {value}")
                value = whole if self.said.reads(whole) else value
                role = "period"
            if not self.said.label(facts, role, headings[column], value, where):
                return None
        return facts

    def tidy(self, grid: Grid, block: Block, row: int, roles: Mapping[int, str], facts: Facts) -> None:
        """Take the value and denominator of a row of a tidy table."""
        at = next(column for column in block.figures if roles[column] == "value")
        under = next((column for column in block.figures if roles[column] == "denominator"), None)
        where = grid.sheet.place(row, at)
        self.said.title(block.title, facts)
        found = figure(grid.cell(row, at), self.words.shorthand)
        if found.fault and grid.cell(row, at).is_blank and facts.extra.get("mark"):
            found = Figure(None, (facts.extra["mark"],))
        beneath: float | None = None
        if under is not None and not grid.cell(row, under).is_blank:
            below = figure(grid.cell(row, under), self.words.shorthand)
            if below.fault:
                self.faults.fault(
                    "number",
                    grid.sheet.place(row, under),
                    f"{below.fault[0].upper()}{below.fault[1:]}.",
                    below.remedy,
                )
                return
            beneath = below.number
        self.keep(facts, found, beneath, where)

    def wide(self, grid: Grid, block: Block, row: int, facts: Facts) -> None:
        """Take the figures of a row whose columns are headed by measures, periods, areas or groups."""
        made: list[tuple[Facts, Figure, str]] = []
        beneath: dict[str, float | None] = {}
        for column in block.figures:
            words = heading_words(grid, block.headings, column)
            where = grid.sheet.place(row, column)
            here = Facts(
                facts.measure, facts.name, facts.area, facts.period, list(facts.groups), dict(facts.extra)
            )
            left = self.said.from_words(words, here)
            under = [word for word in words if folded(word) in self.words.denominators]
            found = figure(grid.cell(row, column), self.words.shorthand)
            for word in under:
                beneath[self.words.denominators[folded(word)]] = found.number
            left = [word for word in left if word not in under]
            if (under and here.name == facts.name) or here.extra.get("left_out"):
                continue
            self.said.title(block.title, here)
            if self.said.remaining(here, left, grid.sheet.place(block.headings[-1], column)):
                made.append((here, found, where))
        for here, found, where in made:
            below = (
                beneath.get(here.measure.denominator) if here.measure and here.measure.denominator else None
            )
            self.keep(here, found, below, where)

    def keep(self, facts: Facts, found: Figure, beneath: float | None, where: str) -> None:
        """Keep one figure, or the fault in it."""
        if facts.extra.get("left_out"):
            return
        if found.fault:
            self.faults.fault("number", where, f"{found.fault[0].upper()}{found.fault[1:]}.", found.remedy)
            return
        area = facts.area or self.area
        lacking = [
            what
            for what, is_there in (("measure", facts.name), ("area", area), ("period", facts.period))
            if not is_there
        ]
        if lacking or facts.period is None:
            self.faults.fault("label", where, f"Nothing says of which {' and '.join(lacking)} the figure is.",
                       "Name it in a column, a heading or the title.")  # fmt: skip
            return
        marks = found.marks or ((facts.extra["mark"],) if facts.extra.get("mark") else ())
        self.rows.append(
            {
                "measure": facts.name,
                "area": area,
                "period": facts.period.label,
                "starts": facts.period.start,
                "ends": facts.period.end,
                "frequency": facts.period.frequency,
                "category": combined(facts.groups),
                "value": found.number,
                "denominator": beneath,
                "mark": " ".join(marks),
                "validation": facts.extra.get("validation") or (facts.measure.validation if facts.measure else "management information"),
                "published": facts.extra.get("published") or self.published,
                "embargo": facts.extra.get("embargo"),
                "place": where,
            }
        )  # fmt: skip
