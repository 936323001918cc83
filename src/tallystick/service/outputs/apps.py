"""The app of projects and outputs."""

from __future__ import annotations

from django.apps import AppConfig


class Outputs(AppConfig):
    """Where projects and outputs lie, for lists."""

    name = "tallystick.service.outputs"
    label = "outputs"
