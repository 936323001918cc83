"""What the agreement says of the linkage holds in a share: match keys, new supplies, decisions, and the end of the identifiers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.agreement import io
from tallystick.agreement.schema import MatchKey
from tallystick.errors import BadInput, Refused
from tallystick.share.audit import audit
from tallystick.share.plan import plan
from tallystick.share.rooms import Share, open_share
from tallystick.share.run import run
from worlds import CLOCK, signed, write_share

NEXT_YEAR = replace(CLOCK, now=datetime(2027, 1, 12, 9, tzinfo=UTC))
KEPT_UNTIL = date(2027, 3, 1)


def yearly(
    folder: Path, new_supply: Literal["replaces", "adds"] = "replaces", people: int = 150
) -> tuple[Share, str]:
    """Return a share that keeps its identifiers, its first supply of education without every tenth record, and the whole file."""
    write_share(folder, people=people)
    agreement = io.load(folder / "agreement.toml")
    kept = {"identifiers": KEPT_UNTIL, "identifiers_reason": "The linkage is refreshed each year."}
    datasets = tuple(d.model_copy(update={"new_supply": new_supply}) for d in agreement.datasets)
    retention = agreement.retention.model_copy(update=kept)
    changed = agreement.model_copy(update={"retention": retention, "datasets": datasets})
    io.dump(signed(changed), folder / "agreement.toml")
    supply = folder / "supplies" / "education.csv"
    whole = supply.read_text()
    supply.write_text("".join(line for n, line in enumerate(whole.splitlines(keepends=True)) if n % 10 != 7))
    return open_share(folder), whole


def person_of(share: Share) -> dict[tuple[str, str], str]:
    """Return the person id of each record by source and supply key."""
    rows = pq.read_table(share.linker / "persons.parquet").to_pylist()
    return {(row["source"], row["supply_key"]): row["person_id"] for row in rows}


def key_of(share: Share, source: str) -> dict[str, str]:
    rows = pq.read_table(share.supplier(source) / "keys.parquet").to_pylist()
    return {row["record_id"]: row["supply_key"] for row in rows}


def steps(share: Share, clock: Any = NEXT_YEAR) -> dict[str, str]:
    return {step.name: step.outcome for step in run(share, clock=clock).steps}


def test_a_share_links_in_stages_by_the_keys_of_its_agreement(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=150)
    agreement = io.load(folder / "agreement.toml")
    assert agreement.linkage is not None
    key = MatchKey(on=("first_name", "surname", "dob"), name="names and birth")
    linkage = agreement.linkage.model_copy(update={"keys": (key,), "stages": "keys"})
    io.dump(signed(agreement.model_copy(update={"linkage": linkage})), folder / "agreement.toml")
    share = open_share(folder)
    run(share, clock=CLOCK, until="link")
    links = pq.read_table(share.linker / "links.parquet")
    assert set(links["stage"].to_pylist()) == {"names and birth"}
    assert json.loads((share.linker / "truth.json").read_text())["f1"] > 0.9
    assert "Links by match key" in (share.linker / "quality.html").read_text()
    entry = share.ledger.find("link")
    assert entry is not None
    assert entry.details["match_keys"][0]["key"] == "names and birth"


def test_a_new_supply_is_linked_with_what_was_there_and_ids_stay(tmp_path: Path) -> None:
    share, whole = yearly(tmp_path / "s")
    run(share, clock=CLOCK)
    before, keys = person_of(share), key_of(share, "education")
    (share.root / "supplies" / "education.csv").write_text(whole)
    planned = {step.name: step.outcome for step in plan(share, clock=NEXT_YEAR)}
    assert planned["supply education"] == planned["link"] == planned["deidentify"] == "would be done"
    assert planned["supply justice"] == "was done before"
    done = steps(share)
    assert done["supply justice"] == "was done before"
    assert {done[name] for name in ("supply education", "link")} == {"done, number 2"}
    after, rows = person_of(share), pq.read_table(share.linker / "lineage.parquet").to_pylist()
    assert keys.items() <= key_of(share, "education").items()
    moved = {(old, after[record]) for record, old in before.items() if after[record] != old}
    assert moved <= {(row["old_id"], row["new_id"]) for row in rows}
    assert len(after) == len(before) + 15
    entry = share.ledger.find("link/2")
    assert entry is not None
    assert entry.details["refresh"] == {"new": 15, "changed": 0, "withdrawn": 0}
    assert sum(entry.details["lineage"].values()) == len(rows) >= 15
    assert json.loads((share.linker / "truth.json").read_text())["f1"] > 0.98
    assert pq.read_table(share.steward / "persons.parquet").equals(
        pq.read_table(share.linker / "persons.parquet")
    )
    assert (share.steward / "lineage.parquet").is_file()
    held = set(pq.read_table(share.steward / "attributes" / "education.parquet")["supply_key"].to_pylist())
    assert held - set(keys.values())  # new ones among them
    figures = json.loads((share.steward / "who-linked.json").read_text())
    assert {row["dataset"] for row in figures["overall"]} == {"justice", "education"}
    assert figures["of_an_earlier_supply"] == ["justice"]
    assert not share.half("education", "identifiers").exists()  # the second supply replaced it
    assert share.half("education", "identifiers", 2).exists()
    assert audit(share).findings == ()
    assert set(steps(share).values()) <= {"was done before", "done", f"waits: {KEPT_UNTIL}"}
    assert share.ledger.find("link/3") is None
    assert share.ledger.verify().is_sound


def test_the_state_and_every_supply_go_with_the_identifiers_and_then_nothing_can_be_linked(
    tmp_path: Path,
) -> None:
    share, whole = yearly(tmp_path / "s", people=60)
    run(share, clock=CLOCK)
    assert share.state.is_file()
    (share.root / "supplies" / "education.csv").write_text(whole)
    run(share, clock=NEXT_YEAR)
    late = replace(CLOCK, now=datetime(2027, 3, 1, 9, tzinfo=UTC))
    assert steps(share, late)["destroy identifiers"] == "done"
    assert not list(share.root.rglob("*.age"))
    assert not list((share.root / "keys" / "linker").iterdir())
    assert audit(share).findings == ()
    (share.root / "supplies" / "education.csv").write_text(whole + "\n")
    assert "cannot be linked" in steps(share, late)["supply education"]
    assert (share.root / "supplies" / "education.csv").exists()  # not ours to destroy before it is taken in
    with pytest.raises(Refused) as refused:
        run(share, clock=late, until="supply")
    assert "identifiers of the earlier one were destroyed" in refused.value.findings[0].message


def test_a_supply_that_adds_leaves_the_earlier_records(tmp_path: Path) -> None:
    share, whole = yearly(tmp_path / "s", "adds")
    run(share, clock=CLOCK)
    before = person_of(share)
    lines = whole.splitlines(keepends=True)
    only_new = "".join(line for n, line in enumerate(lines) if n % 10 == 7 or n == 0)
    (share.root / "supplies" / "education.csv").write_text(only_new)
    run(share, clock=NEXT_YEAR)
    after = person_of(share)
    assert set(before) < set(after)
    assert len(after) == len(before) + 15
    entry = share.ledger.find("link/2")
    assert entry is not None
    assert entry.details["refresh"] == {"new": 15, "changed": 0, "withdrawn": 0}
    assert len(key_of(share, "education")) == 150
    assert json.loads((share.linker / "truth.json").read_text())["f1"] > 0.98
    assert share.half("education", "identifiers").exists()
    held = pq.read_table(share.steward / "attributes" / "education.parquet")["supply_key"].to_pylist()
    assert len(held) == len(set(held)) == 75
    handed = share.ledger.find("deidentify/2")
    assert (
        handed is not None
    )  # 8 old records of justice linked now; what was known of them went after the first linkage
    assert handed.details["datasets"]["justice"] == {
        "rows": 67,
        "kept": 67,
        "linked_now_but_let_go_before": 8,
    }
    assert audit(share).findings == ()


def test_an_addition_is_not_taken_for_a_replacement(tmp_path: Path) -> None:
    share, whole = yearly(tmp_path / "s", people=60)
    run(share, clock=CLOCK, until="link")
    lines = whole.splitlines(keepends=True)
    (share.root / "supplies" / "education.csv").write_text("".join(lines[:1] + lines[8:9]))
    with pytest.raises(BadInput, match='new_supply = "adds"'):
        run(share, clock=NEXT_YEAR)
    assert len(person_of(share)) == len(key_of(share, "education")) + len(key_of(share, "justice"))


def pair(share: Share) -> dict[str, str]:
    """Return the supply keys of one link between the two sources."""
    rows = pq.read_table(share.linker / "links.parquet").to_pylist()
    row = next(row for row in rows if row["source_l"] != row["source_r"])
    return {row["source_l"]: row["supply_key_l"], row["source_r"]: row["supply_key_r"]}


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_decision_stands_and_survives_the_next_supply(tmp_path: Path, is_kept: bool) -> None:
    if is_kept:
        share, whole = yearly(tmp_path / "s", people=80)
    else:
        share, whole = open_share(write_share(tmp_path / "s", people=80)), ""
    run(share, clock=CLOCK, until="deidentify")
    one = pair(share)
    (share.root / "overrides.csv").write_text(
        "source_l,id_l,source_r,id_r,decision,who\n"
        f"education,{one['education']},justice,{one['justice']},never,a reviewer\n"
    )
    before = person_of(share)
    assert steps(share)["link"] == "done, number 2"
    after = person_of(share)
    assert after["education", one["education"]] != after["justice", one["justice"]]
    changed = {r for r in before if before[r] != after[r]}
    assert len(changed) == 1  # everybody else keeps the id
    kinds = pq.read_table(share.linker / "lineage.parquet")["kind"].to_pylist()
    assert sorted(kinds) == ["kept", "split"]
    figures = json.loads((share.linker / "quality.json").read_text(encoding="utf-8"))
    assert figures["completeness"]
    assert {one["field"] for one in figures["by_identifiers"]} >= {"sex", "birth years"}
    assert figures.get("decided_anew", False) == (not is_kept)
    assert pq.read_table(share.steward / "persons.parquet").num_rows == len(after)
    assert audit(share).findings == ()
    if is_kept:
        (share.root / "supplies" / "education.csv").write_text(whole)
        assert steps(share)["link"] == "done, number 3"
        third = person_of(share)
        assert third["education", one["education"]] != third["justice", one["justice"]]
        assert after.items() <= third.items()


def test_a_decision_on_a_record_that_is_not_there_is_refused_without_a_trace(tmp_path: Path) -> None:
    share, _ = yearly(tmp_path / "s", people=60)
    run(share, clock=CLOCK, until="link")
    (share.root / "overrides.csv").write_text(
        "source_l,id_l,source_r,id_r,decision\neducation,secret-id,justice,other-id,always\n"
    )
    with pytest.raises(BadInput, match="names a record that is in none") as raised:
        run(share, clock=NEXT_YEAR, until="link")
    assert "secret-id" not in str(raised.value)
    assert share.ledger.find("link/2") is None
    assert isinstance(pq.read_table(share.linker / "links.parquet"), pa.Table)


@pytest.mark.slow
def test_a_share_has_the_levels_that_its_agreement_asks_for(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=60)
    agreement = io.load(folder / "agreement.toml")
    assert agreement.linkage is not None
    linkage = agreement.linkage.model_copy(update={"thresholds": (0.9, 0.99), "layers": True})
    io.dump(signed(agreement.model_copy(update={"linkage": linkage})), folder / "agreement.toml")
    share = open_share(folder)
    run(share, clock=CLOCK)
    levels = ["person_id_at_0_9", "person_id_at_0_99", "source_person_id"]
    assert pq.read_table(share.steward / "persons.parquet").column_names[4:] == levels
    assert pq.read_table(share.linker / "fractures.parquet").column_names[:2] == ["from_level", "to_level"]
    for extract in share.project("occupations").rglob("*.parquet"):
        assert not set(levels) & set(pq.read_table(extract).column_names)
    assert audit(share).findings == ()
