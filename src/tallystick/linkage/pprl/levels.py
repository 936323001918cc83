"""The outcomes of comparing two encoded fields, in the order in which they are tried: bounds on the Dice coefficient of their filters."""

from __future__ import annotations

from collections.abc import Mapping

ALIKE, LITTLE = 0.6, 0.35  # two names: one slip of the pen; a few letters in common
ONE_SLIP, TWO_SLIPS = 0.8, 0.7  # two dates: one, two places differ
ONE_CHARACTER, TWO_CHARACTERS = 0.8, 0.62  # two postcodes

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "first_name": ("same", "familiar form", "alike", "a little alike", "all else"),
    "surname": ("same", "names in each other's place", "alike", "same sound", "a little alike", "all else"),
    "dob": ("same", "one place differs", "two places differ", "same year, or same day and month", "all else"),
    "postcode": ("same", "one place differs", "same sector", "all else"),
}
