"""What each link rests on, for requirement 198: which kinds of identifier agree, as yes, no or not known; never a value.

The order of strength is the DPIA's (Justice Data Lab, 2018): PNC ID or prison number, dates of prison and probation, name, date of birth,
gender, start of the intervention. The dates are with the steward; the linker says the rest.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.linkage import clean

__all__ = ["strength"]

CLOSE = 0.92  # Jaro and Winkler's similarity of the whole name: a slip of the pen, not another name
NUMBERS = ("pnc_id", "prison_number")
READ = (*NUMBERS, "first_name", "surname", "dob", "gender")


def strength(links: pa.Table, left: pa.Table, right: pa.Table, left_name: str, right_name: str) -> pa.Table:
    """Return each link of these two sources with ``number_agrees, name_agrees, dob_agrees, gender_agrees``; null: not known of both.

    ``links`` has source_l, supply_key_l, source_r, supply_key_r; the sources have supply_key and the model's columns. Result columns:
    left_key, right_key and the four, sorted by the keys. A date of birth agrees with one slip of a digit or two swapped.
    """
    keys = pa.chunked_array([*links["supply_key_l"].chunks, *links["supply_key_r"].chunks], pa.string())
    with duckdb.connect() as connection:
        connection.register("links", links)
        for name, table in (("l", left), ("r", right)):
            linked = table.filter(pc.is_in(table["supply_key"], value_set=keys))
            read = clean.standard(linked, "supply_key").table if linked.num_rows else linked
            connection.register(f"{name}_given", read)
            columns = ", ".join(
                column if column in read.column_names else f"null::varchar as {column}" for column in READ
            )
            connection.execute(f"create view {name} as select supply_key, {columns} from {name}_given")  # noqa: S608 - fixed names
        numbers = " or ".join(f"l.{name} = r.{name}" for name in NUMBERS)
        return connection.sql(
            f"""
            with chosen as (
                select supply_key_l as left_key, supply_key_r as right_key
                from links where source_l = $left and source_r = $right
                union
                select supply_key_r, supply_key_l
                from links where source_l = $right and source_r = $left
            )
            select
                c.left_key, c.right_key,
                {numbers} as number_agrees,
                jaro_winkler_similarity(l.first_name || ' ' || l.surname, r.first_name || ' ' || r.surname) >= {CLOSE} as name_agrees,
                damerau_levenshtein(l.dob, r.dob) <= 1 as dob_agrees,
                l.gender = r.gender as gender_agrees
            from chosen c
            join l on l.supply_key = c.left_key
            join r on r.supply_key = c.right_key
            order by c.left_key, c.right_key
            """,  # noqa: S608 - fixed names
            params={"left": left_name, "right": right_name},
        ).to_arrow_table()
