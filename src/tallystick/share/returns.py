"""A board's returns: the files that its agreement expects, read, with the faults of all; and what of them may be shown, by whom, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from tallystick.agreement import gates, io
from tallystick.agreement.acts import Movement
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement, Recipient
from tallystick.errors import BadInput, Finding, Refused
from tallystick.performance import series
from tallystick.performance.definitions import Measures, parse
from tallystick.performance.page import Told
from tallystick.performance.read import Read, read
from tallystick.share.rooms import Share, read_parquet, supply_path

EARLY = "early sight"
"""The purpose by which an agreement lists a recipient for figures under embargo."""
READABLE = (".csv", ".ods", ".xlsx")


@dataclass(frozen=True)
class Returned:
    """The returns of a share: every figure, warnings, and the datasets that a rule keeps out of the pack with the reason."""

    figures: pa.Table
    warnings: tuple[Finding, ...]
    barred: tuple[str, ...]


def measures_of(share: Share) -> Measures:
    """Return what the share's figures count. Raises BadInput where ``measures.toml`` is missing or wrong."""
    path = share.root / "measures.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise BadInput(
            f"There is no measures.toml in {share.root.name}: a figure without its definition is not shown. "
            "`tally init DIR --template local-performance` writes one to change; docs/performance-data.md explains it."
        ) from None
    except UnicodeDecodeError:
        raise BadInput("measures.toml is not UTF-8. Save it as UTF-8.") from None
    return parse(text)


def returns(
    share: Share, agreement: Agreement, said: Measures, day: date, reader: Recipient | None
) -> Returned:
    """Return every figure that was handed in, now or before. Raises BadInput with all faults of all returns."""
    kept = share.root / "series" / "figures.parquet"
    figures = read_parquet(kept) if kept.exists() else series.empty()
    found: list[Finding] = []
    barred: list[str] = []
    for dataset in agreement.datasets:
        files = files_of(share, dataset)
        why = reason_barred(agreement, dataset, day, reader)
        if why:
            barred.append(f"{dataset.title or dataset.name} ({dataset.supplier}) is left out: {why}")
            continue
        for path in files:
            got = read_return(path, said, day)
            found += got.findings
            new = with_embargo(got.table, said, dataset)
            found += silent(figures, new)
            figures = series.added(figures, new)
    faults = [one for one in found if one.severity == "refuse"]
    if faults:
        raise BadInput(
            f"{len(faults)} fault{'s' if len(faults) != 1 else ''} in the returns. Nothing was made.",
            tuple(found),
        )
    return Returned(figures, tuple(found), tuple(barred))


def files_of(share: Share, dataset: Dataset) -> list[Path]:
    """Return the files of a return: the one that its path names, or all in the folder that it names; none where nothing came.

    A workbook sent in place of a CSV (the same name, another ending) is taken.
    """
    if not dataset.path:
        return []
    path = supply_path(share, dataset)
    if path.is_dir():
        return sorted(one for one in path.iterdir() if one.suffix.lower() in READABLE)
    beside = [path.with_suffix(ending) for ending in READABLE]
    return [path] if path.is_file() else [one for one in beside if one.is_file()][:1]


def read_return(path: Path, said: Measures, day: date) -> Read:
    """Return what a file holds; a file that cannot be read as a whole is a finding like the rest."""
    try:
        return read(path, said, published=day)
    except BadInput as error:
        fault = Finding("read.file", error.message, "Hand it in again.", path.name, "289", "guidance §6")
        return Read(series.empty(), error.findings or (fault,))


def silent(kept: pa.Table, new: pa.Table) -> list[Finding]:
    """Return warnings where a figure was changed under the publication date that it had."""
    changed = series.revised_silently(kept, new)[:20] if kept.num_rows else []
    return [
        Finding("figures.silent", f"The figure differs from the one handed in before ({before}) under the same date of publication.",
                "The first is kept. Give a revision its own date of publication.", now, "289", "guidance §6", "warn")
        for now, before in changed
    ]  # fmt: skip


def with_embargo(table: pa.Table, said: Measures, dataset: Dataset) -> pa.Table:
    """Return the figures with the day before which each may not be shown: its own, its measure's, or its dataset's."""
    days = {measure.id: measure.embargo_days for measure in said.measures}
    rows = table.to_pylist()
    for row in rows:
        given = [row["embargo"]] if row["embargo"] else []
        if days.get(row["measure"]):
            given.append(row["ends"] + timedelta(days=days[row["measure"]]))
        if dataset.publication == "embargoed" and dataset.embargo_until:
            given.append(dataset.embargo_until)
        row["embargo"] = max(given, default=None)
    return series.of_rows(rows)


def reason_barred(agreement: Agreement, dataset: Dataset, day: date, reader: Recipient | None) -> str:
    """Return why a dataset may not be in the pack; raise Refused where the agreement keeps the whole door shut.

    An embargo with a day is minded figure by figure. What is for internal use does not go to a third party: the pack goes to all recipients.
    """
    readers = [reader] if reader else list(agreement.recipients)
    passing = {"movement.embargo"} if dataset.embargo_until else set()
    for one in readers:
        movement = Movement(
            dataset=dataset.name,
            recipient=one.name,
            purpose=agreement.about.purpose,
            caveat=caveat(agreement),
        )
        try:
            gates.ask(agreement, "release", day, movement=movement)
        except Refused as refused:
            left = [found for found in refused.findings if found.rule not in passing]
            if not left:
                continue
            if all(found.rule in ("movement.internal", "movement.embargo") for found in left):
                return f"{left[0].message} {left[0].remedy}"
            raise Refused(tuple(left), refused.message) from None
    return ""


def caveat(agreement: Agreement) -> str:
    """Return the words that travel with every copy."""
    return agreement.disclosure.caveat or Told().caveat


def early_reader(agreement: Agreement, name: str) -> Recipient:
    """Return the recipient who may see figures under embargo. Raises Refused where the agreement lists none of that name for it."""
    for one in agreement.recipients:
        if one.name == name and EARLY in one.purposes:
            return one
    raise Refused([
        Finding("pack.early-sight", "The agreement lists nobody of that name for an early sight.",
                f'Wait until the embargo ends, or have the agreement amended: a [[recipient]] with purposes = ["{EARLY}"].', "recipient", "61")
    ])  # fmt: skip


def without(figures: pa.Table, held: pa.Table) -> pa.Table:
    """Return the figures that are not held back."""
    query = """
        select f.* from figures f
        anti join held h using (measure, area, period, category, published)
        order by measure, area, starts, ends, category, published
        """
    return series.asked(query, figures=figures, held=held).cast(series.SCHEMA)


def check(share: Share, *, day: date, files: Iterable[Path] = ()) -> tuple[Read, ...]:
    """Return what each return of the share (or each of these files) holds, with its faults; nothing is kept."""
    said = measures_of(share)
    agreement = io.load(share.agreement)
    listed = list(files) or [path for dataset in agreement.datasets for path in files_of(share, dataset)]
    return tuple(read_return(path, said, day) for path in listed)
