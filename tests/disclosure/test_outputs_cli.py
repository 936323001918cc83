"""`tally output` as a user runs it: exit codes, messages, JSON, files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAFE = "region,M,F\nN,40,30\nS,50,60\n"
SMALL = "region,M,F,Total\nN,40,3,43\nS,50,60,110\nE,70,80,150\nTotal,160,143,303\n"
Tally = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "safe.csv").write_text(SAFE)
    (tmp_path / "small.csv").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_exits_0_1_2(here: Path, tally: Tally) -> None:
    assert tally("output", "check", "safe.csv").code == 0
    refused = tally("output", "check", "small.csv")
    assert refused.code == 1
    assert "count.small" in refused.err
    assert "region=N, columns=F" in refused.err
    bad = tally("output", "check", "none.csv")
    assert bad.code == 2
    assert "Traceback" not in bad.err


def test_check_json_is_json_whatever_the_verdict(here: Path, tally: Tally) -> None:
    clean = json.loads(tally("output", "check", "safe.csv", "--json").out)
    assert clean["verdict"] == "clean"
    run = tally("output", "check", "small.csv", "--json")
    assert run.code == 1
    assert json.loads(run.out)["findings"][0]["rule"] == "count.small"
    assert json.loads(tally("output", "check", "none.csv", "--json").out)["exit_code"] == 2


def test_check_takes_the_limits_of_an_agreement(here: Path, tally: Tally) -> None:
    (here / "agreement.toml").write_text(
        '[agreement]\nid = "a"\nkind = "dsa"\npurpose = "research"\n[disclosure]\nminimum_cell_count = 35\n'
    )
    assert tally("output", "check", "safe.csv", "--share", ".").code == 1
    assert tally("output", "check", "safe.csv", "--agreement", "agreement.toml", "--minimum", "5").code == 1
    assert tally("output", "check", "small.csv", "--minimum", "3").code == 0


def test_noughts_are_refused_unless_somebody_decided_otherwise(here: Path, tally: Tally) -> None:
    (here / "zero.csv").write_text("region,M,F\nN,40,0\nS,50,60\nE,70,80\n")
    assert "count.zero" in tally("output", "check", "zero.csv").err
    assert tally("output", "check", "zero.csv", "--no-zeros").code == 1, (
        "the nought leaves one cell that holds everybody"
    )
    (here / "three.csv").write_text("region,M,F,X\nN,40,0,30\nS,50,60,20\nE,70,80,40\n")
    assert tally("output", "check", "three.csv").code == 1
    assert tally("output", "check", "three.csv", "--no-zeros").code == 0


def test_weighted_counts_need_the_people_under_them(here: Path, tally: Tally) -> None:
    (here / "w.csv").write_text("region,weighted\nN,400.5\nS,300.25\n")
    form = here / "w.about.toml"
    form.write_text(
        '[[table]]\nstatistic = "frequency"\nvalues = ["weighted"]\nlabels = ["region"]\nweighted = true\n'
    )
    assert "counts.missing" in tally("output", "check", "w.csv").err
    (here / "w.csv").write_text("region,weighted,unweighted n\nN,400.5,12\nS,300.25,7\n")
    assert "count.few" in tally("output", "check", "w.csv").err


def test_describe_writes_a_form_that_check_then_obeys(here: Path, tally: Tally) -> None:
    (here / "means.csv").write_text("region,wage mean\nN,40.5\nS,50.5\n")
    assert tally("output", "check", "means.csv").code == 1
    assert tally("output", "describe", "means.csv", "--write").code == 0
    form = here / "means.about.toml"
    form.write_text(form.read_text() + "n = 400\n")
    assert tally("output", "check", "means.csv").code == 0
    assert tally("output", "describe", "means.csv", "--write").code == 2
    form.write_text("[[table]]\nstatistik = 1\n")
    assert tally("output", "check", "means.csv").code == 2


def test_protect_makes_what_check_lets_pass(here: Path, tally: Tally) -> None:
    made = tally("output", "protect", "small.csv", "-o", "out", "--json")
    assert made.code == 0
    row = json.loads(made.out)[0]
    assert (row["primary"], row["audited"], row["exact"]) == (1, 1, 1)
    assert row["secondary"] >= 3
    assert tally("output", "check", "out/small.csv").code == 0
    assert tally("output", "audit", "out/small.csv").code == 0
    lines = (here / "out" / "small.csv").read_text().splitlines()
    assert lines[0] == "region,M,F,Total"
    assert lines[1].split(",")[2] == "c"
    assert tally("output", "protect", "small.csv", "-o", ".").code == 2
    assert (here / "small.csv").read_text() == SMALL


@pytest.mark.parametrize("how", ["round", "random-round", "controlled-round"])
def test_protect_rounds(here: Path, tally: Tally, how: str) -> None:
    assert (
        tally("output", "protect", "small.csv", "-o", "out", "--how", how, "--base", "10", "--seed", "1").code
        == 0
    )
    lines = (here / "out" / "small.csv").read_text().splitlines()[1:]
    values = [[int(cell) for cell in line.split(",")[1:]] for line in lines]
    assert all(value % 10 == 0 for line in values for value in line)
    if how == "controlled-round":
        assert all(sum(line[:-1]) == line[-1] for line in values)
    assert tally("output", "protect", "small.csv", "-o", "out", "--how", "shred").code == 2
    assert tally("output", "protect", "small.csv", "-o", "out", "--how", "random-round").code == 2


def test_audit_shows_what_follows(here: Path, tally: Tally) -> None:
    (here / "h.csv").write_text(SMALL.replace(",3,", ",c,"))
    run = tally("output", "audit", "h.csv", "--json")
    assert run.code == 1
    assert json.loads(run.out) == [
        {
            "table": "h.csv",
            "cell": "region=N, columns=F",
            "low": 3.0,
            "high": 3.0,
            "how": "exact",
            "exposed": True,
        }
    ]


def test_release_then_verify_then_differencing(here: Path, tally: Tally) -> None:
    assert tally("output", "release", "safe.csv", "--to", "releases", "--id", "one", "--as", "team").code == 0
    assert tally("output", "verify", "safe.csv").code == 0
    assert tally("output", "release", "safe.csv", "--to", "releases", "--id", "one").code == 2
    (here / "next.csv").write_text(SAFE.replace("40", "43"))
    run = tally("output", "check", "next.csv", "--releases", "releases")
    assert run.code == 1
    assert "difference.pair" in run.err
    assert "release one" in run.err
    assert tally("output", "release", "small.csv", "--to", "releases", "--id", "two").code == 1
    assert not (here / "releases" / "two").exists()
    (here / "safe.csv").write_text(SAFE.replace("40", "41"))
    assert tally("output", "verify", "safe.csv").code == 1


def test_release_in_a_share_asks_the_agreement_and_tells_the_ledger(here: Path, tally: Tally) -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "historical"
    shutil.copytree(example, here / "share")
    run = tally(
        "output", "release", "safe.csv", "--share", "share", "--id", "one", "--as", "team", "--in-scope"
    )
    assert run.code == 0, run.err
    assert tally("ledger", "verify", "share").code == 0
    assert tally("ledger", "audit", "share").code == 0
    entry = json.loads((here / "share" / "ledger.jsonl").read_text().splitlines()[-1])
    assert (entry["act"], entry["subject"], entry["actor"]) == ("release", "one", "team")
    assert list(entry["details"]["outputs"]) == ["safe.csv"]
    assert tally("output", "verify", "safe.csv", "--releases", "share/releases").code == 0
    proved = json.loads(tally("output", "verify", "safe.csv", "--share", "share", "--json").out)
    assert proved == {"file": "safe.csv", "release": "one", "ledger": True}
    assert tally("output", "release", "safe.csv", "--share", "share", "--id", "one").code == 2
    (here / "next.csv").write_text(SAFE.replace("40", "43"))
    assert tally("output", "release", "next.csv", "--share", "share", "--id", "two", "--in-scope").code == 1
    assert not (here / "share" / "releases" / "two").exists()
    (here / "share" / "releases" / "one" / "outputs" / "safe.csv").write_text("x")
    assert tally("ledger", "audit", "share").code == 1


def test_verify_in_a_share_finds_a_release_that_was_made_by_hand(here: Path, tally: Tally) -> None:
    shutil.copytree(Path(__file__).resolve().parents[2] / "examples" / "historical", here / "share")
    forged = ("output", "release", "safe.csv", "--to", "share/releases", "--id", "one")
    assert tally(*forged).code == 0
    assert tally("output", "verify", "safe.csv", "--releases", "share/releases").code == 0
    run = tally("output", "verify", "safe.csv", "--share", "share")
    assert run.code == 1
    assert "release.not-in-ledger" in run.err


def test_verify_finds_a_release_that_was_changed(here: Path, tally: Tally) -> None:
    tally("output", "release", "safe.csv", "--to", "releases", "--id", "one")
    (here / "releases" / "one" / "outputs" / "safe.csv").write_text("x")
    assert tally("output", "verify", "safe.csv").code == 1
    (here / "releases" / "one" / "cells.json").write_text("[]")
    assert tally("output", "check", "small.csv", "--releases", "releases").code == 2


def test_review_from_submission_to_release(here: Path, tally: Tally) -> None:
    def step(*arguments: str) -> Any:
        return tally("output", "review", "r.json", *arguments, "--json")

    assert step().code == 2
    assert step("--act", "submit", "--file", "small.csv", "--as", "ana").code == 0
    assert step("--act", "assign", "--checker", "ana", "--as", "team").code == 1
    for checker in ("bo", "cy"):
        assert step("--act", "assign", "--checker", checker, "--as", "team").code == 0
    assert step("--act", "vote", "--verdict", "change", "--as", "bo").code == 1
    assert step("--act", "vote", "--verdict", "approve", "--as", "bo").code == 0
    assert json.loads(step("--as", "cy").out)["votes"] == []
    assert (
        tally("output", "release", "small.csv", "--to", "releases", "--id", "x", "--review", "r.json").code
        == 1
    )
    assert (
        step("--act", "vote", "--verdict", "approve", "--without", "small.csv:region=N", "--as", "cy").code
        == 0
    )
    assert (
        tally("output", "release", "safe.csv", "--to", "releases", "--id", "x", "--review", "r.json").code
        == 1
    )
    assert (
        tally("output", "release", "small.csv", "--to", "releases", "--id", "x", "--review", "r.json").code
        == 0
    )
    record = json.loads((here / "releases" / "x" / "release.json").read_text())
    assert [vote["checker"] for vote in record["review"]["votes"]] == ["bo", "cy"]
    kept = (here / "releases" / "x" / "outputs" / "small.csv").read_text()
    assert kept == SMALL.replace("N,40,3,43", "N,c,c,c"), "what a checker kept back stays behind"
    assert '"hidden": [0, 1, 2]' in (here / "releases" / "x" / "cells.json").read_text()
    events = json.loads((here / "r.json").read_text())
    events[-1]["state"] = "released"
    (here / "r.json").write_text(json.dumps(events))
    assert step().code == 2


@pytest.mark.parametrize("name", ["../elsewhere", "/etc/hostname", "a/b", "..", "", "-x", "a" * 81])
def test_an_id_that_leads_to_another_folder_is_refused_before_anything_is_read(
    name: str, here: Path, tally: Tally
) -> None:
    (here / "share/projects").mkdir(parents=True)
    (here / "share/agreement.toml").write_text(
        '[agreement]\nid = "a"\nkind = "dsa"\npurpose = "research"\n[disclosure]\nminimum_cell_count = 10\n'
    )
    (here / "share/elsewhere.toml").write_text('id = "elsewhere"\nminimum_cell_count = 1\n')
    before = sorted(here.rglob("*"))
    asked = [("release", "safe.csv", "--share", "share", "--id", name)] if name else []
    for command in ("check", "protect", "release"):
        out = ["-o", "out"] if command == "protect" else ["--to", "out"] if command == "release" else []
        asked.append((command, "safe.csv", "--share", "share", "--project", name or "...", *out))
    for words in asked:
        run = tally("output", *words)
        assert run.code == 2, words
        assert "id of letters" in run.err
        assert "elsewhere" not in run.err
    assert sorted(here.rglob("*")) == before


def test_a_project_in_a_file_of_another_name_is_refused(here: Path, tally: Tally) -> None:
    (here / "projects").mkdir()
    (here / "agreement.toml").write_text('[agreement]\nid = "a"\nkind = "dsa"\npurpose = "research"\n')
    (here / "projects/alpha.toml").write_text('id = "beta"\n')
    run = tally("output", "check", "safe.csv", "--share", ".", "--project", "alpha")
    assert run.code == 2
    assert "beta.toml" in run.err
