"""The rows of projects and outputs, made from what lies in the shares."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from tallystick.agreement import io
from tallystick.agreement.project import Project
from tallystick.disclosure.review import wants_checker
from tallystick.errors import BadInput
from tallystick.service.outputs import models
from tallystick.service.registry.models import Share
from tallystick.share import outputs
from tallystick.share.outputs import Held
from tallystick.share.rooms import open_share


def take_in() -> tuple[str, ...]:
    """Record the projects and outputs of all shares, and return the shares of which some could not be read."""
    wrong = []
    for row in Share.objects.all():
        try:
            share(row)
        except BadInput:
            wrong.append(row.slug)
    return tuple(wrong)


def share(row: Share) -> None:
    """Record the projects and outputs of a share."""
    folder = open_share(settings.ENVIRONMENT.shares / row.slug)
    for found in io.load_projects(folder.root):
        project(row, found)
    for held in outputs.listed(folder):
        output(row, held)


@transaction.atomic
def project(row: Share, found: Project) -> models.Project:
    """Return the row of a project, written anew."""
    kept, _ = models.Project.objects.update_or_create(
        share=row,
        name=found.id,
        defaults={"title": (found.title or found.id)[:300], "starts": found.starts, "ends": found.ends},
    )
    kept.people.all().delete()
    people = dict.fromkeys(person.account for person in found.people if person.account)
    models.ProjectPerson.objects.bulk_create(
        models.ProjectPerson(project=kept, person=person) for person in people
    )
    return kept


@transaction.atomic
def output(row: Share, held: Held) -> models.Output:
    """Return the row of an output, written anew."""
    review = held.review
    kept, _ = models.Output.objects.update_or_create(
        review=review.id,
        defaults={
            "project": models.Project.objects.get(share=row, name=held.project),
            "author": review.author,
            "state": review.state,
            "files": ", ".join(review.files)[:300],
            "wants_checker": wants_checker(review),
            "version": len(held.events),
            "changed_at": held.events[-1].command.at,
        },
    )
    voted = {vote.checker for vote in review.votes}
    is_open = review.state in ("in-review", "split")
    kept.checkers.all().delete()
    models.OutputChecker.objects.bulk_create(
        models.OutputChecker(output=kept, person=person, is_awaited=is_open and person not in voted)
        for person in review.checkers
    )
    return kept
