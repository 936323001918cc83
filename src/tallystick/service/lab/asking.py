"""The questions of a request, one a page: what is asked, of whom, and which sub-analyses, before anybody looks at an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tallystick.agreement.schema import Agreement
from tallystick.lab.request import COVARIATES, Request, parse

LONGEST = 200
POOL = str(Request.model_fields["pool"].default)
WORDS = {
    "sex": "Women and men apart",
    "ethnicity": "Ethnic groups apart",
    "area": "Regions apart",
    "offence_group": "Kinds of offence apart",
    "disposal": "Kinds of sentence apart",
}
"""The sub-analyses that are offered where the police data has the column."""


@dataclass(frozen=True)
class Question:
    """One question: its key, its words, a hint, and the choices (value to words) where it has some."""

    key: str
    words: str
    hint: str = ""
    choices: Mapping[str, str] | None = None
    is_many: bool = False


def questions(agreement: Agreement) -> tuple[Question, ...]:
    """Return the questions of a request under this agreement."""
    held = {field.name for dataset in agreement.datasets if dataset.name == POOL for field in dataset.fields}
    return (
        Question("programme", "What is your work called?", "As the report will name it, for example: the Northshire mentoring scheme"),
        Question("title", "What should the report be called?", "For example: Northshire mentoring, those who started in 2024"),
        Question("outcome", "What should the report answer?", "The primary outcome. It cannot be changed once it is fixed.", outcomes(agreement)),
        Question(
            "subgroups", "Which sub-analyses should be made?",
            "Each is one more question that is asked of the same people: results are adjusted for their number. Choose none if you need none.",
            {name: words for name, words in WORDS.items() if name in held and name in COVARIATES}, is_many=True,
        ),
    )  # fmt: skip


def outcomes(agreement: Agreement) -> dict[str, str]:
    """Return the primary outcomes that the agreement allows, by the months of their follow-up."""
    assert agreement.lab is not None
    months = dict.fromkeys((agreement.lab.follow_up_months, *agreement.lab.other_follow_ups))
    return {
        str(
            each
        ): f"How many reoffend within {'one year' if each == 12 else f'{each} months'}, as officially defined"
        for each in months
    }


def problem(question: Question, answer: Any) -> str:
    """Return what is wrong with an answer; empty where it may stand."""
    if question.is_many:
        return "" if set(answer) <= set(question.choices or ()) else "Choose from the list."
    if question.choices is not None:
        return "" if answer in question.choices else "Select one answer."
    if not answer:
        return "Answer this question."
    if len(answer) > LONGEST or not answer.isprintable():
        return f"Write one line of at most {LONGEST} characters."
    return ""


def request_from(answers: Mapping[str, Any], name: str) -> Request:
    """Return the request that these answers make; raise BadInput where they make none."""
    return parse(
        {
            "id": name, "title": answers["title"], "programme": answers["programme"],
            "follow_up_months": int(answers["outcome"]), "subgroups": answers["subgroups"],
        },
        "The request",
    )  # fmt: skip


def in_words(question: Question, answer: Any) -> str:
    """Return an answer as people read it."""
    if question.choices is None:
        return str(answer)
    chosen = answer if question.is_many else [answer]
    return "; ".join(question.choices[each] for each in chosen) or "None"


def answers_of(request: Request) -> dict[str, Any]:
    """Return a request as answers to the questions."""
    return {
        "programme": request.programme, "title": request.title, "outcome": str(request.follow_up_months),
        "subgroups": [name for name in request.subgroups if name in WORDS],
    }  # fmt: skip
