"""The header held against the contract. A header's own words are never repeated: it may be a row of data."""

from __future__ import annotations

import difflib

from tallystick.supply.breach import Breach
from tallystick.supply.contract import SUPPLY_KEY, Contract

NEAR = 0.75


def check_header(header: tuple[str, ...], contract: Contract) -> list[Breach]:
    """What is wrong with the header; empty when it has each expected column once and no other."""
    expected = contract.expected
    if not set(header) & set(expected):
        return [_no_header(header, expected)]
    missing = [name for name in expected if name not in header]
    found = [_missing(name, header, contract) for name in missing]
    for position, name in enumerate(header, start=1):
        if name in expected:
            if header.index(name) + 1 < position:
                found.append(
                    Breach(
                        "supply.column-twice",
                        f"Column {position} has the same name as column {header.index(name) + 1}.",
                        "Keep one of them.",
                        column=name,
                    )
                )
            continue
        found.append(_unexpected(position, name, expected, missing))
    return found


def _no_header(header: tuple[str, ...], expected: tuple[str, ...]) -> Breach:
    near = [position for position, name in enumerate(header, start=1) if _near(name, expected)]
    seems = (
        f"Row 1 has no expected column name (columns {', '.join(map(str, near))} come near one)."
        if near
        else "Row 1 does not hold the column names."
    )
    return Breach("supply.header", seems, f"Put this header first: {', '.join(expected)}.")


def _missing(name: str, header: tuple[str, ...], contract: Contract) -> Breach:
    near = [
        i
        for i, other in enumerate(header, start=1)
        if other not in contract.expected and _near(other, (name,))
    ]
    hint = f" Is it column {near[0]}? Then rename that one." if near else ""
    if name == contract.id_column:
        return Breach(
            "supply.column-missing", "The column of record ids is missing.",
            f"Add a column {name} with an id of your own for each record, or let the agreement name it as `id_column`.{hint}",
            column=name,
        )  # fmt: skip
    return Breach(
        "supply.column-missing",
        "The column is missing.",
        f"Add it, or take the field out of the agreement.{hint}",
        column=name,
    )


def _unexpected(position: int, name: str, expected: tuple[str, ...], missing: list[str]) -> Breach:
    rule = "supply.column-unexpected"
    if name.strip().casefold() == SUPPLY_KEY:
        return Breach(
            rule, f"Column {position} clashes with the {SUPPLY_KEY} that the split adds.", "Leave it out, or rename it.",
            column=SUPPLY_KEY,
        )  # fmt: skip
    if not name.strip():
        return Breach(rule, f"Column {position} has no name.", "Name it, or leave it out.")
    near = _near(name, tuple(missing)) or _near(name, expected)
    if near and near in missing:
        return Breach(
            rule, f"Column {position} is not in the agreement; its name comes near {near}.", f"Rename it {near}, to the letter.",
        )  # fmt: skip
    remedy = "Leave it out: only fields that the agreement lists may be supplied."
    return Breach(rule, f"Column {position} is not in the agreement.", remedy)


def _near(name: str, expected: tuple[str, ...]) -> str:
    """The expected name that ``name`` comes near to, or an empty text."""
    plain = {_plain(other): other for other in expected}
    close = difflib.get_close_matches(_plain(name)[:100], plain, n=1, cutoff=NEAR)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())
