"""A British postcode geography: area, district, sector, unit, small area (LSOA), local authority, region, deprivation.

The areas of England and Wales and their regions are real; how many people live in each and how deprived it is are rough
figures of our own, unverified. Districts, sectors and units below them are invented, so that no postcode points at a real street on
purpose. Small areas carry codes of the real form (E01…, W01…), the numbers being invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tallystick.synth.names import Words, rows
from tallystick.synth.streams import Floats, Ids, Ints, Streams

SECTORS = 9
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
UNITS = len(LETTERS) ** 2


@dataclass(frozen=True)
class Geography:
    """The tables of one country; an area is a number into them."""

    area: Words
    region: Words
    authority: Words
    weight: Floats
    districts: Ints
    deprivation: Floats
    outward: Words
    first_outward: Ints
    inward: Words

    def place(self, streams: Streams, addresses: Ids, area: Ints, district: Ints) -> Ints:
        """Return each address's postcode as a number: its district's, its sector's and its unit's."""
        sector = streams.below("sector", addresses, SECTORS)
        unit = streams.below("unit", addresses, UNITS)
        outward = self.first_outward[area] + district % self.districts[area]
        return np.asarray((outward * SECTORS + sector) * UNITS + unit, dtype=np.int64)

    def postcodes(self, places: Ints) -> Words:
        """Return places as text, such as ``SW9 4QT``."""
        outward, inward = np.divmod(places, SECTORS * UNITS)
        text: Any = self.outward[outward] + self.inward[inward]
        return np.asarray(text, dtype=object)

    def areas(self, places: Ints) -> Ints:
        """Return the number of each place's postcode area."""
        outward = places // (SECTORS * UNITS)
        return (np.searchsorted(self.first_outward, outward, side="right") - 1).astype(np.int64)

    def small_area(self, places: Ints) -> Ints:
        """Return the number of each place's small area: six to a sector."""
        return places // UNITS * 6 + places % UNITS * 6 // UNITS

    def small_areas(self, places: Ints) -> Words:
        """Return the codes of the places' small areas, such as ``E01012345``."""
        wales = self.region[self.areas(places)] == "Wales"
        small, back = np.unique(self.small_area(places), return_inverse=True)
        codes = np.array([f"01{number:06d}" for number in small.tolist()], dtype=object)
        return np.asarray(np.where(wales, "W", "E").astype(object) + codes[back], dtype=object)

    def homes(self, streams: Streams, places: Ints) -> dict[str, Any]:
        """Return what departments add to a postcode: small area, local authority, region, deprivation decile."""
        areas = self.areas(places)
        return {
            "lsoa": self.small_areas(places),
            "local_authority": self.authority[areas],
            "region": self.region[areas],
            "deprivation_decile": self.deciles(streams, places),
        }

    def deciles(self, streams: Streams, places: Ints) -> Ints:
        """Return each place's deprivation decile, 1 the most deprived: its area's level and the small area's own."""
        own = streams.uniform("deprivation", self.small_area(places))
        level = self.deprivation[self.areas(places)] / 100.0
        return np.clip((own * 0.75 + level - 0.375) * 10.0 // 1 + 1, 1, 10).astype(np.int64)


@cache
def geography() -> Geography:
    """Return the tables, read once."""
    table = rows("areas")
    districts = np.array([int(row["districts"]) for row in table], dtype=np.int64)
    outward = [f"{row['area']}{n + 1}" for row in table for n in range(int(row["districts"]))]
    inward = [f" {s + 1}{a}{b}" for s in range(SECTORS) for a in LETTERS for b in LETTERS]

    def column(name: str) -> Words:
        return np.array([row[name] for row in table], dtype=object)

    return Geography(
        area=column("area"),
        region=column("region"),
        authority=column("authority"),
        weight=np.array([float(row["weight"]) for row in table]),
        districts=districts,
        deprivation=np.array([float(row["deprivation"]) for row in table]),
        outward=np.array(outward, dtype=object),
        first_outward=np.concatenate([[0], np.cumsum(districts)[:-1]]).astype(np.int64),
        inward=np.array(inward, dtype=object),
    )
