"""The papers of a synthetic share: the preset's agreement, complete and signed, and its projects.

The agreement is the template of `tally init`, with the columns that the synthetic files have beside it, and with its dates moved by whole
years where the day asked for is beyond its first year: a share made to practise on is always in force.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from tallystick.agreement import io, presets, signing
from tallystick.agreement.bodies import DFE
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.synth import presets as kinds
from tallystick.synth import series

IDENTITY = ("first_name", "middle_name", "surname", "dob", "gender", "postcode")
SPECIAL = {"ethnicity": "racial-or-ethnic-origin", "special_needs": "health"}
OFFENDING = {
    "offence_group", "offences", "disposal", "first_offence", "sentence_length_days", "reception_date", "order_date", "order_end_date",
    "conviction_date", "reoffended", "reoffence_date", "prior_offences", "prior_custody", "age_at_first_offence",
    "offending_rate", "offence_date", "reoffending_score", "assessment_date",
    "release_date", "index_date", "prior_court_appearances", "proven_date", "proof", "is_breach", "group", "severity", "is_custody",
}  # fmt: skip
CASES = {"case_id", "case_number", "upn", "uln", "pnc_id", "crn", "prison_number", "offender_ref"}
OFFICES = {
    "iao": "information asset owner", "dpo": "data protection officer", "siro": "senior information risk owner",
}  # fmt: skip
SCHOOLS = ("census", "learners", "attainment", "courses")
ABOUT_DATA = ("covers_", "eligible")  # lines whose dates are of the records, not of the agreement
REASON = "The study needs it; synthetic data only."


def agreement(
    preset: str,
    columns: dict[str, dict[str, str]],
    suffix: str,
    on: date | None = None,
    last_month: str = series.LAST,
) -> Agreement:
    """Return the signed agreement of a preset whose files have these columns (name to type, by source), in force ``on`` that day.

    ``last_month`` is the last of a board's series.
    """
    tree = tomllib.loads(moved(presets.template(kinds.preset(preset).template), years_on(preset, on)))
    known = {dataset["name"]: dataset for dataset in tree["dataset"]}
    first = known.get("pnc", tree["dataset"][0])
    if preset == "national":
        other = tomllib.loads(presets.template("moj-dfe"))
        tree["party"].append(next(party for party in other["party"] if party["name"] == DFE))
        tree["dpia"]["triggers"] = [*tree["dpia"].get("triggers", []), "children-or-vulnerable"]
        education = next(dataset for dataset in other["dataset"] if dataset["name"] == "education")
        known.update({name: {**education, "name": name} for name in SCHOOLS})
    sources = kinds.preset(preset).sources
    held = [types for source, types in columns.items() if source in sources]
    linking = {*IDENTITY, *(name for name in ("pnc_id", "uln") if sum(name in types for types in held) > 1)}
    made = []
    for source, types in columns.items():
        dataset = dict(known.get(source) or first)
        dataset["path"] = f"supplies/{source}.{suffix}"
        if source in SCHOOLS or source not in known:
            dataset.update(name=source, title=f"Synthetic records: {source}", eligible="")
        dataset["field"] = _fields(dataset.get("field", []), types, linking)
        made.append(dataset)
    tree["dataset"] = made
    if preset == "local-performance":
        _board(tree, last_month)
    if preset == "data-first":
        names = list(columns)
        tree["linkage"]["between"] = [[a, b] for i, a in enumerate(names) for b in names[i + 1 :]]
    if preset == "national":
        tree["linkage"]["between"] = [["police", name] for name in sources if name != "police"]
    return signed(Agreement.model_validate(tree))


def years_on(preset: str, on: date | None) -> int:
    """Return by how many whole years the template's dates must move so that ``on`` lies in its first year; 0 where it does."""
    starts: date = tomllib.loads(presets.template(kinds.preset(preset).template))["agreement"]["starts"]
    if on is None:
        return 0
    return max(on.year - starts.year - ((on.month, on.day) < (starts.month, starts.day)), 0)


def moved(text: str, years: int) -> str:
    """Return a template with every date so many years later, but for those that are about the records."""

    def later(found: re.Match[str]) -> str:
        return f"{int(found[1]) + years}{found[2]}"

    lines = text.splitlines(keepends=True)
    return "".join(
        line if line.startswith(ABOUT_DATA) else re.sub(r"\b(20\d\d)(-\d\d-\d\d)\b", later, line)
        for line in lines
    )


def measures(text: str, last_month: str) -> str:
    """Return the words on a board's measures with each break of definition as many months later as the board is."""
    by = series.later(last_month)

    def later(found: re.Match[str]) -> str:
        return f"{found[1]}{np.datetime64(found[2], 'M') + by}-01"

    return re.sub(r"(?m)^(from = )(20\d\d-\d\d)-01$", later, text)


def _board(tree: dict[str, Any], last_month: str) -> None:
    """Make the agencies of the worked board its parties, each the supplier of its own series; one of them sends nothing."""
    months = series.months(last_month)
    covers_to = date.fromisoformat(str((months[-1] + 1).astype("datetime64[D]") - 1))
    last = tree["party"][-1]
    tree["party"] = tree["party"][:1]
    for name, supplier in series.SUPPLIERS.items():
        officers = {office: f"{supplier}: {words}" for office, words in OFFICES.items()}
        tree["party"].append({**last, "name": supplier, "contact": f"{name}@board.example", "officers": officers,
                              "responsibilities": f"Supplies the {name} series by the 28th of the next month."})  # fmt: skip
    for dataset in tree["dataset"]:
        supplier = series.SUPPLIERS[dataset["name"]]
        dataset.update(
            supplier=supplier,
            owner=f"{supplier}: {OFFICES['iao']}",
            title=f"Monthly series of the {supplier}",
            source="",
            covers_to=covers_to,
        )
        dataset["quality"]["period"] = f"Months from {months[0]} to {months[-1]}"
    youth = {**tree["dataset"][0], "name": "youth", "path": "supplies/youth.csv", "supplier": series.SUPPLIERS["youth"],
             "owner": f"{series.SUPPLIERS['youth']}: {OFFICES['iao']}", "title": "Monthly series of the Youth Justice Service"}  # fmt: skip
    tree["dataset"].append(youth)


def _fields(listed: list[dict[str, Any]], types: dict[str, str], linking: set[str]) -> list[dict[str, Any]]:
    """Return the template's fields that the file has, then the others; identity may be missing, as in life.

    A person's number is an identifier where two sources have it (``linking``), else a case's.
    """
    old = {field["name"]: field for field in listed}
    fields = []
    for name in sorted(types, key=lambda n: list(old).index(n) if n in old else len(old)):
        if name in old:
            fields.append({**old[name], "required": name not in linking and old[name].get("required", False)})
        elif name in linking:
            fields.append({"name": name, "kind": "identifier", "matches": name, "type": types[name]})
        else:
            kind = "case-id" if name in CASES else "event-date" if types[name] == "date" else "attribute"
            field: dict[str, Any] = {
                "name": name, "kind": kind, "type": types[name], "justification": REASON, "criminal_offence": name in OFFENDING,
            }  # fmt: skip
            if name in SPECIAL:
                field["special_category"] = SPECIAL[name]
            fields.append(field)
    return fields


def signed(bare: Agreement) -> Agreement:
    """Return the agreement with the signature of each party's asset owner, made on the day that it starts."""
    assert bare.about.starts is not None
    at = datetime.combine(bare.about.starts, time(10), tzinfo=UTC)
    for party in bare.parties:
        if "iao" in party.officers:
            bare = signing.sign(bare, party.name, "iao", party.officers["iao"], at)
    return bare


def projects(preset: str, on: date | None = None) -> tuple[Project, ...]:
    """Return two projects of a research preset, whose extracts cannot be joined; none where there is no such thing."""
    text = presets.project_template(preset) if preset in presets.TEMPLATES else None
    if text is None:
        return ()
    first = io.parse(moved(text, years_on(preset, on)), Project, name=f"{preset}.project.toml")
    datasets = tuple(
        one.model_copy(update={"fields": one.fields[: max(1, len(one.fields) - 1)]}) for one in first.datasets
    )
    second = first.model_copy(
        update={
            "id": f"{first.id}-replication",
            "title": f"{first.title}: replication",
            "aim": "Check the first project's findings by other hands, on fewer fields.",
            "datasets": datasets,
        }
    )
    return (first, second)
