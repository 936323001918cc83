"""The output check: files in, a verdict on each and on all together out. The door and the command both call this."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tallystick.agreement.schema import Disclosure
from tallystick.disclosure import about as descriptions
from tallystick.disclosure.about import About, TableAbout
from tallystick.disclosure.count_checks import count_findings
from tallystick.disclosure.counts import Counts, counts_of, ties
from tallystick.disclosure.differencing import compare
from tallystick.disclosure.document import Document, is_header
from tallystick.disclosure.guess import guess
from tallystick.disclosure.logs import unread_counts
from tallystick.disclosure.pictures import PICTURES, data_beside
from tallystick.disclosure.read import read
from tallystick.disclosure.rules import MOST_NAMED, Limits, finding
from tallystick.disclosure.sheet import Sheet, as_sheet
from tallystick.disclosure.sheet_checks import counts_missing, few, sheet_findings
from tallystick.errors import BadInput, Finding

DEFAULT_MINIMUM = 10


@dataclass(frozen=True)
class Reading:
    """One sheet, and how it was read: as described by the analyst (``is_stated``), or as guessed."""

    sheet: Sheet
    about: TableAbout
    is_stated: bool
    counts: Counts | None = None


@dataclass(frozen=True)
class Checked:
    """The verdict on files handed in together: how each sheet was read, and all that was found."""

    files: tuple[Path, ...]
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that stop the release."""
        return tuple(found for found in self.findings if found.severity == "refuse")

    @property
    def counts(self) -> tuple[Counts, ...]:
        """The tables of counts, which a release keeps for differencing."""
        return tuple(reading.counts for reading in self.readings if reading.counts is not None)


def limits_of(disclosure: Disclosure | None, minimum: int | None = None) -> Limits:
    """Return the limits of an agreement; ``minimum`` (a project's own) may only raise the minimum cell count.

    Without an agreement nobody has decided that noughts are harmless: they count as disclosive.
    """
    held = disclosure or Disclosure()
    fewest = (
        max(held.minimum_cell_count or DEFAULT_MINIMUM, minimum or 0)
        if disclosure
        else minimum or DEFAULT_MINIMUM
    )
    return Limits(
        fewest, held.zeros_are_disclosive or disclosure is None, held.dominance_n, held.dominance_share, held.p_percent,
        held.minimum_degrees_of_freedom,
    )  # fmt: skip


def check_files(
    paths: Sequence[Path],
    limits: Limits,
    released: Sequence[Counts] = (),
    stated: Mapping[Path, About] | None = None,
) -> Checked:
    """Return the verdict on files that would be released together after ``released``.

    A description is taken from ``stated``, else from the ``.about.toml`` beside a file. Raises BadInput for a file that
    cannot be read.
    """
    readings: list[Reading] = []
    found: list[Finding] = []
    for path in with_their_data(paths):
        document = read(path)
        found += document.findings
        about = (stated or {}).get(document.path) or stated_beside(document.path)
        made = readings_of(document, about)
        readings += made
        found += [each for reading in made for each in reading_findings(reading, limits)]
        found += unread(document, made, limits)
    found += compare([r.counts for r in readings if r.counts], released, limits)
    return Checked(tuple(paths), tuple(readings), tuple(dict.fromkeys(found)))


def check_tables(
    tables: Mapping[str, pa.Table],
    limits: Limits,
    released: Sequence[Counts] = (),
    stated: Mapping[str, TableAbout] | None = None,
) -> Checked:
    """Return the verdict on Arrow tables in memory, by name, as `check_files` gives it on files; ``stated`` says what a table holds.

    Raises BadInput for a table without rows or one whose columns are not those that are stated.

    >>> import pyarrow as pa
    >>> made = check_tables({"pupils": pa.table({"region": ["N", "S"], "n": [40, 3]})}, Limits(10))
    >>> [(found.rule, found.where) for found in made.refusals]
    [('count.small', 'pupils: region=S')]
    """
    readings: list[Reading] = []
    for name, table in tables.items():
        columns = [table[column].to_pylist() for column in table.column_names]
        sheet = as_sheet(name, "", [table.column_names, *zip(*columns, strict=True)])
        if sheet is None:
            raise BadInput(f"{name}: the table has no rows or no named columns.")
        said = (stated or {}).get(name)
        document = Document(Path(name), "table", (sheet,))
        readings += readings_of(document, About(table=(said,)) if said else None)
    found = [each for reading in readings for each in reading_findings(reading, limits)]
    found += compare([r.counts for r in readings if r.counts], released, limits)
    return Checked((), tuple(readings), tuple(dict.fromkeys(found)))


def with_their_data(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and after each picture the data that lie beside it: what it shows is checked in them."""
    data = [beside for path in paths if path.suffix.lower() in PICTURES and (beside := data_beside(path))]
    return [*paths, *dict.fromkeys(path for path in data if path not in paths)]


def unread(document: Document, made: Sequence[Reading], limits: Limits) -> list[Finding]:
    """Return a finding for the lines of a text that look like small counts and stand in no table that was read."""
    if document.kind != "text":
        return []
    lines = unread_counts(document.text, [each.sheet.name for each in made], limits.minimum_cell_count)
    if not lines:
        return []
    where = ", ".join(map(str, lines[:MOST_NAMED])) + (" and more" if len(lines) > MOST_NAMED else "")
    return [
        finding("text.small-counts", document.path.name, f"Small whole numbers stand in no table that could be read: line {where}.")
    ]  # fmt: skip


def stated_beside(path: Path) -> About | None:
    """Return the description that lies beside a file, or None."""
    place = descriptions.beside(path)
    return descriptions.load(place) if place.is_file() else None


def readings_of(document: Document, about: About | None) -> list[Reading]:
    """Return each sheet as described, or as guessed where nothing is stated."""
    made: list[Reading] = []
    for sheet in document.sheets:
        said = about.of(sheet.name) if about else None
        guessed = guess(sheet)
        if (
            said is None
            and guessed.statistic == "unknown"
            and (document.kind == "text" or is_about_a_model(sheet))
        ):
            continue
        reading = complete(said, guessed) if said else guessed
        if reading.statistic == "regression" and reading.n is None and reading.degrees_of_freedom is None:
            n, df = model_size(document.text)
            reading = reading.model_copy(update={"n": n, "degrees_of_freedom": df})
        counts = None
        if reading.statistic == "frequency":
            try:
                counts = ties(counts_of(sheet, reading))
            except BadInput:
                if said is None and document.kind == "text":
                    continue  # lines that only look like a table; their counts are named as unread
                raise
        made.append(Reading(sheet, reading, said is not None, counts))
    return made


ABOUT_A_MODEL = re.compile(
    r"dep\.? variable|df residuals?|log-likelihood|durbin-watson|omnibus|aic|bic|r-squared"
)


def is_about_a_model(sheet: Sheet) -> bool:
    """Whether a table holds a model's size and measures of fit, as statsmodels prints them beside the coefficients."""
    cells = [*sheet.header, *(cell for row in sheet.rows for cell in row)]
    words = [cell.strip().lower() for cell in cells if isinstance(cell, str)]
    return sum(bool(ABOUT_A_MODEL.match(word)) for word in words) >= 2


OBSERVATIONS = re.compile(
    r"(?:No\.? ?observations|Number of obs(?:ervations)?)[\s:=,&}]*([\d,]+)", re.IGNORECASE
)
RESIDUAL = (
    re.compile(r"(?:Df ?Residuals?|Residual df|df_resid)[\s:=,&}]*(-?\d+)", re.IGNORECASE),
    re.compile(r"Residual deviance:.*?on\s+(\d+)\s+degrees of freedom", re.IGNORECASE),
    re.compile(r"on\s+(\d+)\s+degrees of freedom", re.IGNORECASE),
)
"""As statsmodels and Stata, R's glm, and R's lm write them; glm gives the null model's first."""
TAGS = re.compile(r"<[^<>]{0,200}>")


def model_size(text: str) -> tuple[int | None, int | None]:
    """Return the observations and the residual degrees of freedom that a log's text gives, None where it gives none."""
    plain = TAGS.sub(" ", text)
    observations = OBSERVATIONS.search(plain)
    residual = next((found for pattern in RESIDUAL if (found := pattern.search(plain))), None)
    n = int(observations.group(1).replace(",", "") or 0) if observations else None
    return n or None, int(residual.group(1)) if residual else None


def complete(said: TableAbout, guessed: TableAbout) -> TableAbout:
    """Return what is stated, with the columns that it leaves open as guessed; a stated statistic stands."""
    stated = said.model_dump(exclude_unset=True)
    if said.statistic == "unknown":
        stated.pop("statistic", None)
    return TableAbout.model_validate({**guessed.model_dump(), **stated})


def reading_findings(reading: Reading, limits: Limits) -> list[Finding]:
    """Return what the checks find in one sheet. A first row of figures names no columns, and would itself go unchecked."""
    if not is_header(reading.sheet.header):
        return [finding("table.header", reading.sheet.where, "The first row holds figures.")]
    if reading.counts is not None:
        unweighted = () if not reading.about.weighted else weighted_counts(reading, limits)
        return [*count_findings(reading.counts, limits), *unweighted]
    return sheet_findings(reading.sheet, reading.about, limits)


def weighted_counts(reading: Reading, limits: Limits) -> list[Finding]:
    """Return what the people under weighted counts say: too few in a row, or that their number is not given."""
    sheet, about = reading.sheet, reading.about
    return [*counts_missing(sheet, about, limits), *few(sheet, about, limits)]


def describe(path: Path) -> About:
    """Return a description of a file filled in as well as it can be guessed. Raises BadInput for a file without tables."""
    document = read(path)
    if not document.sheets:
        raise BadInput(
            f"{path.name}: there is no table in it to describe. Describe the file with the figure's data."
        )
    return About(file=path.name, table=tuple(guess(sheet) for sheet in document.sheets))
