"""The app of performance packs."""

from __future__ import annotations

from django.apps import AppConfig


class Packs(AppConfig):
    """Boards' packs."""

    name = "tallystick.service.packs"
    label = "packs"
