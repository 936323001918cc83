"""A Justice Data Lab request on a share: run as far as the steward, fix the request in the ledger, then evaluate and report."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import tomli_w

from tallystick.agreement import gates, io
from tallystick.agreement.acts import Analysis
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Finding, Refused
from tallystick.lab import formats, report
from tallystick.lab.attrition import Assembled, assemble
from tallystick.lab.evaluate import Evaluation, evaluate
from tallystick.lab.follow import followed, with_index
from tallystick.lab.request import Request, parse
from tallystick.lab.summary import Summary
from tallystick.lab.summary import summary as summarised
from tallystick.lab.view import View
from tallystick.lab.word import word
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.lab_leaving import checked, leaving_of
from tallystick.share.lab_life import correction_of, life_of, require_open
from tallystick.share.lab_review import reviewed, write_waiting
from tallystick.share.lab_upload import assurance
from tallystick.share.rooms import Share, locked, open_share, read_parquet
from tallystick.share.run import Progress, run
from tallystick.share.supply import event as supplied

__all__ = ["REQUEST", "Answer", "answer", "fix_first", "is_fixed", "load", "request_of"]

REQUEST = "request.toml"


@dataclass(frozen=True)
class Answer:
    """What an evaluation gave: the summary as it may be shown, the words, the stages, and where the files lie."""

    summary: Summary
    view: View
    assembled: Assembled
    evaluation: Evaluation
    folder: Path


def load(path: Path) -> tuple[Request, Share]:
    """Return the request in this file and the share that it is about; raises `BadInput` where either is not there."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadInput(f"{path}: it cannot be read. Give the request's TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise BadInput(f"{path}: it is not TOML. See docs/lab-service.md for an example.") from None
    request = parse(said, path.name)
    return request, open_share(path.parent / request.share)


def answer(
    request: Request,
    share: Share,
    *,
    clock: Clock,
    assured_by: str = "",
    seed: int = 1,
    step: Progress = lambda done, text: None,
) -> Answer:
    """Return the answer to the request and write its report under ``reports/lab/<id>/``.

    ``assured_by`` says who assures that this cohort is shared lawfully, unless the request or the upload does (asked each time).
    Raises `Refused` where the request was changed after it was fixed, or a rule guards the door `lab`; `BadInput` where no honest
    figure can be given.
    """
    agreement = io.load(share.agreement)
    said = assured_by or assurance(request, share)
    with locked(share):
        life = life_of(request, share, agreement)
        require_open(request, life, share)
        ask(agreement, request, said, clock)
        fix(request, share, clock)
    run(share, clock=clock, until="supply", seed=seed)
    ask(agreement, request, said, clock, cohort=acts.details_of(share, supplied(request.cohort)).get("taken"))
    run(share, clock=clock, until="deidentify", seed=seed, step=step)
    with locked(share):
        cohort, pool = (
            read_parquet(share.steward / "attributes" / f"{name}.parquet")
            for name in (request.cohort, request.pool)
        )
        decided = reviewed(share)
        kinds = read_parquet(share.steward / "strength.parquet")
        persons = read_parquet(share.steward / "persons.parquet")
        pool = with_outcome(share, agreement, request, with_index(pool), persons)
        assembled = assemble(
            cohort,
            pool,
            persons,
            request,
            confirmed=decided.confirmed,
            rejected=decided.rejected,
            kinds=kinds,
        )
        ask(agreement, request, said, clock, cohort=assembled.stages[1].left)
        found = evaluate(assembled.table, request)
        leaving = leaving_of(agreement, found, assembled)
        shown = report.view(
            request,
            found,
            assembled,
            leaving,
            made=clock.now.date(),
            version=max(life.version, 1),
            correction=correction_of(request, share),
        )
        summary = summarised(request, found, leaving, version=max(life.version, 1))
        event = f"lab/evaluate/{request.id}/{clock.now.isoformat()}"
        details = {
            "request": request.hash(), "result": found.finding.kind, "waiting": len(assembled.suspect), "assured_by": said,
            "confirmed": len(decided.confirmed), "rejected": len(decided.rejected), "reviewers": list(decided.reviewers),
            "version": max(life.version, 1),
        }  # fmt: skip
        with acts.act(
            share, event, name="lab-evaluate", subject=request.id, clock=clock, details=details
        ) as folder:
            _write(folder / "reports" / "lab" / request.id, shown, summary)
            checked(folder / "reports" / "lab" / request.id, shown, agreement, leaving.base)
            write_waiting(
                folder / "rooms" / "steward" / "lab" / f"{request.id}-to-review.csv", assembled.suspect
            )
    return Answer(summary, shown, assembled, found, share.root / "reports" / "lab" / request.id)


def ask(
    agreement: Agreement, request: Request, assured_by: str, clock: Clock, cohort: int | None = None
) -> None:
    """Raise `Refused` where the door `lab` stays shut; before the cohort is counted its size is not asked."""
    enough = agreement.lab.minimum_cohort if agreement.lab else 0
    gates.ask(agreement, "lab", clock.now.date(), analysis=Analysis(
        cohort=enough if cohort is None else cohort, assured_by=assured_by, outcome=request.outcome,
        is_reoffending=request.events_are == "offences" and request.outcome == "reoffended", follow_up_months=request.follow_up_months,
    ))  # fmt: skip


def fix(request: Request, share: Share, clock: Clock) -> None:
    """Enter the request's hash in the ledger before outcomes are looked at; raises `Refused` where another was entered."""
    event = f"lab/request/{request.id}"
    known = acts.details_of(share, event)
    if known and known["request"] != request.hash():
        raise Refused([changed(request)])
    if not known:
        share.ledger.append(
            "lab-request",
            request.id,
            {"request": request.hash()},
            actor=clock.actor,
            at=clock.now,
            event_id=event,
        )


def request_of(share: Share) -> Request | None:
    """Return the request that lies in the share, or None where none was made yet."""
    path = share.root / REQUEST
    return load(path)[0] if path.is_file() else None


def is_fixed(request: Request, share: Share) -> bool:
    """Return whether the ledger holds the request's hash: from then on it is not changed."""
    return acts.is_done(share, f"lab/request/{request.id}")


def fix_first(request: Request, share: Share, *, clock: Clock) -> None:
    """Write the request into its share and fix it: its hash is in the ledger from then on, before any outcome is looked at.

    The same request again is nothing new. Raises `Refused` where another was fixed in this share.
    """
    with locked(share):
        acts.recover(share)
        known = request_of(share)
        if known is not None and is_fixed(known, share):
            if known != request:
                raise Refused([changed(request)])
            return
        details = {"request": request.hash()}
        with acts.act(
            share,
            f"lab/request/{request.id}",
            name="lab-request",
            subject=request.id,
            clock=clock,
            details=details,
        ) as folder:
            said = request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            io.write_text(folder / REQUEST, tomli_w.dumps(said))


def changed(request: Request) -> Finding:
    """Return what is said of a request that is not the one that was fixed."""
    return Finding(
        "lab.request-changed", "The request was changed after it was fixed.",
        "Restore it, or make a new request with an id of its own, which the report will show.", f"request {request.id}", "201",
    )  # fmt: skip


def with_outcome(
    share: Share, agreement: Agreement, request: Request, pool: pa.Table, persons: pa.Table
) -> pa.Table:
    """Return the police data with the outcome made from the request's events; as it is where the agreement has none of that name.

    A person is known in both by a case id that both datasets list, or by the link where the events were linked too. Raises `BadInput`
    where neither is so, or where nothing says how far the events reach.
    """
    held = {dataset.name: dataset for dataset in agreement.datasets}
    source = held.get(request.events)
    if source is None:
        if "events" in request.model_fields_set:
            raise BadInput(
                f"The agreement has no dataset {request.events}, which the request names as its events."
            )
        return pool
    if source.covers_to is None:
        raise BadInput(
            f"Dataset {source.name}: nothing says how far it reaches. Give its covers_to in the agreement."
        )
    events = read_parquet(share.steward / "attributes" / f"{source.name}.parquet")
    ids = [
        field.name for field in source.fields if field.kind == "case-id" and field.name in pool.column_names
    ]
    if not ids:
        pool, events, ids = (
            *(
                _with_person(table, persons, name)
                for table, name in ((pool, request.pool), (events, source.name))
            ),
            ["person_id"],
        )
    made = followed(pool, events, request, key=ids[0], covers_to=source.covers_to)
    return made.drop_columns(["person_id"]) if ids == ["person_id"] else made


def _with_person(table: pa.Table, persons: pa.Table, source: str) -> pa.Table:
    """Return the rows that were linked, with their person_id; raises `BadInput` where this source was not linked."""
    with duckdb.connect() as connection:
        connection.register("given", table)
        connection.register("persons", persons)
        found = connection.sql(
            """
            select g.*, p.person_id
            from given g
            left join persons p on p.source = ? and p.supply_key = g.supply_key
            order by g.supply_key
            """,
            params=[source],
        ).to_arrow_table()
    if found["person_id"].null_count == found.num_rows:
        raise BadInput(
            f"Dataset {source} tells nothing about who its rows are about: give it and the police data a case-id in common, or link it."
        )
    return found


def _write(folder: Path, shown: View, summary: Summary) -> None:
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(formats.html(shown), encoding="utf-8")
    (folder / "report.docx").write_bytes(word(shown))
    (folder / "annex.xlsx").write_bytes(formats.workbook(shown))
    (folder / "annex.ods").write_bytes(formats.ods(shown))
    (folder / "summary.json").write_text(
        summary.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8"
    )
