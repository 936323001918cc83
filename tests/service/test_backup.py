"""A backup of last night brought back: what happened since is listed, keys lie apart, nothing is overwritten."""

from __future__ import annotations

import io
import shutil
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.errors import BadInput

NIGHT = datetime(2026, 10, 1, 23, tzinfo=UTC)


def moved(home: Path) -> None:
    """Let the service live in another home from now on."""
    from django.conf import settings
    from django.db import connections

    for name in ("shares", "incoming"):
        (home / name).mkdir(parents=True, exist_ok=True)
    connections.close_all()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, home=home)
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        settings.DATABASES["default"]["NAME"] = str(home / "registry.sqlite3")


def names(path: Path) -> set[str]:
    with tarfile.open(path) as tar:
        return set(tar.getnames())


def test_backup_brought_back_names_the_acts_that_came_after_it(
    ministry: Any, share: Path, service: Path, tmp_path: Path
) -> None:
    from tallystick.service import backup
    from tallystick.service.registry import store
    from tallystick.service.registry.models import Case, Event

    before = Event.objects.count()
    assert backup.differences() == ()
    backup.backup(tmp_path / "night.tgz", NIGHT, keys=tmp_path / "night.keys.tgz")
    ministry.request("late-1", until="submit")
    late = ministry.commands[-2:]
    for command in late:
        store.act(command)
    day = service / "ledger.jsonl"
    head = service / "ledger.head"
    shutil.copy(day, tmp_path / "day.jsonl")
    shutil.copy(head, tmp_path / "day.head")

    moved(tmp_path / "new")
    assert backup.restore(tmp_path / "night.tgz", keys=tmp_path / "night.keys.tgz") == ()
    assert Event.objects.count() == before
    assert store.ledger().verify().is_sound
    assert not Case.objects.filter(subject="late-1").exists()
    assert (tmp_path / "new" / "shares" / "moj-dfe" / "agreement.toml").is_file()

    # the rooms and the ledger outlived the database: the audit lists what the database has lost, and it can be done again
    shutil.copy(tmp_path / "day.jsonl", tmp_path / "new" / "ledger.jsonl")
    shutil.copy(tmp_path / "day.head", tmp_path / "new" / "ledger.head")
    found = backup.differences()
    assert {finding.where for finding in found} == {f"governance/{command.event_id}" for command in late}
    assert all("not in the database" in finding.message for finding in found)
    for command in late:
        store.act(command)
    assert backup.differences() == ()


def test_keys_and_heads_are_never_in_the_backup_itself(share: Path, service: Path, tmp_path: Path) -> None:
    from tallystick.service import backup

    (share / "keys" / "linker").mkdir(parents=True)
    (share / "keys" / "linker" / "justice.key").write_text("secret")
    (service / "secret.key").write_text("secret")
    backup.backup(tmp_path / "a.tgz", NIGHT, keys=tmp_path / "k.tgz")
    assert not [name for name in names(tmp_path / "a.tgz") if "key" in name or name.endswith("head")]
    assert {"secret.key", "shares/moj-dfe/keys/linker/justice.key"} <= names(tmp_path / "k.tgz")
    assert (tmp_path / "a.tgz").stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput, match="already"):
        backup.backup(tmp_path / "a.tgz", NIGHT)
    backup.backup(tmp_path / "b.tgz", NIGHT)
    assert list((service / "incoming").iterdir()) == []


def test_home_in_use_is_not_overwritten(ministry: Any, share: Path, tmp_path: Path) -> None:
    from tallystick.service import backup

    backup.backup(tmp_path / "a.tgz", NIGHT)
    with pytest.raises(BadInput, match="holds a service already"):
        backup.restore(tmp_path / "a.tgz")


@pytest.mark.parametrize("kind", ["text", "empty", "leads-out"])
def test_what_is_no_backup_is_refused_and_leaves_nothing(kind: str, service: Path, tmp_path: Path) -> None:
    from tallystick.service import backup

    path = tmp_path / "x.tgz"
    if kind == "leads-out":
        with tarfile.open(path, "w:gz") as tar:
            member = tarfile.TarInfo("../outside")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    else:
        path.write_bytes(b"" if kind == "empty" else b"no archive")
    moved(tmp_path / "new")
    with pytest.raises(BadInput, match="no backup"):
        backup.restore(path)
    assert not (tmp_path / "new" / "outside").exists()
    assert not (tmp_path / "new" / "incoming" / "outside").exists()
    assert list((tmp_path / "new" / "incoming").iterdir()) == []
