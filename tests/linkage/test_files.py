"""What `tally link files` writes stands whole or not at all, and a place that cannot be written is told before the work."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import files
from trained import model
from worlds import write_share


def test_a_full_disk_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "links.parquet"
    place.write_bytes(b"of the last run")

    def fill(table: pa.Table, where: Path, **_: Any) -> None:
        Path(where).write_bytes(b"PAR1 half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.pq, "write_table", fill)
    with pytest.raises(BadInput, match=r"the disk is full\. Nothing half-written was left\. Free some room"):
        files.write(pa.table({"a": [1]}), place)
    assert [path.name for path in tmp_path.iterdir()] == ["links.parquet"]
    assert place.read_bytes() == b"of the last run"


def test_a_write_that_the_system_stops_for_real(tmp_path: Path) -> None:
    program = f"""
import resource, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from tallystick.errors import BadInput
from tallystick.linkage import files
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    files.write(pa.table({{"a": np.random.default_rng(1).random(100_000)}}), Path({str(tmp_path)!r}, "l.parquet"))
except BadInput as error:
    print(error); sys.exit(2)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran.stderr
    assert "could not be written" in ran.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--out", "--persons", "--save-model"])
def test_a_place_that_is_not_there_is_told_before_anything_is_read(
    tmp_path: Path, tally: Callable[..., Any], option: str
) -> None:
    share = write_share(tmp_path / "share", people=40)
    source = next((share / "supplies").glob("*.csv"))
    places = {"--out": tmp_path / "links.parquet", option: tmp_path / "none" / "file"}
    told = tally("link", "files", source, *(part for pair in places.items() for part in pair))
    assert told.code == 2
    assert "the folder is not there" in told.err
    assert not (tmp_path / "links.parquet").exists()


PEOPLE = [
    "record_id,first_name,surname,dob,postcode",
    "1,Ann,Smith,2000-01-31,SW1A 1AA",
    "#2,Ann,Smith,2000-01-31,SW1A 1AA",
    '3,"Bo\nAnders",Li,2001-02-03,LS1 4AP',
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", "\n".join(PEOPLE)),
        ("byte order mark", "\ufeff" + "\n".join(PEOPLE)),
        ("semicolons", "\n".join(PEOPLE).replace(",", ";")),
        ("tabs and the ends of Windows", "\r\n".join(PEOPLE).replace(",", "\t")),
        ("another case", "\n".join([PEOPLE[0].upper().replace("_", " "), *PEOPLE[1:]])),
    ],
)
def test_a_csv_file_is_read_as_people_save_it(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode())
    read = files.read(path, "record_id")
    assert read["record_id"].to_pylist() == ["1", "#2", "3"]
    assert read.column(1)[2].as_py() == "Bo\nAnders"
    assert read.num_columns == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\nrecord_id,a\n1,2\n", "empty line"),
        ("\n".join(PEOPLE).encode("utf-16"), "UTF-16"),
        ("\n".join(PEOPLE).replace("Li", "M\u00fcller").encode("cp1252"), "Line 5 is not UTF-8"),
        ("\n".join([*PEOPLE, "4,Secret"]).encode(), "ends at line 6 has 2 values, and the header 5 columns"),
        (("\n".join(PEOPLE) + '\n4,"Secret,x,y,z').encode(), "quotes"),
    ],
)
def test_a_csv_file_that_cannot_be_read_says_why_and_where(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said) as raised:
        files.read(path)
    assert "Secret" not in str(raised.value)


def test_one_record_alone_is_one_person(tmp_path: Path, tally: Callable[..., Any]) -> None:
    (tmp_path / "one.csv").write_text("\n".join(PEOPLE[:2]))
    done = tally("link", "files", tmp_path / "one.csv", "-o", tmp_path / "l.parquet")
    assert done.code == 0, done.err
    assert "0 links" in done.out
    assert tally("link", "advise", tmp_path / "one.csv").code == 0


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("m_probability", "high"),
        ("u_probability", -0.1),
        ("m_probability", 1.5),
        ("prior", 0),
        ("prior", 1),
        ("prior", "low"),
    ],
)
def test_a_model_with_an_impossible_number_is_refused(place: str, value: Any, tmp_path: Path) -> None:
    made = model('"a_l" = "a_r"', ['l."g" = r."g"'], "dedupe_only", tf=False)
    if place == "prior":
        made["probability_two_random_records_match"] = value
    else:
        made["comparisons"][0]["comparison_levels"][1][place] = value
    (tmp_path / "m.json").write_text(json.dumps(made))
    with pytest.raises(BadInput, match="numbers from 0 to 1"):
        files.read_model(tmp_path / "m.json")


def test_a_name_that_is_a_list_is_told(tmp_path: Path, tally: Callable[..., Any]) -> None:
    people = pa.table({"record_id": ["1", "2"], "first_name": [["Ann"], ["Bo"]], "surname": ["Smith", "Li"]})
    files.write(people, tmp_path / "people.parquet")
    done = tally("link", "files", tmp_path / "people.parquet", "-o", tmp_path / "l.parquet")
    assert done.code == 2
    assert "'first_name' holds lists" in done.err


def test_each_file_may_call_its_id_otherwise(tmp_path: Path, tally: Callable[..., Any]) -> None:
    share = write_share(tmp_path / "share", people=60)
    a, b = (share / "supplies" / f"{name}.csv" for name in ("justice", "education"))
    usual = ("--key", "first_name+surname+dob", "--stages", "keys", "--persons")
    assert (
        tally("link", "files", a, b, "-o", tmp_path / "1.parquet", *usual, tmp_path / "p1.parquet").code == 0
    )
    for path, name in ((a, " Record No "), (b, "pupil")):
        path.write_text(path.read_text().replace("record_id", name, 1))
    own = ("--id", "justice=record_no", "--id", "education=pupil")
    linked = tally("link", "files", a, b, "-o", tmp_path / "2.parquet", *usual, tmp_path / "p2.parquet", *own)
    assert linked.code == 0, linked.err
    for first, second in (("1", "2"), ("p1", "p2")):
        assert pq.read_table(tmp_path / f"{first}.parquet").equals(
            pq.read_table(tmp_path / f"{second}.parquet")
        )
    kept = ("--id", "key", *own, "--keep", tmp_path / "kept")
    assert (
        tally(
            "link", "files", a, b, "-o", tmp_path / "3.parquet", *usual, tmp_path / "p3.parquet", *kept
        ).code
        == 0
    )
    assert "key_l" in pq.read_table(tmp_path / "3.parquet").column_names
    fresh = ("link", "refresh", tmp_path / "kept", a, "-o", tmp_path / "4.parquet")
    again = tally(*fresh, "--id", "justice=record_no")
    assert again.code == 0, again.err
    assert "There is nothing new" in again.out
    assert tally(*fresh, "--id", "record_no").code == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["tax=record_id"], "--id justice=record_id"),
        (["justice="], "--id FILE=COLUMN"),
        (["justice=none"], "there is no column 'none'"),
        (["justice=record_id", "justice=surname"], "given twice"),
        (["record_id", "surname"], "given twice"),
        ([""], "--id COLUMN"),
    ],
)
def test_an_id_column_that_cannot_be_is_refused(
    given: list[str], said: str, tmp_path: Path, tally: Callable[..., Any]
) -> None:
    share = write_share(tmp_path / "share", people=40)
    paths = [share / "supplies" / f"{name}.csv" for name in ("justice", "education")]
    ran = tally(
        "link", "files", *paths, "-o", tmp_path / "l.parquet", *(w for one in given for w in ("--id", one))
    )
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "l.parquet").exists()
