"""The service's home made ready: its folders, its secret on a single machine, Django set up, the database migrated."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path

from tallystick.ledger import write_secret

SETTINGS = "tallystick.service.settings"


def home(folder: Path, url: str) -> None:
    """Set the environment for a service in ``folder`` where it does not say otherwise.

    On this machine alone (http) a secret is made and kept in the home folder, for its owner's eyes; a service that others
    reach takes its secret from the environment, or does not start.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("shares", "incoming"):
        (folder / name).mkdir(exist_ok=True, mode=0o700)
    os.environ["TALLYSTICK_HOME"] = str(folder)
    os.environ["TALLYSTICK_URL"] = url
    if url.startswith("http://") and not os.environ.get("TALLYSTICK_SECRET_KEY"):
        path = folder / "secret.key"
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(64).encode())
        os.environ["TALLYSTICK_SECRET_KEY"] = path.read_text(encoding="ascii").strip()


def django() -> None:
    """Set Django up."""
    import django as framework

    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    framework.setup()


def database() -> None:
    """Bring the database up to date, the table of the cache included."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def shares(now: datetime) -> tuple[str, ...]:
    """Record the shares of the home folder, and return those that cannot be read."""
    from django.conf import settings

    from tallystick.service.lab import find as lab
    from tallystick.service.outputs import index
    from tallystick.service.packs import find as packs
    from tallystick.service.registry.shares import take_in

    wrong = take_in(settings.ENVIRONMENT.shares, now)
    return tuple(dict.fromkeys((*wrong, *lab.take_in(), *packs.take_in(), *index.take_in())))
