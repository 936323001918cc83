"""The shipped person model: what is compared, and which pairs are looked at, as Splink settings.

A comparison is used if its columns are in the data. The levels follow what goes wrong in records of people: familiar names,
initials, names in each other's place, one slip of the pen in a date, a move within the district. Frequencies count: to agree
on a rare name is stronger evidence than on a common one (Fellegi and Sunter 1969; Winkler 1989). Every level is of a kind that
both Splink and the native scorer know.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from tallystick.linkage import others
from tallystick.linkage.identifiers import STRENGTH

Settings = dict[str, Any]


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison: its SQL in Splink's form, the column whose frequencies weigh it, and one that it alone ``needs``."""

    label: str
    sql: str
    frequency_of: str = ""
    is_null: bool = False
    needs: str = ""


@dataclass(frozen=True)
class Comparison:
    """Levels tried in order; the first that holds is the outcome."""

    name: str
    needs: tuple[str, ...]
    levels: tuple[Level, ...]


def _null(column: str) -> Level:
    return Level(f"{column} is missing", f'"{column}_l" IS NULL OR "{column}_r" IS NULL', is_null=True)


def _same(column: str, *, frequency: bool = True, label: str = "") -> Level:
    return Level(label or f"same {column}", f'"{column}_l" = "{column}_r"', column if frequency else "")


def _close(column: str, similarity: float) -> Level:
    sql = f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {similarity}'
    return Level(f"{column} alike ({similarity})", sql)


def _edits(column: str, edits: int) -> Level:
    sql = f'damerau_levenshtein("{column}_l", "{column}_r") <= {edits}'
    return Level(f"{column} within {edits} edit{'s' if edits > 1 else ''}", sql)


def _shared(column: str, label: str) -> Level:
    return Level(label, shares(column), needs=column)


def shares(column: str) -> str:
    """Return the condition that two records share an entry of a list."""
    return f'array_length(list_intersect("{column}_l", "{column}_r")) >= 1'


_OTHER = Level("all else", "ELSE")
NUMBERS = (*STRENGTH, "email", "phone")


def _phrase(column: str) -> Comparison:
    return Comparison(column, (column,), (_null(column), _same(column), _close(column, 0.9), _OTHER))


def _number(column: str) -> Comparison:
    return Comparison(
        column, (column,), (_null(column), _same(column, frequency=False), _edits(column, 1), _OTHER)
    )


COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "first_name",
        ("first_name",),
        (
            _null("first_name"),
            _same("first_name"),
            Level("familiar form", '"first_root_l" = "first_root_r"', "first_root"),
            _shared("all_first_names", "an alias"),
            _close("first_name", 0.92),
            Level(
                "initial",
                '(length("first_name_l") = 1 OR length("first_name_r") = 1) '
                'AND substr("first_name_l", 1, 1) = substr("first_name_r", 1, 1)',
            ),
            _close("first_name", 0.8),
            _OTHER,
        ),
    ),
    Comparison("middle_name", ("middle_name",), (_null("middle_name"), _same("middle_name"), _close("middle_name", 0.85), _OTHER)),
    Comparison(
        "surname",
        ("surname",),
        (
            _same("surname"),
            Level("names in each other's place", '"surname_l" = "first_name_r" OR "first_name_l" = "surname_r"', needs="first_name"),
            _null("surname"),
            _shared("all_surnames", "another surname of one of them"),
            _close("surname", 0.92),
            _close("surname", 0.8),
            Level("same sound", '"surname_sound_l" = "surname_sound_r"'),
            _OTHER,
        ),
    ),
    Comparison(
        "dob",
        ("dob",),
        (
            _null("dob"),
            _same("dob"),
            _shared("all_dobs", "another birth date of one of them"),
            _edits("dob", 1),
            Level("same year, day and month unknown in one", '"dob_year_l" = "dob_year_r" AND ("dob_day_l" = \'0101\' OR "dob_day_r" = \'0101\')'),
            _edits("dob", 2),
            Level("same year", '"dob_year_l" = "dob_year_r"'),
            _OTHER,
        ),
    ),
    Comparison("gender", ("gender",), (_null("gender"), _same("gender", frequency=False), _OTHER)),
    Comparison(
        "postcode",
        ("postcode",),
        (
            _null("postcode"),
            _same("postcode"),
            _shared("all_postcodes", "another address of one of them"),
            _edits("postcode", 1),
            Level("same sector", '"postcode_sector_l" = "postcode_sector_r"', "postcode_sector"),
            Level("same district", '"postcode_district_l" = "postcode_district_r"', "postcode_district"),
            _OTHER,
        ),
    ),
    *(_phrase(column) for column in ("birth_place", "occupation", "town", "address", "address_2")),
    Comparison("street_number", ("street_number",), (_null("street_number"), _same("street_number"), _edits("street_number", 1), _OTHER)),
    Comparison("state", ("state",), (_null("state"), _same("state"), _OTHER)),
    *(_number(column) for column in NUMBERS),
)  # fmt: skip

# In order of how few pairs they add for the true ones that they find; a rule is taken if its columns are there and it fits
# within the budget of pairs that is left.
BLOCKING: tuple[tuple[str, ...], ...] = (
    *((number,) for number in NUMBERS),
    ("surname", "dob"),
    ("first_name", "dob"),
    ("first_root", "surname"),
    ("postcode", "surname"),
    ("postcode", "first_root"),
    ("postcode", "dob"),
    ("dob",),
    ("postcode",),
    ("surname_sound", "dob_year"),
    ("first_root", "dob_year", "dob_day"),
    ("surname", "postcode_district"),
    ("surname_sound", "postcode_district"),
    ("first_root", "postcode_district"),
    ("surname", "birth_place"),
    ("first_root", "birth_place", "dob_year"),
    ("first_root", "surname_sound"),
    ("surname", "address"),
    ("surname", "town"),
    ("address", "street_number"),
    ("first_root", "town"),
    ("dob_day", "postcode_district"),
    ("birth_place", "dob_year"),
    ("surname",),
    ("first_root", "dob_year"),
    ("occupation", "birth_place"),
)  # fmt: skip


def comparisons(columns: Collection[str]) -> tuple[Comparison, ...]:
    """Return the comparisons whose columns are all there, without the levels that need another column than those."""
    there = {"", *columns}
    return tuple(
        replace(c, levels=tuple(level for level in c.levels if level.needs in there))
        for c in COMPARISONS
        if there.issuperset(c.needs)
    )


def settings(
    columns: Collection[str], rules: Collection[tuple[str, ...]], link_type: str, id_column: str = "record_id"
) -> Settings:
    """Return untrained Splink settings for data with ``columns``, blocked by ``rules``."""
    return {
        "link_type": link_type,
        "unique_id_column_name": id_column,
        "source_dataset_column_name": "source_dataset",
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "comparisons": [_as_splink(c) for c in comparisons(columns)],
        "blocking_rules_to_generate_predictions": [as_splink_rule(rule) for rule in rules],
    }


HOUSEHOLD_BITS = 17.0
GENERATION = 15  # years
TWIN_BITS = 3.0
PARENT_BITS = 25.0
"""What speaks against one person where all but the first name is that of a brother, a sister or a twin at home (17), and where a
birth date and a surname agree but no home shows whether two are twins (3; only in data that hold homes), and where name and home agree
and the birth dates are a generation apart (25: names and home say nothing of a father and a son who share them, however rare the name).

They are set, not learned: in random pairs there are next to none of either, so a u probability learned from them would call such
a pair nearly certain. A shared national number outweighs them. About 15 of 1,000 maternities are twins (Office for National
Statistics, birth characteristics), so that a wholly other first name is about as often a twin's as an alias.
"""


def with_household(model: Settings, columns: Collection[str]) -> Settings:
    """Return the trained model with one more comparison, on people of one family, where the data has what it reads.

    Surname and postcode agree together in a household, so their weights must not add up as if they were independent. Where first
    names have nothing in common, people of one surname and one home (or of one birth date and two sexes) are of one family: also where
    surname or postcode has a slip, and where an initial or nothing stands for one first name and the birth dates are far apart.
    People of one name and one home whose years of birth are ``GENERATION`` apart are parent and child.
    """
    if not {"first_name", "surname"} <= set(columns):
        return model
    other = ['NOT "first_root_l" = "first_root_r"']
    if "all_first_names" in columns:
        other += [f"NOT {shares('all_first_names')}"]
    if "middle_name" in columns:
        other += [
            f'("middle_name_{side}" IS NULL OR NOT "middle_name_{side}" = "first_name_{against}")'
            for side, against in ("lr", "rl")
        ]
    initial = '(length("first_name_l") = 1 OR length("first_name_r") = 1) AND substr("first_name_l", 1, 1) = substr("first_name_r", 1, 1)'
    apart = [
        *other,
        f"NOT ({initial})",
        'NOT jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.75',
    ]
    # A first name of much the same letters, an initial or none at all is another one where the birth date is wholly other.
    grown = 'NOT damerau_levenshtein("dob_l", "dob_r") <= 2'
    far = [*other, 'NOT jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.92', grown]
    nameless = '("first_name_l" IS NULL OR "first_name_r" IS NULL)'
    alike = 'jaro_winkler_similarity("surname_l", "surname_r") >= 0.88'
    home = ['damerau_levenshtein("postcode_l", "postcode_r") <= 1'] if "postcode" in columns else []
    home += ['"address_l" = "address_r"'] if "address" in columns else []
    has_birth = "dob" in columns
    born = (
        ['("dob_l" = "dob_r" AND NOT "gender_l" = "gender_r")'] if has_birth and "gender" in columns else []
    )
    levels: list[dict[str, Any]] = []
    if home and has_birth:
        nobody = f"({' OR '.join(home)}) AND {nameless} AND {grown} AND {alike}"
        levels.append(
            _against("brothers or sisters at one home, one without a first name", nobody, HOUSEHOLD_BITS)
        )
    levels.append(
        {"sql_condition": nameless, "label_for_charts": "first_name is missing", "is_null_level": True}
    )
    if family := home + born:
        unlike = " OR ".join(f"({' AND '.join(names)})" for names in ([apart, far] if has_birth else [apart]))
        at_home = f"({' OR '.join(family)}) AND ({unlike}) AND {alike}"
        levels.append(_against("brothers, sisters or twins at one home", at_home, HOUSEHOLD_BITS))
    if home and has_birth and {"dob_year", "dob_day"} <= set(columns):
        years = 'ABS(CAST("dob_year_l" AS INTEGER) - CAST("dob_year_r" AS INTEGER))'
        known = "NOT (\"dob_day_l\" = '0101' OR \"dob_day_r\" = '0101')"  # 1 January 1900 stands for a date that nobody knew
        namesake = f"({' OR '.join(home)}) AND {alike} AND {grown} AND {known} AND {years} >= {GENERATION}"
        levels.append(_against("parent and child of one name, perhaps", namesake, PARENT_BITS))
    if home and has_birth:
        same_birth = " AND ".join(['"dob_l" = "dob_r"', *apart, alike])
        levels.append(_against("twins, perhaps", same_birth, TWIN_BITS))
    if len(levels) == 1:
        return model
    levels.append(_against("all else", "ELSE", 0.0))
    household = {
        "output_column_name": "household",
        "comparison_description": "household",
        "comparison_levels": levels,
    }
    return {**model, "comparisons": [*model["comparisons"], household]}


def _against(label: str, sql: str, bits: float) -> dict[str, Any]:
    """Return a level whose weight is ``-bits``."""
    return {
        "sql_condition": sql,
        "label_for_charts": label,
        "m_probability": 0.5 * 2.0**-bits,
        "u_probability": 0.5,
    }


def as_splink_rule(columns: tuple[str, ...]) -> dict[str, Any]:
    """Return a blocking rule as Splink's settings hold it: equal on each of the columns, or on an entry of one that is a list."""
    lists = [column for column in columns if column in others.OWN]
    return {"blocking_rule": rule_sql(columns), **({"arrays_to_explode": lists} if lists else {})}


def rule_sql(columns: tuple[str, ...]) -> str:
    """Return a blocking rule in Splink's form: equal on each of the columns."""
    return " AND ".join(f'l."{column}" = r."{column}"' for column in columns)


def _as_splink(comparison: Comparison) -> dict[str, Any]:
    levels = []
    for level in comparison.levels:
        made: dict[str, Any] = {"sql_condition": level.sql, "label_for_charts": level.label}
        if level.is_null:
            made["is_null_level"] = True
        if level.frequency_of:
            made["tf_adjustment_column"] = level.frequency_of
            made["tf_adjustment_weight"] = 1.0
            made["tf_minimum_u_value"] = 0.0
        levels.append(made)
    return {
        "output_column_name": comparison.name,
        "comparison_description": comparison.name,
        "comparison_levels": levels,
    }
