"""A request on a synthetic share: the true effect found, the report accessible, the request fixed."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from docx import Document

from lab.world import with_offences
from tallystick.cli.main import run

REQUEST = """
id = "first"
title = "The provider: first analysis"
programme = "the provider's course"
assured_by = "A. Name, data protection officer"
subgroups = ["sex"]
"""


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("lab") / "share"
    with_offences(folder, people=6000, seed=3)
    (folder / "request.toml").write_text(REQUEST)
    assert run(["lab", "evaluate", str(folder / "request.toml"), "--actor", "one"]) == 0
    return folder


def test_the_interval_holds_the_truth(share: Path) -> None:
    found = json.loads((share / "reports/lab/first/summary.json").read_text())
    assert found["ci_low"] < -0.06 < found["ci_high"]
    assert found["n_treated"] % 5 == 0
    assert found["result"] in ("lower", "inconclusive")


def test_every_format_says_the_same(share: Path) -> None:
    folder = share / "reports/lab/first"
    page = html.unescape((folder / "report.html").read_text())
    document = "\n".join(p.text for p in Document(str(folder / "report.docx")).paragraphs)
    for words in ("For 100 typical people in the treatment group", "What you cannot say"):
        assert words in page
        assert words in document
    titles = [sheet["A1"].value for sheet in openpyxl.load_workbook(folder / "annex.xlsx")]
    assert len(titles) >= 7
    assert all(title.split(",")[0] in page for title in titles)
    assert page.count("<svg") == 6
    assert "people submitted" in page
    assert "were analysed" in page
    pictures = Document(str(folder / "report.docx")).inline_shapes
    assert len(pictures) == page.count("<svg")
    assert all(shape._inline.docPr.get("descr") for shape in pictures)
    assert "as officially defined" in page
    assert "reoffences for each person" in page
    assert "Share with the event by each day" in page
    from odf.opendocument import load

    assert len(load(folder / "annex.ods").spreadsheet.childNodes) == len(titles)


def test_a_changed_request_is_refused(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = share / "changed.toml"
    path.write_text(REQUEST.replace('["sex"]', '["sex", "area"]'))
    assert run(["lab", "evaluate", str(path)]) == 1
    assert "changed" in capsys.readouterr().err


@pytest.mark.slow
def test_the_linker_does_not_review_their_own(share: Path) -> None:
    review = share / "rooms/steward/lab/review.csv"
    for text, code in (
        ("x,same,one\n", 1),
        ("x,perhaps,two\n", 2),
        ("x,same,two\nx,different,two\n", 2),
        ("x,same,two\n", 0),
    ):
        review.write_text("supply_key,decision,reviewer\n" + text)
        assert run(["lab", "evaluate", str(share / "request.toml"), "--actor", "one"]) == code
    review.unlink()


def test_bad_requests(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (share / "other.toml").write_text(REQUEST.replace("first", "second") + 'covariates = ["shoe_size"]\n')
    assert run(["lab", "evaluate", str(share / "other.toml")]) == 2
    for number, more in enumerate(
        (
            'covariates = ["reoffence_date"]',
            'subgroups = ["reoffended"]',
            'pool = "nothing"',
            'events = "nothing"',
            "calliper = 1e-9",
        )
    ):
        text = (
            REQUEST.replace('subgroups = ["sex"]\n', "").replace("first", f"bad-{number}", 1)
            + 'methods = ["radius"]\n'
            + more
        )
        (share / "bad.toml").write_text(text)
        assert run(["lab", "evaluate", str(share / "bad.toml")]) == 2, more
        assert not (share / f"reports/lab/bad-{number}").exists()
    (share / "none.toml").write_text("id =")
    assert run(["lab", "evaluate", str(share / "none.toml")]) == 2
    assert run(["lab", "evaluate", str(share / "absent.toml")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.browser
def test_the_report_passes_axe(share: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True)
        page.goto((share / "reports/lab/first/report.html").as_uri())
        results = Axe().run(page)
        browser.close()
    assert results.violations_count == 0, results.generate_report()


def test_the_report_passes_the_output_check(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = share / "reports/lab/first"
    for name in ("annex.xlsx", "annex.ods", "report.html"):
        capsys.readouterr()
        assert run(["output", "check", str(folder / name), "--share", str(share), "--json"]) == 0
        assert all(table["described"] for table in json.loads(capsys.readouterr().out)["tables"])
