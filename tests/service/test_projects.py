"""Journey 6 up to the extract: a research application with its Five Safes, two stages of panels, the project opened, access given."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from research import PANELS, REASONS, application

UNIVERSITY, MOJ = "University of Example", "Ministry of Justice"


@pytest.fixture
def offices(share: Path) -> None:
    """Put the people of the sample into their offices."""
    from django.conf import settings

    from tallystick.service import sample
    from tallystick.service.registry import store

    for command in sample.appointments(settings.ENVIRONMENT.clock()):
        store.act(command)


def submitted(ron: Any) -> str:
    """Return the id of an application that was submitted, without walking its questions."""
    from tallystick.service.registry.models import Draft

    subject = str(ron.begin("request"))
    ron.get(f"/request/{subject}/submit/")
    Draft.objects.update(answers=application())
    answer = ron.send("request", subject, "submit")
    assert answer.status_code == 302, answer.content.decode()
    return subject


def approved(subject: str, somebody: Callable[..., Any], *, without: str = "") -> None:
    """Take an application through its reception, its screening and its panels, in their order."""
    tom, dan = somebody("tom", "data-access-team"), somebody("dan", "dpo")
    assert tom.do("request", "receive", subject, decide_by="2030-01-01").status_code == 302
    screening = dan.begin("screening")
    assert dan.do("screening", "decide", screening, about=subject).status_code == 302
    for name, body in PANELS:
        if name != without:
            who = somebody(name, "panel", body)
            who.get(f"/request/{subject}/approve/")
            said = {"conditions": f"Condition of {name}"}
            assert (
                who.post(f"/request/{subject}/approve/question/conditions?check", **said).status_code == 302
            )
            answer = who.do("request", "approve", subject)
            assert answer.status_code == 302, (name, answer.content.decode())


def opened(tom: Any, subject: str, **changes: str) -> Any:
    fields = {"detail-0": "month", "detail-1": "band", "setting-1": "0, 0.05, 0.1", "detail-2": "full"}
    return tom.post(f"/request/{subject}/project", **fields | changes)


def test_application_becomes_a_project(somebody: Callable[..., Any], offices: None, share: Path) -> None:
    from tallystick.agreement import io

    subject = submitted(somebody("ron", "requester", UNIVERSITY))
    approved(subject, somebody)
    tom = somebody("tom", "data-access-team")
    page = tom.get(f"/request/{subject}").content.decode()
    assert "Open the project" in page
    assert "UKSA accredited researcher" in page
    page = tom.get(f"/request/{subject}/project").content.decode()
    assert "The exposure" in page
    assert REASONS["coverage"] in page
    answer = opened(tom, subject, **{"setting-1": "high, low"})
    assert answer.status_code == 422
    assert "education.absence_rate: it cannot leave in this detail" in answer.content.decode()
    rows = {"rows-0": "first_offence >= DATE '2010-01-01'", "rows-1": "absence_rate > 0.1 and surname = 'A'"}
    answer = opened(tom, subject, **rows)
    assert answer.status_code == 422
    assert "education: the condition on rows names &#39;surname&#39;" in answer.content.decode()
    assert rows["rows-0"] in html.unescape(answer.content.decode())  # what was typed stays
    answer = opened(tom, subject, **{**rows, "rows-1": ""})
    assert answer.status_code == 302, answer.content.decode()
    project = io.load_project(share / "projects" / f"{subject}.toml")
    assert {d.name: d.rows for d in project.datasets} == {"justice": rows["rows-0"], "education": ""}
    assert {f"{d.name}.{f.name}": f.justification for d in project.datasets for f in d.fields} == {
        name: reason for name, reason in REASONS.items() if name != "coverage"
    }
    assert [(one.body, one.stage) for one in project.approvals][-1] == (
        "Research Accreditation Panel", "accreditation-panel",
    )  # fmt: skip
    assert project.people[0].accredited_until is not None
    ria = somebody("ria", "researcher", UNIVERSITY)
    assert ria.get(f"/projects/moj-dfe/{subject}").status_code == 404  # no access was granted yet
    grant = tom.begin("access")
    changes = {"person": "ria", "about": subject, "datasets": ["justice", "education"], "until": "2028-06-30"}
    assert tom.do("access", "grant", grant, **changes).status_code == 302
    page = ria.get(f"/projects/moj-dfe/{subject}").content.decode()
    assert "Condition of rap" in page
    assert "Access is open" in page
    assert tom.do("access", "revoke", grant).status_code == 302
    assert ria.get(f"/projects/moj-dfe/{subject}").status_code == 404


@pytest.mark.parametrize(
    ("setting", "groups"),
    [
        ("irish = white, british=white, a=b = other", {"irish": "white", "british": "white", "a=b": "other"}),
        ("irish, british = white", None),
        ("irish = ", None),
        ("", None),
    ],
)
def test_categories_are_grouped_as_typed(setting: str, groups: dict[str, str] | None, service: Path) -> None:
    from tallystick.errors import BadInput
    from tallystick.service.outputs.opening import DETAILS, Wanted, field_of

    wanted = Wanted(0, "justice", "ethnicity", DETAILS["text"], "grouped", setting, "")
    if groups is None:
        with pytest.raises(BadInput, match="It needs the category that stands for each"):
            field_of(wanted)
    else:
        assert field_of(wanted).groups == groups


@pytest.mark.slow
def test_panels_decide_in_their_order_and_all_of_them(
    somebody: Callable[..., Any], offices: None, share: Path
) -> None:
    subject = submitted(somebody("ron", "requester", UNIVERSITY))
    tom = somebody("tom", "data-access-team")
    assert tom.do("request", "receive", subject, decide_by="2030-01-01").status_code == 302
    page = tom.get(f"/request/{subject}").content.decode()
    assert "panel of uksa-research-accreditation-panel (stage 3)" in page
    dan = somebody("dan", "dpo")
    assert dan.do("screening", "decide", dan.begin("screening"), about=subject).status_code == 302
    rap = somebody("rap", "panel", "uksa-research-accreditation-panel")
    early = rap.do("request", "approve", subject)
    assert early.status_code == 422
    assert "An earlier stage has not approved yet" in early.content.decode()
    assert opened(tom, subject).status_code == 404
    assert not (share / "projects" / f"{subject}.toml").exists()


def test_each_field_has_its_own_reason(somebody: Callable[..., Any], offices: None) -> None:
    from tallystick.service.registry.models import Draft

    ron = somebody("ron", "requester", UNIVERSITY)
    subject = ron.begin("request")
    ron.get(f"/request/{subject}/submit/")
    Draft.objects.update(answers=application(field_justification=None))
    page = f"/request/{subject}/submit/question/field_justification"
    assert "Why education.absence_rate is needed" in ron.get(page).content.decode()
    boxes = {f"field_justification-{at}": reason for at, reason in enumerate(REASONS.values())}
    answer = ron.post(page, **{**boxes, "field_justification-1": " "})
    assert answer.status_code == 422
    assert "ay why education.absence_rate is needed" in answer.content.decode()
    assert "The outcome; a month is enough" in answer.content.decode()  # what was typed stays
    assert ron.post(page, **boxes).status_code == 302
    assert Draft.objects.get().answers["field_justification"] == application()["field_justification"]


@pytest.mark.slow
def test_only_the_data_access_team_opens_a_project(somebody: Callable[..., Any], offices: None) -> None:
    subject = submitted(somebody("ron", "requester", UNIVERSITY))
    approved(subject, somebody)
    assert somebody("ron", "requester", UNIVERSITY).get(f"/request/{subject}/project").status_code == 403
    assert (
        somebody("hal", "data-access-team", "Home Office").get(f"/request/{subject}/project").status_code
        == 404
    )
