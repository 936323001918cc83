"""The documents of an agreement: whole, in order, back again as they were; a changed one is refused."""

from __future__ import annotations

import json
import re
import shutil
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
