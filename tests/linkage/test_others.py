"""Aliases, former surnames, other birth dates and earlier addresses: a list beside a record's own value finds who changed it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tallystick.linkage import LinkageSpec, blocking, compare, frame, link, others, person
from tallystick.linkage.clean import standard
from tallystick.linkage.columns import parts
from tallystick.linkage.refresh import refresh
from tallystick.linkage.state import after

PEOPLE, CHANGED = 700, 60
FIRST = (
    "anna",
    "ben",
    "carla",
    "david",
    "emma",
    "frank",
    "gita",
    "henry",
    "irene",
    "jack",
    "karen",
    "liam",
    "maria",
    "noel",
)
SURNAMES = tuple(
    f"{a}{b}"
    for a in ("ash", "bar", "cold", "dun", "elm", "fair", "gold", "hart")
    for b in ("by", "croft", "ford", "ham", "ley", "more")
)


def two_sources(*, told: bool, years: int = 2) -> dict[str, pa.Table]:
    """Return the same people twice; in the second the first ``CHANGED`` have another surname and address, and the old ones beside, if ``told``."""
    rng = np.random.default_rng(8)
    rows = [
        {
            "record_id": str(n),
            "first_name": FIRST[rng.integers(len(FIRST))],
            "surname": SURNAMES[rng.integers(len(SURNAMES))],
            "dob": f"19{70 + rng.integers(years)}-0{rng.integers(1, 10)}-1{rng.integers(10)}",
            "postcode": f"AB{rng.integers(1, 60)} {rng.integers(1, 9)}XY",
        }
        for n in range(PEOPLE)
    ]
    later = [dict(row) for row in rows]
    for row in later[:CHANGED]:
        if told:
            row |= {
                "previous_surname": f"{row['surname'].upper()} ; Nobody",
                "previous_postcodes": row["postcode"],
            }
        row |= {"surname": SURNAMES[rng.integers(len(SURNAMES))], "postcode": f"CD{rng.integers(1, 60)} 1ZZ"}
    names = list(rows[0]) + (["previous_surname", "previous_postcodes"] if told else [])
    second = pa.table({name: [row.get(name) for row in later] for name in names})
    return {"before": pa.Table.from_pylist(rows), "later": second}


def found(links: pa.Table) -> int:
    """Return how many of those who changed are linked to themselves."""
    rows = links.to_pylist()
    return sum(r["source_l"] != r["source_r"] and r["record_id_l"] == r["record_id_r"] and int(r["record_id_l"]) < CHANGED for r in rows)  # fmt: skip


def test_people_who_changed_are_found_by_what_they_had_before() -> None:
    known, silent = (link(two_sources(told=told), LinkageSpec()) for told in (True, False))
    assert found(known.links) >= 0.9 * CHANGED
    assert found(silent.links) <= 0.5 * CHANGED
    false = sum(r["record_id_l"] != r["record_id_r"] for r in known.links.to_pylist())
    assert false <= 0.03 * known.links.num_rows


def known_by_an_alias() -> dict[str, pa.Table]:
    """Return the same people twice; in the second the first ``CHANGED`` give another name, birth date and address, and the true ones as
    further values."""
    tables = two_sources(told=False, years=25)
    rows = tables["before"].to_pylist()
    later = [
        {
            **row,
            "first_name": ("olga", "piers", "quentin", "rhoda", "stella", "tobias", "ursula")[n % 7],
            "surname": SURNAMES[(n * 11) % len(SURNAMES)] + "son",
            "dob": f"19{40 + n % 29}-12-{1 + n % 28:02}",
            "postcode": f"ZE{n} 2AA",
            "also_known_as": f"{row['surname'].upper()}, {row['first_name']} | {FIRST[n % 13]} nobody{n}",
            "other_dobs": row["dob"],
        }
        if n < CHANGED
        else dict(row)
        for n, row in enumerate(rows)
    ]
    names = [*rows[0], "also_known_as", "other_dobs"]
    return {
        "before": tables["before"],
        "later": pa.table({name: [row.get(name) for row in later] for name in names}),
    }


def test_people_known_only_by_an_alias_are_candidates_and_are_found() -> None:
    """Nothing that the two records have now is the same: without the lists no rule brings them together."""
    tables = known_by_an_alias()
    made = link(tables, LinkageSpec())
    ids = [str(n) for n in range(CHANGED)]
    asked = pa.table(
        {
            "source_l": ["before"] * CHANGED,
            "record_id_l": ids,
            "source_r": ["later"] * CHANGED,
            "record_id_r": ids,
        }
    )
    columns = made.records["later"].column_names
    own = person.settings(
        columns, [rule for rule in person.BLOCKING if set(rule) <= set(columns)], "link_only"
    )
    found_by_own, found_by_lists = (
        frame.found_by(made.records, model, asked, "record_id").to_pylist() for model in (own, made.model)
    )
    assert sum(map(bool, found_by_own)) == 0
    assert all(found_by_lists)
    assert found(made.links) >= 0.95 * CHANGED
    false = sum(r["record_id_l"] != r["record_id_r"] for r in made.links.to_pylist())
    assert false <= 0.03 * made.links.num_rows


def test_a_rule_whose_lists_cost_too_much_reads_the_own_values() -> None:
    """Everybody has the same alias beside a surname of their own: the lists of surnames would pair all with all."""
    columns = ("record_id", "surname", "all_surnames", "dob")
    rows = [(str(n), f"name{n // 2}", [f"name{n // 2}", "smith"], "19800101") for n in range(40)]
    table = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])
    con = compare.open_records({"s": table}, {"comparisons": []}, "record_id")
    taken = blocking.within_budget(con, [("surname",), ("surname", "dob")], 799.0)
    assert taken.rules == (("surname",), ("surname", "dob"))
    assert taken.pairs == (20, 20)
    assert taken.left[0] == (("all_surnames",), 800)
    assert blocking.within_budget(con, [("surname",)], 800.0).rules == (("all_surnames",),)


@pytest.mark.filterwarnings("ignore")
def test_both_engines_give_the_same_links() -> None:
    tables = known_by_an_alias()
    native = link(tables, LinkageSpec())
    splink = link(tables, LinkageSpec(engine="splink"))
    assert native.links.drop_columns(["match_weight", "match_probability"]).equals(
        splink.links.drop_columns(["match_weight", "match_probability"])
    )


def test_a_refresh_reads_a_supply_with_and_without_further_values() -> None:
    tables = two_sources(told=True)
    spec = LinkageSpec()
    first = {**tables, "later": tables["later"].slice(0, PEOPLE - 50)}
    kept = after(link(first, spec), first, spec)
    assert found(refresh(kept, tables).links) >= 0.9 * CHANGED
    silent = two_sources(told=False)["before"].slice(0, 20)
    ids = pa.array([f"n{i}" for i in range(20)])
    assert (
        refresh(kept, {"third": silent.set_column(0, "record_id", ids)}).persons.num_rows
        == 2 * PEOPLE - 50 + 20
    )


def test_lists_are_read_from_text_and_from_lists_and_hold_the_own_value() -> None:
    text = pa.table(
        {
            "record_id": ["1", "2", "3"],
            "surname": ["O'Neil", None, "Lee"],
            "maiden_name": ["Mac Donald|LEE;", "x; ?", None],
        }
    )
    column = standard(text).table["all_surnames"].to_pylist()
    assert column == [["lee", "macdonald", "oneil"], ["x"], ["lee"]]
    listed = text.set_column(
        2, "maiden_name", pa.array([["Mac Donald", "LEE"], ["x"], None], pa.list_(pa.string()))
    )
    assert standard(listed).table["all_surnames"].to_pylist() == column


def test_completed_gives_a_list_to_every_source() -> None:
    tables = {s: standard(t).table for s, t in two_sources(told=True).items()}
    made = others.completed(tables)
    assert made["before"]["all_surnames"].to_pylist() == [
        [one] for one in tables["before"]["surname"].to_pylist()
    ]
    assert others.completed({"before": tables["before"]})["before"].equals(tables["before"])


def test_a_full_birth_date_is_taken_before_a_year() -> None:
    assert parts(["yob", "Date of Birth"]) == {"Date of Birth": "dob"}
    assert parts(["yob", "sex"]) == {"yob": "dob", "sex": "gender"}
