"""A release: a folder with the outputs, their hashes, the rules and limits in force, the evidence and the decisions.

    releases/<id>/
      outputs/…        what was released, byte for byte; where a checker kept part of a table back, without that part
      release.json     id, when, by whom, project, limits, findings, votes, what was kept back; each output's SHA-256
      cells.json       the figures of its tables, for comparison with later outputs; the disclosure door alone reads it

``verify`` proves that a published file is what was released. Writing is aside, then renamed whole.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from tallystick.disclosure.check import Checked, check_files, stated_beside
from tallystick.disclosure.counts import Counts
from tallystick.disclosure.grid import Dimension, Grid
from tallystick.disclosure.guess import numeric_columns
from tallystick.disclosure.read import read
from tallystick.disclosure.review import Review, kept_back
from tallystick.disclosure.rules import Limits
from tallystick.disclosure.sheet import label
from tallystick.errors import BadInput, Finding, Refused

FORMAT = "tallystick-release-1"


@dataclass(frozen=True)
class Release:
    """A release as written: its id, its folder, the hashes of its outputs, and the hash of the record as a whole."""

    id: str
    folder: Path
    outputs: Mapping[str, str]
    hash: str


def sha256(path: Path) -> str:
    """Return ``sha256:`` and the hash of a file."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def write_release(
    releases: Path,
    release_id: str,
    checked: Checked,
    limits: Limits,
    *,
    at: datetime,
    by: str,
    project: str = "",
    review: Review | None = None,
) -> Release:
    """Write the folder of a release and return it.

    Raises Refused where the check refuses, where a review is given that is not approved or of other files; BadInput for an
    id that is taken, or two files of one name.
    """
    outputs = {path.name: sha256(path) for path in checked.files}
    if len(outputs) < len(checked.files):
        raise BadInput("Two files have the same name. Rename one.")
    stop = list(checked.refusals) if review is None else []
    if review is not None:
        stop += review_findings(review, outputs)
    if stop:
        raise Refused(stop)
    folder = releases / release_id
    if folder.exists():
        raise BadInput(
            f"There is a release {release_id} already. Releases are never changed: give another id."
        )
    record: dict[str, Any] = {
        "format": FORMAT,
        "id": release_id,
        "at": at.isoformat(),
        "by": by,
        "project": project,
        "outputs": outputs,
        "limits": asdict(limits),
        "readings": [
            reading.about.model_dump(mode="json", exclude_defaults=True) for reading in checked.readings
        ],
        "findings": [asdict(found) for found in checked.findings],
        "review": decisions(review) if review else None,
    }
    aside = releases / f".{release_id}.part"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        text = fill(aside, record, checked, limits, review)
        os.replace(aside, folder)  # noqa: PTH105 - a rename of a whole folder
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Release(
        release_id, folder, record["outputs"], "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    )


def fill(aside: Path, record: dict[str, Any], checked: Checked, limits: Limits, review: Review | None) -> str:
    """Put a release's files into a folder and the hashes of outputs and cells into its record; return the record as it was written."""
    (aside / "outputs").mkdir(parents=True)
    parts = kept_back(review) if review else ()
    for path in checked.files:
        place = aside / "outputs" / path.name
        mine = [each for part in parts if part.file == path.name for each in part.without]
        if mine:
            place.write_text(narrowed(path, mine), encoding="utf-8")
        else:
            shutil.copyfile(path, place)
    released = [aside / "outputs" / path.name for path in checked.files]
    record["outputs"] = {path.name: sha256(path) for path in released}
    stated = {
        place: about
        for place, path in zip(released, checked.files, strict=True)
        if (about := stated_beside(path))
    }
    tables = check_files(released, limits, stated=stated).counts if parts else checked.counts
    cells = json.dumps([as_json(counts) for counts in tables], sort_keys=True)
    (aside / "cells.json").write_text(cells, encoding="utf-8")
    record["cells"] = "sha256:" + hashlib.sha256(cells.encode()).hexdigest()
    text = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False)
    (aside / "release.json").write_text(text, encoding="utf-8")
    return text


def narrowed(path: Path, without: Sequence[str]) -> str:
    """Return a CSV table with the places that stay behind marked as hidden.

    A place is written as findings name it: ``region=North`` (a row) or ``region=North, columns=F`` (a cell). Raises BadInput
    for a file that is not CSV, or a place that is not in it: then nothing is released.
    """
    document = read(path)
    if path.suffix.lower() not in (".csv", ".tsv") or len(document.sheets) != 1:
        raise BadInput(
            f"{path.name}: part of a file can stay behind only in a CSV with one table. Submit it so."
        )
    sheet = document.sheets[0]
    rows = [[label(cell) for cell in row] for row in sheet.rows]
    for place in without:
        wanted = [tuple(part.strip() for part in each.split("=", 1)) for each in place.split(",")]
        if any(len(each) != 2 for each in wanted):
            raise BadInput(f"{path.name}: a place is written as name=category, name=category.")
        column = next((code for name, code in wanted if name == "columns"), None)
        labels = [(name, code) for name, code in wanted if name != "columns"]
        unknown = [name for name, _ in labels if name not in sheet.header]
        if unknown or (column is not None and column not in sheet.header):
            raise BadInput(f"{path.name}: a place that stays behind is not in the table.")
        values = [column] if column else numeric_columns(sheet)
        found = [row for row in rows if all(row[sheet.header.index(name)] == code for name, code in labels)]
        if not found or not values:
            raise BadInput(f"{path.name}: a place that stays behind is not in the table.")
        for row in found:
            for name in values:
                row[sheet.header.index(name)] = "c"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([sheet.header, *rows])
    return out.getvalue()


def review_findings(review: Review, outputs: Mapping[str, str]) -> list[Finding]:
    """Return why a review does not let these files out."""
    found = []
    if review.state != "approved":
        found.append(
            Finding(
                "release.not-approved",
                f"The review is {review.state}.",
                "Wait for its checkers.",
                "review",
                "216",
                "SDC handbook",
            )
        )
    if dict(review.files) != dict(outputs):
        found.append(
            Finding(
                "release.other-files", "The files are not those that were reviewed.", "Submit these files.", "review", "216",
                "SDC handbook",
            )
        )  # fmt: skip
    return found


def decisions(review: Review) -> dict[str, Any]:
    """Return a review as the record keeps it."""
    return {
        "id": review.id,
        "author": review.author,
        "votes": [
            {"checker": v.checker, "verdict": v.verdict, "comment": v.comment, "at": v.at.isoformat()}
            for v in review.votes
        ],
        "kept_back": [asdict(part) for part in kept_back(review)],
    }


def as_json(counts: Counts) -> dict[str, Any]:
    """Return a table of counts as JSON; absent and hidden cells are null."""
    values = counts.grid.values.reshape(-1)
    return {
        "where": counts.where,
        "population": counts.population,
        "rounded_to": counts.rounded_to,
        "dimensions": [
            {"name": d.name, "codes": d.codes, "parents": d.parents} for d in counts.grid.dimensions
        ],
        "values": [None if np.isnan(v) else v for v in values.tolist()],
        "hidden": np.flatnonzero(counts.hidden).tolist(),
        "high": [
            None if np.isinf(counts.high[cell]) else counts.high[cell]
            for cell in np.flatnonzero(counts.hidden)
        ],
    }


def from_json(kept: Mapping[str, Any], release_id: str) -> Counts:
    """Return a table of counts as it was kept."""
    dimensions = tuple(
        Dimension(d["name"], tuple(d["codes"]), tuple(d["parents"])) for d in kept["dimensions"]
    )
    values = np.array([np.nan if v is None else v for v in kept["values"]], dtype=float)
    hidden = np.zeros(len(values), dtype=bool)
    hidden[kept["hidden"]] = True
    low, high = np.nan_to_num(values), np.nan_to_num(values)
    high[hidden] = [np.inf if v is None else v for v in kept["high"]]
    shape = tuple(len(d.codes) for d in dimensions)
    made = Counts("", Grid(dimensions, values.reshape(shape)), hidden, low, high)
    high[made.unshown] = np.inf
    where = f"release {release_id}, {kept['where']}"
    return Counts(
        where,
        Grid(dimensions, values.reshape(shape)),
        hidden,
        low,
        high,
        kept["population"],
        kept["rounded_to"],
    )


def released_counts(releases: Path) -> tuple[Counts, ...]:
    """Return the tables of all releases in a folder, oldest id first. Raises BadInput for one that was tampered with."""
    made: list[Counts] = []
    for folder in sorted(path for path in releases.glob("*") if (path / "release.json").is_file()):
        record = read_record(folder)
        text = (folder / "cells.json").read_text(encoding="utf-8")
        if "sha256:" + hashlib.sha256(text.encode()).hexdigest() != record["cells"]:
            raise BadInput(
                f"Release {folder.name}: cells.json is not what was written. Restore it from a backup."
            )
        made += [from_json(kept, folder.name) for kept in json.loads(text)]
    return tuple(made)


def read_record(folder: Path) -> dict[str, Any]:
    """Return a release's record. Raises BadInput where it cannot be read."""
    try:
        record: dict[str, Any] = json.loads((folder / "release.json").read_text(encoding="utf-8"))
        if record["format"] == FORMAT:
            return record
    except (OSError, ValueError, KeyError):
        pass
    raise BadInput(f"{folder.name}: there is no readable release.json of this version in it.")


def verify(published: Path, releases: Path) -> str:
    """Return the id of the release that holds this very file. Raises Refused where none does, naming one of that name."""
    digest = sha256(published)
    named = ""
    for folder in sorted(path for path in releases.glob("*") if (path / "release.json").is_file()):
        outputs = read_record(folder)["outputs"]
        if digest in outputs.values():
            return folder.name
        if published.name in outputs:
            named = folder.name
    message = (
        f"It is not what release {named} holds under this name." if named else "No release holds this file."
    )
    raise Refused(
        [
            Finding(
                "release.other-file",
                message,
                "Publish the file from the release.",
                published.name,
                "216",
                "SDC handbook",
            )
        ]
    )


def intact(folder: Path) -> Sequence[Finding]:
    """Return a finding for each output of a release, and for its figures, that is missing or changed since."""
    found = []
    record = read_record(folder)
    for name, digest in [
        ("cells.json", record["cells"]),
        *((f"outputs/{each}", held) for each, held in record["outputs"].items()),
    ]:
        path = folder / name
        if not path.is_file() or sha256(path) != digest:
            found.append(
                Finding(
                    "release.changed", "The output is missing or not what was released.", "Restore it from a backup.",
                    f"{folder.name}/{name}", "216", "SDC handbook",
                )
            )  # fmt: skip
    return found
