"""An index gives a cohort the links that a linkage of both files gives, and says so when it is no index."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.linkage.score import links
from tallystick.linkage.score.index import build, links_with
from tallystick.linkage.score.store import open_index, save
from trained import CONDITIONS, RULES, model, table


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10_000),
    name=st.sampled_from(sorted(CONDITIONS)),
    rules=st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique=True),
    tf=st.booleans(),
    source=st.sampled_from(["a", "z"]),
    threshold=st.sampled_from([0.0, 0.3]),
)
def test_a_cohort_has_the_links_of_a_linkage_of_both_files(
    tmp_path: Path, seed: int, name: str, rules: list[str], tf: bool, source: str, threshold: float
) -> None:
    """On either side, with frequencies, lists, and values that the index has never seen."""
    rng = np.random.default_rng(seed)
    trained = model(CONDITIONS[name], rules, "link_only", tf)
    large, small = table(rng, int(rng.integers(1, 40)), "m"), table(rng, int(rng.integers(1, 12)), "c")
    save(build(large, trained, source="m"), tmp_path / "index")
    found = links_with(open_index(tmp_path / "index"), small, threshold, source=source)
    assert found.equals(links({"m": large, source: small}, trained, threshold))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    trained = model(CONDITIONS["exact"], list(RULES[:2]), "link_only", tf=True)
    save(build(table(rng, 30, "m"), trained, source="m"), tmp_path / "index")
    return tmp_path / "index"


def test_an_index_is_its_owners_alone(saved: Path) -> None:
    assert saved.stat().st_mode & 0o077 == 0
    assert all(part.stat().st_mode & 0o077 == 0 for part in saved.iterdir())


@pytest.mark.parametrize("harm", ["gone", "cut", "format", "json", "records", "empty"])
def test_a_harmed_index_is_told_and_to_be_built_again(saved: Path, harm: str) -> None:
    about = json.loads((saved / "index.json").read_text())
    if harm == "gone":
        (saved / "codes.npy").unlink()
    elif harm == "cut":
        (saved / "codes.npy").write_bytes((saved / "codes.npy").read_bytes()[:40])
    elif harm == "json":
        (saved / "index.json").write_text("{")
    elif harm == "empty":
        (saved / "index.json").unlink()
    else:
        (saved / "index.json").write_text(json.dumps({**about, harm: 99}))
    with pytest.raises(BadInput, match=r"[Bb]uild it"):
        open_index(saved)


def test_an_index_replaces_an_index_and_nothing_else(saved: Path) -> None:
    before = open_index(saved)
    save(before, saved)
    assert open_index(saved).ids.equals(before.ids)
    other = saved.with_name("letters")
    other.mkdir()
    (other / "letter").write_text("x")
    with pytest.raises(BadInput, match="is no index"):
        save(before, other)
    assert [path.name for path in saved.parent.iterdir() if path.name.startswith(".")] == []


def test_a_cohort_of_the_same_name_or_another_type_is_refused(saved: Path) -> None:
    cohort = table(np.random.default_rng(2), 5, "c")
    with pytest.raises(BadInput, match="Rename the file"):
        links_with(open_index(saved), cohort, 0.5, source="m")
    at = cohort.column_names.index("g")
    with pytest.raises(BadInput, match="same type in both"):
        links_with(
            open_index(saved), cohort.set_column(at, "g", cohort["g"].cast(pa.string())), 0.5, source="c"
        )


def test_the_command_line_links_a_cohort(
    tmp_path: Path, tally: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a model that the person model saved, so that both sides are cleaned as it has them."""
    people = synthetic(400)
    pq.write_table(people.slice(0, 350), tmp_path / "large.parquet")
    pq.write_table(people.slice(300, 100), tmp_path / "cohort.parquet")
    place = {
        name: str(tmp_path / name) for name in ("large.parquet", "cohort.parquet", "m.json", "i", "o", "p")
    }
    assert (
        tally(
            "link",
            "files",
            place["large.parquet"],
            place["cohort.parquet"],
            "-o",
            place["p"],
            "--save-model",
            place["m.json"],
        ).code
        == 0
    )
    assert (
        tally("link", "index", place["large.parquet"], "--model", place["m.json"], "-o", place["i"]).code == 0
    )
    run = tally("link", "cohort", place["cohort.parquet"], "--index", place["i"], "-o", place["o"], "--json")
    assert run.code == 0
    counts = json.loads(run.out)
    assert counts["records"] == 100
    assert counts["linked"] >= 45
    found = pq.read_table(place["o"])
    same = [
        a[1:] == b[1:]
        for a, b in zip(found["record_id_l"].to_pylist(), found["record_id_r"].to_pylist(), strict=True)
    ]
    assert sum(same) >= 45
    assert (
        tally("link", "cohort", place["cohort.parquet"], "--index", place["m.json"], "-o", place["o"]).code
        == 2
    )


def synthetic(count: int) -> pa.Table:
    """Return people of whom those that two files share have ids that differ in the first letter only."""
    rng = np.random.default_rng(9)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = lambda size: ["".join(letters[rng.integers(0, 26, size)]) for _ in range(count)]  # noqa: E731
    return pa.table(
        {
            "record_id": [f"r{i:05d}" for i in range(count)],
            "first_name": words(6),
            "surname": words(8),
            "dob": [
                f"{1950 + i % 50}-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in rng.integers(0, 10_000, count)
            ],
            "gender": [("male", "female")[i % 2] for i in range(count)],
            "postcode": [f"AB{i % 90 + 1} {i % 9}XY" for i in rng.integers(0, 5_000, count)],
        }
    )
