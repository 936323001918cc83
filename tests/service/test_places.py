"""Backups in an S3-compatible store: a real one in a process of its own, what lies there is sealed, and it comes back."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.errors import BadInput

pytestmark = pytest.mark.slow
NIGHT = datetime(2026, 10, 1, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    """Yield an object store with two buckets."""
    from pyarrow import fs

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
                    break
                except OSError:
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.2)
            made = fs.S3FileSystem(
                access_key="tests", secret_key="tests", endpoint_override=f"127.0.0.1:{port}", scheme="http",
                region="eu-west-2", allow_bucket_creation=True,
            )  # fmt: skip
            made.create_dir("backups")
            made.create_dir("vault")
            yield made, port
        finally:
            process.terminate()


@pytest.fixture
def away(store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the store, which the environment names."""
    monkeypatch.setenv("TALLYSTICK_S3_ENDPOINT", f"http://127.0.0.1:{store[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    return store[0]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, Path]:
    """Return a public key, and the file of its identity."""
    import pyrage

    made = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity.txt"
    file.write_text(f"# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public()), file


def test_backup_in_the_store_is_sealed_and_comes_back(
    away: Any, pair: Any, ministry: Any, share: Path, tmp_path: Path
) -> None:
    from tests.service.test_backup import moved

    from tallystick.service import backup
    from tallystick.service.registry.models import Event

    recipient, identity = pair
    before = Event.objects.count()
    keys = "s3://vault/night.keys.age"
    backup.backup("s3://backups/2026/night.age", NIGHT, keys=keys, recipient=recipient)
    with away.open_input_stream("backups/2026/night.age") as file:
        data = file.read()
    assert data.startswith(b"age-encryption.org/v1")
    assert b"agreement" not in data
    with pytest.raises(BadInput, match="already"):
        backup.backup("s3://backups/2026/night.age", NIGHT, recipient=recipient)

    moved(tmp_path / "new")
    assert backup.restore("s3://backups/2026/night.age", keys=keys, identity=identity) == ()
    assert Event.objects.count() == before
    assert (tmp_path / "new" / "shares" / "moj-dfe" / "agreement.toml").is_file()
    assert (tmp_path / "new" / "ledger.head").is_file()
    assert list((tmp_path / "new" / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("target", "keys", "sealed", "says"),
    [
        ("s3://backups/a.age", None, False, "--recipient"),
        ("a.tgz", "s3://vault/a.age", False, "--recipient"),
        ("s3://backups/a.age", "s3://backups/a.keys.age", True, "beside what they open"),
        ("s3://nowhere/a.age", None, True, "did not do it"),
        ("s3://backups", None, True, "s3://bucket/name"),
        ("s3:///a", None, True, "s3://bucket/name"),
    ],
)
def test_place_that_will_not_do_is_refused_and_leaves_nothing(
    target: str,
    keys: str | None,
    sealed: bool,
    says: str,
    away: Any,
    pair: Any,
    service: Path,
    tmp_path: Path,
) -> None:
    from tallystick.service import backup

    target = target if target.startswith("s3") else str(tmp_path / target)
    with pytest.raises(BadInput, match=says):
        backup.backup(target, NIGHT, keys=keys, recipient=pair[0] if sealed else "")
    assert list((service / "incoming").iterdir()) == []
    assert not (tmp_path / "a.tgz").exists()


def test_wrong_identity_and_wrong_recipient_are_said(
    away: Any, pair: Any, service: Path, tmp_path: Path
) -> None:
    import pyrage
    from tests.service.test_backup import moved

    from tallystick.service import backup

    with pytest.raises(BadInput, match="age1"):
        backup.backup(tmp_path / "x.age", NIGHT, recipient="age1mistyped")
    assert not (tmp_path / "x.age").exists()
    backup.backup(tmp_path / "x.age", NIGHT, recipient=pair[0])
    assert (tmp_path / "x.age").stat().st_mode & 0o077 == 0
    other = tmp_path / "other.txt"
    moved(tmp_path / "new")
    for text, says in (
        (str(pyrage.x25519.Identity.generate()), "not sealed to this identity"),
        ("", "no age identity"),
    ):
        other.write_text(text)
        with pytest.raises(BadInput, match=says):
            backup.restore(tmp_path / "x.age", identity=other)
    with pytest.raises(BadInput, match="no backup"):
        backup.restore(tmp_path / "x.age")
    with pytest.raises(BadInput, match="There is no"):
        backup.restore("s3://backups/never.age", identity=pair[1])
    assert list((tmp_path / "new" / "incoming").iterdir()) == []


def test_store_that_does_not_answer_is_said_without_its_words(
    pair: Any, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallystick.service import backup

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("TALLYSTICK_S3_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(BadInput, match="did not do it") as raised:
        backup.backup("s3://backups/b.age", NIGHT, recipient=pair[0])
    assert "a-secret" not in str(raised.value)
    assert "a-key-id" not in str(raised.value)
    monkeypatch.setenv("TALLYSTICK_S3_ENDPOINT", "objects.example.org")
    with pytest.raises(BadInput, match="TALLYSTICK_S3_ENDPOINT"):
        backup.backup("s3://backups/b.age", NIGHT, recipient=pair[0])
