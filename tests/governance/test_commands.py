"""The commands, as people type them: a whole story in a folder, and what each says of a mistake."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.cli.main import COMMANDS
from tallystick.governance.specimens import specimen
from tallystick.governance.tables.processes import PROCESSES
from tallystick.ledger import Ledger, fingerprint

TEMPLATE = Path(__file__).parents[2] / "src/tallystick/agreement/templates/moj-dfe.toml"
Tally = Callable[..., Any]


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return tmp_path


def answers(folder: Path, process: str, act: str, **changes: Any) -> Path:
    path = folder / f"{process}-{act}.json"
    path.write_text(json.dumps(specimen(process, act, **changes)), encoding="utf-8")
    return path


def do(tally: Tally, share: Path, command: str, act: str, subject: str, *more: str, **changes: Any) -> Any:
    """Do an act with a specimen's answers and return what `--json` printed."""
    words = command.split()
    process = {"request": "request", "retain": "holding", "approve": "request"}.get(words[-1], words[-1])
    file = answers(share, process, act, **changes)
    verb = [] if command == "approve" else [act]
    run = tally(
        *words, *verb, subject, share, "--answers", file, "--at", "2026-03-10T09:00:00Z", "--json", *more
    )
    printed = json.loads(run.out) if run.out else {}
    return run.code, printed


def set_up(tally: Tally, share: Path) -> None:
    for office in ("iao", "dpo"):
        code, _ = do(
            tally, share, "register office", "appoint", f"moj.{office}", "--as", "clerk", "--role", "siro",
            person=f"{office}.person", office=office,
        )  # fmt: skip
        assert code == 0
    as_iao = ("--as", "iao.person")
    for command, act, subject, who in (
        ("register asset", "register", "cases", as_iao), ("register agreement", "record", "share", as_iao),
        ("register agreement", "sign", "share", as_iao), ("assess screening", "open", "s1", ("--as", "dpo.person")),
        ("assess screening", "decide", "s1", ("--as", "dpo.person")), ("assess eia", "open", "e1", as_iao),
        ("assess eia", "complete", "e1", as_iao), ("assess notice", "open", "n1", as_iao),
        ("assess notice", "publish", "n1", as_iao),
    ):  # fmt: skip
        code, printed = do(tally, share, command, act, subject, *who)
        assert code == 0, printed


def test_request_inside_an_agreement_goes_from_draft_to_release(tally: Tally, share: Path) -> None:
    set_up(tally, share)
    ann = ("--as", "ann.analyst", "--role", "requester", "--organisation", "HMCTS")
    team = ("--as", "tom", "--role", "data-access-team", "--organisation", "Ministry of Justice")
    assert do(tally, share, "request", "draft", "r1", *ann)[0] == 0
    code, printed = do(tally, share, "request", "submit", "r1", *ann)
    assert (code, printed["state"], printed["noted"]["path"]) == (0, "covered", "covered")
    code, printed = do(tally, share, "request", "release", "r1", *team)
    assert (code, printed["state"]) == (0, "released")
    assert printed["followed_by"] == ["holding r1.release-1: hold"]
    assert tally("ledger", "verify", share).code in (0, 2)
    run = tally("retain", "due", share, "--at", "2027-01-05T09:00:00Z", "--json")
    assert [line["status"] for line in json.loads(run.out)] == ["overdue"]


def test_request_outside_it_waits_for_its_owner(tally: Tally, share: Path) -> None:
    set_up(tally, share)
    ann = ("--as", "ann.analyst", "--role", "requester")
    team = ("--as", "tom", "--role", "data-access-team")
    do(tally, share, "request", "draft", "r1", *ann, third_parties=["board"])
    assert (
        do(tally, share, "request", "submit", "r1", *ann, third_parties=["board"])[1]["state"] == "submitted"
    )
    assert do(tally, share, "request", "receive", "r1", *team)[1]["state"] == "under-review"
    shown = json.loads(tally("request", "show", "r1", share, "--json").out)
    assert shown["deciders"] == ["iao of Ministry of Justice (stage 1)"]
    code, printed = do(tally, share, "approve", "approve", "r1", "--as", "iao.person")
    assert code == 1
    assert [finding["rule"] for finding in printed["findings"]] == ["request.screening-first"]
    do(tally, share, "assess screening", "open", "s2", "--as", "dpo.person")
    do(tally, share, "assess screening", "decide", "s2", "--as", "dpo.person", about="r1")
    assert do(tally, share, "approve", "approve", "r1", "--as", "iao.person")[1]["state"] == "approved"


def test_refusal_names_rule_requirement_source_and_remedy(tally: Tally, share: Path) -> None:
    tally("request", "draft", "r1", share, "--role", "requester")
    run = tally("request", "submit", "r1", share, "--role", "requester")
    assert run.code == 1
    assert "request.submit.aim; requirement 18" in run.err
    assert "guidance (2023)" in run.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("request", "draft", "r1", "nowhere"), "no folder"),
        (("request", "draft", "r 1", ".", "--role", "requester"), "ID"),
        (("request", "draft", "r1", ".", "--role", "requester", "--set", "aim"), "did you leave out"),
        (
            ("request", "draft", "r1", ".", "--role", "requester", "--set", "colour=red"),
            "asks no such question",
        ),
        (
            ("request", "draft", "r1", ".", "--role", "requester", "--set", "period_from=tomorrow"),
            "2026-06-30",
        ),
        (("request", "draft", "r1", ".", "--role", "requester", "--at", "today"), "zone"),
        (("request", "draft", "r1", "."), "--role"),
        (("request", "show", "r9", "."), "no request of that id"),
        (("request", "form", "dance", "."), "no such act"),
        (("register", "show", "gossip", "."), "no register"),
        (("register", "show", "assets", ".", "--format", "pdf"), "no format"),
        (("register", "show", "policy", "."), "agreement.toml"),
    ],
)
def test_mistake_is_bad_input_and_leaves_nothing(
    tally: Tally, share: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(share)
    run = tally(*words)
    assert run.code == 2
    assert says in run.err
    assert "Traceback" not in run.err
    assert not list(share.rglob("*.jsonl"))


def test_answer_that_cannot_be_read_is_not_repeated(tally: Tally, share: Path) -> None:
    run = tally("request", "draft", "r1", share, "--role", "requester", "--set", "period_from=Marmaduke")
    assert run.code == 2
    assert "Marmaduke" not in run.err + run.out


def test_wrong_role_is_refused(tally: Tally, share: Path) -> None:
    run = tally("request", "draft", "r1", share, "--role", "security")
    assert run.code == 1
    assert "role" in run.err


def test_agreement_in_the_folder_is_not_asked_again(tally: Tally, share: Path) -> None:
    shutil.copy(TEMPLATE, share / "agreement.toml")
    assets = json.loads(tally("register", "show", "assets", share, "--json").out)["rows"]
    assert {line["asset"] for line in assets} == {"justice", "education"}
    offices = json.loads(tally("register", "show", "offices", share, "--json").out)["rows"]
    assert {line["office"] for line in offices} == {"iao", "dpo", "siro"}
    form = tally("assess", "notice", "form", "publish", share).out
    assert 'how_used = "' in form
    assert "odrl:permission" in json.loads(tally("register", "show", "policy", share).out)
    assert len(json.loads(tally("register", "show", "sharing", share, "--json").out)["rows"]) == 1


def test_form_can_be_filled_in_and_given_back(tally: Tally, share: Path) -> None:
    form = share / "report.toml"
    form.write_text(tally("incident", "form", "report", share).out, encoding="utf-8")
    run = tally("incident", "report", "i1", share, "--answers", form, "--role", "iao")
    assert run.code == 1, "a blank form answers nothing"
    filled = form.read_text(encoding="utf-8").replace("# kind = ", 'kind = "wrong-recipient"')
    form.write_text(filled, encoding="utf-8")
    run = tally("incident", "report", "i1", share, "--answers", form, "--role", "iao", "--json")
    assert "incident.report.kind" not in {finding["rule"] for finding in json.loads(run.out)["findings"]}


def test_incident_has_a_clock_and_a_draft(tally: Tally, share: Path) -> None:
    do(tally, share, "incident", "report", "i1", "--role", "iao", "--as", "ann", kind="wrong-recipient")
    found = json.loads(tally("incident", "clock", "i1", share, "--at", "2026-03-20T09:00:00Z", "--json").out)
    assert any("overdue" in duty["state"] for duty in found)
    page = share / "draft.html"
    run = tally("incident", "draft", "i1", share, "--html", page)
    assert "wrong-recipient" in run.out
    assert "<h1>" in page.read_text(encoding="utf-8")


def test_look_compares_the_register_with_the_files(tally: Tally, share: Path) -> None:
    (share / "rooms").mkdir()
    (share / "rooms" / "copy.parquet").write_bytes(b"x")
    do(tally, share, "retain", "hold", "c1", "--role", "iao", "--as", "ann", locations=["rooms/copy.parquet"])
    assert tally("retain", "look", share).code == 0
    (share / "rooms" / "copy.parquet").unlink()
    run = tally("retain", "look", share)
    assert run.code == 1
    assert "rooms/copy.parquet" in run.err


def test_audit_looks_at_the_files_itself(tally: Tally, share: Path) -> None:
    place = "rooms/steward/persons.parquet"
    (share / "rooms" / "steward").mkdir(parents=True)
    (share / place).write_bytes(b"everybody")
    as_iao = ("--role", "iao", "--as", "ann")
    do(tally, share, "retain", "hold", "c1", *as_iao, locations=[place, "a laptop"])
    code, refused = do(tally, share, "retain", "dispose", "c1", *as_iao, place=place)
    assert code == 1
    assert refused["findings"][0]["where"] == place
    (share / place).unlink()
    assert do(tally, share, "retain", "dispose", "c1", *as_iao, place=place)[0] == 0
    (share / place).write_bytes(b"everybody")
    run = tally("retain", "audit", "c1", share, *as_iao, "--set", "searched=a laptop", "--json")
    assert run.code == 0
    assert "kept-after-deletion" in json.loads(run.out)["followed_by"][0]
    answered = json.loads(tally("retain", "show", "c1", share, "--json").out)["answers"]
    assert answered["found_in"] == [place]
    assert answered["searched"][0] == place
    assert answered["searched"][-1] == "a laptop"


def test_look_finds_a_copy_under_another_name(tally: Tally, share: Path) -> None:
    shutil.copy(TEMPLATE, share / "agreement.toml")
    room = share / "rooms" / "steward"
    room.mkdir(parents=True)
    (room / "persons.parquet").write_bytes(b"everybody")
    written = {
        "path": "rooms/steward/persons.parquet",
        "sha256": fingerprint(room / "persons.parquet")[0],
        "bytes": 9,
    }
    ledger = Ledger(share / "ledger.jsonl", share / "ledger.head")
    ledger.append(
        "deidentify", "x", {"files": [written]}, actor="a", at=datetime(2026, 3, 1, tzinfo=UTC), event_id="d"
    )
    assert tally("retain", "look", share).code == 0
    (share / "somewhere").mkdir()
    (share / "somewhere" / "else.bin").write_bytes(b"everybody")
    run = tally("retain", "look", share)
    assert run.code == 1
    assert "somewhere/else.bin" in run.err


def test_ledger_audit_compares_the_acts_of_governance_too(tally: Tally, share: Path) -> None:
    shutil.copy(TEMPLATE, share / "agreement.toml")
    do(tally, share, "retain", "hold", "c1", "--role", "iao", "--as", "ann")
    assert tally("ledger", "audit", share).code == 0
    events = share / "governance" / "events.jsonl"
    events.write_text(
        events.read_text(encoding="utf-8").replace("2026-12-31", "2036-12-31"), encoding="utf-8"
    )
    run = tally("ledger", "audit", share, "--json")
    assert run.code == 1
    assert json.loads(run.out)["findings"][0]["rule"] == "governance.audit"


@pytest.mark.parametrize("form", ["table", "csv", "json", "html", "dcat"])
def test_catalogue_has_each_format(tally: Tally, share: Path, form: str) -> None:
    out = share / "catalogue"
    assert tally("register", "show", "catalogue", share, "--format", form, "-o", out).code == 0
    assert "hmcts-weekly-mi" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", ["request", "approve", "assess", "retain", "rights", "incident", "register"]
)
def test_command_is_in_the_table_and_has_help(tally: Tally, command: str) -> None:
    assert command in COMMANDS
    run = tally(command, "--help")
    assert run.code == 0


def test_every_act_of_every_process_is_a_command(tally: Tally) -> None:
    groups = {
        "request": "request",
        "dispute": "request dispute",
        "rights": "rights",
        "complaint": "rights complaint",
        "incident": "incident",
        "holding": "retain",
        **{paper: f"assess {paper}" for paper in ("screening", "dpia", "eia", "notice")},
        **{entry: f"register {entry}" for entry in ("office", "asset", "agreement", "access", "transfer")},
    }
    assert set(groups) == set(PROCESSES)
    for name, words in groups.items():
        shown = tally(*words.split(), "--help").out
        assert all(f"  {act}" in shown for act in PROCESSES[name].acts)


def test_triage_says_why(tally: Tally, share: Path) -> None:
    run = tally("request", "triage", share, "--set", "personal=no", "--set", "purpose=performance")
    assert run.code == 0
    assert "no reason to refuse" in run.out


def test_commands_of_the_page_do_what_it_says(
    tally: Tally, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of docs/governance.md runs, in order, in one folder; those marked refused are refused."""
    monkeypatch.chdir(share)
    page = Path(__file__).parents[2] / "docs" / "governance.md"
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("tally ")]
    assert len(lines) > 20
    for line in lines:
        command, _, remark = line.partition("   # ")
        run = tally(*shlex.split(command)[1:])
        assert run.code == (1 if remark.startswith("refused") else 0), f"{command}\n{run.err}"
