"""Which column of a file plays which part in the person model.

A supplier calls a first name ``given_name`` or ``Forename``; the model has one word for each part. The names below are the ones
met in published extracts of the justice and education departments and in the FEBRL data sets. A name that is not listed
is left out of the linkage and named in a note: nothing is guessed from values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

ALIASES: Mapping[str, tuple[str, ...]] = {
    "first_name": ("given_name", "given_names", "first_names", "forename", "forenames", "forename1", "forename_1",
                   "first_forename", "firstname", "givenname", "fname", "first", "legal_forename"),
    "middle_name": ("middle_names", "middlename", "second_forename", "other_forenames", "forename2", "forename_2",
                    "second_name", "middle"),
    "surname": ("last_name", "lastname", "family_name", "familyname", "sname", "lname", "legal_surname", "last"),
    "other_first_names": ("other_first_name", "first_name_aliases", "first_name_alias", "alias_first_name", "alias_first_names",
                          "alias_forename", "alias_forenames", "known_as", "preferred_first_name", "preferred_forename"),
    "other_surnames": ("other_surname", "surname_aliases", "surname_alias", "alias_surname", "alias_surnames", "former_surname",
                       "former_surnames", "previous_surname", "previous_surnames", "maiden_name", "birth_surname"),
    "other_dobs": ("other_dob", "alias_dob", "alias_dobs", "dob_aliases", "other_dates_of_birth", "alias_date_of_birth"),
    "other_postcodes": ("other_postcode", "previous_postcode", "previous_postcodes", "former_postcode", "former_postcodes",
                        "postcode_history"),
    "aliases": ("alias", "alias_name", "alias_names", "also_known_as", "aka", "name_aliases"),
    "full_name": ("name", "fullname", "person_name"),
    "dob": ("date_of_birth", "birth_date", "birthdate", "dateofbirth", "d_o_b", "birth_dt", "dob_date",
            "year_of_birth", "birth_year", "yob"),
    "gender": ("sex", "gender_code", "sex_code"),
    "postcode": ("post_code", "postal_code", "home_postcode", "postcode_current", "current_postcode", "address_postcode"),
    "birth_place": ("birthplace", "place_of_birth", "town_of_birth"),
    "occupation": ("job", "profession"),
    "town": ("suburb", "city", "locality", "post_town"),
    "address": ("address_1", "address1", "address_line_1", "address_line1", "street", "street_address"),
    "address_2": ("address2", "address_line_2", "address_line2"),
    "street_number": ("house_number", "building_number"),
    "state": ("county", "region"),
    "email": ("email_address",),
    "phone": ("telephone", "phone_number", "mobile"),
    "national_id": ("soc_sec_id", "ssn", "nino", "national_insurance_number", "ni_number"),
    "nhs_number": ("nhs_no", "nhsnumber"),
    "pnc_id": ("pnc", "pncid", "pnc_number", "pnc_no"),
    "cro_number": ("cro", "cro_id", "cro_no"),
    "prison_number": ("prison_id", "noms_id", "noms_number", "nomis_id", "nomis_number", "prisoner_number"),
    "probation_number": ("crn", "probation_id", "delius_crn", "delius_id"),
    "upn": ("unique_pupil_number", "pupil_number"),
    "custody_from": ("custody_start", "reception_date", "date_of_reception"),
    "custody_to": ("custody_end", "release_date", "date_of_release"),
    "prison": ("establishment", "establishment_code", "prison_code", "prison_name"),
    "died_on": ("date_of_death", "death_date", "dod"),
    "seen_on": ("last_seen_on",),
    "uln": ("unique_learner_number", "learner_number"),
}  # fmt: skip

_PART = {alias: part for part, aliases in ALIASES.items() for alias in (part, *aliases)}
_PLACE = {alias: place for part, aliases in ALIASES.items() for place, alias in enumerate((part, *aliases))}


def plain(name: str) -> str:
    """Return a column's name in lower case with underscores: ``Date of Birth`` is ``date_of_birth``.

    >>> plain("Date of Birth")
    'date_of_birth'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def parts(names: Collection[str]) -> dict[str, str]:
    """Return the model's part of each column that has one, as ``{column: part}``.

    Of two columns of one part that wins which stands first in ``ALIASES``, the model's own word before all others.

    >>> parts(["year_of_birth", "date_of_birth", "colour"])
    {'date_of_birth': 'dob'}
    """
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda name: _PLACE.get(plain(name), 0)):
        part = _PART.get(plain(name))
        if part is not None and part not in found.values():
            found[name] = part
    return {name: found[name] for name in names if name in found}
