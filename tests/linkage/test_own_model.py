"""`tally link train`: a user's own Splink model, by the native scorer or by Splink, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trained import model, table

RULES = ("--rule", "l.g = r.g", "--rule", "l.b = r.b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(8)
    one = table(rng, 400, "x")
    rest = one.set_column(0, "record_id", pa.array([f"y{i}" for i in range(400)]))
    pq.write_table(one, tmp_path / "x.parquet")
    pq.write_table(rest, tmp_path / "y.parquet")
    return tmp_path


def untrained(condition: str) -> dict[str, Any]:
    made = model(condition, ['l."g" = r."g"'], "link_only", tf=False)
    for comparison in made["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("m_probability", None)
            level.pop("u_probability", None)
    made["comparisons"][0]["comparison_levels"][0]["sql_condition"] = '"n_l" IS NULL OR "n_r" IS NULL'
    return made


def test_train_then_link(folder: Path, tally: Callable[..., Any]) -> None:
    (folder / "m.json").write_text(json.dumps(untrained('"n_l" = "n_r"')))
    files = (folder / "x.parquet", folder / "y.parquet")
    done = tally(
        "link", "train", *files, "--model", folder / "m.json", *RULES, "-o", folder / "t.json", "--json"
    )
    assert done.code == 0
    told = json.loads(done.out)
    assert [session["comparisons"] for session in told["sessions"]] == [["first", "a"], ["first", "a"]]
    assert tally("link", "files", *files, "--model", folder / "t.json", "-o", folder / "l.parquet").code == 0
    again = tally("link", "train", *files, "--model", folder / "m.json", *RULES, "-o", folder / "again.json")
    assert again.code == 0
    assert "The prior is the model's own" in again.out
    assert (folder / "again.json").read_bytes() == (folder / "t.json").read_bytes()


@pytest.mark.filterwarnings("default")  # as people run it: a warning is a line, not an error
def test_a_level_that_is_not_known_goes_to_splink(folder: Path, tally: Callable[..., Any]) -> None:
    (folder / "m.json").write_text(json.dumps(untrained('ABS("n_l" - "n_r") / ("n_r" + 1) < 0.1')))
    files = (folder / "x.parquet", folder / "y.parquet")
    done = tally("link", "train", *files, "--model", folder / "m.json", *RULES, "-o", folder / "t.json")
    assert done.code == 0
    assert "Splink trains the whole model instead" in done.err
    found = tally("link", "files", *files, "--model", folder / "t.json", "-o", folder / "l.parquet")
    assert found.code == 0
    assert "The whole model goes to Splink instead" in found.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--rule", "l.g = r.g", "--sure", "l.a = r.a"), "--sure and --recall go together"),
        (("--rule", "l.a = r.a"), "reads a column of the comparison a"),
        (("--rule", "l.g == = r.g"), "not SQL"),
        (("--rule", "l.g = r.nothing", *RULES), "nothing"),
    ],
)
def test_bad_requests_are_told_and_nothing_is_written(
    words: tuple[str, ...], says: str, folder: Path, tally: Callable[..., Any]
) -> None:
    (folder / "m.json").write_text(json.dumps(untrained('"n_l" = "n_r"')))
    files = (folder / "x.parquet", folder / "y.parquet")
    done = tally("link", "train", *files, "--model", folder / "m.json", *words, "-o", folder / "t.json")
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err
    assert not (folder / "t.json").exists()


@pytest.mark.parametrize("rule", ["g", "l.g", "g = 1", "l.g = 1"])
def test_a_rule_that_compares_no_two_records_is_refused(
    folder: Path, tally: Callable[..., Any], rule: str
) -> None:
    (folder / "m.json").write_text(json.dumps(untrained('"n_l" = "n_r"')))
    done = tally(
        "link",
        "train",
        folder / "x.parquet",
        "--model",
        folder / "m.json",
        "--rule",
        rule,
        "-o",
        folder / "t.json",
    )
    assert done.code == 2
    assert "l.surname = r.surname" in done.err
    assert not (folder / "t.json").exists()
