"""Rules on agreements and projects: the templates pass, and each answer that a rule needs is missed when it is taken out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.agreement import gates, io, law, signing
from tallystick.agreement.project import Project
from tallystick.agreement.rule import DOORS, Case, Need, Rule, answers, broken, is_met
from tallystick.agreement.rules import RULES, check
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Refused

ON = date(2026, 11, 20)
PACKAGE = Path(io.__file__).parent
TEMPLATES = sorted(p for p in (PACKAGE / "templates").glob("*.toml") if "." not in p.stem)
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "historical"


def signed(agreement: Agreement) -> Agreement:
    bare = agreement.model_copy(update={"signatures": ()})
    for party in bare.parties:
        if party.officers.get("iao"):
            bare = signing.sign(
                bare, party.name, "iao", party.officers["iao"], datetime(2026, 11, 3, tzinfo=UTC)
            )
    return bare


WORLD = [signed(io.load(path)) for path in (*TEMPLATES, EXAMPLE)]


@pytest.mark.parametrize("agreement", WORLD, ids=lambda a: a.about.id)
def test_template_passes_once_signed(agreement: Agreement) -> None:
    assert [str(f) for f in check(agreement, ON) if f.severity == "refuse"] == []


@pytest.mark.parametrize("agreement", WORLD, ids=lambda a: a.about.id)
def test_template_is_refused_while_nobody_signed(agreement: Agreement) -> None:
    bare = agreement.model_copy(update={"signatures": ()})
    assert "unsigned" in {finding.rule for finding in check(bare, ON)}
    with pytest.raises(Refused):
        gates.ask(bare, "supply", ON)


def needs(subject: str) -> list[Rule]:
    return [rule for rule in RULES if rule.subject == subject and isinstance(rule.test, Need)]


WRONG: dict[str, tuple[Any, ...]] = {
    "answered": ("", None, [], {}),
    "one of": ("", None, 7),
    "yes": (False, None),
    "no": (True,),
    "empty": ("something", True, ["something"], "2026-01-01"),
    "not later": ("2999-01-01",),
    "not earlier": ("1900-01-01",),
    "at least": (0, -1, 1, None),
    "at most": (10**6,),
}


def broken_copies(document: Any, path: str, must: str, model: type[Any]) -> Iterator[Any]:
    """Yield copies of a document in which one answer on the path is wrong in one of the ways that its rule minds."""
    tree = json.loads(document.model_dump_json(by_alias=False))

    def holders(node: Any, parts: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
        if parts[0] == "*":
            for item in node or ():
                yield from holders(item, parts[1:]) if parts[1:] else ()
        elif len(parts) == 1:
            if isinstance(node, dict):
                yield node, parts[0]
        elif isinstance(node, dict) and node.get(parts[0]) is not None:
            yield from holders(node[parts[0]], parts[1:])

    for number in range(len(list(holders(tree, tuple(path.split(".")))))):
        for wrong in WRONG[must]:
            copy = json.loads(json.dumps(tree))
            holder, key = list(holders(copy, tuple(path.split("."))))[number]
            holder[key] = wrong
            try:
                yield model.model_validate(copy)
            except ValueError:
                continue


def fires(rule: Rule, documents: list[Any], model: type[Any], case: Any) -> bool:
    """Return whether some document that keeps the rule breaks it, and names it, once one answer is wrong."""
    assert isinstance(rule.test, Need)
    for document in documents:
        for copy in broken_copies(document, rule.test.path, rule.test.must, model):
            found = broken([rule], rule.subject, copy, case(copy))
            if found:
                assert {f.rule for f in found} == {rule.id}
                assert all(f.message and f.remedy and f.source for f in found)
                return True
    return False


@pytest.mark.parametrize("rule", needs("agreement"), ids=lambda rule: rule.id)
def test_rule_on_an_agreement_fires(rule: Rule) -> None:
    on = max(ON, rule.starts or ON)
    variants = [*WORLD, *(variant for agreement in WORLD for variant in variations(agreement))]
    assert fires(rule, variants, Agreement, lambda copy: Case(on, copy))


def variations(agreement: Agreement) -> Iterator[Agreement]:
    """Yield the agreement under other circumstances, so that rules for special cases have a case."""
    for about in (
        {"nations": ("England", "Wales")},
        {"ad_hoc": True},
        {"purpose": "law-enforcement"},
        {"previous_purpose": "care"},
        {"kind": "dsa"},
        {"kind": "mou"},
        {"kind": "isp"},
        {"about_living_people": False, "personal_data": False},
        {"suspended_on": ON},
        {"version": 2},
    ):
        yield agreement.model_copy(update={"about": agreement.about.model_copy(update=about)})
    tree = json.loads(agreement.model_dump_json(by_alias=False))
    for change in CHANGES:
        copy = json.loads(json.dumps(tree))
        change(copy)
        for dataset in copy["datasets"]:
            dataset.update(handling=dataset["handling"] or "With care", dpo_referral="DPO-1")
        try:
            yield Agreement.model_validate(copy)
        except ValueError:
            continue


def _set(path: str, value: Any) -> Any:
    def change(tree: dict[str, Any]) -> None:
        nodes: list[Any] = [tree]
        *parts, last = path.split(".")
        for part in parts:
            nodes = [
                inner
                for node in nodes
                if isinstance(node, dict) and node.get(part) is not None
                for inner in (node[part] if isinstance(node[part], list) else [node[part]])
            ]
        for node in nodes:
            node[last] = value

    return change


CHANGES = [
    _set("dpia.outcome", "full"),
    _set("dpia.outcome", "not-needed"),
    _set("dpia.stakeholders", []),
    _set(
        "dpia.risks",
        [{"risk": "a", "solution": "b", "result": "reduced", "evaluation": "c", "residual": "high"}],
    ),
    _set("supply.direct_access", True),
    _set("lawful_basis.article_6", "6(1)(a)"),
    _set("datasets.confidential", True),
    _set("datasets.fields.confidential_health", True),
    _set("datasets.fields.intelligence", True),
    _set("datasets.fields.special_category", True),
    _set("datasets.fields.criminal_offence", True),
    _set("datasets.publication", "embargoed"),
    _set("datasets.pseudonymised", True),
    _set("datasets.source", sorted(law.POSSIBLY_PERSONAL_SOURCES)[0]),
    _set("datasets.anonymisation_doubt", True),
    _set("datasets.anonymised", True),
    _set("parties.role", "processor"),
    _set("parties.waspi_signatory", True),
    _set("parties.government_security", False),
    _set("retention.identifiers", "after-review"),
    _set("retention.attributes", "indefinite"),
    _set("recipients.third_party", True),
    _set("recipients.receives", "aggregate"),
]


def projects() -> list[Project]:
    found = [io.load_project(path) for path in sorted((PACKAGE / "templates").glob("*.project.toml"))]
    return [*found, *io.load_projects(EXAMPLE)]


@pytest.mark.parametrize("rule", needs("project"), ids=lambda rule: rule.id)
def test_rule_on_a_project_fires(rule: Rule) -> None:
    documents = [(project, agreement) for project in projects() for agreement in WORLD]
    assert any(
        fires(rule, [project], Project, lambda copy, of=agreement: Case(ON, of, copy))
        for project, agreement in documents
    )


def test_rules_are_named_once_and_cite_what_they_come_from() -> None:
    names = [rule.id for rule in RULES]
    assert len(names) == len(set(names))
    assert all(rule.cited and rule.says and rule.do for rule in RULES)
    assert all(rule.doors <= set(DOORS) for rule in RULES)
    assert all(rule.starts is None or rule.ends is None or rule.starts < rule.ends for rule in RULES)


def test_an_edit_after_signing_voids_the_signatures() -> None:
    agreement = WORLD[0]
    edited = agreement.model_copy(
        update={"about": agreement.about.model_copy(update={"aim": "Something else"})}
    )
    found = {finding.rule for finding in check(edited, ON)}
    assert "unsigned" in found or any("sign" in rule for rule in found)
    assert signing.sign(
        edited,
        edited.parties[0].name,
        "iao",
        edited.parties[0].officers["iao"],
        datetime(2026, 11, 4, tzinfo=UTC),
    ).signatures


def test_only_the_holder_of_an_office_may_sign() -> None:
    agreement = WORLD[0].model_copy(update={"signatures": ()})
    party = agreement.parties[0].name
    with pytest.raises(Refused) as refused:
        signing.sign(agreement, party, "iao", "Somebody Else", datetime(2026, 11, 4, tzinfo=UTC))
    assert refused.value.findings[0].rule == "signed-by-office"
    with pytest.raises(BadInput, match="no party"):
        signing.sign(agreement, "Nobody", "iao", "x", datetime(2026, 11, 4, tzinfo=UTC))


def test_expiry_and_overdue_review_stop_the_doors() -> None:
    agreement = WORLD[0]
    assert agreement.about.ends is not None
    after_end = date(agreement.about.ends.year + 1, 1, 1)
    with pytest.raises(Refused):
        gates.ask(agreement, "supply", after_end)
    assert "review-overdue" in {finding.rule for finding in check(agreement, date(2028, 3, 1))}


@pytest.mark.parametrize("agreement", WORLD, ids=lambda a: a.about.id)
def test_document_survives_a_round_trip(agreement: Agreement, tmp_path: Path) -> None:
    for name in ("agreement.toml", "agreement.json"):
        io.dump(agreement, tmp_path / name) if name.endswith("toml") else (tmp_path / name).write_text(
            io.to_json(agreement)
        )
        again = io.load(tmp_path / name)
        assert again == agreement
        assert io.document_hash(again) == io.document_hash(agreement)


def test_need_of_a_path_is_read_in_every_place() -> None:
    agreement = WORLD[0]
    places = [where for where, _, _ in answers(agreement, ("datasets", "*", "fields", "*", "kind"))]
    assert len(places) == sum(len(dataset.fields) for dataset in agreement.datasets)
    assert is_met(Need("x", "not earlier"), date(2026, 11, 21), ON)
    assert not is_met(Need("x", "not earlier"), date(2026, 11, 19), ON)


def test_requirements_page_is_as_the_rules_say_and_leaves_nothing_out() -> None:
    from tallystick.governance import requirements_page

    docs = Path(__file__).resolve().parents[2] / "docs" / "requirements.md"
    assert docs.read_text() == requirements_page.page()
    assert requirements_page.without_rule_or_reason() == []
    for name, text in requirements_page.schemas().items():
        assert (docs.parent / "schema" / name).read_text() == text
