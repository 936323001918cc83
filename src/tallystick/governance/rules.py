"""All rules that read the state of governance: `RULES`, rows of the same `Rule` as the agreement's.

Most are made from the questions (`tables.questions`): an answer that must be there, be yes or no, or lie in a vocabulary. What
has logic of its own is a small function `(asking, day) -> places` in `request_faults` or `paper_faults` and a row of
``tables/rules.csv``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tallystick.agreement.rule import Case as Day
from tallystick.agreement.rule import Door, Rule, is_answered
from tallystick.errors import Finding
from tallystick.governance import paper_faults, request_faults
from tallystick.governance.conditions import Asking, is_asked
from tallystick.governance.forms import Question
from tallystick.governance.tables.processes import PROCESSES
from tallystick.governance.tables.questions import LAW_SINCE, QUESTIONS, rows

DOORS: Mapping[str, Door] = {
    "request.release": "release", "agreement.sign": "sign", "holding.dispose": "destroy", "notice.publish": "publish",
    "transfer.receive": "supply", "transfer.accept": "supply", "transfer.secure": "supply", "access.use": "extract",
    "access.grant": "extract",
}  # fmt: skip
"""The doors of a share that an act goes with; every other act stands before all doors, at the request."""

SAYS = {
    "must-be-yes": "This must be answered yes before it can go on.",
    "must-be-no": "This must be answered no.",
    "word": "This is not answered with a word of its vocabulary.",
    "words": "This is not answered with words of its vocabulary.",
}


def rule_of(question: Question) -> Rule:
    """Return the rule that a question is."""

    def places(asking: Asking, _: Day) -> Iterator[str]:
        if is_unmet(question, asking):
            yield question.key

    subject = f"{question.process}.{question.act}"
    words = f" One of: {', '.join(question.words)}." if question.words else ""
    return Rule(
        id=question.id,
        requirements=question.requirements,
        subject=subject,
        test=places,
        says=SAYS.get(question.kind, "This is not answered."),
        do=question.text + words,
        doors=frozenset({DOORS.get(subject, "request")}),
        when=lambda asking, _: is_asked(question.when, asking),
        starts=LAW_SINCE.get(question.id),
    )


def is_unmet(question: Question, asking: Asking) -> bool:
    """Return whether a question that is asked lacks an answer, or has one that may not be.

    An earlier answer counts where a form is filled in bit by bit, or the question says that it stays (``stays``); else each
    act is asked anew, "every time" (75).
    """
    in_bits = question.act in PROCESSES[question.process].early.values()
    answer = asking.get(question.key) if in_bits or question.stays else asking.given(question.key)
    if answer is None or not is_answered(answer):
        return question.required
    if question.kind in ("must-be-yes", "must-be-no"):
        return answer is not (question.kind == "must-be-yes")
    given = answer if isinstance(answer, list) else [answer]
    return bool(question.words) and not set(given) <= set(question.words)


def rule_of_row(row: Mapping[str, str]) -> Rule:
    """Return the rule that a row of ``tables/rules.csv`` describes; its logic is the function that ``fault`` names."""
    test: request_faults.Test = getattr(request_faults, row["fault"], None) or getattr(
        paper_faults, row["fault"]
    )
    return Rule(
        id=row["id"],
        requirements=tuple(int(number) for number in row["requirements"].split()),
        subject=row["reads"],
        test=test,
        says=row["says"],
        do=row["do"],
        doors=frozenset({DOORS.get(row["reads"], "request")}),
        when=lambda asking, _: is_asked(row["when"], asking),
        severity="warn" if row["severity"] == "warn" else "refuse",
        source=row["source"],
    )


LOGIC: tuple[Rule, ...] = tuple(rule_of_row(row) for row in rows("rules.csv"))
RULES: tuple[Rule, ...] = (*LOGIC, *(rule_of(question) for question in QUESTIONS if question.is_rule))
BY_SUBJECT: Mapping[str, tuple[Rule, ...]] = {
    subject: tuple(rule for rule in RULES if rule.subject == subject)
    for subject in dict.fromkeys(rule.subject for rule in RULES)
}
"""The rules by what they read: ``process.act``, or ``designated`` for the acts that only the office's holder may do."""


HELD_OTHERWISE: Mapping[int, tuple[str, str]] = {
    # an enforceable requirement that needs no refusal: what holds it, and the test that fails without
    2: (
        "`triage.triage`: law enforcement is routed out to the Part 3 process",
        "tests/governance/test_triage.py::test_triage_takes_the_lightest_lawful_path",
    ),
    135: (
        "`outcomes.dpia_missed`: a DPIA that was required and missing opens an incident",
        "tests/governance/test_registers.py::test_missed_dpia_becomes_an_incident",
    ),
    252: (
        "`retention.end_of_keeping`: the linked set goes one month after publication",
        "tests/governance/test_registers.py::test_schedule_follows_the_clocks_of_what_is_held",
    ),
    313: (
        "`triage.triage`: police access to patients' data is routed to the DP9 or DP7 form",
        "tests/governance/test_triage.py::test_triage_takes_the_lightest_lawful_path",
    ),
    35: (
        "`triage.covering`: a repeat inside an agreement in force is matched to it at submission",
        "tests/governance/test_triage.py::test_triage_takes_the_lightest_lawful_path",
    ),
    150: (
        "`registers.processing`: the record of processing is made from live agreements, never kept by hand",
        "tests/governance/test_registers.py::test_processing_register_answers_article_30",
    ),
    254: (
        "`retention.end_of_keeping`: aggregates have no end",
        "tests/governance/test_registers.py::test_schedule_follows_the_clocks_of_what_is_held",
    ),
    321: (
        "`journal.Journal.act`: each act writes its events and its ledger entry, or nothing",
        "tests/governance/test_journal.py::test_every_event_has_its_entry_in_a_whole_ledger",
    ),
}


def ask(asking: Asking) -> tuple[Finding, ...]:
    """Return what every rule that guards an act finds; nothing when it may go on."""
    command = asking.command
    names = [f"{command.process}.{command.act}"]
    if command.act in PROCESSES[command.process].designated:
        names.append("designated")
    day = Day(asking.on)
    return tuple(
        finding
        for name in names
        for rule in BY_SUBJECT.get(name, ())
        for finding in rule.findings(asking, day)
    )
