"""Role × state × act, cell by cell: what the published table says is what the service does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick.governance.tables.processes import NEW, PROCESSES
from tallystick.service import manual, roles

PAGE = Path(__file__).parents[2] / "docs" / "service-roles.md"
BODY = "Ministry of Justice"


def test_page_is_as_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual.page()


def tables(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            yield rows[0], rows[2:]
            rows = []


PUBLISHED = {header[0]: (header, rows) for header, rows in tables(PAGE.read_text(encoding="utf-8"))}


def allowed(process: str, role: str, state: str) -> set[str]:
    """Return the acts that the published table gives a role in a state."""
    header, rows = PUBLISHED[process]
    row = next((row for row in rows if row[0] == role), None)
    if row is None or state not in header:
        return set()
    return {act.strip() for act in row[header.index(state)].split(",")} - {"–"}


def sight(process: str, role: str) -> str:
    header, rows = PUBLISHED["process"]
    return next(row for row in rows if row[0] == process)[header.index(role)]


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_every_cell_is_what_the_service_does(
    process: str, somebody: Callable[..., Any], service: Path
) -> None:
    from django.core.exceptions import PermissionDenied
    from django.http import Http404
    from django.test import RequestFactory

    from tallystick.service.accounts.models import Membership
    from tallystick.service.cases import views
    from tallystick.service.registry.models import Case, Concern, Draft

    table = PROCESSES[process]
    states = list(table.table)
    for state in states:
        if state != NEW:
            row = Case.objects.create(
                process=process, subject=state, state=state, version=1, opened_by="somebody-else"
            )
            Concern.objects.create(case=row, process=process, organisation=BODY)
    for role in roles.ROLES:
        somebody(f"the.{role}", role)
        member = Membership.objects.select_related("user", "organisation").get(role=role)
        for state in states:
            for act in table.acts:
                if state == NEW:
                    Draft.objects.create(user=member.user, process=process, subject=state, act=act)
                request = RequestFactory().get("/")
                request.user, request.acting = member.user, member
                try:
                    views.theirs(request, process, state, act)
                    done = True
                except (Http404, PermissionDenied):
                    done = False
                sees = state == NEW or sight(process, role) == "all" or process == "asset"
                assert done == (sees and act in allowed(process, role, state)), (role, state, act)


@pytest.mark.parametrize("role", roles.ROLES)
def test_share_is_worked_on_as_the_page_says(role: str, somebody: Callable[..., Any], share: Path) -> None:
    _, rows = PUBLISHED["share"]
    row = next(row for row in rows if row[0] == role)
    who = somebody("some.one", role)
    assert (who.get("/shares/moj-dfe").status_code == 200) == (row[1] == "yes")
    assert (who.get("/shares/moj-dfe/supply/justice").status_code == 200) == (row[2] == "yes")
    assert (who.get("/shares/moj-dfe/review").status_code == 200) == (row[4] != "–")
    for act, path, refusal in (("draw", "draw", 422), ("judge", "pair", 404), ("close", "close", 302)):
        told = who.post(f"/shares/moj-dfe/review/{path}").status_code
        assert told == (refusal if act in row[4] else 403 if row[4] != "–" else 404), act
    asked = {step for step in ("link", "destroy", "deidentify", "extract", "report")
             if step in row[3] and "–" not in row[3]}  # fmt: skip
    from tallystick.service.jobs.models import Job

    for step in ("supply", "link", "destroy", "deidentify", "extract", "report"):
        Job.objects.all().delete()
        done = who.post(f"/shares/moj-dfe/step/{step}").status_code == 302
        assert done == (step in asked), step


@pytest.mark.parametrize("role", roles.ROLES)
def test_outputs_are_worked_on_as_the_page_says(role: str, somebody: Callable[..., Any], share: Path) -> None:
    from tallystick.agreement import io
    from tallystick.disclosure.review import Command
    from tallystick.service.outputs import index
    from tallystick.service.registry.models import Case, Concern, Share
    from tallystick.share import outputs
    from tallystick.share.rooms import open_share

    path = share / "projects" / "school-absence.toml"
    found = io.load_project(path)
    author = found.people[0].model_copy(update={"account": "author"})
    io.dump(
        found.model_copy(update={"people": (author, author.model_copy(update={"account": "some.one"}))}), path
    )
    brought = share.parent / "brought"
    brought.mkdir()
    (brought / "table.csv").write_text("region,count\nNorth,120\nSouth,140\n")
    project, folder, agreement = io.load_project(path), open_share(share), io.load(share)
    for act in ("change", "submit"):
        outputs.act(folder, agreement, project, "o", Command(act, "author", service_now()), brought=brought)
    index.share(Share.objects.get())
    _, rows = PUBLISHED["output"]
    row = next(row for row in rows if row[0] == role)
    who = somebody("some.one", role)
    assert (who.get("/projects").status_code == 200) == (row[1] != "–")
    assert (who.get("/projects/moj-dfe/school-absence").status_code == 200) == (row[1] != "–")
    assert (who.get("/outputs").status_code == 200) == (row[2] != "–")
    assert (who.get("/outputs/o").status_code == 200) == (row[2] != "–")
    request = Case.objects.create(
        process="request", subject="r", state="approved", version=1, answers={"purpose": "research"}
    )
    Concern.objects.create(case=request, process="request", organisation=BODY)
    assert (who.get("/request/r/project").status_code == 200) == (row[4] == "yes")
    does = {act for act in ("assign", "vote", "submit", "withdraw", "release", "change") if act in row[3]}
    pages = {"release": "/outputs/o/release", "change": "/projects/moj-dfe/school-absence/hand-in"}
    for act in ("change", "submit", "withdraw", "vote", "release", "assign"):
        answer = who.post(pages.get(act, f"/outputs/o/act/{act}")).status_code
        assert (answer in (302, 422)) == (act in does), (act, answer)
        assert answer in (302, 422, 403, 404), (act, answer)


@pytest.mark.parametrize("role", roles.ROLES)
def test_board_is_worked_on_as_the_page_says(role: str, somebody: Callable[..., Any], service: Path) -> None:
    from tallystick.agreement import io, presets
    from tallystick.service.jobs.models import Job
    from tallystick.service.packs.find import keep
    from tallystick.service.registry.shares import record

    folder = service / "shares" / "board"
    folder.mkdir()
    io.write_text(folder / "agreement.toml", presets.template("local-performance"))
    io.write_text(folder / "measures.toml", presets.measures_template("local-performance") or "")
    (folder / "packs" / "2026-01-01").mkdir(parents=True)
    (folder / "packs" / "2026-01-01" / "pack.json").write_text('{"on": "2026-01-01", "measures": []}')
    keep(record(folder, service_now()))
    _, rows = PUBLISHED["board"]
    does = {act.strip() for act in next(row for row in rows if row[0] == role)[1].split(",")} - {"–"}
    who = somebody("some.one", role, "Crown Prosecution Service")
    assert (who.get("/boards").status_code == 200) == bool(does)
    tried = {
        "upload": who.get("/boards/board/return/charging").status_code,
        "build": who.post("/boards/board/build").status_code,
        "look": who.get("/boards/board/pack/2026-01-01").status_code,
        "compare": who.get("/boards/board/compare").status_code,
        "publish": who.get("/boards/board/pack/2026-01-01/publish").status_code,
    }
    refused = 403 if does else 404
    assert {act for act, status in tried.items() if status in (200, 302)} == does, tried
    assert all(status == refused for act, status in tried.items() if act not in does), tried
    assert Job.objects.count() == ("build" in does)


@pytest.mark.parametrize("role", roles.ROLES)
def test_analysis_is_worked_on_as_the_page_says(role: str, somebody: Callable[..., Any]) -> None:
    from types import SimpleNamespace

    from django.core.exceptions import PermissionDenied
    from django.http import Http404
    from django.test import RequestFactory

    from tallystick.service.accounts.models import Membership
    from tallystick.service.lab import find, views

    header, rows = PUBLISHED["lab"]
    row = next((row for row in rows if row[0] == role), [role] + ["–"] * (len(header) - 1))
    somebody("some.one", role)
    request = RequestFactory().get("/")
    request.acting = Membership.objects.select_related("organisation").get()
    every = [act for acts in roles.LAB_ACTS.values() for act in acts]
    for state, cell in zip(header[1:], row[1:], strict=True):
        there = {
            "life": SimpleNamespace(state=state, sent_on=None, keeps_pseudonymised=True),
            "row": SimpleNamespace(waiting=1), "has_report": True,
        }  # fmt: skip
        may = set()
        for is_fixed in (False, True):
            found = SimpleNamespace(is_fixed=is_fixed, **there)
            may |= set(views.offered(found, role))  # type: ignore[arg-type]
        assert may == {act.strip() for act in cell.split(",")} - {"–"}, state
    for act in every:
        with pytest.raises((Http404, PermissionDenied)):
            views.mine(request, "none", act)
    assert find.visible(request.acting).count() == 0


@pytest.mark.parametrize("role", roles.ROLES)
def test_role_that_needs_a_second_factor_cannot_work_without(role: str, service: Path) -> None:
    from django.test import Client

    from tallystick.service.accounts import people

    user = people.add("new@example.org", BODY, role, service_now())
    client = Client()
    client.force_login(user)
    answer = client.get("/home")
    row = next(row for row in PUBLISHED["role"][1] if row[0] == role)
    if row[2] == "must":
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/accounts/2fa/totp/activate/"
        assert client.post("/incident/new").headers["Location"] == "/accounts/2fa/totp/activate/"
    else:
        assert answer.status_code == 200


def service_now() -> Any:
    from django.conf import settings

    return settings.ENVIRONMENT.clock()


@pytest.mark.parametrize("process", PROCESSES)
def test_case_of_another_organisation_is_not_found(
    process: str, somebody: Callable[..., Any], service: Path
) -> None:
    from tallystick.service.registry.models import Case, Concern

    state = PROCESSES[process].states[0]
    row = Case.objects.create(process=process, subject="theirs", state=state, version=1, opened_by="who")
    Concern.objects.create(case=row, process=process, organisation="Department for Education")
    for role in ("data-access-team", "dpo", "requester"):
        who = somebody(f"some.{role}", role, "HMCTS")
        pages = [f"/{process}/theirs"]
        pages += [f"/{process}/theirs/{act}/" for act in PROCESSES[process].acts]
        pages += [f"/{process}/theirs/{act}/check" for act in PROCESSES[process].acts]
        for page in pages:
            if process == "asset":  # the catalogue is open; its acts are not
                assert who.get(page).status_code in (200, 302, 403, 404)
            else:
                assert who.get(page).status_code == 404, page
        if process != "asset":
            assert "theirs" not in who.get(f"/{process}/").content.decode()


def test_account_whose_role_has_ended_sees_nothing(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.service.accounts.models import Membership

    tom = somebody("tom", "data-access-team")
    assert tom.get("/asset/cases").status_code == 200
    Membership.objects.update(until="2026-01-01")
    assert tom.get("/home").status_code == 403
    for page in ("/asset/cases", "/request/", "/agreement/share", "/holding/due"):
        assert tom.get(page).status_code == 403, page
