"""At least 200 planted disclosures, all found; at least 200 safe outputs, at most 2 % stopped."""

from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from tallystick.disclosure.check import Checked, check_files
from tallystick.disclosure.rules import Limits, rules

SEEDS = (1, 20)


def checked(suite: ModuleType, case: Any, folder: Path) -> Checked:
    folder.mkdir()
    paths = [suite.save(rows, folder / name) for name, rows in case.files.items()]
    if case.about:
        (folder / "t.about.toml").write_text(case.about, encoding="utf-8")
    released: Any = ()
    if case.earlier:
        (folder / "earlier").mkdir()
        earlier = [suite.save(rows, folder / "earlier" / name) for name, rows in case.earlier.items()]
        released = check_files(earlier, Limits()).counts
    return check_files(paths, Limits(zeros_are_disclosive=case.zeros), released)


def test_every_planted_disclosure_is_found(suite: ModuleType, tmp_path: Path) -> None:
    missed: Counter[str] = Counter()
    tried = 0
    for seed in SEEDS:
        for at, case in enumerate(suite.planted(seed)):
            tried += 1
            found = {finding.rule for finding in checked(suite, case, tmp_path / f"{seed}-{at}").refusals}
            if not found & case.expect:
                missed[case.kind] += 1
    assert tried >= 200
    assert not missed, missed


def test_safe_outputs_pass(suite: ModuleType, tmp_path: Path) -> None:
    stopped: Counter[str] = Counter()
    tried = 0
    for seed in SEEDS:
        for at, case in enumerate(suite.safe(seed)):
            tried += 1
            if checked(suite, case, tmp_path / f"{seed}-{at}").refusals:
                stopped[case.kind] += 1
    assert tried >= 200
    assert stopped.total() <= 0.02 * tried, stopped


def test_every_rule_of_the_file_names_a_check_that_exists() -> None:
    from tallystick.disclosure import check, count_checks, differencing, sheet_checks

    for rule in rules().values():
        assert any(
            hasattr(module, rule.check) for module in (check, count_checks, sheet_checks, differencing)
        ), rule.id
        assert rule.risk
        assert rule.remedy
        assert rule.evidence


def test_every_refusing_rule_is_tried_by_the_suite(suite: ModuleType) -> None:
    tried = {rule for case in suite.planted(1, 40) for rule in case.expect}
    assert set(rules()) - tried <= {
        "dominance.unknown", "table.unknown", "table.header", "text.small-counts",  # the last two: test_as_saved.py
    }  # fmt: skip
