"""What befalls names, dates and numbers, one written case each, among some thousands of synthetic court and probation records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.linkage import LinkageSpec, Linked, link
from tallystick.linkage.compare import levels, name_of
from tallystick.linkage.identifiers import CHECK_23, pnc_id

COLUMNS = ("first_name", "middle_name", "surname", "dob", "gender", "postcode", "pnc_id")


def number(year: int, serial: int) -> str:
    """Return a Police National Computer id with the check letter that fits."""
    return f"{year}/{serial:07}{CHECK_23[int(f'{year % 100:02}{serial:07}') % 23]}"


SHARED, OTHER, THIRD, FOURTH = number(2011, 4455), number(2015, 9911), number(2009, 777), number(1999, 31)
WRONG = number(2012, 8080)[:-1] + ("A" if number(2012, 8080)[-1] != "A" else "B")

Record = tuple[Any, ...]
ONE_PERSON: dict[str, tuple[Record, Record]] = {
    "a nickname, and a move": (
        ("Elizabeth", None, "Kettering", "1987-06-14", "F", "YO1 7HH", None),
        ("Liz", None, "Kettering", "1987-06-14", "F", "LS2 9JT", None),
    ),
    "names in each other's place": (
        ("Obinna", None, "Daniel", "1991-02-23", "M", "M14 5RG", None),
        ("Daniel", None, "Obinna", "1991-02-23", "M", "M14 5RG", None),
    ),
    "the first half of a double-barrelled name": (
        ("Harriet", None, "Penrose-Blythe", "1979-11-30", "F", "BS1 4QD", None),
        ("Harriet", None, "Penrose", "1979-11-30", "F", "EX4 4QJ", None),
    ),
    "the second half of a double-barrelled name": (
        ("Imogen", None, "Garside-Thorley", "1982-10-27", "F", "BS2 4QD", None),
        ("Imogen", None, "Thorley", "1982-10-27", "F", "EX4 5QJ", None),
    ),
    "a changed surname at one home": (
        ("Rosalind", "Jane", "Oakeshott", "1990-09-09", "F", "NE1 4ST", None),
        ("Rosalind", "Jane", "Marchbank", "1990-09-09", "F", "NE1 4ST", None),
    ),
    "a changed surname, and a move": (
        ("Philippa", None, "Oldershaw", "1988-08-19", "F", "NE2 4ST", None),
        ("Philippa", None, "Wetherby", "1988-08-19", "F", "DH1 3LE", None),
    ),
    "transliteration from Arabic": (
        ("Muhammad", None, "Hussain", "1993-05-17", "M", "BD7 1DP", None),
        ("Mohammed", None, "Hussein", "1993-05-17", "M", "BD7 1DP", None),
    ),
    "transliteration from Chinese": (
        ("Wei", None, "Zhang", "1995-06-19", "M", "L1 8JQ", None),
        ("Wei", None, "Cheung", "1995-06-19", "M", "L1 8JQ", None),
    ),
    "accents": (
        ("Łukasz", None, "Wójcik", "1985-12-02", "M", "PE1 1QT", None),
        ("Lukasz", None, "Wojcik", "1985-12-02", "M", "CB2 1TN", None),
    ),
    "a default birth date": (
        ("Abdulaziz", None, "Tekle", "1987-01-01", "M", "B9 4AA", None),
        ("Abdulaziz", None, "Tekle", "1987-06-14", "M", "B9 4AA", None),
    ),
    "day and month in each other's place": (
        ("Gwendolyn", None, "Ashcombe", "1987-04-05", "F", "B10 4AA", None),
        ("Gwendolyn", None, "Ashcombe", "1987-05-04", "F", "SA1 1NW", None),
    ),
    "an initial": (
        ("Leopold", None, "Fanshawe", "1976-07-21", "M", "OX1 2JD", None),
        ("L", None, "Fanshawe", "1976-07-21", "M", "OX1 2JD", None),
    ),
    "the middle name as the first": (
        ("Arthur", "Rupert", "Delafield", "1968-03-13", "M", "GL50 1SD", None),
        ("Rupert", None, "Delafield", "1968-03-13", "M", "GL50 1SD", None),
    ),
    "one police number under another name at another address": (
        ("Kurt", None, "Pinkerton", "1983-03-07", "M", "HU1 1AA", SHARED),
        ("Craig", None, "Hartley", "1983-03-07", "M", "DN1 2DX", SHARED),
    ),
    "one police number, one name and wholly another birth date": (
        ("Warren", None, "Ackerley", "1983-03-03", "M", "HU2 1AA", OTHER),
        ("Warren", None, "Ackerley", "1971-10-12", "M", "DN1 3DX", OTHER),
    ),
}
TWO_PEOPLE: dict[str, tuple[Record, Record]] = {
    "twin sisters": (
        ("Jessica", None, "Taylor", "1994-05-17", "F", "BH20 9NA", None),
        ("Hannah", None, "Taylor", "1994-05-17", "F", "BH20 9NA", None),
    ),
    "a twin brother and sister": (
        ("Edmund", None, "Longstaff", "1996-04-11", "M", "BH21 9NA", None),
        ("Beatrice", None, "Longstaff", "1996-04-11", "F", "BH21 9NA", None),
    ),
    "brothers at one home": (
        ("Dominic", None, "Fairweather", "1994-05-18", "M", "TR1 2HE", None),
        ("Oliver", None, "Fairweather", "1996-11-02", "M", "TR1 2HE", None),
    ),
    "a father and a son of one name at one home": (
        ("Reginald", None, "Bickerstaff", "1958-02-11", "M", "PL4 8AA", None),
        ("Reginald", None, "Bickerstaff", "1986-07-29", "M", "PL4 8AA", None),
    ),
    "a common name": (
        ("John", None, "Smith", "1970-02-11", "M", "PL5 8AA", None),
        ("John", None, "Smith", "1986-07-29", "M", "NE3 4ST", None),
    ),
    "one police number whose check letter is wrong": (
        ("Terence", None, "Molyneux", "1983-03-04", "M", "HU3 1AA", WRONG),
        ("Jason", None, "Crabtree", "1979-10-12", "M", "DN2 2DX", WRONG),
    ),
    "one name and two police numbers": (
        ("Gary", None, "Thistlewood", "1977-03-03", "M", "HU4 1AA", THIRD),
        ("Gary", None, "Thistlewood", "1969-10-12", "M", "DN3 2DX", FOURTH),
    ),
}


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    """Return the linkage of synthetic magistrates' and probation records, with the cases among them."""
    from tallystick import synth

    folder = tmp_path_factory.mktemp("cases") / "share"
    synth.write("data-first", folder, people=4000, seed=5, form="parquet")
    tables = {}
    for side, source in enumerate(("magistrates", "probation")):
        people = pq.read_table(folder / "supplies" / f"{source}.parquet").select(["record_id", *COLUMNS])
        rows = [
            {"record_id": name, **dict(zip(COLUMNS, case[side], strict=True))}
            for name, case in {**ONE_PERSON, **TWO_PEOPLE}.items()
        ]
        text = people.cast(pa.schema([(name, pa.string()) for name in people.column_names]))
        tables[source] = pa.concat_tables([text, pa.Table.from_pylist(rows, text.schema)])
    return link(tables, LinkageSpec())


@pytest.fixture(scope="module")
def persons(linked: Linked) -> dict[tuple[str, str], str]:
    return {(row["source"], row["record_id"]): row["person_id"] for row in linked.persons.to_pylist()}


@pytest.mark.parametrize("name", ONE_PERSON)
def test_one_person(persons: dict[tuple[str, str], str], name: str) -> None:
    assert persons["magistrates", name] == persons["probation", name]


@pytest.mark.parametrize("name", TWO_PEOPLE)
def test_two_people(persons: dict[tuple[str, str], str], name: str) -> None:
    assert persons["magistrates", name] != persons["probation", name]


def test_a_police_number_says_more_than_a_name_a_birth_date_or_a_sex(linked: Linked) -> None:
    """Requirement 198's order of strength, in the bits of the trained model."""
    bits = {
        name_of(comparison): [
            float(np.log2(level["m_probability"] / level["u_probability"])) for level in levels(comparison)
        ]
        for comparison in linked.model["comparisons"]
    }
    assert bits["pnc_id"][0] > bits["first_name"][0] + bits["surname"][0]
    assert bits["first_name"][0] + bits["surname"][0] > bits["dob"][0] > bits["gender"][0]
    assert bits["pnc_id"][-1] < min(values[-1] for name, values in bits.items() if name != "pnc_id")


def test_a_number_whose_check_letter_is_wrong_is_missing(linked: Linked) -> None:
    assert pnc_id(WRONG) is None
    wrong = linked.records["magistrates"].to_pylist()
    (record,) = (row for row in wrong if row["record_id"] == "one police number whose check letter is wrong")
    assert record["pnc_id"] is None
    assert any("pnc_id could not be read" in note for note in linked.notes)
