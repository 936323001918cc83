"""The registry in the database: `world()` reads it lazily, `act(command)` decides and writes in one transaction.

One writer at a time (the head's row is locked), so that what `decide` read is what stands when its events are written. Whoever acts
on a page that others have overtaken is told so (`Overtaken`) and nothing is lost. Entries of the ledger are written after
the commit from the events themselves, which are the outbox: one that was missed is entered by the next act or the worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from tallystick.errors import Finding, Refused
from tallystick.governance import cases as core
from tallystick.governance.decisions import decide
from tallystick.governance.tables.processes import PROCESSES
from tallystick.ledger import Ledger, canonical, digest
from tallystick.service.registry import models
from tallystick.service.registry.concerns import concerned

QUIET = frozenset({"office", "asset", "access", "agreement", "notice", "eia", "holding"})
"""Registers and papers on which something can always be done: nothing waits there."""


class Overtaken(Refused):
    """Somebody else acted on the case since this person's page was made."""


class Rows(Mapping[str, core.Case]):
    """The cases of one process, each read when it is asked for, and kept for the life of this object."""

    def __init__(self, process: str) -> None:
        self.process = process
        self.found: dict[str, core.Case] = {}
        self.is_whole = False

    def __getitem__(self, subject: str) -> core.Case:
        if subject not in self.found and not self.is_whole:
            row = models.Case.objects.filter(process=self.process, subject=subject).first()
            if row is not None:
                self.found[subject] = as_case(row, history(self.process, subject))
        return self.found[subject]

    def __iter__(self) -> Iterator[str]:
        if not self.is_whole:
            past: dict[str, list[core.Event]] = {}
            for event in models.Event.objects.filter(process=self.process).order_by("id"):
                past.setdefault(event.subject, []).append(as_event(event))
            rows = models.Case.objects.filter(process=self.process).order_by("id")
            self.found = {row.subject: as_case(row, tuple(past.get(row.subject, ()))) for row in rows}
            self.is_whole = True
        return iter(self.found)

    def __len__(self) -> int:
        return models.Case.objects.filter(process=self.process).count()


class Seen(Mapping[str, core.Act]):
    """The acts by event id."""

    def __getitem__(self, event_id: str) -> core.Act:
        event = models.Event.objects.filter(event_id=event_id).first()
        if event is None:
            raise KeyError(event_id)
        return event.process, event.subject, event.act

    def __iter__(self) -> Iterator[str]:
        return iter(models.Event.objects.order_by("id").values_list("event_id", flat=True))

    def __len__(self) -> int:
        return models.Event.objects.count()


def world() -> core.Registry:
    """Return the registry as it stands now."""
    return core.Registry({process: Rows(process) for process in PROCESSES}, Seen())


def as_event(row: models.Event) -> core.Event:
    """Return a row as an event of the core."""
    return core.Event(
        event_id=row.event_id, process=row.process, subject=row.subject, act=row.act, at=row.at, by=row.by,
        role=row.role, organisation=row.organisation, answers=row.answers, state=row.state,
        warnings=tuple(row.warnings), followed_by=row.followed_by,
    )  # fmt: skip


def history(process: str, subject: str) -> tuple[core.Event, ...]:
    """Return what happened to a case, in order."""
    rows = models.Event.objects.filter(process=process, subject=subject).order_by("id")
    return tuple(as_event(row) for row in rows)


def as_case(row: models.Case, past: tuple[core.Event, ...]) -> core.Case:
    """Return a row and its history as a case of the core."""
    return core.Case(row.process, row.subject, row.state, row.answers, past, row.is_declared)


def cases_of(process: str, rows: Iterable[models.Case]) -> dict[str, core.Case]:
    """Return these rows of one process as cases, by id, their histories read in one query."""
    found = list(rows)
    past: dict[str, list[core.Event]] = {row.subject: [] for row in found}
    for event in models.Event.objects.filter(process=process, subject__in=list(past)).order_by("id"):
        past[event.subject].append(as_event(event))
    return {row.subject: as_case(row, tuple(past[row.subject])) for row in found}


def act(command: core.Command, version: int | None = None) -> tuple[core.Event, ...]:
    """Return the events that a command caused, all of them written, or none; raise what `decide` raises.

    ``version`` is how many events the case had when the person's page was made; raise Overtaken where it has had more since.
    """
    with transaction.atomic():
        head = locked_head()
        registry = world()
        row = models.Case.objects.filter(process=command.process, subject=command.subject).first()
        check_current(row, version, command)
        caused = decide(registry, command)
        for event in caused:
            write(event)
        registry = world()
        for process, subject in dict.fromkeys((event.process, event.subject) for event in caused):
            keep(process, subject, registry)
        head.events += len(caused)
        head.save(update_fields=["events"])
    enter_all()
    return caused


def locked_head() -> models.Head:
    """Return the head's row, locked until the transaction ends."""
    models.Head.objects.get_or_create(id=1)
    rows = models.Head.objects
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    return rows.get(id=1)


def check_current(row: models.Case | None, version: int | None, command: core.Command) -> None:
    """Raise Overtaken for an act from an older page; an act that was done already is left to `decide`."""
    now = row.version if row is not None else 0
    if version in (None, now) or models.Event.objects.filter(event_id=command.event_id).exists():
        return
    raise Overtaken(
        [
            Finding(
                "service.overtaken",
                "Somebody else acted on this while you had the page open. Nothing of yours was recorded.",
                "Look at it as it stands now, then act again if it is still right.",
                command.subject,
            )
        ]
    )


def write(event: core.Event) -> None:
    """Write an event."""
    models.Event.objects.create(**event.model_dump(mode="python") | {"warnings": list(event.warnings)})


def keep(process: str, subject: str, registry: core.Registry) -> None:
    """Write a case as its events make it, and whom it concerns."""
    past = history(process, subject)
    first = models.Case.objects.filter(process=process, subject=subject).first()
    declared = core.Case(process, subject, *((first.state, first.declared) if first else ()))
    folded = core.stepped(declared, *past)
    row, _ = models.Case.objects.update_or_create(
        process=process,
        subject=subject,
        defaults={
            "state": folded.state,
            "title": title(folded),
            "about": str(folded.get("about") or folded.get("agreement") or "")[:200],
            "answers": dict(folded.answers),
            "version": len(past),
            "is_declared": False,
            "opened_by": past[0].by,
            "opened_at": past[0].at,
            "changed_at": past[-1].at,
        },
    )
    tell(row, concerned(registry, folded))


def tell(row: models.Case, organisations: Iterable[str]) -> None:
    """Write whom a case concerns, and whether it waits; an organisation that it concerned once still finds it."""
    models.Concern.objects.bulk_create(
        (
            models.Concern(case=row, process=row.process, organisation=name[:200])
            for name in sorted(set(organisations))
            if name
        ),
        ignore_conflicts=True,
    )
    models.Concern.objects.filter(case=row).update(state=row.state, waits_since=waits_since(row))


def waits_since(row: models.Case) -> datetime | None:
    """Return when a case changed last; None where nothing waits: it has ended, was only declared, or is of a quiet process."""
    if row.process in QUIET or row.is_declared or row.state in PROCESSES[row.process].ends:
        return None
    changed: datetime | None = row.changed_at
    return changed


def title(case: core.Case) -> str:
    """Return a line that tells a case from its neighbours."""
    keys = ("title", "aim", "what", "kind", "office", "purpose", "reference")
    return str(next((case.answers[key] for key in keys if case.answers.get(key)), ""))[:200]


def declare(declared: Iterable[core.Case]) -> None:
    """Write the cases that an agreement declares; what happened to one since is laid over what is declared."""
    for case in declared:
        row = models.Case.objects.filter(process=case.process, subject=case.id).first()
        past = history(case.process, case.id) if row is not None and row.version else ()
        folded = core.stepped(case, *past) if past else case
        kept, _ = models.Case.objects.update_or_create(
            process=case.process,
            subject=case.id,
            defaults={
                "state": folded.state,
                "title": title(folded),
                "about": str(folded.get("about") or "")[:200],
                "answers": dict(folded.answers),
                "declared": dict(case.answers),
                "is_declared": not past,
            },
        )
        tell(kept, concerned(world(), folded))


def ledger() -> Ledger:
    """Return the registry's own ledger."""
    home = settings.ENVIRONMENT.home
    return Ledger(home / "ledger.jsonl", home / "ledger.head")


def enter_all() -> int:
    """Enter in the ledger what is not entered yet, in order, and return how many events that were."""
    if connection.in_atomic_block:
        transaction.on_commit(enter_all)
        return 0
    book, count = ledger(), 0
    for row in models.Event.objects.filter(is_entered=False).order_by("id"):
        book.append(**entry(row))
        models.Event.objects.filter(id=row.id).update(is_entered=True)
        count += 1
    return count


def entry(row: models.Event) -> dict[str, Any]:
    """Return an event's entry: who did what when, and of the answers only their hash."""
    return {
        "act": f"{row.process}.{row.act}",
        "subject": f"{row.process}/{row.subject}",
        "details": {
            "role": row.role,
            "organisation": row.organisation,
            "state": row.state,
            "answers": digest(canonical(row.answers)),
        },
        "actor": row.by,
        "at": row.at,
        "event_id": f"governance/{row.event_id}",
    }
