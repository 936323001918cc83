"""The service under test: Django set up once, and for each test a database and a home folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that is migrated and empty, in SQLite: each test works on a copy of it."""
    home = tmp_path_factory.mktemp("service")
    os.environ.update(
        TALLYSTICK_HOME=str(home),
        TALLYSTICK_URL="http://127.0.0.1:8000",
        TALLYSTICK_SECRET_KEY="for the tests alone " * 4,
        DJANGO_SETTINGS_MODULE="tallystick.service.settings",
    )
    (home / "incoming").mkdir()
    from tallystick.service import prepare

    prepare.django()
    from django.conf import settings
    from django.db import connections
    from django.test.utils import setup_test_environment

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    setup_test_environment()
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    prepare.database()
    connections.close_all()
    return home / "registry.sqlite3"


@pytest.fixture
def service(template: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the service's home folder; its database is new, and real: what is committed is committed."""
    from django.conf import settings
    from django.db import connections

    home = tmp_path / "home"
    (home / "shares").mkdir(parents=True)
    (home / "incoming").mkdir()
    shutil.copy(template, home / "registry.sqlite3")
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = str(home / "registry.sqlite3")
    before = settings.ENVIRONMENT
    settings.ENVIRONMENT = replace(before, home=home)
    yield home
    connections.close_all()
    settings.ENVIRONMENT = before


@pytest.fixture
def browser(service: Path) -> Any:
    """Return a browser without a screen: Django's test client, which checks the token of every form."""
    from django.test import Client

    return Client(enforce_csrf_checks=True)


@pytest.fixture(scope="session")
def made_share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a share of synthetic people whose agreement is in force; tests work on copies of it."""
    from tallystick import synth

    folder = tmp_path_factory.mktemp("shares") / "moj-dfe"
    synth.write("moj-dfe", folder, people=200, seed=1)
    return folder


@pytest.fixture
def share(service: Path, made_share: Path) -> Path:
    """Return a share's folder in the home, recorded in the registry, its agreement in force."""
    from tallystick.service.registry.shares import record

    folder = service / "shares" / "moj-dfe"
    shutil.copytree(made_share, folder)
    record(folder, NOW)
    return folder
