"""Justice and learner numbers in standard form, or null where the form or the check character is wrong.

A number whose check fails is no evidence for a link, and would be strong false evidence: it becomes null. Requirement 198 puts
PNC id and prison number first in the order of strength. Sources: the criminal justice system's data standards catalogue (PNC,
CRO); HESA's coding manual for the ULN; the Government Data Standards Catalogue for the UPN; the NHS data dictionary.
"""

from __future__ import annotations

import re

CHECK_23 = "ZABCDEFGHJKLMNPQRTUVWXY"
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
CENTURY_TURNS = 50  # a two-digit PNC or CRO year of 50 and above is of the 1900s
STRENGTH = (
    "pnc_id",
    "cro_number",
    "prison_number",
    "probation_number",
    "uln",
    "upn",
    "nhs_number",
    "national_id",
)


def _compact(text: str) -> str:
    return re.sub(r"[^A-Z0-9/]", "", text.upper())


def pnc_id(text: str) -> str | None:
    """Return a Police National Computer id as ``yyyy/nnnnnnnL``; null if its check letter does not fit.

    >>> pnc_id("08/56560z"), pnc_id("2008/0056560A")
    ('2008/0056560Z', None)
    """
    match = re.fullmatch(r"(\d{4}|\d{2})/?(\d{1,7})([A-Z])", _compact(text))
    if not match:
        return None
    year, serial, letter = match[1], match[2].zfill(7), match[3]
    if CHECK_23[int(year[-2:] + serial) % 23] != letter:
        return None
    if len(year) == 2:
        year = ("19" if int(year) >= CENTURY_TURNS else "20") + year
    return f"{year}/{serial}{letter}"


def cro_number(text: str) -> str | None:
    """Return a Criminal Records Office number as ``nnnnnn/yyL`` (or ``SFyy/nnnnnnL``); null if its check letter does not fit.

    >>> cro_number("265416/21g"), cro_number("SF05/482703J")
    ('265416/21G', 'SF05/482703J')
    """
    value = _compact(text)
    if match := re.fullmatch(r"(\d{1,6})/(\d{2})([A-Z])", value):
        serial, year, letter = match[1].zfill(6), match[2], match[3]
        standard = f"{serial}/{year}{letter}"
    elif match := re.fullmatch(r"SF(\d{2})/(\d{1,6})([A-Z])", value):
        year, serial, letter = match[1], match[2], match[3]
        standard = f"SF{year}/{serial}{letter}"
    else:
        return None
    return standard if CHECK_23[int(year + serial) % 23] == letter else None


def prison_number(text: str) -> str | None:
    """Return a prison (NOMIS) number, one letter, four digits, two letters; null otherwise."""
    value = _compact(text)
    return value if re.fullmatch(r"[A-Z]\d{4}[A-Z]{2}", value) else None


def probation_number(text: str) -> str | None:
    """Return a probation case reference number (CRN), one letter and six digits; null otherwise."""
    value = _compact(text)
    return value if re.fullmatch(r"[A-Z]\d{6}", value) else None


def uln(text: str) -> str | None:
    """Return a Unique Learner Number whose weighted sum leaves 10 on division by 11; null otherwise.

    >>> uln("9276308686"), uln("9276308687")
    ('9276308686', None)
    """
    value = _compact(text)
    if not re.fullmatch(r"[1-9]\d{9}", value):
        return None
    return value if sum(int(d) * w for d, w in zip(value, range(10, 0, -1), strict=True)) % 11 == 10 else None


def upn(text: str) -> str | None:
    """Return a Unique Pupil Number whose check letter fits, permanent or temporary; null otherwise.

    >>> upn("B801200005001"), upn("A801200005001")
    ('B801200005001', None)
    """
    value = _compact(text)
    if not re.fullmatch(r"[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z]", value):
        return None
    numbers = [int(c) if c.isdigit() else UPN_LETTERS.index(c) for c in value[1:]]
    return value if UPN_LETTERS[sum(n * w for w, n in enumerate(numbers, 2)) % 23] == value[0] else None


def nhs_number(text: str) -> str | None:
    """Return an NHS number whose check digit fits; null otherwise.

    >>> nhs_number("943 476 5919"), nhs_number("9434765910")
    ('9434765919', None)
    """
    value = _compact(text)
    if not re.fullmatch(r"\d{10}", value):
        return None
    return value if sum(int(d) * w for d, w in zip(value, range(10, 0, -1), strict=True)) % 11 == 0 else None


def plain_number(text: str) -> str | None:
    """Return a number of unknown make in capitals and digits only; null if nothing is left or every character is the same."""
    value = _compact(text).replace("/", "")
    return value if len(value) >= 4 and len(set(value)) > 1 else None
