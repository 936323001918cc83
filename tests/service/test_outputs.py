"""Journey 6 from the extract on: outputs handed in, checked by two who do not see each other's vote, released, and proven."""

from __future__ import annotations

import io as streams
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

MOJ, DFE, UNIVERSITY = "Ministry of Justice", "Department for Education", "University of Example"
SAFE = b"region,count\nNorth,120\nSouth,140\n"
SMALL = b"region,count\nNorth,3\nSouth,140\nTotal,143\n"


@pytest.fixture
def project(share: Path) -> str:
    """Return a project of the share on which rae and ray work."""
    from tallystick.agreement import io
    from tallystick.service.outputs import index
    from tallystick.service.registry.models import Share

    path = share / "projects" / "school-absence.toml"
    found = io.load_project(path)
    people = tuple(found.people[0].model_copy(update={"account": name}) for name in ("rae", "ray"))
    io.dump(found.model_copy(update={"people": people}), path)
    index.share(Share.objects.get(slug="moj-dfe"))
    return "school-absence"


def files(*named: tuple[str, bytes]) -> list[Any]:
    made = []
    for name, data in named:
        file = streams.BytesIO(data)
        file.name = name
        made.append(file)
    return made


def handed_in(who: Any, project: str, *named: tuple[str, bytes], note: str = "Counts of pupils") -> Any:
    page = f"/projects/moj-dfe/{project}/hand-in"
    return who.client.post(page, {"files": files(*named), "note": note})


def draft(who: Any, project: str, *named: tuple[str, bytes]) -> str:
    answer = handed_in(who, project, *named)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"].rsplit("/", 1)[1])


def text(who: Any, review: str) -> str:
    answer = who.get(f"/outputs/{review}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def act(who: Any, review: str, act: str, **fields: Any) -> Any:
    """Return what comes of an act, from the page as it stands."""
    seen = re.search(r'name="seen" value="(\d+)"', text(who, review))
    where = f"/outputs/{review}/release" if act == "release" else f"/outputs/{review}/act/{act}"
    return who.post(where, **{"seen": seen[1] if seen else ""}, **fields)


def saved(who: Any, review: str, file: str = "table.csv") -> tuple[bytes, Any]:
    """Return a file of an output as the browser saves it, and the headers it came with."""
    answer = who.get(f"/outputs/{review}/files/{file}")
    data = b"".join(answer.streaming_content)
    answer.close()
    return data, answer.headers


@pytest.fixture
def cast(somebody: Callable[..., Any], project: str) -> dict[str, Any]:
    """Return a researcher, a colleague of theirs, three checkers and the data access team."""
    return {
        "rae": somebody("rae", "researcher", UNIVERSITY),
        "ray": somebody("ray", "researcher", UNIVERSITY),
        "cat": somebody("cat", "output-checker", MOJ),
        "col": somebody("col", "output-checker", DFE),
        "cyd": somebody("cyd", "output-checker", DFE),
        "tom": somebody("tom", "data-access-team", MOJ),
    }


def submitted(cast: dict[str, Any], project: str, *named: tuple[str, bytes]) -> str:
    review = draft(cast["rae"], project, *named)
    assert act(cast["rae"], review, "submit").status_code == 302
    return review


def in_review(cast: dict[str, Any], project: str, *named: tuple[str, bytes]) -> str:
    review = submitted(cast, project, *named)
    for who in ("cat", "col"):
        assert act(cast[who], review, "assign").status_code == 302
    return review


def test_output_goes_from_its_author_through_two_checkers_to_its_release(
    cast: dict[str, Any], project: str, share: Path, tmp_path: Path
) -> None:
    from tallystick.disclosure import verify
    from tallystick.share.audit import audit
    from tallystick.share.rooms import open_share

    rae, cat, col, tom = (cast[name] for name in ("rae", "cat", "col", "tom"))
    review = draft(rae, project, ("table.csv", SAFE))
    assert "Clean" in text(rae, review)
    for who in (cat, tom):  # a draft is its project's own
        assert who.get(f"/outputs/{review}").status_code == 404
    assert act(rae, review, "submit", comment="All of England").status_code == 302
    assert review in cat.get("/home").content.decode()
    for who in (cat, col):
        assert act(who, review, "assign").status_code == 302
    assert act(cat, review, "vote", verdict="approve").status_code == 302
    assert act(col, review, "vote", verdict="approve").status_code == 302
    assert review in tom.get("/home").content.decode()
    answer = act(tom, review, "release")
    assert answer.status_code == 422
    assert "Nobody said that the output is in the project" in answer.content.decode()
    assert act(tom, review, "release", in_scope="yes").status_code == 302
    page = text(rae, review)
    assert "Released" in page
    published = tmp_path / "published.csv"
    published.write_bytes(saved(rae, review)[0])
    assert published.read_bytes() == SAFE
    assert verify(published, share / "releases") == review
    folder = open_share(share)
    assert not list(share.glob(f"outputs/{project}/{review}/*/*"))  # what was handed in is destroyed
    assert [e.act for e in folder.ledger.entries() if e.subject == review] == [
        *["output"] * 6,
        "release",
        "output",
    ]
    assert folder.ledger.verify().is_sound
    assert [found for found in audit(folder).findings if "outputs/" in found.where] == []


def test_finding_is_explained_beside_the_figure(cast: dict[str, Any], project: str) -> None:
    review = draft(cast["rae"], project, ("table.csv", SMALL))
    page = text(cast["rae"], review)
    assert "to put right" in page
    cell = re.search(
        r'<td class="govuk-table__cell found">3 <a class="govuk-link" href="#finding-(\d)"', page
    )
    assert cell is not None
    assert re.search(rf'<li id="finding-{cell[1]}"><strong>table.csv: region=North', page)
    assert '<td class="govuk-table__cell">140</td>' in page


def test_checker_sees_no_other_vote_before_both_are_cast(cast: dict[str, Any], project: str) -> None:
    review = in_review(cast, project, ("table.csv", SAFE))
    assert act(cast["cat"], review, "vote", verdict="change", comment="Too fine a table").status_code == 302
    for who in ("rae", "col", "tom"):
        page = text(cast[who], review)
        assert "Too fine a table" not in page, who
        assert "Vote" not in page, who
    assert "Too fine a table" in text(cast["cat"], review)
    assert act(cast["col"], review, "vote", verdict="change", comment="So is it to me").status_code == 302
    page = text(cast["rae"], review)
    assert "Too fine a table" in page
    assert "So is it to me" in page
    assert review in cast["rae"].get("/home").content.decode()


def test_third_checker_decides_where_two_differ(cast: dict[str, Any], project: str) -> None:
    review = in_review(cast, project, ("table.csv", SAFE))
    act(cast["cat"], review, "vote", verdict="approve")
    assert review not in cast["cyd"].get("/home").content.decode()
    act(cast["col"], review, "vote", verdict="reject", comment="Not what was approved")
    assert review in cast["cyd"].get("/home").content.decode()
    assert act(cast["cyd"], review, "assign").status_code == 302
    assert act(cast["cyd"], review, "vote", verdict="approve").status_code == 302
    assert "Approved" in text(cast["tom"], review)


def test_request_for_change_needs_its_comment_and_an_author_never_checks(
    cast: dict[str, Any], project: str, somebody: Callable[..., Any], share: Path
) -> None:
    from tallystick.service.accounts import people
    from tallystick.service.accounts.models import Membership

    review = in_review(cast, project, ("table.csv", SAFE))
    answer = act(cast["cat"], review, "vote", verdict="change")
    assert answer.status_code == 422
    assert "Say what has to change" in answer.content.decode()
    assert act(cast["cat"], review, "vote").status_code == 422
    mine = submitted(cast, project, ("other.csv", SAFE))
    people.add("rae@example.org", MOJ, "output-checker", cast_now(), person="rae")
    session = cast["rae"].client.session
    session["membership"] = Membership.objects.get(user__person="rae", role="output-checker").id
    session.save()
    answer = act(cast["rae"], mine, "assign")
    assert answer.status_code == 422
    assert "cannot check their own" in answer.content.decode()
    assert mine not in cast["rae"].get("/home").content.decode()


def cast_now() -> Any:
    from django.conf import settings

    return settings.ENVIRONMENT.clock()


def test_changed_file_loses_its_votes_and_the_old_one_is_destroyed(
    cast: dict[str, Any], project: str, share: Path
) -> None:
    review = in_review(cast, project, ("table.csv", SAFE))
    act(cast["cat"], review, "vote", verdict="approve")
    old = next(share.glob(f"outputs/{project}/{review}/*/table.csv"))
    more = {
        "files": files(("table.csv", b"region,count\nNorth,220\nSouth,140\n")),
        "seen": "5",
        "note": "Corrected",
    }
    assert cast["rae"].client.post(f"/outputs/{review}/replace", more).status_code == 302
    assert not old.exists()
    page = text(cast["cat"], review)
    assert "Submitted" in page
    assert "Take it up" in page


def test_decision_may_be_narrower_than_the_file(
    cast: dict[str, Any], project: str, share: Path, tmp_path: Path
) -> None:
    from tallystick.disclosure import verify

    review = in_review(cast, project, ("table.csv", SMALL))
    wrong = act(cast["cat"], review, "vote", verdict="approve", without="table.csv:region=Atlantis")
    assert wrong.status_code == 422
    assert "is not in the table" in wrong.content.decode()
    behind = "table.csv:region=North\r\ntable.csv:region=Total"
    assert act(cast["cat"], review, "vote", verdict="approve", without=behind).status_code == 302
    assert act(cast["col"], review, "vote", verdict="approve").status_code == 302
    assert act(cast["tom"], review, "release", in_scope="yes").status_code == 302
    published = share / "releases" / review / "outputs" / "table.csv"
    assert published.read_text() == "region,count\nNorth,c\nSouth,140\nTotal,c\n"
    assert verify(published, share / "releases") == review


def test_two_people_at_one_moment_one_wins_and_the_other_is_told(cast: dict[str, Any], project: str) -> None:
    review = in_review(cast, project, ("table.csv", SAFE))
    for who in ("cat", "col"):
        act(cast[who], review, "vote", verdict="approve")
    fields = {"seen": "6", "in_scope": "yes"}
    assert cast["tom"].post(f"/outputs/{review}/release", **fields).status_code == 302
    assert (
        cast["tom"].post(f"/outputs/{review}/release", **fields).status_code == 302
    )  # sent twice, done once
    late = cast["rae"].post(f"/outputs/{review}/act/withdraw", seen="6")
    assert late.status_code == 409
    assert "Somebody else acted" in late.content.decode()
    assert "Released" in text(cast["rae"], review)


def test_release_and_withdrawal_at_the_same_moment_and_one_of_them_stands(
    cast: dict[str, Any], project: str, share: Path, somebody: Callable[..., Any]
) -> None:
    import threading

    from django.db import connections

    from tallystick.share.rooms import open_share

    review = in_review(cast, project, ("table.csv", SAFE))
    for who in ("cat", "col"):
        act(cast[who], review, "vote", verdict="approve")
    tim = somebody("tim", "data-access-team", MOJ)
    start, said = threading.Barrier(3), []

    def at_once(who: Any, where: str) -> None:
        start.wait()
        said.append((where, who.post(f"/outputs/{review}/{where}", seen="6", in_scope="yes").status_code))
        connections.close_all()

    everybody = ((cast["tom"], "release"), (tim, "release"), (cast["rae"], "act/withdraw"))
    threads = [threading.Thread(target=at_once, args=each) for each in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for _, status in said) == [302, 409, 409], said
    won = next(where for where, status in said if status == 302)
    assert ("Released" in text(cast["rae"], review)) == (won == "release")
    assert open_share(share).ledger.verify().is_sound


def test_what_concerns_another_project_or_organisation_is_not_there(
    cast: dict[str, Any], project: str, somebody: Callable[..., Any]
) -> None:
    review = submitted(cast, project, ("table.csv", SAFE))
    others = [
        somebody("eli", "researcher", UNIVERSITY),  # of the same university, not of the project
        somebody("hob", "output-checker", "Home Office"),
        somebody("hal", "data-access-team", "Home Office"),
        somebody("sam", "supplier", MOJ),
        somebody("lin", "linker", MOJ),
    ]
    for who in others:
        for page in (
            f"/outputs/{review}", f"/outputs/{review}/files/table.csv", f"/outputs/{review}/replace",
            f"/outputs/{review}/describe/table.csv", f"/projects/moj-dfe/{project}", f"/projects/moj-dfe/{project}/hand-in",
        ):  # fmt: skip
            assert who.get(page).status_code == 404, (who.name, page)
        for act in ("assign", "vote", "withdraw"):
            assert who.post(f"/outputs/{review}/act/{act}", verdict="approve").status_code == 404
        assert who.post(f"/outputs/{review}/release", in_scope="yes").status_code == 404
        assert review not in who.get("/home").content.decode()
    assert cast["ray"].get(f"/outputs/{review}").status_code == 200  # a colleague sees, and does nothing
    assert cast["ray"].post(f"/outputs/{review}/act/withdraw", seen="2").status_code == 422
    assert cast["ray"].get(f"/outputs/{review}/replace").status_code == 403
    assert cast["rae"].post(f"/outputs/{review}/act/vote", verdict="approve").status_code == 403


def test_researcher_sees_conditions_and_dictionary_and_no_record(
    cast: dict[str, Any], project: str, share: Path
) -> None:
    page = cast["rae"].get(f"/projects/moj-dfe/{project}").content.decode()
    assert "Do not try to find out who anyone is" in page
    assert "Accredited until" in page
    assert "has not been made" in page
    room = share / "rooms" / "projects" / project
    for path in ("extract/justice.parquet", "dictionary.csv"):
        assert cast["rae"].get(f"/projects/moj-dfe/{project}/{path}").status_code == 404
    assert not room.exists()
    assert cast["rae"].get("/shares/moj-dfe").status_code == 404


def test_access_that_ended_hands_in_nothing(cast: dict[str, Any], project: str, share: Path) -> None:
    from tallystick.agreement import io

    path = share / "projects" / f"{project}.toml"
    found = io.load_project(path)
    io.dump(found.model_copy(update={"ends": date(2026, 9, 1)}), path)
    answer = handed_in(cast["rae"], project, ("table.csv", SAFE))
    assert answer.status_code == 422
    assert "The project has ended" in answer.content.decode()
    assert "Access is not open" in cast["rae"].get(f"/projects/moj-dfe/{project}").content.decode()


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ([], "Choose at least one file"),
        ([("table.exe", b"MZ")], "cannot be checked"),
        ([("table.csv", b"")], "is empty"),
        ([("table.xlsx", b"PK\x03\x04 no workbook")], "table.xlsx: "),
        ([("table.csv", SAFE), ("TABLE.csv", SAFE)], "same name"),
        ([(".csv", SAFE)], "cannot be taken"),
        ([("<script>.csv", SAFE)], "cannot be taken"),
        ([("table.about.toml", b"file = 1")], "the file that the description is about"),
        ([("table.csv", SAFE), ("table.about.toml", b"no toml")], "not TOML"),
    ],
)
def test_upload_of_another_kind_is_refused_and_nothing_is_kept(
    named: list[tuple[str, bytes]], said: str, cast: dict[str, Any], project: str, share: Path, service: Path
) -> None:
    answer = handed_in(cast["rae"], project, *named)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "<script>" not in answer.content.decode()
    assert not (share / "outputs").exists()
    assert list((service / "incoming").iterdir()) == []


def test_upload_too_large_is_refused(
    cast: dict[str, Any], project: str, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallystick.service.outputs import taking

    monkeypatch.setattr(taking, "LARGEST", 10)
    answer = handed_in(cast["rae"], project, ("table.csv", SAFE))
    assert answer.status_code == 422
    assert "is larger than" in answer.content.decode()
    assert not (share / "outputs").exists()


def test_name_cannot_lead_out_of_its_folder(cast: dict[str, Any], project: str, share: Path) -> None:
    for name in ("../../../agreement.toml.csv", "..\\..\\evil.csv", "/etc/evil.csv"):
        answer = handed_in(cast["rae"], project, (name, SAFE))
        if answer.status_code == 302:
            review = answer.headers["Location"].rsplit("/", 1)[1]
            (found,) = share.glob(f"outputs/{project}/{review}/1/*")
            assert found.name in ("agreement.toml.csv", "evil.csv")
    review = submitted(cast, project, ("table.csv", SAFE))
    for page in (
        "files/..%2F..%2Freview.json",
        "files/review.json",
        "files/%2e%2e",
        "describe/..%2Freview.json",
    ):
        assert cast["rae"].get(f"/outputs/{review}/{page}").status_code == 404, page
    assert {path.name for path in share.rglob("*evil*")} <= {"evil.csv"}


def test_formula_is_found_and_html_is_text_everywhere(cast: dict[str, Any], project: str) -> None:
    bold = "<img src=x onerror=alert(1)>"
    table = f'"{bold}",count\n"=HYPERLINK(""http://x"")",120\nSouth,140\n'.encode()
    answer = handed_in(cast["rae"], project, ("table.csv", table), note=bold)
    review = answer.headers["Location"].rsplit("/", 1)[1]
    act(cast["rae"], review, "submit", comment=bold)
    for who in ("rae", "cat", "tom"):
        page = text(cast[who], review)
        assert "begin like a formula" in page
        assert "<img" not in page
        assert "&lt;img" in page
    data, headers = saved(cast["cat"], review)
    assert data == table
    assert headers["Content-Disposition"] == 'attachment; filename="table.csv"'
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_description_changes_how_a_table_is_read(cast: dict[str, Any], project: str) -> None:
    rae = cast["rae"]
    review = draft(rae, project, ("table.csv", b"region,wage mean,n\nNorth,120.5,40\nSouth,140.1,50\n"))
    page = rae.get(f"/outputs/{review}/describe/table.csv").content.decode()
    assert "statistic" in page
    about = 'file = "table.csv"\n\n[[table]]\nstatistic = "mean"\nlabels = ["region"]\nvalues = ["wage mean"]\ncounts = "n"\n'
    wrong = rae.post(f"/outputs/{review}/describe/table.csv", seen="1", about="statistic = nothing")
    assert wrong.status_code == 422
    assert rae.post(f"/outputs/{review}/describe/table.csv", seen="1", about=about).status_code == 302
    page = text(rae, review)
    assert "read as mean, as described" in page
    assert "Clean" in page


def test_withdrawn_output_is_destroyed_with_a_certificate(
    cast: dict[str, Any], project: str, share: Path
) -> None:
    from tallystick.share.rooms import open_share

    review = submitted(cast, project, ("table.csv", SAFE))
    assert act(cast["rae"], review, "withdraw").status_code == 302
    assert not list(share.glob(f"outputs/{project}/{review}/*/*"))
    assert any(entry.act == "destroyed" for entry in open_share(share).ledger.entries())
    assert "destroyed" in text(cast["rae"], review)


def test_team_names_a_checker_but_not_the_author(cast: dict[str, Any], project: str) -> None:
    review = submitted(cast, project, ("table.csv", SAFE))
    assert act(cast["tom"], review, "assign", checker="rae").status_code == 422
    assert act(cast["tom"], review, "assign", checker="cat").status_code == 302
    assert act(cast["cat"], review, "vote", verdict="approve").status_code == 302


def test_index_is_made_again_from_what_lies_in_the_shares(cast: dict[str, Any], project: str) -> None:
    from tallystick.service.outputs import index
    from tallystick.service.outputs.models import Output

    review = submitted(cast, project, ("table.csv", SAFE))
    Output.objects.all().delete()
    assert index.take_in() == ()
    assert Output.objects.get().review == review


def test_entry_that_a_crash_kept_out_of_the_ledger_is_made_by_the_next_act(
    cast: dict[str, Any], project: str, share: Path
) -> None:
    from tallystick.share.rooms import open_share

    review = draft(cast["rae"], project, ("table.csv", SAFE))
    before = {name: (share / name).read_bytes() for name in ("ledger.jsonl", "ledger.head")}
    act(cast["rae"], review, "submit")
    for name, data in before.items():  # as a crash just before the entry leaves it
        (share / name).write_bytes(data)
    assert act(cast["cat"], review, "assign").status_code == 302
    entries = [entry for entry in open_share(share).ledger.entries() if entry.act == "output"]
    assert [entry.details["act"] for entry in entries] == ["change", "submit", "assign"]


def test_release_that_a_crash_kept_out_of_the_review_is_taken_up(
    cast: dict[str, Any], project: str, share: Path
) -> None:
    import shutil

    review = in_review(cast, project, ("table.csv", SAFE))
    for who in ("cat", "col"):
        act(cast[who], review, "vote", verdict="approve")
    place = share / "outputs" / project / review
    shutil.copytree(place, share.parent / "before")
    assert act(cast["tom"], review, "release", in_scope="yes").status_code == 302
    shutil.rmtree(place)
    shutil.copytree(share.parent / "before", place)
    assert cast["tom"].post(f"/outputs/{review}/release", seen="6", in_scope="yes").status_code == 302
    assert "Released" in text(cast["rae"], review)


def test_pages_need_few_queries(cast: dict[str, Any], project: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(3):
        submitted(cast, project, ("table.csv", SAFE))
    for who, page in (
        ("cat", "/outputs"),
        ("cat", "/home"),
        ("rae", f"/projects/moj-dfe/{project}"),
        ("tom", "/projects"),
    ):
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert cast[who].get(page).status_code == 200
        assert len(found) <= 30, (page, len(found))
