"""The settings: read from the environment alone, wrong ones named and never shown, safe ones by default."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tallystick.errors import BadInput
from tallystick.service import look
from tallystick.service.environment import read

SECRET = "s" * 60


def test_environment_needs_a_secret_and_never_shows_it() -> None:
    with pytest.raises(BadInput) as raised:
        read({"TALLYSTICK_SECRET_KEY": "too-short-a-secret"})
    assert "TALLYSTICK_SECRET_KEY" in raised.value.message
    assert "too-short" not in raised.value.message


@pytest.mark.parametrize("url", ["http://sharing.example.org", "ftp://x", "sharing.example.org"])
def test_environment_refuses_an_address_without_https(url: str) -> None:
    with pytest.raises(BadInput, match="TALLYSTICK_URL"):
        read({"TALLYSTICK_SECRET_KEY": SECRET, "TALLYSTICK_URL": url})


def test_environment_reads_databases_and_mail() -> None:
    found = read(
        {
            "TALLYSTICK_SECRET_KEY": SECRET,
            "DATABASE_URL": "postgresql://tally:p%40ss@db.internal:5433/registry?sslmode=require",
            "TALLYSTICK_EMAIL_URL": "smtp+tls://who:pass@mail.internal",
        }
    )
    assert found.database["PASSWORD"] == "p@ss"
    assert found.database["OPTIONS"] == {"sslmode": "require"}
    assert found.email["EMAIL_PORT"] == 587
    with pytest.raises(BadInput, match="DATABASE_URL"):
        read({"TALLYSTICK_SECRET_KEY": SECRET, "DATABASE_URL": "mysql://x/y"})


@pytest.mark.slow
def test_check_deploy_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    environ = {
        **os.environ,
        "TALLYSTICK_HOME": str(tmp_path),
        "TALLYSTICK_URL": "https://sharing.example.org",
        "TALLYSTICK_SECRET_KEY": "Zq3" + "".join(chr(97 + n % 26) + str(n) for n in range(40)),
        "DJANGO_SETTINGS_MODULE": "tallystick.service.settings",
    }
    command = [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_migrations_are_complete(service: Path) -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", "accounts", "registry", verbosity=0)


def test_look_refuses_a_package_that_is_not_the_pinned_one(tmp_path: Path) -> None:
    path = tmp_path / "govuk-frontend-6.3.0.tgz"
    with tarfile.open(path, "w:gz") as package:
        member = tarfile.TarInfo("package/dist/govuk/govuk-frontend.min.css")
        package.addfile(member, io.BytesIO())
    with pytest.raises(BadInput, match="pinned"):
        look.lay_out(path, tmp_path / "govuk")
    assert not (tmp_path / "govuk").exists()


def test_plain_look_has_neither_govuk_font_nor_crest() -> None:
    style = "@font-face{font-family:GDS Transport;src:url(/assets/fonts/a.woff2)}p{font-family:GDS Transport,arial}"
    style += "footer{background:url(/assets/images/govuk-crest.svg)}/*# sourceMappingURL=a.map */"
    assert look.plain(style) == "p{font-family:arial}footer{background:none}"


@pytest.mark.slow
def test_serve_says_what_to_do_without_the_style_sheets(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from tallystick.service import look;"
        "look.FOLDER = pathlib.Path('nowhere'); from tallystick.cli.main import run;"
        f"sys.exit(run(['serve', '--home', {str(tmp_path / 'home')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make assets" in done.stderr


def test_serve_says_that_a_port_is_taken(tally: Callable[..., Any], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = tally("serve", "--home", tmp_path / "home", "--port", str(taken.getsockname()[1]))
    assert ran.code == 2
    assert "--port" in ran.err
    assert not (tmp_path / "home").exists()
