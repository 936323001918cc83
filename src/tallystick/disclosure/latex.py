"""Tables of a LaTeX file as pandas, R (stargazer, modelsummary, xtable) and Stata (esttab) write them."""

from __future__ import annotations

import re
from pathlib import Path

from tallystick.disclosure.document import Document, carried, spread, tables, text_of
from tallystick.errors import BadInput, Finding

TABULAR = re.compile(r"\\begin\{(tabular[*xy]?|longtable|tabularx)\}(.*?)\\end\{\1\}", re.DOTALL)
RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot)(?![a-z])|\\(?:cline|cmidrule)(?:\([a-z]+\))?\{[^{}]*\}"
    r"|\\(?:\[[^\]]*\])"
)
SPANNING = re.compile(r"\\multicolumn\{(\d+)\}\{[^{}]*\}\{((?:[^{}]|\{[^{}]*\})*)\}")
STARS = re.compile(r"(?:\\sym|\\textsuperscript|\^)\s*\{?\s*(\*+)\s*\}?")
COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?")
COMMENT = re.compile(r"(?<!\\)%.*")


def latex(path: Path) -> Document:
    """Return the tables of a LaTeX file as a document; comments, which a reader of the print does not see, are a finding.

    Raises BadInput where it reads other files: what they hold could not be checked.
    """
    content = text_of(path)
    printed = COMMENT.sub("", content)
    if re.search(r"\\(?:input|include|csvreader|DTLloaddb|pgfplotstable\w*)\b", printed):
        raise BadInput(
            f"{path.name}: it reads other files, which cannot be checked with it. Put the table into it."
        )
    named = [(f"table {at + 1}", _rows(found.group(2))) for at, found in enumerate(TABULAR.finditer(printed))]
    found: tuple[Finding, ...] = ()
    if COMMENT.search(content):
        found = (
            carried(
                "file.comment",
                path,
                "The file holds comments, which the print does not show.",
                "Remove them.",
            ),
        )
    return Document(path, "table", tables(path, named), found, printed)


def _rows(body: str) -> list[list[object]]:
    """Return a table's rows; a cell over several columns stands in each of them."""
    body = _without_arguments(body)  # width and kinds of columns
    made = []
    for line in re.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline", body):
        cells = [_spanned(part) for part in re.split(r"(?<!\\)&", RULES.sub("", line))]
        if any(text for text, _, _ in cells):
            made.append(cells)
    return spread(made)


def _without_arguments(body: str) -> str:
    """Return what follows a beginning's arguments, in braces or brackets, however nested."""
    depth = 0
    for at, mark in enumerate(body):
        if depth == 0 and not mark.isspace() and mark not in "{[":
            return body[at:]
        depth += (mark in "{[") - (mark in "}]")
    return ""


def _spanned(cell: str) -> tuple[str, int, int]:
    """Return a cell's text, and how many columns and rows it spans."""
    found = SPANNING.search(cell)
    if not found:
        return _plain(cell), 1, 1
    return _plain(cell[: found.start()] + found.group(2) + cell[found.end() :]), int(found.group(1)), 1


def _plain(cell: str) -> str:
    """Return a cell's text as it prints: marks of significance kept, commands and braces gone."""
    cell = STARS.sub(r"\1", cell).replace("$", "").replace("~", " ")
    cell = re.sub(r"\\([&%_#])", r"\1", cell)
    cell = re.sub(r"\\[,;:!() ]", "", cell)
    return COMMAND.sub("", cell).replace("{", "").replace("}", "").replace("−", "-").strip()
