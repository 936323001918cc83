"""People for the linkage benchmarks: two departments' files of any size, made quickly, with the errors of records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", dtype=np.uint8)


def _words(rng: np.random.Generator, count: int, least: int, most: int) -> pa.Array:
    """Return made-up words whose letters follow one another roughly as in names."""
    vowels, consonants = np.frombuffer(b"aeiou", np.uint8), np.frombuffer(b"bcdfghjklmnprstvwy", np.uint8)
    lengths = rng.integers(least, most + 1, count)
    ends = np.cumsum(lengths)
    position = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
    odd = (position + np.repeat(rng.integers(0, 2, count), lengths)) % 2 == 0
    text = np.where(odd, rng.choice(vowels, ends[-1]), rng.choice(consonants, ends[-1])).astype(np.uint8)
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))


def _typo(rng: np.random.Generator, values: pa.Array, share: float) -> pa.Array:
    """Return the values with one letter changed in this share of them."""
    hit = np.flatnonzero(rng.random(len(values)) < share)
    data = np.frombuffer(values.buffers()[2], np.uint8).copy()
    starts = np.frombuffer(values.buffers()[1], np.int32)[: len(values) + 1]
    lengths = np.diff(starts)[hit]
    place = starts[hit] + (rng.random(len(hit)) * lengths).astype(np.int64)
    data[place] = rng.choice(LETTERS, len(hit))
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(starts), pa.py_buffer(data))


def _digits(number: np.ndarray[Any, Any], width: int) -> np.ndarray[Any, Any]:
    return (number[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10 + 48).astype(np.uint8)


def _text(columns: np.ndarray[Any, Any]) -> pa.Array:
    count, width = columns.shape
    offsets = (np.arange(count + 1) * width).astype(np.int32)
    return pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(columns))
    )


def people(small: int, large: int, seed: int = 1) -> dict[str, pa.Table]:
    """Return sources ``a`` (``small`` records) and ``b`` (``large``): nine of ten in ``a`` are in ``b``."""
    rng = np.random.default_rng(seed)
    everybody = large + small // 10
    first_names, surnames = _words(rng, 4_000, 3, 8), _words(rng, 60_000, 4, 10)
    first = np.minimum(rng.zipf(1.35, everybody) - 1, 3_999)
    last = np.minimum((rng.pareto(0.55, everybody) * 30).astype(np.int64), 59_999)
    days = rng.integers(0, 365 * 27, everybody)
    place = rng.integers(0, 180_000, everybody)
    sex = rng.integers(0, 2, everybody)
    tables = {}
    for source, members in (
        ("a", rng.permutation(np.arange(large - small + small // 10, everybody))[:small]),
        ("b", rng.permutation(large)),
    ):
        n = len(members)
        born = (
            np.datetime64("1950-01-01")
            + days[members]
            + np.where(rng.random(n) < 0.02, rng.integers(1, 30, n), 0)
        )
        stamp = np.datetime_as_string(born.astype("datetime64[D]")).astype("S10")
        moved = np.where(rng.random(n) < 0.25, rng.integers(0, 180_000, n), place[members])
        code = np.concatenate(
            [
                LETTERS[moved % 26][:, None] - 32,
                LETTERS[moved // 26 % 20][:, None] - 32,
                _digits(moved // 520 % 90 + 10, 2),
                np.full((n, 1), 32, np.uint8),
                _digits(moved // 60 % 10, 1),
                LETTERS[moved // 7 % 26][:, None] - 32,
                LETTERS[moved // 3 % 26][:, None] - 32,
            ],
            axis=1,
        ).astype(np.uint8)
        hidden = pa.array(rng.random(n) < 0.05)
        none = pa.scalar(None, pa.string())
        postcode = pc.if_else(hidden, none, _text(code))
        tables[source] = pa.table(
            {
                "record_id": _text(
                    np.hstack([np.full((n, 1), ord(source), np.uint8), _digits(np.arange(n), 9)])
                ),
                "first_name": _typo(rng, first_names.take(pa.array(first[members])), 0.06),
                "surname": _typo(rng, surnames.take(pa.array(last[members])), 0.06),
                "dob": _text(np.frombuffer(stamp.tobytes(), np.uint8).reshape(n, 10)),
                "gender": pa.array(["F", "M"]).take(pa.array(sex[members])),
                "postcode": postcode,
            }
        )
    return tables


RULES = (
    "l.surname = r.surname and l.dob = r.dob",
    "l.first_name = r.first_name and l.dob = r.dob",
    "l.postcode = r.postcode and l.dob = r.dob",
    "l.postcode = r.postcode and l.surname = r.surname",
    "l.first_name = r.first_name and l.surname = r.surname and substr(l.dob, 1, 4) = substr(r.dob, 1, 4)",
)


def model() -> dict[str, Any]:
    """Return a trained model of the usual kind: names by Jaro–Winkler with term frequencies, dates, postcodes, gender."""
    import splink.comparison_library as cl
    from splink import SettingsCreator

    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="record_id",
        probability_two_random_records_match=3e-7,
        comparisons=[
            cl.JaroWinklerAtThresholds("first_name", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("dob", [1, 2]),
            cl.ExactMatch("gender"),
            cl.LevenshteinAtThresholds("postcode", [1, 2]),
        ],
        blocking_rules_to_generate_predictions=list(RULES),
    ).create_settings_dict("duckdb")
    trained = {
        "first_name": [(0.88, 0.01), (0.06, 0.006), (0.02, 0.02), (0.04, 0.964)],
        "surname": [(0.87, 0.002), (0.06, 0.001), (0.02, 0.01), (0.05, 0.987)],
        "dob": [(0.95, 5e-5), (0.03, 0.002), (0.01, 0.02), (0.01, 0.97795)],
        "gender": [(0.99, 0.5), (0.01, 0.5)],
        "postcode": [(0.72, 1e-5), (0.02, 1e-4), (0.01, 1e-3), (0.25, 0.99889)],
    }
    for comparison in settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for level, (m, u) in zip(levels, trained[comparison["output_column_name"]], strict=True):
            level["m_probability"], level["u_probability"] = m, u
    return settings
