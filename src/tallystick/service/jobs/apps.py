"""The app of the queue."""

from __future__ import annotations

from django.apps import AppConfig


class Jobs(AppConfig):
    """Jobs."""

    name = "tallystick.service.jobs"
    label = "jobs"
