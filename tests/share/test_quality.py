"""The report on a linkage's quality: it answers what is asked, hides what is small, names nobody, and is accessible."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tallystick.agreement import io
from tallystick.agreement.schema import Analysis
from tallystick.share import quality, review
from tallystick.share.audit import audit
from tallystick.share.rooms import Share, open_share
from tallystick.share.run import run
from worlds import CLOCK, COLUMNS, signed, write_share

ANSWERS = {
    "populations", "rate", "method", "links", "accuracy", "calibration", "implausible", "compared", "bias", "threshold", "weights",
    "limits", "asked",
}  # fmt: skip


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Share:
    """A share of 300 people, nurses' birth dates ruined for a third of them, reviewed by two people and finished."""
    folder = write_share(tmp_path_factory.mktemp("quality") / "s", people=300)
    supply = folder / "supplies" / "education.csv"
    rows = list(csv.DictReader(supply.read_text().splitlines()))
    for n, row in enumerate(rows):
        if row["occupation"] == "nurse" and n % 3 == 0:
            row |= {
                "dob": "",
                "surname": row["surname"][::-1],
                "first_name": row["first_name"][:1],
                "postcode": "",
            }
    with supply.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    agreement = io.load(folder)
    assert agreement.linkage is not None
    analysis = Analysis(outcome="education.occupation", value="clerk")
    linkage = agreement.linkage.model_copy(update={"expected_to_link": ("justice",), "analyses": (analysis,)})
    retention = agreement.retention.model_copy(
        update={"identifiers": "after-review", "identifiers_reason": "pairs are reviewed"}
    )
    changed = agreement.model_copy(update={"linkage": linkage, "retention": retention})
    io.dump(signed(changed), folder / "agreement.toml")
    share = open_share(folder)
    run(share, clock=CLOCK, until="link")
    review.draw(share, io.load(folder), clock=CLOCK, pairs=60)
    right = truths(share)
    for reviewer in ("ann", "bob"):
        for pair, answer in enumerate(right):
            slip = reviewer == "bob" and pair % 20 == 0
            review.judge(share, pair, "unsure" if slip else answer, clock=replace(CLOCK, actor=reviewer))
    for pair, answer in enumerate(right):
        if pair % 20 == 0:
            review.judge(share, pair, answer, clock=replace(CLOCK, actor="cleo"))
    review.close(share, io.load(folder), clock=CLOCK)
    run(share, clock=CLOCK)
    return share


def truths(share: Share) -> list[str]:
    people: dict[tuple[str, str], str] = {}
    for source in ("justice", "education"):
        known = dict(csv.reader((share.truth / f"{source}.csv").read_text().splitlines()))
        for row in pq.read_table(share.supplier(source) / "keys.parquet").to_pylist():
            people[source, row["supply_key"]] = known[row["record_id"]]
    return [
        "yes"
        if people[row["source_l"], row["supply_key_l"]] == people[row["source_r"], row["supply_key_r"]]
        else "no"
        for row in pq.read_table(share.linker / "review" / "sample.parquet").to_pylist()
    ]


def said(share: Share) -> Any:
    return json.loads((share.root / "reports" / "linkage-quality.json").read_text())


def test_it_answers_what_is_asked(reviewed: Share) -> None:
    html = (reviewed.root / "reports" / "linkage-quality.html").read_text()
    found = said(reviewed)
    assert {*re.findall(r'<h2 id="(\w+)"', html)} == ANSWERS
    assert {*re.findall(r'href="#(\w+)"', html)} <= ANSWERS
    assert "<script" not in html
    assert html.count("<caption>") == html.count("<table>")
    assert found["accuracy"]["review"]["precision"]["low"] > 0.5
    assert found["accuracy"]["review"]["recall"]["value"] <= 1
    assert "cleo" not in html
    assert "cleo" not in json.dumps(found)
    assert found["calibration"]["diagram"]
    assert {one["source"] for one in found["sensitivity"]["thresholds"][0]["sources"]} == {
        "justice",
        "education",
    }
    assert [one["dataset"] for one in found["populations"] if one["should_all_link"]] == ["justice"]
    assert found["method"]["software"]["duckdb"]
    assert found["weights"]
    full = {(one["source"], one["identifier"]): one["missing_share"] for one in found["completeness"]}
    assert {source for source, _ in full} == {"justice", "education"}
    assert full["education", "surname"] == 0
    assert {one["field"] for one in found["fields"]} >= {"sex", "birth years", "occupation"}
    assert found["sensitivity"]["analyses"][0]["answers"]
    assert any("before the reviewers' decisions" in text for text in found["limitations"])


def numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from numbers(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value


def test_small_counts_are_hidden(reviewed: Share) -> None:
    found = said(reviewed)
    few = found["about"]["smallest"]
    parts = [
        found[name]
        for name in (
            "populations",
            "rates",
            "stages",
            "clusters",
            "links_by_probability",
            "bias",
            "implausible",
        )
    ]
    for key, value in numbers(parts):
        if key in {"people", "linked", "unlinked", "links", "persons"}:
            assert value == 0 or value >= few, key
    for one in found["rates"]:
        if one["linked_share"] is not None:
            linked = one["people"] * one["linked_share"]
            assert min(linked, one["people"] - linked) >= few - 1e-9


def test_made_again_it_says_the_same_and_the_ledger_knows_it(
    reviewed: Share, tally: Callable[..., Any]
) -> None:
    before = said(reviewed)
    ran = tally("link", "quality", reviewed.root, "--json")
    assert ran.code == 0, ran.err
    again = json.loads(ran.out)
    assert {k: v for k, v in again.items() if k != "about"} == {
        k: v for k, v in before.items() if k != "about"
    }
    assert audit(reviewed).findings == ()
    told = tally("link", "quality", reviewed.root)
    assert "reports/linkage-quality.html" in told.out
    assert "probable match" in told.out


def test_without_links_there_is_nothing_to_report(tmp_path: Path, tally: Callable[..., Any]) -> None:
    ran = tally("link", "quality", write_share(tmp_path / "s", people=20))
    assert (ran.code, "tally link run" in ran.err) == (2, True)


@pytest.mark.parametrize("worse", [True, False])
def test_bias_is_told_in_plain_words(reviewed: Share, worse: bool) -> None:
    found = said(reviewed)
    one = {"dataset": "justice", "measure": "did not link", "field": "home_area", "group": "north", "people": 200,
           "rate": 0.3, "rest": 0.1, "ratio": 3.0, "low": 2.0, "high": 4.0, "p_adjusted": 0.001}  # fmt: skip
    found["bias"] = {"tested": 9, "expected_to_link": ["justice"], "worse": [one] if worse else []}
    html = quality.page(found)
    from tallystick.share.limits import limitations

    assert (
        any("north (home area) fare worse: did not link 3.0 times" in text for text in limitations(found))
        == worse
    )
    assert ("none fares worse" in html) == (not worse)


@pytest.mark.browser
def test_it_passes_axe_with_and_without_a_review(reviewed: Share, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    bare = said(reviewed)
    bare |= {"calibration": None, "bias": None, "weights": [], "implausible": []}
    bare["accuracy"]["review"] = None
    (tmp_path / "bare.html").write_text(quality.page(bare))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True)
        for place in (reviewed.root / "reports" / "linkage-quality.html", tmp_path / "bare.html"):
            page.goto(place.as_uri())
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
        browser.close()
