"""The realism page: what the shipped population looks like, beside what has been published about the real one.

A published figure stands here with the page on which it was read, all of them again on 21 November 2026. Where none was read, the row
says `unverified`, and its figure is only our own assumption or is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tallystick.synth import lab
from tallystick.synth.lab import Intervention
from tallystick.synth.names import names
from tallystick.synth.observe import ETHNIC_LABELS, observe
from tallystick.synth.people import ETHNICITY, People, block
from tallystick.synth.presets import PRESETS, Asked, day
from tallystick.synth.streams import Ints

BIRTHS = "ONS, Characteristics of Birth 2, England and Wales, 2013 (17 November 2014)"
HOUSEHOLDS = "ONS, Census 2021, households in England and Wales (2 November 2022)"
GROUPS = "GOV.UK Ethnicity facts and figures, population of England and Wales, Census 2021"
SURNAMES = "P. Dance, Comparative Table of 300 Leading Surnames, England and Wales 1984–97"
REOFFENDING = "MoJ, Proven reoffending statistics quarterly, July 2011 to June 2012"
RECENT = "MoJ, Proven reoffending statistics, April to June 2023 (24 April 2025)"
DETAILED = "ONS, Census 2021, table TS022, ethnic group (detailed), England and Wales"
MOTHERS = "ONS, Characteristics of Mother 2, England and Wales, 2013 (4 December 2014)"
BIRTHDAYS = "ONS, How popular is your birthday?, births of 1995 to 2014 (December 2015)"
NONE = "unverified"
READ_AT = {
    BIRTHS: "www.ons.gov.uk/peoplepopulationandcommunity/birthsdeathsandmarriages/livebirths/bulletins/characteristicsofbirth2/2014-11-17",
    MOTHERS: "www.ons.gov.uk/ons/rel/vsob1/characteristics-of-mother-2--england-and-wales/",
    BIRTHDAYS: "greetingstoday.co.uk, December 2015, which quotes it: 1,974 and 1,359 births where a day has 1,800",
    HOUSEHOLDS: "the ONS's own summary of the day of release",
    GROUPS: "www.ethnicity-facts-figures.service.gov.uk, population of England and Wales",
    DETAILED: "censusdata.uk, which repeats the table",
    SURNAMES: "homepages.newnet.co.uk/dance/webpjd/offstats/comtable.htm, column of deaths 1984–97",
    REOFFENDING: "www.gov.uk/government/statistics/proven-reoffending-statistics-quarterly-statistics-july-2011-to-june-2012",
    RECENT: "www.gov.uk/government/statistics/proven-reoffending-statistics-april-to-june-2023",
}
ON = day("2021-03-21")
LEADING = {
    "Smith": 0.0137, "Jones": 0.0114, "Williams": 0.0073, "Taylor": 0.0063, "Brown": 0.0058, "Davies": 0.0058,
    "Evans": 0.0047, "Thomas": 0.0041, "Wilson": 0.0039, "Wright": 0.0032,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One figure: ours, the published one (None where none was read), and where it was read."""

    what: str
    ours: float
    published: float | None
    source: str
    form: str = "{:.1%}"


def rows(seed: int, blocks: int = 4) -> list[Row]:
    """Return the figures of a population of ``blocks`` blocks."""
    made = [block(seed, n, 50_000) for n in range(blocks)]
    offenders = [block(seed, n, 50_000, PRESETS["justice-data-lab"].population) for n in range(blocks)]
    return [*births(made), *households(made), *ethnic(made), *named(made), *reoffending(offenders), *missing(seed)]  # fmt: skip


def births(made: list[People]) -> Iterator[Row]:
    """Yield twins, sexes and the season of births."""
    children = sum(int(p.child.sum()) for p in made)
    twins = sum(int((p.twin & p.child).sum()) for p in made)
    rate = 1000 * (twins / 2) / (children - twins / 2)
    yield Row("Maternities with several births, of 1,000", rate, 15.6, BIRTHS, "{:.1f}")
    boys = sum(int(((p.sex == 1) & p.child).sum()) for p in made)
    yield Row("Boys among live births", boys / children, 358_383 / 698_512, BIRTHS)
    months = np.concatenate([p.birth.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 for p in made])  # fmt: skip
    yield Row("Born in September", float((months == 8).mean()), None, NONE)
    yield Row("Born in December", float((months == 11).mean()), None, NONE)
    days = np.concatenate([p.birth for p in made]).astype("datetime64[D]")
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1
    for word, month, births in (("September", 8, 1974), ("December", 11, 1359)):
        share = float(((months == month) & (of_month == 26)).mean()) * 365.25
        yield Row(f"Born on 26 {word}, times a mean day", share, births / 1800, BIRTHDAYS, "{:.2f}")
    order = np.concatenate([orders(p) for p in made])
    for turn, word, share in ((0, "First", 0.38), (1, "Second", 0.36), (2, "Third", 0.16)):
        yield Row(f"{word} births, of live births", float((order == turn).mean()), share, MOTHERS)


def orders(people: People) -> Ints:
    """Return which child of the family each child is, from 0."""
    family = people.family[people.child]
    starts = np.flatnonzero(np.concatenate([[True], family[1:] != family[:-1]]))
    return np.arange(len(family)) - np.repeat(starts, np.diff(np.append(starts, len(family))))


def households(made: list[People]) -> Iterator[Row]:
    """Yield the sizes of households on census day, and how many moved within a year."""
    sizes, moved = [], []
    for people in made:
        here = np.flatnonzero((people.birth <= ON) & (people.died > ON) & (people.emigrated > ON))
        now = people.addresses(here, np.full(len(here), ON))
        before = people.addresses(here, np.full(len(here), ON - 365))
        moved.append(now != before)
        sizes.append(np.unique(now, return_counts=True)[1])
    counts = np.concatenate(sizes)
    yield Row("People in a household, mean", float(counts.mean()), 2.4, HOUSEHOLDS, "{:.2f}")
    yield Row("Households of one person", float((counts == 1).mean()), 0.302, HOUSEHOLDS)
    yield Row("People who moved within a year", float(np.concatenate(moved).mean()), None, NONE)


def ethnic(made: list[People]) -> Iterator[Row]:
    """Yield the shares of the largest ethnic groups."""
    labels = np.concatenate([ETHNIC_LABELS[p.ethnic] for p in made])
    published = {
        "White: British": (0.744, GROUPS), "White: Other": (0.062, GROUPS), "Asian: Indian": (0.031, GROUPS),
        "Asian: Bangladeshi": (644_881 / 59_597_544, DETAILED), "Asian: Chinese": (445_619 / 59_597_544, DETAILED),
    }  # fmt: skip
    for label, _, _ in ETHNICITY:
        known, source = published.get(label, (None, NONE))
        yield Row(label, float((labels == label).mean()), known, source)


def named(made: list[People]) -> Iterator[Row]:
    """Yield how common the commonest surnames are, and the tail of both kinds of names."""
    last = Counter(np.concatenate([p.surname for p in made]).tolist())
    total = sum(last.values())
    for name, share in LEADING.items():
        yield Row(f"Surname {name}", last[names().at[name]] / total, share, SURNAMES, "{:.2%}")
    first = Counter(np.concatenate([p.first for p in made]).tolist())
    for what, counts in (("Surnames", last), ("First names", first)):
        once = sum(n == 1 for n in counts.values()) / len(counts)
        common = sum(n for _, n in counts.most_common(100)) / total
        yield Row(f"{what} borne by one person, of all that are borne", once, None, NONE)
        yield Row(f"{what}: people who bear one of the hundred commonest", common, None, NONE)


def reoffending(made: list[People]) -> Iterator[Row]:
    """Yield one-year reoffending without any intervention: all, by previous offences, by sex and age."""
    rate, prior, sex, age = [], [], [], []
    for people in made:
        everybody = np.arange(len(people))
        found = lab.offenders(people, everybody, day("2025-12-31"), 0, Intervention(effect=0.0))
        rate.append(found.truth["reoffends_without"])
        prior.append(found.pnc.attributes["prior_offences"])
        sex.append(people.sex)
        age.append(found.pnc.attributes["age_at_index"])
    again, before, who, years = (np.concatenate(v) for v in (rate, prior, sex, age))
    yield Row("Reoffend within a year", float(again.mean()), 0.262, REOFFENDING)
    yield Row("Reoffend within a year", float(again.mean()), 0.275, RECENT)
    yield Row("… with no previous offence", float(again[before == 0].mean()), 0.105, REOFFENDING)
    yield Row("… with 11 or more", float(again[before >= 11].mean()), 0.47, REOFFENDING)
    groups = {
        "women": who == 0,
        "men": who == 1,
        "aged 18 to 24": (years >= 18) & (years < 25),
        "aged 40 or more": years >= 40,
    }
    for what, group in groups.items():
        yield Row(f"… {what}", float(again[group].mean()), None, NONE)


def missing(seed: int) -> Iterator[Row]:
    """Yield how often fields are missing in the two sources of the MoJ–DfE share."""
    from tallystick.synth.errors import shipped

    kind = PRESETS["moj-dfe"]
    people = block(seed, 0, 20_000, kind.population)
    part = kind.fill(people, 0, Asked(18_400, seed), 20_000)
    for source in kind.sources:
        seen = observe(people.streams.of(source), source, people, part.sources[source], shipped(), "R")
        for field in ("first_name", "dob", "gender", "postcode"):
            kinds = seen.log[field][0]
            yield Row(
                f"{field} missing in {source}", float((kinds == "missing").mean()), None, NONE, "{:.2%}"
            )


def page(seed: int = 1, blocks: int = 4) -> str:
    """Return the page as Markdown."""
    lines = [
        "# How real the synthetic people are",
        "",
        f"Generated by `python -m tallystick.synth.realism` from {blocks * 50_000:,} people of seed {seed}. "
        "Every published figure was read, last on 21 November 2026. "
        "`unverified`: no published figure was read, so ours is an assumption of our own. "
        "The distance is ours less the published one.",
        "",
        "| what | ours | published | distance | source |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows(seed, blocks):
        ours = row.form.format(row.ours)
        theirs = row.form.format(row.published) if row.published is not None else "–"
        apart = row.form.format(row.ours - row.published) if row.published is not None else "–"
        lines.append(f"| {row.what} | {ours} | {theirs} | {apart} | {row.source} |")
    lines += ["", "Where the published figures were read:", ""]
    lines += [f"- {source}: {where}." for source, where in READ_AT.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
