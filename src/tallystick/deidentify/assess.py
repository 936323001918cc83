"""The risk report of one extract: the figures, the special uniques, the attacks, the proposal, as one frozen record and a page.

It judges the whole combination of what an extract says of a person (requirement 170), under limits that the agreement
states or the caller gives, and says what each proposed loss of detail costs.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tallystick.deidentify.attacks import Attack, Rate, attribute_joins, inference, linkability, singling_out
from tallystick.deidentify.classes import classes, codes, profiles, sizes
from tallystick.deidentify.documents import PAGE
from tallystick.deidentify.proposal import Proposal, propose
from tallystick.deidentify.risk import Limits, Risk, findings, risk
from tallystick.deidentify.suda import special_uniques
from tallystick.errors import BadInput, Finding

HELD_BACK = 0.2
MOST_COLUMNS_SUDA = 12


@dataclass(frozen=True)
class Assessment:
    """What an extract exposes: figures, special uniques by size of their set, attacks, findings against the limits, proposal.

    ``contribution`` says which columns make people special, as shares; ``joins`` what remains linkable by attributes to
    another project's extract, where one was given.
    """

    risk: Risk
    minimal_uniques: Mapping[int, int]
    contribution: Mapping[str, float]
    attacks: tuple[Attack, ...]
    findings: tuple[Finding, ...]
    proposal: Proposal | None
    joins: Rate | None = None


def assess(
    tables: Mapping[str, pa.Table],
    limits: Limits,
    random: np.random.Generator,
    *,
    known: Sequence[str] | None = None,
    sensitive: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    sampling_fraction: float = 1.0,
    other: Mapping[str, pa.Table] | None = None,
) -> Assessment:
    """Return the assessment of an extract's tables.

    Columns are named ``table.column``. ``known`` are those that the intruder may know (default: all that are not
    sensitive); ``leave_out`` the keyed ids; ``other`` another project's extract of the same people. A fifth of the people, drawn
    by ``random``, is held back for the attacks. Raises BadInput for a column that is not there or fewer than ten people.
    """
    people = people_table(tables, leave_out)
    columns = [c for c in people.column_names if c != "person_id"]
    absent = sorted({*(known or ()), *sensitive} - set(columns))
    if absent:
        raise BadInput(f"The extract has no column {', '.join(absent)}. Columns are named table.column.")
    if people.num_rows < 10:
        raise BadInput("The extract holds fewer than ten people: do not release it as de-identified.")
    quasi = list(known) if known is not None else [c for c in columns if c not in sensitive]
    measured = risk(people, quasi, sensitive, sampling_fraction)
    special = special_uniques(codes(people, quasi[:MOST_COLUMNS_SUDA]), 3)
    held = random.random(people.num_rows) < HELD_BACK
    inside, outside = people.filter(pa.array(~held)), people.filter(pa.array(held))
    attacks = [
        singling_out(inside, outside, quasi, random),
        linkability(inside, outside, quasi, random),
        *(inference(inside, outside, quasi, secret, random) for secret in sensitive),
    ]
    found = findings(measured, limits)
    proposal = propose(people, quasi, limits, sensitive, sampling_fraction) if found else None
    joins = None
    if other is not None:
        theirs = people_table(other, leave_out)
        shared = [c for c in columns if c in theirs.column_names and people[c].type == theirs[c].type]
        joins = attribute_joins(people, theirs, shared) if shared else Rate(0, people.num_rows)
    return Assessment(
        measured,
        special.minimal,
        dict(zip(quasi, (round(share, 4) for share in special.contribution), strict=False)),
        tuple(attacks),
        found,
        proposal,
        joins,
    )


def group_findings(
    tables: Mapping[str, pa.Table],
    fewest: int,
    *,
    sensitive: Sequence[str] = (),
    leave_out: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return a finding where fewer than ``fewest`` people show the same in all that an intruder may know; see `assess`."""
    people = people_table(tables, leave_out)
    known = [name for name in people.column_names if name != "person_id" and name not in sensitive]
    size = sizes(classes(codes(people, known)))
    if not len(size) or size.min() >= fewest:
        return ()
    return (
        Finding(
            "extract.smallest-group",
            f"{int((size < fewest).sum()):,} of {len(size):,} people are in groups of fewer than {fewest} who show the same; the smallest "
            f"group is of {int(size.min())}.",
            "Give less detail (`tally risk` says what costs least), or have the risk owner accept it in the project's [accepted_risk].",
            "disclosure, smallest_group",
            "170",
            "Data First user guide",
        ),
    )


def people_table(tables: Mapping[str, pa.Table], leave_out: Sequence[str]) -> pa.Table:
    """Return one row a person: the columns as they are where each person has one row, else as lists of their values."""
    if len(tables) == 1:
        ((name, table),) = tables.items()
        if table["person_id"].combine_chunks().unique().__len__() == table.num_rows:
            kept = [
                c
                for c in table.column_names
                if c not in ("person_id", "link_quality") and f"{name}.{c}" not in leave_out
            ]
            renamed = ["person_id", *(f"{name}.{c}" for c in kept)]
            return table.select(["person_id", *kept]).rename_columns(renamed)
    return profiles(tables, leave_out)


def risk_page(assessment: Assessment, title: str) -> str:
    """Return the assessment as a page of HTML; it holds counts and shares, no value of any person."""
    measured = assessment.risk
    blocks = [
        (
            "The whole combination",
            [
                f"People: {measured.people:,}; groups of people alike: {measured.classes:,}; smallest group (k): {measured.k}.",
                f"Unique in the extract: {measured.sample_unique:,}; of these expected to be unique in the population: "
                f"{measured.population_unique:,.0f}.",
                f"A unique match is right with a chance of {measured.match_is_right:.0%}.",
                f"Expected share re-identified: {measured.expected_prosecutor:.1%} if the intruder knows who is in it, "
                f"{measured.expected_journalist:.1%} if not.",
                *(f"{one.column}: l = {one.l}, t = {one.t:.2f}." for one in measured.sensitive),
            ],
        ),
        (
            "What makes people special",
            [
                f"{count:,} minimal unique sets of {size} column(s)."
                for size, count in assessment.minimal_uniques.items()
            ]
            + [f"{name}: {share:.0%} of it." for name, share in assessment.contribution.items() if share],
        ),
        ("Attacks that were run", [attack_line(attack) for attack in assessment.attacks]),
        ("Against the limits", [found.message for found in assessment.findings] or ["Within every limit."]),
    ]
    if assessment.proposal is not None:
        blocks.append(("The least loss of detail", proposal_lines(assessment.proposal)))
    if assessment.joins is not None:
        blocks.append(
            (
                "What still joins to the other project's extract",
                [
                    f"By attributes alone {assessment.joins.successes:,} of {assessment.joins.attempts:,} people; by ids none."
                ],
            )
        )
    body = f"<h1>{html.escape(title)}</h1>" + "".join(
        f"\n<h2>{html.escape(heading)}</h2>\n<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"
        for heading, lines in blocks
    )
    return PAGE.format(title=html.escape(title), body=body)


def attack_line(attack: Attack) -> str:
    """Return an attack's outcome in a sentence."""
    low, high = attack.inside.interval
    line = (
        f"{attack.name.capitalize()}: {attack.inside.share:.1%} of {attack.inside.attempts} attempts "
        f"(95 % interval {low:.1%} to {high:.1%}); beyond the yardstick {attack.risk:.1%}."
    )
    absent = attack.claims_about_absent
    if absent is not None and absent.attempts:
        line += f" For people not in the extract a row was claimed {absent.share:.1%} of the time, always wrongly."
    return line


def proposal_lines(proposal: Proposal) -> list[str]:
    """Return a proposal in sentences: each changed column and what it costs."""
    kind = "the cheapest there is" if proposal.is_least else "the best found"
    head = f"{kind.capitalize()}, losing {proposal.total_cost:.0%} of the information of these columns:"
    if not proposal.passes:
        head = "No loss of detail short of withholding brings it within the limits."
    changed = [
        f"{name}: {detail} (costs {proposal.cost[name]:.0%})"
        for name, detail in proposal.details.items()
        if detail != "full"
    ]
    return [head, *changed]
