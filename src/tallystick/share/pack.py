"""The door `pack`: a board's series in, small numbers hidden, one page and one workbook out, each publishing and look in the ledger.

Nothing before its embargo, save to those whom the agreement lists for an early sight; no return that its agreement bars; nothing that
holds personal data.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tallystick import __version__
from tallystick.agreement import io
from tallystick.agreement.schema import Agreement, Recipient
from tallystick.errors import BadInput, Finding, Refused
from tallystick.ledger import canonical, digest
from tallystick.performance import series, wording
from tallystick.performance.areas import mapped, weights
from tallystick.performance.definitions import Measures
from tallystick.performance.lines import lines
from tallystick.performance.pack import Pack, pack
from tallystick.performance.page import Told, page
from tallystick.performance.workbook import workbook
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.returns import Returned, caveat, early_reader, measures_of, returns, without
from tallystick.share.rooms import Share, locked, read_parquet
from tallystick.share.small_numbers import Key, Limits, Safe, key_of, protect

CELLS = pa.schema(
    [
        ("measure", pa.string()),
        ("area", pa.string()),
        ("period", pa.string()),
        ("category", pa.string()),
        ("is_hidden", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Built:
    """What a build gave: the pack, its files, what was withheld and hidden, warnings; ``is_new`` where it was not there before."""

    made: Pack
    folder: Path
    hidden: int
    warnings: tuple[Finding, ...]
    is_new: bool

    def summary(self) -> dict[str, Any]:
        """Return what a program would want."""
        return {
            "on": str(self.made.on),
            "changes": [
                {
                    "measure": each.section.measure.id, "from": each.section.line.periods[each.step.at].label,
                    "before": round(each.step.before, 3), "after": round(each.step.after, 3), "p": each.step.p, "words": wording.headline(each),
                }
                for each in self.made.headlines
            ],
            "missing": [
                {"agency": each.agency, "measure": each.measure, "what": each.what, "why": each.why, "due": str(each.due or "")}
                for each in self.made.owed
            ],
            "withheld": [{"measure": measure, "until": str(until)} for measure, until in self.made.withheld],
            "measures": [each.measure.id for each in self.made.sections],
            "hidden": self.hidden, "warnings": [f"{each.message} {each.remedy}" for each in self.warnings],
            "page": str(self.folder / "pack.html"), "workbook": str(self.folder / "pack.ods"), "new": self.is_new,
        }  # fmt: skip


def build(share: Share, *, clock: Clock, on: date | None = None, early: str = "") -> Built:
    """Return the pack as known on a day (default: today), and write it under ``packs/``.

    ``early`` names the recipient of an early sight. Raises BadInput for returns at fault, all of them named, and Refused where
    a rule guards the door.
    """
    day = on or clock.now.date()
    with locked(share):
        acts.recover(share)
        agreement = io.load(share.agreement)
        said = measures_of(share)
        not_personal(agreement)
        reader = early_reader(agreement, early) if early else None
        returned = returns(share, agreement, said, day, reader)
        return published(share, agreement, said, returned, clock=clock, day=day, reader=reader)


def is_board(share: Share) -> bool:
    """Whether this is a board's share of series about nobody, whose way ends in a pack."""
    return (share.root / "measures.toml").is_file() and not io.load(share.agreement).is_personal


def not_personal(agreement: Agreement) -> None:
    """Raise Refused where the agreement is of personal data: this path asks no questions that such data needs."""
    if agreement.is_personal:
        raise Refused([
            Finding("pack.personal", "The agreement holds personal data; a pack is made of figures about nobody.",
                    "Make a share of kind local-performance for the figures, or take the outputs door for this one.", "agreement.toml", "5, 207")
        ])  # fmt: skip


def published(
    share: Share,
    agreement: Agreement,
    said: Measures,
    returned: Returned,
    *,
    clock: Clock,
    day: date,
    reader: Recipient | None,
) -> Built:
    """Make the pack and write it in one act."""
    held = series.empty() if reader else series.under_embargo(returned.figures, day)
    may = without(returned.figures, held) if held.num_rows else returned.figures
    limits = Limits(agreement.disclosure.minimum_cell_count or 10, agreement.disclosure.zeros_are_disclosive)
    hidden, shown = cells_before(share)
    safe = protect(may, said, day, limits=limits, hidden=hidden, shown=shown)
    safe, lost = by_lookups(share, said, safe)
    made = pack(safe.table, said, day, withheld=held)
    told = told_of(agreement, limits, safe, (*returned.barred, *lost), reader)
    parts = lines(series.as_known(safe.table, day), said)
    html, book = page(made, told, parts), workbook(made, told, parts)
    name = f"{day}-early-{slug(reader.name)}" if reader else str(day)
    event = f"pack/{name}/{of_inputs(share, agreement, may)}"
    there = share.root / "packs" / name
    is_new = not (acts.is_done(share, event) and (there / "pack.html").exists())
    built = Built(made, there, sum(each.hidden for each in made.sections), returned.warnings, is_new)
    if built.is_new:
        details = {
            "recipients": [reader.name] if reader else [one.name for one in agreement.recipients], "figures": may.num_rows,
            "measures": len(made.sections), "changes": len(made.headlines), "missing": len(made.owed), "hidden": built.hidden,
            "withheld": held.num_rows,
        }  # fmt: skip
        with acts.act(share, event, name="pack", subject=name, clock=clock, details=details) as folder:
            write(folder, name, html, book, built, returned.figures, cells_after(safe, day, hidden, shown))
    return built


def of_inputs(share: Share, agreement: Agreement, may: pa.Table) -> str:
    """Return the hash of what a pack is made from: the same figures, words and agreement make it once."""
    figures = canonical([tuple(row.values()) for row in may.drop_columns(["place"]).to_pylist()])
    words = (share.root / "measures.toml").read_bytes()
    return digest(figures + words + io.document_hash(agreement).encode() + __version__.encode())[7:23]


def by_lookups(share: Share, said: Measures, safe: Safe) -> tuple[Safe, tuple[str, ...]]:
    """Return the figures with those of areas that the share's lookups make of others, and what is lost.

    Made of what may be shown, so that no sum of areas tells of a hidden one.
    """
    lost: list[str] = []
    for lookup in said.lookups:
        path = share.root / lookup.path
        if not path.is_file() or not path.resolve().is_relative_to(share.root):
            raise BadInput(
                f"{lookup.path}: the lookup is not in the share. Put the published table there as CSV."
            )
        try:
            rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        except UnicodeDecodeError:
            raise BadInput(f"{lookup.path}: it is not UTF-8. Save it as UTF-8.") from None
        found = mapped(safe.table, lookup, weights(rows, lookup, said), said)
        safe = replace(safe, table=found.table)
        lost += found.lost
    return safe, tuple(lost)


def told_of(
    agreement: Agreement, limits: Limits, safe: Safe, left_out: tuple[str, ...], reader: Recipient | None
) -> Told:
    """Return what the agreement says of the pack."""
    return Told(
        caveat(agreement), agreement.about.classification or "OFFICIAL", limits.minimum, reader.name if reader else "",
        not_asked(agreement), (*safe.stopped, *left_out),
        f"Made under “{agreement.about.title or agreement.about.id}” ({agreement.about.kind.upper()}) by Tallystick {__version__}. "
        "Every pack and every look at one is in the share's ledger.",
    )  # fmt: skip


def not_asked(agreement: Agreement) -> tuple[str, ...]:
    """Return what was not asked, and why: the page says so, so that nobody asks for it again."""
    reason = (
        agreement.about.personal_data_reason
        or "The figures are counts and times by area; none is about a person who could be identified."
    )
    return (
        f"No data protection impact assessment, no data sharing agreement and no lawful basis were asked: {reason}",
        "What was asked is a memorandum of understanding: who sends what, by when, how small numbers are hidden, and what may not be passed on.",
    )  # fmt: skip


def slug(name: str) -> str:
    """Return a name as part of a folder's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "reader"


def cells_before(share: Share) -> tuple[frozenset[Key], frozenset[Key]]:
    """Return which figures earlier packs hid, and which they showed."""
    path = share.root / "series" / "cells.parquet"
    rows = read_parquet(path).to_pylist() if path.exists() else []
    return (
        frozenset(key_of(row) for row in rows if row["is_hidden"]),
        frozenset(key_of(row) for row in rows if not row["is_hidden"]),
    )


def cells_after(safe: Safe, day: date, hidden: frozenset[Key], shown: frozenset[Key]) -> pa.Table:
    """Return the figures hidden and shown up to and with this pack. What was shown once stays known."""
    now = {key_of(row) for row in series.as_known(safe.table, day).to_pylist() if row["value"] is not None}
    rows = {**dict.fromkeys(hidden | safe.hidden, True), **dict.fromkeys(shown | now, False)}
    return pa.Table.from_pylist(
        [dict(zip(CELLS.names, (*key, is_hidden), strict=True)) for key, is_hidden in sorted(rows.items())],
        schema=CELLS,
    )


def write(
    folder: Path, name: str, html: str, book: bytes, built: Built, figures: pa.Table, cells: pa.Table
) -> None:
    """Write the pack's files and the state of the series under an act's folder."""
    there = folder / "packs" / name
    there.mkdir(parents=True)
    (folder / "series").mkdir()
    (there / "pack.html").write_text(html, encoding="utf-8")
    (there / "pack.ods").write_bytes(book)
    summary = {**built.summary(), "page": "pack.html", "workbook": "pack.ods"}
    (there / "pack.json").write_text(
        json.dumps(summary, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
    )
    pq.write_table(figures, folder / "series" / "figures.parquet", compression="zstd")
    pq.write_table(cells, folder / "series" / "cells.parquet", compression="zstd")


def look(share: Share, *, clock: Clock, reader: str, name: str = "") -> dict[str, Any]:
    """Return what a pack says in short, and enter the look in the ledger.

    ``reader`` is a party or recipient of the agreement; ``name`` the pack's (default: the latest). Raises Refused for anybody else, and
    for an early sight that is not theirs.
    """
    with locked(share):
        agreement = io.load(share.agreement)
        known = {party.name for party in agreement.parties} | {one.name for one in agreement.recipients}
        if reader not in known:
            raise Refused([
                Finding("pack.recipient", "Nobody of that name may see the pack.", "Name a party or recipient of the agreement.", "reader", "50, 51")
            ])  # fmt: skip
        names = sorted(path.parent.name for path in (share.root / "packs").glob("*/pack.json"))
        theirs = [one for one in names if "-early-" not in one or one.endswith(f"-early-{slug(reader)}")]
        chosen = name or (theirs[-1] if theirs else "")
        if chosen not in names:
            raise BadInput("There is no such pack. `tally pack build` makes one.")
        if chosen not in theirs:
            raise Refused([
                Finding("pack.early-sight", "This pack is an early sight for another reader.", "Wait until its embargo ends.",
                        f"packs/{chosen}", "61")
            ])  # fmt: skip
        found: dict[str, Any] = json.loads((share.root / "packs" / chosen / "pack.json").read_text(encoding="utf-8"))  # fmt: skip
        event = f"look/{chosen}/{clock.now.isoformat()}/{digest(reader.encode())[7:15]}"
        share.ledger.append("look", chosen, {"reader": reader}, actor=clock.actor, at=clock.now, event_id=event)  # fmt: skip
    return {
        **found,
        "page": str(share.root / "packs" / chosen / "pack.html"),
        "workbook": str(share.root / "packs" / chosen / "pack.ods"),
    }
