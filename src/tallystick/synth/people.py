"""People with lives: families, births, names, addresses over the years, marriages, deaths.

A block is a run of people whose families lie wholly inside it, so that blocks can be made apart and in any order. Every
draw is of the person's, the family's or the address's own number. Dates are days since 1970-01-01.

Where the rates come from (`realism` sets them beside what they give; a rate without a source is our own, unverified):

- `ETHNICITY`: Census 2021, England and Wales, as GOV.UK "Ethnicity facts and figures" and ONS table TS022 have it, without the
  split of Gypsy from Roma; which community's names a group bears is our own.
- boys, 0.513 of births, and `TWINS`: ONS, "Characteristics of Birth 2, England and Wales, 2013".
- `CHILDREN`: ONS, "Childbearing for women born in different years, England and Wales: 2018", of women born in 1973; how many of the tenth
  with four or more have five is our own.
- `MONTHS` and `QUIET`: the peak of late September and the trough of Boxing Day as high and as low as in ONS, "How popular is your birthday?"
  (2015), which says of the other days around Christmas only that they come next; the months' own heights are ours.
- moves, from 0.25 to 0.05 a year by age: set so that about 11 in 100 move in a year (ONS, Census 2011, migration within the United Kingdom).
- leaving home from 18 to 33, couples, and who is of a family of their own (`APART`): set so that households come near those of Census 2021.
- marriages and names taken, `DEATH_AGES`, arrivals and emigration (3 in 100): our own, of the order of ONS's life tables, which were not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tallystick.synth.geography import geography
from tallystick.synth.names import COMMUNITIES, Words, names
from tallystick.synth.streams import Flags, Floats, Ids, Ints, Streams

BLOCK = 50_000
YEAR = 365.25
FIRST_YEAR = 1980
ETHNICITY = (
    ("White: British", 0.744, 0), ("White: Irish", 0.009, 0), ("White: Gypsy, Roma or Traveller", 0.003, 0),
    ("White: Other", 0.062, 4), ("Mixed: White and Black Caribbean", 0.009, 0), ("Mixed: White and Asian", 0.008, 0),
    ("Mixed: White and Black African", 0.004, 0), ("Mixed: Other", 0.008, 0), ("Asian: Indian", 0.031, 2),
    ("Asian: Pakistani", 0.027, 1), ("Asian: Bangladeshi", 0.011, 1), ("Asian: Chinese", 0.007, 5), ("Asian: Other", 0.016, 2),
    ("Black: African", 0.025, 3), ("Black: Caribbean", 0.010, 0), ("Black: Other", 0.005, 0), ("Arab", 0.006, 1),
    ("Other", 0.015, 4),
)  # fmt: skip
MONTHS = (0.985, 0.985, 0.980, 0.985, 1.000, 1.010, 1.025, 1.010, 1.045, 1.020, 0.995, 0.960)
CHILDREN = (0.19, 0.18, 0.37, 0.16, 0.065, 0.035)
APART, GROWN = 0.8, 1962
"""The share of families of mothers born before then whose children are not here: they are parents in families of their own."""
QUIET = {(12, 24): 0.85, (12, 25): 0.8, (12, 26): 0.76, (12, 27): 0.85, (12, 28): 0.9, (1, 1): 0.85} | {
    (9, day): 0.95 for day in range(1, 20)
}
"""Days with fewer births than the others of their month (month, day), and how many of those drawn stay on them."""
TWINS = 0.031  # of children after the first, so that about 15 of 1,000 maternities are of twins
YOUNGEST_MOTHER, OLDEST_MOTHER = 16, 43
DEATH_AGES = (
    (0, 0.0), (1, 0.004), (20, 0.007), (40, 0.02), (50, 0.04), (60, 0.09), (70, 0.2), (80, 0.45), (90, 0.82), (100, 0.99),
    (110, 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Population:
    """Which people there are: born from ``first`` to ``last`` (years), seen on ``on`` (a day), with their parents or not."""

    first: int = 1930
    last: int = 2025
    parents: bool = True
    on: int = int(np.datetime64("2025-12-31").astype("datetime64[D]").astype(np.int64))


@dataclass(frozen=True)
class People:
    """A block of people, one entry each; names are numbers of words, -1 for none."""

    id: Ids
    family: Ids
    sex: Ints
    ethnic: Ints
    community: Ints
    birth: Ints
    first: Ints
    middle: Ints
    surname: Ints
    second: Ints
    married: Ints
    married_on: Ints
    child: Flags
    twin: Flags
    arrived: Ints
    left_home: Ints
    nest: Ints
    died: Ints
    emigrated: Ints
    area: Ints
    district: Ints
    risk: Floats
    hidden: Floats
    moved: Ints = field(repr=False)
    family_moved: Ints = field(repr=False)
    streams: Streams = field(repr=False)

    def __len__(self) -> int:
        return len(self.id)

    @property
    def gone(self) -> Ints:
        """Return the day on which each dies or leaves the country, after which nobody has a record of them."""
        return np.minimum(self.died, self.emigrated)

    def ages(self, rows: Ints, days: Ints) -> Floats:
        """Return the ages of people on days, in years."""
        return (days - self.birth[rows]) / YEAR

    def first_names(self, rows: Ints) -> Words:
        """Return the people's first names."""
        return names().words[self.first[rows]]

    def middle_names(self, rows: Ints) -> Words:
        """Return the people's middle names, None for those without."""
        found = names().words[self.middle[rows]]
        found[self.middle[rows] < 0] = None
        return np.asarray(found, dtype=object)

    def surnames(self, rows: Ints, days: Ints) -> Words:
        """Return the people's surnames as they were on those days: after marriage another's, or both."""
        changed = (self.married[rows] >= 0) & (days >= self.married_on[rows])
        words = names().words
        own = words[np.where(changed, self.married[rows], self.surname[rows])]
        double = (self.second[rows] >= 0) & ~changed
        own[double] = own[double] + "-" + words[self.second[rows][double]]
        return np.asarray(own, dtype=object)

    def addresses(self, rows: Ints, days: Ints) -> Ids:
        """Return the number of the address where each person lived on each day: the family's, or after leaving one's own."""
        years = np.clip(year_of(days) - FIRST_YEAR, 0, self.moved.shape[1] - 1)
        own = days >= self.left_home[rows]
        nest = self.nest[rows]
        since = np.where(own, self.moved[nest, years], self.family_moved[rows, years]).astype(np.uint64)
        who = np.where(own, self.id[nest] * np.uint64(2) + np.uint64(1), self.family[rows] * np.uint64(2))
        return np.asarray(who * np.uint64(128) + since, dtype=np.uint64)

    def places(self, rows: Ints, days: Ints) -> Ints:
        """Return the postcodes, as numbers, where each person lived on each day."""
        address = self.addresses(rows, days)
        streams = self.streams
        own = days >= self.left_home[rows]
        rows = np.where(own, self.nest[rows], rows)
        far = streams.chance("far", address, np.where(own, 0.3, 0.1))
        near = streams.chance("near", address, 0.45)
        area = np.where(far, streams.pick("area", address, geography().weight), self.area[rows])
        district = np.where(far | near, streams.below("district", address, 997), self.district[rows])
        return geography().place(streams, address, area, district)


def year_of(days: Ints) -> Ints:
    """Return the calendar years of days since 1970."""
    return np.asarray(days, dtype="datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def day_in(streams: Streams, label: str, ids: Ids, years: Ints) -> Ints:
    """Return a day of birth in each year, by the season."""
    month = streams.pick(
        f"{label} month", ids, np.array(MONTHS) * (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    )
    start = (years - 1970) * 12 + month
    first = start.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (start + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    offset = np.asarray(streams.uniform(f"{label} day", ids) * (after - first), dtype=np.int64)
    stays = np.ones((12, 31))
    for (of_year, of_month), share in QUIET.items():
        stays[of_year - 1, of_month - 1] = share
    again = streams.uniform(f"{label} stays", ids) >= stays[month, offset]
    other = np.asarray(streams.uniform(f"{label} other day", ids) * (after - first), dtype=np.int64)
    return first + np.where(again, other, offset)


def block(seed: int, number: int, size: int, population: Population | None = None) -> People:
    """Return the people of one block: ``size`` of them (at most `BLOCK`), numbered from ``number`` x `BLOCK`."""
    spec = population or Population()
    streams = Streams(seed, "people")
    ids = (np.arange(size) + number * BLOCK).astype(np.uint64)
    adults, children, mother_year = _families(streams, ids, spec)
    sizes = adults + children
    ends = np.cumsum(sizes)
    used = int(np.searchsorted(ends, size)) + 1
    home = np.repeat(np.arange(used), sizes[:used])[:size]
    position = np.arange(size) - (ends - sizes)[home]
    child = position >= adults[home]
    family = ids[home]
    birth, twin = _births(streams, ids, family, position - adults[home], mother_year[home], child, spec)
    sex = np.where(
        child,
        streams.chance("sex", ids, 0.513),
        np.where(adults[home] == 2, position == 1, streams.chance("one", family, 0.45)),
    ).astype(np.int64)
    ethnic = streams.pick("ethnic", family, [share for _, share, _ in ETHNICITY])
    community = np.array([which for _, _, which in ETHNICITY])[ethnic]
    first, middle, surname, second, married, married_on = _names(
        streams, ids, family, sex, community, birth, child, position, adults[home], spec
    )
    area = streams.pick("home area", family, geography().weight)
    left = np.where(
        child, birth + (18 * YEAR + streams.uniform("leaves", ids) * 15 * YEAR).astype(np.int64), 10**6
    )
    came = streams.chance("came", family, np.array((0.01, 0.25, 0.35, 0.4, 0.7, 0.4))[community])
    arrived = np.where(
        came, birth + (streams.uniform("came at", family) * 30 * YEAR).astype(np.int64), -(10**6)
    )
    age_at_death = _between(streams.uniform("death", ids), DEATH_AGES)
    emigrates = streams.chance("emigrates", ids, 0.03)
    gone = birth + ((18 + 45 * streams.uniform("emigrates at", ids)) * YEAR).astype(np.int64)
    burden = streams.bell("burden", family) * 0.7 + streams.bell("own burden", ids) * 0.7
    moved, family_moved = _moves(streams, ids, family, birth)
    return People(
        id=ids, family=family, sex=sex, ethnic=ethnic, community=community, birth=birth, first=first, middle=middle,
        surname=surname, second=second, married=married, married_on=married_on, child=child, twin=twin, arrived=arrived,
        left_home=left, nest=_nests(streams, ids, sex, birth, child), died=birth + (age_at_death * YEAR).astype(np.int64),
        emigrated=np.where(emigrates, gone, 10**6), area=area,
        district=streams.below("home district", family, 997), risk=burden + 0.55 * sex,
        hidden=streams.bell("hidden", ids), moved=moved, family_moved=family_moved, streams=streams,
    )  # fmt: skip


def _families(streams: Streams, ids: Ids, spec: Population) -> tuple[Ints, Ints, Ints]:
    """Return how many adults and children each possible family has, and the year of the mother's birth."""
    children = streams.pick("children", ids, CHILDREN)
    u = streams.uniform("mother", ids)
    if not spec.parents:
        first = spec.first + (u * (spec.last + 1 - spec.first)).astype(np.int64)
        return np.zeros(len(ids), dtype=np.int64), np.maximum(children, 1), first - 28
    year = spec.first + (u * (2006 - spec.first)).astype(np.int64)
    last = year_of(np.array([spec.on]))[0]
    children = np.clip(children, 0, np.maximum((last - year - 20) // 4, 0))
    children[(year < GROWN) & streams.chance("apart", ids, APART)] = 0
    adults = np.where(streams.chance("couple", ids, 0.85), 2, 1)
    return adults.astype(np.int64), children, year


def _births(
    streams: Streams, ids: Ids, family: Ids, order: Ints, mother_year: Ints, child: Flags, spec: Population
) -> tuple[Ints, Flags]:
    """Return the day of each birth, and who is a twin of the one before: at the rate of multiple maternities."""
    start = 0 if not spec.parents else np.clip(streams.bell("first at", family) * 5, -8, 9)
    gap = 1.6 + streams.uniform("gap", family) * 2.4
    years = np.where(
        child,
        mother_year + (28 + start + np.maximum(order, 0) * gap).astype(np.int64),
        mother_year - np.where(order == -1, (streams.bell("father", ids) * 3 + 2).astype(np.int64), 0),
    )
    last = year_of(np.array([spec.on]))[0]
    latest = last if spec.parents else spec.last
    beyond = years > latest
    years = np.where(beyond, latest - streams.below("late", ids, 12), years)
    birth = day_in(streams, "birth", ids, years)
    birth = np.where(birth > spec.on, birth - 366, birth)
    follows = streams.chance("twin", ids, TWINS) & child & (order > 0)
    rows = np.flatnonzero(follows)
    for row in rows:  # in order, so that a third of the same birth takes the day too
        birth[row] = birth[row - 1]
    twin = follows.copy()
    twin[rows - 1] = True
    return birth, twin


def _names(
    streams: Streams, ids: Ids, family: Ids, sex: Ints, community: Ints, birth: Ints, child: Flags, position: Ints,
    adults: Ints, spec: Population,
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:  # fmt: skip
    """Return first, middle, family, second family and married names, and the day of the marriage."""
    pools, years = names(), year_of(birth)
    first, middle = np.zeros(len(ids), dtype=np.int64), np.full(len(ids), -1, dtype=np.int64)
    surname, other = np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    mother = ~child & (position == 0) & (adults == 2)
    own_line = np.where(mother, ids * np.uint64(2) + np.uint64(1), family * np.uint64(2))
    for number in range(len(COMMUNITIES)):
        for one in (0, 1):
            rows = np.flatnonzero((community == number) & (sex == one))
            first[rows] = pools.first_names(number, one, years[rows], streams.uniform("first", ids[rows]))
            middle[rows] = pools.first_names(
                number, one, years[rows] - 30, streams.uniform("middle", ids[rows])
            )
        rows = np.flatnonzero(community == number)
        surname[rows] = pools.last[number].pick(streams.uniform("surname", own_line[rows]))
        other[rows] = pools.last[number].pick(streams.uniform("other", ids[rows]))
    for turn in range(3):
        alike = np.flatnonzero(_named_alike(family, first))
        for key in np.unique(community[alike] * 2 + sex[alike]).tolist():
            some = alike[community[alike] * 2 + sex[alike] == key]
            u = streams.uniform(f"first again {turn}", ids[some])
            first[some] = pools.first_names(key // 2, key % 2, years[some], u)
    middle[streams.uniform("has middle", ids) > np.array((0.78, 0.35, 0.35, 0.55, 0.25, 0.3))[community]] = -1
    sikh = (community == COMMUNITIES.index("indian")) & streams.chance("sikh", family, 0.3)
    surname[sikh] = np.where(sex == 1, pools.at["Singh"], pools.at["Kaur"])[sikh]
    begum = (community == COMMUNITIES.index("muslim")) & (sex == 0) & streams.chance("begum", ids, 0.22)
    surname[begum] = np.array([pools.at[w] for w in ("Begum", "Bibi", "Khatun", "Akhtar")])[
        streams.below("which", ids[begum], 4)
    ]
    double = streams.chance("double", family, 0.04) & (community == 0) & child
    second = np.where(double, pools.last[0].pick(streams.uniform("doubled", family)), -1)
    marries = ((sex == 0) & streams.chance("marries", ids, 0.5) & np.isin(community, (0, 4))) | mother
    father_line = pools.last[0].pick(streams.uniform("surname", family * np.uint64(2)))
    partner = np.where(mother & (community == 0), father_line, other)
    takes = marries & streams.chance("takes name", ids, 0.85) & ~sikh & ~begum
    day = birth + ((21 + 14 * streams.uniform("marries at", ids)) * YEAR).astype(np.int64)
    return first, middle, surname, second, np.where(takes, partner, -1), day


def _named_alike(family: Ids, first: Ints) -> Flags:
    """Return who bears the first name of somebody before them in the family."""
    keys = family * np.uint64(1 << 24) + first.astype(np.uint64)
    order = np.argsort(keys, kind="stable")
    found = np.zeros(len(keys), dtype=bool)
    found[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    return found


def _nests(streams: Streams, ids: Ids, sex: Ints, birth: Ints, child: Flags) -> Ints:
    """Return in whose home (a row) each lives after leaving the family's: a couple in the woman's, of about the same age."""
    seeks = child & streams.chance("couples", ids, 0.88)
    age = birth + streams.below("couple age", ids, 1500)
    men, women = (np.flatnonzero(seeks & (sex == one)) for one in (1, 0))
    both = min(len(men), len(women))
    men, women = (
        some[np.argsort(age[some], kind="stable")][np.arange(both) * len(some) // max(both, 1)]
        for some in (men, women)
    )
    found = np.arange(len(ids))
    found[men] = women
    return found


def _between(u: Floats, table: tuple[tuple[int, float], ...]) -> Floats:
    """Return the value at which each draw meets a rising table of (value, share), in exactly rounded steps."""
    values, shares = np.array(table, dtype=np.float64).T
    at = np.clip(np.searchsorted(shares, u, side="right") - 1, 0, len(values) - 2)
    part = (u - shares[at]) / (shares[at + 1] - shares[at])
    rise = part * (values[at + 1] - values[at])
    return np.asarray(values[at] + rise, dtype=np.float64)


def _moves(streams: Streams, ids: Ids, family: Ids, birth: Ints) -> tuple[Ints, Ints]:
    """Return, for each person and year, the year (counted from 1980) of the latest move: the person's own, the family's."""
    columns = 2027 - FIRST_YEAR
    years = np.arange(columns)
    ages = years + FIRST_YEAR - year_of(birth)[:, None]
    rate = np.where(ages < 30, 64, np.where(ages < 45, 28, 13))  # of 256: 0.25, 0.11, 0.05 a year
    own = _bytes(streams, "moves", ids, columns) < rate
    firsts, back = np.unique(family, return_inverse=True)
    shared = _bytes(streams, "family moves", firsts, columns) < 24

    def latest(moves: Flags) -> Ints:
        return np.maximum.accumulate(np.where(moves, years + 1, 0).astype(np.uint8), axis=1)

    return latest(own), latest(shared)[back]


def _bytes(streams: Streams, label: str, ids: Ids, columns: int) -> Ints:
    """Return a number from 0 to 255 for each id and column."""
    words = (columns + 7) // 8
    bits = streams.bits(label, ids[:, None] * np.uint64(8) + np.arange(words, dtype=np.uint64))
    parts = [(bits >> np.uint64(8 * shift) & np.uint64(255)).astype(np.int64) for shift in range(8)]
    return np.asarray(np.concatenate(parts, axis=1)[:, :columns])
