"""The app of accounts."""

from __future__ import annotations

from django.apps import AppConfig


class Accounts(AppConfig):
    """People, organisations and memberships."""

    name = "tallystick.service.accounts"
    label = "accounts"
