"""Regression tables as journals print them (a column a model, the error in brackets under its coefficient), a table a model."""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBER = r"[-−+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?|[-−+]?\.\d+"
COEFFICIENT = re.compile(rf"\s*({NUMBER})\s*[*†+]*\s*")
ERROR = re.compile(rf"\s*[(\[]\s*({NUMBER})\s*[)\]]\s*[*†+]*\s*")
Grid = Sequence[Sequence[object]]


def models_of(name: str, rows: Grid) -> list[tuple[str, Grid]] | None:
    """Return a grid (term, coef, std err) for each model of a printed regression table; None where it is none.

    It is one where every row of brackets without a label, from the first coefficient on, follows a row of figures that has
    one. Rows such as the number of observations stand in each grid with a value and no error.
    """
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    wide = max((len(row) for row in texts), default=0)
    texts = [row + [""] * (wide - len(row)) for row in texts]
    pairs = [at for at in range(len(texts) - 1) if _is_term(texts[at]) and _is_errors(texts[at + 1])]
    if not pairs or sum(map(_is_errors, texts[pairs[0] :])) > len(pairs):
        return None
    first = pairs[0]
    models: list[tuple[str, Grid]] = []
    for column in range(1, wide):
        made: list[list[object]] = [["term", "coef", "std err"]]
        for at in range(first, len(texts)):
            value = COEFFICIENT.fullmatch(texts[at][column])
            if value and texts[at][0].strip():
                error = ERROR.fullmatch(texts[at + 1][column]) if at in pairs else None
                made.append([texts[at][0].strip(), _number(value[1]), _number(error[1]) if error else None])
            elif texts[at][column].strip() and texts[at][0].strip():
                made.append([texts[at][0].strip(), texts[at][column].strip(), None])
        if len(made) > 1:
            models.append((f"{name} model {len(models) + 1}".strip(), made))
    return models or None


def _is_term(row: Sequence[str]) -> bool:
    return bool(row[0].strip()) and any(COEFFICIENT.fullmatch(cell) for cell in row[1:])


def _is_errors(row: Sequence[str]) -> bool:
    cells = [cell for cell in row[1:] if cell.strip()]
    return not row[0].strip() and bool(cells) and all(ERROR.fullmatch(cell) for cell in cells)


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))
