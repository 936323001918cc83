"""A board's share begun: a memorandum of understanding in which only what is not yet known is asked.

Nothing is asked that only personal data would need (a lawful basis, a DPIA, a data sharing agreement): the figures are about nobody,
and the page says so. All else stands in the template.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tomli_w

from tallystick.agreement import io, presets
from tallystick.agreement.schema import Agreement
from tallystick.agreement.values import after
from tallystick.errors import BadInput
from tallystick.performance.definitions import parse

TEMPLATE = "local-performance"


@dataclass(frozen=True)
class Question:
    """One question: its key, its words, an example, and its answer where none is given ("" where one is needed)."""

    key: str
    words: str
    example: str
    default: str = ""


QUESTIONS: tuple[Question, ...] = (
    Question("board", "What is the board called?", "Northshire Criminal Justice Board"),
    Question("area", "Which area is it about?", "Northshire"),
    Question(
        "agencies", "Who sends what? (return=agency, several with commas)",
        "police=Northshire Police, charging=Crown Prosecution Service, courts=HM Courts and Tribunals Service",
    ),
    Question("chair", "Which body chairs the board and keeps the register of sharing?", "Police and Crime Commissioner"),
    Question("contact", "To whom do people write?", "performance@board.example"),
    Question("starts", "From which day?", "2026-12-01"),
    Question("early", "Who sees figures before they are published, if anybody?", "Board analysts", "nobody"),
    Question("minimum", "Which counts are hidden? (those under …)", "10", "10"),
)  # fmt: skip
"""All that is asked: at most ten questions, by requirement of the issue that no share without personal data asks more."""


def begin(folder: Path, answers: Mapping[str, str]) -> dict[Path, str]:
    """Return the files of a new share by path, to be written. Raises BadInput for answers that are missing or cannot be read."""
    given = {
        question.key: str(answers.get(question.key) or question.default).strip() for question in QUESTIONS
    }
    unknown = sorted(set(answers) - set(given))
    lacking = [question for question in QUESTIONS if not given[question.key]]
    if unknown:
        raise BadInput(f"There is no question {', '.join(unknown)}. The questions: {', '.join(given)}.")
    if lacking:
        raise BadInput(
            "Not answered yet: "
            + "; ".join(f"{each.key} ({each.words} e.g. {each.example})" for each in lacking)
            + "."
        )
    agencies = agencies_of(given["agencies"])
    agreement = Agreement.model_validate(memorandum(given, agencies))
    return {
        folder / "agreement.toml": io.to_toml(agreement),
        folder / "measures.toml": tomli_w.dumps(measures(given, agencies)),
    }


def agencies_of(text: str) -> dict[str, str]:
    """Return the agencies by the name of their return."""
    known = {each["dataset"] for each in tomllib.loads(measures_text())["measure"]}
    found = {}
    for part in text.split(","):
        name, _, agency = (each.strip() for each in part.partition("="))
        if not agency or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise BadInput(
                f"agencies: write each as return=agency; the returns known are {', '.join(sorted(known))}."
            )
        found[name] = agency
    if not known & set(found):
        raise BadInput(
            f"agencies: none of these returns is known: {', '.join(sorted(known))}. Add others later in measures.toml."
        )
    return found


def measures_text() -> str:
    """Return the template's measures."""
    text = presets.measures_template(TEMPLATE)
    assert text is not None
    return text


def memorandum(given: Mapping[str, str], agencies: Mapping[str, str]) -> dict[str, Any]:
    """Return the agreement as a tree."""
    try:
        starts = date.fromisoformat(given["starts"])
        minimum = int(given["minimum"])
    except ValueError:
        raise BadInput("starts is a day such as 2026-12-01, and minimum a whole number such as 10.") from None
    tree = tomllib.loads(presets.template(TEMPLATE))
    about, dataset = tree["agreement"], tree["dataset"][0]
    name = re.sub(r"[^a-z0-9]+", "-", given["board"].lower()).strip("-")[:60] or TEMPLATE
    about.update(
        id=name, title=f"{given['board']}: performance data", starts=starts, ends=after(starts, "P3Y"), next_review=after(starts, "P1Y"),
        personal_data_reason=about["personal_data_reason"].replace("under ten", f"under {minimum}"),
    )  # fmt: skip
    tree["party"] = [
        party(given["chair"], given["contact"], "Chairs the board, keeps the register of sharing.")
    ]
    tree["party"] += [
        party(agency, given["contact"], f"Supplies the {name} series each month.")
        for name, agency in agencies.items()
        if agency != given["chair"]
    ]
    tree["dataset"] = [
        {**dataset, "name": name, "title": f"Monthly series of {agency}", "supplier": agency, "owner": f"{agency}: information asset owner",
         "path": f"supplies/{name}.csv", "source": "", "covers_to": starts}
        for name, agency in agencies.items()
    ]  # fmt: skip
    if given["early"].lower() != "nobody":
        tree["recipient"].append(
            {"name": given["early"], "receives": "aggregate", "purposes": ["local picture", "early sight"]}
        )
    tree["disclosure"]["minimum_cell_count"] = minimum
    for section in ("foi", "incident", "dispute"):
        tree[section]["contact"] = given["contact"]
    tree["retention"]["responsible"] = f"{given['chair']}: information asset owner"
    return tree


def party(name: str, contact: str, does: str) -> dict[str, Any]:
    """Return one party with its offices by name of office."""
    return {
        "name": name, "role": "controller", "contact": contact, "responsibilities": does, "government_security": True,
        "officers": {
            "iao": f"{name}: information asset owner", "dpo": f"{name}: data protection officer", "siro": f"{name}: senior information risk owner",
        },
    }  # fmt: skip


def measures(given: Mapping[str, str], agencies: Mapping[str, str]) -> dict[str, Any]:
    """Return measures.toml as a tree: the template's measures of the returns that are sent, without the example's districts and breaks."""
    tree = tomllib.loads(measures_text())
    tree["board"] = {"title": given["board"], "area": given["area"], "country": "England and Wales"}
    tree["area"] = [
        {"name": "England and Wales", "code": "K04000001"},
        {"name": given["area"], "kind": "board", "part_of": "England and Wales"},
    ]
    tree["measure"] = [
        {key: value for key, value in each.items() if key != "break"} | {"agency": agencies[each["dataset"]]}
        for each in tree["measure"]
        if each["dataset"] in agencies
    ]
    parse(tomli_w.dumps(tree))
    return tree
