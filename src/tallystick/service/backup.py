"""The service's backup: the database, the ledger and the shares in one file, the keys and the ledgers' heads in another; and back.

The database is copied first, so what the files hold beyond it shows in the ledger; `differences` lists it after a restore. What was
destroyed since the backup comes back with it: docs/operate.md says how it is destroyed again.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from tallystick import __version__
from tallystick.errors import BadInput, Finding
from tallystick.ledger import Ledger
from tallystick.service import places

PARTS = ("shares", "ledger.jsonl", "ledger.head", "secret.key")
APART = frozenset({"keys", "ledger.head", "secret.key"})
"""Keys and heads go into a file of their own: kept beside what they seal, they would undo a destruction by destroying the key."""
MANIFEST = "backup.json"


def backup(
    target: Path | str, now: datetime, *, keys: Path | str | None = None, recipient: str = ""
) -> dict[str, Any]:
    """Write the backup, and the keys and heads to ``keys``, and return what it holds; each file whole or not at all.

    With a ``recipient`` (the public half of an age key pair) both are sealed; in an object store they must be.
    """
    home = settings.ENVIRONMENT.home
    check_places(str(target), str(keys or ""), recipient)
    aside = home / "incoming" / "backup"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    try:
        held = {"version": __version__, "made_at": now.isoformat(), "database": dump(aside)}
        (aside / MANIFEST).write_text(json.dumps(held), encoding="utf-8")
        mine = {name: aside / name for name in (MANIFEST, str(held["database"]))}
        found = {path.relative_to(home).as_posix(): path for path in files(home)}
        lies_apart = {name for name in found if APART & set(Path(name).parts)}
        members = {**mine, **{name: path for name, path in found.items() if name not in lies_apart}}
        put(str(target), members, aside, recipient)
        if keys is not None:
            members = {MANIFEST: aside / MANIFEST, **{name: found[name] for name in sorted(lies_apart)}}
            put(str(keys), members, aside, recipient)
    finally:
        shutil.rmtree(aside)
    return held


def check_places(target: str, keys: str, recipient: str) -> None:
    """Raise BadInput for a place that is taken, one away from this machine that would not be sealed, and keys beside what they open."""
    for place in filter(None, (target, keys)):
        if places.is_away(place) and not recipient:
            raise BadInput("What leaves this machine is sealed: name the public key with --recipient.")
        if places.is_taken(place):
            raise BadInput(f"{Path(place).name} is there already. Name another file.")
    if places.is_away(target) and places.is_away(keys) and places.bucket(target) == places.bucket(keys):
        raise BadInput("The keys would lie beside what they open: name another bucket for them, or a file.")


def put(place: str, members: dict[str, Path], aside: Path, recipient: str) -> None:
    """Pack files and lay them at a place, sealed where there is a recipient."""
    if not recipient:
        pack(Path(place), members)
        return
    packed = aside / "packed.tgz"
    pack(packed, members)
    places.keep(packed, place, recipient)


def pack(target: Path, members: dict[str, Path]) -> None:
    """Write files into an archive, by the names that they get in it, for its owner's eyes."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("xb") as raw:
            part.chmod(0o600)
            with tarfile.open(fileobj=raw, mode="w:gz") as tar:
                for name, path in members.items():
                    tar.add(path, name, recursive=False)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def files(home: Path) -> Iterator[Path]:
    """Yield the files of the home folder that are kept, in order."""
    for name in PARTS:
        root = home / name
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.endswith(".lock"):
                yield path


def dump(folder: Path) -> str:
    """Write the database into a folder, as it stands at one moment, and return the file's name."""
    setting = settings.DATABASES["default"]
    if connection.vendor == "sqlite":
        copy = folder / "registry.sqlite3"
        with closing(sqlite3.connect(setting["NAME"])) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return "registry.sqlite3"
    run_pg(["pg_dump", "--format=custom", "--no-owner", f"--file={folder / 'registry.dump'}", dsn(setting)])
    return "registry.dump"


def restore(
    source: Path | str, *, keys: Path | str | None = None, identity: Path | None = None
) -> tuple[Finding, ...]:
    """Lay a backup out in this home, which must hold nothing yet, and return where the ledger and the database differ.

    Raises BadInput for what is no backup, and for a home that is in use.
    """
    home = settings.ENVIRONMENT.home
    if (home / "ledger.jsonl").exists() or any((home / "shares").glob("*")):
        raise BadInput(f"{home.name} holds a service already. Name an empty folder with --home.")
    aside = home / "incoming" / "restore"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    try:
        held = brought(str(source), aside, identity)
        if keys is not None:
            brought(str(keys), aside, identity)
        undump(aside / Path(str(held["database"])).name)
        for name in PARTS:
            if (aside / name).is_dir():
                shutil.rmtree(home / name, ignore_errors=True)
            if (aside / name).exists():
                (aside / name).rename(home / name)
    finally:
        shutil.rmtree(aside)
    return differences()


def brought(place: str, aside: Path, identity: Path | None) -> dict[str, Any]:
    """Unpack what lies at a place, and return its manifest."""
    with tempfile.TemporaryDirectory(dir=aside) as folder:
        return lay_out(places.bring(place, Path(folder), identity), aside)


def lay_out(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack a backup and return its manifest; nothing in it can lead out of the folder."""
    try:
        with tarfile.open(source) as tar:
            tar.extractall(folder, filter="data")
        held: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, tarfile.TarError, ValueError):
        raise BadInput(f"{source.name} is no backup of this service, or it is broken.") from None
    return held


def undump(file: Path) -> None:
    """Put the database back."""
    setting = settings.DATABASES["default"]
    connection.close()
    if file.suffix == ".sqlite3":
        if connection.vendor != "sqlite":
            raise BadInput("This backup is of SQLite; DATABASE_URL names another database.")
        shutil.copyfile(file, setting["NAME"])
        for ending in ("-wal", "-shm"):
            Path(setting["NAME"] + ending).unlink(missing_ok=True)
        return
    run_pg(["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={dsn(setting)}", str(file)])


def run_pg(command: list[str]) -> None:
    """Run one of PostgreSQL's own programs."""
    program = shutil.which(command[0])
    if program is None:
        raise BadInput(f"{command[0]} is not here. Install PostgreSQL's client programs.")
    done = subprocess.run([program, *command[1:]], capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise BadInput(f"{command[0]} failed (exit code {done.returncode}). Is it of the server's version?")


def dsn(setting: dict[str, Any]) -> str:
    """Return the address of the database, for PostgreSQL's programs."""
    parts = {
        "host": setting["HOST"], "port": setting["PORT"], "user": setting["USER"], "password": setting["PASSWORD"],
        "dbname": setting["NAME"], **setting.get("OPTIONS", {}),
    }  # fmt: skip
    return " ".join(f"{key}='{value}'" for key, value in parts.items() if value)


def differences() -> tuple[Finding, ...]:
    """Return where the service's ledger and its database differ: acts that one of them does not have."""
    from tallystick.service.registry import models

    home = settings.ENVIRONMENT.home
    book = Ledger(home / "ledger.jsonl", home / "ledger.head")
    entered = {entry.event_id: entry.hash for entry in book.entries()} if book.path.exists() else {}
    known = {f"governance/{row.event_id}": row for row in models.Event.objects.order_by("id")}
    found = list(book.verify().faults) if book.head_path.exists() else []
    found += [
        differs(name, "is in the ledger and not in the database", "It happened after the backup of the database: do it again.")
        for name in entered if name not in known
    ]  # fmt: skip
    found += [
        differs(name, "is in the database and not in the ledger", "The next act, or the worker, enters it.")
        for name, row in known.items() if name not in entered
    ]  # fmt: skip
    return tuple(found)


def differs(name: str, what: str, do: str) -> Finding:
    """Return the finding about one act."""
    return Finding("service.audit", f"The act {what}.", do, name, "321")
