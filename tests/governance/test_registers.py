"""Registers from live records: what they hold, their formats, and pages that everybody can read."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import date, timedelta
from pathlib import Path

import pytest

from tallystick.agreement.io import parse_file
from tallystick.agreement.schema import Agreement
from tallystick.governance import exchange, manual
from tallystick.governance.assessments import duties, known_answers, regulator_form
from tallystick.governance.declared import from_agreement
from tallystick.governance.pages import FORMULA, as_csv, as_html, as_json, paper
from tallystick.governance.registers import (
    TITLES,
    Column,
    Register,
    blockers,
    catalogue,
    processing,
    register,
    sharing,
)
from tallystick.governance.retention import looked_for, schedule, to_do
from tallystick.governance.specimens import START, Play
from tallystick.governance.tables.questions import QUESTIONS
from tallystick.governance.tables.vocabulary import HIGH_RISK

DOCS = Path(__file__).parents[2] / "docs"
TEMPLATES = DOCS.parent / "src/tallystick/agreement/templates"


@pytest.fixture
def agreement() -> Agreement:
    return parse_file(TEMPLATES / "moj-dfe.toml", Agreement)


@pytest.fixture
def play() -> Play:
    play = Play().set_up()
    play.request()
    play.act("access", "grant", "access-1", about="request-1")
    play.act("transfer", "receive", "transfer-1")
    play.act("holding", "hold", "copy-1", "iao")
    play.act("holding", "dispose", "copy-1", place="inbox")
    play.act("incident", "report", "incident-1", "iao")
    play.act("rights", "receive", "rights-1", "dpo", kind="foi", own_information=False)
    play.act("rights", "receive", "rights-2", "dpo")
    play.act("complaint", "receive", "complaint-1", "dpo")
    play.act("dispute", "raise", "dispute-1", "requester", about="request-9")
    play.act("dpia", "open", "dpia-1", "lead", "lou.lead")
    play.act("dpia", "add-risk", "dpia-1", "lead", "lou.lead")
    return play


@pytest.mark.parametrize("name", TITLES)
def test_register_lists_what_is_recorded(name: str, play: Play) -> None:
    found = register(name, play.registry, play.now)
    assert found.rows
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_deletion_register_has_a_line_for_each_place(play: Play) -> None:
    lines = as_json(register("deletions", play.registry, play.now))["rows"]
    mine = {line["place"]: line["status"] for line in lines if line["holding"] == "copy-1"}
    assert mine == {"secure network": "held", "inbox": "deleted"}


def test_use_register_says_who_what_why_until_when(play: Play) -> None:
    (line,) = as_json(register("uses", play.registry, play.now))["rows"]
    assert line["who"] == "Ministry of Justice"
    assert line["until"] == "2026-12-31"
    assert line["title"]
    assert line["datasets"] == "cases"


def test_summary_is_withheld_where_that_protects_researchers() -> None:
    play = Play().set_up()
    play.act("screening", "open", "s2")
    play.act("screening", "decide", "s2", "dpo", about="request-1")
    play.request("request-1", "receive", third_parties=["board"])
    play.act("request", "approve", "request-1", "iao", withhold_summary="Threats to researchers")
    (line,) = as_json(register("uses", play.registry, play.now))["rows"]
    assert (line["who"], line["title"], line["datasets"]) == ("withheld", "withheld", "cases")


def test_rights_register_has_both_dates_of_freedom_of_information(play: Play) -> None:
    lines = {line["case"]: line for line in as_json(register("rights", play.registry, play.now))["rows"]}
    assert lines["rights-1"]["due"] >= lines["rights-1"]["target"] > "2026-03-30"
    assert lines["rights-2"]["target"] == ""


def test_blockers_measure_the_time_in_each_state() -> None:
    play = Play().set_up()
    play.request("slow", "submit", third_parties=["board"])
    play.now += timedelta(days=10)
    lines = as_json(blockers(play.registry, play.now))["rows"]
    assert next(line for line in lines if line["what"] == "submitted")["longest_days"] == "10.0"


def test_blockers_name_the_empty_offices(play: Play) -> None:
    play.act("office", "vacate", "Ministry-of-Justice.siro.siro.person", until="2026-03-01")
    lines = as_json(blockers(play.registry, play.now))["rows"]
    assert [line["what"] for line in lines if line["kind"] == "empty office"] == [
        "siro of Ministry of Justice"
    ]


def test_catalogue_holds_annex_3_and_what_is_registered(play: Play) -> None:
    found = as_json(catalogue(play.registry, play.now))["rows"]
    names = {line["id"] for line in found}
    assert {"hmcts-weekly-mi", "sail", "criminal-court-statistics", "cases"} <= names
    local = [line for line in found if line["id"].startswith("hmcts")]
    assert all(line["publication"] == "internal-only" for line in local)


def test_sharing_register_has_the_public_registers_eighteen_fields(agreement: Agreement) -> None:
    found = sharing([agreement], START)
    assert len(found.columns) == 18
    assert found.columns[1].heading == "Name"
    assert "Ministry of Justice" in found.rows[0][7]


def test_processing_register_answers_article_30(agreement: Agreement) -> None:
    (line,) = as_json(processing([agreement], START))["rows"]
    assert all(
        line[key] for key in ("controller", "dpo", "purposes", "categories", "recipients", "time_limits")
    )
    assert line["transfers"] == "none"


def test_csv_runs_nothing_in_a_spreadsheet() -> None:
    bad = Register("x", "X", (Column("a", "A"),), (("=cmd()",), ("plain",)), START)
    cells = [row[0] for row in csv.reader(io.StringIO(as_csv(bad)))]
    assert cells == ["a", "'=cmd()", "plain"]
    assert not any(cell.startswith(FORMULA) for cell in cells)


def test_html_escapes_what_people_wrote() -> None:
    bad = Register("x", "X", (Column("a", "A"),), (("<script>alert(1)</script>",),), START)
    assert "<script>" not in as_html(bad)


def test_headings_run_in_order(play: Play) -> None:
    from lxml import html

    page = as_html(*paper(play.registry.cases["dpia"]["dpia-1"], play.now), title="DPIA")
    levels = [int(node.tag[1]) for node in html.fromstring(page).iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert "Risks and what is done about them" in page


def test_dpia_prints_its_nine_steps_and_what_is_open(play: Play) -> None:
    page = as_html(*paper(play.registry.cases["dpia"]["dpia-1"], play.now), title="DPIA")
    steps = [
        question.text for question in QUESTIONS if question.process == "dpia" and question.text[0].isdigit()
    ]
    assert [text[0] for text in steps] == list("12346789")  # the fifth is the table of risks
    assert all(text in page for text in steps if "Nobody" not in text)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["deletions", "assets", "catalogue", "dpia", "empty"])
def test_page_passes_axe(name: str, play: Play, tmp_path: Path) -> None:
    import shutil

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    pages = {
        "catalogue": (catalogue(play.registry, play.now),),
        "dpia": paper(play.registry.cases["dpia"]["dpia-1"], play.now),
        "empty": (Register("x", "Nothing", (Column("a", "A"),), (), START),),
    }
    tables = pages.get(name) or (register(name, play.registry, play.now),)
    (tmp_path / "page.html").write_text(as_html(*tables, title=f"Register: {name}"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True)
        page.goto((tmp_path / "page.html").as_uri())
        results = Axe().run(page)
        browser.close()
    assert results.violations_count == 0, results.generate_report()


def test_dcat_names_each_source_its_publisher_and_frequency(play: Play) -> None:
    found = exchange.dcat(catalogue(play.registry, play.now))
    datasets = {each["dct:identifier"]: each for each in found["dcat:dataset"]}
    assert datasets["hmcts-weekly-mi"]["dct:accrualPeriodicity"]["@id"].endswith("/WEEKLY")
    assert datasets["hmcts-weekly-mi"]["dct:accessRights"]["@id"].endswith("NON_PUBLIC")
    assert len({each["@id"] for each in found["dcat:dataset"]}) == len(found["dcat:dataset"])


@pytest.mark.parametrize("name", exchange.SCHEMAS)
def test_json_schema_takes_the_specimen_and_nothing_unknown(name: str) -> None:
    from jsonschema import Draft202012Validator

    from tallystick.governance.specimens import specimen

    schema = exchange.json_schema(name)
    Draft202012Validator.check_schema(schema)
    process, act = exchange.SCHEMAS[name]
    validator = Draft202012Validator(schema)
    answers = specimen(process, act)
    asked = {key: value for key, value in answers.items() if value is not None}
    assert not list(validator.iter_errors(asked))
    assert list(validator.iter_errors({**asked, "unknown": 1}))
    assert list(validator.iter_errors({}))


@pytest.mark.parametrize("name", manual.pages())
def test_generated_page_is_what_the_tables_say(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == manual.pages()[name], (
        "run `python -m tallystick.governance.manual docs`"
    )


def test_agreement_answers_what_it_knows(agreement: Agreement) -> None:
    notice = known_answers(agreement, "notice")
    assert {"controllers", "items_linked_on", "powers", "recipients", "retention"} <= notice.keys()
    screening = known_answers(agreement, "screening")
    assert "data-matching" in screening["triggers"]
    assert set(screening["triggers"]) <= set(HIGH_RISK)
    assert known_answers(agreement, "request") == {}


def test_agreement_declares_its_papers_and_officers(agreement: Agreement) -> None:
    declared = from_agreement(agreement, date(2026, 7, 1))
    assert {case.process for case in declared} == {
        "agreement",
        "office",
        "asset",
        "screening",
        "dpia",
        "eia",
        "notice",
    }
    assert next(case for case in declared if case.process == "agreement").state == "draft"


def test_duties_follow_the_law_of_the_regime() -> None:
    play = Play().set_up()
    for regime, law in (("uk-gdpr", "Art. 33"), ("part-3", "s.67")):
        case = play.act("incident", "report", f"i-{regime}", "iao", regime=regime)
        regulator = next(duty for duty in duties(case, play.now) if "33" in duty.law or "67" in duty.law)
        assert law in regulator.law
        assert regulator.by - START == timedelta(hours=72)
    case = play.act("incident", "report", "i-none", "iao", regime="not-personal")
    assert len(duties(case, play.now)) == 2
    form = regulator_form(case, None, play.now)
    assert ("People concerned, about", "Not known yet") in form.rows


def test_schedule_follows_the_clocks_of_what_is_held() -> None:
    play = Play().set_up()
    play.act("holding", "hold", "lab", "iao", what="individual-level")
    play.act("holding", "publish", "lab", published_on="2026-05-31")
    play.act("holding", "hold", "set", "iao", what="linked-anonymised")
    play.act("holding", "publish", "set", published_on="2026-05-31")
    play.act("holding", "hold", "totals", "iao", what="aggregate")
    play.act("holding", "hold", "linked", "iao", what="linked-pseudonymised", opted_out=False)
    play.act("holding", "hold", "opted", "iao", what="linked-pseudonymised", opted_out=True)
    lines = {line.id: line for line in schedule(play.registry, date(2026, 7, 1))}
    assert lines["lab"].end == date(2026, 6, 30)
    assert lines["lab"].status == "overdue"
    assert lines["set"].end == date(2026, 6, 30)
    assert lines["totals"].end is None
    assert lines["linked"].end is None
    assert lines["opted"].end == date(2026, 12, 31)
    play.now += timedelta(days=121)
    assert "lab" in {line.id for line in to_do(play.registry, play.now)}


def test_extension_counts_once_all_parties_agreed() -> None:
    play = Play().set_up()
    play.appoint("HMCTS", "iao")
    play.act("holding", "hold", "copy", "iao", parties=["Ministry of Justice", "HMCTS"])
    play.now += timedelta(days=290)
    play.act("holding", "ask-extension", "copy", "iao", new_until="2027-06-30")
    play.act("holding", "agree", "copy", "iao")
    assert schedule(play.registry, date(2026, 12, 20))[0].end == date(2026, 12, 31)
    play.act("holding", "agree", "copy", "iao", organisation="HMCTS")
    assert schedule(play.registry, date(2026, 12, 20))[0].end == date(2027, 6, 30)


def test_look_finds_what_was_marked_deleted_and_is_there() -> None:
    play = Play().set_up()
    places = ["rooms/a.parquet", "rooms/b.parquet"]
    play.act("holding", "hold", "copy", "iao", locations=places)
    play.act("holding", "dispose", "copy", place="rooms/a.parquet")
    assert not looked_for(play.registry, lambda place: place == "rooms/b.parquet")
    found = looked_for(play.registry, lambda place: place == "rooms/a.parquet")
    assert {finding.where for finding in found} == set(places)


def test_missed_dpia_becomes_an_incident() -> None:
    play = Play().set_up()
    play.request()
    play.act("screening", "reopen", "screening-1", "dpo")
    play.act("screening", "decide", "screening-1", "dpo", triggers=["genetic"], outcome="full")
    assert [case.get("kind") for case in play.registry.all("incident")] == ["required-dpia-missing"]


def test_revoked_request_revokes_every_access() -> None:
    play = Play().set_up()
    play.request()
    play.act("access", "grant", "access-1", about="request-1")
    play.act("request", "revoke", "request-1", "iao")
    assert play.registry.cases["access"]["access-1"].state == "revoked"


def test_high_residual_risk_waits_for_the_regulator() -> None:
    play = Play().set_up()
    play.act("dpia", "open", "d", "lead", "lou.lead")
    play.act("dpia", "add-risk", "d", "lead", "lou.lead", residual="high")
    play.act("dpia", "submit", "d", "lead", "lou.lead")
    play.act("dpia", "advise", "d", "dpo")
    assert play.act("dpia", "approve", "d", "iao").state == "regulator-to-be-consulted"
    assert play.act("dpia", "consulted", "d", "dpo").state == "approved"
