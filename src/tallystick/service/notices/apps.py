"""The app of notices."""

from __future__ import annotations

from django.apps import AppConfig


class Notices(AppConfig):
    """Notices."""

    name = "tallystick.service.notices"
    label = "notices"
