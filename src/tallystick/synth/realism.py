"""The realism page: what the shipped population looks like, beside what has been published about the real one.

A published figure stands here with the page on which it was read, all of them on 21 or 28 November 2026. Where none was read, the row
says `unverified`, and its figure is only our own assumption or is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tallystick.synth import lab, national, schooling
from tallystick.synth.lab import Intervention
from tallystick.synth.names import names
from tallystick.synth.observe import ETHNIC_LABELS, observe
from tallystick.synth.people import People, block, year_of
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
FAMILIES = "ONS, Childbearing for women born in different years, England and Wales: 2018 (4 December 2019)"
MOVES = "ONS, Census 2011, origin-destination statistics on migration, United Kingdom"
BABIES = "ONS, Baby names in England and Wales: 2017 (21 September 2018)"
BABIES_2008 = "ONS, Baby names in England and Wales: 2008 (8 September 2009)"
NEEDS = "DfE, Special educational needs in England: January 2024 (20 June 2024)"
MEALS = "DfE, Schools, pupils and their characteristics: 2023/24 (June 2024)"
ABSENCE = "DfE, Pupil attendance in schools: autumn term 2023/24"
STAGE_2 = "DfE, Key stage 2 attainment: national averages of 2023/24"
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
    FAMILIES: "www.family-tree.co.uk/news/new-figures-childbearing-for-women-born-in-different-years-england-an/, which quotes it",
    MOVES: "www.dandybooksellers.com/acatalog/Origin-destination-Statistics-on-Migration.html, its key points",
    BABIES: "www.britishbabynames.com/blog/2018/09/2017-england-and-wales-baby-names-fun-facts-and-headlines.html, which quotes its table",
    BABIES_2008: "the-orangery.blogspot.com/2009/09/more-thoughts-on-england-and-wales.html, which counts them",
    NEEDS: "ascl.org.uk/Help-and-Advice/Inclusion/SEND/Summary-of-June-2024-DfE-SEND-data",
    MEALS: "www.cypnow.co.uk/content/news/significant-increase-in-children-living-with-vulnerabilities-dfe-figures-reveal",
    ABSENCE: "explore-education-statistics.service.gov.uk/find-statistics/pupil-attendance-in-schools/2024-week-6",
    STAGE_2: "burevalleyschool.org.uk/performance/ks2-results, national beside the school's own",
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
    more = [*made, *(block(seed, n, 50_000) for n in range(blocks, 3 * blocks))]
    return [
        *births(made), *birthdays(more), *families(made), *households(made), *ethnic(made), *named(made), *at_school(made),
        *reoffending(offenders), *missing(seed),
    ]  # fmt: skip


def births(made: list[People]) -> Iterator[Row]:
    """Yield twins, sexes and the season of births."""
    children = sum(int(p.child.sum()) for p in made)
    twins = sum(int((p.twin & p.child).sum()) for p in made)
    rate = 1000 * (twins / 2) / (children - twins / 2)
    yield Row("Maternities with several births, of 1,000", rate, 15.6, BIRTHS, "{:.1f}")
    boys = sum(int(((p.sex == 1) & p.child).sum()) for p in made)
    yield Row("Boys among live births", boys / children, 358_383 / 698_512, BIRTHS)


def birthdays(made: list[People]) -> Iterator[Row]:
    """Yield the days of the year on which most and fewest are born."""
    days = np.concatenate([p.birth for p in made]).astype("datetime64[D]")
    month = days.astype("datetime64[M]").astype(int) % 12
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1
    for word, number, births in (("September", 8, 1974), ("December", 11, 1359)):
        share = float(((month == number) & (of_month == 26)).mean()) * 365.25
        yield Row(f"Born on 26 {word}, times a mean day", share, births / 1800, BIRTHDAYS, "{:.2f}")


def families(made: list[People]) -> Iterator[Row]:
    """Yield how many children mothers have by the end, and which child of hers a newborn is."""
    children = np.concatenate([completed(p) for p in made])
    yield Row("Children of mothers born 1968 to 1978, mean", float(children.mean()), 1.89, FAMILIES, "{:.2f}")
    for count, word, share in ((0, "no child", 0.19), (1, "one child", 0.18), (2, "two children", 0.37)):
        yield Row(f"… with {word}", float((children == count).mean()), share, FAMILIES)
    order, year = (
        np.concatenate(v) for v in ([orders(p) for p in made], [year_of(p.birth[p.child]) for p in made])
    )
    recent = (year >= 2008) & (year <= 2018)
    for turn, word, share in ((0, "First", 0.38), (1, "Second", 0.36), (2, "Third", 0.16)):
        yield Row(
            f"{word} births, of live births 2008 to 2018",
            float((order[recent] == turn).mean()),
            share,
            MOTHERS,
        )


def completed(people: People) -> Ints:
    """Return how many children each mother has who was born from 1968 to 1978, when a woman's family is complete by now."""
    first = np.flatnonzero(~people.child & np.concatenate([[True], people.family[1:] != people.family[:-1]]))
    first = first[:-1]  # the last family may go on beyond the block
    last = np.append(first[1:], len(people))[: len(first)]
    total = np.concatenate([[0], np.cumsum(people.child)])
    year = year_of(people.birth[first])
    children: Ints = total[last] - total[first]
    return children[(year >= 1968) & (year <= 1978)]


def orders(people: People) -> Ints:
    """Return which child of the family each child is, from 0."""
    family = people.family[people.child]
    starts = np.flatnonzero(np.concatenate([[True], family[1:] != family[:-1]]))
    return np.arange(len(family)) - np.repeat(starts, np.diff(np.append(starts, len(family))))


def households(made: list[People]) -> Iterator[Row]:
    """Yield the sizes of households on census day, and how many moved within a year."""
    sizes, moved = [], []
    for people in made:
        here = np.flatnonzero((people.birth <= ON) & (people.gone > ON) & (people.arrived <= ON))
        now = people.addresses(here, np.full(len(here), ON))
        before = people.addresses(here, np.full(len(here), ON - 365))
        moved.append(now != before)
        sizes.append(np.unique(now, return_counts=True)[1])
    counts = np.concatenate(sizes)
    yield Row("People in a household, mean", float(counts.mean()), 2.4, HOUSEHOLDS, "{:.2f}")
    yield Row("Households of one person", float((counts == 1).mean()), 0.302, HOUSEHOLDS)
    yield Row("People who moved within a year", float(np.concatenate(moved).mean()), 0.11, MOVES)


def ethnic(made: list[People]) -> Iterator[Row]:
    """Yield the shares of ethnic groups, broad ones and those of the detailed ones that were read."""
    labels = np.concatenate([ETHNIC_LABELS[p.ethnic] for p in made])
    broad = np.array(
        [label.partition(":")[0].replace("Arab", "Other") for label in ETHNIC_LABELS], dtype=object
    )
    whole = np.concatenate([broad[p.ethnic] for p in made])
    for label, share in (
        ("White", 0.817),
        ("Asian", 0.093),
        ("Black", 0.040),
        ("Mixed", 0.029),
        ("Other", 0.021),
    ):
        yield Row(
            f"{label}, with Arab" if label == "Other" else label,
            float((whole == label).mean()),
            share,
            GROUPS,
        )
    published = {
        "White: British": (0.744, GROUPS), "White: Other": (0.062, GROUPS), "Asian: Indian": (0.031, GROUPS),
        "Asian: Bangladeshi": (644_881 / 59_597_544, DETAILED), "Asian: Chinese": (445_619 / 59_597_544, DETAILED),
        "Other": (923_800 / 59_597_544, GROUPS),
    }  # fmt: skip
    for label, (share, source) in published.items():
        said = "Other, without Arab" if label == "Other" else label
        yield Row(said, float((labels == label).mean()), share, source)


def named(made: list[People]) -> Iterator[Row]:
    """Yield how common the commonest surnames are, and the tail of both kinds of names."""
    last = Counter(np.concatenate([p.surname for p in made]).tolist())
    total = sum(last.values())
    for name, share in LEADING.items():
        yield Row(f"Surname {name}", last[names().at[name]] / total, share, SURNAMES, "{:.2%}")
    for sex, word, first_year, last_year, most, published, source in (
        (0, "Girls", 2003, 2009, 10, 0.128, BABIES_2008), (1, "Boys", 2003, 2009, 10, 0.164, BABIES_2008),
        (0, "Girls", 2003, 2009, 100, 0.474, BABIES_2008), (1, "Boys", 2003, 2009, 100, 0.577, BABIES_2008),
        (0, "Girls", 2013, 2021, 10, 0.10, BABIES),
    ):  # fmt: skip
        born = [year_of(p.birth) for p in made]
        who = [
            (p.sex == sex) & (years >= first_year) & (years <= last_year)
            for p, years in zip(made, born, strict=True)
        ]
        young = Counter(np.concatenate([p.first[some] for p, some in zip(made, who, strict=True)]).tolist())
        share = sum(n for _, n in young.most_common(most)) / sum(young.values())
        yield Row(
            f"{word} born {first_year} to {last_year} with one of the {most} commonest names",
            share,
            published,
            source,
        )
    first = Counter(np.concatenate([p.first for p in made]).tolist())
    for what, counts in (("Surnames", last), ("First names", first)):
        once = sum(n == 1 for n in counts.values()) / len(counts)
        common = sum(n for _, n in counts.most_common(100)) / total
        yield Row(f"{what} borne by one person, of all that are borne", once, None, NONE)
        yield Row(f"{what}: people who bear one of the hundred commonest", common, None, NONE)


def at_school(made: list[People]) -> Iterator[Row]:
    """Yield free meals, needs and absence in the census of January 2024, and the results of eleven-year-olds."""
    last = day("2024-12-31")
    who = [np.flatnonzero((p.birth > day("2007-08-31")) & (p.birth < day("2019-01-19"))) for p in made]
    taken = [national.census(p, rows, last) for p, rows in zip(made, who, strict=True)]
    now = [records.days >= day("2024-01-01") for records in taken]
    meals, needs, absence = (
        np.concatenate([records.attributes[name][which] for records, which in zip(taken, now, strict=True)])
        for name in ("free_school_meals", "special_needs", "absence_rate")
    )
    yield Row("Pupils with free school meals", float(meals.mean()), 0.246, MEALS)
    yield Row("Pupils with SEN support", float((needs == "SEN support").mean()), 0.136, NEEDS)
    yield Row("Pupils with an EHC plan", float((needs == "EHC plan").mean()), 0.048, NEEDS)
    yield Row("Absence", float(absence.mean()), 0.067, ABSENCE)
    for what, group, share in (
        ("with free meals", meals, 0.104), ("without free meals", ~meals, 0.055), ("with an EHC plan", needs == "EHC plan", 0.124),
        ("with SEN support", needs == "SEN support", 0.103), ("with no identified need", needs == "none", 0.061),
    ):  # fmt: skip
        yield Row(f"… of those {what}", float(absence[group].mean()), share, ABSENCE)
    results = [schooling.results(p, rows, last) for p, rows in zip(made, who, strict=True)]
    for measure, mean in (("reading", 105.0), ("mathematics", 104.0)):
        scores = np.concatenate(
            [one.attributes["score"][one.attributes["measure"] == measure] for one in results]
        )
        yield Row(f"Key stage 2, {measure}, mean scaled score", float(scores.mean()), mean, STAGE_2, "{:.1f}")


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
        "Every published figure was read, on 21 or 28 November 2026. "
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
