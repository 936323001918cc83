"""The queue: `ask` puts a step in, `take` holds the next one by a lease, `work` does it and says how far it is.

A worker that is killed renews its lease no more; once it has run out another takes the job, and the share itself goes on where
it stopped, for each of its acts is whole or not at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.db.models import Q

from tallystick.errors import BadInput, Refused, TallystickError
from tallystick.service.accounts.models import Membership
from tallystick.service.jobs.models import OPEN, Job
from tallystick.service.jobs.other import OTHER
from tallystick.service.lab.find import keep
from tallystick.service.notices.post import deliver
from tallystick.service.registry.models import Share
from tallystick.service.registry.store import enter_all
from tallystick.share import lab
from tallystick.share import run as share_run
from tallystick.share.acts import Clock
from tallystick.share.rooms import open_share

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5
EVALUATE = "evaluate"
"""The step that answers a request of the Justice Data Lab; every other is a step of `share.run`."""
ROUND = timedelta(minutes=1)
"""How often notices are made and sent."""
Now = Callable[[], datetime]


def ask(share: str, step: str, acting: Membership, now: datetime, **options: Any) -> Job:
    """Return the job that was put in; raise BadInput where one for this share is open already."""
    try:
        with transaction.atomic():
            return Job.objects.create(
                share=share, step=step, options=options, by=acting.user.person, role=acting.role,
                organisation=acting.organisation.name, asked_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise BadInput(
            "A step of this share is waiting or at work already. Wait for it to end, then ask again."
        ) from None


def take(now: datetime) -> Job | None:
    """Return the next job, held by a lease; one whose lease ran out comes first. None when there is nothing to do."""
    with transaction.atomic():
        rows = Job.objects.filter(Q(state="waiting") | Q(state="running", lease_until__lt=now)).order_by("id")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        job = rows.first()
        if job is None:
            return None
        job.attempts += 1
        job.state = "running" if job.attempts <= MOST_ATTEMPTS else "failed"
        job.lease_until = now + LEASE
        job.ended_at = None if job.state == "running" else now
        job.text = "" if job.state == "running" else f"Given up after {MOST_ATTEMPTS} attempts."
        job.save()
        return job if job.state == "running" else None


def work(job: Job, now: Now) -> None:
    """Do a job that is held, and record how it ended: done, refused by a rule, or failed."""
    mine = Job.objects.filter(id=job.id, attempts=job.attempts, state="running")

    def step(part: float, text: str = "") -> None:
        mine.update(progress=part, text=text[:200])

    state, text, findings = "done", "", []
    with kept_alive(job, now):
        try:
            do(job, Clock(job.by, now()), step)
        except TallystickError as raised:
            state = "refused" if isinstance(raised, Refused) else "failed"
            text, findings = raised.message, [str(finding) for finding in raised.findings]
        except (
            Exception
        ) as raised:  # a worker goes on; the message may hold a value, so the class alone is kept
            state, text = "failed", f"It failed inside itself ({type(raised).__name__})."
    mine.update(
        state=state, text=text[:200], findings=findings, progress=1.0 if state == "done" else job.progress,
        ended_at=now(), lease_until=None,
    )  # fmt: skip


def do(job: Job, clock: Clock, step: share_run.Progress) -> None:
    """Do a job's step of its share, as the command line does it."""
    share = open_share(settings.ENVIRONMENT.shares / job.share)
    if job.step in OTHER:
        OTHER[job.step](share, clock, **job.options)
        return
    if job.step != EVALUATE:
        share_run.run(share, clock=clock, until=job.step, step=step)
        return
    request = lab.request_of(share)
    if request is None:
        raise BadInput("There is no request in this share.")
    lab.answer(request, share, clock=clock, step=step)
    keep(Share.objects.select_related("agreement").get(slug=job.share))  # what waits for whom is another now


@contextmanager
def kept_alive(job: Job, now: Now) -> Iterator[None]:
    """Renew a job's lease, from another thread, until the block is left."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            Job.objects.filter(id=job.id, attempts=job.attempts, state="running").update(
                lease_until=now() + LEASE
            )
        connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def loop(now: Now, stopped: threading.Event, *, once: bool = False, pause: float = 1.0) -> int:
    """Work until stopped, or with ``once`` until there is nothing to do; return how many jobs were done."""
    done, delivered = 0, datetime.min.replace(tzinfo=UTC)
    while not stopped.is_set():
        close_old_connections()
        enter_all()  # what a crash kept out of the ledger
        if now() - delivered >= ROUND:
            delivered = now()
            deliver(delivered)
        job = take(now())
        if job is not None:
            work(job, now)
            done += 1
        elif once:
            return done
        else:
            stopped.wait(pause)
    return done


def last(share: str) -> Job | None:
    """Return the latest job of a share."""
    return Job.objects.filter(share=share).order_by("-id").first()


def is_busy(share: str) -> bool:
    """Return whether a step of a share is waiting or at work."""
    return Job.objects.filter(share=share, state__in=OPEN).exists()
