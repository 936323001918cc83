"""The documents of an agreement: whole, in order, back again as they were; a changed one is refused."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pytest

from tallystick.agreement import io

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "historical"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    shutil.copytree(
        EXAMPLE, tmp_path / "s", ignore=shutil.ignore_patterns("rooms", "keys", "ledger*", "reports")
    )
    return tmp_path / "s"


def test_document_is_written_whole_in_every_form(share: Path, tally: Callable[..., Any]) -> None:
    ran = tally("agreement", "document", share)
    assert ran.code == 0, ran.err
    folder = share / "documents"
    page = (folder / "agreement.html").read_text()
    levels = [int(n) for n in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert '<html lang="en' in page
    for party in io.load(share).parties:
        assert party.name in page
    text = "\n".join(p.text for p in docx.Document(str(folder / "agreement.docx")).paragraphs)
    assert "Historical figures" in text
    assert json.loads((folder / "agreement.json").read_text())["agreement"]["id"] == "historical"


@pytest.mark.parametrize("form", ["docx", "json"])
def test_printed_document_comes_back_as_it_was(
    share: Path, tmp_path: Path, tally: Callable[..., Any], form: str
) -> None:
    assert tally("agreement", "document", share, "--format", form).code == 0
    before = io.load(share)
    ran = tally("agreement", "import", share / "documents" / f"agreement.{form}", "--to", tmp_path / "back")
    assert ran.code == 0, ran.err
    assert io.document_hash(io.load(tmp_path / "back")) == io.document_hash(before)


def test_check_and_sign_from_the_command_line(share: Path, tally: Callable[..., Any]) -> None:
    assert tally("agreement", "check", share).code == 0
    text = (share / "agreement.toml").read_text()
    (share / "agreement.toml").write_text(text.replace("rounding = 5", "rounding = 3"))
    refused = tally("agreement", "check", share, "--json")
    assert refused.code == 1
    found = json.loads(refused.out)["findings"]
    assert all(finding["remedy"] and finding["source"] for finding in found)
    nobody = tally(
        "agreement",
        "sign",
        share,
        "--party",
        "Department of Justice Records",
        "--officer",
        "iao",
        "--name",
        "Nobody At All",
    )
    assert nobody.code == 1, (nobody.out, nobody.err)


def test_a_broken_agreement_names_its_line(share: Path, tally: Callable[..., Any]) -> None:
    text = (share / "agreement.toml").read_text()
    (share / "agreement.toml").write_text(text.replace('kind = "mou"', 'kind = "treaty"'))
    ran = tally("agreement", "check", share)
    assert ran.code == 2
    assert "kind" in ran.err
    assert "Traceback" not in ran.err


def test_init_refuses_a_folder_in_use(share: Path, tmp_path: Path, tally: Callable[..., Any]) -> None:
    assert tally("init", share, "--template", "moj-dfe").code == 2
    assert tally("init", tmp_path / "new", "--template", "no-such").code == 2
    assert not (tmp_path / "new").exists()
    assert tally("init", tmp_path / "new", "--template", "data-first").code == 0
    assert tally("agreement", "check", tmp_path / "new").code == 1


TEMPLATES = ("moj-dfe", "data-first", "learner-register", "justice-data-lab", "local-performance")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("template", TEMPLATES)
def test_documents_pass_axe_and_print(template: str, tmp_path: Path, tally: Callable[..., Any]) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader

    assert tally("init", tmp_path / "s", "--template", template).code == 0
    assert tally("agreement", "document", tmp_path / "s").code == 0
    pages = sorted((tmp_path / "s" / "documents").glob("*.html"))
    assert pages
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True)
        for path in pages:
            page.goto(path.as_uri())
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
            page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
            sheets = PdfReader(tmp_path / "printed.pdf").pages
            assert all(abs(float(sheet.mediabox.width) - 595) < 2 for sheet in sheets), "not A4"
            words = sum(len(sheet.extract_text().split()) for sheet in sheets)
            assert words > 0.9 * len(page.inner_text("main").split()), "the print cuts text off"
        browser.close()


@pytest.mark.slow
def test_word_documents_open_in_libreoffice(tmp_path: Path, tally: Callable[..., Any]) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice")
    for template in TEMPLATES:
        assert tally("init", tmp_path / template, "--template", template).code == 0
        assert tally("agreement", "document", tmp_path / template, "--format", "docx").code == 0
        for path in (tmp_path / template / "documents").glob("*.docx"):
            path.rename(tmp_path / f"{template}-{path.name}")
    words = sorted(tmp_path.glob("*.docx"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        office,
        profile,
        "--headless",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        str(tmp_path),
    ]
    done = subprocess.run(
        [*command, *map(str, words)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "rror" not in done.stderr, done.stderr
    for path in words:
        read = path.with_suffix(".txt").read_text(encoding="utf-8-sig").split()
        wrote = " ".join(each.text for each in docx.Document(str(path)).paragraphs).split()
        assert set(wrote) - {"•"} <= set(read)
