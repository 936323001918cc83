"""Shares are ready to run, the same for a seed, and a wrong request leaves nothing behind."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pc
import pytest

from tallystick import synth
from tallystick.agreement import gates, io, rules
from tallystick.errors import BadInput
from tallystick.synth.errors import parse
from tallystick.synth.lab import Intervention
from tallystick.synth.people import BLOCK, Population, block, year_of

ON = date(2026, 11, 20)


@pytest.mark.parametrize("preset", list(synth.PRESETS))
def test_a_share_is_ready_to_run(preset: str, tmp_path: Path) -> None:
    done = synth.write(preset, tmp_path / "share", people=500, seed=2)
    agreement = io.load(tmp_path / "share")
    assert [f for f in rules.check(agreement, ON) if f.severity == "refuse"] == []
    gates.ask(agreement, "supply", ON)
    silent = {"youth"} if preset == "local-performance" else set()  # the agency that sends nothing
    for dataset in agreement.datasets:
        if dataset.name in silent:
            continue
        header = pc.read_csv(tmp_path / "share" / dataset.path).column_names
        assert set(header) == {"record_id", *(field.name for field in dataset.fields)} - (
            set() if "record_id" in header else {"record_id"}
        )
        assert done.records[dataset.name] > 0
    assert all(project.id for project in io.load_projects(tmp_path / "share"))


@pytest.mark.parametrize("preset", list(synth.PRESETS))
def test_the_papers_are_in_force_on_the_day_asked_and_the_data_stay(preset: str, tmp_path: Path) -> None:
    synth.write(preset, tmp_path / "first", people=150, seed=2)
    for text in ("2026-11-20", "2027-06-01", "2027-06-02", "2028-02-29", "2034-05-31"):
        on = date.fromisoformat(text)
        folder = tmp_path / text
        synth.write(preset, folder, people=150, seed=2, on=on)
        agreement = io.load(folder)
        assert [f for f in rules.check(agreement, on) if f.severity == "refuse"] == []
        gates.ask(agreement, "supply", on)
        starts, review = agreement.about.starts, agreement.about.next_review
        assert starts is not None
        assert review is not None
        assert starts <= on < review
        assert [one.covers_to for one in agreement.datasets] == [
            one.covers_to for one in io.load(tmp_path / "first").datasets
        ]
        for part in ("supplies", "truth"):
            for path in (tmp_path / "first" / part).rglob("*"):
                if path.is_file():
                    assert (folder / path.relative_to(tmp_path / "first")).read_bytes() == path.read_bytes()
    same = tmp_path / "2026-11-20" / "agreement.toml"
    assert same.read_bytes() == (tmp_path / "first" / "agreement.toml").read_bytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"preset": "moj"}, "no preset"),
        ({"people": 0}, "--people"),
        ({"people": -5}, "--people"),
        ({"people": 10**12}, "--people"),
        ({"people": 99}, "--people"),
        ({"people": float("nan")}, "--people"),
        ({"people": 500.5}, "--people"),
        ({"seed": 2**63}, "--seed"),
        ({"seed": 1.5}, "--seed"),
        ({"intervention": Intervention(-0.1)}, "justice-data-lab"),
        ({"model": parse({"rates": {"polise": {}}}, "m")}, "polise"),
        ({"seed": -1}, "--seed"),
        ({"last_month": "2026-05"}, "Only local-performance"),
        ({"preset": "local-performance", "last_month": "2026-13"}, "--last-month"),
        ({"preset": "local-performance", "last_month": "2026-5"}, "--last-month"),
        ({"form": "xlsx"}, "--format"),
        ({"free": lambda folder: 1000}, "disk"),
    ],
)
def test_a_wrong_request_writes_nothing(wrong: dict[str, Any], said: str, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"preset": "moj-dfe", "people": 500, "seed": 1, **wrong}
    with pytest.raises(BadInput, match=said):
        synth.write(asked.pop("preset"), tmp_path / "share", **asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no preset"),
        (["moj-dfe", "--people", "0"], "--people"),
        (["moj-dfe", "--people", "-100"], "--people"),
        (["moj-dfe", "--people", "nan"], "--people"),
        (["moj-dfe", "--people", "inf"], "--people"),
        (["moj-dfe", "--people", "1e12"], "--people"),
        (["moj-dfe", "--people", "150.5"], "--people"),
        (["moj-dfe", "--people", "many"], "--people"),
        (["moj-dfe", "--people", "500", "--seed", "-1"], "--seed"),
        (["moj-dfe", "--people", "500", "--format", "xlsx"], "--format"),
        (["moj-dfe", "--people", "500", "--effect", "-0.1"], "justice-data-lab"),
        (["justice-data-lab", "--people", "500", "--effect", "2"], "effect"),
        (["justice-data-lab", "--people", "500", "--effect", "nan"], "effect"),
        (["justice-data-lab", "--people", "500", "--selection", "-1"], "Selection"),
        (["justice-data-lab", "--people", "500", "--unobserved", "9"], "Selection"),
        (["moj-dfe", "--people", "500", "--errors", "none.toml"], "none.toml"),
        (["moj-dfe", "--people", "500", "--errors", "negative.toml"], "0 to 1"),
        (["moj-dfe", "--people", "500", "--errors", "above.toml"], "0 to 1"),
        (["moj-dfe", "--people", "500", "--errors", "kind.toml"], "no kind"),
        (["moj-dfe", "--people", "500", "--errors", "source.toml"], "polise"),
        (["moj-dfe", "--people", "500", "--errors", "group.toml"], "no ethnicity"),
        (["moj-dfe", "--people", "500", "--errors", "together.toml"], "more than 1"),
    ],
)
def test_the_command_refuses_and_writes_nothing(
    words: list[str], said: str, tally: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {
        "negative": "[rates.'*'.dob]\nyear = -0.1", "above": "[rates.'*'.dob]\nyear = 1.5", "kind": "[rates.'*'.dob]\nyeer = 0.1",
        "source": "[rates.polise.dob]\nyear = 0.1", "group": "[[group]]\nfield = 'ethnicity'\nvalue = 'Martian'\nfactor = 2",
        "together": "[rates.'*'.dob]\nyear = 0.4\n[[group]]\nfield = 'sex'\nvalue = 'F'\nfactor = 3",
    }  # fmt: skip
    for name, text in models.items():
        (tmp_path / f"{name}.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = tally("synth", words[0], tmp_path / "deep" / "share", *words[1:])
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_fills_up_midway_leaves_nothing(tmp_path: Path) -> None:
    def full(done: float, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(BadInput, match="No space left"):
        synth.write("moj-dfe", tmp_path / "share", people=500, seed=1, step=full)
    assert list(tmp_path.iterdir()) == []


def test_no_share_is_made_beneath_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match="not a folder"):
        synth.write("moj-dfe", tmp_path / "file" / "share", people=500, seed=1)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="not an empty folder"):
        synth.write("moj-dfe", tmp_path / "share", people=500, seed=1)
    assert [path.name for path in tmp_path.rglob("*")] == ["share", "mine.txt"]


@pytest.mark.parametrize("effect", [0.5, float("nan")])
def test_an_impossible_effect_is_refused(effect: float) -> None:
    with pytest.raises(BadInput):
        Intervention(effect=effect)


@pytest.mark.parametrize("effect", [-0.08, 0.0, 0.05])
def test_the_intervention_does_what_was_asked(effect: float, tmp_path: Path) -> None:
    synth.write(
        "justice-data-lab", tmp_path / "s", people=20_000, seed=4, intervention=Intervention(effect, 1.0, 1.0)
    )
    fates = pc.read_csv(tmp_path / "s" / "truth" / "fates.csv")
    taker = np.asarray(fates["taker"])
    chance = {name: np.asarray(fates[f"probability_{name}"]) for name in ("with", "without")}
    assert np.mean((chance["with"] - chance["without"])[taker]) == pytest.approx(effect, abs=1e-9)
    assert np.mean(chance["without"][taker]) < np.mean(chance["without"][~taker])
    assert np.mean(np.asarray(fates["unobserved"])[taker]) < -0.1


def test_people_do_not_depend_on_who_else_is_made() -> None:
    whole, part = block(1, 3, 2000), block(1, 3, 1000)
    assert (whole.first[:900] == part.first[:900]).all()
    assert (whole.birth[:900] == part.birth[:900]).all()
    assert not np.intersect1d(block(1, 0, 1000).id, block(1, 1, 1000).id).size


def test_siblings_share_a_name_and_a_home_and_twins_a_birthday() -> None:
    people = block(1, 0, BLOCK // 2, Population(1985, 2005, parents=False))
    rows = np.arange(len(people))
    days = people.birth + 3000
    pairs = np.flatnonzero((people.family[1:] == people.family[:-1]) & (people.community[1:] == 0))
    names = people.surnames(rows, days)
    assert (names[pairs] == names[pairs + 1]).all()
    same_day = np.full(len(people), 15_000)
    home = people.addresses(rows, same_day)
    young = pairs[(people.left_home[pairs] > 15_000) & (people.left_home[pairs + 1] > 15_000)]
    assert (home[young] == home[young + 1]).all()
    assert 0.004 < people.twin.mean() < 0.04
    assert (people.first[pairs] != people.first[pairs + 1]).mean() > 0.999
    assert year_of(people.birth).min() >= 1984


def test_the_command_says_what_it_made(tally: Callable[..., Any], tmp_path: Path) -> None:
    done = tally("synth", "moj-dfe", tmp_path / "d", "--people", "1e3", "--seed", "1")
    assert done.code == 0
    assert "education: 1,0" in done.out
    assert tally("synth", "moj-dfe", tmp_path / "d").code == 2
    assert tally("synth", "nothing", tmp_path / "e").code == 2
    assert tally("synth", "moj-dfe", tmp_path / "e", "--people", "nan").code == 2
    assert tally("synth", "moj-dfe", tmp_path / "e", "--people", "1.5e0").code == 2
    assert not (tmp_path / "e").exists()


def test_the_realism_page_is_the_one_in_the_docs() -> None:
    from tallystick.synth.realism import page

    written = Path(__file__).resolve().parents[2] / "docs" / "synth-realism.md"
    assert written.read_text(encoding="utf-8") == page()


@pytest.mark.slow
@pytest.mark.parametrize("preset", list(synth.PRESETS))
def test_every_supply_keeps_its_contract(preset: str, tally: Callable[..., Any], tmp_path: Path) -> None:
    synth.write(preset, tmp_path / "share", people=2000, seed=3)
    run = tally("run", tmp_path / "share", "--until", "supply")
    assert run.code == 0, run.err
