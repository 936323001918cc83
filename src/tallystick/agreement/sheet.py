"""An agreement as a workbook (XLSX): one row for each answer, to be sorted, filtered and read back."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Font

from tallystick.agreement.io import as_tree, document_hash, parse
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput

HEADER = ("Clause", "Answer")
SHEET = "Agreement"
LARGEST = 20_000_000
MOST_ROWS = 50_000


def agreement_xlsx(agreement: Agreement) -> bytes:
    """Return the agreement as a workbook; a clause is written as ``dataset/1/field/2/kind``, an answer as JSON has it."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = SHEET
    page.append(HEADER)
    for clause, answer in leaves(as_tree(agreement)):
        page.append((clause, "" if answer is None else json.dumps(answer, ensure_ascii=False)))
        page.cell(page.max_row, 2).alignment = Alignment(wrap_text=True, vertical="top")
        page.cell(page.max_row, 2).data_type = "s"
    for cell in page[1]:
        cell.font = Font(bold=True)
    page.freeze_panes = "A2"
    page.column_dimensions["A"].width = 44
    page.column_dimensions["B"].width = 90
    about = book.create_sheet("About")
    about.append(("Hash", document_hash(agreement)))
    book.properties.title = agreement.about.title or agreement.about.id
    book.properties.creator = "Tallystick"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def leaves(tree: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each answer of a tree with its place; empty tables and lists are answers too."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, f"{place}/{key}" if place else key)
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree, 1):
            yield from leaves(value, f"{place}/{index}")
    else:
        yield place, tree


def read_xlsx(content: bytes, name: str) -> Agreement:
    """Return the agreement in a workbook that was printed here; raise BadInput naming the row that is wrong.

    Answers may have been edited: what is read is what the rows say. An edit voids the signatures, as any does.
    """
    rows = rows_of(content, name)
    if not rows or rows[0][:2] != HEADER:
        raise BadInput(
            f"{name}, sheet {SHEET!r}: the first row is not {HEADER}. Was it printed by Tallystick?"
        )
    tree: dict[str, Any] = {}
    for number, row in enumerate(rows[1:], 2):
        clause, answer = (*row, None, None)[:2]
        if clause is None:
            continue
        try:
            value = None if answer is None else json.loads(str(answer))
            plant(tree, str(clause).split("/"), value)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BadInput(
                f"{name}, row {number}: the clause or its answer cannot be read. An answer is written as it was printed: "
                'text in "quotation marks", numbers and true or false without.'
            ) from None
    return parse(json.dumps(as_lists(tree)), Agreement, name=name, is_json=True)


def rows_of(content: bytes, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of the sheet; no bomb is unpacked and no formula is computed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if sum(member.file_size for member in package.infolist()) > LARGEST:
                raise BadInput(f"{name} unpacks to more than an agreement should. It was not read.")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        page = book[SHEET]
        return [tuple(row) for row in page.iter_rows(max_row=MOST_ROWS, max_col=2, values_only=True)]
    except BadInput:
        raise
    except KeyError:
        raise BadInput(f"{name} has no sheet {SHEET!r}. Was it printed by Tallystick?") from None
    except Exception:
        raise BadInput(f"{name} is not a sound XLSX. Print it anew.") from None


def plant(tree: dict[str, Any], place: list[str], value: Any) -> None:
    """Put one answer at its place in a tree of dicts; a number in the place is the key of a list."""
    for part in place[:-1]:
        tree = tree.setdefault(part, {})
    if place[-1] in tree:
        raise ValueError("the clause stands twice")
    tree[place[-1]] = value


def as_lists(tree: Any) -> Any:
    """Return the tree with each table whose keys are all numbers as a list, in the numbers' order."""
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdigit() for key in tree):
        return [as_lists(tree[key]) for key in sorted(tree, key=int)]
    return {key: as_lists(value) for key, value in tree.items()}
