"""The extract: the approved fields, rows and detail, and nothing else."""

import re
from datetime import date

import pyarrow as pa
import pytest

from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.deidentify import dictionary_csv, extract
from tallystick.errors import BadInput, Refused

KEY, OTHER = b"k" * 32, b"o" * 32
Attributes = dict[str, pa.Table]


def with_field(project: Project, **changes: object) -> Project:
    document = project.model_dump(by_alias=True)
    document["dataset"][0]["field"] = [changes]
    return Project.model_validate(document)


def test_extract_holds_only_what_was_approved(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    made = extract(attributes, persons, project, agreement, KEY)
    justice, education = made.tables["justice"], made.tables["education"]
    assert justice.column_names == [
        "person_id",
        "offence",
        "offended_on",
        "age",
        "case_number",
        "link_quality",
    ]
    assert education.column_names == ["person_id", "school", "postcode", "left_on", "link_quality"]
    # P0 to P14 are in both; ages from 20 leave out j0 and j1, which are all of P0's rows
    assert justice.num_rows == 28
    assert education.num_rows == 15
    assert set(justice["age"].to_pylist()) == {"under 21", "21 to under 30", "30 and over"}
    assert set(education["postcode"].to_pylist()) == {"SW1A", "M1"}
    assert set(education["left_on"].to_pylist()) == {"2018-Q3"}
    assert made.rows_left_out == {"justice": 12, "education": 5}


def test_extract_leaves_no_original_id_anywhere(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    made = extract(attributes, persons, project, agreement, KEY)
    everything = str([table.to_pydict() for table in made.tables.values()]) + made.conditions.html
    for pattern in (r"'P\d+'", r"'[je]\d+'", r"'C\d+'", "School", "0.97", "met the offender"):
        assert not re.search(pattern, everything), pattern
    assert [f.rule for f in made.findings] == ["extract.free-text"]


def test_extract_persons_join_within_a_project_and_not_between(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    mine = extract(attributes, persons, project, agreement, KEY)
    again = extract(attributes, persons, project, agreement, KEY)
    theirs = extract(attributes, persons, project, agreement, OTHER)
    here = set(mine.tables["justice"]["person_id"].to_pylist())
    assert here <= set(mine.tables["education"]["person_id"].to_pylist())
    assert mine.tables["justice"].equals(again.tables["justice"])
    for name in mine.tables:
        for column in ("person_id", "case_number", "school"):
            if column in mine.tables[name].column_names:
                assert not set(mine.tables[name][column].to_pylist()) & set(
                    theirs.tables[name][column].to_pylist()
                )


def test_extract_order_says_nothing(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    wide = with_field(project, name="age")
    document = wide.model_dump(by_alias=True)
    document["dataset"][0]["rows"] = ""
    wide = Project.model_validate(document)
    one = extract(attributes, persons, wide, agreement, KEY).tables["justice"]["age"].to_pylist()
    two = extract(attributes, persons, wide, agreement, OTHER).tables["justice"]["age"].to_pylist()
    assert sorted(one) == sorted(two)
    assert one != two
    assert one != sorted(one)


def test_extract_counts_days_from_an_event_of_another_dataset(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    made = extract(attributes, persons, project, agreement, KEY).tables["justice"]
    # j2 is P1: offended on 2020-03-03, left on 2018-07-02
    assert (date(2020, 3, 3) - date(2018, 7, 2)).days in made["offended_on"].to_pylist()


def test_extract_gives_all_when_coverage_says_all(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    everyone = project.model_copy(update={"coverage": "all"})
    made = extract(attributes, persons, everyone, agreement, KEY)
    assert made.tables["education"].num_rows == 20
    assert made.tables["education"]["link_quality"].null_count == 5


@pytest.mark.parametrize(
    ("name", "rule"),
    [("surname", "extract.field"), ("custody", "extract.field"), ("nothing", "extract.field")],
)
def test_extract_refuses_fields_that_never_leave(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement, name: str, rule: str
) -> None:
    with pytest.raises(Refused) as raised:
        extract(attributes, persons, with_field(project, name=name), agreement, KEY)
    assert raised.value.findings[0].rule == rule


@pytest.mark.parametrize(
    "condition",
    [
        "1=1; drop table persons",
        "age >= (select 1)",
        "surname = 'x'",
        "read_csv('x') is null",
        "age >= 20 union select 1",
        "getenv('HOME') = ''",
        "age in (select age from other)",
        "custody = 'x'",
        "other.age > 1",
        "age >= ",
        "offence = 3.5 and age >= date '2020-01-01'",
        "'unclosed",
    ],
)
def test_extract_refuses_conditions_that_are_more_than_comparisons(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement, condition: str
) -> None:
    document = project.model_dump(by_alias=True)
    document["dataset"][0]["rows"] = condition
    with pytest.raises(BadInput):
        extract(attributes, persons, Project.model_validate(document), agreement, KEY)


def test_extract_dictionary_and_conditions_say_what_was_done(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    made = extract(attributes, persons, project, agreement, KEY)
    rows = {(row.dataset, row.column): row for row in made.dictionary}
    assert rows["justice", "notes"].how == "withheld: free text"
    assert rows["justice", "age"].how == "in bands from 21, 30"
    assert "education.left_on" in rows["justice", "offended_on"].how
    assert dictionary_csv(made.dictionary).splitlines()[0].startswith("dataset,column,type")
    assert "2027-01-01" in made.conditions.markdown
    assert "covering to 2025-05-31" in made.conditions.markdown
    assert made.conditions.html.startswith("<!doctype html>")
    assert "at least 10 people" in made.conditions.markdown


def test_extract_says_which_column_a_supply_lacks(
    attributes: Attributes, persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    attributes["justice"] = attributes["justice"].drop_columns(["offence"])
    with pytest.raises(BadInput, match="offence"):
        extract(attributes, persons, project, agreement, KEY)
