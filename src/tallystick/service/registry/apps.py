"""The app of the registry."""

from __future__ import annotations

from django.apps import AppConfig


class Registry(AppConfig):
    """Cases, events, agreements and shares."""

    name = "tallystick.service.registry"
    label = "registry"
