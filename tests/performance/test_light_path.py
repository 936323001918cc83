"""The light path: a search before a request, an agreement of a few questions, a page that everybody can read and print."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick import synth
from tallystick.agreement import gates, io, rules, signing
from tallystick.errors import BadInput, Refused
from tallystick.share import catalogue
from tallystick.share.acts import Clock
from tallystick.share.begin import QUESTIONS, begin
from tallystick.share.pack import build
from tallystick.share.rooms import open_share

CLOCK = Clock("a clerk", datetime(2026, 7, 1, 9, tzinfo=UTC))
ANSWERS = {
    "board": "Eastland Criminal Justice Board", "area": "Eastland", "chair": "Police and Crime Commissioner", "contact": "a@board.example",
    "agencies": "police=Eastland Police, courts=HM Courts and Tribunals Service", "starts": "2026-06-01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "best"),
    [
        ("How many open cases are there in the Crown Court?", "crown-court-tool"),
        ("children in custody", "youth-custody-data"),
        ("stop and search by ethnicity", "ethnicity-and-the-cjs"),
        ("women defendants and offenders in prison", "women-and-the-cjs"),
        ("cracked and ineffective trials", "hmcts-trials-mi"),
        ("use of force on children in custody", "safety-in-the-children-and-young-people-estate"),
    ],
)
def test_catalogue_names_the_source(words: str, best: str) -> None:
    found = catalogue.search(words, catalogue.sources(None, CLOCK.now))
    assert best in [each.source.id for each in found[:2]]


def test_catalogue_answers_nothing_that_it_does_not_hold() -> None:
    listed = catalogue.sources(None, CLOCK.now)
    assert len(listed) >= 12
    assert catalogue.search("waiting lists of knee operations", listed) == ()
    with pytest.raises(BadInput, match="in words"):
        catalogue.search("the of and", listed)
    assert {each.id for each in listed if each.is_barred and each.owner == "HMCTS"} == {"hmcts-weekly-mi", "hmcts-trials-mi"}  # fmt: skip


def test_a_request_answered_by_the_catalogue_ends_there(tmp_path: Path, tally: Callable[..., Any]) -> None:
    folder = tmp_path / "s"
    synth.write("local-performance", folder, people=1000, seed=1)
    asked = "open cases in the Crown Court"
    found = tally("pack", "catalogue", asked, folder)
    assert found.out.startswith("crown-court-tool")
    ended = tally("pack", "catalogue", asked, folder, "--answered-by", "crown-court-tool")
    assert ended.code == 0
    assert "ends here" in ended.out
    entries = list(open_share(folder).ledger.entries())
    assert [(entry.act, entry.subject) for entry in entries] == [
        ("answered-by-catalogue", "crown-court-tool")
    ]
    assert asked not in (folder / "ledger.jsonl").read_text()
    assert not (folder / "governance").exists()
    barred = tally("pack", "catalogue", asked, folder, "--answered-by", "hmcts-weekly-mi")
    assert "Never pass it on" in barred.out
    assert tally("pack", "catalogue", asked, folder, "--answered-by", "nothing").code == 2
    assert "pack/recalls" in tally("pack", "catalogue", "recalls to custody", folder).out


def test_a_share_of_figures_asks_at_most_ten_questions_and_no_dpia(tmp_path: Path) -> None:
    assert len(QUESTIONS) <= 10
    for path, text in begin(tmp_path, ANSWERS).items():
        path.write_text(text)
    agreement = io.load(tmp_path)
    assert agreement.about.kind == "mou"
    assert agreement.dpia.screened_on is None
    assert agreement.lawful_basis.article_6 == ""
    assert not agreement.is_personal
    on = date(2026, 7, 1)
    assert {each.rule for each in rules.check(agreement, on) if each.severity == "refuse"} == {"unsigned"}
    for one in agreement.parties:
        agreement = signing.sign(agreement, one.name, "iao", one.officers["iao"], CLOCK.now)
    assert [each for each in rules.check(agreement, on) if each.severity == "refuse"] == []
    gates.ask(agreement, "release", on)
    io.dump(agreement, tmp_path / "agreement.toml")
    (tmp_path / "supplies").mkdir()
    rows = [f"Eastland,2026-{month:02d},receipts,all,{100 + month}" for month in range(1, 6)]
    (tmp_path / "supplies" / "courts.csv").write_text(
        "\n".join(["area,month,measure,group,value", *rows]) + "\n"
    )
    built = build(open_share(tmp_path), clock=CLOCK, on=on)
    assert [each.measure.id for each in built.made.sections] == ["receipts"]
    page = (built.folder / "pack.html").read_text()
    assert "No data protection impact assessment" in page


def test_begin_names_what_is_not_answered(tally: Callable[..., Any], tmp_path: Path) -> None:
    ran = tally("pack", "begin", tmp_path / "b", "--set", "area=Eastland")
    assert ran.code == 2
    assert "board" in ran.err
    assert not (tmp_path / "b").exists()
    with pytest.raises(BadInput, match="no question"):
        begin(tmp_path, {**ANSWERS, "lawful_basis": "6(1)(e)"})


def test_a_personal_share_has_no_pack(tmp_path: Path) -> None:
    for path, text in begin(tmp_path, ANSWERS).items():
        path.write_text(text.replace("personal_data = false", "personal_data = true"))
    with pytest.raises(Refused):
        build(open_share(tmp_path), clock=CLOCK)


def test_an_hmcts_dashboard_is_left_out_where_a_third_party_reads(tmp_path: Path) -> None:
    for path, text in begin(tmp_path, ANSWERS).items():
        path.write_text(text)
    agreement = io.load(tmp_path)
    courts = agreement.datasets[1].model_copy(
        update={"publication": "internal-only", "source": "hmcts-weekly-mi"}
    )
    third = agreement.recipients[0].model_copy(
        update={"name": "A newspaper", "third_party": True, "conditions": "For its report alone."}
    )
    agreement = agreement.model_copy(
        update={
            "datasets": (agreement.datasets[0], courts),
            "recipients": (*agreement.recipients, third),
            "disclosure": agreement.disclosure.model_copy(update={"analysis_agreed": "Levels and trends."}),
        }
    )
    for one in agreement.parties:
        agreement = signing.sign(agreement, one.name, "iao", one.officers["iao"], CLOCK.now)
    io.dump(agreement, tmp_path / "agreement.toml")
    (tmp_path / "supplies").mkdir()
    for name, measure in (("courts", "receipts"), ("police", "recorded-crimes")):
        (tmp_path / "supplies" / f"{name}.csv").write_text(
            f"area,month,measure,value\nEastland,2026-05,{measure},120\n"
        )
    built = build(open_share(tmp_path), clock=CLOCK, on=date(2026, 7, 1))
    assert [each.measure.id for each in built.made.sections] == ["recorded-crimes"]
    assert "This dataset is for internal use." in (built.folder / "pack.html").read_text()


@pytest.mark.browser
def test_the_pack_passes_axe_and_prints_on_a4(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader

    folder = tmp_path / "s"
    synth.write("local-performance", folder, people=600_000, seed=1)
    built = build(open_share(folder), clock=CLOCK, on=date(2026, 7, 1))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True, viewport={"width": 1100, "height": 900})
        page.goto((built.folder / "pack.html").as_uri())
        results = Axe().run(page)
        report = results.generate_report() if results.violations_count else ""
        alternatives = page.evaluate(
            "[...document.querySelectorAll('svg')].map(s => [s.getAttribute('role'), s.querySelector('desc').textContent])"
        )
        page.pdf(path=str(tmp_path / "pack.pdf"), prefer_css_page_size=True)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 687, "height": 1000})  # A4 less its margins, at 96 dots an inch
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        browser.close()
    assert report == ""
    assert len(alternatives) >= 12
    for role, words in alternatives:
        assert role == "img"
        assert len(words) > 60
    assert too_wide <= 0
    box = PdfReader(tmp_path / "pack.pdf").pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) in (
        (595, 842),
        (594, 842),
        (595, 841),
        (596, 842),
    )
