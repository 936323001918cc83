"""The rivals of `bench_accuracy.py`: Splink with the models of its own documentation, and recordlinkage as its documentation shows it.

The models are those of Splink's examples "Linking a dataset of real historical persons", "Deduplicating the febrl3 dataset" and "Linking
the febrl4 datasets" (its detailed model), told in its own library calls. The historical example is also used for two files. FEBRL 1 and 2
have no example; they get that of FEBRL 3. recordlinkage: its tutorial's rule (blocked on the first name, more than three of six comparisons
agree), and its classifier without training data (ECM) on candidates of four blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

Scored = tuple[np.ndarray, np.ndarray, np.ndarray]


def splink_model(data: str, link_type: str, unique_id: str) -> tuple[Any, Callable[[Any], None]]:
    """Return the settings of the documentation's model for ``data`` and what trains it."""
    return (_historical if data == "historical" else _febrl)(data, link_type, unique_id)


def _historical(_: str, link_type: str, unique_id: str) -> tuple[Any, Callable[[Any], None]]:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    settings = SettingsCreator(
        link_type=link_type,
        unique_id_column_name=unique_id,
        blocking_rules_to_generate_predictions=[
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode", "first_name"),
            block_on("postcode", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode,1,3)", "dob"),
            block_on("substr(postcode,1,3)", "first_name"),
            block_on("substr(postcode,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ],
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name", "surname", forename_surname_concat_col_name="first_name_surname_concat"
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
    )

    def train(linker: Any) -> None:
        own = linker.training
        own.estimate_probability_two_random_records_match(
            [
                block_on("first_name", "surname", "dob"),
                block_on("substr(first_name,1,2)", "surname", "substr(postcode,1,2)"),
                block_on("dob", "postcode"),
            ],
            recall=0.6,
        )
        own.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
        for rule in (block_on("first_name", "surname"), block_on("dob")):
            own.estimate_parameters_using_expectation_maximisation(
                rule, estimate_without_term_frequencies=True
            )

    return settings, train


def _febrl(data: str, link_type: str, unique_id: str) -> tuple[Any, Callable[[Any], None]]:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    swapped = "l.given_name = r.surname and l.surname = r.given_name"
    if data == "febrl4":
        rules = [
            block_on("given_name", "surname"), swapped, block_on("date_of_birth"), block_on("soc_sec_id"),
            block_on("state", "address_1"), block_on("street_number", "address_1"), block_on("postcode"),
        ]  # fmt: skip
        names = [
            cl.NameComparison(c).configure(term_frequency_adjustments=True) for c in ("given_name", "surname")
        ]
        number = cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2])
        place = cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
            term_frequency_adjustments=True
        )
        sure, recall = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")], 0.8
    else:
        rules = [block_on(c) for c in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")]
        names = [cl.NameComparison(c) for c in ("given_name", "surname")]
        number = cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2])
        place = cl.ExactMatch("postcode").configure(term_frequency_adjustments=True)
        sure = [
            block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth"),
            f"{swapped} and l.date_of_birth = r.date_of_birth",
        ]  # fmt: skip
        recall = 0.9
    settings = SettingsCreator(
        link_type=link_type,
        unique_id_column_name=unique_id,
        blocking_rules_to_generate_predictions=rules,
        comparisons=[
            *names,
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
            ),
            number,
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            place,
        ],
    )

    def train(linker: Any) -> None:
        own = linker.training
        own.estimate_probability_two_random_records_match(sure, recall=recall)
        own.estimate_u_using_random_sampling(max_pairs=1e6, seed=2)
        for rule in (block_on("date_of_birth"), block_on("postcode")):
            own.estimate_parameters_using_expectation_maximisation(
                rule, estimate_without_term_frequencies=True
            )

    return settings, train


def by_splink(data: str, tables: Mapping[str, pa.Table]) -> Scored:
    """Return every candidate pair of Splink's model (record numbers a < b) and its probability."""
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI()
    settings, train = splink_model(data, "dedupe_only" if len(tables) == 1 else "link_only", "record_id")
    frames = []
    for number, name in enumerate(sorted(tables)):
        table = api.duckdb_con.from_arrow(tables[name])
        if "first_name" in tables[name].column_names:
            table = table.project("*, first_name || ' ' || surname as first_name_surname_concat")
        frames.append(api.register(table, dataset_display_name=f"source_{number}"))
    linker = Linker(frames if len(frames) > 1 else frames[0], settings, log_level=None)
    train(linker)
    name = linker.inference.predict().physical_name
    found = api.duckdb_con.sql(
        f"select record_id_l as a, record_id_r as b, match_probability as p from {name}"
    ).fetchnumpy()
    return found["a"].astype(int), found["b"].astype(int), found["p"]


TUTORIAL: Mapping[str, Mapping[str, Any]] = {
    "historical": {
        "block": "first_name",
        "exact": ("first_name", "dob", "birth_place", "occupation"),
        "alike": ("surname", "postcode"),
        "blocks": ("first_name", "surname", "dob", "postcode"),
    },
    "febrl": {
        "block": "given_name",
        "exact": ("given_name", "date_of_birth", "suburb", "state"),
        "alike": ("surname", "address_1"),
        "blocks": ("given_name", "surname", "date_of_birth", "postcode"),
    },
}


def by_recordlinkage(data: str, tables: Mapping[str, pa.Table], *, learned: bool) -> Scored:
    """Return every candidate pair of recordlinkage and 1 where it calls it a match: by the tutorial's rule, or ``learned`` by ECM."""
    import recordlinkage

    how = TUTORIAL["historical" if data == "historical" else "febrl"]
    frames = [tables[name].to_pandas().set_index("record_id") for name in sorted(tables)]
    index = recordlinkage.Index()
    for column in how["blocks"] if learned else (how["block"],):
        index.block(column)
    pairs = index.index(*frames)
    compare = recordlinkage.Compare()
    for column in how["exact"]:
        compare.exact(column, column, label=column)
    for column in how["alike"]:
        compare.string(column, column, method="jarowinkler", threshold=0.85, label=column)
    agree = compare.compute(pairs, *frames)
    over = agree.sum(axis=1) > 3
    matches = recordlinkage.ECMClassifier().fit_predict(agree) if learned else agree[over].index
    a, b = (np.asarray(pairs.get_level_values(side), dtype=int) for side in (0, 1))
    return np.minimum(a, b), np.maximum(a, b), pairs.isin(matches).astype(float)
