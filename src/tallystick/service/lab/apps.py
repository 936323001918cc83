"""The app of the Justice Data Lab."""

from __future__ import annotations

from django.apps import AppConfig


class Lab(AppConfig):
    """Analyses."""

    name = "tallystick.service.lab"
    label = "lab"
