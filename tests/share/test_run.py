"""A share runs from supply to extract, each step once, and no identifier is where it may not be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput, Refused
from tallystick.share.audit import audit
from tallystick.share.evaluate import Accuracy
from tallystick.share.plan import plan
from tallystick.share.rooms import DOORS, locked, open_share
from tallystick.share.run import run
from worlds import CLOCK, write_share

MARKS = re.compile(
    rb"(mk|sn|bp)(ba|co|di|fe|gu|ha|ji|ko|lu|me|ni|po|qua|ro|si|tu|ve|wo|xa|zu){4}"
    rb"|(?<![0-9a-z])zq\d{1,2} ?\d[a-z]{2}|(justice|education)-\d+"
    rb"|(?<![0-9a-f])19(1[1-9]|2[01])-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?![0-9a-f])",
    re.IGNORECASE,
)
"""Every identifier of the small world: names, postcodes, birth dates, record ids."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_share(tmp_path_factory.mktemp("share") / "s")
    run(open_share(folder), clock=CLOCK)
    return folder


def texts(path: Path) -> Iterator[bytes]:
    """Yield what a file holds as bytes: as it lies, and each column's values where it is a table."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield "\n".join(table.column_names).encode()
        for column in table.columns:
            yield "\n".join(str(value) for value in column.to_pylist()).encode()


def test_run_links_extracts_destroys_and_reports(finished: Path) -> None:
    share = open_share(finished)
    truth = json.loads((share.linker / "truth.json").read_text())
    assert truth["f1"] > 0.99
    assert not list(finished.rglob("*.age"))
    assert not list((finished / "supplies").iterdir())
    assert share.ledger.verify().is_sound
    assert audit(share).findings == ()
    page = share.report.read_text()
    assert "identifiers destroyed" in page
    assert "occupations" in page


def test_run_again_does_nothing_twice(finished: Path) -> None:
    share = open_share(finished)
    before = [entry for entry in share.ledger.entries() if entry.act != "report"]
    again = run(share, clock=CLOCK)
    assert {step.outcome for step in again.steps if step.name != "report"} == {"was done before"}
    assert [entry for entry in share.ledger.entries() if entry.act != "report"] == before


def test_no_identifier_outside_the_suppliers_and_linkers_rooms(finished: Path) -> None:
    searched, offences = 0, []
    for path in sorted(path for path in finished.rglob("*") if path.is_file()):
        place = path.relative_to(finished)
        is_private = place.parts[:2] == ("rooms", "linker") or (
            place.parts[0] in ("supplies", "truth")
            or (place.parts[0] == "rooms" and place.parts[1].startswith("supplier-"))
        )
        if not is_private:
            searched += 1
            offences += [(str(place), found[0]) for text in texts(path) if (found := MARKS.search(text))]
    assert searched > 15
    assert offences == []


def test_the_search_for_identifiers_can_fail(finished: Path, tmp_path: Path) -> None:
    share = write_share(tmp_path / "s", people=20)
    assert all(MARKS.search(text) for text in texts(share / "supplies" / "justice.csv"))
    keys = finished / "rooms" / "supplier-justice" / "keys.parquet"
    assert any(MARKS.search(text) for text in texts(keys))


def test_extracts_of_two_projects_cannot_be_joined(finished: Path) -> None:
    share = open_share(finished)
    tables = [
        pq.read_table(share.project(project) / "extract" / "justice.parquet")
        for project in ("occupations", "trades")
    ]
    ids = [set(table["person_id"].to_pylist()) for table in tables]
    assert len(ids[0]) == len(ids[1]) == 200
    assert not ids[0] & ids[1]
    persons = pq.read_table(share.linker / "persons.parquet")
    inside = set(persons["person_id"].to_pylist()) | set(persons["supply_key"].to_pylist())
    assert not (ids[0] | ids[1]) & inside
    within = pq.read_table(share.project("trades") / "extract" / "education.parquet")
    assert set(within["person_id"].to_pylist()) == ids[1]


def test_two_runs_at_once_are_kept_apart(tmp_path: Path) -> None:
    share = open_share(write_share(tmp_path / "s", people=20))
    with locked(share), pytest.raises(BadInput, match="Another `tally`"):
        run(share, clock=CLOCK)


def test_an_edit_after_signing_stops_every_door(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=20)
    text = (folder / "agreement.toml").read_text()
    (folder / "agreement.toml").write_text(text.replace("minimum_cell_count = 10", "minimum_cell_count = 3"))
    share = open_share(folder)
    with pytest.raises(Refused) as refused:
        run(share, clock=CLOCK)
    for finding in refused.value.findings:
        assert finding.rule
        assert finding.source
        assert finding.remedy
    assert list(share.ledger.entries()) == []
    assert not (folder / "rooms").exists()
    assert any("would be refused" in step.outcome for step in plan(share, clock=CLOCK))


def test_until_stops_there(tmp_path: Path) -> None:
    share = open_share(write_share(tmp_path / "s", people=20))
    run(share, clock=CLOCK, until="supply")
    assert {entry.act for entry in share.ledger.entries()} == {"supply"}
    assert (share.supplier("justice") / "identifiers.parquet.age").exists()
    with pytest.raises(BadInput, match="no step"):
        run(share, clock=CLOCK, until="nothing")


def test_supplies_from_elsewhere_are_left_there(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=60)
    (folder / "supplies").rename(tmp_path / "elsewhere")
    share = open_share(folder)
    run(share, clock=CLOCK, supplies=tmp_path / "elsewhere")
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [
        "education.csv",
        "justice.csv",
    ]
    entry = share.ledger.find("destroy/identifiers")
    assert entry is not None
    assert "left to their supplier" in entry.details["note"]


def test_extract_and_key_go_when_access_ends(tmp_path: Path) -> None:
    share = open_share(write_share(tmp_path / "s", people=60))
    run(share, clock=CLOCK)
    key = share.key("steward", "project-trades")
    assert key.exists()
    project = share.root / "projects" / "trades.toml"
    project.write_text("revoked_on = 2026-11-20\n" + project.read_text())
    done = run(share, clock=CLOCK)
    assert "access has ended" in next(step.outcome for step in done.steps if step.name == "extract trades")
    assert not key.exists()
    assert not [p for p in share.project("trades").rglob("*") if p.is_file()]
    assert (share.project("occupations") / "extract" / "justice.parquet").exists()
    assert audit(share).findings == ()
    run(share, clock=CLOCK)  # once more changes nothing
    assert share.ledger.verify().is_sound


def test_audit_finds_a_changed_a_missing_and_a_strange_file(tmp_path: Path) -> None:
    share = open_share(write_share(tmp_path / "s", people=60))
    run(share, clock=CLOCK)
    (share.linker / "quality.json").write_text("{}")
    (share.project("trades") / "dictionary.csv").unlink()
    (share.steward / "copy.csv").write_text("x")
    (share.supplier("justice") / "identifiers.parquet.age").write_bytes(b"back from a backup")
    found = {finding.where: finding.message for finding in audit(share).findings}
    assert set(found) == {
        "rooms/linker/quality.json",
        "rooms/projects/trades/dictionary.csv",
        "rooms/steward/copy.csv",
        "rooms/supplier-justice/identifiers.parquet.age",
    }


def test_accuracy_from_counts() -> None:
    found = Accuracy(true_links=8, false_links=2, missed_links=8)
    assert (found.precision, found.recall) == (0.8, 0.5)
    assert found.f1 == pytest.approx(2 * 0.8 * 0.5 / 1.3)
    assert Accuracy(0, 0, 0).f1 == 1.0


WATCHER = """
import fnmatch, json, pathlib, sys
folder = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, sys.argv[2])
from worlds import CLOCK
from tallystick.agreement import io
from tallystick.disclosure.review import Command
from tallystick.share import deidentify, destroy, evaluate, extract, link, outputs, projects, quality, release, report, review, supply
from tallystick.share.rooms import open_share
share = open_share(folder)
agreement = io.load(folder)
opened, door = [], None
def watch(event, arguments):
    if event == "open" and door and isinstance(arguments[0], str):
        path = pathlib.Path(arguments[0])
        if path.is_absolute() and path.is_relative_to(folder) and not path.is_dir():
            writing = isinstance(arguments[1], str) and any(c in arguments[1] for c in "wa+")
            opened.append((door, path.relative_to(folder).as_posix(), writing or bool((arguments[2] or 0) & 3)))
sys.addaudithook(watch)
import secrets
for dataset in agreement.datasets:
    door = "supply"
    supply.supply(share, agreement, dataset, supplies=None, clock=CLOCK, entropy=secrets.token_bytes)
door = "link"; link.link(share, agreement, clock=CLOCK)
door = "review"; review.draw(share, agreement, clock=CLOCK, pairs=9); review.judge(share, 0, "no", clock=CLOCK)
door = "evaluate"; evaluate.evaluate(share, agreement, clock=CLOCK)
door = "destroy"; destroy.destroy(share, agreement, clock=CLOCK)
door = "deidentify"; deidentify.deidentify(share, agreement, clock=CLOCK)
door = "extract"
for project in io.load_projects(folder):
    extract.extract(share, agreement, project, clock=CLOCK)
door = "release"
table = folder.parent / "table.csv"
table.write_text("region,M,F\\nN,40,30\\nS,50,60\\n")
release.release(share, release.Asked((table,), in_scope=True), release_id="one", clock=CLOCK)
door = "project"
project = io.load_projects(folder)[0].model_copy(update={"title": "Approved anew"})
projects.enter(share, agreement, project, clock=CLOCK)
door = "output"
for act in (Command("change", "ann", CLOCK.now), Command("submit", "ann", CLOCK.now)):
    brought = pathlib.Path(sys.argv[4]) if act.act == "change" else None
    outputs.act(share, agreement, project, "o", act, brought=brought)
for who in ("bo", "cy"):
    outputs.act(share, agreement, project, "o", Command("assign", who, CLOCK.now, checker=who))
for who in ("bo", "cy"):
    outputs.act(share, agreement, project, "o", Command("vote", who, CLOCK.now, verdict="approve"))
outputs.release(share, project.id, "o", in_scope=True, clock=CLOCK)
door = "quality"; quality.quality(share, agreement, clock=CLOCK)
door = "report"; report.report(share, agreement, clock=CLOCK)
door = None
pathlib.Path(sys.argv[3]).write_text(json.dumps(sorted(set(opened))))
"""


def test_each_door_opens_only_its_rooms(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=60)
    brought = tmp_path / "brought"
    brought.mkdir()
    (brought / "table.csv").write_text("region,count\nNorth,120\nSouth,140\n")
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            WATCHER,
            str(folder),
            str(Path(__file__).parents[1]),
            str(tmp_path / "opened"),
            str(brought),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    # Not from its standard output: under `python -c` DuckDB draws a bar there when a query takes two seconds.
    opened = json.loads((tmp_path / "opened").read_text())
    assert {door for door, _, _ in opened} == set(DOORS) - {
        "expire",
        "lab",
        "pack",
    }  # no access has ended here; no lab's share, no board's
    always = ("agreement.toml", "ledger.*", "projects/*.toml", ".lock")
    for door, path, _ in opened:
        place = re.sub(r"^\.staging/[0-9a-f]+/", "", path)
        if place == ".event" or any(Path(place).match(pattern) for pattern in always):
            continue
        allowed = DOORS[door].reads + DOORS[door].writes + (("keys",) if door == "supply" else ())
        assert any(matches(place, pattern) for pattern in allowed), (door, path)


def matches(place: str, pattern: str) -> bool:
    """Whether a path is, or lies under, what a pattern names."""
    parts, wanted = place.split("/"), pattern.split("/")
    return len(parts) >= len(wanted) and all(
        re.fullmatch(w.replace("*", ".*"), p) for p, w in zip(parts, wanted, strict=False)
    )


def test_only_the_supply_door_sees_both_halves() -> None:
    both = [
        name
        for name, door in DOORS.items()
        if any("identifiers" in p or p == "supplies" for p in door.reads)
        and any("attributes" in p or p == "rooms/steward" for p in door.reads)
    ]
    assert both == ["destroy"]  # it opens neither half: it removes them, and reads only bytes for their hash
    assert DOORS["supply"].reads == (
        "supplies",
        "rooms/supplier-*/keys.parquet",
    )  # its own list, so that keys stay


def test_a_share_that_links_nothing_runs_to_its_report(tmp_path: Path) -> None:
    from tallystick import synth

    synth.write("local-performance", tmp_path / "s", people=1000, seed=1)
    done = run(open_share(tmp_path / "s"), clock=CLOCK)
    assert {step.name: step.outcome for step in done.steps}["link"].startswith("not needed")
    assert done.report
