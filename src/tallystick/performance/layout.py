"""Where the tables of a sheet are: titles and notes apart, headings in one or more rows, labels at the left, figures.

Handles what official statistics look like: cover and notes sheets, a title (often merged) and notes on top, headings merged over
several rows, row labels merged downwards or written once, headings of sections between rows, footnotes beneath, and several
tables one under the other. A plain tidy file is the simple case of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tallystick.performance import periods
from tallystick.performance.definitions import folded
from tallystick.performance.sheets import BLANK, Cell, Sheet
from tallystick.performance.values import figure, without_footnotes

ROLES: dict[str, tuple[str, ...]] = {
    "area": (
        "area", "area name", "region", "region name", "force", "force name", "police force", "police force area", "cps area",
        "court", "court area", "lcjb", "lcjb area", "local authority", "la name", "geography", "probation region", "pfa",
    ),
    "code": ("area code", "code", "ons code", "geography code", "region code", "force code", "la code", "ecode"),
    "period": ("period", "month", "time period", "reporting period", "date", "financial year", "year ending", "week", "time"),
    "year": ("year", "calendar year"),
    "part": ("quarter",),
    "measure": ("measure", "indicator", "metric", "series", "statistic", "data item"),
    "category": ("group", "category", "breakdown", "demographic"),
    "value": ("value", "number", "count", "figure", "obs value", "observation"),
    "denominator": ("denominator", "out of", "base", "number of cases", "cases behind"),
    "mark": ("mark", "marker", "shorthand", "symbol", "flag", "obs status"),
    "validation": ("validation", "validation state", "data status", "validated"),
    "published": ("published", "publication date", "published on", "as at", "extracted", "extract date", "release date"),
    "embargo": ("embargo", "embargo until", "embargoed until", "not before"),
    "ignored": ("record id", "notes", "note", "comment", "comments", "source"),
}  # fmt: skip
"""Headings by what the column holds, folded (lower case, one space). ``[columns]`` of measures.toml adds to them."""
PERSONAL = frozenset({
    "surname", "first name", "forename", "forenames", "last name", "full name", "name", "dob", "date of birth", "nhs number",
    "pnc id", "pnc", "prison number", "nomis id", "crn", "defendant name", "victim name", "postcode", "address", "urn", "upn",
})  # fmt: skip
"""Headings that only a file about single persons has."""
FRONT = re.compile(
    r"^(cover|title|contents|table of contents|toc|notes?|index|read ?me|metadata|definitions|glossary|information)\b"
)


@dataclass(frozen=True)
class Block:
    """One table of a sheet: its title, its heading rows, the columns of labels and of figures, and its rows of data.

    ``sections`` names for a row of data the heading that stands over it between the rows.
    """

    title: str
    headings: tuple[int, ...]
    labels: tuple[int, ...]
    figures: tuple[int, ...]
    rows: tuple[int, ...]
    sections: Mapping[int, str]


@dataclass(frozen=True)
class Grid:
    """A sheet's cells with merged ranges filled in: what stands in the range's first cell stands in all of it."""

    sheet: Sheet
    cells: tuple[tuple[Cell, ...], ...]
    spread: frozenset[tuple[int, int]]

    def cell(self, row: int, column: int) -> Cell:
        """Return the cell there, blank beyond the edge."""
        return (
            self.cells[row][column]
            if 0 <= row < len(self.cells) and 0 <= column < len(self.cells[row])
            else BLANK
        )

    def filled(self, row: int) -> list[int]:
        """Return the columns of a row in which something stands."""
        return [at for at, cell in enumerate(self.cells[row]) if not cell.is_blank]


def filled_in(sheet: Sheet) -> Grid:
    """Return the grid of a sheet."""
    width = sheet.width
    cells = [list(row) + [BLANK] * (width - len(row)) for row in sheet.rows]
    spread = set()
    for top, left, bottom, right in sheet.merged:
        for row in range(top, min(bottom + 1, len(cells))):
            for column in range(left, min(right + 1, width)):
                if (row, column) != (top, left) and top < len(cells):
                    cells[row][column] = cells[top][left]
                    spread.add((row, column))
    return Grid(sheet, tuple(tuple(row) for row in cells), frozenset(spread))


def role_of(heading: str, columns: Mapping[str, str]) -> str:
    """Return what a column of this heading holds, or nothing."""
    word = folded(without_footnotes(heading))
    for role, named in columns.items():
        if folded(named) == word:
            return role
    return next((role for role, words in ROLES.items() if word in words), "")


def is_front(sheet: Sheet) -> bool:
    """Whether a sheet is a cover, contents or notes by its name."""
    return bool(FRONT.match(folded(sheet.name)))


def blocks(grid: Grid, columns: Mapping[str, str], shorthand: Mapping[str, str]) -> Iterator[Block]:
    """Yield the tables of a sheet from top to bottom."""
    row = 0
    while row < len(grid.cells):
        start = first_data(grid, row, columns, shorthand)
        if start is None:
            return
        headings = heading_rows(grid, start, row)
        end, sections, data = body(grid, start, shorthand)
        yield table(grid, headings, data, sections, columns, shorthand, since=row)
        row = end


def names_roles(grid: Grid, row: int, columns: Mapping[str, str]) -> bool:
    """Whether a row is the heading of a tidy table: it names what two or more columns hold."""
    roles = {
        role_of(grid.cell(row, at).text, columns) for at in grid.filled(row) if (row, at) not in grid.spread
    }
    return len(roles & {"area", "period", "year", "measure", "value", "category", "part"}) >= 2


def first_data(grid: Grid, row: int, columns: Mapping[str, str], shorthand: Mapping[str, str]) -> int | None:
    """Return the first row of data from ``row`` on, or None."""
    for at in range(row, len(grid.cells)):
        if names_roles(grid, at, columns):
            below = at + 1
            while (
                below < len(grid.cells)
                and not has_figures(grid, below, shorthand)
                and is_heading(grid, below)
            ):
                below += 1
            return below if below < len(grid.cells) and grid.filled(below) else None
        if has_figures(grid, at, shorthand) and has_figures(grid, at + 1, shorthand, optional=True):
            return at
    return None


def is_heading(grid: Grid, row: int) -> bool:
    """Whether a row may be a further heading row: two or more texts, none of them a figure, spread or periods."""
    filled = grid.filled(row)
    return len(filled) >= 2 and all(isinstance(grid.cell(row, at).value, str) for at in filled) and any(
        (row, at) in grid.spread or (row + 1, at) in grid.spread or (row - 1, at) in grid.spread for at in filled
    )  # fmt: skip


def has_figures(grid: Grid, row: int, shorthand: Mapping[str, str], *, optional: bool = False) -> bool:
    """Whether a row holds a label and a figure that is no year; with ``optional`` also where the table has ended."""
    if row >= len(grid.cells):
        return optional
    filled = [at for at in grid.filled(row) if (row, at) not in grid.spread]
    if len(filled) < 2:
        return optional
    kept = [at for at in filled if not is_period(grid.cell(row, at))]
    numbers = [at for at in kept if figure(grid.cell(row, at), shorthand).is_figure]
    return bool(numbers) and (len(kept) > len(numbers) or len(filled) > len(kept))


def is_period(cell: Cell) -> bool:
    """Whether a cell names a period (a number only if it is a year)."""
    try:
        return (
            periods.read(without_footnotes(cell.text) if isinstance(cell.value, str) else cell.value)
            is not None
        )
    except periods.Ambiguous:
        return True


def heading_rows(grid: Grid, start: int, since: int) -> tuple[int, ...]:
    """Return the rows of headings over the first row of data: upwards until a blank row, a lone text or a title."""
    found: list[int] = []
    row = start - 1
    while row >= since:
        filled = grid.filled(row)
        distinct = {grid.cell(row, at).text for at in filled}
        if not filled or (len(distinct) < 2 and (found or len(filled) == 1)):
            break
        found.insert(0, row)
        row -= 1
    return tuple(found)


def body(grid: Grid, start: int, shorthand: Mapping[str, str]) -> tuple[int, dict[int, str], list[int]]:
    """Return the row after a table's last, the section over each row, and the rows of data."""
    rows: list[int] = []
    sections: dict[int, str] = {}
    section = ""
    row = start
    while row < len(grid.cells):
        filled = [at for at in grid.filled(row) if (row, at) not in grid.spread]
        if not filled:
            if not goes_on(grid, row, shorthand):
                break
        elif (
            len(filled) == 1
            and (not rows or filled[0] <= 1)
            and not figure(grid.cell(row, filled[0]), shorthand).is_figure
        ):
            ahead = row + 1
            if (
                ahead >= len(grid.cells)
                or not has_figures(grid, ahead, shorthand)
                or len(grid.cell(row, filled[0]).text) > 80
            ):
                break
            section = without_footnotes(grid.cell(row, filled[0]).text)
        else:
            rows.append(row)
            sections[row] = section
        row += 1
    return max(row, start + 1), sections, rows


def goes_on(grid: Grid, row: int, shorthand: Mapping[str, str]) -> bool:
    """Whether a table goes on after a blank row: with data, or the heading of a section, and not with headings of its own."""
    ahead = next((at for at in range(row, len(grid.cells)) if grid.filled(at)), len(grid.cells))
    if ahead < len(grid.cells) and len(grid.filled(ahead)) == 1:
        ahead += 1
    if not has_figures(grid, ahead, shorthand):
        return False
    filled = grid.filled(ahead)
    return not all(is_period(grid.cell(ahead, at)) for at in filled[1:])


def table(
    grid: Grid,
    headings: tuple[int, ...],
    rows: list[int],
    sections: Mapping[int, str],
    columns: Mapping[str, str],
    shorthand: Mapping[str, str],
    *,
    since: int,
) -> Block:
    """Return the table of these rows: which columns label, which hold figures, and what its title says."""
    width = max((len(grid.cells[row]) for row in rows), default=0)
    used = [
        at for at in range(width) if any(not grid.cell(row, at).is_blank for row in (*rows, *headings[-1:]))
    ]
    roles = {at: role_over(grid, headings, at, columns) for at in used}
    labels: list[int] = []
    figures: list[int] = []
    for at in used:
        if roles[at] in ("value", "denominator"):
            figures.append(at)
        elif roles[at]:
            labels.append(at)
        elif any(periods.read(word) for word in heading_words(grid, headings, at) if not _unclear(word)):
            figures.append(at)
        else:
            (
                labels
                if is_label(grid, rows, at, shorthand) and not (figures and "value" not in roles.values())
                else figures
            ).append(at)
    top = headings[0] if headings else (rows[0] if rows else since)
    title = " ".join(
        without_footnotes(grid.cell(row, at).text)
        for row in range(since, top)
        for at in grid.filled(row)
        if (row, at) not in grid.spread
    )
    return Block(title, headings, tuple(labels), tuple(figures), tuple(rows), sections)


def role_over(grid: Grid, headings: tuple[int, ...], column: int, columns: Mapping[str, str]) -> str:
    """Return what a column holds by the lowest heading over it, or nothing."""
    words = heading_words(grid, headings, column)
    return role_of(words[-1], columns) if words else ""


def _unclear(word: str) -> bool:
    try:
        periods.read(word)
    except periods.Ambiguous:
        return True
    return False


def is_label(grid: Grid, rows: list[int], column: int, shorthand: Mapping[str, str]) -> bool:
    """Whether a column without a known heading labels: most of what stands in it is text or a year."""
    cells = [grid.cell(row, column) for row in rows if not grid.cell(row, column).is_blank]
    figures = sum(figure(cell, shorthand).is_figure and not is_period(cell) for cell in cells)
    return figures * 2 < len(cells)


def heading_words(grid: Grid, headings: tuple[int, ...], column: int) -> list[str]:
    """Return the words over a column, from the top, each once; a blank upper heading carries on from its left."""
    words: list[str] = []
    for number, row in enumerate(headings):
        cell = grid.cell(row, column)
        if cell.is_blank and number < len(headings) - 1 and not grid.sheet.merged:
            left = column
            while left > 0 and grid.cell(row, left).is_blank:
                left -= 1
            cell = grid.cell(row, left)
        text = without_footnotes(cell.text)
        if text and text not in words:
            words.append(text)
    return words
